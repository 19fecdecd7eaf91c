//! What is noted before a models folder is moved. A program that is killed between a rename and the saving of the
//! settings would find its models nowhere; one that is killed while it copies would leave gigabytes that nobody knows of.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use settings::{DataDir, write_atomically};

/// A rename that may have happened, or a copy that may have begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MoveJournal {
    pub(crate) from: PathBuf,
    pub(crate) to: PathBuf,
    /// It could not be renamed: files are copied.
    #[serde(default)]
    pub(crate) copying: bool,
}

/// What is to be done about a note of an earlier run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfinished {
    /// The folder was renamed: the settings must follow.
    Follow(MoveJournal),
    /// Files were being copied: where the settings do not say the new folder, the copies must go.
    Copying(MoveJournal),
    /// Nothing, and there is no note any more.
    Nothing,
}

fn file(data: &DataDir) -> PathBuf {
    data.root().join("folder-move.json")
}

impl MoveJournal {
    /// Puts the note on disk.
    pub(crate) fn write(&self, data: &DataDir) -> io::Result<()> {
        write_atomically(&file(data), &serde_json::to_vec(self)?)
    }

    /// Takes the note away: the settings are saved, or nothing was renamed.
    pub(crate) fn remove(data: &DataDir) -> io::Result<()> {
        match std::fs::remove_file(file(data)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// What an earlier run left. Where neither folder is there, as on a drive that is not plugged in, the note stays
    /// for the next start.
    pub(crate) fn unfinished(data: &DataDir) -> Unfinished {
        let Ok(text) = std::fs::read(file(data)) else {
            return Unfinished::Nothing;
        };
        let journal: Option<Self> = serde_json::from_slice(&text).ok();
        match journal {
            Some(journal) if journal.copying && journal.from.is_dir() && journal.to.is_dir() => {
                return Unfinished::Copying(journal);
            }
            // A drive is away.
            Some(journal) if journal.copying => {}
            Some(journal) if !holds_anything(&journal.from) && holds_anything(&journal.to) => {
                return Unfinished::Follow(journal);
            }
            Some(journal) if !journal.from.exists() && !journal.to.exists() => {}
            _ => {
                let _ = Self::remove(data);
            }
        }
        Unfinished::Nothing
    }
}

fn holds_anything(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rename_is_followed_only_if_it_happened() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path());
        let (from, to) = (folder.path().join("old"), folder.path().join("new"));
        let journal = MoveJournal {
            from: from.clone(),
            to: to.clone(),
            copying: false,
        };
        assert_eq!(MoveJournal::unfinished(&data), Unfinished::Nothing);
        journal.write(&data).unwrap();
        assert_eq!(MoveJournal::unfinished(&data), Unfinished::Nothing);
        assert!(file(&data).exists(), "both may be on a drive that is away");

        std::fs::create_dir(&to).unwrap();
        std::fs::write(to.join("a.gguf"), "a").unwrap();
        let followed = Unfinished::Follow(journal.clone());
        assert_eq!(MoveJournal::unfinished(&data), followed);

        std::fs::create_dir(&from).unwrap();
        std::fs::write(from.join("a.gguf"), "a").unwrap();
        assert_eq!(MoveJournal::unfinished(&data), Unfinished::Nothing);
        assert!(!file(&data).exists(), "it did not happen");
        MoveJournal::remove(&data).unwrap();

        let copying = MoveJournal {
            copying: true,
            ..journal
        };
        copying.write(&data).unwrap();
        let unfinished = MoveJournal::unfinished(&data);
        assert_eq!(unfinished, Unfinished::Copying(copying));
        std::fs::remove_dir_all(&to).unwrap();
        assert_eq!(MoveJournal::unfinished(&data), Unfinished::Nothing);
        assert!(file(&data).exists(), "its drive may be away");
    }
}
