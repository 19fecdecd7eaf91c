//! What a report of a problem holds, and texts that are saved where the user says.

use std::path::Path;

use tauri::{AppHandle, Runtime, State};

use super::{ask, local_path};
use crate::app_state::AppState;
use crate::ipc_error::IpcError;

/// What `paddock doctor` finds, as a text without paths, keys and passwords.
#[tauri::command]
#[specta::specta]
pub(crate) async fn report(state: State<'_, AppState>) -> Result<String, IpcError> {
    Ok(state.core()?.check_up(true).await?.report())
}

/// Asks for a file and writes the text there; false when the dialog was cancelled.
#[tauri::command]
#[specta::specta]
pub(crate) async fn save_text<R: Runtime>(
    app: AppHandle<R>,
    name: String,
    text: String,
) -> Result<bool, IpcError> {
    // The page proposes a name, and no more than that.
    let name = Path::new(&name).file_name().map_or_else(
        || "paddock.txt".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    let picked = ask(&app, |dialog, tell| {
        dialog.set_title("Save").set_file_name(name).save_file(tell)
    })
    .await;
    let Some(path) = picked.and_then(local_path) else {
        return Ok(false);
    };
    tokio::fs::write(&path, text).await.map_err(|error| {
        IpcError::new(
            "save_failed",
            format!("could not write {}: {error}", path.display()),
            "Choose another folder.",
        )
    })?;
    Ok(true)
}
