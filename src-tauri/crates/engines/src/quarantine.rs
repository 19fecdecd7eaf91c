//! macOS marks what was downloaded and refuses to run it until the user agreed in a dialog that cannot be answered for
//! a library. What was checked by its digest and proved needs no such mark. (What Paddock itself fetches gets none; an
//! archive that a browser fetched hands its mark on to all that is in it.)

use std::io;
use std::path::Path;

/// The mark's name.
const QUARANTINE: &str = "com.apple.quarantine";

/// Takes the mark off everything in the folder.
///
/// # Errors
/// When the folder cannot be read; a mark that cannot be taken off is left for the proof to find.
pub fn remove_quarantine(folder: &Path) -> io::Result<()> {
    remove_attribute(folder, QUARANTINE)
}

fn remove_attribute(path: &Path, name: &str) -> io::Result<()> {
    let _ = xattr::remove(path, name);
    if path.is_symlink() || !path.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        remove_attribute(&entry?.path(), name)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_off_everything_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("lib");
        std::fs::create_dir(&inner).unwrap();
        let file = inner.join("libllama.dylib");
        std::fs::write(&file, "x").unwrap();
        let name = "user.paddock-test";
        // Not every file system keeps such marks.
        if xattr::set(&file, name, b"1").is_err() {
            return;
        }
        remove_attribute(folder.path(), name).unwrap();
        assert_eq!(xattr::get(&file, name).unwrap(), None);
        remove_quarantine(folder.path()).unwrap();
    }
}
