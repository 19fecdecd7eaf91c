//! What the page may ask, one file per noun. A command converts and makes one call; what it does is the core's.

pub(crate) mod chat;
pub(crate) mod command_line;
pub(crate) mod desktop;
pub(crate) mod downloads;
pub(crate) mod engines;
pub(crate) mod first_run;
pub(crate) mod gateway;
pub(crate) mod hub;
pub(crate) mod keys;
pub(crate) mod library;
pub(crate) mod models;
pub(crate) mod params;
pub(crate) mod report;
pub(crate) mod server;
pub(crate) mod settings;
pub(crate) mod start_up;

#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::path::PathBuf;

use tauri::{AppHandle, Runtime};
use tauri_plugin_dialog::{DialogExt, FileDialogBuilder, FilePath};

/// Shows a native dialog and waits for the answer without holding a thread; `None` when it was cancelled.
async fn ask<R: Runtime, T: Send + 'static>(
    app: &AppHandle<R>,
    show: impl FnOnce(FileDialogBuilder<R>, Box<dyn FnOnce(Option<T>) + Send>),
) -> Option<T> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    let tell = move |picked| {
        let _ = answer.send(picked);
    };
    show(app.dialog().file(), Box::new(tell));
    answered.await.ok().flatten()
}

fn local_path(path: FilePath) -> Option<PathBuf> {
    path.into_path().ok()
}
