//! What the commands work on.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gateway::Host;
use paddock_core::{Core, HostInfo};

use crate::ipc_error::IpcError;
use crate::ipc_types::StartUp;
use crate::ipc_types::hub::OpenHub;

/// The app's phase. Commands get the core through it, or say why there is none.
#[derive(Default)]
pub(crate) struct AppState {
    phase: Mutex<Phase>,
    /// A link that was opened and that the page has not asked for yet.
    link: Mutex<Option<OpenHub>>,
    /// Files that were opened with Paddock and that the page has not asked for yet.
    files: Mutex<Vec<PathBuf>>,
    /// Fired when the phase is known.
    pub(crate) settled: tokio::sync::Notify,
}

/// How far the app has come.
#[derive(Default)]
pub(crate) enum Phase {
    /// The core is being opened.
    #[default]
    Opening,
    /// A headless host has the data folder.
    Occupied(HostInfo),
    /// The core could not be opened.
    Failed {
        /// Why.
        error: IpcError,
        /// The page knows; if it asks again, it wants another try.
        told: bool,
    },
    /// The core is open.
    Ready {
        /// The core.
        core: Core,
        /// Its doors; taken out when the app ends.
        host: Option<Host>,
    },
}

impl AppState {
    pub(crate) fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a phase and tells who waits for it.
    pub(crate) fn enter(&self, phase: Phase) {
        *self.phase() = phase;
        self.settled.notify_waiters();
    }

    /// The core, if it is open.
    pub(crate) fn core(&self) -> Result<Core, IpcError> {
        match &*self.phase() {
            Phase::Ready { core, .. } => Ok(core.clone()),
            Phase::Failed { error, .. } => Err(error.clone()),
            Phase::Opening | Phase::Occupied(_) => Err(IpcError::new(
                "not_ready",
                "Paddock has not opened its data folder yet",
                "Try again in a moment.",
            )),
        }
    }

    /// Keeps a link until the page asks for it.
    pub(crate) fn keep_link(&self, link: OpenHub) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(link);
    }

    /// The link that was kept, once.
    pub(crate) fn take_link(&self) -> Option<OpenHub> {
        self.link
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Keeps a file until the page asks for it.
    pub(crate) fn keep_file(&self, path: PathBuf) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.push(path);
    }

    /// The files that were kept, once.
    pub(crate) fn take_files(&self) -> Vec<PathBuf> {
        std::mem::take(&mut *self.files.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Moves the endpoint, at once.
    pub(crate) fn move_endpoint(&self, address: std::net::SocketAddr) {
        if let Phase::Ready {
            host: Some(host), ..
        } = &*self.phase()
        {
            host.move_endpoint(address);
        }
    }

    /// What the page is told; `None` while the core is being opened.
    pub(crate) fn start_up(&self) -> Option<StartUp> {
        match &mut *self.phase() {
            Phase::Opening => None,
            Phase::Occupied(host) => Some(StartUp::Occupied {
                pid: host.pid,
                version: host.version.clone(),
            }),
            Phase::Failed { error, told } => {
                *told = true;
                Some(StartUp::Failed {
                    error: error.clone(),
                })
            }
            Phase::Ready { core, .. } => Some(StartUp::Ready {
                first_run: core.is_first_run(),
            }),
        }
    }

    /// Goes back to the beginning after a failure that the page has been told of. True if the core is to be opened
    /// again.
    pub(crate) fn tries_again(&self) -> bool {
        let mut phase = self.phase();
        let again = matches!(*phase, Phase::Failed { told: true, .. });
        if again {
            *phase = Phase::Opening;
        }
        again
    }
}
