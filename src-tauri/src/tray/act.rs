//! What the tray's entries do: the same use cases as the window's buttons.

use std::sync::{Mutex, PoisonError};

use paddock_core::{Error, LoadRequest};
use tauri::{AppHandle, Manager, Runtime};

use crate::app_state::AppState;
use crate::tray::menu::Act;
use crate::{notifications, shutdown, window};

/// What was copied. On X11 whoever copied has to be there for as long as it can be pasted.
#[derive(Default)]
pub(crate) struct Clipboard(Mutex<Option<arboard::Clipboard>>);

impl Clipboard {
    fn copy(&self, text: String) -> Result<(), arboard::Error> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut clipboard = match kept.take() {
            Some(clipboard) => clipboard,
            None => arboard::Clipboard::new()?,
        };
        clipboard.set_text(text)?;
        *kept = Some(clipboard);
        Ok(())
    }
}

/// Does it, without keeping whoever asks waiting.
pub(crate) fn perform<R: Runtime>(app: &AppHandle<R>, act: Act) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        match act {
            Act::Open => window::show(&app),
            Act::Quit => shutdown::request(&app),
            Act::Copy(text) => {
                // Another program may hold the clipboard for a moment.
                let clipboard = app.clone();
                let copy = move || clipboard.state::<Clipboard>().copy(text);
                let copied = tauri::async_runtime::spawn_blocking(copy).await;
                if let Ok(Err(error)) = copied {
                    could_not(&app, "Could not copy the endpoint", &error.to_string());
                }
            }
            Act::Start(key) => {
                let Ok(core) = app.state::<AppState>().core() else {
                    return;
                };
                match core.load_model(&LoadRequest::of(&key)).await {
                    Ok(_) => {}
                    // What fails once it was started is told by who watches the models.
                    Err(Error::Load { .. } | Error::Start(_)) => {}
                    Err(error) => {
                        could_not(&app, &format!("Could not load {key}"), &error.to_string())
                    }
                }
            }
            Act::Stop(key) => {
                let Ok(core) = app.state::<AppState>().core() else {
                    return;
                };
                if let Err(error) = core.unload_model(&key).await {
                    could_not(&app, &format!("Could not stop {key}"), &error.to_string());
                }
            }
            Act::StopAll => {
                if let Ok(core) = app.state::<AppState>().core() {
                    core.unload_all().await;
                }
            }
        }
    });
}

/// The answer to a click: told where it can be seen, and in the window where notifications are off.
fn could_not<R: Runtime>(app: &AppHandle<R>, what: &str, why: &str) {
    tracing::warn!(why, "{what}");
    if notifications::are_wanted(app) {
        notifications::post(app, what, why);
    } else {
        window::show(app);
    }
}
