//! Sets of files that are one thing to the user, one after another.
//!
//! Each set has a task while it is active; who pauses, resumes or cancels only changes the set's state and fires its token,
//! and the next task of the set waits for the end of the one before. What doors see is published by a task of its
//! own, at most four times a second.

mod entry;
mod keep;
mod work;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use self::entry::Entry;
use self::keep::Folder;
use crate::downloader::Downloader;
use crate::error::Error;
use crate::spec::{FileSpec, FileState, Limits};
use crate::sync::{Seats, lock};
use crate::view::{JobId, JobState, JobView};

const PUBLISH_EVERY: Duration = Duration::from_millis(250);

/// A set of files that is one thing to the user (shards and projector; engine archive and its runtime).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetSpec {
    /// An id of the caller's; else one is made up.
    pub id: Option<JobId>,
    /// What the user knows it as.
    pub label: String,
    /// What to fetch.
    pub files: Vec<FileSpec>,
    /// The caller's, kept on disk.
    pub tag: serde_json::Value,
}

/// Downloads in order, with a handle for every door. Clones are the same queue.
#[derive(Clone)]
pub struct Queue {
    inner: Arc<Inner>,
}

struct Inner {
    downloader: Downloader,
    /// Locked before `sets` where both are needed.
    folder: Mutex<Folder>,
    sets: Mutex<Vec<Entry>>,
    files: Arc<Seats>,
    views: watch::Sender<Arc<Vec<JobView>>>,
    /// Something that is shown has changed.
    dirty: Arc<Notify>,
    /// Counts changes that somebody may wait for.
    changes: watch::Sender<u64>,
}

impl Queue {
    /// Opens the queue of a state folder. Sets of an earlier run are there again: paused and failed ones as they were,
    /// finished ones no more, all others as [`JobState::Interrupted`]. Call it within a tokio runtime.
    ///
    /// # Errors
    /// [`Error::File`] where the folder cannot be used.
    pub fn open(
        downloader: Downloader,
        state_folder: PathBuf,
        limits: Limits,
    ) -> Result<Self, Error> {
        let folder = Folder::open(state_folder)?;
        let (mut sets, mut cancelled) = (Vec::new(), Vec::new());
        for document in folder.load()? {
            match document.state {
                JobState::Done => folder.remove(document.set.id.as_deref().unwrap_or_default()),
                JobState::Cancelled => cancelled.push(document.set),
                _ => sets.push(reopened(document, &downloader)),
            }
        }
        downloader.remove_left();
        downloader.set_limits(limits);
        let views = sets.iter().map(Entry::view).collect();
        let inner = Arc::new(Inner {
            downloader,
            folder: Mutex::new(folder),
            sets: Mutex::new(sets),
            files: Seats::new(limits.parallel_files),
            views: watch::Sender::new(Arc::new(views)),
            dirty: Arc::default(),
            changes: watch::Sender::new(0),
        });
        // The program ended before their parts were gone.
        for set in cancelled {
            let id = set.id.unwrap_or_default();
            if inner.remove_parts(&id, &set.files) {
                lock(&inner.folder).remove(&id);
            }
        }
        tokio::spawn(publish(Arc::clone(&inner.dirty), Arc::downgrade(&inner)));
        Ok(Self { inner })
    }

    /// Adds a set at the end. A set with the id of one that is there resumes that one, and the new spec replaces the
    /// old, tokens included; one that is active is left as it is.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be kept on disk.
    pub fn add(&self, mut set: SetSpec) -> Result<JobId, Error> {
        let id = set.id.get_or_insert_with(made_up_id).clone();
        let mut entry = Entry::new(set, JobState::Queued, now());
        {
            let mut sets = lock(&self.inner.sets);
            if let Some(at) = sets.iter().position(|entry| entry.id() == id) {
                if sets[at].state.is_active() {
                    return Ok(id);
                }
                let old = sets.remove(at);
                entry.begin_with(Some(&old), |_| 0);
                entry.run = old.run;
                entry.task = old.task;
            } else {
                entry.begin_with(None, |spec| self.inner.downloader.bytes_on_disk(spec));
            }
            sets.push(entry);
        }
        if let Err(error) = self.inner.try_keep(&id) {
            lock(&self.inner.sets).retain(|entry| entry.id() != id);
            return Err(error);
        }
        self.start(&id)?;
        Ok(id)
    }

