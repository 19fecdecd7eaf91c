//! Presets, the defaults for all models, and parameters as a document, over HTTP.

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use paddock_core::{Core, Error, ExportWhat, LoadParams, ParamsExport, ParamsImported, PresetView};
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

/// Saves a preset, from what is given and what is saved for a model.
///
/// # Errors
/// What [`Core::save_preset`] and [`Core::saved_params`] refuse.
pub async fn save_preset(core: &Core, body: SavePreset) -> Result<PresetView, Error> {
    let below = match &body.from {
        Some(model) => core.saved_params(model).await?,
        None => LoadParams::default(),
    };
    core.save_preset(&body.name, &below.merged(&body.params))
}

/// Lets a model use a preset, or none; the model and what it uses now.
///
/// # Errors
/// What [`Core::use_preset`] refuses.
pub async fn use_preset(core: &Core, body: UsePreset) -> Result<Value, Error> {
    core.use_preset(&body.model, body.preset.as_deref()).await?;
    let key = core.route(Some(&body.model))?;
    Ok(json!({"key": key, "preset": body.preset}))
}

/// Changes the defaults for all models, and shows what they are then.
///
/// # Errors
/// What [`Core::change_model_defaults`] refuses.
pub fn set_defaults(core: &Core, body: &SetDefaults) -> Result<LoadParams, Error> {
    core.change_model_defaults(&body.params, &body.cleared)
}

/// Parameters as a document.
///
/// # Errors
/// What [`Core::export_params`] refuses.
pub async fn export_params(core: &Core, body: &ExportParams) -> Result<ParamsExport, Error> {
    let what = match (&body.preset, &body.model) {
        (Some(preset), _) => ExportWhat::Preset(preset),
        (None, Some(model)) => ExportWhat::Model(model),
        (None, None) => ExportWhat::All,
    };
    core.export_params(what).await
}

/// Takes over such a document.
///
/// # Errors
/// What [`Core::import_params`] refuses.
pub async fn import_params(core: &Core, body: &ImportParams) -> Result<ParamsImported, Error> {
    core.import_params(&body.document.to_string(), body.model.as_deref())
        .await
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

async fn save(State(context): State<Context>, Near(body): Near<SavePreset>) -> Answer {
    answer(save_preset(&context.core, body).await)
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

async fn use_for_model(State(context): State<Context>, Body(body): Body<UsePreset>) -> Answer {
    answer(use_preset(&context.core, body).await)
}

async fn defaults(State(context): State<Context>) -> Answer {
    answer(context.core.model_defaults())
}

async fn change_defaults(State(context): State<Context>, Near(body): Near<SetDefaults>) -> Answer {
    answer(set_defaults(&context.core, &body))
}

async fn export(State(context): State<Context>, Body(body): Body<ExportParams>) -> Answer {
    answer(export_params(&context.core, &body).await)
}

async fn import(State(context): State<Context>, Near(body): Near<ImportParams>) -> Answer {
    answer(import_params(&context.core, &body).await)
}
