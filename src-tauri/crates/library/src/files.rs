//! The files that make up one model, and which of them are missing.

use std::path::{Path, PathBuf};

use gguf::shard;

/// The files of the model whose first file is `path`: all its shards, or itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFiles {
    /// All of them, first to last, there or not.
    pub all: Vec<PathBuf>,
    /// Those that are not there.
    pub missing: Vec<PathBuf>,
}

impl ModelFiles {
    /// Looks which files are there.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let all = shard::siblings(path);
        let missing = all.iter().filter(|file| !file.is_file()).cloned().collect();
        Self { all, missing }
    }

    /// Some are there and some are not: a set that was not fetched to its end.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        !self.missing.is_empty() && self.missing.len() < self.all.len()
    }

    /// None is there: moved away, or on a drive that is not plugged in.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.missing.len() == self.all.len()
    }

    /// `2 of its 3 files are missing: x-00002-of-00003.gguf, x-00003-of-00003.gguf`; the first few by name.
    #[must_use]
    pub fn what_is_missing(&self) -> Option<String> {
        const NAMED: usize = 4;
        if !self.is_incomplete() {
            return None;
        }
        let names: Vec<_> = self
            .missing
            .iter()
            .take(NAMED)
            .map(|path| path.file_name().unwrap_or_default().to_string_lossy())
            .collect();
        let more = match self.missing.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let (count, all) = (self.missing.len(), self.all.len());
        let verb = if count == 1 { "is" } else { "are" };
        Some(format!(
            "{count} of its {all} files {verb} missing: {}{more}",
            names.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_set_lacks_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = |index: u32| folder.path().join(format!("x-{index:05}-of-00003.gguf"));
        assert!(ModelFiles::of(&file(1)).is_gone());
        std::fs::write(file(2), "").unwrap();
        let files = ModelFiles::of(&file(1));
        assert_eq!(
            files.what_is_missing().unwrap(),
            "2 of its 3 files are missing: x-00001-of-00003.gguf, x-00003-of-00003.gguf"
        );
        std::fs::write(file(1), "").unwrap();
        std::fs::write(file(3), "").unwrap();
        let files = ModelFiles::of(&file(1));
        assert!(!files.is_incomplete() && !files.is_gone());
        assert_eq!(files.what_is_missing(), None);
    }
}
