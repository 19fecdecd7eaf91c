//! A copy of a file that takes no room where the disk can do that: a reflink (Btrfs, XFS, APFS, ReFS), else a hard
//! link, else the bytes themselves, written beside the target and renamed, so that a copy that was cut off is no model.

use std::fs;
use std::io;
use std::path::Path;

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
pub(crate) fn copy_bytes(source: &Path, target: &Path) -> io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".copying-")
        .tempfile_in(folder)?;
    io::copy(&mut fs::File::open(source)?, file.as_file_mut())?;
    file.as_file().sync_all()?;
    let permissions = fs::metadata(source)?.permissions();
    let _ = file.as_file().set_permissions(permissions);
    file.persist_noclobber(target)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
