//! One round of a file: connections, writer and hasher at work, from the first answer to the last byte or a fault.

use std::fs::File;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, mpsc};

use crate::error::Error;
use crate::one_file::{Kept, OneFile};
use crate::part::record::Record;
use crate::part::shared::Shared;
use crate::part::table::{PIECE_BYTES, Table};
use crate::part::{disk, hasher, writer};
use crate::sync::Seat;
use crate::transfer::answer::Answer;
use crate::transfer::connection::{Crew, MEMORY_BYTES};
use crate::transfer::fault::Fault;

/// More do not make a download faster, and servers take them ill.
const MOST_CONNECTIONS: u64 = 16;
/// Orders that wait for the writer; their bytes are bounded on their own.
const ORDERS: usize = 256;

pub(crate) struct Round<'a> {
    pub(crate) file: &'a OneFile<'a>,
    pub(crate) part: Arc<File>,
    pub(crate) record: Arc<Record>,
}

pub(crate) struct End {
    /// Bytes that came over the network.
    pub(crate) fetched: u64,
    /// Why the round ended before the file was complete; a full disk is [`Fault::Writer`].
    pub(crate) fault: Option<Fault>,
}

/// Ends the hasher also when the whole download is dropped.
struct Abandon(Arc<Shared>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl Round<'_> {
    /// Works until the connections are done; then waits for writer and hasher. Without an answer there is nothing to
    /// fetch, only to check.
    pub(crate) async fn run(
        self,
        here: Kept,
        answer: Option<(Answer, Seat)>,
    ) -> Result<(End, (Table, hasher::Progress)), Error> {
        let thread = |source| Error::file("start a thread for", &self.file.place.target)(source);
        let shared = Arc::new(Shared::new(here.table, here.hash.position));
        let abandon = Abandon(Arc::clone(&shared));
        let (orders, waiting) = mpsc::channel(ORDERS);
        let written = writer::start(
            Arc::clone(&self.part),
            Arc::clone(&self.record),
            Arc::clone(&shared),
            waiting,
        )
        .map_err(thread)?;
        let mut hashed = hasher::start(
            Arc::clone(&self.part),
            Arc::clone(&self.record),
            Arc::clone(&shared),
            here.hash,
        )
        .map_err(thread)?;

        let tell = || {
            let (downloaded, total, fetched) = {
                let state = shared.lock();
                (state.table.downloaded(), state.table.size(), state.fetched)
            };
            self.file.tell(downloaded, total, fetched)
        };
        let transferred = match answer {
            Some((answer, seat)) => {
                self.file
                    .telling(tell, self.transfer(&shared, orders, answer, seat))
                    .await
            }
            None => {
                drop(orders);
                Ok(Ok(()))
            }
        };
        // All senders are gone: the writer ends after what it was given.
        let written = written.await.map_err(|_| self.file.internal())?;
        // After a fault there is another round: the hasher goes on from where it is then.
        if !matches!(transferred, Ok(Ok(()))) || written.is_err() {
            abandon.0.abandon();
        }
        let hash = match self.file.telling(tell, &mut hashed).await {
            Ok(hash) => hash,
            Err(cancelled) => {
                abandon.0.abandon();
                let _ = hashed.await;
                return Err(cancelled);
            }
        };
        let hash = hash
            .map_err(|_| self.file.internal())?
            .map_err(Error::file("read back", &self.file.place.part))?;
        let fault = match (transferred?, written) {
            (_, Err(error)) if disk::is_full(&error) => Some(Fault::Writer),
            (_, Err(error)) => {
                return Err(Error::file("write", &self.file.place.part)(error));
            }
            (Err(fault), Ok(())) => Some(fault),
            (Ok(()), Ok(())) => None,
        };
        let (table, fetched) = {
            let mut state = shared.lock();
            let fetched = state.fetched;
            state.table.release_all();
            (
                std::mem::replace(&mut state.table, Table::new(None)),
                fetched,
            )
        };
        self.check_repairs(&table, &hash)?;
        Ok((End { fetched, fault }, (table, hash)))
    }

    async fn transfer(
        &self,
        shared: &Shared,
        orders: mpsc::Sender<writer::Order>,
        answer: Answer,
        seat: Seat,
    ) -> Result<(), Fault> {
        let file = self.file;
        let common = file.common;
        let (remaining, total) = {
            let state = shared.lock();
            let total = state.table.size();
            (
                total.map(|total| total.saturating_sub(state.table.downloaded())),
                total,
            )
        };
        let crew = Crew {
            source: &file.source,
            gate: &file.gate,
            options: &common.options,
            bandwidth: &common.bandwidth,
            seats: &common.connections,
            shared,
            orders,
            memory: Arc::new(Semaphore::new(MEMORY_BYTES)),
            version: Mutex::new((answer.version.clone(), answer.sender)),
            total,
        };
        let Some(remaining) = remaining.filter(|_| answer.ranged) else {
            let claim = shared.lock().table.claim_all();
            return crew.work_alone((claim, answer, seat)).await;
        };
        let Some(claim) = shared.lock().table.claim(crew.seats.count()) else {
            return Ok(());
        };
        // Between the question and now the hasher may have found an earlier piece damaged.
        let first =
            (claim.bytes.start == answer.bytes.start).then(|| (claim.clone(), answer, seat));
        if first.is_none() {
            shared.lock().table.release(claim.id);
        }
        let connections = remaining
            .div_ceil(2 * PIECE_BYTES)
            .clamp(1, MOST_CONNECTIONS);
        let mut first = first;
        let mut working: FuturesUnordered<_> = (0..connections)
            .map(|number| crew.work(usize::try_from(number).unwrap_or(0), first.take()))
            .collect();
        while let Some(outcome) = working.next().await {
            outcome?;
        }
        Ok(())
    }

    /// A disk that gives back other bytes again and again is not to be trusted with more.
    fn check_repairs(&self, table: &Table, hash: &hasher::Progress) -> Result<(), Error> {
        let pieces = table.size().unwrap_or(0) / PIECE_BYTES + 1;
        if u64::from(hash.repaired) <= 2 * pieces + 8 {
            return Ok(());
        }
        let error = std::io::Error::other("the disk gives back other bytes than were written");
        Err(Error::file("rely on", &self.file.place.part)(error))
    }
}
