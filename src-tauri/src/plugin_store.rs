//! The settings document, kept by tauri-plugin-store behind the core's trait.
//!
//! The plugin ignores a corrupt file in silence and saves by plain overwrite, which a crash can cut short. So the
//! document has been through `settings::repair` before the plugin opens it, and what goes to disk is written by
//! [`FileStore`], atomically; the plugin is told to save nothing by itself.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};
use settings::{Error, FileStore, Store};
use tauri::{AppHandle, Runtime};
use tauri_plugin_store::{Store as PluginStore, StoreExt};

/// The document at a path, in the plugin.
pub(crate) struct PluginSettingsStore<R: Runtime> {
    file: FileStore,
    store: Arc<PluginStore<R>>,
}

impl<R: Runtime> PluginSettingsStore<R> {
    /// Opens the document; one that is not there yet is empty.
    pub(crate) fn open(app: &AppHandle<R>, path: PathBuf) -> Result<Self, Error> {
        let store = app
            .store_builder(&path)
            .disable_auto_save()
            .build()
            .map_err(|error| Error::Read {
                path: path.clone(),
                source: std::io::Error::other(error.to_string()),
            })?;
        // The plugin saves what it knows of when the app exits: by plain overwrite.
        store.close_resource();
        Ok(Self {
            file: FileStore::new(path),
            store,
        })
    }
}

impl<R: Runtime> Store for PluginSettingsStore<R> {
    fn read(&self) -> Result<Option<Value>, Error> {
        let document: Map<String, Value> = self.store.entries().into_iter().collect();
        Ok((!document.is_empty()).then_some(Value::Object(document)))
    }

    fn write(&self, document: &Value) -> Result<(), Error> {
        self.file.write(document)?;
        let members = document.as_object().cloned().unwrap_or_default();
        for name in self.store.keys() {
            if !members.contains_key(&name) {
                self.store.delete(name);
            }
        }
        for (name, value) in members {
            self.store.set(name, value);
        }
        Ok(())
    }
}
