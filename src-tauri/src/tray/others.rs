//! The tray on Windows and macOS: Tauri's, which the system always shows.

use tauri::menu::{Menu, MenuBuilder, MenuItemBuilder};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Runtime};
use tokio::sync::watch;

use super::act::perform;
use super::icons;
use super::menu::{Act, Entry, View};

/// Longer tooltips are cut off by Windows.
const LONGEST_TOOLTIP: usize = 120;

/// The icon, while there is one.
pub(crate) struct Icon<R: Runtime> {
    app: AppHandle<R>,
    tray: TrayIcon<R>,
}

/// Hears what is chosen in the menus from now on. Once for the app: Tauri keeps what listens for as long as the app
/// lives, also past the icon that it was given with.
pub(crate) fn listen<R: Runtime>(app: &AppHandle<R>) {
    app.on_menu_event(|app, event| {
        if let Some(act) = Act::of_id(event.id().as_ref()) {
            perform(app, act);
        }
    });
}

/// Shows the icon. None where the system refuses it.
pub(crate) async fn show<R: Runtime>(
    app: &AppHandle<R>,
    shown: &watch::Sender<bool>,
    view: View,
) -> Option<Icon<R>> {
    let built = menu(app, &view).and_then(|menu| {
        TrayIconBuilder::with_id("paddock")
            .icon(icons::of(view.overall))
            .tooltip(tooltip(&view))
            .menu(&menu)
            .show_menu_on_left_click(cfg!(target_os = "macos"))
            .on_tray_icon_event(|tray, event| {
                let opens = matches!(
                    event,
                    TrayIconEvent::Click {
                        button: MouseButton::Left,
                        button_state: MouseButtonState::Up,
                        ..
                    }
                );
                if opens && !cfg!(target_os = "macos") {
                    perform(tray.app_handle(), Act::Open);
                }
            })
            .build(app)
    });
    match built {
        Ok(tray) => {
            shown.send_replace(true);
            Some(Icon {
                app: app.clone(),
                tray,
            })
        }
        Err(error) => {
            tracing::warn!(%error, "no tray");
            None
        }
    }
}

impl<R: Runtime> Icon<R> {
    pub(crate) async fn draw(&self, view: View) {
        let drawn = menu(&self.app, &view)
            .and_then(|menu| self.tray.set_menu(Some(menu)))
            .and_then(|()| self.tray.set_icon(Some(icons::of(view.overall))))
            .and_then(|()| self.tray.set_tooltip(Some(tooltip(&view))));
        if let Err(error) = drawn {
            tracing::warn!(%error, "the tray could not be drawn");
        }
    }

    pub(crate) async fn remove(self) {
        drop(self.app.remove_tray_by_id(self.tray.id()));
    }
}

fn menu<R: Runtime>(app: &AppHandle<R>, view: &View) -> tauri::Result<Menu<R>> {
    let mut menu = MenuBuilder::new(app);
    for entry in &view.entries {
        match entry {
            Entry::Separator => menu = menu.separator(),
            Entry::Item { label, act } => {
                // One ampersand marks an access key.
                let label = label.replace('&', "&&");
                let item = match act {
                    Some(act) => MenuItemBuilder::with_id(act.id(), label),
                    None => MenuItemBuilder::new(label).enabled(false),
                };
                menu = menu.item(&item.build(app)?);
            }
        }
    }
    menu.build()
}

fn tooltip(view: &View) -> String {
    let mut text = view.title.clone();
    for line in &view.lines {
        if text.chars().count() + line.chars().count() < LONGEST_TOOLTIP {
            text.push('\n');
            text.push_str(line);
        }
    }
    text
}
