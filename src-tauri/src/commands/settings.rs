//! The settings screen.

use std::net::SocketAddr;
use std::path::PathBuf;

use paddock_core::Core;
use serde_json::json;
use tauri::{AppHandle, Runtime, State};
use tauri_plugin_shell::ShellExt;
use tauri_specta::Event;

use super::{ask, local_path};
use crate::app_state::AppState;
use crate::ipc_error::IpcError;
use crate::ipc_types::hub::HubSettings;
use crate::ipc_types::{LibraryChanged, Settings, Theme};

/// The name of the theme in the document's `desktop` part.
const THEME: &str = "theme";

/// What the screen shows.
pub(super) fn view(core: &Core) -> Settings {
    let settings = core.settings();
    let theme = settings.desktop.get(THEME).cloned().unwrap_or_default();
    Settings {
        port: settings.gateway.port,
        host: settings.gateway.host.to_string(),
        theme: serde_json::from_value(theme).unwrap_or_default(),
        model_folders: settings
            .model_folders
            .iter()
            .map(|folder| folder.display().to_string())
            .collect(),
        paddock_models_folder: core.models_folder().display().to_string(),
        engines: core.engines().into_iter().map(Into::into).collect(),
        hub: hub(core),
        auto_update_engines: settings.engines.auto_update,
        fetch_missing_engine: settings.engines.fetch_missing,
    }
}

fn hub(core: &Core) -> HubSettings {
    let view = core.hub_settings();
    let limits = core.download_limits();
    HubSettings {
        endpoint: core.settings().hub.endpoint.clone(),
        token_set: view.token_set,
        token_source: view.token_source.map(Into::into),
        connections: limits.connections,
        parallel_files: limits.parallel_files,
        bytes_per_second: limits.bytes_per_second,
    }
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn get_settings(state: State<'_, AppState>) -> Result<Settings, IpcError> {
    Ok(view(&state.core()?))
}

/// Moves the endpoint to another port, at once.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_port(state: State<'_, AppState>, port: u16) -> Result<(), IpcError> {
    if port < 1024 {
        let message = format!("port {port} is not for programs like this one");
        return Err(IpcError::new(
            "invalid_port",
            message,
            "Choose a port from 1024 to 65535.",
        ));
    }
    let core = state.core()?;
    core.update_settings(|settings| settings.gateway.port = port)?;
    let address = SocketAddr::new(core.settings().gateway.host, port);
    state.move_endpoint(address)
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn set_theme(state: State<'_, AppState>, theme: Theme) -> Result<(), IpcError> {
    state
        .core()?
        .update_settings(|settings| settings.desktop.insert(THEME.to_owned(), json!(theme)))?;
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn add_model_folder<R: Runtime>(
    app: AppHandle<R>,
    state: State<'_, AppState>,
) -> Result<Settings, IpcError> {
    let core = state.core()?;
    let picked = ask(&app, |dialog, tell| {
        dialog
            .set_title("Choose a folder with models")
            .pick_folder(tell)
    })
    .await;
    if let Some(folder) = picked.and_then(local_path) {
        core.update_settings(|settings| {
            if !settings.model_folders.contains(&folder) {
                settings.model_folders.push(folder);
            }
        })?;
        let _ = LibraryChanged.emit(&app);
    }
    Ok(view(&core))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_model_folder<R: Runtime>(
    app: AppHandle<R>,
    state: State<'_, AppState>,
    path: String,
) -> Result<Settings, IpcError> {
    let core = state.core()?;
    let folder = PathBuf::from(path);
    core.update_settings(|settings| settings.model_folders.retain(|known| *known != folder))?;
    let _ = LibraryChanged.emit(&app);
    Ok(view(&core))
}

/// Shows the data folder in the system's file manager.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_data_folder<R: Runtime>(
    app: AppHandle<R>,
    state: State<'_, AppState>,
) -> Result<(), IpcError> {
    let folder = state.core()?.data().root().display().to_string();
    #[allow(deprecated)] // The plugin's own successor is one more plugin for this one call.
    app.shell().open(&folder, None).map_err(|error| {
        IpcError::new(
            "cannot_open",
            format!("could not show {folder}: {error}"),
            "",
        )
    })
}
