//! The system's keychain: Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.
//!
//! It is a helper, never a condition: it may be missing, locked or silent, so each question has a time limit and a
//! thread of its own, and whoever asks has another place. Only the data folder of the platform's choosing uses it: a
//! folder that `PADDOCK_HOME` names keeps all in itself, and so do tests and servers.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

/// A keychain that asks its user to unlock it does not keep anyone waiting longer than this.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
const SERVICE: &str = "dev.paddock.desktop";

/// Why the keychain did not do it. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeychainError {
    /// It did not answer: it may be showing a dialog.
    #[error("the keychain did not answer within {} s", ANSWERS_WITHIN.as_secs())]
    Silent,
    /// It said no.
    #[error("the keychain refused: {0}")]
    Refused(String),
}

/// One secret in a keychain.
pub(crate) trait Keychain: Send + Sync {
    fn read(&self) -> Result<Option<String>, KeychainError>;
    fn write(&self, secret: &str) -> Result<(), KeychainError>;
    fn delete(&self) -> Result<(), KeychainError>;
}

/// The system's, for the secret of this name, where there is one that may be asked.
pub(crate) fn of_system(data: &Path, name: &'static str) -> Option<Arc<dyn Keychain>> {
    let set = |variable: &str| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
    let is_usual = !set("PADDOCK_HOME") && settings::data_dir().is_ok_and(|usual| usual == data);
    // Without a display nobody could answer a dialog; without a session bus nobody is there at all.
    let can_answer = cfg!(not(target_os = "linux"))
        || (set("DISPLAY") || set("WAYLAND_DISPLAY"))
            && (set("DBUS_SESSION_BUS_ADDRESS") || session_bus_is_there());
    (is_usual && can_answer).then(|| Arc::new(System { name }) as Arc<dyn Keychain>)
}

/// Where systemd puts it.
fn session_bus_is_there() -> bool {
    std::env::var_os("XDG_RUNTIME_DIR")
        .is_some_and(|folder| Path::new(&folder).join("bus").exists())
}

struct System {
    name: &'static str,
}

impl System {
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&keyring::Entry) -> keyring::Result<T> + Send + 'static,
    ) -> Result<T, KeychainError> {
        let name = self.name;
        within(ANSWERS_WITHIN, move || {
            keyring::Entry::new(SERVICE, name).and_then(|entry| question(&entry))
        })?
        .map_err(|error| KeychainError::Refused(error.to_string()))
    }
}

impl Keychain for System {
    fn read(&self) -> Result<Option<String>, KeychainError> {
        self.ask(|entry| none_is_no_error(entry.get_password().map(Some)))
    }

    fn write(&self, secret: &str) -> Result<(), KeychainError> {
        let secret = secret.to_owned();
        self.ask(move |entry| entry.set_password(&secret))
    }

    fn delete(&self) -> Result<(), KeychainError> {
        self.ask(|entry| none_is_no_error(entry.delete_credential()))
    }
}

fn none_is_no_error<T: Default>(answer: keyring::Result<T>) -> keyring::Result<T> {
    match answer {
        Err(keyring::Error::NoEntry) => Ok(T::default()),
        answer => answer,
    }
}

/// Asks on a thread of its own, which is left to itself when it takes too long.
fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, KeychainError> {
    let (answer, answered) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = answer.send(work());
    });
    answered
        .recv_timeout(limit)
        .map_err(|_| KeychainError::Silent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_keychain_keeps_nobody_waiting() {
        let silent = within(Duration::from_millis(50), || {
            std::thread::sleep(Duration::from_secs(5));
        });
        assert_eq!(silent, Err(KeychainError::Silent));
        assert_eq!(within(Duration::from_secs(5), || 7), Ok(7));
    }

    /// By hand, with a keychain that is unlocked: `dbus-run-session -- sh -c 'printf x | gnome-keyring-daemon --unlock
    /// --components=secrets >/dev/null; cargo test -p paddock-core --lib keychain -- --ignored'`.
    #[test]
    #[ignore = "needs the system's keychain, and writes into it"]
    fn a_secret_goes_into_the_systems_keychain_and_out_again() {
        let system = System {
            name: "test-of-paddock",
        };
        system.write("hf_first").unwrap();
        system.write("hf_second").unwrap();
        assert_eq!(system.read().unwrap().as_deref(), Some("hf_second"));
        system.delete().unwrap();
        system.delete().unwrap();
        assert_eq!(system.read().unwrap(), None);
    }

    #[test]
    fn a_folder_of_ones_own_keeps_all_in_itself() {
        let folder = tempfile::tempdir().unwrap();
        assert!(of_system(folder.path(), "hub-token").is_none());
    }
}
