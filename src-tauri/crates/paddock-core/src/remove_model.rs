//! Taking a model out of the library, and its files to the system's trash.
//!
//! A model that runs is refused. What lies outside Paddock's own folder is only forgotten unless its deletion is asked
//! for; what another app's store is made of is never deleted.

use std::path::{Path, PathBuf};

use library::{App, ModelFiles};
use serde::{Deserialize, Serialize};
use settings::ModelEntry;

use crate::aliases::entries_of;
use crate::core::Core;
use crate::error::Error;
use crate::library_error::LibraryError;
use crate::list_models::{Surroundings, projector_of};
use crate::schedule::error::ScheduleError;

/// What becomes of a model's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FileFate {
    /// They stay where they are.
    Keep,
    /// They go to the system's trash.
    Trash,
    /// They are deleted for good.
    Delete,
}

/// Which model goes, and what of it.
#[derive(Debug, Clone)]
pub struct RemoveRequest {
    /// A key, or the file name part of one.
    pub model: String,
    /// What becomes of its files. Where nothing is said, Paddock's own go to the trash and others stay.
    pub files: Option<FileFate>,
}

/// What would go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Removal {
    /// The model.
    pub key: String,
    /// Its file, or the first of its shards.
    pub path: PathBuf,
    /// What becomes of its files.
    pub files: FileFate,
    /// The files that go; none where they are kept.
    pub gone: Vec<PathBuf>,
    /// Bytes of those files.
    pub size_bytes: u64,
}

impl Core {
    /// What [`Core::remove_model`] would do, for the question before it.
    ///
    /// # Errors
    /// As there, as far as it can be told before.
    pub async fn plan_removal(&self, request: &RemoveRequest) -> Result<Removal, Error> {
        let (key, entry) = self.find_model(&request.model).await?;
        let wanted = request.files;
        self.blocking(move |core| core.plan_removal_now(key, &entry, wanted))
            .await?
    }

    /// Forgets a model and what is saved for it, and lets its files go as asked: shards, and a projector that no other
    /// model in the folder uses.
    ///
    /// # Errors
    /// The model is unknown or runs; its files stay and would be found again; they are another app's; there is no trash
    /// or they cannot be deleted.
    pub async fn remove_model(&self, request: &RemoveRequest) -> Result<Removal, Error> {
        let removal = self.plan_removal(request).await?;
        let entries = entries_of(&removal.key, &self.settings());
        if !entries.is_empty() {
            let key = removal.key;
            return Err(ScheduleError::HasAliases { key, entries }.into());
        }
        let key = removal.key.clone();
        let running = self
            .registry()
            .get(&key)
            .is_some_and(|server| server.status().running)
            || self.loaded_keys().contains(&key);
        if running {
            return Err(LibraryError::ModelRunning { key }.into());
        }
        // What failed earlier is forgotten with the model.
        self.registry().stop(&key).await;
        self.forget_model(&key);
        self.blocking(move |core| {
            // Of a folder that is being moved, the copy would stay.
            let _writing = core.write_to_models_folder()?;
            core.let_go(&removal)?;
            core.update_settings(|settings| settings.models.shift_remove(&removal.key))?;
            Ok(removal)
        })
        .await?
    }

    fn plan_removal_now(
        &self,
        key: String,
        entry: &ModelEntry,
        wanted: Option<FileFate>,
    ) -> Result<Removal, Error> {
        let own = self.models_folder();
        let files = ModelFiles::of(&entry.path);
        let fate = match wanted {
            Some(fate) => fate,
            None if entry.path.starts_with(&own) => FileFate::Trash,
            None => FileFate::Keep,
        };
        let folder = self
            .models_folders()
            .into_iter()
            .find(|folder| entry.path.starts_with(folder));
        // A second entry owns nothing: the file is the first one's.
        let is_second = entry.alias_of.is_some();
        if is_second || files.is_gone() || fate == FileFate::Keep {
            if let Some(folder) = folder.filter(|_| !is_second && !files.is_gone()) {
                return Err(Error::InModelsFolder {
                    path: entry.path.clone(),
                    folder,
                });
            }
            return Ok(Removal {
                key,
                path: entry.path.clone(),
                files: FileFate::Keep,
                gone: Vec::new(),
                size_bytes: 0,
            });
        }
        let app = entry
            .found_in
            .as_deref()
            .and_then(|app| app.parse::<App>().ok());
        if let Some(app) = app.filter(|app| app.owns_its_files()) {
            return Err(LibraryError::BelongsToAnother {
                path: entry.path.clone(),
                app: app.title().to_owned(),
            }
            .into());
        }
        let mut gone: Vec<PathBuf> = files
            .all
            .into_iter()
            .filter(|file| file.is_file())
            .collect();
        let projector = projector_of(entry, &mut Surroundings::default());
        if let Some(projector) = projector.filter(|path| self.is_for_this_alone(&key, entry, path))
        {
            gone.push(projector);
        }
        let sizes = gone.iter().filter_map(|file| file.symlink_metadata().ok());
        Ok(Removal {
            key,
            path: entry.path.clone(),
            files: fate,
            size_bytes: sizes.map(|metadata| metadata.len()).sum(),
            gone,
        })
    }

    /// Whether no other model that is there lies beside the projector.
    fn is_for_this_alone(&self, key: &str, entry: &ModelEntry, projector: &Path) -> bool {
        let settings = self.settings();
        let others = settings.models.iter().filter(|(other, _)| *other != key);
        projector.parent() == entry.path.parent()
            && !others
                .map(|(_, other)| &other.path)
                .any(|other| other.parent() == projector.parent() && other.is_file())
    }

    fn let_go(&self, removal: &Removal) -> Result<(), Error> {
        match removal.files {
            FileFate::Keep => return Ok(()),
            FileFate::Trash => {
                trash::delete_all(&removal.gone).map_err(|error| LibraryError::NoTrash {
                    path: removal.path.clone(),
                    reason: error.to_string(),
                })?
            }
            FileFate::Delete => {
                for file in &removal.gone {
                    std::fs::remove_file(file).map_err(|source| LibraryError::Delete {
                        path: file.clone(),
                        source,
                    })?;
                }
            }
        }
        // Folders that held nothing else go too, up to the models folder.
        let folders = self.models_folders();
        let inside = folders
            .iter()
            .find(|folder| removal.path.starts_with(folder));
        if let Some(top) = inside {
            let above = removal.path.ancestors().skip(1);
            for folder in above.take_while(|folder| *folder != top) {
                if std::fs::remove_dir(folder).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }
}