    /// Stops a set until [`Self::resume`]; no matter if it is stopped already.
    ///
    /// # Errors
    /// [`Error::NoSuchDownload`]; [`Error::WrongState`] if it is over.
    pub fn pause(&self, id: &str) -> Result<(), Error> {
        self.inner.with(id, |entry| {
            refuse(entry, entry.state.is_over())?;
            entry.state = JobState::Paused;
            entry.cancel.cancel();
            Ok(())
        })?;
        self.inner.keep(id);
        self.inner.changed();
        Ok(())
    }

    /// Goes on with a set that is paused, interrupted or failed; no matter if it runs already.
    ///
    /// # Errors
    /// [`Error::NoSuchDownload`]; [`Error::WrongState`] if it is done or cancelled.
    pub fn resume(&self, id: &str) -> Result<(), Error> {
        let active = self.inner.with(id, |entry| {
            let gone = matches!(entry.state, JobState::Done | JobState::Cancelled);
            refuse(entry, gone)?;
            Ok(entry.state.is_active())
        })?;
        if active { Ok(()) } else { self.start(id) }
    }

    /// Gives a set up and removes its own parts; files of it that are at their target stay.
    ///
    /// # Errors
    /// [`Error::NoSuchDownload`]; [`Error::WrongState`] if it is done.
    pub fn cancel(&self, id: &str) -> Result<(), Error> {
        self.inner.with(id, |entry| {
            refuse(entry, entry.state == JobState::Done)?;
            entry.state = JobState::Cancelled;
            entry.error = None;
            entry.finished_at = Some(now());
            entry.cancel.cancel();
            Ok(())
        })?;
        self.inner.keep_cancelled(id);
        self.inner.clean_up(id);
        self.inner.changed();
        Ok(())
    }

    /// Takes a set that is over off the list. The parts of a failed one are removed.
    ///
    /// # Errors
    /// [`Error::NoSuchDownload`]; [`Error::WrongState`] if it is not over.
    pub fn dismiss(&self, id: &str) -> Result<(), Error> {
        let (files, cleaning) = self.inner.with(id, |entry| {
            refuse(entry, !entry.state.is_over())?;
            let failed = entry.state == JobState::Failed;
            Ok((failed.then(|| entry.set.files.clone()), entry.cleaning))
        })?;
        self.inner.remove_parts(id, &files.unwrap_or_default());
        lock(&self.inner.sets).retain(|entry| entry.id() != id);
        if !cleaning {
            lock(&self.inner.folder).remove(id);
        }
        self.inner.changed();
        Ok(())
    }

