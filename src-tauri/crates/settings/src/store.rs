//! Where the document is kept, behind a trait; and the plain file that the headless host uses.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Settings could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error("could not read the settings at {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file could not be written; the old one is untouched.
    #[error("could not save the settings at {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something in them has no form in a document, such as a path that is not UTF-8.
    #[error("could not save the settings: {source}")]
    Unwritable {
        /// Why.
        source: serde_json::Error,
    },
    /// A newer Paddock wrote it. It is left alone.
    #[error("the settings at {} were written by a newer Paddock (version {found}, this one knows {known})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version in it, as it stands there.
        found: String,
        /// The version that we know.
        known: u32,
    },
}

impl Error {
    /// The stable name of this error on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "settings_unreadable",
            Self::Write { .. } | Self::Unwritable { .. } => "settings_not_saved",
            Self::Newer { .. } => "settings_newer",
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Read { .. } => "Check the file's permissions.",
            Self::Write { .. } => {
                "Check that the disk has room and that the folder can be written."
            }
            Self::Unwritable { .. } => "Give the file or folder a name in plain Unicode.",
            Self::Newer { .. } => {
                "Start the newer Paddock, or move the file away to begin with fresh settings."
            }
        }
    }
}

/// Keeps the document.
pub trait Store: Send + Sync {
    /// The document; `None` if there is none yet.
    ///
    /// # Errors
    /// [`Error::Read`].
    fn read(&self) -> Result<Option<Value>, Error>;

    /// Replaces the document, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Write`]; then the old document is still there.
    fn write(&self, document: &Value) -> Result<(), Error>;
}

/// A plain file, written atomically, with a last-good copy beside it.
#[derive(Debug, Clone)]
pub struct FileStore {
    path: PathBuf,
}

impl FileStore {
    /// Keeps the document at `path`.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }
}

impl Store for FileStore {
    fn read(&self) -> Result<Option<Value>, Error> {
        match std::fs::read(&self.path) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(|error| Error::Read {
                    path: self.path.clone(),
                    source: error.into(),
                }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Read {
                path: self.path.clone(),
                source,
            }),
        }
    }

    fn write(&self, document: &Value) -> Result<(), Error> {
        let text = to_text(&self.path, document)?;
        write_last_good(&self.path, document)?;
        write_atomically(&self.path, &text).map_err(|source| Error::Write {
            path: self.path.clone(),
            source,
        })
    }
}

/// Writes the copy of the document at `path` that [`crate::repair`] restores from. A store calls it before it saves.
///
/// # Errors
/// [`Error::Write`].
pub fn write_last_good(path: &Path, document: &Value) -> Result<(), Error> {
    let text = to_text(path, document)?;
    write_atomically(&last_good(path), &text).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

fn to_text(path: &Path, document: &Value) -> Result<Vec<u8>, Error> {
    let mut text = serde_json::to_vec_pretty(document).map_err(|error| Error::Write {
        path: path.to_owned(),
        source: error.into(),
    })?;
    text.push(b'\n');
    Ok(text)
}

/// The copy that [`crate::repair`] restores from.
pub(crate) fn last_good(path: &Path) -> PathBuf {
    path.with_extension("last-good.json")
}

/// How the names of files begin that are being written.
const HALF_WRITTEN: &str = ".saving-";

/// Removes what a kill in the middle of [`write_atomically`] left in a folder. Only for who alone writes there.
pub fn remove_half_written(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with(HALF_WRITTEN)
        {
            // One that cannot be removed now is in nobody's way.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Writes a file so that whoever reads it, after whatever crash, sees all of the old or all of the new content. Only
/// the user may read it.
///
/// # Errors
/// What the operating system says; the old file is untouched then.
pub fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(HALF_WRITTEN)
        .tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    // The new name itself must survive a power cut; Windows has no such call and needs none.
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kill_left_half_written_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        write_atomically(&path, b"{}").unwrap();
        std::fs::write(folder.path().join(".saving-x1Y2z3"), "{\"ver").unwrap();
        std::fs::write(folder.path().join(".mine"), "").unwrap();
        remove_half_written(folder.path());
        let left = std::fs::read_dir(folder.path()).unwrap();
        let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".mine", "settings.json"]);
        remove_half_written(&folder.path().join("none"));
    }

    #[test]
    fn a_secret_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub-token");
        std::fs::write(&path, "old").unwrap();
        write_atomically(&path, b"hf_x").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
