//! Moving a models folder with what is in it: a rename where source and target are on one disk; else every file is
//! copied, read back and compared by SHA-256, and only when all are there may the old files go ([`delete_moved`]).
//!
//! Invariants: until the last file is proved, nothing of the old folder is touched; then only what was copied goes, so
//! a file that came into the old folder meanwhile stays there. A move that fails or is cancelled takes away what it put
//! into the target, and nothing else. Left out: what refers to the files (the core's settings).

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::copy::{copy_bytes_with, is_half_copied, read_in_chunks};

/// How far a move is, in bytes of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MoveProgress {
    /// Copied and proved: what is copied and not read back yet counts half.
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
    Copied(CopiedFiles),
}

/// What a move copied: paths inside of the folder, and what each file was then.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CopiedFiles(HashMap<PathBuf, Option<Stamp>>);

/// Time and size of a file.
type Stamp = (Option<SystemTime>, u64);

/// Deletes the files of a folder that were copied, once everything refers to the copies, and then the folders that are
/// empty. What came later, or was changed since, stays; true if nothing did.
///
/// # Errors
/// What the operating system says; the copy is whole all the same.
pub fn delete_moved(from: &Path, copied: &CopiedFiles) -> io::Result<bool> {
    // Links are not followed: what they point to may lie elsewhere, and is not ours to delete.
    for entry in WalkDir::new(from).contents_first(true) {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type().is_dir() {
            // Refused for one that is not empty.
            let _ = fs::remove_dir(path);
            continue;
        }
        let inside = path.strip_prefix(from).unwrap_or(path);
        if copied.0.get(inside).is_some_and(|was| *was == stamp(path)) {
            // Windows takes a link to a folder for a folder.
            fs::remove_file(path).or_else(|error| match entry.path_is_symlink() {
                true => fs::remove_dir(path),
                false => Err(error),
            })?;
        }
    }
    Ok(!from.exists())
}

