//! `paddock://models/huggingface/{owner}/{repo}?file={path}`: opens the repository's page. Nothing is downloaded
//! without a click there, whatever a link says.
//!
//! On Linux and Windows the system starts the app with the link as an argument; a second start passes it to the first
//! (`start_up`). On macOS the running app is told. Files that are opened with Paddock come the same way (`opened_files`).

use paddock_core::is_link;
use tauri::{AppHandle, Manager, Runtime};
use tauri_plugin_deep_link::DeepLinkExt;
use tauri_specta::Event;

use crate::app_state::AppState;
use crate::ipc_types::hub::OpenHub;
use crate::{opened_files, window};

/// The links and files that the app was started with, all as URLs.
pub(crate) fn of_this_start() -> Vec<String> {
    // Not `args`, which panics at a path that is no Unicode.
    let arguments = std::env::args_os().skip(1);
    arguments
        .filter_map(|argument| {
            let argument = argument.into_string().ok()?;
            if is_link(&argument) {
                Some(argument)
            } else {
                opened_files::url_of(&argument)
            }
        })
        .collect()
}

/// Opens the links that the system hands to the running app, as macOS does.
pub(crate) fn listen<R: Runtime>(app: &AppHandle<R>) {
    let handle = app.clone();
    app.deep_link().on_open_url(move |event| {
        for link in event.urls() {
            open(&handle, link.as_str());
        }
    });
}

/// Shows what a link means. What means nothing is dropped, with a word in the log.
pub(crate) fn open<R: Runtime>(app: &AppHandle<R>, link: &str) {
    window::show(app);
    if let Some(path) = opened_files::path_of(link) {
        return opened_files::open(app, path);
    }
    if !is_link(link) {
        return tracing::warn!("a link that is none of ours was not opened");
    }
    match paddock_core::parse_link(link) {
        Ok(reference) => {
            let link = OpenHub {
                repo: reference.repo.to_string(),
                file: reference.file,
            };
            // The page may not listen yet; it asks when it does.
            app.state::<AppState>().keep_link(link.clone());
            let _ = link.emit(app);
        }
        Err(error) => tracing::warn!(%error, "a link was not understood"),
    }
}
