//! Links, made when all files are there. Each must end at a file or folder inside: checked in words before it is made,
//! and on the disk after all are, because a link through a link can lead where its words do not say. For the same reason
//! none is made behind another.

use std::path::{Component, Path, PathBuf};

use super::ArchiveError;

pub(super) struct Link {
    /// As the archive names it.
    pub(super) name: String,
    /// Below the folder.
    pub(super) path: PathBuf,
    /// Of a symbolic link: as it says, from where it is. Of a hard one: below the folder.
    pub(super) target: PathBuf,
    pub(super) is_hard: bool,
}

pub(super) fn make_links(
    archive: &Path,
    folder: &Path,
    links: &[Link],
) -> Result<(), ArchiveError> {
    let refuse = |link: &Link, reason: &'static str| ArchiveError::Unsafe {
        path: archive.to_owned(),
        entry: link.name.clone(),
        reason,
    };
    for link in links {
        if !link.is_hard && !stays_inside(&link.path, &link.target) {
            return Err(refuse(link, "links out of the folder"));
        }
    }
    for link in links {
        let place = folder.join(&link.path);
        make_parents(archive, folder, link)?;
        let made = if link.is_hard {
            std::fs::hard_link(folder.join(&link.target), &place)
        } else {
            symbolic(&link.target, &place)
        };
        made.map_err(|source| ArchiveError::Write {
            path: place,
            source,
        })?;
    }
    if links.is_empty() {
        return Ok(());
    }
    let root = folder
        .canonicalize()
        .map_err(|source| ArchiveError::Write {
            path: folder.to_owned(),
            source,
        })?;
    for link in links {
        match folder.join(&link.path).canonicalize() {
            Ok(real) if real.starts_with(&root) => {}
            Ok(_) => return Err(refuse(link, "links out of the folder")),
            Err(_) => return Err(refuse(link, "links to something that is not there")),
        }
    }
    Ok(())
}

/// Makes the folders above a link, one by one. None of them may be a link itself: what is made behind one is made where
/// that leads, before anybody has checked whether it leads out.
fn make_parents(archive: &Path, folder: &Path, link: &Link) -> Result<(), ArchiveError> {
    let mut path = folder.to_owned();
    for part in link.path.parent().into_iter().flat_map(Path::components) {
        path.push(part);
        let failed = |source| ArchiveError::Write {
            path: path.clone(),
            source,
        };
        match path.symlink_metadata() {
            Ok(there) if there.is_dir() => {}
            Ok(there) if there.is_symlink() => {
                return Err(ArchiveError::Unsafe {
                    path: archive.to_owned(),
                    entry: link.name.clone(),
                    reason: "lies behind a link",
                });
            }
            Ok(_) => return Err(failed(std::io::ErrorKind::NotADirectory.into())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                std::fs::create_dir(&path).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}

/// By its words alone.
fn stays_inside(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for component in target.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return false,
        }
    }
    !target.as_os_str().is_empty()
}

#[cfg(unix)]
fn symbolic(target: &Path, place: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

/// Making links takes a privilege on Windows, and its archives hold none: a copy does.
#[cfg(not(unix))]
fn symbolic(target: &Path, place: &Path) -> std::io::Result<()> {
    let source = place.parent().unwrap_or(Path::new(".")).join(target);
    std::fs::copy(source, place).map(|_| ())
}
