//! What other apps hold, what files say, removing, and the folders.

use std::path::PathBuf;

use paddock_core::{ImportRequest, RemoveRequest};
use tauri::{AppHandle, Runtime, State};

use super::{ask, local_path};
use crate::app_state::AppState;
use crate::ipc_error::IpcError;
use crate::ipc_types::Model;
use crate::ipc_types::library::{
    FileFate, FolderMove, FoundModel, ModelDetails, ModelsFolder, NewerUpload,
};

/// The models that other apps hold on this machine.
#[tauri::command]
#[specta::specta]
pub(crate) async fn found_elsewhere(
    state: State<'_, AppState>,
) -> Result<Vec<FoundModel>, IpcError> {
    let found = state.core()?.found_elsewhere().await?;
    Ok(found.into_iter().map(Into::into).collect())
}

/// Adds those of the apps' models that are named by their paths.
#[tauri::command]
#[specta::specta]
pub(crate) async fn import_found(
    state: State<'_, AppState>,
    apps: Vec<String>,
    paths: Vec<String>,
    copy: bool,
) -> Result<Vec<Model>, IpcError> {
    let request = ImportRequest {
        from: apps,
        only: Some(paths.into_iter().map(Into::into).collect()),
        copy,
        ..ImportRequest::default()
    };
    let models = state.core()?.import(&request).await?;
    Ok(models.into_iter().map(Into::into).collect())
}

/// All that a model's files say.
#[tauri::command]
#[specta::specta]
pub(crate) async fn model_details(
    state: State<'_, AppState>,
    key: String,
) -> Result<ModelDetails, IpcError> {
    Ok(state.core()?.model_details(&key).await?.into())
}

/// Asks the hub whether it has another upload of a model that was fetched from it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn check_for_newer(
    state: State<'_, AppState>,
    key: String,
) -> Result<NewerUpload, IpcError> {
    Ok(state.core()?.check_for_newer(&key).await?.into())
}

/// Takes a model out of the library, and lets its files go as asked.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_model(
    state: State<'_, AppState>,
    key: String,
    files: FileFate,
) -> Result<(), IpcError> {
    let request = RemoveRequest {
        model: key,
        files: Some(files.into()),
    };
    state.core()?.remove_model(&request).await?;
    Ok(())
}

/// The folders that models are looked for in.
#[tauri::command]
#[specta::specta]
pub(crate) async fn library_folders(
    state: State<'_, AppState>,
) -> Result<Vec<ModelsFolder>, IpcError> {
    let folders = state.core()?.library_folders().await?;
    Ok(folders.into_iter().map(Into::into).collect())
}

/// Asks for another place for a models folder, and moves it there. Answers when it is done; false if none was chosen.
#[tauri::command]
#[specta::specta]
pub(crate) async fn move_models_folder<R: Runtime>(
    app: AppHandle<R>,
    state: State<'_, AppState>,
    path: String,
) -> Result<bool, IpcError> {
    let core = state.core()?;
    let picked = ask(&app, |dialog, tell| {
        dialog
            .set_title("Choose an empty folder for the models")
            .pick_folder(tell)
    })
    .await;
    let Some(to) = picked.and_then(local_path) else {
        return Ok(false);
    };
    core.move_models_folder(&PathBuf::from(path), &to).await?;
    Ok(true)
}

/// How far the move is, or how the last one ended.
#[tauri::command]
#[specta::specta]
pub(crate) async fn folder_move(
    state: State<'_, AppState>,
) -> Result<Option<FolderMove>, IpcError> {
    let now = state.core()?.folder_move().borrow().clone();
    Ok(now.map(Into::into))
}

/// Ends the move; everything will be where it was.
#[tauri::command]
#[specta::specta]
pub(crate) async fn cancel_folder_move(state: State<'_, AppState>) -> Result<(), IpcError> {
    state.core()?.cancel_folder_move();
    Ok(())
}
