//! The task that works on one set: its files, as many at a time as the queue allows.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Inner, now};
use crate::error::Error;
use crate::one_file::Held;
use crate::spec::{FileProgress, FileSpec, FileState};
use crate::sync::lock;
use crate::view::{JobError, JobState};

/// How often a file that another set fetches is asked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Works on a set until it is over or stopped, once an earlier task has let go of it.
pub(super) async fn run(
    inner: Arc<Inner>,
    id: String,
    run: u64,
    cancel: CancellationToken,
    before: Option<JoinHandle<()>>,
) {
    if let Some(before) = before {
        let _ = before.await;
    }
    let files = inner
        .with(&id, |entry| {
            let files: Vec<_> = entry
                .set
                .files
                .iter()
                .cloned()
                .zip(entry.files.clone())
                .collect();
            Ok(files)
        })
        .unwrap_or_default();
    // One file that fails stops the others of its set, and only these.
    let stop = cancel.child_token();
    // Files that take the place of others do so together, or old and new would be one model that no one made.
    let hold = files.len() > 1 && files.iter().any(|(spec, _)| spec.replace_existing);
    let mut held = Vec::new();
    let mut working: FuturesUnordered<_> = files
        .iter()
        .enumerate()
        .filter(|(_, (spec, progress))| !is_there(spec, progress))
        .map(|(index, (spec, _))| fetch(&inner, &id, run, index, spec, hold, &stop))
        .collect();
    // What is at its target already is not fetched again onto another disk because its drive is away.
    let away = files
        .iter()
        .find_map(|(spec, progress)| folder_away(spec, progress));
    // All at once: that the last shard does not fit is not to be found out when the others are here.
    let coming = files
        .iter()
        .filter(|(spec, progress)| !is_there(spec, progress));
    let mut outcome = away.map_or_else(
        || inner.downloader.check_space(coming.map(|(spec, _)| spec)),
        Err,
    );
    if outcome.is_err() {
        stop.cancel();
    }
    while let Some(ended) = working.next().await {
        match ended {
            Ok(ended) => held.extend(ended),
            Err(error) => {
                stop.cancel();
                if outcome.is_ok() {
                    outcome = Err(error);
                }
            }
        }
    }
    drop(working);
    if outcome.is_ok() && !held.is_empty() && !cancel.is_cancelled() {
        outcome = inner.finish_together(&id, run, held).await;
    }
    if !cancel.is_cancelled() {
        inner.ended(&id, run, outcome);
    }
}

async fn fetch(
    inner: &Arc<Inner>,
    id: &str,
    run: u64,
    index: usize,
    spec: &FileSpec,
    hold: bool,
    stop: &CancellationToken,
) -> Result<Option<(usize, Held)>, Error> {
    let tell = |progress: FileProgress| inner.progress(id, run, index, progress);
    let outcome = loop {
        let place = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(Error::Cancelled),
            place = inner.files.take() => place,
        };
        let outcome = if hold {
            inner.downloader.fetch_held(spec, &tell, stop).await
        } else {
            let fetched = inner.downloader.fetch(spec, &tell, stop).await;
            fetched.map(|_| None)
        };
        // Who has the file needs a place among those that run.
        drop(place);
        if !matches!(outcome, Err(Error::Busy { .. })) || !inner.another_has(id, spec) {
            break outcome;
        }
        inner.waits_for_another(id, run, index);
        tokio::select! {
            () = stop.cancelled() => return Err(Error::Cancelled),
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    };
    match &outcome {
        Ok(_) => inner.keep(id),
        Err(Error::Cancelled) => {}
        Err(error) => {
            tracing::warn!(%error, code = error.code(), "a download failed");
            inner.file_failed(id, run, index);
        }
    }
    Ok(outcome?.map(|held| (index, held)))
}

/// Whether a file was finished in an earlier run, and is still what it was by its length.
fn is_there(spec: &FileSpec, progress: &FileProgress) -> bool {
    progress.state == FileState::Done
        && std::fs::metadata(&spec.target)
            .is_ok_and(|metadata| metadata.len() == progress.downloaded_bytes)
}

fn folder_away(spec: &FileSpec, progress: &FileProgress) -> Option<Error> {
    let folder = spec.target.parent()?;
    let away = progress.state == FileState::Done && !folder.exists();
    away.then(|| Error::FolderMissing {
        folder: folder.to_path_buf(),
    })
}

impl Inner {
    fn progress(&self, id: &str, run: u64, index: usize, progress: FileProgress) {
        let _ = self.with(id, |entry| {
            if entry.run == run {
                entry.progress(index, progress);
            }
            Ok(())
        });
        self.dirty.notify_one();
    }

    /// Gives all files of a set their names, once none can be refused any more.
    async fn finish_together(
        self: &Arc<Self>,
        id: &str,
        run: u64,
        held: Vec<(usize, Held)>,
    ) -> Result<(), Error> {
        let inner = Arc::clone(self);
        let id = id.to_owned();
        let path = held[0].1.target().to_path_buf();
        let finishing = tokio::task::spawn_blocking(move || {
            for (_, held) in &held {
                held.check()?;
            }
            for (index, held) in &held {
                held.finish()?;
                let _ = inner.with(&id, |entry| {
                    if entry.run == run
                        && let Some(file) = entry.files.get_mut(*index)
                    {
                        file.state = FileState::Done;
                    }
                    Ok(())
                });
            }
            Ok(())
        });
        finishing.await.unwrap_or(Err(Error::Internal { path }))
    }

