//! The connections of one file: each claims a run of pieces, asks for it, and hands what comes to the writer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc};

use super::answer::{Answer, Version};
use super::fault::{self, Fault};
use super::gate::Gate;
use super::source::Source;
use crate::bandwidth::Bandwidth;
use crate::error::Error;
use crate::part::shared::Shared;
use crate::part::table::{Claim, ClaimId, PIECE_BYTES};
use crate::part::writer::Order;
use crate::spec::Options;
use crate::sync::{Seat, Seats, lock};

/// Bytes between all connections of a file and its writer.
pub(crate) const MEMORY_BYTES: usize = 2 << 20;
/// Below this speed a further connection brings nothing.
const WORTH_A_CONNECTION: u64 = 256 << 10;
const IDLE: Duration = Duration::from_millis(500);
/// So many refusals by where a fresh redirect leads are no accident.
const MOST_REFUSALS: u32 = 4;
const MOST_UNRANGED: u32 = 3;

/// The answer that a round began with, to go on with.
pub(crate) type First = (Claim, Answer, Seat);

/// What the connections of a file share.
pub(crate) struct Crew<'a> {
    pub(crate) source: &'a Source,
    pub(crate) gate: &'a Gate,
    pub(crate) options: &'a Options,
    pub(crate) bandwidth: &'a Bandwidth,
    pub(crate) seats: &'a Arc<Seats>,
    pub(crate) shared: &'a Shared,
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) memory: Arc<Semaphore>,
    /// The version of the first answer, and who sent it.
    pub(crate) version: Mutex<(Version, u64)>,
    pub(crate) total: Option<u64>,
}

/// Tries that failed in a row, of one connection.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    count: u32,
    /// Without those that only mean that there is no network.
    fruitless: u32,
    refusals: u32,
    unranged: u32,
    fetched: u64,
}

