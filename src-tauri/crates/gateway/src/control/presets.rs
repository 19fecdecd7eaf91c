//! Presets, the defaults for all models, and parameters as a document, over HTTP.

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use paddock_core::{ExportWhat, LoadParams};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::reach::Near;
use super::{Answer, Body, Context, answer};

/// Body of `POST /api/v1/presets`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SavePreset {
    /// Its name; a preset of this name is replaced.
    pub name: String,
    /// What it sets.
    pub params: LoadParams,
    /// A model: what is saved for it is in the preset too, below `params`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// Body of `POST /api/v1/presets/remove` and, with `to`, of `/rename`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NamedPreset {
    /// The preset.
    pub name: String,
    /// Its new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Body of `POST /api/v1/models/preset`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsePreset {
    /// The model.
    pub model: String,
    /// The preset that it uses from now on; none where there is none.
    #[serde(default)]
    pub preset: Option<String>,
}

/// Body of `POST /api/v1/models/defaults`. What is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SetDefaults {
    /// Parameters for all models, on top of what is there.
    pub params: LoadParams,
    /// Names of parameters to take away.
    pub cleared: Vec<String>,
}

/// Body of `POST /api/v1/params/export`: all there is, where neither is named.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExportParams {
    /// This preset alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// This model's alone, with the preset that it uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// Body of `POST /api/v1/params/import`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportParams {
    /// What `/export` gave.
    pub document: Value,
    /// The model that the document's one model is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/api/v1/presets", get(list).post(save))
        .route("/api/v1/presets/{name}", get(show))
        .route("/api/v1/presets/remove", post(remove))
        .route("/api/v1/presets/rename", post(rename))
        .route("/api/v1/models/preset", post(use_for_model))
        .route(
            "/api/v1/models/defaults",
            get(defaults).post(change_defaults),
        )
        .route("/api/v1/params/export", post(export))
        .route("/api/v1/params/import", post(import))
}

async fn list(State(context): State<Context>) -> Answer {
    answer(Ok(json!({"presets": context.core.presets()})))
}

/// Saves a preset, from what is given and what is saved for a model.
async fn save(State(context): State<Context>, Near(body): Near<SavePreset>) -> Answer {
    let core = &context.core;
    let below = match &body.from {
        Some(model) => core.saved_params(model).await?,
        None => LoadParams::default(),
    };
    answer(core.save_preset(&body.name, &below.merged(&body.params)))
}

async fn show(State(context): State<Context>, Path(name): Path<String>) -> Answer {
    answer(context.core.preset(&name))
}

async fn remove(State(context): State<Context>, Body(body): Body<NamedPreset>) -> Answer {
    context.core.remove_preset(&body.name)?;
    Ok(Json(json!({"name": body.name})))
}

async fn rename(State(context): State<Context>, Body(body): Body<NamedPreset>) -> Answer {
    let to = body.to.unwrap_or_default();
    context.core.rename_preset(&body.name, &to)?;
    answer(context.core.preset(to.trim()))
}

/// The model and what it uses now.
async fn use_for_model(State(context): State<Context>, Body(body): Body<UsePreset>) -> Answer {
    let core = &context.core;
    core.use_preset(&body.model, body.preset.as_deref()).await?;
    let key = core.route(Some(&body.model))?;
    answer(Ok(json!({"key": key, "preset": body.preset})))
}

async fn defaults(State(context): State<Context>) -> Answer {
    answer(context.core.model_defaults())
}

async fn change_defaults(State(context): State<Context>, Near(body): Near<SetDefaults>) -> Answer {
    let core = &context.core;
    answer(core.change_model_defaults(&body.params, &body.cleared))
}

async fn export(State(context): State<Context>, Body(body): Body<ExportParams>) -> Answer {
    let what = match (&body.preset, &body.model) {
        (Some(preset), _) => ExportWhat::Preset(preset),
        (None, Some(model)) => ExportWhat::Model(model),
        (None, None) => ExportWhat::All,
    };
    answer(context.core.export_params(what).await)
}

async fn import(State(context): State<Context>, Near(body): Near<ImportParams>) -> Answer {
    let document = body.document.to_string();
    let model = body.model.as_deref();
    answer(context.core.import_params(&document, model).await)
}
