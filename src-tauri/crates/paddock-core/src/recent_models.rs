//! Which models were loaded last, by whatever door: what a menu offers first.
//!
//! Kept over restarts, as something that can be lost: a file that cannot be read is no list. Bounded.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::core::Core;

const MOST_KEPT: usize = 12;

/// Keys, the latest first.
pub(crate) struct RecentModels {
    file: PathBuf,
    /// None until the file was read.
    keys: Mutex<Option<Vec<String>>>,
}

impl RecentModels {
    /// What is kept in `file`, read when it is first needed.
    pub(crate) fn kept_in(file: PathBuf) -> Self {
        Self {
            file,
            keys: Mutex::new(None),
        }
    }

    /// This one was loaded just now. A disk that refuses costs the next start the list, and nothing else.
    pub(crate) fn note(&self, key: &str) {
        let text = {
            let mut guard = self.keys();
            let keys = self.read(&mut guard);
            if keys.first().is_some_and(|first| first == key) {
                return;
            }
            keys.retain(|known| known != key);
            keys.insert(0, key.to_owned());
            keys.truncate(MOST_KEPT);
            serde_json::to_vec(keys)
        };
        let written = text
            .map_err(std::io::Error::from)
            .and_then(|text| settings::write_atomically(&self.file, &text));
        if let Err(error) = written {
            tracing::warn!(%error, file = %self.file.display(), "could not keep which model was loaded");
        }
    }

    fn list(&self) -> Vec<String> {
        let mut guard = self.keys();
        self.read(&mut guard).clone()
    }

    fn keys(&self) -> MutexGuard<'_, Option<Vec<String>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<'keys>(&self, keys: &'keys mut Option<Vec<String>>) -> &'keys mut Vec<String> {
        keys.get_or_insert_with(|| {
            let text = std::fs::read(&self.file).unwrap_or_default();
            serde_json::from_slice(&text).unwrap_or_default()
        })
    }
}

impl Core {
    /// Keys of at most `most` models, those that were loaded last first; then others of the library, in its order.
    /// Reads no disk but for the first time.
    #[must_use]
    pub fn recent_models(&self, most: usize) -> Vec<String> {
        let settings = self.settings();
        let mut keys = self.inner.recent.list();
        keys.retain(|key| settings.models.contains_key(key));
        for key in settings.models.keys() {
            if keys.len() >= most {
                break;
            }
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        keys.truncate(most);
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::open_for_test;
    use settings::ModelEntry;

    #[test]
    fn the_latest_is_first_once_and_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cache").join("recent-models.json");
        let recent = RecentModels::kept_in(file.clone());
        for key in ["a", "b", "a", "c"] {
            recent.note(key);
        }
        assert_eq!(recent.list(), ["c", "a", "b"]);
        assert_eq!(RecentModels::kept_in(file.clone()).list(), ["c", "a", "b"]);
        for number in 0..40 {
            recent.note(&number.to_string());
        }
        assert_eq!(recent.list().len(), MOST_KEPT);
        std::fs::write(&file, "{").unwrap();
        assert_eq!(RecentModels::kept_in(file).list(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn models_that_left_the_library_are_not_offered_and_others_fill_up() {
        let home = tempfile::tempdir().unwrap();
        let core = open_for_test(home.path());
        core.update_settings(|settings| {
            for key in ["local/a", "local/b", "local/c"] {
                let entry = ModelEntry::new(format!("/{key}.gguf").into());
                settings.models.insert(key.to_owned(), entry);
            }
        })
        .unwrap();
        for key in ["local/gone", "local/c"] {
            core.inner.recent.note(key);
        }
        assert_eq!(core.recent_models(2), ["local/c", "local/a"]);
        assert_eq!(core.recent_models(9), ["local/c", "local/a", "local/b"]);
        assert_eq!(core.recent_models(0), Vec::<String>::new());
    }
}
