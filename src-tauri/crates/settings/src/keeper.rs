//! The settings in memory and the one way to change them: write first, then show.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use crate::document::{Problem, SettingsDocument, VERSION, read_document};
use crate::store::{Error, Store};

/// Holds the settings and writes every change through its [`Store`] before anyone sees it.
pub struct Keeper {
    store: Box<dyn Store>,
    current: watch::Sender<Arc<SettingsDocument>>,
    /// Changes come one after the other; readers never wait for the disk.
    writing: Mutex<()>,
}

impl Keeper {
    /// Reads the document, or begins with defaults where there is none. Parts that could not be read are named.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn open(store: Box<dyn Store>) -> Result<(Self, Vec<Problem>), Error> {
        let document = store
            .read()?
            .unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let (settings, problems) = read_document(document);
        let keeper = Self {
            store,
            current: watch::Sender::new(Arc::new(settings)),
            writing: Mutex::new(()),
        };
        Ok((keeper, problems))
    }

    /// The settings now.
    #[must_use]
    pub fn get(&self) -> Arc<SettingsDocument> {
        Arc::clone(&self.current.borrow())
    }

    /// The settings now, and whenever they change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Arc<SettingsDocument>> {
        self.current.subscribe()
    }

    /// Changes the settings. A change that changes nothing writes nothing.
    ///
    /// # Errors
    /// [`Error::Write`], [`Error::Unwritable`]; then the settings are as they were, on disk and in memory.
    pub fn update<T>(&self, change: impl FnOnce(&mut SettingsDocument) -> T) -> Result<T, Error> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.get();
        let mut next = SettingsDocument::clone(&before);
        next.version = VERSION;
        let result = change(&mut next);
        if next != *before {
            let document =
                serde_json::to_value(&next).map_err(|source| Error::Unwritable { source })?;
            self.store.write(&document)?;
            self.current.send_replace(Arc::new(next));
        }
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileStore;

    #[test]
    fn a_change_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let open = || {
            Keeper::open(Box::new(FileStore::new(path.clone())))
                .unwrap()
                .0
        };
        open()
            .update(|settings| settings.gateway.port = 9000)
            .unwrap();
        assert_eq!(open().get().gateway.port, 9000);
    }

    /// A file's name on Unix is any bytes; a document's is not.
    #[cfg(unix)]
    #[test]
    fn what_has_no_form_in_a_document_changes_nothing() {
        use std::os::unix::ffi::OsStringExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let open = || {
            Keeper::open(Box::new(FileStore::new(path.clone())))
                .unwrap()
                .0
        };
        let keeper = open();
        keeper
            .update(|settings| settings.gateway.port = 9000)
            .unwrap();
        let odd = std::ffi::OsString::from_vec(b"/models/caf\xe9".to_vec());
        let error = keeper
            .update(|settings| settings.model_folders.push(odd.into()))
            .unwrap_err();
        assert_eq!(error.code(), "settings_not_saved");
        assert!(error.to_string().contains("UTF-8"), "{error}");
        assert!(keeper.get().model_folders.is_empty());
        assert_eq!(open().get().gateway.port, 9000);
    }

    #[test]
    fn a_change_that_cannot_be_saved_did_not_happen() {
        let folder = tempfile::tempdir().unwrap();
        // A file where the folder should be: saving must fail, for root too.
        std::fs::write(folder.path().join("blocked"), "").unwrap();
        let path = folder.path().join("blocked/settings.json");
        struct Empty(FileStore);
        impl Store for Empty {
            fn read(&self) -> Result<Option<Value>, Error> {
                Ok(None)
            }
            fn write(&self, document: &Value) -> Result<(), Error> {
                self.0.write(document)
            }
        }
        let keeper = Keeper::open(Box::new(Empty(FileStore::new(path))))
            .unwrap()
            .0;
        let error = keeper
            .update(|settings| settings.gateway.port = 9000)
            .unwrap_err();
        assert!(
            error.to_string().contains("could not save the settings"),
            "{error}"
        );
        assert_eq!(keeper.get().gateway.port, 8421);
    }
}
