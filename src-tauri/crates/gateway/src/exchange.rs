//! One request from its arrival to the last byte of its answer: counted, measured, and written to the log at its end,
//! whatever the end is.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Response};
use paddock_core::milliseconds_since_epoch;

use crate::api_error::{ApiError, Dialect};
use crate::connections::Busy;
use crate::in_flight::Ticket;
use crate::meters::{Meters, ModelMeter};
use crate::relay::Body;
use crate::request_log::{Line, RequestLog};
use crate::sniff::Sniffer;
use crate::time::iso_8601;

/// A path in the log is no longer than this.
const LONGEST_PATH: usize = 200;

/// A request that is being answered.
pub(crate) struct Exchange {
    meters: Meters,
    meter: Arc<ModelMeter>,
    log: Option<RequestLog>,
    began: Instant,
    method: Method,
    path: String,
    label: &'static str,
    pub(crate) dialect: Dialect,
    status: u16,
    bytes: u64,
    sniffer: Sniffer,
    is_event_stream: bool,
    first_token: Option<Duration>,
    is_waiting: bool,
    /// Whether the last byte was said; else its client went away.
    is_whole: bool,
    ended: Option<String>,
    _ticket: Ticket,
    _busy: Busy,
}

impl Exchange {
    #[allow(clippy::too_many_arguments)] // Each is one thing, and it is made in one place.
    pub(crate) fn new(
        meters: Meters,
        log: Option<RequestLog>,
        method: Method,
        path: &str,
        label: &'static str,
        ticket: Ticket,
        busy: Busy,
    ) -> Self {
        let meter = meters.other();
        meter.in_flight.fetch_add(1, Relaxed);
        meters.moved();
        Self {
            meters,
            meter,
            log,
            began: Instant::now(),
            method,
            // A path is ASCII.
            path: path.get(..LONGEST_PATH).unwrap_or(path).to_owned(),
            label,
            dialect: Dialect::of(path),
            status: 0,
            bytes: 0,
            sniffer: Sniffer::default(),
            is_event_stream: false,
            first_token: None,
            is_waiting: false,
            is_whole: false,
            ended: None,
            _ticket: ticket,
            _busy: busy,
        }
    }

    /// It is a model's.
    pub(crate) fn concerns(&mut self, key: &str) {
        self.meter.in_flight.fetch_sub(1, Relaxed);
        self.meter = self.meters.of(key);
        self.meter.in_flight.fetch_add(1, Relaxed);
    }

    /// It waits for its model, or does no more.
    pub(crate) fn waits(&mut self, is_waiting: bool) {
        match (self.is_waiting, is_waiting) {
            (false, true) => drop(self.meter.waiting.fetch_add(1, Relaxed)),
            (true, false) => drop(self.meter.waiting.fetch_sub(1, Relaxed)),
            _ => {}
        }
        self.is_waiting = is_waiting;
    }

    /// The head of the answer.
    pub(crate) fn answers(&mut self, status: u16, is_event_stream: bool) {
        self.status = status;
        self.is_event_stream = is_event_stream;
    }

    /// A piece of the answer, as the engine said it.
    pub(crate) fn passes(&mut self, data: &Bytes) {
        self.bytes += data.len() as u64;
        let events = self.sniffer.see(data, self.is_event_stream);
        if events > 0 {
            if self.first_token.is_none() {
                let time = self.began.elapsed();
                self.first_token = Some(time);
                self.meter.first_token.record(time);
            }
            self.meter.streamed.fetch_add(events, Relaxed);
        }
    }

    /// The answer is whole.
    pub(crate) fn is_done(&mut self) {
        self.is_whole = true;
    }

    /// The answer ends with this error.
    pub(crate) fn breaks(&mut self, code: &str) {
        self.is_whole = true;
        self.ended = Some(code.to_owned());
    }

    /// Answers with an error.
    pub(crate) fn fail(mut self, error: &ApiError) -> Response<Body> {
        self.breaks(&error.code);
        let response = error.response(self.dialect);
        self.answers(response.status().as_u16(), false);
        self.bytes = size(&response);
        response
    }

    /// Answers with something of our own.
    pub(crate) fn finish(mut self, response: Response<Body>) -> Response<Body> {
        self.is_done();
        self.answers(response.status().as_u16(), false);
        self.bytes = size(&response);
        response
    }
}

fn size(response: &Response<Body>) -> u64 {
    use http_body::Body as _;
    response.body().size_hint().exact().unwrap_or_default()
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.waits(false);
        if !self.is_whole {
            self.ended = Some("client_gone".to_owned());
        }
        let tokens = self.sniffer.tokens();
        let meter = &self.meter;
        meter.in_flight.fetch_sub(1, Relaxed);
        meter.count(self.label, self.status);
        if self.ended.as_ref().is_some_and(|end| end != "client_gone") || self.status >= 500 {
            meter.failed.fetch_add(1, Relaxed);
        }
        meter.prompt_tokens.fetch_add(tokens.prompt, Relaxed);
        meter
            .completion_tokens
            .fetch_add(tokens.completion, Relaxed);
        self.meters.moved();
        let Some(log) = &self.log else {
            return;
        };
        let took = milliseconds(self.began.elapsed());
        log.write(Line {
            time: iso_8601(milliseconds_since_epoch().saturating_sub(took)),
            method: self.method.to_string(),
            path: std::mem::take(&mut self.path),
            model: meter.key.clone(),
            status: self.status,
            milliseconds: took,
            bytes: self.bytes,
            first_token_milliseconds: self.first_token.map(milliseconds),
            prompt_tokens: tokens.prompt,
            completion_tokens: tokens.completion,
            ended: self.ended.take(),
        });
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
