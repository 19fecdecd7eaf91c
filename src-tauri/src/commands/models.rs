//! The library and the load form.

use std::path::PathBuf;

use tauri::{AppHandle, Runtime, State};

use super::{ask, local_path};
use crate::app_state::AppState;
use crate::ipc_error::IpcError;
use crate::ipc_types::{Limits, LoadForm, LoadParamsIpc, Model, Preview};

#[tauri::command]
#[specta::specta]
pub(crate) async fn list_models(state: State<'_, AppState>) -> Result<Vec<Model>, IpcError> {
    Ok(state
        .core()?
        .list_models()
        .await?
        .into_iter()
        .map(Into::into)
        .collect())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn import_models(
    state: State<'_, AppState>,
    paths: Vec<String>,
) -> Result<Vec<Model>, IpcError> {
    let paths: Vec<PathBuf> = paths.into_iter().map(Into::into).collect();
    let models = state.core()?.import_models(&paths).await?;
    Ok(models.into_iter().map(Into::into).collect())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_model_files<R: Runtime>(
    app: AppHandle<R>,
    state: State<'_, AppState>,
) -> Result<Vec<Model>, IpcError> {
    let picked = ask(&app, |dialog, tell| {
        dialog
            .add_filter("GGUF models", &["gguf", "GGUF"])
            .pick_files(tell)
    })
    .await;
    let paths: Vec<PathBuf> = picked
        .into_iter()
        .flatten()
        .filter_map(local_path)
        .collect();
    let models = state.core()?.import_models(&paths).await?;
    Ok(models.into_iter().map(Into::into).collect())
}

/// The files that were opened with Paddock outside the window, once.
#[tauri::command]
#[specta::specta]
pub(crate) async fn opened_files(state: State<'_, AppState>) -> Result<Vec<String>, IpcError> {
    let files = state.take_files().into_iter();
    Ok(files
        .map(|path| path.to_string_lossy().into_owned())
        .collect())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn load_form(
    state: State<'_, AppState>,
    key: String,
) -> Result<LoadForm, IpcError> {
    let core = state.core()?;
    let form = core.load_form(&key).await?;
    // Where nothing can run yet, the form is shown all the same.
    let (effective, sources) = match core.preview_load(&key, &form.saved).await {
        Ok(preview) => (preview.effective, preview.sources),
        Err(_) => (form.saved.clone(), std::collections::BTreeMap::new()),
    };
    Ok(LoadForm {
        key: form.key,
        fields: form.fields.into_iter().map(Into::into).collect(),
        saved: (&form.saved).into(),
        effective: (&effective).into(),
        sources: sources
            .into_iter()
            .map(|(name, source)| (name, source.into()))
            .collect(),
        limits: Limits {
            training_context: form.limits.training_context,
            block_count: form.limits.block_count,
            cores: form.limits.cores,
        },
        engine: form.engine,
        preset: form.preset,
    })
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn preview_load(
    state: State<'_, AppState>,
    key: String,
    params: LoadParamsIpc,
) -> Result<Preview, IpcError> {
    let preview = state.core()?.preview_load(&key, &params.parse()?).await?;
    Ok(Preview {
        command_line: preview.command_line,
        problems: preview.problems.into_iter().map(Into::into).collect(),
        effective: (&preview.effective).into(),
        sources: preview
            .sources
            .into_iter()
            .map(|(name, source)| (name, source.into()))
            .collect(),
    })
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn save_params(
    state: State<'_, AppState>,
    key: String,
    params: LoadParamsIpc,
) -> Result<(), IpcError> {
    Ok(state.core()?.save_params(&key, &params.parse()?).await?)
}
