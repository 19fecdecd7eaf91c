//! The library's part of the management API: adding models, taking them away, what their files say, the folders.

use std::path::PathBuf;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::{get, post};
use paddock_core::{FileFate, ImportRequest, RemoveRequest};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Answer, Body, Context, answer};

/// Body of `POST /api/v1/models/import`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImportModels {
    /// Files and folders, absolute.
    pub paths: Vec<PathBuf>,
    /// Other apps whose models to add: `lmstudio`, `ollama`, `huggingface`, `llama.cpp`, `jan`.
    pub from: Vec<String>,
    /// Of what the apps hold, only these files.
    pub only: Option<Vec<PathBuf>>,
    /// Put copies into Paddock's folder.
    pub copy: bool,
}

impl From<ImportModels> for ImportRequest {
    fn from(body: ImportModels) -> Self {
        Self {
            paths: body.paths,
            from: body.from,
            only: body.only,
            copy: body.copy,
        }
    }
}

/// Body of `POST /api/v1/models/remove`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoveModel {
    /// The model.
    pub model: String,
    /// Its files stay; it is only forgotten.
    #[serde(default)]
    pub keep_file: bool,
    /// Its files go, also where they lie outside Paddock's folder.
    #[serde(default)]
    pub delete_file: bool,
    /// They do not go to the trash but for good.
    #[serde(default)]
    pub permanently: bool,
    /// Only say what would go.
    #[serde(default)]
    pub dry_run: bool,
}

/// Body of the folder calls: `POST /api/v1/library/folders/add`, `remove` and `move`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelsFolder {
    /// The folder, absolute.
    pub path: PathBuf,
    /// Where it is moved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<PathBuf>,
}

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/api/v1/models/import", post(import_models))
        .route("/api/v1/models/remove", post(remove))
        .route("/api/v1/models/details", get(details))
        .route("/api/v1/models/newer", get(newer))
        .route("/api/v1/library/found-elsewhere", get(found_elsewhere))
        .route("/api/v1/library/folders", get(folders))
        .route("/api/v1/library/folders/add", post(add_folder))
        .route("/api/v1/library/folders/remove", post(remove_folder))
        .route(
            "/api/v1/library/folders/move",
            post(move_folder).get(folder_move),
        )
        .route("/api/v1/library/folders/move/cancel", post(cancel_move))
}

async fn import_models(State(context): State<Context>, Body(body): Body<ImportModels>) -> Answer {
    answer(context.core.import(&body.into()).await)
}

/// Removes a model, or says what would go.
async fn remove(State(context): State<Context>, Body(body): Body<RemoveModel>) -> Answer {
    let files = match &body {
        RemoveModel {
            keep_file: true, ..
        } => Some(FileFate::Keep),
        RemoveModel {
            permanently: true, ..
        } => Some(FileFate::Delete),
        RemoveModel {
            delete_file: true, ..
        } => Some(FileFate::Trash),
        _ => None,
    };
    let request = RemoveRequest {
        model: body.model,
        files,
    };
    if body.dry_run {
        answer(context.core.plan_removal(&request).await)
    } else {
        answer(context.core.remove_model(&request).await)
    }
}

#[derive(Deserialize)]
struct OfModel {
    model: String,
}

async fn details(State(context): State<Context>, Query(query): Query<OfModel>) -> Answer {
    answer(context.core.model_details(&query.model).await)
}

async fn newer(State(context): State<Context>, Query(query): Query<OfModel>) -> Answer {
    answer(context.core.check_for_newer(&query.model).await)
}

async fn found_elsewhere(State(context): State<Context>) -> Answer {
    let found = context.core.found_elsewhere().await;
    answer(found.map(|found| json!({ "models": found })))
}

async fn folders(State(context): State<Context>) -> Answer {
    let folders = context.core.library_folders().await;
    answer(folders.map(|folders| json!({ "folders": folders })))
}

async fn add_folder(State(context): State<Context>, Body(body): Body<ModelsFolder>) -> Answer {
    context.core.add_models_folder(&body.path).await?;
    answer(context.core.library_folders().await)
}

async fn remove_folder(State(context): State<Context>, Body(body): Body<ModelsFolder>) -> Answer {
    context.core.remove_models_folder(&body.path)?;
    answer(context.core.library_folders().await)
}

/// Answers when it is done; `GET` says how far it is.
async fn move_folder(State(context): State<Context>, Body(body): Body<ModelsFolder>) -> Answer {
    let to = body.to.unwrap_or_default();
    context.core.move_models_folder(&body.path, &to).await?;
    answer(context.core.library_folders().await)
}

async fn folder_move(State(context): State<Context>) -> Answer {
    answer(Ok(context.core.folder_move().borrow().clone()))
}

async fn cancel_move(State(context): State<Context>) -> Answer {
    context.core.cancel_folder_move();
    answer(Ok(json!({"cancelling": true})))
}
