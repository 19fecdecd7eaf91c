//! Loading and unloading models, and what they are loaded with.

use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use paddock_core::{LoadParams, LoadPlan, LoadRequest, ServerState, Unsupported};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::reach::Near;
use super::{Answer, Body, Context, answer};

/// Body of `POST /api/v1/models/load`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadModel {
    /// The model.
    pub model: String,
    /// Parameters for this load.
    #[serde(default)]
    pub params: LoadParams,
    /// A preset for this load, in the place of the one that the model uses; it wins over what is saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Go on without parameters that this engine cannot honour.
    #[serde(default)]
    pub skip_unsupported: bool,
    /// Seconds without a request after which it ends: 0 at once, -1 never; as is saved for it where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
}

/// Body of `POST /api/v1/models/unload`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnloadModel {
    /// The model; all of them where there is none.
    #[serde(alias = "instance_id")]
    pub model: Option<String>,
}

/// Body of `POST /api/v1/models/params`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShowParams {
    /// The model and what is asked on top of what is saved.
    #[serde(flatten)]
    pub load: LoadModel,
    /// Save them, on top of what is saved; the model uses the preset from then on.
    #[serde(default)]
    pub save: bool,
    /// Names of saved parameters to take away.
    #[serde(default)]
    pub cleared: Vec<String>,
}

/// The effective parameters of a model, and what will run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ParamsView {
    /// The model.
    key: String,
    /// The engine's name.
    engine: String,
    /// Every parameter that has a value.
    params: LoadParams,
    /// Where each is from.
    sources: Value,
    /// The whole command line, program first.
    argv: Vec<String>,
    /// Parameters that will not be passed, with the reason.
    skipped: Value,
    /// What may not be meant.
    warnings: Vec<String>,
}

/// What a plan looks like from outside.
fn params_view(plan: LoadPlan) -> ParamsView {
    ParamsView {
        argv: plan.command_line(),
        key: plan.spec.key,
        engine: plan.engine,
        params: plan.effective,
        sources: json!(plan.sources),
        skipped: plan
            .skipped
            .iter()
            .map(|skipped| json!({"name": skipped.name, "reason": skipped.reason}))
            .collect(),
        warnings: plan
            .doubtful
            .into_iter()
            .map(|problem| problem.message)
            .collect(),
    }
}

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/api/v1/models", get(list_models))
        .route("/api/v1/models/load", post(load_model))
        .route("/api/v1/models/unload", post(unload_model))
        .route("/api/v1/models/params", post(params))
}

/// Our own list, and in each entry what LM Studio's REST API v1 calls things.
async fn list_models(State(context): State<Context>) -> Answer {
    let core = &context.core;
    let models = core.list_models().await?;
    let statuses = core.model_statuses();
    let models: Vec<Value> = models
        .iter()
        .map(|model| {
            let mut entry = json!(model);
            let loaded = statuses.iter().find(|status| {
                status.server.key == model.key && status.server.state == ServerState::Ready
            });
            let instances: Vec<Value> = loaded
                .map(|status| json!({"id": model.key, "config": status.params}))
                .into_iter()
                .collect();
            let embeds = model.traits.embedding;
            entry["type"] = json!(if embeds { "embedding" } else { "llm" });
            entry["publisher"] = json!(model.key.split('/').next());
            entry["display_name"] = json!(model.name.as_deref().unwrap_or(&model.key));
            entry["size_bytes"] = json!(model.size_bytes);
            entry["max_context_length"] = json!(model.context_length);
            entry["format"] = json!("gguf");
            entry["loaded_instances"] = json!(instances);
            entry
        })
        .collect();
    answer(Ok(json!({ "models": models })))
}

impl LoadModel {
    fn unsupported(&self) -> Unsupported {
        if self.skip_unsupported {
            Unsupported::Skip
        } else {
            Unsupported::Refuse
        }
    }
}

async fn load_model(State(context): State<Context>, Near(body): Near<LoadModel>) -> Answer {
    let unsupported = body.unsupported();
    let request = LoadRequest {
        model: body.model,
        overrides: body.params,
        unsupported,
        ttl_seconds: body.ttl,
        preset: body.preset,
    };
    let begin = Instant::now();
    let status = context.core.load_model(&request).await?;
    let seconds = begin.elapsed().as_secs_f64();
    let mut loaded = json!(status);
    loaded["type"] = json!("llm");
    loaded["instance_id"] = json!(status.server.key);
    loaded["load_time_seconds"] = json!((seconds * 1e3).round() / 1e3);
    loaded["status"] = json!("loaded");
    answer(Ok(loaded))
}

async fn unload_model(State(context): State<Context>, Body(body): Body<UnloadModel>) -> Answer {
    match body.model {
        Some(model) => {
            let done = context.core.unload_model(&model).await?;
            let mut unloaded = json!(done);
            unloaded["instance_id"] = json!(done.key);
            answer(Ok(unloaded))
        }
        None => answer(Ok(context.core.unload_all().await)),
    }
}

/// Saves what is to be saved, and shows what would run.
async fn params(State(context): State<Context>, Near(body): Near<ShowParams>) -> Answer {
    let core = &context.core;
    let unsupported = body.load.unsupported();
    let LoadModel {
        model,
        params,
        preset,
        ..
    } = body.load;
    if body.save {
        core.change_saved_params(&model, &params, &body.cleared)
            .await?;
    }
    let preset = match preset {
        // Saved, it is the model's.
        Some(preset) if body.save => {
            core.use_preset(&model, Some(&preset)).await?;
            None
        }
        preset => preset,
    };
    let plan = core
        .plan_load_with(&model, &params, preset.as_deref(), unsupported)
        .await;
    answer(plan.map(params_view))
}
