//! The endpoint's own settings, whom it refused, what goes through it, and what this API is.

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use paddock_core::{Core, RefusalKind};
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
    let gateway = &settings.gateway;
    let now = core.endpoint().borrow().clone();
    json!({
        "host": gateway.host,
        "port": gateway.port,
        "loadOnDemand": gateway.load_on_demand,
        "requestLog": gateway.request_log,
        "allowedHosts": gateway.allowed_hosts,
        "allowedOrigins": gateway.allowed_origins,
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
    if body.host.is_some_and(|host| !host.is_loopback()) && !core.has_keys() {
        let mut error = wire(
            "needs_key",
            "other machines may reach the endpoint only with an API key, and there is none",
        );
        error.hint = "Make one first: `paddock key add NAME`.".to_owned();
        return Err(Failure(StatusCode::CONFLICT, error));
    }
    let moves = body.host.is_some() || body.port.is_some();
    core.update_settings(|settings| {
        let gateway = &mut settings.gateway;
        gateway.host = body.host.unwrap_or(gateway.host);
        gateway.port = body.port.unwrap_or(gateway.port);
        gateway.load_on_demand = body.load_on_demand.unwrap_or(gateway.load_on_demand);
        gateway.request_log = body.request_log.unwrap_or(gateway.request_log);
        if let Some(hosts) = body.allowed_hosts {
            gateway.allowed_hosts = hosts;
        }
        if let Some(origins) = body.allowed_origins {
            gateway.allowed_origins = origins;
        }
    })?;
    if moves && let Some(target) = context.target.get() {
        let settings = core.settings();
        target.send_replace(SocketAddr::new(
            settings.gateway.host,
            settings.gateway.port,
        ));
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