/// Takes the copies back out of the target, and nothing else.
pub fn delete_copies(to: &Path, copied: &CopiedFiles) {
    for inside in copied.0.keys() {
        let _ = fs::remove_file(to.join(inside));
    }
    for entry in WalkDir::new(to).contents_first(true).into_iter().flatten() {
        if entry.file_type().is_dir() {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// Takes what an unfinished move copied back out of the target, after a program was killed in it: copies that are not
/// whole, and files that lie in the old folder under the same name with the same length. The old folder is left alone.
///
/// # Errors
/// What the operating system says.
pub fn delete_unfinished(from: &Path, to: &Path) -> io::Result<()> {
    for entry in WalkDir::new(to).contents_first(true) {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type().is_dir() {
            // Refused for one that is not empty.
            let _ = fs::remove_dir(path);
            continue;
        }
        let length = |path: &Path| fs::metadata(path).ok().map(|metadata| metadata.len());
        let inside = path.strip_prefix(to).unwrap_or(path);
        let original = length(&from.join(inside));
        if is_half_copied(entry.file_name()) || (original.is_some() && original == length(path)) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Time and size of a file, through links; none of a folder, or of a link to what is gone.
fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    metadata
        .is_file()
        .then(|| (metadata.modified().ok(), metadata.len()))
}

/// Moves the folder `from` to `to`, which must be absent or empty. `progress` is called as bytes are copied and says
/// whether to go on. `renaming` is called with true before a rename, which is one step, and with false where that was
/// not possible: a program that ends in between finds all files at one of the two places.
///
/// # Errors
/// [`MoveError`]; then everything is where it was.
pub fn move_folder(
    from: &Path,
    to: &Path,
    renaming: &dyn Fn(bool) -> io::Result<()>,
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
    // Counted first: between the rename and what follows it there should be no time.
    let total_bytes = size_of(from);
    renaming(true).map_err(failed)?;
    if was_there {
        // Windows renames to no folder that is there, even an empty one.
        fs::remove_dir(to).map_err(failed)?;
    }
    if fs::rename(from, to).is_ok() {
        progress(MoveProgress {
            done_bytes: total_bytes,
            total_bytes,
        });
        return Ok(Moved::Renamed);
    }
    renaming(false).map_err(failed)?;
    let mut copied = CopiedFiles::default();
    let outcome = copy_all(from, to, total_bytes, &mut copied, progress);
    if outcome.is_err() {
        delete_copies(to, &copied);
        if was_there {
            let _ = fs::create_dir_all(to);
        }
    }
    outcome.map(|()| Moved::Copied(copied))
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
    total_bytes: u64,
    copied: &mut CopiedFiles,
    progress: &dyn Fn(MoveProgress) -> bool,
) -> Result<(), MoveError> {
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
        if let Err(error) = &entry
            && dangling(error.path())
        {
            let inside = error.path().and_then(|path| path.strip_prefix(from).ok());
            copied
                .0
                .extend(inside.map(|inside| (inside.to_owned(), None)));
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
            if entry.path_is_symlink() && entry.depth() > 0 {
                copied.0.insert(inside.to_owned(), None);
            }
            continue;
        }
        // Before the copy: what is written during it is a change too.
        let was = stamp(entry.path());
        // A link's content goes along: what it pointed to may be relative.
        let mut passed = 0;
        let mut tell = |bytes: &[u8]| {
            passed += bytes.len() as u64;
            let done_bytes = (done_bytes + passed / 2).min(total_bytes);
            match progress(MoveProgress {
                done_bytes,
                total_bytes,
            }) {
                true => Ok(()),
                false => Err(cancelled()),
            }
        };
        let ended = |error: io::Error| match is_cancelled(&error) {
            true => MoveError::Cancelled(from.to_owned()),
            false => failed(error),
        };
        let (mut original, mut copy) = (Sha256::new(), Sha256::new());
        copy_bytes_with(entry.path(), &target, &mut |bytes| {
            original.update(bytes);
            tell(bytes)
        })
        .map_err(ended)?;
        copied.0.insert(inside.to_owned(), was);
        read_in_chunks(&target, &mut |bytes| {
            copy.update(bytes);
            tell(bytes)
        })
        .map_err(ended)?;
        if original.finalize() != copy.finalize() {
            return Err(MoveError::Differs {
                from: entry.path().to_owned(),
                to: target,
            });
        }
        done_bytes += passed / 2;
        if !progress(MoveProgress {
            done_bytes,
            total_bytes,
        }) {
            return Err(MoveError::Cancelled(from.to_owned()));
        }
    }
    Ok(())
}

/// How the telling of progress ends a copy.
#[derive(Debug, thiserror::Error)]
#[error("cancelled")]
struct Cancel;

fn cancelled() -> io::Error {
    io::Error::other(Cancel)
}

fn is_cancelled(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Cancel>())
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
        let told = std::cell::RefCell::new(Vec::new());
        let renaming = |begins| {
            told.borrow_mut().push((begins, from.exists()));
            Ok(())
        };
        let moved = move_folder(&from, &to, &renaming, &|progress| {
            seen.set(progress);
            true
        });
        assert_eq!(*told.borrow(), [(true, true)], "before, and once");
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
        let last = std::cell::Cell::new(0);
        let mut copied = CopiedFiles::default();
        copy_all(&from, &to, 6, &mut copied, &|progress| {
            assert!(progress.done_bytes >= last.replace(progress.done_bytes));
            true
        })
        .unwrap();
        assert_eq!(last.get(), 6);
        assert_eq!(fs::read(to.join("google/gemma/a.gguf")).unwrap(), b"aaaa");
        assert!(to.join("empty").is_dir());
        assert!(
            from.join("b.gguf").is_file(),
            "the move deletes, not the copying"
        );
        assert!(delete_moved(&from, &copied).unwrap());
        assert!(!from.exists());
    }

    /// One file may be forty gigabytes: its bar must move, and cancelling must not wait for its end.
    #[test]
    fn progress_is_told_and_asked_within_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("models"), folder.path().join("new"));
        fs::create_dir(&from).unwrap();
        let size = 8 << 20;
        fs::write(from.join("big.gguf"), vec![7; size]).unwrap();
        let told = std::cell::RefCell::new(Vec::new());
        let mut copied = CopiedFiles::default();
        let total = size as u64;
        let outcome = copy_all(&from, &to, total, &mut copied, &|progress| {
            told.borrow_mut().push(progress.done_bytes);
            // In the middle of the copy.
            progress.done_bytes < total / 4
        });
        assert!(matches!(outcome, Err(MoveError::Cancelled(_))));
        let told = told.into_inner();
        assert!(
            told.len() > 2 && *told.last().unwrap() < total / 2,
            "{told:?}"
        );
        assert!(!to.join("big.gguf").exists());
        assert_eq!(fs::read_dir(&to).unwrap().count(), 0, "no half copy");
    }

    /// A move that was killed has left gigabytes, of which nobody but the note about it knows.
    #[test]
    fn what_an_unfinished_move_copied_is_taken_back() {
        let folder = furnished();
        let (from, to) = (folder.path().join("models"), folder.path().join("new"));
        fs::create_dir_all(to.join("google/gemma")).unwrap();
        fs::copy(
            from.join("google/gemma/a.gguf"),
            to.join("google/gemma/a.gguf"),
        )
        .unwrap();
        fs::write(to.join(".copying-x1y2"), "b").unwrap();
        fs::write(to.join("mine.txt"), "mine").unwrap();
        fs::write(to.join("b.gguf"), "another").unwrap();
        delete_unfinished(&from, &to).unwrap();
        let left = fs::read_dir(&to).unwrap();
        let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["b.gguf", "mine.txt"]);
        assert!(from.join("google/gemma/a.gguf").is_file() && from.join("b.gguf").is_file());
    }

    /// What comes into the old folder while it is copied is in no copy, and stays.
    #[test]
    fn only_what_was_copied_is_deleted() {
        let folder = furnished();
        let (from, to) = (folder.path().join("models"), folder.path().join("new"));
        let mut copied = CopiedFiles::default();
        copy_all(&from, &to, 6, &mut copied, &|_| true).unwrap();
        fs::write(from.join("google/gemma/later.gguf"), "new").unwrap();
        fs::write(from.join("b.gguf"), "changed").unwrap();
        assert!(!delete_moved(&from, &copied).unwrap(), "some is left");
        assert_eq!(
            fs::read(from.join("google/gemma/later.gguf")).unwrap(),
            b"new"
        );
        assert_eq!(fs::read(from.join("b.gguf")).unwrap(), b"changed");
        assert!(!from.join("google/gemma/a.gguf").exists() && !from.join("empty").exists());

        fs::write(to.join("mine.txt"), "mine").unwrap();
        delete_copies(&to, &copied);
        assert_eq!(fs::read_dir(&to).unwrap().count(), 1, "the user's own");
    }

    #[test]
    #[cfg(unix)]
    fn what_links_point_to_is_copied_and_not_deleted() {
        use std::os::unix::fs::symlink;
        let folder = furnished();
        let (from, to) = (folder.path().join("models"), folder.path().join("new"));
        let elsewhere = folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        fs::write(elsewhere.join("c.gguf"), "cc").unwrap();
        symlink(&elsewhere, from.join("linked")).unwrap();
        symlink(elsewhere.join("c.gguf"), from.join("c.gguf")).unwrap();
        symlink(elsewhere.join("gone.gguf"), from.join("gone.gguf")).unwrap();
        let mut copied = CopiedFiles::default();
        copy_all(&from, &to, 6, &mut copied, &|_| true).unwrap();
        assert!(delete_moved(&from, &copied).unwrap());
        assert_eq!(fs::read(elsewhere.join("c.gguf")).unwrap(), b"cc");
        assert_eq!(fs::read(to.join("linked/c.gguf")).unwrap(), b"cc");
        assert_eq!(fs::read(to.join("c.gguf")).unwrap(), b"cc");
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
        let quiet = |_| Ok(());
        if move_folder(&from, &to, &quiet, &|_| false).is_ok() {
            return;
        }
        assert!(from.join("b.gguf").is_file() && !to.exists(), "as it was");
        let Moved::Copied(copied) = move_folder(&from, &to, &quiet, &|_| true).unwrap() else {
            panic!("it cannot be renamed");
        };
        assert!(from.join("b.gguf").is_file(), "until it is sure");
        delete_moved(&from, &copied).unwrap();
        assert!(!from.exists());
        assert_eq!(fs::read(to.join("b.gguf")).unwrap(), b"bb");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let folder = furnished();
        let from = folder.path().join("models");
        let go = |_: MoveProgress| true;
        let refused = |to: &Path| move_folder(&from, to, &|_| Ok(()), &go).unwrap_err();
        assert!(matches!(
            refused(&from.join("in")),
            MoveError::Nested { .. }
        ));
        assert!(matches!(refused(folder.path()), MoveError::Nested { .. }));
        let full = tempfile::tempdir().unwrap();
        fs::write(full.path().join("x"), "").unwrap();
        assert!(matches!(refused(full.path()), MoveError::TargetNotEmpty(_)));
        let none = folder.path().join("none");
        let error = move_folder(&none, &folder.path().join("y"), &|_| Ok(()), &go).unwrap_err();
        assert!(matches!(error, MoveError::NoSource(_)));
        assert!(from.join("b.gguf").is_file());
    }
}
