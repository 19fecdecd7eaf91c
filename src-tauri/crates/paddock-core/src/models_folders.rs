//! The folders that models are looked for in: Paddock's own and the user's. They come and go with their drives, and can
//! be moved with what is in them; keys and settings follow.

use std::path::{Path, PathBuf};

use library::{MoveProgress, Moved, delete_moved, free_bytes, move_folder};
use serde::Serialize;
use settings::SettingsDocument;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::error::{Error, WireError};
use crate::library_error::LibraryError;

/// A folder that models are looked for in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FolderView {
    /// The folder, absolute.
    pub path: PathBuf,
    /// It is Paddock's own: downloads go there.
    pub own: bool,
    /// It is not there: a drive that is not plugged in. Its models are kept.
    pub missing: bool,
    /// Bytes free on its disk.
    pub free_bytes: Option<u64>,
    /// Models that lie in it.
    pub model_count: usize,
    /// Bytes of those that are there.
    pub size_bytes: u64,
}

/// A folder that is being moved, or how that ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FolderMove {
    /// From where.
    pub from: PathBuf,
    /// To where.
    pub to: PathBuf,
    /// Bytes that are there and proved.
    pub done_bytes: u64,
    /// All bytes; 0 until they were counted.
    pub total_bytes: u64,
    /// It goes on.
    pub running: bool,
    /// Why it did not work.
    pub error: Option<WireError>,
}

/// The one move at a time.
pub(crate) struct FolderMoves {
    now: watch::Sender<Option<FolderMove>>,
    cancel: std::sync::Mutex<CancellationToken>,
}

impl Default for FolderMoves {
    fn default() -> Self {
        Self {
            now: watch::Sender::new(None),
            cancel: std::sync::Mutex::default(),
        }
    }
}

impl Core {
    /// Paddock's own models folder, where downloads go.
    #[must_use]
    pub fn models_folder(&self) -> PathBuf {
        let moved = self.settings().own_models_folder.clone();
        moved.unwrap_or_else(|| self.data().models())
    }

    /// All of them, Paddock's own first.
    pub(crate) fn models_folders(&self) -> Vec<PathBuf> {
        let mut folders = vec![self.models_folder()];
        folders.extend(self.settings().model_folders.iter().cloned());
        folders
    }

    /// The folders, with what is in them and how much room there is.
    ///
    /// # Errors
    /// When new keys cannot be saved.
    pub async fn library_folders(&self) -> Result<Vec<FolderView>, Error> {
        let models = self.list_models().await?;
        self.blocking(move |core| {
            let own = core.models_folder();
            let folders = core.models_folders().into_iter().map(|path| {
                let inside = models
                    .iter()
                    .filter(|model| model.folder.as_ref() == Some(&path));
                FolderView {
                    own: path == own,
                    // Our own is made when something is put there.
                    missing: path != core.data().models() && !path.is_dir(),
                    free_bytes: free_bytes(&path).filter(|_| path == own || path.is_dir()),
                    model_count: inside.clone().count(),
                    size_bytes: inside.filter_map(|model| model.size_bytes).sum(),
                    path,
                }
            });
            folders.collect()
        })
        .await
    }

    /// Looks for models in a folder from now on.
    ///
    /// # Errors
    /// It is no folder, or the settings cannot be saved.
    pub async fn add_models_folder(&self, path: &Path) -> Result<(), Error> {
        let path = absolute(path)?;
        self.blocking(move |core| {
            std::fs::read_dir(&path).map_err(|source| Error::Folder {
                path: path.clone(),
                source,
            })?;
            core.update_settings(|settings| {
                if !settings.model_folders.contains(&path) {
                    settings.model_folders.push(path);
                }
            })?;
            core.scan_library()
        })
        .await??;
        self.library_has_changed();
        Ok(())
    }

    /// Looks no longer for models in a folder. The models that were found there stay in the library.
    ///
    /// # Errors
    /// The settings cannot be saved.
    pub fn remove_models_folder(&self, path: &Path) -> Result<(), Error> {
        let path = absolute(path)?;
        self.update_settings(|settings| settings.model_folders.retain(|known| *known != path))?;
        self.library_has_changed();
        Ok(())
    }

    /// Moves a models folder with what is in it; on one disk at once, else file by file, each read back and compared.
    /// Models keep their keys and settings.
    ///
    /// # Errors
    /// It is no models folder, something in it is in use, the target is not empty or has too little room, or it was
    /// cancelled; then everything is where it was.
    pub async fn move_models_folder(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let (from, to) = (absolute(from)?, absolute(to)?);
        let cancel = self.begin_move(&from, &to)?;
        let moved = {
            let (from, to) = (from.clone(), to.clone());
            self.blocking(move |core| core.move_now(&from, &to, &cancel))
                .await
                .and_then(|moved| moved)
        };
        self.inner.folder_moves.now.send_modify(|now| {
            if let Some(now) = now {
                now.running = false;
                now.error = moved.as_ref().err().map(WireError::from);
            }
        });
        self.library_has_changed();
        moved
    }

    /// The move that goes on, or how the last one ended, now and whenever it changes.
    #[must_use]
    pub fn folder_move(&self) -> watch::Receiver<Option<FolderMove>> {
        self.inner.folder_moves.now.subscribe()
    }

    /// Ends the move that goes on; everything will be where it was.
    pub fn cancel_folder_move(&self) {
        self.move_token().cancel();
    }

    pub(crate) fn is_moving_a_folder(&self) -> bool {
        let now = self.inner.folder_moves.now.borrow();
        now.as_ref().is_some_and(|now| now.running)
    }

