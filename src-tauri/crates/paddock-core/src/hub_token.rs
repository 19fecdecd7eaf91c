//! The hub's access token: where it is kept, and which one counts.
//!
//! One that was set in Paddock lies in the system's keychain where there is one that answers, else in a file that its
//! owner alone can read; never in the settings, which are shown, copied and attached to bug reports. They only say
//! that the keychain has it, so that nobody is asked to unlock it for nothing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hub::{Token, TokenSource};
use serde::Serialize;

use crate::core::Core;
use crate::error::Error;
use crate::keychain::{Keychain, of_system};

/// A keychain that did not answer is not asked for each request.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Where a token that was set in Paddock is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenKept {
    /// In the system's keychain.
    Keychain,
    /// In a file that its owner alone can read.
    File,
}

/// Keeps the token of one data folder.
pub(crate) struct TokenStore {
    file: PathBuf,
    keychain: Option<Arc<dyn Keychain>>,
    seen: Mutex<Option<Seen>>,
}

/// What the keychain said last.
struct Seen {
    token: Option<Token>,
    ask_again_at: Option<Instant>,
}

impl TokenStore {
    pub(crate) fn of_system(data: &settings::DataDir) -> Self {
        Self::new(data.hub_token(), of_system(data.root(), "hub-token"))
    }

