//! Engines on the control listener: what there is, what can be installed, and the installation.

use std::convert::Infallible;
use std::path::PathBuf;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::sse::Event;
use axum::routing::{get, post};
use futures_util::stream::{self, Stream};
use paddock_core::{Core, EngineOptions, InstallRequest};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Answer, Body, Context, answer};

/// Body of `POST /api/v1/engines/add`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AddEngine {
    /// A binary or its folder, absolute.
    pub path: PathBuf,
    /// A name of the user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How it is started.
    #[serde(flatten)]
    pub options: EngineOptions,
}

/// Body of `POST /api/v1/engines/use` and `/remove`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UseEngine {
    /// The engine.
    pub name: String,
}

/// Body of `POST /api/v1/engines/pin`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PinModel {
    /// The model.
    pub model: String,
    /// The engine; the current one where there is none.
    pub engine: Option<String>,
}

/// Body of `POST /api/v1/engines/set`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SetEngine {
    /// The engine.
    pub name: String,
    /// How it is started. What is absent stays.
    #[serde(flatten)]
    pub options: EngineOptions,
}

/// Body of `POST /api/v1/engines/prove`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProveEngine {
    /// A binary or its folder, absolute.
    pub path: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AvailableQuery {
    refresh: bool,
    build: Option<String>,
}

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/api/v1/engines", get(list))
        .route("/api/v1/engines/available", get(available))
        .route("/api/v1/engines/devices", get(devices))
        .route("/api/v1/engines/jobs", get(jobs))
        .route("/api/v1/engines/install", post(install))
        .route("/api/v1/engines/install/cancel", post(cancel))
        .route("/api/v1/engines/add", post(add))
        .route("/api/v1/engines/set", post(set))
        .route("/api/v1/engines/use", post(use_engine))
        .route("/api/v1/engines/pin", post(pin))
        .route("/api/v1/engines/remove", post(remove))
        .route("/api/v1/engines/rollback", post(roll_back))
        .route("/api/v1/engines/prove", post(prove))
        .route("/api/v1/engines/{name}", get(show))
        .route("/api/v1/announcements", get(announcements))
        .route("/api/v1/announcements/{id}/dismiss", post(dismiss))
}

/// The installation, and what happened by itself, whenever either changes.
pub(super) fn events(
    core: &Core,
    stop: CancellationToken,
) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let mut jobs = core.engine_jobs();
    // Who comes late wants to know of an installation that is under way.
    jobs.mark_changed();
    let announced = core.announcements();
    stream::unfold(
        (jobs, announced, stop),
        |(mut jobs, mut announced, stop)| async move {
            let event = tokio::select! {
                changed = jobs.changed() => {
                    changed.ok()?;
                    let job = jobs.borrow_and_update().clone();
                    Event::default().event("engineJob").data(json!(job).to_string())
                }
                changed = announced.changed() => {
                    changed.ok()?;
                    let list = announced.borrow_and_update().clone();
                    Event::default().event("announcements").data(json!(*list).to_string())
                }
                () = stop.cancelled() => return None,
            };
            Some((Ok(event), (jobs, announced, stop)))
        },
    )
}

async fn list(State(context): State<Context>) -> Answer {
    answer(context.core.look_at_engines().await)
}

async fn available(State(context): State<Context>, Query(query): Query<AvailableQuery>) -> Answer {
    let build = query.build.as_deref();
    answer(Ok(context
        .core
        .available_engines(query.refresh, build)
        .await))
}

async fn devices(State(context): State<Context>) -> Answer {
    answer(context.core.engine_devices().await)
}

/// The job that is under way, or the last one; `null` where there was none.
async fn jobs(State(context): State<Context>) -> Answer {
    answer(Ok(context.core.engine_jobs().borrow().clone()))
}

/// Returns the job; `jobs` and the events tell how it goes on.
async fn install(State(context): State<Context>, Body(body): Body<InstallRequest>) -> Answer {
    answer(context.core.begin_install(body))
}

async fn cancel(State(context): State<Context>) -> Answer {
    context.core.cancel_engine_install();
    answer(Ok(context.core.engine_jobs().borrow().clone()))
}

async fn add(State(context): State<Context>, Body(body): Body<AddEngine>) -> Answer {
    let core = &context.core;
    let view = core.add_engine_as(&body.path, body.name.as_deref()).await?;
    if body.options == EngineOptions::default() {
        return answer(Ok(view));
    }
    answer(core.set_engine_options(&view.name, &body.options))
}

async fn set(State(context): State<Context>, Body(body): Body<SetEngine>) -> Answer {
    answer(context.core.set_engine_options(&body.name, &body.options))
}

async fn pin(State(context): State<Context>, Body(body): Body<PinModel>) -> Answer {
    answer(
        context
            .core
            .pin_model(&body.model, body.engine.as_deref())
            .await,
    )
}

async fn use_engine(State(context): State<Context>, Body(body): Body<UseEngine>) -> Answer {
    answer(context.core.use_engine(&body.name))
}

async fn remove(State(context): State<Context>, Body(body): Body<UseEngine>) -> Answer {
    answer(context.core.remove_engine(&body.name).await)
}

async fn roll_back(State(context): State<Context>) -> Answer {
    answer(context.core.roll_back_engine())
}

async fn prove(State(context): State<Context>, Body(body): Body<ProveEngine>) -> Answer {
    answer(context.core.prove_engine(&body.path).await)
}

async fn show(State(context): State<Context>, Path(name): Path<String>) -> Answer {
    answer(context.core.show_engine(&name).await)
}

/// What happened by itself and was not dismissed.
async fn announcements(State(context): State<Context>) -> Answer {
    answer(Ok(context.core.announcements().borrow().to_vec()))
}

async fn dismiss(State(context): State<Context>, Path(id): Path<u64>) -> Answer {
    context.core.dismiss_announcement(id);
    answer(Ok(context.core.announcements().borrow().to_vec()))
}
