//! A stream whose model is still loading: its client hears comments instead of silence, then the engine's own bytes.
//!
//! Clients give up on silence, not on slowness, and every parser of server-sent events passes comments over. Once the
//! head is out, whatever goes wrong is told as an event.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use paddock_core::Lease;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::api_error::ApiError;
use crate::asking::{Asking, Target};
use crate::exchange::Exchange;
use crate::relay::{Body, BoxError, Relay};
use crate::upstream::{Answer, Message};

/// A client that waits for no longer than this gets the engine's own head.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
/// How often it hears something after that.
const COMMENT_EVERY: Duration = Duration::from_secs(2);
/// An engine's error is no longer than this.
const LONGEST_ERROR: usize = 64 << 10;

type Pieces = mpsc::Sender<Result<Frame<Bytes>, BoxError>>;

/// The answer's head now, and its body as it comes about.
pub(crate) fn stream(
    asking: Asking,
    target: Target,
    message: Message,
    waiting: impl Future<Output = Result<Lease, ApiError>> + Send + 'static,
    may_ask_again: bool,
    mut exchange: Exchange,
) -> Response<Body> {
    exchange.answers(StatusCode::OK.as_u16(), true);
    let (pieces, received) = mpsc::channel(1);
    tokio::spawn(async move {
        tokio::select! {
            // The client went away; what was begun is dropped with it.
            () = pieces.closed() => {}
            () = async {
                let waited = Waited { asking: &asking, target: &target, message: &message, pieces: &pieces };
                waited.drive(waiting, may_ask_again, exchange).await;
            } => {}
        }
    });
    let body = futures_util::stream::unfold(received, |mut received| async move {
        Some((received.recv().await?, received))
    });
    let mut response = Response::new(StreamBody::new(body).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// A request, and where its client listens.
struct Waited<'a> {
    asking: &'a Asking,
    target: &'a Target,
    message: &'a Message,
    pieces: &'a Pieces,
}

impl Waited<'_> {
    async fn drive(
        &self,
        waiting: impl Future<Output = Result<Lease, ApiError>>,
        may_ask_again: bool,
        mut exchange: Exchange,
    ) {
        let (lease, answer) = match self.answer(waiting, may_ask_again).await {
            Ok(answered) => answered,
            Err(error) => return self.end(exchange, &error).await,
        };
        exchange.waits(false);
        let is_stream = is_event_stream(answer.response.headers());
        if !answer.response.status().is_success() || !is_stream {
            let error = engines_error(answer).await;
            return self.end(exchange, &error).await;
        }
        let (_, mut relay) = Relay::new(answer, lease, true, exchange);
        while let Some(piece) = relay.frame().await {
            if self.pieces.send(piece).await.is_err() {
                return;
            }
        }
    }

    async fn answer(
        &self,
        waiting: impl Future<Output = Result<Lease, ApiError>>,
        mut may_ask_again: bool,
    ) -> Result<(Lease, Answer), ApiError> {
        let mut lease = self.comment_until(waiting).await?;
        loop {
            let asked = self.asking.ask(self.target, self.message, lease);
            match self.comment_until(asked).await {
                Ok(answered) => return Ok(answered),
                Err(lack) if lack.may_ask_again && may_ask_again => {
                    may_ask_again = false;
                    let waiting = self.asking.lease(self.target, Some(lack.error));
                    lease = self.comment_until(waiting).await?;
                }
                Err(lack) => return Err(lack.error),
            }
        }
    }

    /// Waits for something, with a comment every now and then.
    async fn comment_until<T>(&self, wanted: impl Future<Output = T>) -> T {
        let mut wanted = std::pin::pin!(wanted);
        let mut ticks = interval(COMMENT_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                value = &mut wanted => return value,
                _ = ticks.tick() => {
                    let comment = comment(&self.target.key, self.asking.progress(self.target));
                    let _ = self.pieces.send(Ok(Frame::data(comment))).await;
                }
            }
        }
    }

    async fn end(&self, mut exchange: Exchange, error: &ApiError) {
        exchange.breaks(&error.code);
        let event = error.event(exchange.dialect);
        let _ = self.pieces.send(Ok(Frame::data(event))).await;
    }
}

fn comment(key: &str, progress: Option<f32>) -> Bytes {
    let share = progress.map_or_else(String::new, |share| format!(" {:.0}%", share * 100.0));
    Bytes::from(format!(": loading {key}{share}\n\n"))
}

/// What the engine answered in place of a stream, as an error that can be told in one.
async fn engines_error(answer: Answer) -> ApiError {
    let (parts, rest) = answer.response.into_parts();
    let status = parts.status;
    let first = answer.first.and_then(|frame| frame.into_data().ok());
    let mut text = first.unwrap_or_default().to_vec();
    let rest = http_body_util::Limited::new(rest, LONGEST_ERROR);
    if let Ok(Ok(rest)) = timeout(COMMENT_EVERY, rest.collect()).await {
        text.extend_from_slice(&rest.to_bytes());
    }
    let said = serde_json::from_slice::<serde_json::Value>(&text).ok();
    let message = said
        .as_ref()
        .and_then(|said| said["error"]["message"].as_str())
        .map_or_else(|| format!("the engine answered {status}"), str::to_owned);
    let status = if status.is_success() {
        StatusCode::BAD_GATEWAY
    } else {
        status
    };
    ApiError::new(status, "engine_refused", message)
}

pub(crate) fn is_event_stream(headers: &http::HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_one_that_parsers_pass_over() {
        assert_eq!(comment("local/a", Some(0.416)), ": loading local/a 42%\n\n");
        assert_eq!(comment("local/a", None), ": loading local/a\n\n");
    }
}
