//! How the app behaves on the desktop: part of the document's `desktop` member, beside the theme.
//!
//! Each setting is read for itself: one that is wrong or missing has its default and costs no other. None of them
//! switches another. Whether the app starts at login is not here: that is kept by the system, whose own settings may
//! change it, and a copy would turn it on again behind its user's back.

use std::path::Path;

use serde_json::{Map, Value, json};

/// What closing, starting and telling are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DesktopSettings {
    /// There is an icon in the tray.
    pub tray: bool,
    /// Closing the window leaves the app in the tray, where there is one.
    pub close_to_tray: bool,
    /// The app starts without its window; where there is no tray, with a minimised one.
    pub start_hidden: bool,
    /// What is done or has failed while nobody looks is told.
    pub notifications: bool,
}

impl Default for DesktopSettings {
    fn default() -> Self {
        Self {
            tray: true,
            close_to_tray: false,
            start_hidden: false,
            notifications: true,
        }
    }
}

const TRAY: &str = "tray";
const CLOSE_TO_TRAY: &str = "closeToTray";
const START_HIDDEN: &str = "startHidden";
const NOTIFICATIONS: &str = "notifications";

impl DesktopSettings {
    /// The settings in a document's `desktop` member.
    #[must_use]
    pub fn of(desktop: &Map<String, Value>) -> Self {
        let default = Self::default();
        let read = |name: &str, default| {
            desktop
                .get(name)
                .and_then(Value::as_bool)
                .unwrap_or(default)
        };
        Self {
            tray: read(TRAY, default.tray),
            close_to_tray: read(CLOSE_TO_TRAY, default.close_to_tray),
            start_hidden: read(START_HIDDEN, default.start_hidden),
            notifications: read(NOTIFICATIONS, default.notifications),
        }
    }

    /// Writes them there. What is as by default and was never said is not written, so that a later default counts.
    pub fn put(self, desktop: &mut Map<String, Value>) {
        let default = Self::default();
        let values = [
            (TRAY, self.tray, default.tray),
            (CLOSE_TO_TRAY, self.close_to_tray, default.close_to_tray),
            (START_HIDDEN, self.start_hidden, default.start_hidden),
            (NOTIFICATIONS, self.notifications, default.notifications),
        ];
        for (name, value, default) in values {
            if value != default || desktop.contains_key(name) {
                desktop.insert(name.to_owned(), json!(value));
            }
        }
    }

    /// The settings in the document at `path`, before anybody has opened it: the window is shown, or not, before the
    /// core is there. A document that cannot be read has defaults here, and is reported by who opens it.
    #[must_use]
    pub fn peek(path: &Path) -> Self {
        let text = std::fs::read(path).unwrap_or_default();
        let document: Value = serde_json::from_slice(&text).unwrap_or_default();
        document
            .get("desktop")
            .and_then(Value::as_object)
            .map(Self::of)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn a_setting_that_is_wrong_costs_no_other() {
        let desktop = object(json!({"tray": "yes", "closeToTray": true, "theme": "dark"}));
        let settings = DesktopSettings::of(&desktop);
        let expected = DesktopSettings {
            close_to_tray: true,
            ..DesktopSettings::default()
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn defaults_are_not_written_and_others_members_stay() {
        let mut desktop = object(json!({"theme": "dark", "later": 1}));
        DesktopSettings::default().put(&mut desktop);
        assert_eq!(desktop, object(json!({"theme": "dark", "later": 1})));
        let hidden = DesktopSettings {
            start_hidden: true,
            ..DesktopSettings::default()
        };
        hidden.put(&mut desktop);
        assert_eq!(desktop["startHidden"], true);
        assert!(!desktop.contains_key("tray"));
        assert_eq!(DesktopSettings::of(&desktop), hidden);
        // Said once, it is said: also where it is the default again.
        DesktopSettings::default().put(&mut desktop);
        assert_eq!(desktop["startHidden"], false);
    }

    /// Tray bound to login, in LM Studio #427.
    #[test]
    fn no_setting_changes_another() {
        let default = DesktopSettings::default();
        for tray in [true, false] {
            for close_to_tray in [true, false] {
                for start_hidden in [true, false] {
                    let settings = DesktopSettings {
                        tray,
                        close_to_tray,
                        start_hidden,
                        ..default
                    };
                    let mut desktop = Map::new();
                    settings.put(&mut desktop);
                    assert_eq!(DesktopSettings::of(&desktop), settings);
                }
            }
        }
    }

    #[test]
    fn a_document_that_cannot_be_read_has_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        assert_eq!(DesktopSettings::peek(&path), DesktopSettings::default());
        std::fs::write(&path, "{\"desktop\": {\"tray\": fal").unwrap();
        assert_eq!(DesktopSettings::peek(&path), DesktopSettings::default());
        std::fs::write(&path, "{\"desktop\": {\"tray\": false}}").unwrap();
        assert!(!DesktopSettings::peek(&path).tray);
    }
}
