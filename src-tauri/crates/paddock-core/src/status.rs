//! What runs, as everyone sees it. A snapshot: it reads no network and waits for nobody.

use std::path::PathBuf;

use load_params::LoadParams;
use serde::Serialize;
use supervisor::{Failure, Server, ServerState, ServerStatus};
use tokio::time::Instant;

use crate::core::Core;
use crate::measured_memory::Placement;
use crate::run::memory;
use crate::schedule::scheduler::Guarded;
use crate::schedule::state::{Phase, Slot};

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
    /// Where it is, as predicted and measured; none until it is ready.
    pub placement: Option<Placement>,
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
    pub data_dir: PathBuf,
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
    /// The models that are starting, ready, stopping or failed; those that wait for room too.
    #[must_use]
    pub fn model_statuses(&self) -> Vec<ModelStatus> {
        let servers = self.registry().list();
        let mut statuses: Vec<ModelStatus> = servers
            .iter()
            .map(|server| self.status_of(server))
            .collect();
        let waiting = self.inner.scheduler.shared.lock().waiting_for_room();
        for (key, model_path) in waiting {
            if statuses.iter().all(|status| status.server.key != key) {
                statuses.push(self.with_schedule(waiting_status(key, model_path)));
            }
        }
        statuses.sort_by(|one, other| one.server.key.cmp(&other.server.key));
        statuses
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
        self.with_schedule(server.status())
    }

    fn with_schedule(&self, mut status: ServerStatus) -> ModelStatus {
        let settings = self.settings();
        let entry = settings.models.get(&status.key);
        let mut guarded = self.inner.scheduler.shared.lock();
        let slot = guarded.state.slot(&status.key, Instant::now());
        if slot.is_coming() && status.state.is_final() {
            status.state = ServerState::Starting;
            status.running = true;
            status.error = None;
        } else if let (Some(broken), ServerState::Failed) = (&slot.broken, status.state) {
            status.error = Some(Failure {
                code: broken.code().to_owned(),
                message: broken.to_string(),
                hint: broken.hint(),
                log_tail: broken.details(),
            });
        }
        let is_ready = status.state == ServerState::Ready;
        let is_idle = is_ready && slot.in_flight == 0;
        let known = self.inner.plans.of(&status.key);
        ModelStatus {
            endpoint: is_ready.then(|| self.endpoint().borrow().url.clone()),
            memory: MemoryUse {
                predicted_bytes: known.as_ref().and_then(|known| known.predicted_bytes),
                measured_bytes: status.pid.and_then(memory::of_process),
            },
            params: known.map(|known| known.effective).unwrap_or_default(),
            requests_in_flight: slot.in_flight,
            requests_waiting: slot.waiting.len(),
            idle_since: is_idle.then_some(slot.idle_since),
            ttl_seconds: slot.ttl(&settings),
            keep_loaded: entry.is_some_and(|entry| entry.keep_loaded),
            loaded_on_demand: !slot.by_user,
            waiting_for_room: slot.queued.is_some(),
            making_room: slot.draining,
            placement: self.inner.estimates.placement_of(&status.key),
            restarts: slot.counts.restarts,
            last_crash: slot.last_crash.clone(),
            server: status,
        }
    }
}

/// A model that has no server yet, because it waits for another to end.
fn waiting_status(key: String, model_path: PathBuf) -> ServerStatus {
    ServerStatus {
        key,
        state: ServerState::Starting,
        running: true,
        server_url: None,
        model_path,
        pid: None,
        progress: None,
        error: None,
        started_at: None,
    }
}

impl Guarded {
    /// Loads that have no server, and the models' files.
    fn waiting_for_room(&self) -> Vec<(String, PathBuf)> {
        let slots = self.state.slots.iter();
        slots
            .filter(|(_, slot)| slot.is_coming())
            .filter_map(|(key, _)| {
                let load = self.loads.get(key)?;
                Some((key.clone(), load.plan.spec.model_path.clone()))
            })
            .collect()
    }
}

impl<S> Slot<S> {
    /// It is to be started: it waits for room, for what makes room to end, or for its pause after a crash to be over.
    fn is_coming(&self) -> bool {
        self.queued.is_some() || matches!(self.phase, Phase::Starting | Phase::BackOff { .. })
    }
}
