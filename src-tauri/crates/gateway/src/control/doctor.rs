//! What is wrong, over HTTP: `GET /api/v1/doctor`.

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use super::{Answer, Context, answer};

pub(super) fn routes() -> Router<Context> {
    Router::new().route("/api/v1/doctor", get(check_up))
}

async fn check_up(State(context): State<Context>) -> Answer {
    // Only a host has an endpoint.
    let hosted = context.target.get().is_some();
    answer(context.core.check_up(hosted).await)
}
