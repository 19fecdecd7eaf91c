//! The main window: made when it is first wanted, shown, hidden in favour of the tray, and brought back.
//!
//! Started into the tray, Paddock has no web view at all: that is most of its memory, and all that stirs at idle.
//!
//! Invariant: it shows the app's own page and no other, whatever is clicked, dropped or chosen from the web view's menus.

use std::sync::LazyLock;

use paddock_core::Core;
use settings::{DataDir, DesktopSettings};
use tauri::plugin::TauriPlugin;
use tauri::webview::NewWindowResponse;
use tauri::{
    AppHandle, CloseRequestApi, Manager, Runtime, Url, WebviewWindow, WebviewWindowBuilder,
};
use tauri_plugin_window_state::StateFlags;
use tokio::sync::watch;

use crate::app_state::AppState;
use crate::tray::{self, Tray};

/// There is nothing to be seen: who draws for the page can rest. It begins like that, and asking the window itself
/// would wake it.
static HIDDEN: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(true));

/// Whether the window is in the tray, now and whenever that changes.
pub(crate) fn hidden() -> watch::Receiver<bool> {
    HIDDEN.subscribe()
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
    let in_development = app.config().build.dev_url.clone();
    let in_development = in_development.filter(|_| tauri::is_dev());
    WebviewWindowBuilder::from_config(app, config)
        // The web view's own menu would open, and fetch, a link of an answer; the page opens links in the browser.
        .map(|window| {
            window
                .on_navigation(move |url| is_the_apps(url, in_development.as_ref()))
                .on_new_window(|_, _| NewWindowResponse::Deny)
                .on_download(|_, _| false)
        })
        .and_then(WebviewWindowBuilder::build)
        .inspect_err(|error| tracing::error!(%error, "the window could not be made"))
        .ok()
        .or_else(|| main(app))
}

/// Whether this is the app's own page: what is packed in it or, while the page is being written, its server's.
fn is_the_apps(url: &Url, in_development: Option<&Url>) -> bool {
    let packed = if cfg!(windows) {
        // A name that Windows' web view leads to the app. Elsewhere it is any program's that listens on this machine.
        matches!(url.scheme(), "http" | "https")
            && url.host_str() == Some("tauri.localhost")
            && url.port().is_none()
    } else {
        url.scheme() == "tauri" && url.host_str() == Some("localhost")
    };
    packed || in_development.is_some_and(|server| server.origin() == url.origin())
}

/// Does something with the window, once there is one.
fn with_window<R: Runtime>(
    app: &AppHandle<R>,
    act: impl FnOnce(&WebviewWindow<R>) + Send + 'static,
) {
    HIDDEN.send_replace(false);
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
    HIDDEN.send_replace(false);
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
            HIDDEN.send_replace(true);
            let _ = window.hide();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A foreign page in the window would look like the app.
    #[test]
    fn only_the_apps_own_pages_are_shown() {
        let url = |text: &str| Url::parse(text).unwrap();
        let own = if cfg!(windows) {
            "http://tauri.localhost/"
        } else {
            "tauri://localhost/"
        };
        let server = url("http://localhost:5173/");
        assert!(is_the_apps(&url(own), None));
        assert!(is_the_apps(&url(own), Some(&server)));
        for page in [
            "https://example.com/",
            "http://localhost:5173/",
            "http://127.0.0.1:8421/v1/models",
            "http://tauri.localhost:8080/",
            "tauri://elsewhere/",
            "file:///etc/passwd",
            "data:text/html,x",
            "about:blank",
        ] {
            assert!(!is_the_apps(&url(page), None), "{page}");
        }
        assert!(is_the_apps(&url("http://localhost:5173/x"), Some(&server)));
        assert!(!is_the_apps(&url("http://localhost:5174/"), Some(&server)));
    }
}
