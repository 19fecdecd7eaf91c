//! What doors show of a queue.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::spec::FileState;

/// The id of a set in a [`crate::Queue`].
pub type JobId = String;

/// What a set is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum JobState {
    /// Waits for its turn.
    Queued,
    /// Bytes come.
    Running,
    /// Stopped by the user; goes on when the user says so.
    Paused,
    /// Bytes do not come now, and it goes on by itself; `reason` says why.
    Waiting,
    /// Was under way when the program ended; goes on when the user says so.
    Interrupted,
    /// All bytes are here and are being checked.
    Verifying,
    /// Every file is at its target.
    Done,
    /// Ended with an error; can be resumed, and its parts are kept.
    Failed,
    /// Given up by the user; its parts are gone.
    Cancelled,
}

impl JobState {
    /// The word that the state is on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Waiting => "waiting",
            Self::Interrupted => "interrupted",
            Self::Verifying => "verifying",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether a task works on it.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(
            self,
            Self::Queued | Self::Running | Self::Waiting | Self::Verifying
        )
    }

    /// Whether it is over; a failed one can be begun again.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// An error as doors show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobError {
    /// [`Error::code`].
    pub code: String,
    /// What failed, on what.
    pub message: String,
    /// What to try.
    pub hint: Option<String>,
}

impl From<&Error> for JobError {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.to_string(),
            hint: error.hint().map(str::to_owned),
        }
    }
}

/// One file of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileView {
    /// Its target.
    pub path: PathBuf,
    /// Bytes that are on disk.
    pub downloaded_bytes: u64,
    /// Its length, once it is known.
    pub total_bytes: Option<u64>,
    /// What it is at.
    pub state: FileState,
}

/// One set, as doors show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    /// Its id.
    pub id: JobId,
    /// What the user knows it as.
    pub label: String,
    /// What it is at.
    pub state: JobState,
    /// Why it waits or began anew, in a sentence.
    pub reason: Option<String>,
    /// Why it failed.
    pub error: Option<JobError>,
    /// Bytes that are on disk, of all its files.
    pub downloaded_bytes: u64,
    /// The length of all its files, once every one is known.
    pub total_bytes: Option<u64>,
    /// Smoothed over some seconds; 0 where nothing comes.
    pub bytes_per_second: u64,
    /// Damped, so that it does not jump; absent where it cannot be said.
    pub seconds_left: Option<u64>,
    /// Its files, in the order that they were given.
    pub files: Vec<FileView>,
    /// The caller's.
    pub tag: serde_json::Value,
    /// When it was added, in milliseconds since 1970.
    pub started_at: u64,
    /// When it was over, in milliseconds since 1970.
    pub finished_at: Option<u64>,
}
