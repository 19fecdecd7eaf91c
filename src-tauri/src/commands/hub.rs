//! The model hub: search, a repository's page, what is set of it.

use paddock_core::HubSearch;
use tauri::State;

use super::settings::view;
use crate::app_state::AppState;
use crate::ipc_error::IpcError;
use crate::ipc_types::Settings;
use crate::ipc_types::hub::{DownloadLimits, HubPage, HubQuery, HubRepo, OpenHub};

#[tauri::command]
#[specta::specta]
pub(crate) async fn search_hub(
    state: State<'_, AppState>,
    query: HubQuery,
) -> Result<HubPage, IpcError> {
    let core = state.core()?;
    let max_bytes = match query.fits {
        true => Some(core.memory_of_machine().await),
        false => None,
    };
    let search = HubSearch {
        max_bytes,
        ..query.into()
    };
    Ok(core.search_hub(&search).await?.into())
}

/// A repository's page; `id` may be a pasted address.
#[tauri::command]
#[specta::specta]
pub(crate) async fn hub_repo(
    state: State<'_, AppState>,
    id: String,
    revision: Option<String>,
) -> Result<HubRepo, IpcError> {
    let core = state.core()?;
    Ok(core.hub_repo(&id, revision.as_deref()).await?.into())
}

/// Keeps a token, or forgets the one that was set here.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_hub_token(
    state: State<'_, AppState>,
    token: Option<String>,
) -> Result<Settings, IpcError> {
    let core = state.core()?;
    core.set_hub_token(token.as_deref())?;
    Ok(view(&core))
}

/// Another address for the hub, or none.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_hub_endpoint(
    state: State<'_, AppState>,
    endpoint: Option<String>,
) -> Result<Settings, IpcError> {
    let core = state.core()?;
    core.set_hub_endpoint(endpoint.as_deref())?;
    Ok(view(&core))
}

/// How much downloads may take, from now on.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_download_limits(
    state: State<'_, AppState>,
    limits: DownloadLimits,
) -> Result<Settings, IpcError> {
    let core = state.core()?;
    core.update_settings(|settings| {
        settings.hub.connections = Some(limits.connections);
        settings.hub.parallel_files = Some(limits.parallel_files);
        settings.hub.bytes_per_second = limits.bytes_per_second;
    })?;
    Ok(view(&core))
}

/// The link that the app was opened with and that was not shown yet.
#[tauri::command]
#[specta::specta]
pub(crate) async fn opened_link(state: State<'_, AppState>) -> Result<Option<OpenHub>, IpcError> {
    Ok(state.take_link())
}
