//! The thread that alone writes a part and its record: bytes first, then what says that they are there.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::disk::write_all_at;
use super::record::Record;
use super::shared::Shared;
use super::table::{ClaimId, PIECE_BYTES};

/// So many bytes of one piece are lost at most when the process is killed.
const SAVE_EVERY: u32 = 256 << 10;
/// Dirty pages beyond this would make the last sync a long one.
const SYNC_EVERY: u64 = 256 << 20;

/// What a connection asks of the writer.
pub(crate) enum Order {
    /// Bytes of one piece, with their share of the memory that all connections may use.
    Chunk {
        offset: u64,
        bytes: Bytes,
        memory: OwnedSemaphorePermit,
    },
    /// A claim is over, and all its chunks were sent.
    Release(ClaimId),
    /// A stream of unknown length is over.
    Ended,
}

pub(crate) type Outcome = oneshot::Receiver<io::Result<()>>;

/// Starts the thread. It ends when no sender is left, or at the first error.
pub(crate) fn start(
    file: Arc<File>,
    record: Arc<Record>,
    shared: Arc<Shared>,
    orders: mpsc::Receiver<Order>,
) -> io::Result<Outcome> {
    let (done, outcome) = oneshot::channel();
    std::thread::Builder::new()
        .name("download-writer".into())
        .spawn(move || {
            let writer = Writer {
                file,
                record,
                shared,
                unsaved: Vec::new(),
                unsynced: 0,
                syncing: Arc::new(AtomicBool::new(false)),
            };
            let _ = done.send(writer.run(orders));
        })?;
    Ok(outcome)
}

struct Writer {
    file: Arc<File>,
    record: Arc<Record>,
    shared: Arc<Shared>,
    /// Pieces with bytes that the record does not know of, and how many.
    unsaved: Vec<(usize, u32)>,
    unsynced: u64,
    syncing: Arc<AtomicBool>,
}

impl Writer {
    fn run(mut self, mut orders: mpsc::Receiver<Order>) -> io::Result<()> {
        let mut outcome = Ok(());
        while let Some(order) = orders.blocking_recv() {
            let done = match order {
                Order::Chunk {
                    offset,
                    bytes,
                    memory,
                } => {
                    let done = self.write(offset, &bytes);
                    drop(memory);
                    done
                }
                Order::Release(claim) => {
                    self.shared.lock().table.release(claim);
                    self.shared.claimable.notify_waiters();
                    self.save_all()
                }
                Order::Ended => {
                    self.shared.lock().table.ended();
                    Ok(())
                }
            };
            if done.is_err() {
                outcome = done;
                break;
            }
        }
        let saved = self.save_all();
        self.shared.close();
        outcome.and(saved)
    }

    fn write(&mut self, offset: u64, bytes: &Bytes) -> io::Result<()> {
        let index = usize::try_from(offset / PIECE_BYTES).map_err(io::Error::other)?;
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        let piece = self.shared.lock().table.piece(index);
        if u64::from(piece.filled) != offset % PIECE_BYTES {
            // Another connection took over in between; these bytes are here already.
            return Ok(());
        }
        write_all_at(&self.file, bytes, offset)?;
        let mut crc = crc32fast::Hasher::new_with_initial_len(piece.crc, u64::from(piece.filled));
        crc.update(bytes);
        let crc = crc.finalize();

        let full = {
            let mut state = self.shared.lock();
            if !state.table.landed(offset, length, crc) {
                return Ok(());
            }
            state.fetched += u64::from(length);
            state.feed.offer(offset, bytes);
            state.table.is_full(index)
        };
        self.shared.grown.notify_one();

        match self.unsaved.iter_mut().find(|(piece, _)| *piece == index) {
            Some((_, unsaved)) => *unsaved += length,
            None => self.unsaved.push((index, length)),
        }
        self.sync_now_and_then(length);
        let due =
            |&(piece, unsaved): &(usize, u32)| piece == index && (full || unsaved >= SAVE_EVERY);
        if let Some(at) = self.unsaved.iter().position(due) {
            self.unsaved.swap_remove(at);
            self.save(index)?;
        }
        Ok(())
    }

    fn save(&self, index: usize) -> io::Result<()> {
        let piece = self.shared.lock().table.piece(index);
        self.record.save(index, piece)
    }

    fn save_all(&mut self) -> io::Result<()> {
        for (index, _) in std::mem::take(&mut self.unsaved) {
            self.save(index)?;
        }
        Ok(())
    }

    /// Lets the disk begin early, beside the writing.
    fn sync_now_and_then(&mut self, length: u32) {
        self.unsynced += u64::from(length);
        if self.unsynced < SYNC_EVERY || self.syncing.swap(true, Ordering::AcqRel) {
            return;
        }
        self.unsynced = 0;
        let (file, syncing) = (Arc::clone(&self.file), Arc::clone(&self.syncing));
        let spawned = std::thread::Builder::new()
            .name("download-sync".into())
            .spawn(move || {
                // What it finds is found again by the last sync, which counts.
                let _ = file.sync_data();
                syncing.store(false, Ordering::Release);
            });
        if spawned.is_err() {
            self.syncing.store(false, Ordering::Release);
        }
    }
}
