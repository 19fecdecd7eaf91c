//! What a request holds while a model answers it.

use std::sync::Arc;

use supervisor::Server;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::core::Core;
use crate::error::Error;
use crate::schedule::state::{Grant, Place, Turn};

/// Keeps a model from being ended while a request is answered; dropping it ends the count.
pub struct Lease {
    grant: Grant<Server>,
    core: Core,
}

impl Lease {
    /// The server that answers.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.grant.server
    }

    /// The model's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.grant.key
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.core.give_back(&self.grant);
    }
}

/// What a request asks for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The model's key, from [`Core::route`].
    pub key: &'a str,
    /// Seconds without a request after which the model ends: 0 at once, -1 never. `None` leaves it as it is.
    pub ttl_seconds: Option<i64>,
}

impl Core {
    /// A lease at once where the model is ready and may be used now: a short lock, and no waiting.
    #[must_use]
    pub fn try_lease(&self, wanted: &Wanted<'_>) -> Option<Lease> {
        let mut guarded = self.inner.scheduler.shared.lock();
        let grant = guarded.state.try_take(wanted.key, wanted.ttl_seconds)?;
        drop(guarded);
        Some(self.lease_of(grant))
    }

    /// Waits until the model can be used, and loads it if need be, with what is saved for it. Requests for one model are
    /// served in the order in which they came. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// `queue_full`, `model_not_loaded`, `no_room`, `crash_loop`, `shutting_down`, and what loading refuses: all who
    /// waited for a load that failed get the same.
    pub async fn lease(&self, wanted: &Wanted<'_>) -> Result<Lease, Error> {
        self.start_scheduling();
        let place = {
            let settings = self.settings();
            let mut guarded = self.inner.scheduler.shared.lock();
            let (key, ttl) = (wanted.key, wanted.ttl_seconds);
            guarded.state.take(key, ttl, &settings, Instant::now())?
        };
        let (id, turn) = match place {
            Place::Now(grant) => return Ok(self.lease_of(grant)),
            Place::Later(id, turn) => (id, turn),
        };
        self.inner.scheduler.shared.look_again();
        let mut waiting = Waiting {
            core: self,
            key: wanted.key,
            id,
            turn: Some(turn),
        };
        waiting.turn().await
    }

    fn lease_of(&self, grant: Grant<Server>) -> Lease {
        Lease {
            grant,
            core: self.clone(),
        }
    }

    fn give_back(&self, grant: &Grant<Server>) {
        let settings = self.settings();
        let shared = &self.inner.scheduler.shared;
        let matters = {
            let mut guarded = shared.lock();
            let now = Instant::now();
            guarded
                .state
                .give_back(&grant.key, grant.generation, &settings, now)
        };
        if matters {
            shared.look_again();
        }
    }

    pub(crate) fn loaded_keys(&self) -> Vec<String> {
        self.inner.scheduler.shared.lock().state.loaded()
    }
}

/// A request in the queue; dropping it leaves.
struct Waiting<'a> {
    core: &'a Core,
    key: &'a str,
    id: u64,
    turn: Option<oneshot::Receiver<Turn<Server>>>,
}

impl Waiting<'_> {
    async fn turn(&mut self) -> Result<Lease, Error> {
        let Some(turn) = self.turn.as_mut() else {
            return Err(Error::ShuttingDown);
        };
        let told = turn.await;
        self.turn = None;
        match told {
            Ok(Ok(grant)) => Ok(self.core.lease_of(grant)),
            Ok(Err(error)) => Err(Error::shared(&error)),
            Err(_) => Err(Error::ShuttingDown),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Some(mut turn) = self.turn.take() else {
            return;
        };
        let shared = Arc::clone(&self.core.inner.scheduler.shared);
        let waited = shared.lock().state.leave(self.key, self.id);
        if waited {
            shared.look_again();
        } else if let Ok(Ok(grant)) = turn.try_recv() {
            // It had its turn, and nobody was there to hear of it.
            drop(self.core.lease_of(grant));
        }
    }
}
