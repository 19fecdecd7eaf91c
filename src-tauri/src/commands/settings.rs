//! The settings screen.

use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;

use paddock_core::Core;
use serde_json::json;
use tauri::{AppHandle, Runtime, State};
use tauri_plugin_shell::ShellExt;

use super::{ask, local_path};
use crate::app_state::AppState;
use crate::ipc_error::IpcError;
use crate::ipc_types::hub::HubSettings;
use crate::ipc_types::serving::{ServingLimits, ServingSettings};
use crate::ipc_types::{Settings, Theme};

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
        hub: hub(core),
        serving: serving(core),
        auto_update_engines: settings.engines.auto_update,
        fetch_missing_engine: settings.engines.fetch_missing,
    }
}

fn serving(core: &Core) -> ServingSettings {
    let settings = core.settings();
    let limits = &settings.limits;
    ServingSettings {
        load_on_demand: settings.gateway.load_on_demand,
        request_log: settings.gateway.request_log,
        allowed_hosts: settings.gateway.allowed_hosts.clone(),
        allowed_origins: settings.gateway.allowed_origins.clone(),
        limits: ServingLimits {
            max_loaded: u32::try_from(limits.max_loaded).unwrap_or(u32::MAX),
            memory_bytes: limits.memory_bytes,
            idle_seconds: i32::try_from(limits.idle_seconds).unwrap_or(i32::MAX),
        },
        network_address: network_address(),
    }
}

/// The address that other computers see: the system names it for a route out. Nothing is sent for that.
fn network_address() -> Option<String> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address of documentation: whatever has no route of its own.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then(|| address.to_string())
}

fn hub(core: &Core) -> HubSettings {
    let view = core.hub_settings();
    let limits = core.download_limits();
    HubSettings {
        endpoint: core.settings().hub.endpoint.clone(),
        token_set: view.token_set,
        token_source: view.token_source.map(Into::into),
        token_kept: view.token_kept.map(Into::into),
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
        core.add_models_folder(&folder).await?;
    }
    Ok(view(&core))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_model_folder(
    state: State<'_, AppState>,
    path: String,
) -> Result<Settings, IpcError> {
    let core = state.core()?;
    core.remove_models_folder(Path::new(&path))?;
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
