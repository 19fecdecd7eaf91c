//! Room on the disk that a path lies on, or would.

use std::path::Path;

/// Bytes that a user may still write there; `None` where the system does not say. For a path that is not there, those
/// of the nearest folder above it that is.
#[must_use]
pub fn free_bytes(path: &Path) -> Option<u64> {
    let there = path.ancestors().find(|part| part.exists())?;
    fs4::available_space(there).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_to_be_has_the_room_of_the_one_above() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(folder.path()).unwrap() > 0);
        assert!(free_bytes(&folder.path().join("not/yet")).unwrap() > 0);
    }
}
