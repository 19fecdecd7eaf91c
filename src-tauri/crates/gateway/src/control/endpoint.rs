//! The endpoint's own settings, whom it refused, what goes through it, and what this API is.

use std::net::IpAddr;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use paddock_core::{Core, EndpointChange, LimitsChange, RefusalKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, Body, Context, Failure, answer, wire};
use crate::openapi;

/// Body of `POST /api/v1/gateway`. What is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SetGateway {
    host: Option<IpAddr>,
    port: Option<u16>,
    load_on_demand: Option<bool>,
    request_log: Option<bool>,
    allowed_hosts: Option<Vec<String>>,
    allowed_origins: Option<Vec<String>>,
    limits: SetLimits,
}

/// Bounds on what runs, as they are named in the settings.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SetLimits {
    max_loaded: Option<usize>,
    /// `null` takes the bound away; absent, it stays.
    #[serde(deserialize_with = "super::policies::null_is_a_value")]
    memory_bytes: Option<Option<u64>>,
    idle_seconds: Option<i64>,
    queue_length: Option<usize>,
    load_timeout_seconds: Option<u64>,
}

/// Body of `POST /api/v1/refusals/allow`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AllowRefused {
    kind: RefusalKind,
    value: String,
}

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/api/v1/gateway", get(show).post(set))
        .route("/api/v1/refusals", get(refusals))
        .route("/api/v1/refusals/allow", post(allow))
        .route("/api/v1/traffic", get(traffic))
        .route("/openapi.json", get(describe))
}

fn view(core: &Core) -> Value {
    let settings = core.settings();
    let (gateway, limits) = (&settings.gateway, &settings.limits);
    let now = core.endpoint().borrow().clone();
    json!({
        "host": gateway.host,
        "port": gateway.port,
        "loadOnDemand": gateway.load_on_demand,
        "requestLog": gateway.request_log,
        "allowedHosts": gateway.allowed_hosts,
        "allowedOrigins": gateway.allowed_origins,
        "limits": {
            "maxLoaded": limits.max_loaded,
            "memoryBytes": limits.memory_bytes,
            "idleSeconds": limits.idle_seconds,
            "queueLength": limits.queue_length,
            "loadTimeoutSeconds": limits.load_timeout_seconds,
        },
        "endpoint": now.url,
        "listening": now.listening,
        "endpointError": now.error,
    })
}

async fn show(State(context): State<Context>) -> Answer {
    answer(Ok(view(&context.core)))
}

async fn set(State(context): State<Context>, Body(body): Body<SetGateway>) -> Answer {
    let core = &context.core;
    let limits = LimitsChange {
        max_loaded: body.limits.max_loaded,
        memory_bytes: body.limits.memory_bytes,
        idle_seconds: body.limits.idle_seconds,
        queue_length: body.limits.queue_length,
        load_timeout_seconds: body.limits.load_timeout_seconds,
    };
    let moved = core.change_endpoint(EndpointChange {
        host: body.host,
        port: body.port,
        load_on_demand: body.load_on_demand,
        request_log: body.request_log,
        allowed_hosts: body.allowed_hosts,
        allowed_origins: body.allowed_origins,
        limits,
    })?;
    if let (Some(address), Some(target)) = (moved, context.target.get()) {
        target.send_replace(address);
    }
    answer(Ok(view(core)))
}

async fn refusals(State(context): State<Context>) -> Answer {
    let refusals = context.core.refusals().borrow().clone();
    answer(Ok(json!({ "refusals": *refusals })))
}

async fn allow(State(context): State<Context>, Body(body): Body<AllowRefused>) -> Answer {
    match body.kind {
        RefusalKind::Host => context.core.allow_host(&body.value)?,
        RefusalKind::Origin => context.core.allow_origin(&body.value)?,
        RefusalKind::Key => {
            let error = wire("not_allowable", "a key is not let in but made");
            return Err(Failure(StatusCode::BAD_REQUEST, error));
        }
    }
    answer(Ok(view(&context.core)))
}

async fn traffic(State(context): State<Context>) -> Answer {
    answer(Ok(context.core.gateway_stats().borrow().clone()))
}

async fn describe() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        openapi::DOCUMENT,
    )
}
