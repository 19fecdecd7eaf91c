//! Where an engine's binary is: in the folder of an unpacked archive, or on `PATH`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The file name of the engine on this platform.
pub const BINARY_NAME: &str = if cfg!(windows) {
    "llama-server.exe"
} else {
    "llama-server"
};

/// The binary that `path` means: the file itself, or `llama-server` in the folder, in its `bin` or `build/bin`, or in
/// the one folder that an archive holds. `None` if a folder has none; a file is taken at its word.
#[must_use]
pub fn binary_in(path: &Path) -> Option<PathBuf> {
    if !path.is_dir() {
        return Some(path.to_owned());
    }
    let mut candidates = vec![
        path.to_owned(),
        path.join("bin"),
        path.join("build").join("bin"),
    ];
    let mut inner: Vec<PathBuf> = std::fs::read_dir(path)
        .map(|entries| {
            entries
                .flatten()
                .map(|entry| entry.path())
                .filter(|path| path.is_dir())
                .collect()
        })
        .unwrap_or_default();
    inner.sort();
    candidates.append(&mut inner);
    candidates
        .into_iter()
        .map(|folder| folder.join(BINARY_NAME))
        .find(|binary| binary.is_file())
}

/// The engine that was packed with the program at `executable`: in `engine/` beside it, or where packages and bundles
/// keep a program's own files.
#[must_use]
pub fn packed_with(executable: &Path) -> Option<PathBuf> {
    let folder = executable.parent()?;
    let above = folder.parent();
    let near = [
        Some(folder.join("engine")),
        above.map(|above| above.join("lib/paddock/engine")),
        above.map(|above| above.join("Resources/engine")),
    ];
    near.into_iter()
        .flatten()
        .filter(|candidate| candidate.is_dir())
        .find_map(|candidate| binary_in(&candidate))
}

/// The first `llama-server` in the folders of `path`, a value of the `PATH` variable.
#[must_use]
pub fn on_path(path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(BINARY_NAME))
        .find(|binary| binary.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_the_binary_in_it() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(binary_in(folder.path()), None);
        for place in ["llama-b1", "build/bin", "bin", "."] {
            let here = folder.path().join(place);
            std::fs::create_dir_all(&here).unwrap();
            std::fs::write(here.join(BINARY_NAME), "").unwrap();
            let found = binary_in(folder.path()).unwrap();
            assert_eq!(
                found.canonicalize().unwrap(),
                here.join(BINARY_NAME).canonicalize().unwrap(),
                "{place}"
            );
        }
        let file = folder.path().join("my-own-build");
        assert_eq!(
            binary_in(&file),
            Some(file),
            "a path that is no folder is the user's word"
        );
    }

    #[test]
    fn a_packed_engine_is_beside_the_program_or_among_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("bin").join("paddock-desktop");
        std::fs::create_dir_all(folder.path().join("bin")).unwrap();
        assert_eq!(packed_with(&program), None);
        for place in ["lib/paddock/engine", "bin/engine"] {
            let here = folder.path().join(place);
            std::fs::create_dir_all(&here).unwrap();
            std::fs::write(here.join(BINARY_NAME), "").unwrap();
            let found = packed_with(&program).unwrap();
            assert_eq!(
                found.canonicalize().unwrap(),
                here.join(BINARY_NAME).canonicalize().unwrap(),
                "{place}"
            );
        }
    }

    #[test]
    fn path_is_searched_in_order() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let path = std::env::join_paths(folders.iter().map(tempfile::TempDir::path)).unwrap();
        assert_eq!(on_path(&path), None);
        for folder in folders.iter().rev() {
            std::fs::write(folder.path().join(BINARY_NAME), "").unwrap();
            assert_eq!(on_path(&path), Some(folder.path().join(BINARY_NAME)));
        }
    }
}
