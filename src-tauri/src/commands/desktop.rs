//! The settings of tray, start and notifications.

use std::path::PathBuf;

use settings::DesktopSettings;
use tauri::{AppHandle, Manager, Runtime, State};

use crate::app_state::AppState;
use crate::ipc_error::IpcError;
use crate::ipc_types::desktop::{DesktopChange, DesktopView};
use crate::login;
use crate::tray::Tray;

#[tauri::command]
#[specta::specta]
pub(crate) async fn desktop_settings<R: Runtime>(
    app: AppHandle<R>,
    state: State<'_, AppState>,
) -> Result<DesktopView, IpcError> {
    let settings = DesktopSettings::of(&state.core()?.settings().desktop);
    Ok(DesktopView {
        tray: settings.tray,
        tray_shown: app.state::<Tray>().is_shown(),
        close_to_tray: settings.close_to_tray,
        start_hidden: settings.start_hidden,
        notifications: settings.notifications,
        start_at_login: config_folder(&app).is_ok_and(|config| login::is_on(&config)),
    })
}

/// Changes what is given, and nothing else.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_desktop_settings<R: Runtime>(
    app: AppHandle<R>,
    state: State<'_, AppState>,
    change: DesktopChange,
) -> Result<DesktopView, IpcError> {
    let core = state.core()?;
    if let Some(on) = change.start_at_login {
        let set = config_folder(&app).and_then(|config| login::set(&config, on));
        set.map_err(|error| {
            let message = format!("could not change whether Paddock starts at login: {error}");
            IpcError::new(
                "login_not_set",
                message,
                "Change it in the system's settings.",
            )
        })?;
    }
    // Read and written in one step: another switch may be pressed meanwhile.
    core.update_settings(|settings| {
        let before = DesktopSettings::of(&settings.desktop);
        let after = DesktopSettings {
            tray: change.tray.unwrap_or(before.tray),
            close_to_tray: change.close_to_tray.unwrap_or(before.close_to_tray),
            start_hidden: change.start_hidden.unwrap_or(before.start_hidden),
            notifications: change.notifications.unwrap_or(before.notifications),
        };
        after.put(&mut settings.desktop);
    })?;
    desktop_settings(app, state).await
}

fn config_folder<R: Runtime>(app: &AppHandle<R>) -> std::io::Result<PathBuf> {
    app.path().config_dir().map_err(std::io::Error::other)
}
