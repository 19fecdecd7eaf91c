//! What may run, and for how long, over HTTP: the same that the window's Server page sets.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use super::policies::null_is_a_value;
use super::{Answer, Body, Context, answer};

/// Body of `POST /api/v1/limits`. What is absent stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SetLimits {
    /// Models at once; 0 is as many as memory holds.
    max_loaded: Option<usize>,
    /// Bytes that all models together may take; null is what the machine has.
    #[serde(deserialize_with = "null_is_a_value")]
    memory_bytes: Option<Option<u64>>,
    /// Seconds without a request after which a model ends: 0 at once, -1 never.
    idle_seconds: Option<i64>,
}

pub(super) fn routes() -> Router<Context> {
    Router::new().route("/api/v1/limits", get(show).post(set))
}

async fn show(State(context): State<Context>) -> Answer {
    answer(Ok(context.core.settings().limits.clone()))
}

async fn set(State(context): State<Context>, Body(body): Body<SetLimits>) -> Answer {
    context.core.update_settings(|settings| {
        let limits = &mut settings.limits;
        limits.max_loaded = body.max_loaded.unwrap_or(limits.max_loaded);
        limits.memory_bytes = body.memory_bytes.unwrap_or(limits.memory_bytes);
        limits.idle_seconds = body.idle_seconds.unwrap_or(limits.idle_seconds);
    })?;
    answer(Ok(context.core.settings().limits.clone()))
}
