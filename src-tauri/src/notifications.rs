//! What the user is told while they look elsewhere: a model is loaded, one failed, one left the GPU. Downloads are told
//! by `download_events`.
//!
//! Never while the window is looked at, never what a program asked for, never where notifications are off.

use std::collections::HashMap;

use paddock_core::{Core, ServerState};
use settings::DesktopSettings;
use tauri::{AppHandle, Manager, Runtime};
use tauri_plugin_notification::NotificationExt;

use crate::app_state::AppState;
use crate::window;

/// Announcements that matter to somebody who is not looking.
const WORTH_TELLING: [&str; 2] = ["fell_back_to_cpu", "gpu_gone"];

/// Tells somebody who looks elsewhere.
pub(crate) fn tell<R: Runtime>(app: &AppHandle<R>, title: &str, body: &str) {
    if are_wanted(app) && !window::is_looked_at(app) {
        post(app, title, body);
    }
}

/// Whether the settings allow any.
pub(crate) fn are_wanted<R: Runtime>(app: &AppHandle<R>) -> bool {
    let core = app.state::<AppState>().core();
    core.is_ok_and(|core| DesktopSettings::of(&core.settings().desktop).notifications)
}

/// Shows one. A desktop without notifications is no fault of what is told.
pub(crate) fn post<R: Runtime>(app: &AppHandle<R>, title: &str, body: &str) {
    let shown = app.notification().builder().title(title).body(body).show();
    if let Err(error) = shown {
        tracing::debug!(%error, "no notification");
    }
}

/// Watches the models from now on, until the app ends.
pub(crate) fn start<R: Runtime>(app: &AppHandle<R>, core: &Core) {
    let (app, core) = (app.clone(), core.clone());
    tauri::async_runtime::spawn(async move {
        let mut revision = core.registry().revision();
        let mut announcements = core.announcements();
        let mut states: HashMap<String, ServerState> = HashMap::new();
        let mut last_told = 0;
        loop {
            tell_of_models(&app, &core, &mut states);
            let announced = announcements.borrow_and_update().clone();
            for announcement in announced.iter() {
                let is_new = announcement.id > last_told;
                if is_new && WORTH_TELLING.contains(&announcement.code.as_str()) {
                    tell(&app, "A model left the GPU", &announcement.message);
                }
                last_told = last_told.max(announcement.id);
            }
            let is_over = tokio::select! {
                changed = revision.changed() => changed.is_err(),
                changed = announcements.changed() => changed.is_err(),
            };
            if is_over {
                return;
            }
        }
    });
}

fn tell_of_models<R: Runtime>(
    app: &AppHandle<R>,
    core: &Core,
    states: &mut HashMap<String, ServerState>,
) {
    let mut now = HashMap::new();
    for model in core.model_statuses() {
        let (key, state) = (model.server.key, model.server.state);
        match (states.get(&key), state) {
            (Some(ServerState::Starting), ServerState::Ready) if !model.loaded_on_demand => {
                tell(app, "Model loaded", &key);
            }
            (before, ServerState::Failed) if before != Some(&ServerState::Failed) => {
                let why = model.server.error.map(|failure| failure.message);
                let body = why.map_or(key.clone(), |why| format!("{key}: {why}"));
                tell(app, "Model failed", &body);
            }
            _ => {}
        }
        now.insert(key, state);
    }
    *states = now;
}
