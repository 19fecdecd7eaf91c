//! What a request holds while a model answers it.

use supervisor::{Server, ServerState};

use crate::core::Core;
use crate::error::Error;
use crate::load_model::LoadRequest;

/// Keeps a model from being ended while a request is answered; dropping it ends the count.
pub struct Lease {
    server: Server,
    key: String,
}

impl Lease {
    /// The server that answers.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The model's key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
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
    /// A lease at once where the model is ready and may be used now.
    #[must_use]
    pub fn try_lease(&self, wanted: &Wanted<'_>) -> Option<Lease> {
        let server = self.registry().get(wanted.key)?;
        (server.status().state == ServerState::Ready).then(|| Lease {
            server,
            key: wanted.key.to_owned(),
        })
    }

    /// Waits until the model can be used, and loads it if need be. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// `queue_full`, `model_not_loaded`, `no_room`, `crash_loop`, `shutting_down`, and what loading refuses.
    pub async fn lease(&self, wanted: &Wanted<'_>) -> Result<Lease, Error> {
        let request = LoadRequest {
            model: wanted.key.to_owned(),
            overrides: load_params::LoadParams::default(),
            unsupported: load_params::Unsupported::Refuse,
            ttl_seconds: wanted.ttl_seconds,
        };
        self.load_model(&request).await?;
        self.try_lease(wanted).ok_or(Error::ShuttingDown)
    }

    pub(crate) fn loaded_keys(&self) -> Vec<String> {
        let servers = self.registry().list();
        let running = servers.iter().filter(|server| server.status().running);
        running.map(|server| server.spec().key.clone()).collect()
    }
}
