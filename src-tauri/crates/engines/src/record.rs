//! What was found out about engines: in each fetched engine's folder where it is from, and in one file for all of them
//! what they have loaded, what failed, and which were current in turn.
//!
//! Records are conveniences: one that cannot be read is as good as none.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::processor::Processor;

/// More models than that are not remembered for one engine.
const MOST_LOADED: usize = 500;
const MOST_HISTORY: usize = 20;

/// Where a fetched engine is from. Written into its folder before that gets its name, so that a folder which has one
/// is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The release's tag.
    pub tag: String,
    /// Which of its builds.
    pub variant: String,
    /// The archives, with the SHA-256 that they had here.
    pub archives: Vec<(String, String)>,
    /// The release gave a digest for each of them.
    pub digests_checked: bool,
    /// Where it answered.
    pub proved_on: Option<Processor>,
    /// Bytes of all its files.
    pub size_bytes: u64,
    /// Milliseconds since the epoch.
    pub installed_at: u64,
}

impl Origin {
    /// Its file in an engine's folder.
    pub const FILE_NAME: &'static str = "paddock-engine.json";
}

/// Something that went wrong with an engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Stable name.
    pub code: String,
    /// In words.
    pub message: String,
}

/// What is known of one engine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EngineRecord {
    /// Keys of models that it has loaded.
    pub loaded: Vec<String>,
    /// Why it cannot be relied on.
    pub fault: Option<Fault>,
    /// Where it answered.
    pub proved_on: Option<Processor>,
}

/// What is known of all engines, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EngineRecords {
    engines: BTreeMap<String, EngineRecord>,
    /// Names of engines that were current, the latest last.
    history: Vec<String>,
    /// Builds that were gone back from: nobody wants them again unasked.
    left_builds: Vec<String>,
}

impl EngineRecords {
    /// What is known of an engine.
    #[must_use]
    pub fn of(&self, name: &str) -> EngineRecord {
        self.engines.get(name).cloned().unwrap_or_default()
    }

    /// Changes what is known of an engine.
    pub fn change(&mut self, name: &str, change: impl FnOnce(&mut EngineRecord)) {
        change(self.engines.entry(name.to_owned()).or_default());
    }

    /// It loaded this model. Whether that is news.
    pub fn loaded(&mut self, name: &str, key: &str) -> bool {
        let record = self.engines.entry(name.to_owned()).or_default();
        if record.loaded.iter().any(|known| known == key) && record.fault.is_none() {
            return false;
        }
        record.fault = None;
        record.loaded.retain(|known| known != key);
        record.loaded.push(key.to_owned());
        let too_many = record.loaded.len().saturating_sub(MOST_LOADED);
        record.loaded.drain(..too_many);
        true
    }

    /// It became current.
    pub fn became_current(&mut self, name: &str) {
        self.history.retain(|known| known != name);
        self.history.push(name.to_owned());
        let too_many = self.history.len().saturating_sub(MOST_HISTORY);
        self.history.drain(..too_many);
    }

    /// This build was gone back from.
    pub fn left_build(&mut self, tag: &str) {
        self.wants_build(tag);
        self.left_builds.push(tag.to_owned());
        let too_many = self.left_builds.len().saturating_sub(MOST_HISTORY);
        self.left_builds.drain(..too_many);
    }

    /// Somebody chose this build.
    pub fn wants_build(&mut self, tag: &str) {
        self.left_builds.retain(|known| known != tag);
    }

    /// Whether this build was gone back from, and not chosen since.
    #[must_use]
    pub fn has_left_build(&self, tag: &str) -> bool {
        self.left_builds.iter().any(|known| known == tag)
    }

    /// The engine that was current last before `current`, among those that are `usable`.
    #[must_use]
    pub fn previous(&self, current: Option<&str>, usable: impl Fn(&str) -> bool) -> Option<&str> {
        self.history
            .iter()
            .rev()
            .map(String::as_str)
            .find(|name| Some(*name) != current && usable(name))
    }

    /// It is gone.
    pub fn forget(&mut self, name: &str) {
        self.engines.remove(name);
        self.history.retain(|known| known != name);
    }
}

/// Reads a record. One that cannot be read is as good as none: it is made anew.
#[must_use]
pub fn read_record<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Writes a record, whole or not at all.
///
/// # Errors
/// What the disk says; what was there before is untouched then.
pub fn write_record(path: &Path, record: &impl Serialize) -> io::Result<()> {
    let temporary = path.with_extension("json.new");
    let file = File::create(&temporary)?;
    serde_json::to_writer_pretty(&file, record)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_current_before_is_known_as_long_as_it_can_be_used() {
        let mut records = EngineRecords::default();
        assert_eq!(records.previous(None, |_| true), None);
        for name in ["a", "b", "c", "b"] {
            records.became_current(name);
        }
        assert_eq!(records.previous(Some("b"), |_| true), Some("c"));
        assert_eq!(records.previous(Some("b"), |name| name != "c"), Some("a"));
        records.forget("c");
        assert_eq!(records.previous(Some("b"), |_| true), Some("a"));
        assert_eq!(records.previous(Some("a"), |_| true), Some("b"));
    }

    #[test]
    fn a_build_that_was_gone_back_from_is_known_until_it_is_chosen() {
        let mut records = EngineRecords::default();
        records.left_build("b2");
        assert!(records.has_left_build("b2") && !records.has_left_build("b1"));
        records.forget("b2-cpu");
        assert!(records.has_left_build("b2"), "also when it is removed");
        records.wants_build("b2");
        assert!(!records.has_left_build("b2"));
    }

    #[test]
    fn a_load_is_news_once_and_clears_a_fault() {
        let mut records = EngineRecords::default();
        assert!(records.loaded("a", "local/m"));
        assert!(!records.loaded("a", "local/m"));
        records.change("a", |record| {
            record.fault = Some(Fault {
                code: "x".to_owned(),
                message: "y".to_owned(),
            });
        });
        assert!(records.loaded("a", "local/m"));
        assert_eq!(records.of("a").fault, None);
        assert_eq!(records.of("a").loaded, ["local/m"]);
        assert_eq!(records.of("nobody"), EngineRecord::default());
    }

    #[test]
    fn records_are_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("records.json");
        assert_eq!(read_record::<EngineRecords>(&path), None);
        let mut records = EngineRecords::default();
        records.became_current("a");
        write_record(&path, &records).unwrap();
        assert_eq!(read_record::<EngineRecords>(&path), Some(records));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::write(&path, "{").unwrap();
        assert_eq!(read_record::<EngineRecords>(&path), None);
    }
}