    fn begin_move(&self, from: &Path, to: &Path) -> Result<CancellationToken, Error> {
        let busy = |reason: String| {
            Error::from(LibraryError::FolderBusy {
                path: from.to_owned(),
                reason,
            })
        };
        if !self.models_folders().iter().any(|folder| folder == from) {
            let path = from.to_owned();
            return Err(LibraryError::NoModelsFolder { path }.into());
        }
        let servers = self.registry().list();
        let in_use = servers
            .iter()
            .map(|server| server.status())
            .find(|status| status.running && status.model_path.starts_with(from));
        if let Some(status) = in_use {
            return Err(busy(format!("{} is loaded from it", status.key)));
        }
        if from == self.models_folder() && self.is_downloading() {
            return Err(busy("downloads go there now".to_owned()));
        }
        let token = CancellationToken::new();
        let mut in_the_way = false;
        self.inner.folder_moves.now.send_if_modified(|now| {
            in_the_way = now.as_ref().is_some_and(|now| now.running);
            if !in_the_way {
                *now = Some(FolderMove {
                    from: from.to_owned(),
                    to: to.to_owned(),
                    done_bytes: 0,
                    total_bytes: 0,
                    running: true,
                    error: None,
                });
            }
            !in_the_way
        });
        if in_the_way {
            return Err(busy("a folder is being moved already".to_owned()));
        }
        *self.move_token() = token.clone();
        Ok(token)
    }

    /// A set that is not done has its files' places on record.
    fn is_downloading(&self) -> bool {
        use download::JobState::{Cancelled, Done, Failed};
        self.downloads().is_ok_and(|downloads| {
            downloads
                .iter()
                .any(|download| !matches!(download.job.state, Done | Failed | Cancelled))
        })
    }

    fn move_token(&self) -> std::sync::MutexGuard<'_, CancellationToken> {
        let token = self.inner.folder_moves.cancel.lock();
        token.unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn move_now(&self, from: &Path, to: &Path, cancel: &CancellationToken) -> Result<(), Error> {
        // A scan that has begun is waited for; a new one sees that a folder is being moved.
        drop(self.inner.library.lock());
        if from == self.models_folder() && !from.exists() {
            std::fs::create_dir_all(from).map_err(|source| Error::Folder {
                path: from.to_owned(),
                source,
            })?;
        }
        let moved = move_folder(from, to, &|progress: MoveProgress| {
            self.inner.folder_moves.now.send_modify(|now| {
                if let Some(now) = now {
                    now.done_bytes = progress.done_bytes;
                    now.total_bytes = progress.total_bytes;
                }
            });
            !cancel.is_cancelled()
        })
        .map_err(LibraryError::from)?;
        let own = from == self.models_folder();
        let saved = self.update_settings(|settings| follow(settings, own, from, to));
        match (moved, saved) {
            (Moved::Renamed, Ok(())) => Ok(()),
            (Moved::Copied, Ok(())) => {
                if let Err(error) = delete_moved(from) {
                    let rest = format!(
                        "The models are in {} now, but the old folder {} could not be deleted: {error}.",
                        to.display(),
                        from.display()
                    );
                    self.announce("old_folder_left", rest);
                }
                Ok(())
            }
            (Moved::Renamed, Err(error)) => {
                let _ = std::fs::rename(to, from);
                Err(error)
            }
            (Moved::Copied, Err(error)) => {
                let _ = delete_moved(to);
                Err(error)
            }
        }
    }
}

/// Points everything that was in `from` to `to`.
fn follow(settings: &mut SettingsDocument, own: bool, from: &Path, to: &Path) {
    let moved = |path: &mut PathBuf| {
        if let Ok(inside) = path.strip_prefix(from) {
            // Joining nothing would leave a slash at the end.
            *path = if inside.as_os_str().is_empty() {
                to.to_owned()
            } else {
                to.join(inside)
            };
        }
    };
    if own {
        settings.own_models_folder = Some(to.to_owned());
    }
    settings.model_folders.iter_mut().for_each(moved);
    for entry in settings.models.values_mut() {
        moved(&mut entry.path);
        entry.projector.iter_mut().for_each(moved);
        if let Some(source) = &mut entry.source {
            source.projector.iter_mut().for_each(moved);
        }
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|source| Error::Folder {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use settings::ModelEntry;

    use super::*;

    #[test]
    fn what_was_in_a_folder_follows_it_and_nothing_else_does() {
        let mut settings = SettingsDocument {
            model_folders: vec!["/disk".into(), "/disk-two".into(), "/disk/inner".into()],
            ..SettingsDocument::default()
        };
        for (key, path) in [("a/in", "/disk/x/a.gguf"), ("a/out", "/disk-two/b.gguf")] {
            settings
                .models
                .insert(key.to_owned(), ModelEntry::new(path.into()));
        }
        settings.models["a/in"].projector = Some("/disk/x/mmproj.gguf".into());
        follow(&mut settings, false, Path::new("/disk"), Path::new("/new"));
        let folders: Vec<_> = settings
            .model_folders
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        assert_eq!(folders, ["/new", "/disk-two", "/new/inner"]);
        assert_eq!(settings.models["a/in"].path, Path::new("/new/x/a.gguf"));
        assert_eq!(
            settings.models["a/in"].projector,
            Some("/new/x/mmproj.gguf".into())
        );
        assert_eq!(settings.models["a/out"].path, Path::new("/disk-two/b.gguf"));
        assert_eq!(settings.own_models_folder, None);
    }
}
