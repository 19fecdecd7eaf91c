//! What model files say of themselves, read once per version of a file and kept on disk, so that a start does not read
//! a thousand headers again.
//!
//! Invariants: an entry counts only while every file of the model has the size and time it had; a cache that cannot be
//! read is dropped. What is wrong with a file counts as long, and is not kept on disk.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use gguf::{Header, ModelInfo, shard};
use serde::{Deserialize, Serialize};

use crate::run::model_traits::TemplateTraits;

/// Another number where what is kept means something else than before.
const FORMAT: u32 = 2;

/// What a model is, and how big.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelFacts {
    pub(crate) info: ModelInfo,
    /// All shards together.
    pub(crate) size_bytes: u64,
    /// What its chat template knows of.
    #[serde(default)]
    pub(crate) template: TemplateTraits,
}

fn template_of(headers: &[Header]) -> TemplateTraits {
    let first = headers.first();
    let template = first.and_then(|header| header.metadata.get_str("tokenizer.chat_template"));
    template.map(TemplateTraits::of).unwrap_or_default()
}

/// Time and size of every file.
type Stamp = Vec<(SystemTime, u64)>;

#[derive(Clone, Serialize, Deserialize)]
struct Known {
    stamp: Stamp,
    facts: Arc<ModelFacts>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: u32,
    /// Another version may draw other things from the same header.
    version: String,
    models: HashMap<PathBuf, Known>,
}

#[derive(Default)]
pub(crate) struct HeaderCache {
    /// Where it is kept; nowhere in tests.
    file: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    models: HashMap<PathBuf, Known>,
    /// Files that are no sound models, and why.
    broken: HashMap<PathBuf, (Stamp, gguf::Error)>,
    /// What is on disk was read.
    is_read: bool,
    /// There is more in here than on disk.
    is_new: bool,
}

impl HeaderCache {
    /// A cache that is kept in `file`, read when it is first needed.
    pub(crate) fn kept_in(file: PathBuf) -> Self {
        Self {
            file: Some(file),
            state: Mutex::default(),
        }
    }

    /// The facts of the model whose first file is `path`, every shard whole. Reads the disk; call it off the async
    /// threads.
    ///
    /// # Errors
    /// The first file that is missing, cut off or no GGUF.
    pub(crate) fn of(&self, path: &Path) -> Result<Arc<ModelFacts>, gguf::Error> {
        let files = shard::siblings(path);
        let stamp: Option<Stamp> = files.iter().map(|file| stamp(file)).collect();
        if let Some(stamp) = &stamp
            && let Some(known) = self.known(path, stamp)
        {
            return known;
        }
        let headers = files
            .iter()
            .map(|file| gguf::check_file(file))
            .collect::<Result<Vec<_>, _>>();
        let headers = headers.inspect_err(|error| {
            if let (Some(stamp), Some(error)) = (&stamp, same_again(error)) {
                let broken = (stamp.clone(), error);
                self.state().broken.insert(path.to_owned(), broken);
            }
        })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let facts = Arc::new(ModelFacts {
            info: ModelInfo::of_shards(&headers, &name),
            size_bytes: stamp.iter().flatten().map(|(_, size)| size).sum(),
            template: template_of(&headers),
        });
        if let Some(stamp) = stamp {
            let known = Known {
                stamp,
                facts: Arc::clone(&facts),
            };
            let mut state = self.state();
            state.broken.remove(path);
            state.models.insert(path.to_owned(), known);
            state.is_new = true;
        }
        Ok(facts)
    }

    /// What was found while the files had these sizes and times.
    fn known(&self, path: &Path, stamp: &Stamp) -> Option<Result<Arc<ModelFacts>, gguf::Error>> {
        let state = self.state();
        if let Some(known) = state.models.get(path)
            && known.stamp == *stamp
        {
            return Some(Ok(Arc::clone(&known.facts)));
        }
        let (was, error) = state.broken.get(path)?;
        (was == stamp).then(|| same_again(error).map(Err)).flatten()
    }