    fn new(file: PathBuf, keychain: Option<Arc<dyn Keychain>>) -> Self {
        Self {
            file,
            keychain,
            seen: Mutex::new(None),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_file(&self) -> Option<Token> {
        let text = std::fs::read_to_string(&self.file).ok()?;
        Token::new(&text)
    }

    /// Asks once; a keychain that failed is asked again later.
    fn in_keychain(&self) -> Option<Token> {
        let keychain = self.keychain.as_ref()?;
        let mut seen = self.seen();
        if let Some(seen) = seen.as_ref()
            && seen.ask_again_at.is_none_or(|at| Instant::now() < at)
        {
            return seen.token.clone();
        }
        let (token, ask_again_at) = match keychain.read() {
            Ok(secret) => (secret.as_deref().and_then(Token::new), None),
            Err(error) => {
                tracing::warn!(%error, "the hub's token could not be read");
                (None, Some(Instant::now() + ASK_AGAIN_AFTER))
            }
        };
        *seen = Some(Seen {
            token: token.clone(),
            ask_again_at,
        });
        token
    }

    /// Keeps it in the keychain if that takes it, else in the file; in one of them alone.
    fn keep(&self, token: &Token) -> Result<TokenKept, Error> {
        if let Some(keychain) = &self.keychain {
            match keychain.write(token.secret()) {
                Ok(()) => {
                    *self.seen() = Some(Seen {
                        token: Some(token.clone()),
                        ask_again_at: None,
                    });
                    self.delete_file()?;
                    return Ok(TokenKept::Keychain);
                }
                Err(error) => tracing::warn!(%error, "the hub's token is kept in a file instead"),
            }
        }
        // A temporary file is its owner's alone from the beginning, and so is what it becomes.
        settings::write_atomically(&self.file, token.secret().as_bytes())
            .map_err(|source| self.error(source))?;
        Ok(TokenKept::File)
    }

    fn forget(&self, is_in_keychain: bool) -> Result<(), Error> {
        if let Some(keychain) = self.keychain.as_ref().filter(|_| is_in_keychain)
            && let Err(error) = keychain.delete()
        {
            // It does not count any more, whatever the keychain does.
            tracing::warn!(%error, "the hub's token is still in the keychain");
        }
        *self.seen() = None;
        self.delete_file()
    }

    fn delete_file(&self) -> Result<(), Error> {
        match std::fs::remove_file(&self.file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            result => result.map_err(|source| self.error(source)),
        }
    }

    fn error(&self, source: std::io::Error) -> Error {
        Error::Folder {
            path: self.file.clone(),
            source,
        }
    }
}

impl Core {
    /// What [`Core::set_hub_token`] does, without a look at what came of it.
    pub(crate) fn keep_hub_token(&self, text: Option<&str>) -> Result<(), Error> {
        let store = &self.inner.hub_token;
        let was_in_keychain = self.settings().hub.token_in_keychain;
        let kept = match text.map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => Some(store.keep(&Token::new(text).ok_or(Error::NotAToken)?)?),
            None => {
                store.forget(was_in_keychain)?;
                None
            }
        };
        let in_keychain = kept == Some(TokenKept::Keychain);
        self.update_settings(|settings| settings.hub.token_in_keychain = in_keychain)
    }

    /// The token that counts: the one set in Paddock, else the environment's.
    pub(crate) fn hub_token(&self) -> Option<(Token, TokenSource)> {
        self.kept_hub_token()
            .map(|(token, _)| (token, TokenSource::Settings))
            .or_else(|| {
                hub::from_environment(|name| std::env::var(name).ok(), std::env::home_dir())
            })
    }

    /// The one set in Paddock, and where it is.
    pub(crate) fn kept_hub_token(&self) -> Option<(Token, TokenKept)> {
        let store = &self.inner.hub_token;
        // The file is written where the keychain failed, so it is the newer one.
        if let Some(token) = store.in_file() {
            return Some((token, TokenKept::File));
        }
        if !self.settings().hub.token_in_keychain {
            return None;
        }
        store
            .in_keychain()
            .map(|token| (token, TokenKept::Keychain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keychain::KeychainError;

    /// A keychain in memory, which can be told to fail.
    #[derive(Default)]
    struct Double {
        secret: Mutex<Option<String>>,
        silent: std::sync::atomic::AtomicBool,
        asked: std::sync::atomic::AtomicUsize,
    }

    impl Double {
        fn answer<T>(
            &self,
            answer: impl FnOnce(&mut Option<String>) -> T,
        ) -> Result<T, KeychainError> {
            self.asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            if self.silent.load(std::sync::atomic::Ordering::SeqCst) {
                return Err(KeychainError::Silent);
            }
            Ok(answer(&mut self.secret.lock().unwrap()))
        }
    }

    impl Keychain for Double {
        fn read(&self) -> Result<Option<String>, KeychainError> {
            self.answer(|secret| secret.clone())
        }

        fn write(&self, text: &str) -> Result<(), KeychainError> {
            self.answer(|secret| *secret = Some(text.to_owned()))
        }

        fn delete(&self) -> Result<(), KeychainError> {
            self.answer(|secret| *secret = None)
        }
    }

    fn token(text: &str) -> Token {
        Token::new(text).unwrap()
    }

    #[test]
    fn the_keychain_has_it_and_the_file_of_before_goes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hub-token");
        std::fs::write(&file, "hf_old").unwrap();
        let double = Arc::new(Double::default());
        let store = TokenStore::new(file.clone(), Some(double.clone()));
        assert_eq!(store.in_file(), Some(token("hf_old")));
        assert_eq!(store.keep(&token("hf_new")).unwrap(), TokenKept::Keychain);
        assert!(!file.exists(), "moved, not copied");
        assert_eq!(store.in_keychain(), Some(token("hf_new")));
        // After a restart it is asked for once.
        let store = TokenStore::new(file, Some(double.clone()));
        let before = double.asked.load(std::sync::atomic::Ordering::SeqCst);
        for _ in 0..3 {
            assert_eq!(store.in_keychain(), Some(token("hf_new")));
        }
        let asked = double.asked.load(std::sync::atomic::Ordering::SeqCst);
        assert_eq!(asked - before, 1);
        store.forget(true).unwrap();
        assert_eq!(*double.secret.lock().unwrap(), None);
    }

    #[test]
    fn where_the_keychain_is_silent_or_missing_the_file_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hub-token");
        let double = Arc::new(Double::default());
        double
            .silent
            .store(true, std::sync::atomic::Ordering::SeqCst);
        for keychain in [None, Some(double as Arc<dyn Keychain>)] {
            let store = TokenStore::new(file.clone(), keychain);
            assert_eq!(store.keep(&token("hf_x")).unwrap(), TokenKept::File);
            assert_eq!(store.in_file(), Some(token("hf_x")));
            assert_eq!(store.in_keychain(), None);
            store.forget(true).unwrap();
            assert_eq!(store.in_file(), None);
        }
    }

    #[test]
    fn a_core_says_where_it_is_and_settings_never_hold_it() {
        let folder = tempfile::tempdir().unwrap();
        let core = crate::core::open_for_test(folder.path());
        let view = core.set_hub_token(Some(" hf_abcdef ")).unwrap();
        assert_eq!(view.token_kept, Some(TokenKept::File));
        assert_eq!(view.token_source, Some(TokenSource::Settings));
        let written = std::fs::read_to_string(core.data().settings()).unwrap_or_default();
        assert!(!written.contains("hf_abcdef"));
        let view = core.set_hub_token(None).unwrap();
        assert_eq!(view.token_kept, None);
        assert_eq!(
            core.set_hub_token(Some("no token")).unwrap_err().code(),
            "not_a_token"
        );
    }
}
