//! What runs: snapshot, load, unload, log; and how long it stays.

use paddock_core::{LoadRequest, Unsupported};
use tauri::State;

use crate::app_state::AppState;
use crate::event_bridge;
use crate::ipc_error::IpcError;
use crate::ipc_types::serving::ModelPolicy;
use crate::ipc_types::{LoadParamsIpc, Model, ServerStatus, Snapshot};

#[tauri::command]
#[specta::specta]
pub(crate) async fn snapshot(state: State<'_, AppState>) -> Result<Snapshot, IpcError> {
    Ok(event_bridge::snapshot(&state.core()?))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn load_model(
    state: State<'_, AppState>,
    key: String,
    params: Option<LoadParamsIpc>,
) -> Result<ServerStatus, IpcError> {
    let overrides = params.unwrap_or_default().parse()?;
    let request = LoadRequest {
        model: key,
        overrides,
        unsupported: Unsupported::Refuse,
        ttl_seconds: None,
        preset: None,
    };
    Ok(state.core()?.load_model(&request).await?.into())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn unload_model(state: State<'_, AppState>, key: String) -> Result<(), IpcError> {
    state.core()?.unload_model(&key).await?;
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn model_log(
    state: State<'_, AppState>,
    key: String,
) -> Result<Vec<String>, IpcError> {
    Ok(state.core()?.engine_log(Some(&key)).await?.lines())
}

/// How long a model stays, and whether it is there from the start.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_model_policy(
    state: State<'_, AppState>,
    key: String,
    policy: ModelPolicy,
) -> Result<(), IpcError> {
    state.core()?.set_model_policy(&key, policy.into()).await?;
    Ok(())
}

/// Another name for a model; or, as a second entry, the same file with parameters of its own. Answers which model has
/// the name.
#[tauri::command]
#[specta::specta]
pub(crate) async fn add_alias(
    state: State<'_, AppState>,
    key: String,
    alias: String,
    second_entry: bool,
) -> Result<Model, IpcError> {
    let core = state.core()?;
    Ok(core.add_alias(&key, &alias, second_entry).await?.into())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_alias(
    state: State<'_, AppState>,
    alias: String,
) -> Result<(), IpcError> {
    Ok(state.core()?.remove_alias(&alias).await?)
}
