//! Downloads.

use tauri::State;

use crate::app_state::AppState;
use crate::ipc_error::IpcError;
use crate::ipc_types::downloads::{DownloadBegun, DownloadRequest, JobView};

/// Begins a download, or goes on with it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn download_model(
    state: State<'_, AppState>,
    request: DownloadRequest,
) -> Result<DownloadBegun, IpcError> {
    let request = paddock_core::DownloadRequest {
        repo: request.repo,
        quantization: Some(request.variant),
        file: None,
        revision: request.revision,
    };
    Ok(state.core()?.download_model(&request).await?.into())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn list_downloads(state: State<'_, AppState>) -> Result<Vec<JobView>, IpcError> {
    let downloads = state.core()?.downloads()?;
    Ok(downloads.into_iter().map(Into::into).collect())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn pause_download(state: State<'_, AppState>, id: String) -> Result<(), IpcError> {
    Ok(state.core()?.pause_download(&id)?)
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn resume_download(
    state: State<'_, AppState>,
    id: String,
) -> Result<(), IpcError> {
    Ok(state.core()?.resume_download(&id)?)
}

/// Gives a download up and removes what is there of it, and nothing else.
#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_download(
    state: State<'_, AppState>,
    id: String,
) -> Result<(), IpcError> {
    Ok(state.core()?.cancel_download(&id)?)
}

/// Takes a download that is over off the list.
#[tauri::command]
#[specta::specta]
pub(crate) async fn dismiss_download(
    state: State<'_, AppState>,
    id: String,
) -> Result<(), IpcError> {
    Ok(state.core()?.dismiss_download(&id)?)
}