    /// Whether a task of another set is at the same target: variants share their projector.
    fn another_has(&self, id: &str, spec: &FileSpec) -> bool {
        lock(&self.sets).iter().any(|entry| {
            entry.id() != id
                && entry.task.as_ref().is_some_and(|task| !task.is_finished())
                && entry.names(spec)
        })
    }

    fn waits_for_another(&self, id: &str, run: u64, index: usize) {
        let _ = self.with(id, |entry| {
            if entry.run == run
                && let Some(mut file) = entry.files.get(index).cloned()
            {
                file.state = FileState::Waiting;
                file.reason = Some("Another download fetches the same file.".to_owned());
                entry.progress(index, file);
            }
            Ok(())
        });
        self.dirty.notify_one();
    }

    fn file_failed(&self, id: &str, run: u64, index: usize) {
        let _ = self.with(id, |entry| {
            if entry.run == run
                && let Some(file) = entry.files.get_mut(index)
            {
                file.state = FileState::Failed;
            }
            Ok(())
        });
    }

    fn ended(&self, id: &str, run: u64, outcome: Result<(), Error>) {
        let _ = self.with(id, |entry| {
            if entry.run != run || !entry.state.is_active() {
                return Ok(());
            }
            match &outcome {
                Ok(()) => entry.state = JobState::Done,
                Err(error) => {
                    entry.state = JobState::Failed;
                    entry.error = Some(JobError::from(error));
                    for file in &mut entry.files {
                        if file.state != FileState::Done && file.state != FileState::Failed {
                            file.state = FileState::Queued;
                        }
                    }
                }
            }
            entry.finished_at = Some(now());
            Ok(())
        });
        self.keep(id);
        self.changed();
    }

    /// Removes what a cancelled set left, once its task has let go.
    pub(super) fn clean_up(self: &Arc<Self>, id: &str) {
        let inner = Arc::clone(self);
        let id = id.to_owned();
        let _ = self.with(&id.clone(), |entry| {
            entry.cleaning = true;
            let before = entry.task.take();
            let files = entry.set.files.clone();
            entry.task = Some(tokio::spawn(async move {
                if let Some(before) = before {
                    let _ = before.await;
                }
                if inner.remove_parts(&id, &files) {
                    inner.forget_cancelled(&id);
                }
                let _ = inner.with(&id, |entry| {
                    entry.cleaning = false;
                    Ok(())
                });
                inner.changed();
            }));
            Ok(())
        });
    }

    /// Removes the parts of a set, but not those that another one still needs. False if some stay that should not.
    pub(super) fn remove_parts(&self, id: &str, files: &[FileSpec]) -> bool {
        let mut gone = true;
        for file in files {
            let needed = lock(&self.sets).iter().any(|entry| {
                let gone = matches!(entry.state, JobState::Done | JobState::Cancelled);
                entry.id() != id && !gone && entry.names(file)
            });
            if needed {
                continue;
            }
            if let Err(error) = self.downloader.remove_parts(file) {
                tracing::warn!(%error, "parts of a download stay");
                gone = false;
            }
        }
        gone
    }

    /// Writes down that a set was cancelled: a program that ends before its parts are removed does it at its next start.
    pub(super) fn keep_cancelled(&self, id: &str) {
        let folder = lock(&self.folder);
        let document = self.with(id, |entry| Ok(super::keep::Document::of(entry)));
        if let Err(error) = document.and_then(|document| folder.save(&document)) {
            tracing::warn!(%error, "parts of a download may stay");
            folder.remove(id);
        }
    }

    /// Its parts are gone: nothing is left to know of it, unless it was begun again meanwhile.
    fn forget_cancelled(&self, id: &str) {
        let folder = lock(&self.folder);
        let again = self.with(id, |entry| Ok(entry.state != JobState::Cancelled));
        if !again.unwrap_or(false) {
            folder.remove(id);
        }
    }

    /// Writes a set to disk; a set that cannot be kept is still downloaded.
    pub(super) fn keep(&self, id: &str) {
        if let Err(error) = self.try_keep(id) {
            tracing::warn!(%error, "a download will not be known after a restart");
        }
    }

    /// Writes a set to disk, unless it was cancelled.
    pub(super) fn try_keep(&self, id: &str) -> Result<(), Error> {
        // One at a time, and the state is taken within: the last word is the one that stays.
        let folder = lock(&self.folder);
        let document = self.with(id, |entry| {
            let kept = entry.state != JobState::Cancelled;
            Ok(kept.then(|| super::keep::Document::of(entry)))
        })?;
        document.map_or(Ok(()), |document| folder.save(&document))
    }

    /// Something that a door waits for has happened.
    pub(super) fn changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
        self.dirty.notify_one();
    }

    pub(super) fn with<T>(
        &self,
        id: &str,
        act: impl FnOnce(&mut super::entry::Entry) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut sets = lock(&self.sets);
        let entry = sets
            .iter_mut()
            .find(|entry| entry.id() == id)
            .ok_or_else(|| Error::NoSuchDownload { id: id.to_owned() })?;
        act(entry)
    }
}
