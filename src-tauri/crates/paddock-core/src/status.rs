//! What runs, as everyone sees it. A snapshot: it reads no network and waits for nobody.

use load_params::LoadParams;
use serde::Serialize;
use supervisor::{Failure, Server, ServerStatus};

use crate::core::Core;
use crate::run::memory;

/// How an engine ended while it was serving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CrashReport {
    /// Code, message, hint, log tail.
    #[serde(flatten)]
    pub failure: Failure,
    /// When, milliseconds since the epoch.
    pub at: u64,
}

/// Memory of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryUse {
    /// Weights and KV cache by the file's header, in bytes.
    pub predicted_bytes: Option<u64>,
    /// RAM that the engine holds now, in bytes.
    pub measured_bytes: Option<u64>,
}

/// A model that is starting, ready, stopping or failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelStatus {
    /// State, pid, path, progress, error.
    #[serde(flatten)]
    pub server: ServerStatus,
    /// Where clients reach it: the gateway. Only while it is ready.
    pub endpoint: Option<String>,
    /// Predicted and measured.
    pub memory: MemoryUse,
    /// What it was started with.
    pub params: LoadParams,
    /// Requests that are being answered.
    pub requests_in_flight: usize,
    /// Requests that wait for it: while it loads, or while it makes room for another.
    pub requests_waiting: usize,
    /// Since when nobody uses it, milliseconds since the epoch; none while somebody does.
    pub idle_since: Option<u64>,
    /// Seconds without a request after which it ends: 0 at once, -1 never.
    pub ttl_seconds: i64,
    /// It is never ended to make room for another, and not when it is idle.
    pub keep_loaded: bool,
    /// It was a request that loaded it, and not the user.
    pub loaded_on_demand: bool,
    /// It is to be loaded, and waits for another's memory.
    pub waiting_for_room: bool,
    /// Its last requests are being answered; then it makes room for another.
    pub making_room: bool,
    /// How often it was started again after a crash.
    pub restarts: u64,
    /// Its last crash, also after it was started again.
    pub last_crash: Option<CrashReport>,
}

/// The host as a whole.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostStatus {
    /// There is a host; what answers otherwise says `false`.
    pub running: bool,
    /// The host's own pid.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// The data folder.
    pub data_dir: std::path::PathBuf,
    /// The stable endpoint: `http://127.0.0.1:8421`.
    pub endpoint: String,
    /// Whether it is being listened on.
    pub listening: bool,
    /// Why not.
    pub endpoint_error: Option<String>,
    /// Bytes that new programs can have.
    pub memory_available_bytes: u64,
    /// Bytes of RAM there are.
    pub memory_total_bytes: u64,
    /// The models.
    pub models: Vec<ModelStatus>,
}

impl Core {
    /// The models that are starting, ready, stopping or failed.
    #[must_use]
    pub fn model_statuses(&self) -> Vec<ModelStatus> {
        self.registry()
            .list()
            .iter()
            .map(|server| self.status_of(server))
            .collect()
    }

    /// The host and its models.
    #[must_use]
    pub fn host_status(&self) -> HostStatus {
        let (memory_available_bytes, memory_total_bytes) = memory::of_machine();
        let endpoint = self.endpoint().borrow().clone();
        HostStatus {
            running: true,
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir: self.data().root().to_owned(),
            endpoint: endpoint.url,
            listening: endpoint.listening,
            endpoint_error: endpoint.error,
            memory_available_bytes,
            memory_total_bytes,
            models: self.model_statuses(),
        }
    }

    pub(crate) fn status_of(&self, server: &Server) -> ModelStatus {
        let status = server.status();
        let known = self.inner.plans.of(&status.key);
        ModelStatus {
            endpoint: (status.state == supervisor::ServerState::Ready)
                .then(|| self.endpoint().borrow().url.clone()),
            memory: MemoryUse {
                predicted_bytes: known.as_ref().and_then(|known| known.predicted_bytes),
                measured_bytes: status.pid.and_then(memory::of_process),
            },
            params: known.map(|known| known.effective).unwrap_or_default(),
            requests_in_flight: 0,
            requests_waiting: 0,
            idle_since: None,
            ttl_seconds: -1,
            keep_loaded: false,
            loaded_on_demand: false,
            waiting_for_room: false,
            making_room: false,
            restarts: 0,
            last_crash: None,
            server: status,
        }
    }
}
