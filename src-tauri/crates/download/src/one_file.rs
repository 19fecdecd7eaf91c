//! One file from asking to its place: rounds of fetching until everything is here and right.
//!
//! A round asks for the first missing bytes, checks that the answer is of the same file as what is on disk, and sets
//! connections, writer and hasher to work. It ends when all bytes are here, or when the connections cannot help
//! themselves: the file changed, the server stopped giving ranges, the disk is full, a piece on disk is damaged.

mod finish;
mod telling;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::awake::Hold;
use crate::downloader::Common;
use crate::error::Error;
use crate::part::hasher::{self, hex};
use crate::part::record::{Record, Subject};
use crate::part::table::{self, MOST_BYTES, Table};
use crate::place::{self, Existing, Place};
use crate::round::Round;
use crate::spec::{Fetched, FileProgress, FileSpec};
use crate::sync::Seat;
use crate::transfer::answer::Answer;
use crate::transfer::connection::Failures;
use crate::transfer::fault::Fault;
use crate::transfer::gate::Gate;
use crate::transfer::source::Source;

/// A file that changes more often than this is not worth waiting for.
const MOST_CHANGES: u32 = 5;

pub(crate) type ProgressSink<'a> = &'a (dyn Fn(FileProgress) + Send + Sync);

pub(crate) struct OneFile<'a> {
    pub(crate) common: &'a Arc<Common>,
    pub(crate) spec: &'a FileSpec,
    progress: ProgressSink<'a>,
    pub(crate) cancel: &'a CancellationToken,
    pub(crate) place: Place,
    pub(crate) source: Source,
    pub(crate) gate: Gate,
    failures: Failures,
    /// The most bytes that were ever on disk: what a failed try is measured by.
    best: u64,
    fetched: u64,
    /// Something that happened and is worth saying until the end.
    notice: Option<String>,
    changes: u32,
    reread: bool,
    /// The part was opened: what fills the disk now is waited for.
    begun: bool,
    /// The name is given later, together with those of other files.
    hold: bool,
    fetched_twice: bool,
    wakefulness: Mutex<Wakefulness>,
}

#[derive(Default)]
struct Wakefulness {
    hold: Option<Arc<Hold>>,
    waiting_since: Option<Instant>,
}

/// A file that is complete and verified, and waits for its name. Nobody else gets at its parts meanwhile.
pub(crate) struct Held {
    place: Place,
    spec: FileSpec,
    _record: Arc<Record>,
}

impl Held {
    pub(crate) fn target(&self) -> &std::path::Path {
        &self.place.target
    }

    /// Whether something is in the way that may not be replaced.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.place.check_target(&self.spec)
    }

    pub(crate) fn finish(&self) -> Result<(), Error> {
        self.place.finish(&self.spec)
    }
}

/// What is here of the file.
pub(crate) struct Kept {
    pub(crate) table: Table,
    pub(crate) hash: hasher::Progress,
    version: Option<String>,
}

impl<'a> OneFile<'a> {
    pub(crate) fn new(
        common: &'a Arc<Common>,
        spec: &'a FileSpec,
        progress: ProgressSink<'a>,
        cancel: &'a CancellationToken,
    ) -> Result<Self, Error> {
        Ok(Self {
            common,
            spec,
            progress,
            cancel,
            place: Place::of(&spec.target, &common.state_folder)?,
            source: Source::new(
                common.client.clone(),
                &spec.url,
                common.bearer_of(spec),
                common.options.stall_timeout,
            )?,
            gate: Gate::new(common.options.longest_back_off),
            failures: Failures::default(),
            best: 0,
            fetched: 0,
            notice: None,
            changes: 0,
            reread: false,
            begun: false,
            hold: false,
            fetched_twice: false,
            wakefulness: Mutex::default(),
        })
    }

    pub(crate) fn held(self) -> Self {
        Self { hold: true, ..self }
    }

    pub(crate) async fn run(mut self) -> Result<(Fetched, Option<Held>), Error> {
        if let Some(fetched) = self.already_there().await? {
            return Ok((fetched, None));
        }
        if let Some(folder) = self.place.away.clone() {
            return Err(Error::FolderMissing { folder });
        }
        self.check_length(self.spec.size_bytes)?;
        self.place.prepare()?;
        let mut record = Record::open(&self.place.state, &self.place.target)?;
        let mut kept = self.load(&mut record);
        let record = Arc::new(record);
        loop {
            let done = kept.as_ref().is_some_and(|kept| kept.table.is_complete());
            let answer = if done {
                None
            } else {
                match self.ask(&mut kept, &record).await? {
                    Some(asked) => Some(asked),
                    None => continue,
                }
            };
            let Some(here) = kept.take() else { continue };
            let part = match self.open_part(&here).await {
                Ok(part) => part,
                Err(Error::DiskFull { missing_bytes, .. }) if self.begun => {
                    drop(answer);
                    self.wait_for_space(missing_bytes, here.table.downloaded(), here.table.size())
                        .await?;
                    kept = Some(here);
                    continue;
                }
                Err(error) => return Err(error),
            };
            self.begun = true;
            let version = here.version.clone();
            let (end, shared) = Round {
                file: &self,
                part,
                record: Arc::clone(&record),
            }
            .run(here, answer)
            .await?;
            let (table, hash) = shared;
            self.fetched += end.fetched;
            self.best = self.best.max(table.downloaded());
            kept = Some(Kept {
                table,
                hash,
                version,
            });
            if let Some(fault) = end.fault {
                self.recover(fault, &mut kept, &record).await?;
            } else if let Some(fetched) = self.finish(&mut kept, &record).await? {
                let held = self.hold.then(|| Held {
                    place: self.place.clone(),
                    spec: self.spec.clone(),
                    _record: record,
                });
                return Ok((fetched, held));
            }
        }
    }

