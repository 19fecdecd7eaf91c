//! A copy of a file that takes no room where the disk can do that: a reflink (Btrfs, XFS, APFS, ReFS), else a hard
//! link, else the bytes themselves, written beside the target and renamed, so that a copy that was cut off is no model.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use walkdir::WalkDir;

/// How the names of copies begin that are not whole yet.
const HALF_COPIED: &str = ".copying-";
/// `<publisher>/<name>/<file>`.
const DEPTH: usize = 3;
/// Nobody writes to what was not written to for so long.
const ABANDONED_AFTER: Duration = Duration::from_secs(3_600);

/// So much is read at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// How a copy was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopiedBy {
    /// Shares its blocks with the original until one of them changes.
    Reflink,
    /// The same file by a second name.
    HardLink,
    /// Bytes of its own.
    Copy,
}

/// Puts a copy of `source` at `target`, creating folders. A target that is there is refused.
///
/// # Errors
/// What the operating system says; then there is no target.
pub fn copy_cheaply(source: &Path, target: &Path) -> io::Result<CopiedBy> {
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    if target.exists() {
        let text = format!("{} is there already", target.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    // A link to a link would break when the first one goes.
    let source = source.canonicalize()?;
    if reflink_copy::reflink(&source, target).is_ok() {
        return Ok(CopiedBy::Reflink);
    }
    if fs::hard_link(&source, target).is_ok() {
        return Ok(CopiedBy::HardLink);
    }
    copy_bytes(&source, target).map(|()| CopiedBy::Copy)
}

/// A copy with bytes of its own, on disk when this returns.
fn copy_bytes(source: &Path, target: &Path) -> io::Result<()> {
    copy_bytes_with(source, target, &mut |_| Ok(()))
}

/// As [`copy_bytes`]; `each` gets all bytes as they pass, and ends the copy by an error.
pub(crate) fn copy_bytes_with(
    source: &Path,
    target: &Path,
    each: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(HALF_COPIED)
        .tempfile_in(folder)?;
    read_in_chunks(source, &mut |chunk| {
        file.as_file_mut().write_all(chunk)?;
        each(chunk)
    })?;
    file.as_file().sync_all()?;
    let permissions = fs::metadata(source)?.permissions();
    let _ = file.as_file().set_permissions(permissions);
    file.persist_noclobber(target)?;
    Ok(())
}

/// All bytes of a file, one after another.
pub(crate) fn read_in_chunks(
    path: &Path,
    each: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => each(&buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether a file that lies where a copy would go is that copy already: one file by two names, or the same bytes.
#[must_use]
pub fn is_same_file(source: &Path, target: &Path) -> bool {
    let same = || -> io::Result<bool> {
        if fs::metadata(source)?.len() != fs::metadata(target)?.len() {
            return Ok(false);
        }
        if are_links(source, target)? {
            return Ok(true);
        }
        let mut other = fs::File::open(target)?;
        let mut buffer = vec![0; CHUNK_BYTES];
        let mut same = true;
        read_in_chunks(source, &mut |chunk| {
            let there = &mut buffer[..chunk.len()];
            other.read_exact(there)?;
            same = there == chunk;
            if same {
                Ok(())
            } else {
                Err(io::Error::other("they differ"))
            }
        })
        .or_else(|error| if same { Err(error) } else { Ok(()) })?;
        Ok(same)
    };
    same().unwrap_or(false)
}

#[cfg(unix)]
fn are_links(one: &Path, other: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let name = |path| fs::metadata(path).map(|metadata| (metadata.dev(), metadata.ino()));
    Ok(name(one)? == name(other)?)
}

#[cfg(not(unix))]
fn are_links(one: &Path, other: &Path) -> io::Result<bool> {
    Ok(one.canonicalize()? == other.canonicalize()?)
}

/// Whether a name is that of a copy that is not whole yet.
pub(crate) fn is_half_copied(name: &std::ffi::OsStr) -> bool {
    name.to_string_lossy().starts_with(HALF_COPIED)
}

/// Removes what is left in a models folder of copies that a kill cut off: gigabytes that nobody sees.
pub fn remove_half_copied(folder: &Path) {
    let entries = WalkDir::new(folder).max_depth(DEPTH).into_iter().flatten();
    for entry in entries.filter(|entry| entry.file_type().is_file()) {
        let is_abandoned = || {
            let written = entry.metadata().ok()?.modified().ok()?;
            Some(written.elapsed().ok()? > ABANDONED_AFTER)
        };
        if is_half_copied(entry.file_name())
            && is_abandoned() == Some(true)
            && let Err(error) = fs::remove_file(entry.path())
        {
            tracing::warn!(%error, path = %entry.path().display(), "half a copy stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn half_a_copy_is_removed_once_nobody_can_be_at_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("publisher/model");
        fs::create_dir_all(&place).unwrap();
        let long_ago = SystemTime::now() - 2 * ABANDONED_AFTER;
        for (name, written) in [
            (".copying-a1b2c3", long_ago),
            (".copying-d4e5f6", SystemTime::now()),
            ("model.gguf", long_ago),
        ] {
            let file = fs::File::create(place.join(name)).unwrap();
            file.set_modified(written).unwrap();
        }
        remove_half_copied(folder.path());
        let left = fs::read_dir(&place).unwrap();
        let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".copying-d4e5f6", "model.gguf"]);
        remove_half_copied(&folder.path().join("none"));
    }

    #[test]
    fn a_copy_has_the_same_content_and_no_target_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("a.gguf");
        let target = folder.path().join("deep/er/b.gguf");
        fs::write(&source, "content").unwrap();
        copy_cheaply(&source, &target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"content");
        let error = copy_cheaply(&source, &target).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        fs::remove_file(&source).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"content", "it stands alone");
    }

    /// Two quantizations of one size and name are common: the wrong one must not be taken for the copy.
    #[test]
    fn a_file_is_the_copy_only_if_its_bytes_are() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            path
        };
        let one = file("a", "content");
        assert!(is_same_file(&one, &file("b", "content")));
        assert!(!is_same_file(&one, &file("c", "CONTENT")));
        assert!(!is_same_file(&one, &file("d", "contents")));
        assert!(!is_same_file(&one, &folder.path().join("none")));
        fs::hard_link(&one, folder.path().join("e")).unwrap();
        assert!(is_same_file(&one, &folder.path().join("e")));
    }

    #[test]
    fn a_copy_of_bytes_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&source, "content").unwrap();
        copy_bytes(&source, &target).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(copy_bytes(&folder.path().join("none"), &folder.path().join("c")).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
