//! Moving a models folder with what is in it: a rename where source and target are on one disk; else every file is
//! copied, read back and compared by SHA-256, and only when all are there may the old folder go ([`delete_moved`]).
//!
//! Invariants: until the last file is proved, nothing of the old folder is touched; a move that fails or is cancelled
//! takes away what it put into the target, and nothing else. Left out: what refers to the files (the core's settings).

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::copy::copy_bytes;

/// How far a move is, in bytes of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MoveProgress {
    /// Copied and proved.
    pub done_bytes: u64,
    /// All there is to move.
    pub total_bytes: u64,
}

/// Why a folder was not moved. What was in it is where it was.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// There is no such folder.
    #[error("there is no folder at {}", .0.display())]
    NoSource(PathBuf),
    /// The target holds something already.
    #[error("{} is not empty", .0.display())]
    TargetNotEmpty(PathBuf),
    /// One of the two lies in the other.
    #[error("{} and {} lie in each other", from.display(), to.display())]
    Nested {
        /// Source.
        from: PathBuf,
        /// Target.
        to: PathBuf,
    },
    /// The target's disk has too little room.
    #[error("{} has {free_bytes} bytes free; {needed_bytes} are needed", to.display())]
    NoRoom {
        /// Target.
        to: PathBuf,
        /// Bytes free there.
        free_bytes: u64,
        /// Bytes to move.
        needed_bytes: u64,
    },
    /// A copy is not what it was copied from: a bad disk.
    #[error("the copy of {} at {} differs from it", from.display(), to.display())]
    Differs {
        /// The file.
        from: PathBuf,
        /// Its copy.
        to: PathBuf,
    },
    /// It was asked to end.
    #[error("moving {} was cancelled", .0.display())]
    Cancelled(PathBuf),
    /// The operating system refused.
    #[error("could not move {} to {}: {source}", from.display(), to.display())]
    Io {
        /// Source.
        from: PathBuf,
        /// Target.
        to: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A folder that was moved.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the old folder may be there still"]
pub enum Moved {
    /// It was renamed.
    Renamed,
    /// Its files were copied; the old ones are there until [`delete_moved`].
    Copied,
}

/// Deletes a folder that was copied, once everything refers to the copy.
///
/// # Errors
/// What the operating system says; the copy is whole all the same.
pub fn delete_moved(from: &Path) -> io::Result<()> {
    fs::remove_dir_all(from)
}

/// Moves the folder `from` to `to`, which must be absent or empty. `progress` is called as files are done and says
/// whether to go on.
///
/// # Errors
/// [`MoveError`]; then everything is where it was.
pub fn move_folder(
    from: &Path,
    to: &Path,
    progress: &dyn Fn(MoveProgress) -> bool,
) -> Result<Moved, MoveError> {
    check(from, to)?;
    let failed = |source| MoveError::Io {
        from: from.to_owned(),
        to: to.to_owned(),
        source,
    };
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let was_there = to.is_dir();
    if was_there {
        // Windows renames to no folder that is there, even an empty one.
        fs::remove_dir(to).map_err(failed)?;
    }
    if fs::rename(from, to).is_ok() {
        let total_bytes = size_of(to);
        progress(MoveProgress {
            done_bytes: total_bytes,
            total_bytes,
        });
        return Ok(Moved::Renamed);
    }
    let moved = copy_all(from, to, progress);
    if moved.is_err() {
        let _ = fs::remove_dir_all(to);
        if was_there {
            let _ = fs::create_dir(to);
        }
    }
    moved.map(|()| Moved::Copied)
}

fn check(from: &Path, to: &Path) -> Result<(), MoveError> {
    if !from.is_dir() {
        return Err(MoveError::NoSource(from.to_owned()));
    }
    let real = |path: &Path| -> PathBuf {
        let there = path.ancestors().find(|part| part.exists());
        let rest = there.and_then(|there| path.strip_prefix(there).ok());
        match (there.and_then(|there| there.canonicalize().ok()), rest) {
            (Some(there), Some(rest)) => there.join(rest),
            _ => path.to_owned(),
        }
    };
    let (real_from, real_to) = (real(from), real(to));
    if real_from.starts_with(&real_to) || real_to.starts_with(&real_from) {
        return Err(MoveError::Nested {
            from: from.to_owned(),
            to: to.to_owned(),
        });
    }
    let empty = match fs::read_dir(to) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if empty {
        Ok(())
    } else {
        Err(MoveError::TargetNotEmpty(to.to_owned()))
    }
}

fn copy_all(
    from: &Path,
    to: &Path,
    progress: &dyn Fn(MoveProgress) -> bool,
) -> Result<(), MoveError> {
    let total_bytes = size_of(from);
    if let Some(free_bytes) = crate::disk::free_bytes(to)
        && free_bytes < total_bytes
    {
        return Err(MoveError::NoRoom {
            to: to.to_owned(),
            free_bytes,
            needed_bytes: total_bytes,
        });
    }
    let mut done_bytes = 0;
    for entry in WalkDir::new(from).follow_links(true) {
        // A link to what is gone is worth nothing in the new place either.
        let dangling =
            |path: Option<&Path>| path.is_some_and(|path| path.is_symlink() && !path.exists());
        if entry.as_ref().is_err_and(|error| dangling(error.path())) {
            continue;
        }
        let failed = |source: io::Error| MoveError::Io {
            from: from.to_owned(),
            to: to.to_owned(),
            source,
        };
        let entry = entry.map_err(|error| failed(error.into()))?;
        let inside = entry.path().strip_prefix(from).unwrap_or(entry.path());
        let target = to.join(inside);
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target).map_err(failed)?;
            continue;
        }
        // A link's content goes along: what it pointed to may be relative.
        copy_bytes(entry.path(), &target).map_err(failed)?;
        let (original, copy) = (hash(entry.path()), hash(&target));
        if original.map_err(failed)? != copy.map_err(failed)? {
            return Err(MoveError::Differs {
                from: entry.path().to_owned(),
                to: target,
            });
        }
        done_bytes += target.metadata().map_or(0, |metadata| metadata.len());
        if !progress(MoveProgress {
            done_bytes,
            total_bytes,
        }) {
            return Err(MoveError::Cancelled(from.to_owned()));
        }
    }
    Ok(())
}

