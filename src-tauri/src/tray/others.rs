//! The tray on Windows and macOS: Tauri's, which the system always shows.

use std::sync::{Arc, Mutex, PoisonError};

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
    acts: Acts,
}

/// What the entries do, by their number.
type Acts = Arc<Mutex<Vec<Option<Act>>>>;

/// Shows the icon. None where the system refuses it.
pub(crate) async fn show<R: Runtime>(
    app: &AppHandle<R>,
    shown: &watch::Sender<bool>,
    view: View,
) -> Option<Icon<R>> {
    let acts = Acts::default();
    let chosen = Arc::clone(&acts);
    let built = menu(app, &view, &acts).and_then(|menu| {
        TrayIconBuilder::with_id("paddock")
            .icon(icons::of(view.overall))
            .tooltip(tooltip(&view))
            .menu(&menu)
            .show_menu_on_left_click(cfg!(target_os = "macos"))
            .on_menu_event(move |app, event| {
                let acts = chosen.lock().unwrap_or_else(PoisonError::into_inner);
                let number = event.id().as_ref().parse::<usize>().ok();
                if let Some(act) = number.and_then(|number| acts.get(number).cloned().flatten()) {
                    perform(app, act);
                }
            })
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
                acts,
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
        let drawn = menu(&self.app, &view, &self.acts)
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

fn menu<R: Runtime>(app: &AppHandle<R>, view: &View, acts: &Acts) -> tauri::Result<Menu<R>> {
    let mut menu = MenuBuilder::new(app);
    let mut all = Vec::new();
    for (number, entry) in view.entries.iter().enumerate() {
        match entry {
            Entry::Separator => {
                menu = menu.separator();
                all.push(None);
            }
            Entry::Item { label, act } => {
                // One ampersand marks an access key.
                let item = MenuItemBuilder::with_id(number.to_string(), label.replace('&', "&&"))
                    .enabled(act.is_some())
                    .build(app)?;
                menu = menu.item(&item);
                all.push(act.clone());
            }
        }
    }
    let menu = menu.build()?;
    *acts.lock().unwrap_or_else(PoisonError::into_inner) = all;
    Ok(menu)
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