impl Crew<'_> {
    /// One connection: until the file is complete, or a fault that no retry helps against.
    pub(crate) async fn work(&self, number: usize, first: Option<First>) -> Result<(), Fault> {
        let mut failures = Failures::default();
        if let Some((claim, answer, seat)) = first {
            let outcome = self.pull(&claim, answer).await;
            self.release(claim.id).await?;
            drop(seat);
            self.weigh(outcome, &mut failures).await?;
        }
        loop {
            let idle = self.shared.claimable.notified();
            tokio::pin!(idle);
            // Heard from here on, so that nothing is missed between the look and the wait.
            idle.as_mut().enable();
            if self.shared.lock().table.is_complete() {
                return Ok(());
            }
            let connections = self.connections();
            if number < connections {
                self.gate.pass().await;
                let Some(seat) = self.seat().await else {
                    return Ok(());
                };
                let claim = self.shared.lock().table.claim(connections);
                if let Some(claim) = claim {
                    let outcome = self.fetch(&claim).await;
                    self.release(claim.id).await?;
                    drop(seat);
                    self.weigh(outcome, &mut failures).await?;
                    continue;
                }
            }
            tokio::select! {
                () = idle => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
    }

    /// The only connection to a server without ranges: everything, from the beginning.
    pub(crate) async fn work_alone(&self, first: First) -> Result<(), Fault> {
        let (claim, answer, _seat) = first;
        let outcome = self.pull(&claim, answer).await;
        self.release(claim.id).await?;
        outcome
    }

    /// A seat in line; `None` once the file is complete: another file, however slow, may have them all by then.
    async fn seat(&self) -> Option<Seat> {
        let seat = self.seats.take();
        tokio::pin!(seat);
        loop {
            let released = self.shared.claimable.notified();
            tokio::pin!(released);
            released.as_mut().enable();
            if self.shared.lock().table.is_complete() {
                return None;
            }
            tokio::select! {
                seat = &mut seat => return Some(seat),
                () = released => {}
            }
        }
    }

    fn connections(&self) -> usize {
        let worth = self.bandwidth.cap().map_or(usize::MAX, |cap| {
            usize::try_from(cap / WORTH_A_CONNECTION).unwrap_or(usize::MAX)
        });
        self.gate
            .bearable()
            .min(self.seats.count())
            .min(worth)
            .max(1)
    }

    async fn fetch(&self, claim: &Claim) -> Result<(), Fault> {
        let answer = self.source.open(&claim.bytes).await?;
        if !answer.ranged {
            return Err(Fault::NoRanges);
        }
        if answer.total.is_some() && answer.total != self.total {
            return Err(Fault::Changed("it has another length".into()));
        }
        {
            let mut known = lock(&self.version);
            let (version, sender) = &*known;
            if !version.agrees_with(&answer.version, *sender == answer.sender) {
                return Err(Fault::Changed("it has another version".into()));
            }
            if *sender != answer.sender {
                *known = (answer.version.clone(), answer.sender);
            }
        }
        self.pull(claim, answer).await
    }

    /// Hands an answer's bytes to the writer, as long as their pieces are this claim's.
    async fn pull(&self, claim: &Claim, answer: Answer) -> Result<(), Fault> {
        let Answer {
            mut response,
            bytes,
            ..
        } = answer;
        let end = bytes.end.min(claim.bytes.end);
        let mut offset = bytes.start;
        let mut kept = None;
        while offset < end {
            let Some(mut chunk) = self.next_chunk(&mut response).await? else {
                if end == u64::MAX {
                    return self.order(Order::Ended).await;
                }
                return Err(Fault::Broken(format!(
                    "{} closed the connection {} bytes early",
                    fault::host(response.url()),
                    end - offset
                )));
            };
            self.gate.through();
            self.bandwidth.pay(chunk.len()).await;
            let wanted = usize::try_from(end - offset).unwrap_or(usize::MAX);
            chunk.truncate(wanted);
            while !chunk.is_empty() {
                let piece = offset / PIECE_BYTES;
                if kept != Some(piece) {
                    let index = usize::try_from(piece).unwrap_or(usize::MAX);
                    if !self.shared.lock().table.keeps(claim.id, index) {
                        return Ok(());
                    }
                    kept = Some(piece);
                }
                let room = (piece + 1) * PIECE_BYTES - offset;
                let length = chunk.len().min(usize::try_from(room).unwrap_or(usize::MAX));
                self.land(offset, chunk.split_to(length)).await?;
                offset += length as u64;
            }
        }
        if end == bytes.end && end != u64::MAX {
            // Read to its end the connection can serve the next request.
            let _ = self.next_chunk(&mut response).await;
        }
        Ok(())
    }

    async fn next_chunk(&self, response: &mut reqwest::Response) -> Result<Option<Bytes>, Fault> {
        match tokio::time::timeout(self.options.stall_timeout, response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(Fault::Broken(format!(
                "the connection to {} broke: {}",
                fault::host(response.url()),
                fault::innermost(&error)
            ))),
            Err(_) => Err(Fault::Broken(format!(
                "{} sent nothing for {} s",
                fault::host(response.url()),
                self.options.stall_timeout.as_secs()
            ))),
        }
    }

    async fn land(&self, offset: u64, bytes: Bytes) -> Result<(), Fault> {
        let share = u32::try_from(bytes.len().min(MEMORY_BYTES)).unwrap_or(1);
        let memory = Arc::clone(&self.memory).acquire_many_owned(share);
        let memory = memory.await.map_err(|_| Fault::Writer)?;
        self.order(Order::Chunk {
            offset,
            bytes,
            memory,
        })
        .await
    }

    async fn release(&self, claim: ClaimId) -> Result<(), Fault> {
        self.order(Order::Release(claim)).await
    }

    async fn order(&self, order: Order) -> Result<(), Fault> {
        self.orders.send(order).await.map_err(|_| Fault::Writer)
    }

    /// Waits where a retry may help; gives the fault back where not.
    async fn weigh(
        &self,
        outcome: Result<(), Fault>,
        failures: &mut Failures,
    ) -> Result<(), Fault> {
        let fetched = self.shared.lock().fetched;
        failures
            .weigh(
                outcome,
                fetched,
                self.source,
                self.gate,
                self.options,
                self.connections(),
            )
            .await
    }
}

impl Failures {
    /// Waits where a retry may help; gives the fault back where not.
    pub(crate) async fn weigh(
        &mut self,
        outcome: Result<(), Fault>,
        fetched: u64,
        source: &Source,
        gate: &Gate,
        options: &Options,
        connections: usize,
    ) -> Result<(), Fault> {
        let Err(fault) = outcome else {
            *self = Self {
                fetched,
                ..Self::default()
            };
            return Ok(());
        };
        if fetched > self.fetched {
            *self = Self {
                fetched,
                ..Self::default()
            };
        }
        tracing::debug!(?fault, "a request failed");
        let problem = match fault {
            Fault::Pause { wait, problem } => {
                gate.pause(wait, connections, problem);
                gate.pass().await;
                return Ok(());
            }
            Fault::Offline(problem) => problem,
            Fault::Broken(problem) => {
                self.fruitless += 1;
                problem
            }
            Fault::Refusing(error) => {
                self.refusals += 1;
                if self.refusals >= MOST_REFUSALS {
                    return Err(Fault::Fatal(error));
                }
                error.to_string()
            }
            Fault::NoRanges => {
                self.unranged += 1;
                if self.unranged >= MOST_UNRANGED {
                    return Err(Fault::NoRanges);
                }
                "the server sent everything where a part was asked for".into()
            }
            Fault::Fatal(_) | Fault::Changed(_) | Fault::Writer => return Err(fault),
        };
        self.count += 1;
        if self.fruitless >= options.fruitless_tries {
            let (host, url) = source.names();
            return Err(Fault::Fatal(Error::ServerFailing {
                host,
                url,
                tries: self.fruitless,
                problem,
            }));
        }
        gate.back_off(self.count, sentence(&problem)).await;
        Ok(())
    }
}

/// With a capital and a full stop.
pub(crate) fn sentence(problem: &str) -> String {
    let mut chars = problem.chars();
    let mut text: String = chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default();
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}
