//! The icon in the tray: says what runs, and is a way in while there is no window.
//!
//! One task looks whenever something changed, and draws only what differs; at idle it sleeps. On Linux the tray is a
//! D-Bus service of our own (`linux`), because GTK's has no tooltips and cannot say whether anybody shows it;
//! elsewhere it is Tauri's (`others`).
//!
//! Invariant: the window is hidden only while an icon can be seen. Where the tray goes away, the window comes back.

mod act;
mod icons;
#[cfg(any(not(target_os = "linux"), test))]
mod ids;
#[cfg(target_os = "linux")]
mod linux;
mod menu;
#[cfg(not(target_os = "linux"))]
mod others;

use std::time::Duration;

use paddock_core::{Core, Overall};
use settings::DesktopSettings;
use tauri::{AppHandle, Manager, Runtime};
use tokio::sync::watch;

pub(crate) use act::Clipboard;
#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(not(target_os = "linux"))]
use others as platform;
#[cfg(not(target_os = "linux"))]
pub(crate) use others::listen;

use crate::window;
use menu::{Facts, Running, View};

/// Changes come in flocks; the tray is drawn once for each.
const SETTLE: Duration = Duration::from_millis(150);
/// A shell that is restarted takes its tray with it for a moment; at login the tray may come after us.
const COMES_BACK_WITHIN: Duration = Duration::from_secs(5);
const COMES_AT_START_WITHIN: Duration = Duration::from_secs(10);

/// What the rest of the app knows of the tray.
pub(crate) struct Tray {
    /// An icon of ours can be seen.
    shown: watch::Sender<bool>,
}

impl Default for Tray {
    fn default() -> Self {
        Self {
            shown: watch::Sender::new(false),
        }
    }
}

impl Tray {
    /// Whether the app can be reached by its icon now.
    pub(crate) fn is_shown(&self) -> bool {
        *self.shown.borrow()
    }
}

/// Shows the tray from now on, as the settings say.
pub(crate) fn start<R: Runtime>(app: &AppHandle<R>, core: &Core) {
    tauri::async_runtime::spawn(keep_shown(app.clone(), core.clone()));
}

async fn keep_shown<R: Runtime>(app: AppHandle<R>, core: Core) {
    let mut revision = core.registry().revision();
    let mut endpoint = core.endpoint().subscribe();
    let mut library = core.library_revision();
    let mut settings = core.settings_changes();
    let Ok(mut jobs) = core.watch_downloads() else {
        return tracing::warn!("no tray: the downloads cannot be watched");
    };
    let shown = app.state::<Tray>().shown.clone();
    let mut icon: Option<platform::Icon<R>> = None;
    let mut drawn: Option<View> = None;
    loop {
        let now = View::of(&facts(&core, jobs.borrow_and_update().to_vec()));
        match (wanted(&core), icon.take()) {
            (true, None) => {
                icon = platform::show(&app, &shown, now.clone()).await;
                drawn = Some(now);
            }
            (true, Some(there)) => {
                if drawn.as_ref() != Some(&now) {
                    there.draw(now.clone()).await;
                    drawn = Some(now);
                }
                icon = Some(there);
            }
            (false, Some(there)) => {
                there.remove().await;
                shown.send_replace(false);
            }
            (false, None) => {}
        }
        let is_over = tokio::select! {
            changed = revision.changed() => changed.is_err(),
            changed = endpoint.changed() => changed.is_err(),
            changed = library.changed() => changed.is_err(),
            changed = jobs.changed() => changed.is_err(),
            changed = settings.changed() => changed.is_err(),
        };
        if is_over {
            return;
        }
        tokio::time::sleep(SETTLE).await;
    }
}

fn wanted(core: &Core) -> bool {
    DesktopSettings::of(&core.settings().desktop).tray
}

fn facts(core: &Core, downloads: Vec<paddock_core::JobView>) -> Facts {
    let models = core.model_statuses();
    Facts {
        overall: Overall::of(&models),
        running: models
            .into_iter()
            .map(|model| Running {
                key: model.server.key,
                state: model.server.state,
                error: model.server.error.map(|failure| failure.message),
            })
            .collect(),
        recent: core.recent_models(menu::MOST_MODELS),
        endpoint: core.endpoint().borrow().clone(),
        downloads,
    }
}

/// Brings a hidden window back, minimised, where no tray is there to bring it back from.
pub(crate) fn keep_reachable<R: Runtime>(app: &AppHandle<R>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let mut shown = app.state::<Tray>().shown.subscribe();
        let mut patience = COMES_AT_START_WITHIN;
        loop {
            let comes = async { drop(shown.wait_for(|shown| *shown).await) };
            let is_late = tokio::time::timeout(patience, comes).await.is_err();
            if is_late && !window::is_shown(&app) {
                window::show_minimised(&app);
            }
            patience = COMES_BACK_WITHIN;
            // The sender lives as long as the app.
            let _ = shown.wait_for(|shown| *shown).await;
            let _ = shown.wait_for(|shown| !*shown).await;
        }
    });
}
