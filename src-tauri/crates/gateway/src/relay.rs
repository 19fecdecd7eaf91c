//! An engine's answer on its way to the client: byte for byte, as it comes.
//!
//! Dropping the relay, which happens when the client goes away, drops the connection to the engine and frees its slot.
//! When the engine goes away first, an event stream ends in a well-formed error event instead of a clean-looking end
//! or silence, and any other answer is broken off so that the client sees that it is not whole.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::StatusCode;
use http::response::Parts;
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use paddock_core::Lease;
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::api_error::ApiError;
use crate::exchange::Exchange;
use crate::upstream::{Answer, Borrowed};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// Any answer of the gateway.
pub(crate) type Body = UnsyncBoxBody<Bytes, BoxError>;

const ENGINE_GONE: (&str, &str) = ("engine_gone", "the model ended in the middle of the answer");
const MODEL_UNLOADED: (&str, &str) = (
    "model_unloaded",
    "the model was unloaded in the middle of the answer",
);

/// Passes an engine's body on.
pub(crate) struct Relay {
    /// What came with the head.
    first: Option<Frame<Bytes>>,
    upstream: Option<(Incoming, Borrowed)>,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    is_event_stream: bool,
    /// The bytes passed on so far end where an event ends.
    between_events: bool,
    exchange: Exchange,
    /// Keeps the model from being ended.
    lease: Lease,
}

impl Relay {
    pub(crate) fn new(
        answer: Answer,
        lease: Lease,
        is_event_stream: bool,
        exchange: Exchange,
    ) -> (Parts, Self) {
        let (parts, body) = answer.response.into_parts();
        let mut relay = Self {
            first: answer.first,
            closing: Box::pin(lease.server().closing().clone().cancelled_owned()),
            upstream: Some((body, answer.connection)),
            is_event_stream,
            between_events: true,
            exchange,
            lease,
        };
        if relay.first.is_none() {
            relay.end_where_it_ends();
        }
        (parts, relay)
    }

    /// Looks at a piece on its way.
    fn pass(&mut self, frame: &Frame<Bytes>) {
        if let Some(data) = frame.data_ref().filter(|data| !data.is_empty()) {
            self.between_events = data.ends_with(b"\n\n");
            self.exchange.passes(data);
        }
        self.end_where_it_ends();
    }

    /// Where the length is known, nobody asks again after the last byte.
    fn end_where_it_ends(&mut self) {
        let is_over =
            |(upstream, _): &(Incoming, Borrowed)| http_body::Body::is_end_stream(upstream);
        if self.upstream.as_ref().is_some_and(is_over) {
            self.end();
        }
    }

    /// Ends the answer because the engine is going or gone.
    fn break_off(&mut self) -> Option<Result<Frame<Bytes>, BoxError>> {
        // An engine that died is closing too, and that can be known before its connection breaks, or after.
        let was_unloaded =
            self.lease.server().closing().is_cancelled() && self.lease.server().error().is_none();
        let (code, message) = if was_unloaded {
            MODEL_UNLOADED
        } else {
            ENGINE_GONE
        };
        self.upstream = None;
        self.exchange.breaks(code);
        if !self.is_event_stream {
            return Some(Err(message.to_owned().into()));
        }
        let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
        let event = error.event(self.exchange.dialect);
        if self.between_events {
            return Some(Ok(Frame::data(event)));
        }
        let mut closed = b"\n\n".to_vec();
        closed.extend_from_slice(&event);
        Some(Ok(Frame::data(closed.into())))
    }

    fn end(&mut self) {
        self.exchange.is_done();
        if let Some((_, connection)) = self.upstream.take() {
            connection.give_back();
        }
    }
}

impl http_body::Body for Relay {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Some(first) = this.first.take() {
            this.pass(&first);
            return Poll::Ready(Some(Ok(first)));
        }
        let Some((upstream, _)) = this.upstream.as_mut() else {
            return Poll::Ready(None);
        };
        // The engine's bytes first: what it already said is delivered before the stop is.
        match Pin::new(upstream).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                this.pass(&frame);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                tracing::info!(%error, "the engine broke off in mid-answer");
                Poll::Ready(this.break_off())
            }
            Poll::Ready(None) => {
                this.end();
                Poll::Ready(None)
            }
            Poll::Pending => {
                ready!(this.closing.as_mut().poll(context));
                Poll::Ready(this.break_off())
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.upstream.is_none()
    }

    /// An answer whose length the engine said is sent with that length.
    fn size_hint(&self) -> http_body::SizeHint {
        let first = self.first.as_ref().and_then(Frame::data_ref);
        let first = first.map_or(0, Bytes::len) as u64;
        let rest = self.upstream.as_ref().map_or_else(
            || http_body::SizeHint::with_exact(0),
            |(upstream, _)| http_body::Body::size_hint(upstream),
        );
        rest.exact()
            .map_or_else(http_body::SizeHint::default, |rest| {
                http_body::SizeHint::with_exact(first + rest)
            })
    }
}
