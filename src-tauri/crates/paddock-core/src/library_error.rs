//! What can go wrong with the library's files: moving, copying, deleting.

use std::path::PathBuf;

use library::{MoveError, UnknownApp};

/// Why the library's files are as they were.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// A model that runs cannot be taken away.
    #[error("{key} is loaded")]
    ModelRunning {
        /// The model.
        key: String,
    },
    /// There is no trash on that disk, or it refused.
    #[error("{} could not be moved to the trash: {reason}", path.display())]
    NoTrash {
        /// The model's file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A file could not be deleted.
    #[error("{} could not be deleted: {source}", path.display())]
    Delete {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is part of another app's store.
    #[error("{} belongs to {app}", path.display())]
    BelongsToAnother {
        /// The file.
        path: PathBuf,
        /// The app.
        app: String,
    },
    /// A model could not be copied into Paddock's folder.
    #[error("could not copy {} to {}: {source}", path.display(), folder.display())]
    Copy {
        /// The model's file.
        path: PathBuf,
        /// The folder for the copy.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The path is none of the models folders.
    #[error("{} is no models folder", path.display())]
    NoModelsFolder {
        /// The path.
        path: PathBuf,
    },
    /// Something in the folder is in use.
    #[error("{} cannot be moved now: {reason}", path.display())]
    FolderBusy {
        /// The folder.
        path: PathBuf,
        /// What uses it.
        reason: String,
    },
    /// Nothing is put into models folders while one is moved.
    #[error("{} is being moved", path.display())]
    FolderMoving {
        /// The folder.
        path: PathBuf,
    },
    /// Paddock's own folder is on a drive that is not here.
    #[error("the models folder {} is missing", path.display())]
    FolderMissing {
        /// The folder.
        path: PathBuf,
    },
    /// A folder could not be moved; what was in it is where it was.
    #[error(transparent)]
    Move(#[from] MoveError),
    /// No app of this name is known.
    #[error(transparent)]
    App(#[from] UnknownApp),
}

impl LibraryError {
    /// The stable name on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ModelRunning { .. } => "model_running",
            Self::NoTrash { .. } => "no_trash",
            Self::Delete { .. } => "not_deleted",
            Self::BelongsToAnother { .. } => "belongs_to_another_app",
            Self::Copy { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                "disk_full"
            }
            Self::Copy { .. } => "not_copied",
            Self::NoModelsFolder { .. } => "no_models_folder",
            Self::FolderBusy { .. } | Self::FolderMoving { .. } => "folder_busy",
            Self::FolderMissing { .. } => "folder_missing",
            Self::Move(MoveError::NoRoom { .. }) => "disk_full",
            Self::Move(MoveError::Cancelled(_)) => "cancelled",
            Self::Move(_) => "folder_not_moved",
            Self::App(_) => "unknown_app",
        }
    }

    /// What to try; empty where there is nothing sensible to say.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::ModelRunning { key } => format!("Unload it first: `paddock unload {key}`."),
            Self::NoTrash { .. } => {
                "It can be deleted for good: `paddock rm KEY --permanently`.".to_owned()
            }
            Self::Delete { .. } => {
                "Check that the file can be written and that no program has it open.".to_owned()
            }
            Self::BelongsToAnother { app, .. } => {
                format!("Delete it with {app}'s own tools; here it can be taken out of the list.")
            }
            Self::Copy { .. } => {
                "Check that the disk has room and that the folder can be written.".to_owned()
            }
            Self::NoModelsFolder { .. } => "`paddock folder ls` lists them.".to_owned(),
            Self::FolderBusy { .. } => "Wait until that is done, or end it.".to_owned(),
            Self::FolderMoving { .. } => "Try again when that is done.".to_owned(),
            Self::FolderMissing { .. } => {
                "Connect its drive, or make the folder anew if there is none any more.".to_owned()
            }
            Self::Move(MoveError::TargetNotEmpty(_)) => {
                "Choose an empty folder, or a new one.".to_owned()
            }
            Self::Move(MoveError::NoRoom { .. }) => {
                "Make room on that disk, or choose another.".to_owned()
            }
            Self::Move(_) => "Everything is where it was.".to_owned(),
            Self::App(_) => String::new(),
        }
    }
}
