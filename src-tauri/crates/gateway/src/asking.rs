//! Getting an answer from a model: a lease, loading it if need be, the request, and once more if the engine died
//! without a word.

use std::future::Future;
use std::time::Duration;

use http::StatusCode;
use paddock_core::{Core, Lease, Server, Wanted};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::api_error::ApiError;
use crate::upstream::{Answer, Lost, Message, Upstreams};

/// Between a connection that broke and the news of the engine's end.
const NEWS_WITHIN: Duration = Duration::from_secs(2);

/// Asks models. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Asking {
    core: Core,
    /// The host's runtime: a load spawns processes and reads files, which is not for the gateway's thread.
    main: Handle,
    upstreams: std::sync::Arc<Upstreams>,
}

/// Which model, and how long it stays.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) key: String,
    pub(crate) ttl_seconds: Option<i64>,
}

impl Target {
    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            key: &self.key,
            ttl_seconds: self.ttl_seconds,
        }
    }
}

/// Why there is no answer.
enum NoAnswer {
    /// The engine died, or its connection did.
    Gone(String),
    /// It was told to end.
    Unloaded,
}

impl Asking {
    pub(crate) fn new(core: Core, main: Handle) -> Self {
        Self {
            core,
            main,
            upstreams: std::sync::Arc::default(),
        }
    }

    /// A lease at once, where the model is ready.
    pub(crate) fn lease_now(&self, target: &Target) -> Option<Lease> {
        self.core.try_lease(&target.wanted())
    }

    /// A lease, as soon as the model can be used. Dropping the future leaves the queue.
    pub(crate) fn lease(
        &self,
        target: &Target,
    ) -> impl Future<Output = Result<Lease, ApiError>> + Send + use<> {
        let (core, target) = (self.core.clone(), target.clone());
        let waiting = AbortOnDropHandle::new(
            self.main
                .spawn(async move { core.lease(&target.wanted()).await }),
        );
        async move {
            match waiting.await {
                Ok(leased) => leased.map_err(|error| ApiError::of(&error)),
                Err(_) => Err(ApiError::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "shutting_down",
                    "Paddock is ending; try again in a moment",
                )),
            }
        }
    }

    /// How far a model's load is, 0 to 1.
    pub(crate) fn progress(&self, target: &Target) -> Option<f32> {
        self.core.registry().get(&target.key)?.status().progress
    }

    /// The head of the model's answer. A request that had no byte of one when the engine died is asked once more.
    pub(crate) async fn ask(
        &self,
        target: &Target,
        message: &Message,
        mut lease: Lease,
    ) -> Result<(Lease, Answer), ApiError> {
        let mut is_again = false;
        loop {
            let died = match self.ask_once(lease.server(), message).await {
                Ok(answer) => return Ok((lease, answer)),
                Err(no_answer) => no_answer,
            };
            let error = match died {
                NoAnswer::Gone(reason) => {
                    tracing::info!(key = target.key, reason, "the engine did not answer");
                    if !is_again {
                        let closing = lease.server().closing().clone();
                        let _ = timeout(NEWS_WITHIN, closing.cancelled()).await;
                    }
                    engine_gone()
                }
                // What the user ended stays ended; what was loaded anew meanwhile answers.
                NoAnswer::Unloaded if self.is_replaced(lease.server()) => model_unloaded(),
                NoAnswer::Unloaded => return Err(model_unloaded()),
            };
            drop(lease);
            if is_again {
                return Err(error);
            }
            is_again = true;
            lease = match self.lease(target).await {
                Ok(lease) => lease,
                // Not loaded any more, and nobody may load it: how it went is the news.
                Err(refused) if refused.code == "model_not_loaded" => return Err(error),
                Err(refused) => return Err(refused),
            };
        }
    }

    fn is_replaced(&self, server: &Server) -> bool {
        let current = self.core.registry().get(&server.spec().key);
        current.is_some_and(|current| {
            current.api_key() != server.api_key() && !current.closing().is_cancelled()
        })
    }

    async fn ask_once(&self, server: &Server, message: &Message) -> Result<Answer, NoAnswer> {
        let gone = |lost: Lost| {
            if server.closing().is_cancelled() && server.error().is_none() {
                NoAnswer::Unloaded
            } else {
                NoAnswer::Gone(lost.to_string())
            }
        };
        let upstream = self.upstreams.of(server).map_err(gone)?;
        tokio::select! {
            biased;
            answer = upstream.send(message) => answer.map_err(gone),
            // A request that has no answer yet must not hold the engine's end up.
            () = server.closing().cancelled() => Err(match server.error() {
                Some(error) => NoAnswer::Gone(error.to_string()),
                None => NoAnswer::Unloaded,
            }),
        }
    }
}

fn engine_gone() -> ApiError {
    ApiError {
        retry_after: Some(1),
        ..ApiError::new(
            StatusCode::BAD_GATEWAY,
            "engine_gone",
            "the model ended before it answered",
        )
    }
}

fn model_unloaded() -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "model_unloaded",
        "the model was unloaded before it answered",
    )
}
