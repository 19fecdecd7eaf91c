//! Moves a models folder with what is in it, and makes the settings follow; what a killed move left is put right at the
//! next start.

use std::path::{Path, PathBuf};

use library::{
    CopiedFiles, MoveProgress, Moved, delete_copies, delete_moved, delete_unfinished, move_folder,
};
use serde_json::{Map, Value};
use settings::SettingsDocument;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::error::{Error, WireError};
use crate::folder_moves::{FolderMove, Moving};
use crate::library_error::LibraryError;
use crate::models_folders::absolute;
use crate::move_journal::{MoveJournal, Unfinished};

impl Core {
    /// Moves a models folder with what is in it; on one disk at once, else file by file, each read back and compared.
    /// Models keep their keys and settings.
    ///
    /// # Errors
    /// It is no models folder, something in it is in use, the target is not empty or has too little room, or it was
    /// cancelled; then everything is where it was.
    pub async fn move_models_folder(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let (from, to) = (absolute(from)?, absolute(to)?);
        let (moving, cancel) = self.begin_move(&from, &to)?;
        // Whoever asked may go away: what ends with the future would then never end.
        self.blocking(move |core| {
            let moved = core.move_now(&from, &to, &cancel);
            moving.ended(moved.as_ref().err().map(WireError::from));
            moved
        })
        .await?
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

    fn begin_move(&self, from: &Path, to: &Path) -> Result<(Moving, CancellationToken), Error> {
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
        // Taken first: from here on no download begins, so those that there are can be looked at.
        let moving = self.take_move(from, to)?;
        if let Some(label) = self.download_in_the_way(from) {
            return Err(busy(format!("the download of {label} is not over")));
        }
        let token = CancellationToken::new();
        *self.move_token() = token.clone();
        Ok((moving, token))
    }

    /// A download that goes on by itself, or one that would go on in this folder: its files' places are on record.
    fn download_in_the_way(&self, from: &Path) -> Option<String> {
        use download::JobState::{Cancelled, Done, Failed, Interrupted, Paused};
        let mut downloads = self.downloads().unwrap_or_default().into_iter();
        let in_the_way = downloads.find(|download| match download.job.state {
            Done | Cancelled => false,
            Paused | Interrupted | Failed => {
                let mut files = download.job.files.iter();
                files.any(|file| file.path.starts_with(from))
            }
            _ => true,
        });
        in_the_way.map(|download| download.job.label)
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
        // What was downloaded a moment ago gets its key where it lies.
        self.finish_downloads()?;
        let renaming = |begins: bool| {
            let journal = MoveJournal {
                from: from.to_owned(),
                to: to.to_owned(),
                copying: !begins,
            };
            journal.write(self.data())
        };
        let moved = move_folder(from, to, &renaming, &|progress: MoveProgress| {
            self.inner.folder_moves.now.send_modify(|now| {
                if let Some(now) = now {
                    now.done_bytes = progress.done_bytes;
                    now.total_bytes = progress.total_bytes;
                }
            });
            !cancel.is_cancelled()
        });
        let settled = moved
            .map_err(|error| LibraryError::from(error).into())
            .and_then(|moved| self.settle(from, to, moved));
        if let Err(error) = MoveJournal::remove(self.data()) {
            tracing::warn!(%error, "the note of a move that is over is left");
        }
        settled
    }

    /// Makes the settings follow what was moved, and takes away the old files; or takes the move back.
    fn settle(&self, from: &Path, to: &Path, moved: Moved) -> Result<(), Error> {
        let saved = self.update_settings(|settings| {
            let own = is_own(settings, self.data(), from);
            follow(settings, own, from, to);
        });
        match (moved, saved) {
            (Moved::Renamed, Ok(())) => Ok(()),
            (Moved::Copied(copied), Ok(())) => {
                self.delete_old(from, to, &copied);
                Ok(())
            }
            (Moved::Renamed, Err(error)) => {
                let _ = std::fs::rename(to, from);
                Err(error)
            }
            (Moved::Copied(copied), Err(error)) => {
                delete_copies(to, &copied);
                Err(error)
            }
        }
    }

    fn delete_old(&self, from: &Path, to: &Path, copied: &CopiedFiles) {
        let why = match delete_moved(from, copied) {
            Ok(true) => return,
            Ok(false) => "holds files that came while it was moved".to_owned(),
            Err(error) => format!("could not be deleted: {error}"),
        };
        let (from, to) = (from.display(), to.display());
        let rest = format!("The models are in {to} now, but the old folder {from} {why}.");
        self.announce("old_folder_left", rest);
    }

    /// Finishes a move that an earlier run was killed in.
    pub(crate) fn follow_unfinished_move(&self) -> Result<(), Error> {
        let (from, to) = match MoveJournal::unfinished(self.data()) {
            Unfinished::Nothing => return Ok(()),
            Unfinished::Copying(MoveJournal { from, to, .. }) => {
                self.take_back_copies(&from, &to);
                return self.forget_move();
            }
            Unfinished::Follow(MoveJournal { from, to, .. }) => (from, to),
        };
        self.update_settings(|settings| {
            let own = is_own(settings, self.data(), &from);
            follow(settings, own, &from, &to);
        })?;
        self.forget_move()
    }

    /// What a move that was killed has copied, unless it was killed after the settings followed it.
    fn take_back_copies(&self, from: &Path, to: &Path) {
        if self.models_folders().iter().any(|folder| folder == to) {
            let (from, to) = (from.display(), to.display());
            let rest =
                format!("The models are in {to} now, but the old folder {from} is there still.");
            self.announce("old_folder_left", rest);
        } else if let Err(error) = delete_unfinished(from, to) {
            tracing::warn!(%error, to = %to.display(), "copies of a move that did not end stay");
        }
    }

    fn forget_move(&self) -> Result<(), Error> {
        MoveJournal::remove(self.data()).map_err(|source| Error::Folder {
            path: self.data().root().to_owned(),
            source,
        })
    }
}

/// Whether it is the folder that downloads go to.
fn is_own(settings: &SettingsDocument, data: &settings::DataDir, folder: &Path) -> bool {
    match &settings.own_models_folder {
        Some(own) => own == folder,
        None => data.models() == folder,
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
    settings.model_folders.iter_mut().for_each(&moved);
    for entry in settings.models.values_mut() {
        moved(&mut entry.path);
        entry.projector.iter_mut().for_each(&moved);
        if let Some(source) = &mut entry.source {
            source.projector.iter_mut().for_each(&moved);
        }
        follow_in_params(&mut entry.params, &moved);
    }
    follow_in_params(&mut settings.model_defaults, &moved);
    for preset in settings.presets.values_mut() {
        if let Some(params) = preset.as_object_mut() {
            follow_in_params(params, &moved);
        }
    }
}

/// Load parameters that may name a file. What is no path there, such as a template's text, begins with no folder.
const FILES: [&str; 4] = ["draftModel", "mmproj", "chatTemplate", "lora"];

fn follow_in_params(params: &mut Map<String, Value>, moved: &impl Fn(&mut PathBuf)) {
    let follow = |value: &mut Value| {
        if let Value::String(text) = value {
            // An adapter's strength, as in `FILE:0.5`, stays behind its name.
            let mut path = PathBuf::from(&*text);
            moved(&mut path);
            if let Some(path) = path.to_str() {
                path.clone_into(text);
            }
        }
    };
    for name in FILES {
        match params.get_mut(name) {
            Some(Value::Array(list)) => list.iter_mut().for_each(follow),
            Some(value) => follow(value),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use settings::ModelEntry;

    use super::*;
    use crate::core::open_for_test as open;

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
        // Else a model that was saved with them does not load any more after the move.
        let params = |root: &str| {
            let params = serde_json::json!({
                "draftModel": format!("{root}/x/draft.gguf"),
                "mmproj": "none",
                "chatTemplate": format!("{root}/t.jinja"),
                "lora": [format!("{root}/l.gguf:0.5"), "/disk-two/m.gguf"],
                "extraArgs": ["--threads", "4"],
            });
            params.as_object().unwrap().clone()
        };
        settings.models["a/in"].params = params("/disk");
        settings.model_defaults = params("/disk");
        settings
            .presets
            .insert("p".to_owned(), params("/disk").into());
        settings.presets.insert("broken".to_owned(), 7.into());
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
        assert_eq!(settings.models["a/in"].params, params("/new"));
        assert_eq!(settings.model_defaults, params("/new"));
        assert_eq!(settings.presets["p"], Value::from(params("/new")));
        assert_eq!(settings.models["a/out"].path, Path::new("/disk-two/b.gguf"));
        assert_eq!(settings.own_models_folder, None);
    }

    #[tokio::test]
    async fn while_a_folder_moves_nothing_is_put_into_one() {
        let home = tempfile::tempdir().unwrap();
        let core = open(home.path());
        let (from, to) = (core.models_folder(), home.path().join("new"));
        let (moving, _) = core.begin_move(&from, &to).unwrap();
        let request = crate::DownloadRequest::default();
        let refused = core.download_model(&request).await.unwrap_err();
        assert_eq!(refused.code(), "folder_busy");
        let refused = core.resume_download("any").unwrap_err();
        assert_eq!(refused.code(), "folder_busy");
        let model = home.path().join("m.gguf");
        gguf::tiny::write(&model).unwrap();
        let request = crate::ImportRequest {
            paths: vec![model],
            copy: true,
            ..crate::ImportRequest::default()
        };
        let refused = core.import(&request).await.unwrap_err();
        assert_eq!(refused.code(), "folder_busy");
        drop(moving);

        let writing = core.write_to_models_folder().unwrap();
        let refused = core.move_models_folder(&from, &to).await.unwrap_err();
        assert_eq!(refused.code(), "folder_busy");
        drop(writing);
        core.import(&request).await.unwrap();
        core.move_models_folder(&from, &to).await.unwrap();
        let entry = core.settings().models.values().next().cloned().unwrap();
        assert!(entry.path.starts_with(&to) && entry.path.is_file());
    }

    /// A client that goes away must not leave the library as being moved until the next start.
    #[tokio::test]
    async fn a_move_ends_though_nobody_waits_for_it() {
        let home = tempfile::tempdir().unwrap();
        let core = open(home.path());
        let (from, to) = (core.models_folder(), home.path().join("new"));
        let asked = tokio::time::timeout(
            std::time::Duration::ZERO,
            core.move_models_folder(&from, &to),
        );
        let _ = asked.await;
        let mut now = core.folder_move();
        let over = |now: &Option<FolderMove>| now.as_ref().is_some_and(|now| !now.running);
        let seen = now.wait_for(over).await.unwrap().clone().unwrap();
        assert_eq!(seen.error, None);
        core.move_models_folder(&to, &from).await.unwrap();
    }

    /// Copies go only where the settings still say the old folder: else they are the models.
    #[test]
    fn copies_of_a_killed_move_go_at_the_next_start_unless_the_settings_followed() {
        let home = tempfile::tempdir().unwrap();
        let data = settings::DataDir::at(home.path());
        let (from, to) = (data.models(), home.path().join("new"));
        for folder in [&from, &to] {
            std::fs::create_dir_all(folder.join("x")).unwrap();
            gguf::tiny::write(&folder.join("x/m.gguf")).unwrap();
        }
        let journal = MoveJournal {
            from: from.clone(),
            to: to.clone(),
            copying: true,
        };
        journal.write(&data).unwrap();
        let core = open(home.path());
        assert!(!to.exists() && from.join("x/m.gguf").is_file());
        assert_eq!(MoveJournal::unfinished(&data), Unfinished::Nothing);

        std::fs::create_dir_all(to.join("x")).unwrap();
        std::fs::copy(from.join("x/m.gguf"), to.join("x/m.gguf")).unwrap();
        core.update_settings(|settings| settings.own_models_folder = Some(to.clone()))
            .unwrap();
        journal.write(&data).unwrap();
        drop(core);
        let core = open(home.path());
        assert_eq!(core.models_folder(), to);
        assert!(to.join("x/m.gguf").is_file() && from.join("x/m.gguf").is_file());
    }

    #[test]
    fn a_rename_that_the_settings_missed_is_followed_at_the_next_start() {
        let home = tempfile::tempdir().unwrap();
        let data = settings::DataDir::at(home.path());
        let (from, to) = (data.models(), home.path().join("new"));
        std::fs::create_dir_all(from.join("x")).unwrap();
        gguf::tiny::write(&from.join("x/m.gguf")).unwrap();
        let core = open(home.path());
        core.scan_library().unwrap();
        let journal = MoveJournal {
            from: from.clone(),
            to: to.clone(),
            copying: false,
        };
        journal.write(&data).unwrap();
        std::fs::rename(&from, &to).unwrap();
        drop(core);

        let core = open(home.path());
        assert_eq!(core.models_folder(), to);
        let entry = core.settings().models.values().next().cloned().unwrap();
        assert_eq!(entry.path, to.join("x/m.gguf"));
        core.follow_unfinished_move().unwrap();
        assert_eq!(core.models_folder(), to, "once");
    }
}
