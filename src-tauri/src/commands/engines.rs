//! Engines: list, look at, install, choose, remove.

use paddock_core::InstallRequest;
use tauri::{AppHandle, Runtime, State};

use super::{ask, local_path, settings::view};
use crate::app_state::AppState;
use crate::ipc_error::IpcError;
use crate::ipc_types::Settings;
use crate::ipc_types::engines::{AvailableEngines, EngineDetails, EngineOption, EngineRow};

/// Picks a llama-server and makes it current.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pick_engine<R: Runtime>(
    app: AppHandle<R>,
    state: State<'_, AppState>,
) -> Result<Settings, IpcError> {
    let core = state.core()?;
    let picked = ask(&app, |dialog, tell| {
        dialog.set_title("Choose a llama-server").pick_file(tell)
    })
    .await;
    if let Some(path) = picked.and_then(local_path) {
        let engine = core.add_engine(&path).await?;
        core.use_engine(&engine.name)?;
    }
    Ok(view(&core))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn use_engine(
    state: State<'_, AppState>,
    name: String,
) -> Result<Settings, IpcError> {
    let core = state.core()?;
    core.use_engine(&name)?;
    Ok(view(&core))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn list_engines(state: State<'_, AppState>) -> Result<Vec<EngineRow>, IpcError> {
    Ok(state
        .core()?
        .engines()
        .into_iter()
        .map(Into::into)
        .collect())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn engine_details(
    state: State<'_, AppState>,
    name: String,
) -> Result<EngineDetails, IpcError> {
    Ok(state.core()?.show_engine(&name).await?.into())
}

/// What can be installed here: the variants are those of `build`, or of the newest release.
#[tauri::command]
#[specta::specta]
pub(crate) async fn available_engines(
    state: State<'_, AppState>,
    refresh: bool,
    build: Option<String>,
) -> Result<AvailableEngines, IpcError> {
    let core = state.core()?;
    Ok(core
        .available_engines(refresh, build.as_deref())
        .await
        .into())
}

/// Lets an engine load a tiny model and answer. Without an error it did, and the list says so from then on.
#[tauri::command]
#[specta::specta]
pub(crate) async fn prove_engine(state: State<'_, AppState>, name: String) -> Result<(), IpcError> {
    state.core()?.prove_listed_engine(&name).await?;
    Ok(())
}

/// Begins an installation; the snapshot's `engineJob` tells how it goes on.
#[tauri::command]
#[specta::specta]
pub(crate) async fn install_engine(
    state: State<'_, AppState>,
    build: String,
    variant: Option<String>,
    without_digest: bool,
) -> Result<(), IpcError> {
    let request = InstallRequest {
        build,
        variant,
        without_digest,
    };
    state.core()?.begin_install(request)?;
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_engine_install(state: State<'_, AppState>) -> Result<(), IpcError> {
    state.core()?.cancel_engine_install();
    Ok(())
}

/// Forgets an engine; one that Paddock fetched is deleted.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_engine(
    state: State<'_, AppState>,
    name: String,
) -> Result<(), IpcError> {
    state.core()?.remove_engine(&name).await?;
    Ok(())
}

/// Goes back to the engine that was current before.
#[tauri::command]
#[specta::specta]
pub(crate) async fn roll_back_engine(state: State<'_, AppState>) -> Result<(), IpcError> {
    state.core()?.roll_back_engine()?;
    Ok(())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn dismiss_announcement(
    state: State<'_, AppState>,
    id: u64,
) -> Result<(), IpcError> {
    state.core()?.dismiss_announcement(id);
    Ok(())
}

/// Every flag that the engine of this model takes.
#[tauri::command]
#[specta::specta]
pub(crate) async fn engine_options(
    state: State<'_, AppState>,
    key: String,
) -> Result<Vec<EngineOption>, IpcError> {
    let options = state.core()?.engine_options(&key).await?;
    Ok(options.into_iter().map(Into::into).collect())
}

/// Pins a model to an engine, or lets it run on the current one.
#[tauri::command]
#[specta::specta]
pub(crate) async fn pin_model(
    state: State<'_, AppState>,
    key: String,
    engine: Option<String>,
) -> Result<(), IpcError> {
    state.core()?.pin_model(&key, engine.as_deref()).await?;
    Ok(())
}

/// What Paddock may do about engines by itself.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_engine_updates(
    state: State<'_, AppState>,
    auto_update: bool,
    fetch_missing: bool,
) -> Result<Settings, IpcError> {
    let core = state.core()?;
    core.update_settings(|settings| {
        settings.engines.auto_update = auto_update;
        settings.engines.fetch_missing = fetch_missing;
    })?;
    Ok(view(&core))
}
