//! What goes on: the status as it changes, and the engines' logs.

use std::convert::Infallible;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::StreamExt;
use futures_util::stream::{self, Stream};
use paddock_core::Core;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Context, Failure, engines, hub};

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/api/v1/events", get(events))
        .route("/api/v1/logs", get(logs))
}

/// The status now, and again whenever something changes; the downloads and the engines likewise.
async fn events(
    State(context): State<Context>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    struct Watching {
        core: Core,
        revision: watch::Receiver<u64>,
        endpoint: watch::Receiver<paddock_core::EndpointState>,
        stop: CancellationToken,
    }
    let mut revision = context.core.registry().revision();
    revision.mark_changed();
    let endpoint = context.core.endpoint().subscribe();
    let downloads = hub::events(context.core.clone(), context.stop.clone());
    let engines = engines::events(&context.core, context.stop.clone());
    let watching = Watching {
        core: context.core,
        revision,
        endpoint,
        stop: context.stop,
    };
    let stream = stream::unfold(watching, |mut watching| async move {
        tokio::select! {
            changed = watching.revision.changed() => changed.ok()?,
            changed = watching.endpoint.changed() => changed.ok()?,
            () = watching.stop.cancelled() => return None,
        }
        let data = json!(watching.core.host_status()).to_string();
        Some((Ok(Event::default().event("status").data(data)), watching))
    });
    let beside = stream::select(downloads, engines);
    Sse::new(stream::select(stream, beside)).keep_alive(KeepAlive::default())
}

#[derive(Deserialize)]
struct LogQuery {
    model: Option<String>,
    #[serde(default)]
    follow: bool,
}

/// The engine's log, a line each; with `follow`, what comes too.
async fn logs(
    State(context): State<Context>,
    Query(query): Query<LogQuery>,
) -> Result<Response, Failure> {
    let log = context.core.engine_log(query.model.as_deref()).await?;
    let (lines, live) = log.follow();
    let past = lines
        .into_iter()
        .fold(String::new(), |text, line| text + &line + "\n");
    if !query.follow {
        return Ok(past.into_response());
    }
    let first = stream::once(async move { Ok::<_, Infallible>(past) });
    let rest = stream::unfold((live, context.stop), |(mut live, stop)| async move {
        loop {
            tokio::select! {
                line = live.recv() => match line {
                    Ok(line) => return Some((Ok(line + "\n"), (live, stop))),
                    // A slow reader misses lines rather than holding the engine up.
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return None,
                },
                () = stop.cancelled() => return None,
            }
        }
    });
    Ok(axum::body::Body::from_stream(first.chain(rest)).into_response())
}