    /// Writes what is new, for the models that `keep` says are still of the library. A disk that refuses costs the next
    /// start some time and nothing else.
    pub(crate) fn save(&self, keep: impl Fn(&Path) -> bool) {
        let Some(file) = &self.file else {
            return;
        };
        let text = {
            let mut state = self.state();
            if !std::mem::take(&mut state.is_new) {
                return;
            }
            state.models.retain(|path, _| keep(path));
            let document = Document {
                format: FORMAT,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                models: state.models.clone(),
            };
            serde_json::to_vec(&document)
        };
        let written = text
            .map_err(std::io::Error::from)
            .and_then(|text| settings::write_atomically(file, &text));
        if let Err(error) = written {
            tracing::warn!(%error, file = %file.display(), "could not keep what model files say");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.is_read {
            state.is_read = true;
            if let Some(file) = &self.file {
                state.models = read(file);
            }
        }
        state
    }
}

/// What is kept in the file; nothing if it is from another version or not sound.
fn read(file: &Path) -> HashMap<PathBuf, Known> {
    let Ok(text) = std::fs::read(file) else {
        return HashMap::new();
    };
    match serde_json::from_slice::<Document>(&text) {
        Ok(document)
            if document.format == FORMAT && document.version == env!("CARGO_PKG_VERSION") =>
        {
            document.models
        }
        Ok(_) => HashMap::new(),
        Err(error) => {
            tracing::warn!(%error, file = %file.display(), "what was kept of model files is dropped");
            HashMap::new()
        }
    }
}

/// The same error, where it is about what is in the file. What the system refused may work the next time.
fn same_again(error: &gguf::Error) -> Option<gguf::Error> {
    use gguf::Error;
    let file = error.file().to_owned();
    Some(match error {
        Error::Empty { .. } => Error::Empty { file },
        Error::NotGguf { magic, .. } => Error::NotGguf {
            file,
            magic: magic.clone(),
        },
        Error::UnsupportedVersion { version, .. } => Error::UnsupportedVersion {
            file,
            version: *version,
        },
        Error::BigEndian { .. } => Error::BigEndian { file },
        Error::TruncatedHeader { actual_bytes, .. } => Error::TruncatedHeader {
            file,
            actual_bytes: *actual_bytes,
        },
        Error::IncompleteTensors {
            expected_bytes,
            actual_bytes,
            ..
        } => Error::IncompleteTensors {
            file,
            expected_bytes: *expected_bytes,
            actual_bytes: *actual_bytes,
        },
        Error::Malformed { what, .. } => Error::Malformed {
            file,
            what: what.clone(),
        },
        _ => return None,
    })
}

fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_there_after_a_restart_until_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("m.gguf");
        let kept = folder.path().join("cache/headers.json");
        gguf::tiny::write(&model).unwrap();
        let cache = HeaderCache::kept_in(kept.clone());
        let facts = cache.of(&model).unwrap();
        cache.of(&model).unwrap();
        cache.save(|_| true);
        let again = HeaderCache::kept_in(kept.clone());
        assert!(again.state().models.contains_key(&model));
        assert_eq!(*again.of(&model).unwrap(), *facts);
        assert!(!again.state().is_new, "nothing was read");

        std::fs::write(&model, "no model").unwrap();
        assert!(again.of(&model).is_err());
        // What is no longer of the library goes.
        gguf::tiny::write_with(&model, gguf::tiny::Weights::F16).unwrap();
        again.of(&model).unwrap();
        again.save(|_| false);
        assert!(HeaderCache::kept_in(kept).state().models.is_empty());
    }

    #[test]
    fn what_is_wrong_with_a_file_is_read_once_too() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("m.gguf");
        let cache = HeaderCache::default();
        let whole = gguf::tiny::bytes();
        for broken in [&whole[..1000], &whole[..whole.len() - 1], b"<html>", b""] {
            std::fs::write(&model, broken).unwrap();
            let first = cache.of(&model).unwrap_err().to_string();
            assert!(cache.state().broken.contains_key(&model), "{first}");
            assert_eq!(cache.of(&model).unwrap_err().to_string(), first);
        }
        // As a download that goes on.
        std::fs::write(&model, &whole).unwrap();
        cache.of(&model).unwrap();
        assert!(cache.state().broken.is_empty());
        std::fs::remove_file(&model).unwrap();
        cache.of(&model).unwrap_err();
        assert!(cache.state().broken.is_empty(), "it may come back");
    }

    #[test]
    fn a_broken_cache_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("headers.json");
        for text in [
            "",
            "{",
            "[]",
            r#"{"format": 1, "version": "9", "models": {"/a": 7}}"#,
        ] {
            std::fs::write(&kept, text).unwrap();
            assert!(
                HeaderCache::kept_in(kept.clone()).state().models.is_empty(),
                "{text}"
            );
        }
        let model = folder.path().join("m.gguf");
        gguf::tiny::write(&model).unwrap();
        let cache = HeaderCache::kept_in(kept.clone());
        cache.of(&model).unwrap();
        cache.save(|_| true);
        assert_eq!(HeaderCache::kept_in(kept).state().models.len(), 1);
    }
}
