//! Who may write to models folders: one move at a time, and nothing else meanwhile. What a move copies must not change
//! while it does, and what comes later must come to the new place.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::error::{Error, WireError};
use crate::library_error::LibraryError;

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
    pub(crate) now: watch::Sender<Option<FolderMove>>,
    pub(crate) cancel: Mutex<CancellationToken>,
    /// How many put files into models folders now.
    writing: Mutex<usize>,
}

impl Default for FolderMoves {
    fn default() -> Self {
        Self {
            now: watch::Sender::new(None),
            cancel: Mutex::default(),
            writing: Mutex::default(),
        }
    }
}

/// While it is held, files are put into a models folder, and none is moved.
pub(crate) struct Writing(Core);

impl Drop for Writing {
    fn drop(&mut self) {
        *self.0.writing() -= 1;
    }
}

/// While it is held, a folder is moved. It ends with what moves, not with who asked for it.
pub(crate) struct Moving(Core);

impl Moving {
    /// How it ended.
    pub(crate) fn ended(&self, error: Option<WireError>) {
        self.0.inner.folder_moves.now.send_modify(|now| {
            if let Some(now) = now {
                now.error = error;
            }
        });
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        self.0.inner.folder_moves.now.send_modify(|now| {
            if let Some(now) = now {
                now.running = false;
            }
        });
        self.0.library_has_changed();
    }
}

impl Core {
    /// Keeps folders from being moved while something is put into them.
    ///
    /// # Errors
    /// A folder is being moved.
    pub(crate) fn write_to_models_folder(&self) -> Result<Writing, Error> {
        let mut writing = self.writing();
        if let Some(moving) = self.inner.folder_moves.now.borrow().as_ref()
            && moving.running
        {
            let path = moving.from.clone();
            return Err(LibraryError::FolderMoving { path }.into());
        }
        *writing += 1;
        Ok(Writing(self.clone()))
    }

    /// Takes the one place for a move, unless something stands in the way.
    pub(crate) fn take_move(&self, from: &Path, to: &Path) -> Result<Moving, Error> {
        let busy = |reason: &str| LibraryError::FolderBusy {
            path: from.to_owned(),
            reason: reason.to_owned(),
        };
        let writing = self.writing();
        if *writing > 0 {
            return Err(busy("files are being put into models folders now").into());
        }
        if self.is_moving_a_folder() {
            return Err(busy("a folder is being moved already").into());
        }
        self.inner.folder_moves.now.send_replace(Some(FolderMove {
            from: from.to_owned(),
            to: to.to_owned(),
            done_bytes: 0,
            total_bytes: 0,
            running: true,
            error: None,
        }));
        Ok(Moving(self.clone()))
    }

    pub(crate) fn is_moving_a_folder(&self) -> bool {
        let now = self.inner.folder_moves.now.borrow();
        now.as_ref().is_some_and(|now| now.running)
    }

    fn writing(&self) -> MutexGuard<'_, usize> {
        let writing = self.inner.folder_moves.writing.lock();
        writing.unwrap_or_else(PoisonError::into_inner)
    }
}
