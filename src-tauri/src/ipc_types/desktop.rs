//! How the app behaves on the desktop, as the page sees it.

use serde::{Deserialize, Serialize};

/// The settings, and what there is to know about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct DesktopView {
    /// There is to be an icon in the tray.
    pub tray: bool,
    /// This desktop shows it.
    pub tray_shown: bool,
    /// Closing the window leaves the app in the tray, where there is one.
    pub close_to_tray: bool,
    /// The app starts without its window.
    pub start_hidden: bool,
    /// What is done or has failed while nobody looks is told.
    pub notifications: bool,
    /// The app starts with the login.
    pub start_at_login: bool,
}

/// What is to be different; what is not given stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase", default)]
pub struct DesktopChange {
    /// As in [`DesktopView`].
    pub tray: Option<bool>,
    /// As in [`DesktopView`].
    pub close_to_tray: Option<bool>,
    /// As in [`DesktopView`].
    pub start_hidden: Option<bool>,
    /// As in [`DesktopView`].
    pub notifications: Option<bool>,
    /// As in [`DesktopView`].
    pub start_at_login: Option<bool>,
}
