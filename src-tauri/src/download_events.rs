//! Downloads, told to the page as they go on, and to the user when one ends while the window is not looked at.

use std::collections::HashMap;

use paddock_core::{Core, JobState};
use tauri::{AppHandle, Manager, Runtime};
use tauri_plugin_notification::NotificationExt;
use tauri_specta::Event;

use crate::ipc_types::LibraryChanged;
use crate::ipc_types::downloads::{DownloadsChanged, JobView};

/// The settings' word for not being notified, in the `desktop` part.
const NOTIFICATIONS: &str = "notifications";

/// Tells from now on, until the app ends. The queue publishes at most four times a second.
pub(crate) fn start<R: Runtime>(app: &AppHandle<R>, core: &Core) {
    let (app, core) = (app.clone(), core.clone());
    tauri::async_runtime::spawn(async move {
        let mut jobs = match core.watch_downloads() {
            Ok(jobs) => jobs,
            Err(error) => return tracing::warn!(%error, "downloads are not watched"),
        };
        let mut states: HashMap<String, JobState> = HashMap::new();
        loop {
            let now = jobs.borrow_and_update().clone();
            for job in now.iter() {
                let before = states.insert(job.id.clone(), job.state);
                let ended = matches!(job.state, JobState::Done | JobState::Failed);
                if ended && before.is_some_and(|before| before != job.state) {
                    // A model that is done is in the library before the page hears of it.
                    let _ = core.wait_for_download(&job.id).await;
                    let _ = LibraryChanged.emit(&app);
                    notify(&app, &core, &job.label, job.state == JobState::Done);
                }
            }
            states.retain(|id, _| now.iter().any(|job| job.id == *id));
            let views = core.downloads().unwrap_or_default();
            let views: Vec<JobView> = views.into_iter().map(Into::into).collect();
            let _ = DownloadsChanged(views).emit(&app);
            if jobs.changed().await.is_err() {
                return;
            }
        }
    });
}

fn notify<R: Runtime>(app: &AppHandle<R>, core: &Core, label: &str, done: bool) {
    let is_wanted = core
        .settings()
        .desktop
        .get(NOTIFICATIONS)
        .and_then(serde_json::Value::as_bool)
        .unwrap_or(true);
    let is_looked_at = app
        .get_webview_window("main")
        .and_then(|window| window.is_focused().ok())
        .unwrap_or(false);
    if !is_wanted || is_looked_at {
        return;
    }
    let title = if done {
        "Download finished"
    } else {
        "Download failed"
    };
    // A desktop without notifications is no fault of the download.
    let shown = app.notification().builder().title(title).body(label).show();
    if let Err(error) = shown {
        tracing::debug!(%error, "no notification");
    }
}
