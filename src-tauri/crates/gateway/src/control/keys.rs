//! API keys over HTTP: made, listed, removed. The one answer that holds a key is that of making it.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use super::{Answer, Body, Context, answer};

/// Body of `POST /api/v1/keys`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AddKey {
    /// What its user calls it.
    pub name: String,
    /// It may load, unload, download and change settings.
    #[serde(default)]
    pub manage: bool,
}

/// Body of `POST /api/v1/keys/remove`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoveKey {
    /// The key's name.
    pub name: String,
}

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/api/v1/keys", get(list).post(add))
        .route("/api/v1/keys/remove", post(remove))
}

async fn list(State(context): State<Context>) -> Answer {
    answer(Ok(context.core.keys()))
}

async fn add(State(context): State<Context>, Body(body): Body<AddKey>) -> Answer {
    answer(context.core.add_key(&body.name, body.manage))
}

async fn remove(State(context): State<Context>, Body(body): Body<RemoveKey>) -> Answer {
    answer(context.core.remove_key(&body.name))
}
