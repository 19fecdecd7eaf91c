//! How much all requests' bodies together may hold. Each has its own bound, but a thousand of them may wait for one
//! model, and what waits is held whole: without a bound on the sum they would take the machine's memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;

/// All bodies together.
const MOST_BYTES: u64 = 1 << 30;
/// So much of each body counts as nothing: chats and embeddings pass whatever large bodies wait, and cost no counting.
const FREE: u64 = 64 << 10;

/// What is left. Clones share it.
#[derive(Clone)]
pub(crate) struct Bodies {
    held: Arc<AtomicU64>,
    most: u64,
}

impl Default for Bodies {
    fn default() -> Self {
        Self::of(MOST_BYTES)
    }
}

impl Bodies {
    pub(crate) fn of(most: u64) -> Self {
        Self {
            held: Arc::default(),
            most,
        }
    }

    /// A body that has no bytes yet.
    pub(crate) fn begin(&self) -> Share {
        Share {
            bodies: self.clone(),
            length: 0,
            counted: 0,
        }
    }
}

/// What one body holds. Dropping it gives it back.
pub(crate) struct Share {
    bodies: Bodies,
    length: u64,
    counted: u64,
}

impl Share {
    /// Whether a body of this length would find room now.
    pub(crate) fn would_fit(&self, length: u64) -> bool {
        let counted = length.saturating_sub(FREE);
        self.bodies.held.load(Relaxed).saturating_add(counted) <= self.bodies.most
    }

    /// So many more bytes; `false` where they find no room.
    pub(crate) fn grow(&mut self, by: u64) -> bool {
        self.length += by;
        let more = self.length.saturating_sub(FREE) - self.counted;
        if more == 0 {
            return true;
        }
        let before = self.bodies.held.fetch_add(more, Relaxed);
        self.counted += more;
        before + more <= self.bodies.most
    }

    /// The body's bytes, which hold their share until the last clone of them is gone.
    pub(crate) fn keep(self, bytes: Bytes) -> Bytes {
        if self.counted == 0 {
            return bytes;
        }
        Bytes::from_owner(Kept {
            bytes,
            _share: self,
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.bodies.held.fetch_sub(self.counted, Relaxed);
    }
}

struct Kept {
    bytes: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