fn size_of(folder: &Path) -> u64 {
    WalkDir::new(folder)
        .follow_links(true)
        .into_iter()
        .flatten()
        .filter(|entry| !entry.file_type().is_dir())
        .filter_map(|entry| fs::metadata(entry.path()).ok())
        .map(|metadata| metadata.len())
        .sum()
}

fn hash(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            count => hasher.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn furnished() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let models = folder.path().join("models");
        fs::create_dir_all(models.join("google/gemma")).unwrap();
        fs::create_dir_all(models.join("empty")).unwrap();
        fs::write(models.join("google/gemma/a.gguf"), "aaaa").unwrap();
        fs::write(models.join("b.gguf"), "bb").unwrap();
        folder
    }

    #[test]
    fn on_one_disk_it_is_a_rename() {
        let folder = furnished();
        let (from, to) = (folder.path().join("models"), folder.path().join("x/new"));
        let seen = std::cell::Cell::new(MoveProgress::default());
        let moved = move_folder(&from, &to, &|progress| {
            seen.set(progress);
            true
        });
        assert_eq!(moved.unwrap(), Moved::Renamed);
        assert!(!from.exists());
        assert_eq!(fs::read(to.join("google/gemma/a.gguf")).unwrap(), b"aaaa");
        assert_eq!((seen.get().done_bytes, seen.get().total_bytes), (6, 6));
    }

    #[test]
    fn between_disks_everything_is_copied_and_proved() {
        let folder = furnished();
        let (from, to) = (folder.path().join("models"), folder.path().join("new"));
        fs::create_dir(&to).unwrap();
        let steps = std::cell::Cell::new(0);
        copy_all(&from, &to, &|_| {
            steps.set(steps.get() + 1);
            true
        })
        .unwrap();
        assert_eq!(steps.get(), 2);
        assert_eq!(fs::read(to.join("google/gemma/a.gguf")).unwrap(), b"aaaa");
        assert!(to.join("empty").is_dir());
        assert!(
            from.join("b.gguf").is_file(),
            "the move deletes, not the copying"
        );
    }

    /// `/dev/shm` is another file system than a temporary folder on most Linux machines; where it is not, this is the
    /// rename once more.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_move_to_another_disk_and_a_cancelled_one() {
        let folder = furnished();
        let Ok(other) = tempfile::tempdir_in("/dev/shm") else {
            return;
        };
        let (from, to) = (folder.path().join("models"), other.path().join("models"));
        if move_folder(&from, &to, &|_| false).is_ok() {
            return;
        }
        assert!(from.join("b.gguf").is_file() && !to.exists(), "as it was");
        assert_eq!(move_folder(&from, &to, &|_| true).unwrap(), Moved::Copied);
        assert!(from.join("b.gguf").is_file(), "until it is sure");
        delete_moved(&from).unwrap();
        assert!(!from.exists());
        assert_eq!(fs::read(to.join("b.gguf")).unwrap(), b"bb");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let folder = furnished();
        let from = folder.path().join("models");
        let go = |_: MoveProgress| true;
        let refused = |to: &Path| move_folder(&from, to, &go).unwrap_err();
        assert!(matches!(
            refused(&from.join("in")),
            MoveError::Nested { .. }
        ));
        assert!(matches!(refused(folder.path()), MoveError::Nested { .. }));
        let full = tempfile::tempdir().unwrap();
        fs::write(full.path().join("x"), "").unwrap();
        assert!(matches!(refused(full.path()), MoveError::TargetNotEmpty(_)));
        let none = folder.path().join("none");
        let error = move_folder(&none, &folder.path().join("y"), &go).unwrap_err();
        assert!(matches!(error, MoveError::NoSource(_)));
        assert!(from.join("b.gguf").is_file());
    }
}
