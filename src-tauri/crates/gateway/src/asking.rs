//! Getting an answer from a model: a lease, loading it if need be, the request, and once more if the engine died
//! without a word.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt;
use paddock_core::{Core, Error, Lease, Server, Wanted};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::api_error::ApiError;
use crate::upstream::{Answer, Lost, Message, Upstream, Upstreams};

/// Between a connection that broke and the news of the engine's end.
const NEWS_WITHIN: Duration = Duration::from_secs(2);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// Asks models. Clones share the connections.
#[derive(Clone)]
pub(crate) struct Asking {
    core: Core,
    /// The host's runtime: a load spawns processes and reads files, which is not for the gateway's thread.
    main: Handle,
    upstreams: Arc<Upstreams>,
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
pub(crate) struct NoAnswer {
    pub(crate) error: ApiError,
    /// The engine died without a word, or gave its place to another: the request may be sent again.
    pub(crate) may_ask_again: bool,
}

enum Lack {
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
            upstreams: Arc::default(),
        }
    }

    /// A lease at once, where the model is ready.
    pub(crate) fn lease_now(&self, target: &Target) -> Option<Lease> {
        let lease = self.core.try_lease(&target.wanted())?;
        (!lease.server().closing().is_cancelled()).then_some(lease)
    }

    /// A lease, as soon as the model can be used. Dropping the future leaves the queue. `died` is how the engine ended
    /// for which this is the successor: where there may be none, that is the news.
    pub(crate) fn lease(
        &self,
        target: &Target,
        died: Option<ApiError>,
    ) -> impl Future<Output = Result<Lease, ApiError>> + Send + use<> {
        let (core, target) = (self.core.clone(), target.clone());
        let waiting = AbortOnDropHandle::new(
            self.main
                .spawn(async move { lease_on_the_living(&core, &target).await }),
        );
        async move {
            let leased = match waiting.await {
                Ok(leased) => leased.map_err(|error| ApiError::of(&error)),
                Err(_) => Err(ApiError::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "shutting_down",
                    "Paddock is ending; try again in a moment",
                )),
            };
            leased.map_err(|refused| match died {
                Some(died) if refused.code == "model_not_loaded" => died,
                _ => refused,
            })
        }
    }

    /// How far a model's load is, 0 to 1.
    pub(crate) fn progress(&self, target: &Target) -> Option<f32> {
        self.core.registry().get(&target.key)?.status().progress
    }

    /// The head of the model's answer.
    pub(crate) async fn ask(
        &self,
        target: &Target,
        message: &Message,
        lease: Lease,
    ) -> Result<(Lease, Answer), NoAnswer> {
        let server = lease.server();
        let (error, may_ask_again) = match self.ask_once(server, message).await {
            Ok(answer) => return Ok((lease, answer)),
            Err(Lack::Gone(reason)) => {
                tracing::info!(key = target.key, reason, "the engine did not answer");
                see_it_end(server).await;
                (engine_gone(), true)
            }
            // What the user ended stays ended; what was loaded anew meanwhile answers.
            Err(Lack::Unloaded) => (model_unloaded(), self.is_replaced(server)),
        };
        Err(NoAnswer {
            error,
            may_ask_again,
        })
    }

    fn is_replaced(&self, server: &Server) -> bool {
        let current = self.core.registry().get(&server.spec().key);
        current.is_some_and(|current| {
            current.api_key() != server.api_key() && !current.closing().is_cancelled()
        })
    }

    async fn ask_once(&self, server: &Server, message: &Message) -> Result<Answer, Lack> {
        let gone = |lost: Lost| {
            if server.closing().is_cancelled() && server.error().is_none() {
                Lack::Unloaded
            } else {
                Lack::Gone(lost.to_string())
            }
        };
        let upstream = self.upstreams.of(server).map_err(gone)?;
        tokio::select! {
            biased;
            answer = begin(&upstream, message) => answer.map_err(gone),
            // A request that has no answer yet must not hold the engine's end up.
            () = server.closing().cancelled() => Err(match server.error() {
                Some(error) => Lack::Gone(error.to_string()),
                None => Lack::Unloaded,
            }),
        }
    }
}

/// Waits for the first byte after the head too: an engine that dies between them has said nothing, and can be asked
/// again. It writes both in one go, except where it dies.
async fn begin(upstream: &Arc<Upstream>, message: &Message) -> Result<Answer, Lost> {
    let mut answer = upstream.send(message).await?;
    answer.first = answer.response.body_mut().frame().await.transpose()?;
    Ok(answer)
}

/// Waits for the news of an engine's end: a lease before that would be one on the dead. One that lives on behind a
/// closed door is ended: told to end by somebody else (`kill`, a guard of the machine's memory), llama-server takes no
/// connections any more, and waits for its standard input to close.
async fn see_it_end(server: &Server) {
    let news = || timeout(NEWS_WITHIN, server.closing().cancelled());
    if news().await.is_err() && server.refuses_connections().await {
        tracing::warn!(
            key = server.spec().key,
            "the engine lives and takes no connections"
        );
        server.give_up_on();
        let _ = news().await;
    }
}

/// An engine's end is known by its own signal a moment before whoever gives leases heard of it.
async fn lease_on_the_living(core: &Core, target: &Target) -> Result<Lease, Error> {
    let deadline = Instant::now() + NEWS_WITHIN;
    loop {
        let lease = core.lease(&target.wanted()).await?;
        if !lease.server().closing().is_cancelled() || Instant::now() > deadline {
            return Ok(lease);
        }
        drop(lease);
        sleep(LOOK_AGAIN_AFTER).await;
    }
}

/// Told where the request was asked again in vain, or cannot be: it may be what ends the engine, and a client that goes
/// on by itself would take the model from everybody.
fn engine_gone() -> ApiError {
    ApiError::new(
        StatusCode::BAD_GATEWAY,
        "engine_gone",
        "the model ended before it answered",
    )
}

/// Not to be asked again by itself: the official clients would have the model back a second after the user ended it.
fn model_unloaded() -> ApiError {
    ApiError {
        retry_after: None,
        ..ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "model_unloaded",
            "the model was unloaded before it answered",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_error::Dialect;

    /// The official clients ask again twice on any 5xx that does not forbid it: what the user ended would be loaded
    /// again, and what ended the engine twice would go on to do so.
    #[test]
    fn what_the_user_or_a_crash_ended_is_not_asked_for_again() {
        for error in [engine_gone(), model_unloaded()] {
            let response = error.response(Dialect::OpenAi);
            assert_eq!(response.headers()["x-should-retry"], "false");
            assert!(!response.headers().contains_key("retry-after"));
        }
    }
}
