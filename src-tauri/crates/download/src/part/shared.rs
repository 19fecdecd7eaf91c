//! What connections, writer and hasher of one file know together.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard};

use bytes::Bytes;
use tokio::sync::Notify;

use super::table::Table;
use crate::sync::lock;

/// Bytes that wait for the hasher in memory; what does not fit is read from the page cache later.
const FEED_BYTES: usize = 2 << 20;

#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// For the hasher: more bytes are here, or none will come.
    pub(crate) grown: Condvar,
    /// For connections: there may be something to claim.
    pub(crate) claimable: Notify,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) table: Table,
    pub(crate) feed: Feed,
    /// Bytes that came over the network and are on disk.
    pub(crate) fetched: u64,
    /// No more bytes come.
    pub(crate) closed: bool,
    /// The hasher shall end at once.
    pub(crate) abandoned: bool,
}

impl Shared {
    pub(crate) fn new(table: Table, hashed: u64) -> Self {
        Self {
            state: Mutex::new(State {
                table,
                feed: Feed {
                    hashed,
                    ..Feed::default()
                },
                fetched: 0,
                closed: false,
                abandoned: false,
            }),
            grown: Condvar::new(),
            claimable: Notify::new(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.grown.notify_all();
    }

    pub(crate) fn abandon(&self) {
        self.lock().abandoned = true;
        self.grown.notify_all();
    }
}

/// The bytes that the hasher needs next, if they just came.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    /// Up to where the hasher has been.
    pub(crate) hashed: u64,
    chunks: VecDeque<(u64, Bytes)>,
    bytes: usize,
}

impl Feed {
    /// Keeps a chunk if it continues what is kept, and there is room.
    pub(crate) fn offer(&mut self, offset: u64, chunk: &Bytes) {
        let next = match self.chunks.back() {
            Some((start, last)) => start + last.len() as u64,
            None => self.hashed,
        };
        if offset == next && self.bytes + chunk.len() <= FEED_BYTES {
            self.bytes += chunk.len();
            self.chunks.push_back((offset, chunk.clone()));
        }
    }

    /// The chunk at where the hasher is.
    pub(crate) fn take(&mut self) -> Option<Bytes> {
        while let Some((start, chunk)) = self.chunks.pop_front() {
            self.bytes -= chunk.len();
            if start == self.hashed {
                return Some(chunk);
            }
        }
        None
    }

    pub(crate) fn forget(&mut self) {
        self.chunks.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_feed_keeps_only_what_comes_next() {
        let mut feed = Feed::default();
        feed.offer(0, &Bytes::from_static(b"abc"));
        feed.offer(9, &Bytes::from_static(b"far"));
        feed.offer(3, &Bytes::from_static(b"de"));
        assert_eq!(feed.take().unwrap(), "abc");
        feed.hashed = 3;
        assert_eq!(feed.take().unwrap(), "de");
        feed.hashed = 5;
        assert!(feed.take().is_none());
        feed.offer(5, &Bytes::from(vec![0; FEED_BYTES + 1]));
        assert!(feed.take().is_none());
        assert_eq!(feed.bytes, 0);
    }
}
