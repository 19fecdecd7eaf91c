//! One set of a queue: what is known of it, and how that is shown.

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::SetSpec;
use crate::pace::Pace;
use crate::spec::{FileProgress, FileSpec, FileState};
use crate::view::{FileView, JobError, JobState, JobView};

pub(crate) struct Entry {
    pub(crate) set: SetSpec,
    pub(crate) state: JobState,
    pub(crate) error: Option<JobError>,
    pub(crate) files: Vec<FileProgress>,
    pub(crate) started_at: u64,
    pub(crate) finished_at: Option<u64>,
    pub(crate) pace: Pace,
    /// The task that works on it, or cleans up after it.
    pub(crate) task: Option<JoinHandle<()>>,
    pub(crate) cancel: CancellationToken,
    /// Counts runs, so that the end of an old one changes nothing.
    pub(crate) run: u64,
    /// Whether its parts are being removed.
    pub(crate) cleaning: bool,
}

impl Entry {
    pub(crate) fn new(set: SetSpec, state: JobState, started_at: u64) -> Self {
        let files = set
            .files
            .iter()
            .map(|file| FileProgress {
                state: FileState::Queued,
                downloaded_bytes: 0,
                total_bytes: file.size_bytes,
                fetched_bytes: 0,
                reason: None,
            })
            .collect();
        Self {
            set,
            state,
            error: None,
            files,
            started_at,
            finished_at: None,
            pace: Pace::default(),
            task: None,
            cancel: CancellationToken::new(),
            run: 0,
            cleaning: false,
        }
    }

    pub(crate) fn id(&self) -> &str {
        self.set.id.as_deref().unwrap_or_default()
    }

    /// Whether one of its files goes to the same target.
    pub(crate) fn names(&self, file: &FileSpec) -> bool {
        self.set.files.iter().any(|own| own.target == file.target)
    }

    /// Begins with the bytes that are on disk: of what an earlier entry knew, else of what is found.
    pub(crate) fn begin_with(&mut self, old: Option<&Self>, find: impl Fn(&FileSpec) -> u64) {
        for (file, spec) in self.files.iter_mut().zip(&self.set.files) {
            let known = old.and_then(|old| {
                let mut files = old.set.files.iter().zip(&old.files);
                files.find(|(other, _)| {
                    other.target == spec.target
                        && other.sha256 == spec.sha256
                        && other.size_bytes == spec.size_bytes
                })
            });
            file.downloaded_bytes =
                known.map_or_else(|| find(spec), |(_, progress)| progress.downloaded_bytes);
        }
    }

    /// Takes in the progress of one file.
    pub(crate) fn progress(&mut self, index: usize, progress: FileProgress) {
        if let Some(file) = self.files.get_mut(index) {
            *file = progress;
        }
        if self.state.is_active() {
            self.state = self.state_of_files();
        }
    }

    /// Looks at the clock for speed and time left.
    pub(crate) fn look(&mut self) {
        if !self.state.is_active() {
            return;
        }
        let fetched = self.files.iter().map(|file| file.fetched_bytes).sum();
        let downloaded = self.downloaded();
        let remaining = self.total().map(|total| total.saturating_sub(downloaded));
        self.pace.look(fetched, remaining);
    }

    pub(crate) fn view(&self) -> JobView {
        let moving = matches!(self.state, JobState::Running | JobState::Waiting);
        let reason = self
            .files
            .iter()
            .filter(|file| file.state == FileState::Waiting)
            .chain(&self.files)
            .find_map(|file| file.reason.clone())
            .filter(|_| self.state.is_active());
        JobView {
            id: self.id().to_owned(),
            label: self.set.label.clone(),
            state: self.state,
            reason,
            error: self.error.clone(),
            downloaded_bytes: self.downloaded(),
            total_bytes: self.total(),
            bytes_per_second: if moving {
                self.pace.bytes_per_second()
            } else {
                0
            },
            seconds_left: self
                .pace
                .seconds_left()
                .filter(|_| self.state == JobState::Running),
            files: self
                .set
                .files
                .iter()
                .zip(&self.files)
                .map(|(spec, file)| FileView {
                    path: spec.target.clone(),
                    downloaded_bytes: file.downloaded_bytes,
                    total_bytes: file.total_bytes,
                    state: file.state,
                })
                .collect(),
            tag: self.set.tag.clone(),
            started_at: self.started_at,
            finished_at: self.finished_at,
        }
    }

    fn downloaded(&self) -> u64 {
        self.files.iter().map(|file| file.downloaded_bytes).sum()
    }

    fn total(&self) -> Option<u64> {
        self.files.iter().try_fold(0_u64, |sum, file| {
            Some(sum.saturating_add(file.total_bytes?))
        })
    }

    fn state_of_files(&self) -> JobState {
        let any = |state| self.files.iter().any(|file| file.state == state);
        if any(FileState::Running) {
            JobState::Running
        } else if any(FileState::Waiting) {
            JobState::Waiting
        } else if any(FileState::Verifying) {
            JobState::Verifying
        } else if any(FileState::Done) && !any(FileState::Queued) {
            // The last word on the whole set is its task's.
            JobState::Verifying
        } else {
            JobState::Queued
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let file = |size| FileSpec {
            size_bytes: size,
            ..FileSpec::default()
        };
        let set = SetSpec {
            id: Some("a".into()),
            files: vec![file(Some(10)), file(None)],
            ..SetSpec::default()
        };
        Entry::new(set, JobState::Queued, 0)
    }

    fn progress(state: FileState, downloaded: u64, reason: Option<&str>) -> FileProgress {
        FileProgress {
            state,
            downloaded_bytes: downloaded,
            total_bytes: Some(10),
            fetched_bytes: downloaded,
            reason: reason.map(str::to_owned),
        }
    }

    #[test]
    fn a_set_is_one_thing_with_one_state() {
        let mut entry = entry();
        assert_eq!(entry.view().total_bytes, None);
        entry.progress(1, progress(FileState::Waiting, 3, Some("no network")));
        let view = entry.view();
        assert_eq!(
            (view.state, view.total_bytes),
            (JobState::Waiting, Some(20))
        );
        assert_eq!(view.reason.as_deref(), Some("no network"));
        entry.progress(0, progress(FileState::Running, 4, None));
        let view = entry.view();
        assert_eq!((view.state, view.downloaded_bytes), (JobState::Running, 7));
    }

    #[test]
    fn a_late_word_of_a_file_does_not_wake_a_paused_set() {
        let mut entry = entry();
        entry.state = JobState::Paused;
        entry.progress(0, progress(FileState::Running, 4, Some("x")));
        let view = entry.view();
        assert_eq!(view.state, JobState::Paused);
        assert_eq!((view.reason, view.seconds_left), (None, None));
    }
}
