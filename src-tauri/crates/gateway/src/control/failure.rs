//! What an answer of the management API looks like when it is none.

use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use paddock_core::{Error, WireError};
use serde::Serialize;
use serde_json::{Value, json};

pub(super) fn wire(code: &str, message: &str) -> WireError {
    WireError {
        code: code.to_owned(),
        message: message.to_owned(),
        details: Vec::new(),
        hint: String::new(),
    }
}

pub(super) struct Failure(pub(super) StatusCode, pub(super) WireError);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error.code() {
            "model_not_found"
            | "engine_not_found"
            | "hub_not_found"
            | "hub_revision_not_found"
            | "hub_file_not_found"
            | "variant_not_found"
            | "no_such_download"
            | "key_not_found"
            | "preset_not_found" => StatusCode::NOT_FOUND,
            "hub_gated" | "hub_unauthorized" | "hub_token_refused" => StatusCode::FORBIDDEN,
            "hub_rate_limited" => StatusCode::TOO_MANY_REQUESTS,
            "hub_offline" | "hub_server" | "hub_not_a_hub" => StatusCode::BAD_GATEWAY,
            "model_ambiguous" | "no_engine" | "occupied" | "cancelled" | "download_state"
            | "model_running" | "folder_busy" | "install_busy" | "engine_in_use"
            | "no_previous_engine" | "key_exists" | "needs_key" => StatusCode::CONFLICT,
            "release_not_found" => StatusCode::NOT_FOUND,
            "releases_offline" | "releases_unusable" => StatusCode::BAD_GATEWAY,
            "releases_rate_limited" => StatusCode::TOO_MANY_REQUESTS,
            "settings_not_saved" | "shutting_down" => StatusCode::SERVICE_UNAVAILABLE,
            _ if matches!(error, Error::Load { .. }) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Self(status, WireError::from(&error))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

pub(super) type Answer = Result<Json<Value>, Failure>;

pub(super) fn answer<T: Serialize>(value: Result<T, Error>) -> Answer {
    Ok(Json(json!(value?)))
}

/// A JSON body, with our own words for what is wrong with it.
pub(super) struct Body<T>(pub(super) T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> axum::extract::FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(Failure(
                rejection.status(),
                wire("invalid_body", &rejection.body_text()),
            )),
        }
    }
}
