//! API keys of the endpoint.

use tauri::State;

use crate::app_state::AppState;
use crate::ipc_error::IpcError;
use crate::ipc_types::serving::{ApiKey, NewKey};

#[tauri::command]
#[specta::specta]
pub(crate) async fn list_keys(state: State<'_, AppState>) -> Result<Vec<ApiKey>, IpcError> {
    Ok(state.core()?.keys().into_iter().map(Into::into).collect())
}

/// Makes a key. What it answers is the only time that the key is seen.
#[tauri::command]
#[specta::specta]
pub(crate) async fn add_key(
    state: State<'_, AppState>,
    name: String,
    manage: bool,
) -> Result<NewKey, IpcError> {
    Ok(state.core()?.add_key(&name, manage)?.into())
}

/// Removes a key. Without any, other computers cannot reach the endpoint any more.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_key(state: State<'_, AppState>, name: String) -> Result<(), IpcError> {
    // The gateway sees to that, however the last one goes, and opens it again when there is one.
    state.core()?.remove_key(&name)?;
    Ok(())
}
