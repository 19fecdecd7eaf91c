//! Entries' ids, where a platform gives the chosen entry's id and no more. They name the act itself, so that one handler
//! does for every menu there is or was: an old menu's click does what its entry said, and once.

use super::menu::Act;

impl Act {
    /// The id of an entry that does this.
    pub(crate) fn id(&self) -> String {
        match self {
            Self::Open => "open".to_owned(),
            Self::Start(key) => format!("start:{key}"),
            Self::Stop(key) => format!("stop:{key}"),
            Self::StopAll => "stop-all".to_owned(),
            Self::Copy(address) => format!("copy:{address}"),
            Self::Quit => "quit".to_owned(),
        }
    }

    /// What the entry with this id does; none where it is no entry of the tray, or only to be read.
    pub(crate) fn of_id(id: &str) -> Option<Self> {
        Some(match id.split_once(':') {
            None if id == "open" => Self::Open,
            None if id == "stop-all" => Self::StopAll,
            None if id == "quit" => Self::Quit,
            Some(("start", key)) => Self::Start(key.to_owned()),
            Some(("stop", key)) => Self::Stop(key.to_owned()),
            Some(("copy", address)) => Self::Copy(address.to_owned()),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows and macOS know an entry by its id alone: a wrong one would stop another model than the one clicked.
    #[test]
    fn an_id_says_what_is_done() {
        for act in [
            Act::Open,
            Act::Start("local/a:b".to_owned()),
            Act::Stop("publisher/model".to_owned()),
            Act::StopAll,
            Act::Copy("http://127.0.0.1:8421/v1".to_owned()),
            Act::Quit,
        ] {
            assert_eq!(Act::of_id(&act.id()), Some(act));
        }
        // Those that are only to be read, and menus of the system's.
        for other in ["", "17", "open:x", "delete:local/x"] {
            assert_eq!(Act::of_id(other), None, "{other}");
        }
    }
}
