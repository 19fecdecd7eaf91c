//! What a model will take in memory, and what would fit, over HTTP.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use paddock_core::LoadParams;
use serde::{Deserialize, Serialize};

use super::reach::Near;
use super::{Answer, Context, answer};

/// Body of `POST /api/v1/models/estimate` and of `/fit`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EstimateModel {
    /// A model's key, the path of a file, or `owner/repo:QUANT` on the hub.
    pub model: String,
    /// Parameters, on top of what is saved. `/fit` finds them itself.
    #[serde(default)]
    pub params: LoadParams,
}

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/api/v1/models/estimate", post(estimate))
        .route("/api/v1/models/fit", post(fit))
}

async fn estimate(State(context): State<Context>, Near(body): Near<EstimateModel>) -> Answer {
    answer(
        context
            .core
            .estimate_memory(&body.model, &body.params)
            .await,
    )
}

async fn fit(State(context): State<Context>, Near(body): Near<EstimateModel>) -> Answer {
    answer(context.core.fit_params(&body.model).await)
}
