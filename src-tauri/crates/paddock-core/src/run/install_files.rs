//! Folders of engines: what an archive unpacks to, put in order.

use std::path::{Path, PathBuf};

use engines::{ArchiveError, binary_in};

use crate::engine_error::EngineError;
use crate::error::Error;

/// The binary in a folder, where there is one.
pub(crate) fn binary_of(folder: &Path) -> Option<PathBuf> {
    binary_in(folder).filter(|binary| binary.is_file())
}

/// An archive whose all is in one folder is as good as that folder.
pub(crate) fn lift_single_folder(folder: &Path) -> Result<(), Error> {
    let failed = |source| Error::Folder {
        path: folder.to_owned(),
        source,
    };
    loop {
        let mut entries = std::fs::read_dir(folder)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(failed)?;
        let Some(only) = entries.pop().filter(|_| entries.is_empty()) else {
            return Ok(());
        };
        if !only.file_type().map_err(failed)?.is_dir() {
            return Ok(());
        }
        move_up(&only.path())?;
    }
}

/// Moves all that is in a folder beside it, and removes the folder. What is there already stays.
pub(crate) fn move_up(folder: &Path) -> Result<(), Error> {
    let failed = |source| Error::Folder {
        path: folder.to_owned(),
        source,
    };
    let Some(parent) = folder.parent() else {
        return Ok(());
    };
    // Out of the way first: one of its entries may have its name.
    let aside = parent.join(".lifted");
    std::fs::rename(folder, &aside).map_err(failed)?;
    for entry in std::fs::read_dir(&aside).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = parent.join(entry.file_name());
        if !target.exists() {
            std::fs::rename(entry.path(), target).map_err(failed)?;
        }
    }
    std::fs::remove_dir_all(&aside).map_err(failed)
}

/// Every link in the folder must end in it. They were checked when they were unpacked, and may have moved since.
pub(crate) fn check_links(archive: &Path, folder: &Path) -> Result<(), Error> {
    let failed = |source| Error::Folder {
        path: folder.to_owned(),
        source,
    };
    let root = folder.canonicalize().map_err(failed)?;
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_symlink()
                && !path
                    .canonicalize()
                    .is_ok_and(|real| real.starts_with(&root))
            {
                let name = path.strip_prefix(folder).unwrap_or(&path);
                return Err(EngineError::from(ArchiveError::Unsafe {
                    path: archive.to_owned(),
                    entry: name.display().to_string(),
                    reason: "links out of the folder",
                })
                .into());
            }
        }
    }
    Ok(())
}

/// Bytes of all files below.
pub(crate) fn size_of(folder: &Path) -> u64 {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
            Ok(metadata) if metadata.is_file() => metadata.len(),
            _ => 0,
        })
        .sum()
}

/// The names in a folder must survive a power cut; where the system has no such call it needs none.
pub(crate) fn sync_folder(folder: &Path) {
    if cfg!(unix)
        && let Ok(folder) = std::fs::File::open(folder)
    {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_link_that_leads_out_after_lifting_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let staging = folder.path().join("staging");
        let top = staging.join("top");
        std::fs::create_dir_all(top.join("lib")).unwrap();
        std::fs::write(top.join("llama-server"), "").unwrap();
        std::os::unix::fs::symlink("../llama-server", top.join("lib/up")).unwrap();
        lift_single_folder(&staging).unwrap();
        check_links(Path::new("a.tar.gz"), &staging).unwrap();

        let top = staging.join("top");
        std::fs::create_dir_all(&top).unwrap();
        std::os::unix::fs::symlink("..", top.join("x")).unwrap();
        check_links(Path::new("a.tar.gz"), &staging).unwrap();
        move_up(&top).unwrap();
        let error = check_links(Path::new("a.tar.gz"), &staging).unwrap_err();
        assert_eq!(error.code(), "archive_refused");
    }

    #[test]
    fn one_folder_in_a_folder_is_lifted_also_where_names_are_equal() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("llama-b1/bin/bin");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(inner.join("llama-server"), "12345").unwrap();
        std::fs::write(inner.join("LICENSE"), "1").unwrap();
        lift_single_folder(folder.path()).unwrap();
        assert_eq!(
            std::fs::read_to_string(folder.path().join("llama-server")).unwrap(),
            "12345"
        );
        assert_eq!(size_of(folder.path()), 6);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        lift_single_folder(folder.path()).unwrap();
        assert_eq!(size_of(folder.path()), 6);
    }
}
