//! Load parameters as a whole: presets, what they take, what fits, and command lines from elsewhere.

use tauri::State;

use crate::app_state::AppState;
use crate::ipc_error::IpcError;
use crate::ipc_types::LoadParamsIpc;
use crate::ipc_types::memory::{Fitted, MemoryEstimate, Pasted, Preset};

#[tauri::command]
#[specta::specta]
pub(crate) async fn list_presets(state: State<'_, AppState>) -> Result<Vec<Preset>, IpcError> {
    let presets = state.core()?.presets();
    Ok(presets.into_iter().map(Into::into).collect())
}

/// The defaults for all models. A model's preset and its own parameters win over them.
#[tauri::command]
#[specta::specta]
pub(crate) async fn model_defaults(state: State<'_, AppState>) -> Result<LoadParamsIpc, IpcError> {
    Ok((&state.core()?.model_defaults()?).into())
}

/// Saves the defaults for all models, replacing what was saved; none set clears them.
#[tauri::command]
#[specta::specta]
pub(crate) async fn save_model_defaults(
    state: State<'_, AppState>,
    params: LoadParamsIpc,
) -> Result<(), IpcError> {
    Ok(state.core()?.save_model_defaults(&params.parse()?)?)
}

/// Keeps a preset; one of this name is replaced.
#[tauri::command]
#[specta::specta]
pub(crate) async fn save_preset(
    state: State<'_, AppState>,
    name: String,
    params: LoadParamsIpc,
) -> Result<(), IpcError> {
    state.core()?.save_preset(&name, &params.parse()?)?;
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_preset(
    state: State<'_, AppState>,
    name: String,
) -> Result<(), IpcError> {
    Ok(state.core()?.remove_preset(&name)?)
}

/// Lets a model use a preset, or none.
#[tauri::command]
#[specta::specta]
pub(crate) async fn use_preset(
    state: State<'_, AppState>,
    key: String,
    preset: Option<String>,
) -> Result<(), IpcError> {
    Ok(state.core()?.use_preset(&key, preset.as_deref()).await?)
}

/// Reads a llama-server command line of any build.
#[tauri::command]
#[specta::specta]
pub(crate) async fn paste_command_line(
    state: State<'_, AppState>,
    key: String,
    text: String,
) -> Result<Pasted, IpcError> {
    Ok(state.core()?.paste_command_line(&key, &text).await?.into())
}

/// What would run with these parameters saved, as a text to copy: it runs without Paddock.
#[tauri::command]
#[specta::specta]
pub(crate) async fn copy_command_line(
    state: State<'_, AppState>,
    key: String,
    params: LoadParamsIpc,
) -> Result<String, IpcError> {
    let core = state.core()?;
    Ok(core.copy_command_line(&key, &params.parse()?).await?)
}

/// What a model takes with these parameters over what is saved for it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn estimate_memory(
    state: State<'_, AppState>,
    key: String,
    params: LoadParamsIpc,
) -> Result<MemoryEstimate, IpcError> {
    let core = state.core()?;
    Ok(core.estimate_memory(&key, &params.parse()?).await?.into())
}

/// The largest context and offload of a model that fit.
#[tauri::command]
#[specta::specta]
pub(crate) async fn fit_params(
    state: State<'_, AppState>,
    key: String,
) -> Result<Fitted, IpcError> {
    Ok(state.core()?.fit_params(&key).await?.into())
}
