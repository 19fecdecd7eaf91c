//! The main window: made when it is first wanted, shown, hidden in favour of the tray, and brought back.
//!
//! Started into the tray, Paddock has no web view at all: that is most of its memory, and all that stirs at idle.

use std::sync::atomic::{AtomicBool, Ordering};

use paddock_core::Core;
use settings::{DataDir, DesktopSettings};
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, CloseRequestApi, Manager, Runtime, WebviewWindow, WebviewWindowBuilder};
use tauri_plugin_window_state::StateFlags;

use crate::app_state::AppState;
use crate::tray::{self, Tray};

/// There is nothing to be seen: who draws for the page can rest. It begins like that, and asking the window itself
/// would wake it.
static HIDDEN: AtomicBool = AtomicBool::new(true);

/// Whether the window is in the tray.
pub(crate) fn is_hidden() -> bool {
    HIDDEN.load(Ordering::Relaxed)
}

/// Size and place, kept beside the settings. Whether it is seen is the settings' to say.
pub(crate) fn keeps_its_place<R: Runtime>() -> TauriPlugin<R> {
    let kept = tauri_plugin_window_state::Builder::new()
        .with_state_flags(StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED);
    match DataDir::of_user() {
        // An absolute path counts as it is.
        Ok(data) => kept.with_filename(data.root().join("window.json").display().to_string()),
        Err(_) => kept,
    }
    .build()
}

fn main<R: Runtime>(app: &AppHandle<R>) -> Option<WebviewWindow<R>> {
    app.get_webview_window("main")
}

/// Makes the window as the app's configuration says. Where another is faster, it is that one's.
fn make<R: Runtime>(app: &AppHandle<R>) -> Option<WebviewWindow<R>> {
    let config = app.config().app.windows.first()?;
    WebviewWindowBuilder::from_config(app, config)
        .and_then(WebviewWindowBuilder::build)
        .inspect_err(|error| tracing::error!(%error, "the window could not be made"))
        .ok()
        .or_else(|| main(app))
}

/// Does something with the window, once there is one.
fn with_window<R: Runtime>(
    app: &AppHandle<R>,
    act: impl FnOnce(&WebviewWindow<R>) + Send + 'static,
) {
    HIDDEN.store(false, Ordering::Relaxed);
    if let Some(window) = main(app) {
        return act(&window);
    }
    let app = app.clone();
    // Not here: Windows' web view waits for ever where it is made by who handles an event.
    std::thread::spawn(move || {
        if let Some(window) = make(&app) {
            act(&window);
        }
    });
}

/// Brings the window up, wherever it is.
pub(crate) fn show<R: Runtime>(app: &AppHandle<R>) {
    with_window(app, |window| {
        let _ = window.show();
        let _ = window.unminimize();
        let _ = window.set_focus();
    });
}

/// Brings the window up without covering anything with it.
pub(crate) fn show_minimised<R: Runtime>(app: &AppHandle<R>) {
    with_window(app, |window| {
        let _ = window.minimize();
        let _ = window.show();
    });
}

/// Whether there is a window to be found, minimised or not.
pub(crate) fn is_shown<R: Runtime>(app: &AppHandle<R>) -> bool {
    main(app).is_some_and(|window| window.is_visible().unwrap_or(true))
}

/// Whether the user has it before them.
pub(crate) fn is_looked_at<R: Runtime>(app: &AppHandle<R>) -> bool {
    main(app).is_some_and(|window| {
        window.is_visible().unwrap_or(false) && window.is_focused().unwrap_or(false)
    })
}

/// The window of a start, which the settings may want in the tray, or minimised where there is none.
pub(crate) fn first<R: Runtime>(app: &AppHandle<R>) {
    let settings = DataDir::of_user()
        .map(|data| DesktopSettings::peek(&data.settings()))
        .unwrap_or_default();
    match (settings.start_hidden, settings.tray) {
        (false, _) => show_at_start(app),
        (true, true) => {}
        (true, false) => show_minimised(app),
    }
    tray::keep_reachable(app);
}

fn show_at_start<R: Runtime>(app: &AppHandle<R>) {
    HIDDEN.store(false, Ordering::Relaxed);
    if let Some(window) = make(app) {
        let _ = window.show();
    }
}

/// The window is to be closed: it stays in the tray if the user wants that and can reach it there; else the app ends.
pub(crate) fn on_close<R: Runtime>(app: &AppHandle<R>, close: &CloseRequestApi) {
    let stays = |core: Core| {
        let settings = DesktopSettings::of(&core.settings().desktop);
        settings.tray && settings.close_to_tray && app.state::<Tray>().is_shown()
    };
    if app.state::<AppState>().core().is_ok_and(stays) {
        close.prevent_close();
        if let Some(window) = main(app) {
            HIDDEN.store(true, Ordering::Relaxed);
            let _ = window.hide();
        }
    }
}