    /// Off the async threads: to set space aside can take long.
    async fn open_part(&self, here: &Kept) -> Result<Arc<std::fs::File>, Error> {
        let (place, size) = (self.place.clone(), here.table.size());
        let preallocate = self.common.options.preallocate;
        let mut opening =
            tokio::task::spawn_blocking(move || place::open_part(&place, size, preallocate));
        let downloaded = here.table.downloaded();
        let opened = self
            .telling(|| self.tell(downloaded, size, 0), &mut opening)
            .await;
        match opened {
            Ok(part) => part.map_err(|_| self.internal())?,
            Err(cancelled) => {
                // It may make the part, which who cancels removes.
                let _ = opening.await;
                Err(cancelled)
            }
        }
    }

    fn check_length(&self, size: Option<u64>) -> Result<(), Error> {
        match size {
            Some(bytes) if bytes > MOST_BYTES => {
                let (_, url) = self.source.names();
                Err(Error::TooLong { url, bytes })
            }
            _ => Ok(()),
        }
    }

    async fn already_there(&self) -> Result<Option<Fetched>, Error> {
        if !self.place.target.exists() {
            return Ok(None);
        }
        let (target, spec, cancel) = (
            self.place.target.clone(),
            self.spec.clone(),
            self.cancel.clone(),
        );
        let look = tokio::task::spawn_blocking(move || place::look(&target, &spec, &cancel));
        let size = self.spec.size_bytes.unwrap_or(0);
        let existing = self
            .telling(|| self.tell(size, Some(size), 0), look)
            .await?
            .map_err(|_| self.internal())??;
        match existing {
            Existing::Same { size, sha256 } => {
                // A program that was killed right after the rename left its state behind.
                let _ = self.place.remove();
                Ok(Some(self.done(size, sha256)))
            }
            Existing::Another if !self.spec.replace_existing => Err(Error::TargetExists {
                path: self.place.target.clone(),
            }),
            _ => Ok(None),
        }
    }

    /// What an earlier run left, if it is of the same file.
    fn load(&self, record: &mut Record) -> Option<Kept> {
        let (subject, table) = record.load()?;
        let known = |one: &Option<String>, other: &Option<String>| match (one, other) {
            (Some(one), Some(other)) => Some(one.eq_ignore_ascii_case(other)),
            _ => None,
        };
        let same = known(&subject.sha256, &self.spec.sha256)
            .unwrap_or(subject.address == self.address())
            && self.spec.size_bytes.is_none_or(|size| size == subject.size)
            && self.place.part.exists();
        same.then(|| Kept {
            table,
            hash: hasher::Progress::new(),
            version: subject.version,
        })
    }

    /// Asks for the first missing bytes. `None`: what was here is not of this file; ask again.
    async fn ask(
        &mut self,
        kept: &mut Option<Kept>,
        record: &Record,
    ) -> Result<Option<(Answer, Seat)>, Error> {
        let connections = self.common.connections.count();
        if kept
            .as_ref()
            .is_some_and(|kept| kept.table.size().is_none())
        {
            // A stream of unknown length cannot be gone on with.
            self.start_over(kept, record, "The connection broke; starting over.")?;
        }
        let (downloaded, total) = numbers(kept.as_ref());
        let next = kept.as_mut().and_then(|kept| {
            let claim = kept.table.claim(connections)?;
            kept.table.release(claim.id);
            Some(claim.bytes)
        });
        let asked = next.unwrap_or_else(|| {
            let size = self.spec.size_bytes.filter(|&size| size > 0);
            let length = table::claim_bytes(size.unwrap_or(0), connections);
            0..size.unwrap_or(length).min(length)
        });
        let asking = async {
            self.gate.pass().await;
            let seat = self.common.connections.take().await;
            let answer = self.source.open(&asked).await?;
            Ok((answer, seat))
        };
        let answer = self
            .telling(|| self.tell(downloaded, total, 0), asking)
            .await?;
        match answer {
            Ok((answer, seat)) => {
                let adopted = self.adopt(answer, kept, record)?;
                Ok(adopted.map(|answer| (answer, seat)))
            }
            Err(fault) => {
                self.recover(fault, kept, record).await?;
                Ok(None)
            }
        }
    }

