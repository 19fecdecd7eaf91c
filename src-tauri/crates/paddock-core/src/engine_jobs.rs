//! The installation that is under way, or how the last one ended, for everyone to see. One at a time.

use serde::Serialize;
use tokio::sync::watch;

use crate::core::Core;
use crate::error::WireError;

/// How far an installation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EngineJobState {
    /// Asks what the release holds and which build fits.
    Looking,
    /// Fetches the archives.
    Fetching,
    /// Unpacks them beside the final place.
    Unpacking,
    /// Loads a tiny model with it.
    Proving,
    /// It is current.
    Done,
    /// It is not, and what was current still is.
    Failed,
}

impl EngineJobState {
    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

/// One installation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineJob {
    /// Grows with each, while the host runs.
    pub id: u64,
    /// The release's tag; what was asked for until that is known.
    pub build: String,
    /// Which of the release's builds, once it is chosen.
    pub variant: Option<String>,
    /// How far it is.
    pub state: EngineJobState,
    /// The same in a sentence.
    pub step: String,
    /// Bytes on disk.
    pub downloaded_bytes: u64,
    /// All bytes of all archives, once known.
    pub total_bytes: Option<u64>,
    /// How fast, while it fetches.
    pub bytes_per_second: Option<u64>,
    /// How long it will still fetch.
    pub seconds_left: Option<u64>,
    /// Why it failed.
    pub error: Option<WireError>,
    /// What the engine is called, once it is installed.
    pub engine: Option<String>,
}

impl EngineJob {
    pub(crate) fn new(id: u64, build: &str) -> Self {
        Self {
            id,
            build: build.to_owned(),
            variant: None,
            state: EngineJobState::Looking,
            step: "Asking what there is".to_owned(),
            downloaded_bytes: 0,
            total_bytes: None,
            bytes_per_second: None,
            seconds_left: None,
            error: None,
            engine: None,
        }
    }
}

impl Core {
    /// The installation that is under way, else the last one; `None` where there was none. Now and as it changes.
    #[must_use]
    pub fn engine_jobs(&self) -> watch::Receiver<Option<EngineJob>> {
        self.inner.engine_store.job.subscribe()
    }
}
