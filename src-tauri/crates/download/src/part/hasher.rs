//! The thread that follows the beginning of the file as it grows, for its SHA-256.
//!
//! Bytes that land where it stands are hashed from memory; those that came before their time are read back when it
//! gets there, most often from the page cache. Whatever it read back is also checked against the CRC that was taken when
//! it came, piece by piece: a piece that the disk lost or changed is forgotten, so that it alone is fetched again, and the
//! hasher stands at its beginning as if nothing had been.

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::disk::read_exact_at;
use super::record::Record;
use super::shared::Shared;
use super::table::{PIECE_BYTES, Piece};

const BUFFER_BYTES: usize = 256 << 10;

/// Where the hasher is.
#[derive(Clone)]
pub(crate) struct Progress {
    pub(crate) position: u64,
    sha256: Sha256,
    crc: crc32fast::Hasher,
    at_piece: Sha256,
    /// Pieces that were not what they had been.
    pub(crate) repaired: u32,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            position: 0,
            sha256: Sha256::new(),
            crc: crc32fast::Hasher::new(),
            at_piece: Sha256::new(),
            repaired: 0,
        }
    }

    /// The SHA-256 in hex of all bytes up to [`Self::position`].
    pub(crate) fn sha256(&self) -> String {
        hex(&self.sha256.clone().finalize())
    }

    fn add(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.crc.update(bytes);
        self.position += bytes.len() as u64;
    }

    /// Goes on to the next piece, or back to the beginning of this one.
    fn end_piece(&mut self, start: u64, record: Piece) -> bool {
        let crc = std::mem::replace(&mut self.crc, crc32fast::Hasher::new()).finalize();
        let right = crc == record.crc;
        if right {
            self.at_piece = self.sha256.clone();
        } else {
            self.sha256 = self.at_piece.clone();
            self.position = start;
            self.repaired += 1;
        }
        right
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) type Outcome = oneshot::Receiver<io::Result<Progress>>;

/// Starts the thread. It ends when it has followed a closed file to where that has a hole or ends, or was abandoned.
pub(crate) fn start(
    file: Arc<File>,
    record: Arc<Record>,
    shared: Arc<Shared>,
    progress: Progress,
) -> io::Result<Outcome> {
    let (done, outcome) = oneshot::channel();
    std::thread::Builder::new()
        .name("download-hasher".into())
        .spawn(move || {
            let outcome = follow(&file, &record, &shared, progress);
            // Whoever hears of the end finds the files closed.
            drop((file, record, shared));
            let _ = done.send(outcome);
        })?;
    Ok(outcome)
}

enum Next {
    Memory(Bytes),
    /// So many bytes of the file.
    Disk(usize),
    Nothing,
}

fn follow(
    file: &File,
    record: &Record,
    shared: &Shared,
    mut progress: Progress,
) -> io::Result<Progress> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let index = progress.position / PIECE_BYTES;
        let start = index * PIECE_BYTES;
        let index = usize::try_from(index).map_err(io::Error::other)?;
        match next(shared, &progress) {
            Next::Nothing => return Ok(progress),
            Next::Memory(bytes) => progress.add(&bytes),
            Next::Disk(length) => {
                let Some(part) = buffer.get_mut(..length) else {
                    continue;
                };
                read_exact_at(file, part, progress.position)?;
                progress.add(part);
            }
        }
        let mut state = shared.lock();
        let end = start + u64::from(state.table.length(index));
        // The end of an unknown length is seen only when nothing follows, and then it is no end of a piece to check.
        if progress.position == end {
            let piece = state.table.piece(index);
            if !progress.end_piece(start, piece) {
                tracing::warn!(
                    piece = index,
                    "a piece on disk is not what came; fetching it again"
                );
                state.table.forget(index);
                state.feed.forget();
                record.save(index, Piece::default())?;
                shared.claimable.notify_waiters();
            }
        }
        state.feed.hashed = progress.position;
    }
}

fn next(shared: &Shared, progress: &Progress) -> Next {
    let mut state = shared.lock();
    loop {
        if state.abandoned {
            return Next::Nothing;
        }
        if let Some(bytes) = state.feed.take() {
            return Next::Memory(bytes);
        }
        let here = state.table.contiguous_from(progress.position) - progress.position;
        let to_end_of_piece = PIECE_BYTES - progress.position % PIECE_BYTES;
        let length = here.min(to_end_of_piece).min(BUFFER_BYTES as u64);
        if length > 0 {
            return Next::Disk(usize::try_from(length).unwrap_or(BUFFER_BYTES));
        }
        if state.closed {
            return Next::Nothing;
        }
        state = shared
            .grown
            .wait(state)
            .unwrap_or_else(std::sync::PoisonError::into_inner);
    }
}