    /// Checks that an answer is of the file that was asked for, and of what is here.
    fn adopt(
        &mut self,
        answer: Answer,
        kept: &mut Option<Kept>,
        record: &Record,
    ) -> Result<Option<Answer>, Error> {
        let (_, url) = self.source.names();
        if let (Some(expected_bytes), Some(actual_bytes)) = (self.spec.size_bytes, answer.total)
            && expected_bytes != actual_bytes
        {
            return Err(Error::WrongLength {
                url,
                expected_bytes,
                actual_bytes,
            });
        }
        if let (Some(expected), Some(linked)) = (&self.spec.sha256, &answer.version.linked)
            && linked.len() == 64
            && !linked.eq_ignore_ascii_case(expected)
        {
            return Err(Error::Changed {
                url,
                problem: format!("its SHA-256 is {linked}, not {expected}"),
            });
        }
        let version = answer.version.name().map(str::to_owned);
        if let Some(here) = &*kept {
            let another = matches!((&here.version, &version), (Some(one), Some(two)) if one != two)
                || matches!((here.table.size(), answer.total), (Some(one), Some(two)) if one != two);
            if another {
                self.changed(kept, record, "it is not what it was")?;
            } else if !answer.ranged && here.table.downloaded() > 0 {
                self.start_over(
                    kept,
                    record,
                    "The server cannot go on in the middle of the file; starting over.",
                )?;
            }
        }
        if kept.is_none() {
            if answer.bytes.start > 0 {
                return Ok(None);
            }
            let size = answer.total.or(self.spec.size_bytes);
            self.check_length(size)?;
            if let Some(size) = size {
                if !self.begun {
                    place::check_space(&self.place, size)?;
                }
                self.begin(record, size, version.clone())?;
            }
            *kept = Some(Kept {
                table: Table::new(size),
                hash: hasher::Progress::new(),
                version,
            });
        }
        Ok(Some(answer))
    }

    fn begin(&self, record: &Record, size: u64, version: Option<String>) -> Result<(), Error> {
        let subject = Subject {
            address: self.address(),
            sha256: self.spec.sha256.clone(),
            size,
            version,
        };
        record
            .begin(&subject, self.place.is_beside_target())
            .map_err(Error::file("write", record.path()))
    }

    /// Forgets what is here, and says so.
    fn start_over(
        &mut self,
        kept: &mut Option<Kept>,
        record: &Record,
        notice: &str,
    ) -> Result<(), Error> {
        *kept = None;
        tracing::info!(target = %self.place.target.display(), notice);
        self.notice = Some(notice.to_owned());
        record.clear().map_err(Error::file("write", record.path()))
    }

    fn changed(
        &mut self,
        kept: &mut Option<Kept>,
        record: &Record,
        problem: &str,
    ) -> Result<(), Error> {
        self.changes += 1;
        if self.changes > MOST_CHANGES {
            let (_, url) = self.source.names();
            return Err(Error::Changed {
                url,
                problem: problem.to_owned(),
            });
        }
        let notice = "The file changed on the server; starting over.";
        self.start_over(kept, record, notice)
    }

    /// After a fault that the connections could not deal with.
    async fn recover(
        &mut self,
        fault: Fault,
        kept: &mut Option<Kept>,
        record: &Record,
    ) -> Result<(), Error> {
        match fault {
            Fault::Fatal(error) => Err(error),
            Fault::Changed(problem) => self.changed(kept, record, &problem),
            // The next question finds out.
            Fault::NoRanges => Ok(()),
            Fault::Writer => {
                let (downloaded, total) = numbers(kept.as_ref());
                self.wait_for_space(0, downloaded, total).await
            }
            fault => {
                let (downloaded, total) = numbers(kept.as_ref());
                let mut failures = std::mem::take(&mut self.failures);
                let weighed = {
                    let connections = self.common.connections.count();
                    let weigh = failures.weigh(
                        Err(fault),
                        self.best,
                        &self.source,
                        &self.gate,
                        &self.common.options,
                        connections,
                    );
                    self.telling(|| self.tell(downloaded, total, 0), weigh)
                        .await?
                };
                self.failures = failures;
                match weighed {
                    Err(Fault::Fatal(error)) => Err(error),
                    _ => Ok(()),
                }
            }
        }
    }

    fn address(&self) -> String {
        hex(&Sha256::digest(self.spec.url.as_bytes()))
    }

    pub(crate) fn internal(&self) -> Error {
        Error::Internal {
            path: self.place.target.clone(),
        }
    }
}

fn numbers(kept: Option<&Kept>) -> (u64, Option<u64>) {
    kept.map_or((0, None), |kept| {
        (kept.table.downloaded(), kept.table.size())
    })
}

/// How many bytes of an unfinished download are on disk.
pub(crate) fn bytes_on_disk(common: &Common, spec: &FileSpec) -> u64 {
    let Ok(place) = Place::of(&spec.target, &common.state_folder) else {
        return 0;
    };
    if !place.state.exists() || (place.away.is_none() && !place.part.exists()) {
        return 0;
    }
    Record::open(&place.state, &place.target)
        .ok()
        .and_then(|mut record| record.load())
        .map_or(0, |(_, table)| table.downloaded())
}
