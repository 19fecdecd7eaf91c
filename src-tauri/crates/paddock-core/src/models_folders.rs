//! The folders that models are looked for in: Paddock's own and the user's. They come and go with their drives; how one
//! is moved is in `move_models_folder`.

use std::path::{Path, PathBuf};

use library::free_bytes;
use serde::Serialize;

use crate::core::Core;
use crate::error::Error;
use crate::library_error::LibraryError;
use crate::list_models::ModelView;

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
    /// It is missing in that it does not answer: a network drive that hangs.
    pub silent: bool,
    /// Bytes free on its disk.
    pub free_bytes: Option<u64>,
    /// Models that lie in it.
    pub model_count: usize,
    /// Bytes of those that are there.
    pub size_bytes: u64,
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
        self.blocking(move |core| core.folders_with(&models)).await
    }

    /// The folders, of which these models lie in some.
    pub(crate) fn folders_with(&self, models: &[ModelView]) -> Vec<FolderView> {
        let own = self.models_folder();
        let folders = self.models_folders().into_iter().map(|path| {
            let inside = models
                .iter()
                .filter(|model| model.folder.as_ref() == Some(&path));
            let silent = self.inner.scanner.is_silent(&path);
            let is_there = !silent && path.is_dir();
            FolderView {
                own: path == own,
                // Our own is made when something is put there.
                missing: silent || (path != self.data().models() && !is_there),
                silent,
                free_bytes: (is_there || (path == own && !silent))
                    .then(|| free_bytes(&path))
                    .flatten(),
                model_count: inside.clone().count(),
                size_bytes: inside.filter_map(|model| model.size_bytes).sum(),
                path,
            }
        });
        folders.collect()
    }

    /// An error where Paddock's own folder was moved to a drive that is away: what is put there now would come to lie on
    /// the disk of its mount point.
    ///
    /// # Errors
    /// [`LibraryError::FolderMissing`].
    pub(crate) fn check_own_folder(&self) -> Result<(), Error> {
        match self.settings().own_models_folder.clone() {
            Some(path) if self.inner.scanner.is_silent(&path) || !path.is_dir() => {
                Err(LibraryError::FolderMissing { path }.into())
            }
            _ => Ok(()),
        }
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
        .await?
    }

    /// Looks no longer for models in a folder. The models that were found there stay in the library.
    ///
    /// # Errors
    /// The settings cannot be saved.
    pub fn remove_models_folder(&self, path: &Path) -> Result<(), Error> {
        let path = absolute(path)?;
        self.update_settings(|settings| settings.model_folders.retain(|known| *known != path))?;
        Ok(())
    }
}

pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|source| Error::Folder {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use crate::core::open_for_test as open;

    /// Without its drive the folder would be made anew on the system's disk, and fill that.
    #[tokio::test]
    async fn while_the_own_folder_is_away_nothing_is_put_there() {
        let home = tempfile::tempdir().unwrap();
        let core = open(home.path());
        let (own, away) = (home.path().join("drive"), home.path().join("away"));
        core.move_models_folder(&core.models_folder(), &own)
            .await
            .unwrap();
        std::fs::rename(&own, &away).unwrap();
        let model = home.path().join("m.gguf");
        gguf::tiny::write(&model).unwrap();
        let copy = crate::ImportRequest {
            paths: vec![model],
            copy: true,
            ..crate::ImportRequest::default()
        };
        let request = crate::DownloadRequest {
            repo: "a/b".to_owned(),
            ..crate::DownloadRequest::default()
        };
        let refused = [
            core.download_model(&request).await.unwrap_err(),
            core.resume_download("any").unwrap_err(),
            core.import(&copy).await.unwrap_err(),
        ];
        assert!(
            refused.iter().all(|error| error.code() == "folder_missing"),
            "{refused:?}"
        );
        assert!(!own.exists());
        std::fs::rename(&away, &own).unwrap();
        core.import(&copy).await.unwrap();
    }
}
