//! Installing an engine.

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::available_engines::AvailableEngines;
use crate::core::Core;
use crate::engine_jobs::EngineJob;
use crate::engines::EngineView;
use crate::error::Error;

/// What to install.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InstallRequest {
    /// `latest`, or a release's tag such as `b10434`.
    pub build: String,
    /// Which of the release's builds: an id such as `vulkan`. What fits this machine where there is none.
    pub variant: Option<String>,
    /// Install even what the release has no SHA-256 digest for.
    pub without_digest: bool,
}

impl Default for InstallRequest {
    fn default() -> Self {
        Self {
            build: "latest".to_owned(),
            variant: None,
            without_digest: false,
        }
    }
}

/// The one installation at a time.
#[derive(Default)]
pub(crate) struct Installs {
    pub(crate) job: watch::Sender<Option<EngineJob>>,
}

impl Core {
    /// Begins an installation and returns its job; [`Core::engine_jobs`] tells how it goes on.
    ///
    /// # Errors
    /// Another one is under way.
    pub fn begin_install(&self, request: InstallRequest) -> Result<EngineJob, Error> {
        let _ = request;
        Err(Error::ShuttingDown)
    }

    /// Installs an engine, proves it, and makes it current.
    ///
    /// # Errors
    /// What is in the way; what was current stays so.
    pub async fn install_engine(&self, request: InstallRequest) -> Result<EngineView, Error> {
        let _ = request;
        Err(Error::ShuttingDown)
    }

    /// Ends the installation that is under way, if there is one.
    pub fn cancel_engine_install(&self) {}

    /// What can be installed, and what fits this machine. Answers from what is known where the network is not there;
    /// with `refresh` it asks even if it asked a moment ago.
    pub async fn available_engines(&self, refresh: bool, build: Option<&str>) -> AvailableEngines {
        let _ = refresh;
        AvailableEngines {
            machine: crate::available_engines::MachineView {
                os: String::new(),
                cpu: String::new(),
                gpus: Vec::new(),
                sentence: String::new(),
            },
            builds: Vec::new(),
            build: build.map(str::to_owned),
            variants: Vec::new(),
            sentence: String::new(),
            update_available: None,
            checked_at: None,
            problem: None,
        }
    }

    /// Goes back to the engine that was current before.
    ///
    /// # Errors
    /// There is none.
    pub fn roll_back_engine(&self) -> Result<EngineView, Error> {
        Err(Error::ShuttingDown)
    }

    /// Forgets an engine; one that Paddock fetched is deleted.
    ///
    /// # Errors
    /// It is in use.
    pub async fn remove_engine(&self, name: &str) -> Result<EngineView, Error> {
        let _ = name;
        Err(Error::ShuttingDown)
    }
}
