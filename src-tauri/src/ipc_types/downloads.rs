//! Downloads as the page sees them.
#![allow(missing_docs)] // The fields are the core's, and documented there.

use paddock_core as core;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use specta::Type;
use tauri_specta::Event;

/// What a download, or a file of it, is at. A file is never paused, interrupted or cancelled: its download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum JobState {
    Queued,
    Running,
    Paused,
    Waiting,
    Interrupted,
    Verifying,
    Done,
    Failed,
    Cancelled,
}

/// What to download.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DownloadRequest {
    /// `owner/repo`.
    pub repo: String,
    /// A branch, tag or commit; the newest where none is named.
    pub revision: Option<String>,
    /// The variant's name.
    pub variant: String,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DownloadBegun {
    /// The download; null where every file is here already.
    pub job_id: Option<String>,
    /// The model in the library, where every file is here already.
    pub key: Option<String>,
}

/// One file of a download.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct JobFile {
    pub path: String,
    pub downloaded_bytes: u64,
    pub total_bytes: Option<u64>,
    pub state: JobState,
}

/// Why a download failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct JobError {
    pub code: String,
    pub message: String,
    pub hint: String,
}

/// What a download is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct JobTag {
    /// `model` or `engine`.
    pub kind: String,
    pub repo: Option<String>,
    pub variant: Option<String>,
    /// The model, once it is in the library.
    pub key: Option<String>,
}

/// A download: a set of files that is one thing to the user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct JobView {
    pub id: String,
    pub label: String,
    pub state: JobState,
    /// Why it waits or began anew.
    pub reason: Option<String>,
    pub error: Option<JobError>,
    pub downloaded_bytes: u64,
    pub total_bytes: Option<u64>,
    pub bytes_per_second: u64,
    pub seconds_left: Option<u64>,
    pub files: Vec<JobFile>,
    pub tag: JobTag,
    /// Milliseconds since 1970.
    pub started_at: u64,
    /// Milliseconds since 1970.
    pub finished_at: Option<u64>,
}

/// All downloads, whenever one of them changed.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
pub struct DownloadsChanged(pub Vec<JobView>);

impl From<core::JobState> for JobState {
    fn from(state: core::JobState) -> Self {
        match state {
            core::JobState::Queued => Self::Queued,
            core::JobState::Running => Self::Running,
            core::JobState::Paused => Self::Paused,
            core::JobState::Waiting => Self::Waiting,
            core::JobState::Interrupted => Self::Interrupted,
            core::JobState::Verifying => Self::Verifying,
            core::JobState::Done => Self::Done,
            core::JobState::Failed => Self::Failed,
            core::JobState::Cancelled => Self::Cancelled,
        }
    }
}

impl From<core::FileState> for JobState {
    fn from(state: core::FileState) -> Self {
        match state {
            core::FileState::Queued => Self::Queued,
            core::FileState::Running => Self::Running,
            core::FileState::Waiting => Self::Waiting,
            core::FileState::Verifying => Self::Verifying,
            core::FileState::Done => Self::Done,
            core::FileState::Failed => Self::Failed,
        }
    }
}

impl From<core::DownloadView> for JobView {
    fn from(view: core::DownloadView) -> Self {
        let job = view.job;
        let of_tag = |name: &str| job.tag.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            tag: JobTag {
                kind: of_tag("kind").unwrap_or_default(),
                repo: of_tag("repo"),
                variant: of_tag("variant"),
                key: view.key,
            },
            id: job.id,
            label: job.label,
            state: job.state.into(),
            reason: job.reason,
            error: job.error.map(|error| JobError {
                code: error.code,
                message: error.message,
                hint: error.hint.unwrap_or_default(),
            }),
            downloaded_bytes: job.downloaded_bytes,
            total_bytes: job.total_bytes,
            bytes_per_second: job.bytes_per_second,
            seconds_left: job.seconds_left,
            files: job
                .files
                .into_iter()
                .map(|file| JobFile {
                    path: file.path.display().to_string(),
                    downloaded_bytes: file.downloaded_bytes,
                    total_bytes: file.total_bytes,
                    state: file.state.into(),
                })
                .collect(),
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }
}

impl From<core::DownloadStarted> for DownloadBegun {
    fn from(started: core::DownloadStarted) -> Self {
        match started {
            core::DownloadStarted::Queued { id, .. } => Self {
                job_id: Some(id),
                key: None,
            },
            core::DownloadStarted::AlreadyHere { key, .. } => Self {
                job_id: None,
                key: Some(key),
            },
        }
    }
}
