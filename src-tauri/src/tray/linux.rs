//! The tray on Linux: a StatusNotifierItem with its menu, as KDE, GNOME's extension, Xfce, waybar and others show it.
//!
//! Whoever shows it owns `org.kde.StatusNotifierWatcher` on the session bus. It may come late and go at any time; the
//! item is registered anew each time it comes, and we are told.

use ksni::menu::{MenuItem, StandardItem};
use ksni::{Handle, OfflineReason, ToolTip, TrayMethods};
use tauri::{AppHandle, Runtime};
use tokio::sync::watch;

use super::act::perform;
use super::icons;
use super::menu::{Act, Entry, View};

/// The icon, while there is one.
pub(crate) struct Icon<R: Runtime>(Handle<Item<R>>);

/// What is asked for it over D-Bus.
pub(crate) struct Item<R: Runtime> {
    app: AppHandle<R>,
    shown: watch::Sender<bool>,
    view: View,
}

/// Registers the icon. None without a session bus; without somebody to show it, it waits for them.
pub(crate) async fn show<R: Runtime>(
    app: &AppHandle<R>,
    shown: &watch::Sender<bool>,
    view: View,
) -> Option<Icon<R>> {
    let item = Item {
        app: app.clone(),
        shown: shown.clone(),
        view,
    };
    // Taken back on the way where nobody is there to show it.
    shown.send_replace(true);
    match item.assume_sni_available(true).spawn().await {
        Ok(handle) => Some(Icon(handle)),
        Err(error) => {
            shown.send_replace(false);
            tracing::info!(%error, "no tray");
            None
        }
    }
}

impl<R: Runtime> Icon<R> {
    pub(crate) async fn draw(&self, view: View) {
        self.0.update(|item| item.view = view).await;
    }

    pub(crate) async fn remove(self) {
        self.0.shutdown().await;
    }
}

impl<R: Runtime> ksni::Tray for Item<R> {
    fn id(&self) -> String {
        "dev.paddock.desktop".to_owned()
    }

    fn title(&self) -> String {
        "Paddock".to_owned()
    }

    fn icon_pixmap(&self) -> Vec<ksni::Icon> {
        let image = icons::of(self.view.overall);
        let mut data = image.rgba().to_vec();
        for pixel in data.chunks_exact_mut(4) {
            // RGBA to ARGB.
            pixel.rotate_right(1);
        }
        let side = |pixels: u32| i32::try_from(pixels).unwrap_or_default();
        vec![ksni::Icon {
            width: side(image.width()),
            height: side(image.height()),
            data,
        }]
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            title: self.view.title.clone(),
            description: self
                .view
                .lines
                .iter()
                .map(|line| escaped(line))
                .collect::<Vec<_>>()
                .join("<br/>"),
            ..ToolTip::default()
        }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        perform(&self.app, Act::Open);
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let entries = self.view.entries.iter();
        entries
            .map(|entry| match entry {
                Entry::Separator => MenuItem::Separator,
                Entry::Item { label, act } => {
                    let act = act.clone();
                    StandardItem {
                        // One underscore marks an access key.
                        label: label.replace('_', "__"),
                        enabled: act.is_some(),
                        activate: Box::new(move |item: &mut Self| {
                            if let Some(act) = &act {
                                perform(&item.app, act.clone());
                            }
                        }),
                        ..StandardItem::default()
                    }
                    .into()
                }
            })
            .collect()
    }

    fn watcher_online(&self) {
        self.shown.send_replace(true);
    }

    fn watcher_offline(&self, _reason: OfflineReason) -> bool {
        self.shown.send_replace(false);
        true
    }
}

/// A tooltip's description is read as markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
