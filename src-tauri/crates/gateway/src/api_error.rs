//! Errors as the clients of each API expect them.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use paddock_core::Error;
use serde_json::{Value, json};

use crate::relay::Body;

/// Whose clients speak at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// OpenAI's chat and what is like it.
    OpenAi,
    /// OpenAI's responses, whose stream events have names.
    Responses,
    /// Anthropic's messages.
    Anthropic,
}

impl Dialect {
    pub(crate) fn of(path: &str) -> Self {
        if path == "/v1/messages" || path.starts_with("/v1/messages/") {
            Self::Anthropic
        } else if path == "/v1/responses" || path.starts_with("/v1/responses/") {
            Self::Responses
        } else {
            Self::OpenAi
        }
    }
}

/// One error, not yet in its envelope.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Seconds after which to try again, where that helps.
    pub(crate) retry_after: Option<u32>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            retry_after: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
        }
    }

    pub(crate) fn not_found(path: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is nothing at {path}"),
        )
    }

    /// What a use case refused, with what to try.
    pub(crate) fn of(error: &Error) -> Self {
        let code = error.code();
        let (status, retry_after) = match code {
            "model_not_found" | "model_not_loaded" => (StatusCode::NOT_FOUND, None),
            "model_ambiguous" | "model_required" => (StatusCode::BAD_REQUEST, None),
            "no_model_loaded" | "queue_full" | "shutting_down" => {
                (StatusCode::SERVICE_UNAVAILABLE, Some(1))
            }
            "no_room" => (StatusCode::SERVICE_UNAVAILABLE, Some(10)),
            // It stays so for longer than a client waits, and each try may be one crash more.
            "crash_loop" => (StatusCode::SERVICE_UNAVAILABLE, None),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, None),
        };
        let hint = error.hint();
        let space = if hint.is_empty() { "" } else { ". " };
        Self {
            status,
            code: code.to_owned(),
            message: format!("{error}{space}{hint}"),
            retry_after,
        }
    }

    fn kind(&self, dialect: Dialect) -> &'static str {
        let anthropic = dialect == Dialect::Anthropic;
        match self.status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 if anthropic => "request_too_large",
            400..500 => "invalid_request_error",
            503 if anthropic => "overloaded_error",
            503 => "unavailable_error",
            _ if anthropic => "api_error",
            _ => "server_error",
        }
    }

    /// `{"error":{"message","type","code","param"}}`, or `{"type":"error","error":{"type","message"}}`.
    pub(crate) fn envelope(&self, dialect: Dialect) -> Value {
        let kind = self.kind(dialect);
        match dialect {
            Dialect::Anthropic => json!({
                "type": "error",
                "error": {"type": kind, "message": self.message, "code": self.code},
            }),
            _ => json!({
                "error": {"message": self.message, "type": kind, "code": self.code, "param": null},
            }),
        }
    }

    pub(crate) fn response(&self, dialect: Dialect) -> Response<Body> {
        let mut response = json_response(&self.envelope(dialect));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        match self.retry_after {
            Some(seconds) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            // The official clients ask again after any 5xx; a model that cannot be loaded will not be by that.
            None if self.status.is_server_error() => {
                headers.insert("x-should-retry", HeaderValue::from_static("false"));
            }
            None => {}
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"Paddock\""),
            );
        }
        response
    }

    /// As the last event of a stream that had begun.
    pub(crate) fn event(&self, dialect: Dialect) -> Bytes {
        let envelope = self.envelope(dialect);
        Bytes::from(match dialect {
            Dialect::OpenAi => format!("data: {envelope}\n\n"),
            Dialect::Anthropic => format!("event: error\ndata: {envelope}\n\n"),
            // The API's own event, and beside it the member that the official clients raise an exception for.
            Dialect::Responses => {
                let event = json!({
                    "type": "error",
                    "sequence_number": 0,
                    "code": self.code,
                    "message": self.message,
                    "param": null,
                    "error": envelope["error"],
                });
                format!("event: error\ndata: {event}\n\n")
            }
        })
    }
}

/// A whole answer of our own.
pub(crate) fn json_response(value: &Value) -> Response<Body> {
    text_response("application/json", value.to_string())
}

/// A whole answer of our own.
pub(crate) fn text_response(kind: &'static str, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(full(text.into()));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

pub(crate) fn full(bytes: Bytes) -> Body {
    Full::new(bytes)
        .map_err(|never| match never {})
        .boxed_unsync()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_api_gets_its_own_envelope() {
        let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "engine_gone", "it ended");
        assert_eq!(
            error.envelope(Dialect::OpenAi),
            json!({"error": {"message": "it ended", "type": "unavailable_error", "code": "engine_gone", "param": null}})
        );
        let anthropic = error.envelope(Dialect::of("/v1/messages"));
        assert_eq!(anthropic["type"], "error");
        assert_eq!(anthropic["error"]["type"], "overloaded_error");
        for (path, begin) in [
            ("/v1/chat/completions", "data: {\"error\":"),
            ("/v1/messages", "event: error\ndata: {\"type\":\"error\""),
            ("/v1/responses", "event: error\ndata: {\"type\":\"error\""),
        ] {
            let event = String::from_utf8(error.event(Dialect::of(path)).to_vec()).unwrap();
            assert!(
                event.starts_with(begin) && event.ends_with("}\n\n"),
                "{event}"
            );
            assert_eq!(event.matches('\n').count(), event.lines().count());
        }
    }

    #[test]
    fn what_cannot_help_is_not_tried_again() {
        let broken = ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "x", "y");
        assert_eq!(
            broken.response(Dialect::OpenAi).headers()["x-should-retry"],
            "false"
        );
        let busy = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "queue_full", "y");
        let response = busy.response(Dialect::OpenAi);
        assert_eq!(response.headers()["retry-after"], "1");
        assert!(!response.headers().contains_key("x-should-retry"));
    }
}
