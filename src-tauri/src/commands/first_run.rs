//! The first steps: what to begin with, and that they are done.

use tauri::State;

use crate::app_state::AppState;
use crate::ipc_error::IpcError;
use crate::ipc_types::first_run::Recommendation;

/// What this machine is. Asks nobody outside.
#[tauri::command]
#[specta::specta]
pub(crate) async fn machine_sentence(state: State<'_, AppState>) -> Result<String, IpcError> {
    Ok(state.core()?.machine_sentence().await)
}

/// Models to begin with, the smallest first. Asks the hub.
#[tauri::command]
#[specta::specta]
pub(crate) async fn recommend_models(
    state: State<'_, AppState>,
) -> Result<Vec<Recommendation>, IpcError> {
    let models = state.core()?.recommend_models().await?;
    Ok(models.into_iter().map(Into::into).collect())
}

/// The first steps are not shown again.
#[tauri::command]
#[specta::specta]
pub(crate) async fn finish_first_run(state: State<'_, AppState>) -> Result<(), IpcError> {
    Ok(state.core()?.finish_first_run()?)
}
