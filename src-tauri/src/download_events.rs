//! Downloads, told to the page as they go on, and to the user when one ends while the window is not looked at.

use std::collections::HashMap;

use paddock_core::{Core, JobState};
use tauri::{AppHandle, Runtime};
use tauri_specta::Event;

use crate::ipc_types::LibraryChanged;
use crate::ipc_types::downloads::{DownloadsChanged, JobView};
use crate::notifications;

/// Tells from now on, until the app ends. The queue publishes at most four times a second.
pub(crate) fn start<R: Runtime>(app: &AppHandle<R>, core: &Core) {
    let (app, core) = (app.clone(), core.clone());
    tauri::async_runtime::spawn(async move {
        let mut jobs = match core.watch_downloads() {
            Ok(jobs) => jobs,
            Err(error) => return tracing::warn!(%error, "downloads are not watched"),
        };
        let mut states: HashMap<String, JobState> = HashMap::new();
        // What had ended before this start is no news; what ends between two looks is.
        let mut first_look = true;
        loop {
            let now = jobs.borrow_and_update().clone();
            for job in now.iter() {
                let before = states.insert(job.id.clone(), job.state);
                let ended = matches!(job.state, JobState::Done | JobState::Failed);
                if ended && !first_look && before != Some(job.state) {
                    // A model that is done is in the library before the page hears of it.
                    let _ = core.wait_for_download(&job.id).await;
                    let _ = LibraryChanged.emit(&app);
                    notify(&app, &job.label, job.state == JobState::Done);
                }
            }
            first_look = false;
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

fn notify<R: Runtime>(app: &AppHandle<R>, label: &str, done: bool) {
    let title = if done {
        "Download finished"
    } else {
        "Download failed"
    };
    notifications::tell(app, title, label);
}
