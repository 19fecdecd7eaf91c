//! The `paddock` command on the user's `PATH`.

use crate::command_line::{CommandLine, CommandLineError};
use crate::ipc_error::IpcError;
use crate::ipc_types::command_line::CommandLineStatus;

impl From<CommandLineError> for IpcError {
    fn from(error: CommandLineError) -> Self {
        Self::new(error.code(), error.to_string(), error.hint())
    }
}

/// Where it is, and whether shells find it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn command_line_status() -> Result<CommandLineStatus, IpcError> {
    Ok(of_user()?.status().into())
}

/// Lets shells find it.
#[tauri::command]
#[specta::specta]
pub(crate) async fn install_command_line() -> Result<CommandLineStatus, IpcError> {
    let command_line = of_user()?;
    command_line.install()?;
    Ok(command_line.status().into())
}

/// Undoes that.
#[tauri::command]
#[specta::specta]
pub(crate) async fn remove_command_line() -> Result<CommandLineStatus, IpcError> {
    let command_line = of_user()?;
    command_line.remove()?;
    Ok(command_line.status().into())
}

fn of_user() -> Result<CommandLine, IpcError> {
    CommandLine::of_user().ok_or_else(|| {
        IpcError::new(
            "command_line_failed",
            "this system names no home folder",
            "",
        )
    })
}
