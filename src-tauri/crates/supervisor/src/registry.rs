//! All servers of one host, by key. Which of them may run beside which is the core's to say.
//!
//! Every decision is made under a lock that is held for no longer than the decision: what has to be waited for, the
//! predecessor's end, the newcomer waits for in its own task.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::error::StartError;
use crate::launch::LaunchSpec;
use crate::server::{Server, StopOutcome};
use crate::state::{ServerState, ServerStatus};
use crate::surroundings::Surroundings;

/// The servers of one host.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

struct Inner {
    servers: Mutex<BTreeMap<String, Server>>,
    surroundings: Surroundings,
    revision: Arc<watch::Sender<u64>>,
}

impl Registry {
    /// An empty registry.
    #[must_use]
    pub fn new(surroundings: Surroundings) -> Self {
        let inner = Inner {
            servers: Mutex::new(BTreeMap::new()),
            surroundings,
            revision: Arc::new(watch::Sender::new(0)),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    fn servers(&self) -> MutexGuard<'_, BTreeMap<String, Server>> {
        self.inner
            .servers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the server, or returns the one that already runs with the same arguments. One with other arguments is
    /// replaced: it ends before the newcomer is spawned, and only after the newcomer passed its checks.
    ///
    /// # Errors
    /// What [`LaunchSpec::check`] refuses. What goes wrong later is in [`Server::ready`].
    pub fn start(&self, spec: LaunchSpec) -> Result<Server, StartError> {
        spec.check()?;
        let mut servers = self.servers();
        if let Some(current) = servers.get(&spec.key)
            && matches!(
                current.status().state,
                ServerState::Starting | ServerState::Ready
            )
            && !current.closing().is_cancelled()
            && *current.spec() == spec
            && !current.has_just_died()
        {
            return Ok(current.clone());
        }
        let predecessor = servers.get(&spec.key).cloned();
        if let Some(predecessor) = &predecessor {
            // Clients let go now; the wait for the end is the newcomer's.
            predecessor.closing().cancel();
        }
        let revision = Arc::clone(&self.inner.revision);
        let on_change = Arc::new(move || revision.send_modify(|revision| *revision += 1));
        let key = spec.key.clone();
        let server = Server::start(
            spec,
            self.inner.surroundings.clone(),
            predecessor,
            on_change,
        );
        servers.insert(key, server.clone());
        drop(servers);
        self.changed();
        Ok(server)
    }

    /// Stops a server and forgets it, failed ones too. Not an error if there is none.
    pub async fn stop(&self, key: &str) -> StopOutcome {
        let Some(server) = self.servers().get(key).cloned() else {
            return StopOutcome::NotRunning;
        };
        let outcome = server.stop().await;
        self.forget(&server);
        outcome
    }

    /// Stops this very server and forgets it; a newer one under the same key stays.
    pub async fn end(&self, server: &Server) -> StopOutcome {
        let outcome = server.stop().await;
        self.forget(server);
        outcome
    }

    /// Stops all servers at once.
    pub async fn stop_all(&self) -> Vec<String> {
        let servers: Vec<Server> = self.servers().values().cloned().collect();
        for server in &servers {
            server.closing().cancel();
        }
        let mut stopped = Vec::new();
        for server in servers {
            if server.stop().await == StopOutcome::Stopped
                || server.status().state == ServerState::Stopped
            {
                stopped.push(server.spec().key.clone());
            }
            self.forget(&server);
        }
        stopped
    }

    /// Removes this very server; a newer one under the same key stays.
    fn forget(&self, server: &Server) {
        let mut servers = self.servers();
        let key = &server.spec().key;
        if servers
            .get(key)
            .is_some_and(|current| current.is(server) && current.status().state.is_final())
        {
            servers.remove(key);
        }
        drop(servers);
        self.changed();
    }

    /// The server of a key, in whatever state.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Server> {
        self.servers().get(key).cloned()
    }

    /// Servers that are starting, ready, stopping or failed.
    #[must_use]
    pub fn list(&self) -> Vec<Server> {
        self.servers()
            .values()
            .filter(|server| server.status().state != ServerState::Stopped)
            .cloned()
            .collect()
    }

    /// Their statuses.
    #[must_use]
    pub fn statuses(&self) -> Vec<ServerStatus> {
        self.list().iter().map(Server::status).collect()
    }

    /// A number that grows whenever a status changes.
    #[must_use]
    pub fn revision(&self) -> watch::Receiver<u64> {
        self.inner.revision.subscribe()
    }

    /// Something that is shown with the servers changed.
    pub fn touch(&self) {
        self.changed();
    }

    fn changed(&self) {
        self.inner.revision.send_modify(|revision| *revision += 1);
    }
}

#[cfg(test)]
#[path = "registry_model_tests.rs"]
mod model_tests;