    /// All sets in order, published at most four times a second.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<Vec<JobView>>> {
        self.inner.views.subscribe()
    }

    /// All sets in order, as they are now.
    #[must_use]
    pub fn views(&self) -> Vec<JobView> {
        lock(&self.inner.sets).iter().map(Entry::view).collect()
    }

    /// Waits until a set is done, failed or cancelled, and for the last, its parts are gone.
    ///
    /// # Errors
    /// [`Error::NoSuchDownload`], also if it is dismissed meanwhile.
    pub async fn wait(&self, id: &str) -> Result<JobView, Error> {
        let mut changes = self.inner.changes.subscribe();
        loop {
            let over = self.inner.with(id, |entry| {
                let over = entry.state.is_over() && !entry.cleaning;
                Ok(over.then(|| entry.view()))
            })?;
            if let Some(view) = over {
                return Ok(view);
            }
            // The sender lives as long as the queue.
            let _ = changes.changed().await;
        }
    }

    /// Changes the limits of what runs and what will.
    pub fn set_limits(&self, limits: Limits) {
        self.inner.downloader.set_limits(limits);
        self.inner.files.set(limits.parallel_files);
    }

    /// Stops everything, for the end of the program; what was under way is interrupted at the next start.
    pub async fn close(&self) {
        let tasks: Vec<_> = lock(&self.inner.sets)
            .iter_mut()
            .filter_map(|entry| {
                entry.cancel.cancel();
                entry.task.take()
            })
            .collect();
        for task in tasks {
            let _ = task.await;
        }
    }

    fn start(&self, id: &str) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        self.inner.with(id, |entry| {
            entry.run += 1;
            entry.state = JobState::Queued;
            entry.error = None;
            entry.finished_at = None;
            entry.pace.forget();
            entry.cancel = CancellationToken::new();
            for file in &mut entry.files {
                file.fetched_bytes = 0;
                file.reason = None;
                if file.state != FileState::Done {
                    file.state = FileState::Queued;
                }
            }
            let before = entry.task.take();
            let (run, cancel) = (entry.run, entry.cancel.clone());
            entry.task = Some(tokio::spawn(work::run(
                inner,
                id.to_owned(),
                run,
                cancel,
                before,
            )));
            Ok(())
        })?;
        self.inner.keep(id);
        self.inner.changed();
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Who publishes holds no queue, and finds none any more.
        self.dirty.notify_one();
    }
}

fn refuse(entry: &Entry, wrong: bool) -> Result<(), Error> {
    if !wrong {
        return Ok(());
    }
    Err(Error::WrongState {
        label: entry.set.label.clone(),
        state: entry.state.word(),
    })
}

fn reopened(document: keep::Document, downloader: &Downloader) -> Entry {
    let state = match document.state {
        state @ (JobState::Paused | JobState::Failed) => state,
        _ => JobState::Interrupted,
    };
    let mut entry = Entry::new(document.set, state, document.started_at);
    entry.error = document.error;
    entry.finished_at = document.finished_at;
    for ((file, spec), done) in entry
        .files
        .iter_mut()
        .zip(&entry.set.files)
        .zip(document.done)
    {
        if let Some(length) = done {
            file.state = FileState::Done;
            file.downloaded_bytes = length;
            file.total_bytes = Some(length);
        } else {
            file.downloaded_bytes = downloader.bytes_on_disk(spec);
        }
    }
    entry
}

/// Ends when the queue is gone, and sleeps while nothing changes.
async fn publish(dirty: Arc<Notify>, inner: Weak<Inner>) {
    loop {
        dirty.notified().await;
        {
            let Some(inner) = inner.upgrade() else { return };
            let views: Vec<JobView> = lock(&inner.sets)
                .iter_mut()
                .map(|entry| {
                    entry.look();
                    entry.view()
                })
                .collect();
            inner.views.send_if_modified(|published| {
                let changed = **published != views;
                if changed {
                    *published = Arc::new(views);
                }
                changed
            });
        }
        tokio::time::sleep(PUBLISH_EVERY).await;
    }
}

fn made_up_id() -> JobId {
    format!("{:x}-{:04x}", now(), fastrand::u16(..))
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| {
            u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Options;

    /// A window stays open for days: a queue in which nothing happens must wake nobody.
    #[tokio::test]
    async fn who_publishes_sleeps_until_something_changes_and_ends_with_the_queue() {
        let folder = tempfile::tempdir().unwrap();
        let client = http_client::loopback().build().unwrap();
        let state = folder.path().join("downloads");
        let downloader = Downloader::new(client, state.clone(), Options::default());
        let queue = Queue::open(downloader, state, Limits::default()).unwrap();
        let runtime = tokio::runtime::Handle::current();
        let settle = async || {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
        };
        settle().await;
        assert_eq!(Arc::strong_count(&queue.inner), 1, "held while it waits");
        assert_eq!(runtime.metrics().num_alive_tasks(), 1);
        drop(queue);
        settle().await;
        assert_eq!(
            runtime.metrics().num_alive_tasks(),
            0,
            "without a look at the clock"
        );
    }
}
