//! The double's knobs, for another process: a window under test, a bench, a person with curl.
//!
//! `POST /_control/faults` with a JSON object of [`super::faults::Faults`] replaces the faults (`{}` ends them);
//! `GET /_control/requests` lists what came in, and `DELETE` forgets it.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Hub;
use super::faults::Faults;

pub(super) fn routes() -> Router<Arc<Hub>> {
    Router::new()
        .route("/_control/faults", post(set_faults).get(show_faults))
        .route("/_control/requests", get(requests).delete(forget))
}

async fn set_faults(State(hub): State<Arc<Hub>>, Json(faults): Json<Faults>) -> Json<Faults> {
    *hub.faults.lock().unwrap() = faults.clone();
    Json(faults)
}

async fn show_faults(State(hub): State<Arc<Hub>>) -> Json<Faults> {
    Json(hub.faults.lock().unwrap().clone())
}

async fn requests(State(hub): State<Arc<Hub>>) -> Json<Value> {
    Json(json!(*hub.seen.lock().unwrap()))
}

async fn forget(State(hub): State<Arc<Hub>>) -> Json<Value> {
    hub.seen.lock().unwrap().clear();
    Json(json!({}))
}
