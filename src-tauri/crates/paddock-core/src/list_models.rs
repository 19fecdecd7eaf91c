//! The library as the user sees it: every model there is or was, with what its file says.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use gguf::ModelInfo;
use library::{FolderNames, FoundModel, ModelFiles, Scanner, assign_key};
use serde::Serialize;
use settings::{ModelEntry, ModelSource, SettingsDocument};

use crate::core::{Core, same_path};
use crate::error::Error;
use crate::run::model_traits::{ModelTraits, traits_of};
use crate::schedule::route::resolve;

/// Listing this many models or more is shared among threads: headers that were never read take milliseconds each.
const WORTH_A_THREAD: usize = 32;
const MOST_THREADS: usize = 8;

/// A model in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelView {
    /// Its key.
    pub key: String,
    /// The GGUF file, or the first of its shards, absolute.
    pub path: PathBuf,
    /// The file is there; of a set, at least one.
    pub present: bool,
    /// Why it cannot be loaded: cut off, no GGUF, a shard missing.
    pub problem: Option<String>,
    /// Bytes on disk, all shards together.
    pub size_bytes: Option<u64>,
    /// Such as `gemma3`.
    pub architecture: Option<String>,
    /// Such as `Q4_K_M`.
    pub quantization: Option<String>,
    /// Tokens it was trained for.
    pub context_length: Option<u64>,
    /// Elements of all tensors.
    pub parameter_count: Option<u64>,
    /// What the file calls itself.
    pub name: Option<String>,
    /// Parameters are saved for it.
    pub has_saved_params: bool,
    /// The engine that it is pinned to.
    pub engine: Option<String>,
    /// The model of whose file this is a second entry.
    pub alias_of: Option<String>,
    /// Further names by which requests may mean it.
    pub aliases: Vec<String>,
    /// Seconds without a request after which it ends, where it has a number of its own: 0 at once, -1 never.
    pub ttl_seconds: Option<i64>,
    /// Never ended to make room for another, and not when it is idle.
    pub keep_loaded: bool,
    /// Loaded when the host starts.
    pub load_at_start: bool,
    /// All that the header says.
    pub info: Option<ModelInfo>,
    /// Its vision projector.
    pub projector: Option<PathBuf>,
    /// The models folder that it lies in; none for a file that was imported where it lies.
    pub folder: Option<PathBuf>,
    /// The other app whose file it is: `ollama`, `lmstudio`.
    pub found_in: Option<String>,
    /// Where Paddock fetched it.
    pub source: Option<ModelSource>,
    /// What it can do.
    pub traits: ModelTraits,
    /// The preset that it uses.
    pub preset: Option<String>,
}

/// What is read once for many models: the folders that they lie in.
#[derive(Default)]
pub(crate) struct Surroundings {
    names: HashMap<PathBuf, FolderNames>,
}

impl Surroundings {
    fn projector_of(&mut self, path: &Path) -> Option<PathBuf> {
        let folder = path.parent()?;
        let names = self
            .names
            .entry(folder.to_owned())
            .or_insert_with(|| FolderNames::of(folder));
        names.projector_of(path).map(Path::to_owned)
    }
}

impl Core {
    /// All models: what is in Paddock's folder and the user's, and what was imported, missing ones included. New files
    /// get their keys here.
    ///
    /// # Errors
    /// When new keys cannot be saved.
    pub async fn list_models(&self) -> Result<Vec<ModelView>, Error> {
        self.blocking(|core| {
            core.scan_library()?;
            let settings = core.settings();
            let models = core.describe_all(&settings);
            let known: HashSet<&Path> = settings
                .models
                .values()
                .map(|entry| entry.path.as_path())
                .collect();
            core.inner.headers.save(|path| known.contains(path));
            Ok(models)
        })
        .await?
    }

    fn describe_all(&self, settings: &SettingsDocument) -> Vec<ModelView> {
        let models: Vec<(&String, &ModelEntry)> = settings.models.iter().collect();
        let describe = |models: &[(&String, &ModelEntry)]| -> Vec<ModelView> {
            let mut around = Surroundings::default();
            models
                .iter()
                .map(|(key, entry)| self.describe_among(key, entry, &mut around))
                .collect()
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = cores.min(MOST_THREADS).min(models.len() / WORTH_A_THREAD);
        if threads < 2 {
            return describe(&models);
        }
        std::thread::scope(|scope| {
            let parts: Vec<_> = models
                .chunks(models.len().div_ceil(threads))
                .map(|part| (part, scope.spawn(|| describe(part))))
                .collect();
            parts
                .into_iter()
                // A thread that panicked left its part undone.
                .flat_map(|(part, thread)| thread.join().unwrap_or_else(|_| describe(part)))
                .collect()
        })
    }

    /// Gives keys to files that have none. Keys once given stay, whatever becomes of the file.
    pub(crate) fn scan_library(&self) -> Result<(), Error> {
        self.scan_once(|| !self.is_moving_a_folder())
    }

    /// As [`Core::scan_library`], also where a folder is about to be moved.
    pub(crate) fn scan_library_now(&self) -> Result<(), Error> {
        self.scan_once(|| true)
    }

    /// Waits for a scan that goes on. Of many who wait then, one scans for all: what it finds is not older than any of
    /// their questions.
    fn scan_once(&self, may: impl FnOnce() -> bool) -> Result<(), Error> {
        let asked = Instant::now();
        let last_began = self.inner.library.lock();
        let mut last_began = last_began.unwrap_or_else(std::sync::PoisonError::into_inner);
        // Half of a folder that is being moved is in two places.
        if !may() || last_began.is_some_and(|began| began >= asked) {
            return Ok(());
        }
        let begins = Instant::now();
        self.scan_locked()?;
        *last_began = Some(begins);
        Ok(())
    }

    fn scan_locked(&self) -> Result<(), Error> {
        let settings = self.settings();
        let found = self.inner.scanner.scan(&self.models_folders());
        let known: HashSet<&Path> = settings
            .models
            .values()
            .map(|entry| entry.path.as_path())
            .collect();
        let new: Vec<_> = found
            .into_iter()
            .filter(|model| !known.contains(model.path.as_path()))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        self.update_settings(|settings| {
            let mut known = KnownFiles::of(settings, &self.inner.scanner);
            for model in new {
                known.key_for(settings, model, None);
            }
        })
    }

    pub(crate) fn describe(&self, key: &str, entry: &ModelEntry) -> ModelView {
        self.describe_among(key, entry, &mut Surroundings::default())
    }

    fn describe_among(
        &self,
        key: &str,
        entry: &ModelEntry,
        around: &mut Surroundings,
    ) -> ModelView {
        let folders = self.models_folders();
        let folder = folders
            .into_iter()
            .find(|folder| entry.path.starts_with(folder));
        let is_silent = self.inner.scanner.is_silent(&entry.path);
        let mut view = ModelView {
            key: key.to_owned(),
            path: entry.path.clone(),
            present: true,
            problem: None,
            size_bytes: None,
            architecture: None,
            quantization: None,
            context_length: None,
            parameter_count: None,
            name: None,
            has_saved_params: !entry.params.is_empty(),
            engine: entry.engine.clone(),
            alias_of: entry.alias_of.clone(),
            aliases: entry.aliases.clone(),
            ttl_seconds: entry.ttl_seconds,
            keep_loaded: entry.keep_loaded,
            load_at_start: entry.load_at_start,
            info: None,
            projector: None,
            folder,
            found_in: entry.found_in.clone(),
            source: entry.source.clone(),
            traits: ModelTraits::default(),
            preset: entry.preset.clone(),
        };
        if is_silent {
            let folder = view.folder.as_ref().unwrap_or(&entry.path);
            view.problem = Some(format!("{} does not answer", folder.display()));
            return view;
        }
        let files = ModelFiles::of(&entry.path);
        view.present = !files.is_gone();
        view.projector = projector_of(entry, around);
        if files.is_gone() {
            view.problem = Some(format!("model file not found at {}", entry.path.display()));
            return view;
        }
        if let Some(missing) = files.what_is_missing() {
            view.size_bytes = Some(total_size(&files.all));
            view.problem = Some(missing);
            return view;
        }
        match self.inner.headers.of(&entry.path) {
            Ok(facts) => {
                let info = facts.info.clone();
                view.traits = traits_of(&info, facts.template, view.projector.is_some());
                view.problem = what_else_it_is(&info).map(|what| format!("this is {what}"));
                view.size_bytes = Some(facts.size_bytes);
                view.architecture.clone_from(&info.architecture);
                view.quantization.clone_from(&info.quantization);
                view.context_length = info.context_length;
                view.parameter_count = Some(info.parameter_count);
                view.name = Some(info.name.clone());
                view.info = Some(info);
            }
            Err(error) => {
                view.size_bytes = Some(total_size(&files.all));
                view.problem = Some(without_path(&error.to_string(), &entry.path));
            }
        }
        view
    }

    /// The key and file that a request means.
    ///
    /// # Errors
    /// [`Error::Model`].
    pub(crate) async fn find_model(&self, request: &str) -> Result<(String, ModelEntry), Error> {
        if let Ok(found) = self.look_up(request) {
            return Ok(found);
        }
        // It may have been put into a folder a moment ago.
        self.blocking(Self::scan_library).await??;
        self.look_up(request)
    }

    /// Whether a model's file is the one at `path`. One that does not answer is known by its name alone.
    pub(crate) fn is_at(&self, entry: &ModelEntry, path: &Path) -> bool {
        entry.path == path
            || (!self.inner.scanner.is_silent(&entry.path) && same_path(&entry.path, path))
    }

    /// As [`Core::find_model`], without a look at the folders.
    pub(crate) fn look_up(&self, request: &str) -> Result<(String, ModelEntry), Error> {
        let settings = self.settings();
        let key = resolve(request, &settings)?;
        let entry = settings.models.get(key).cloned();
        entry
            .map(|entry| (key.to_owned(), entry))
            .ok_or_else(|| library::NotFound::Unknown(request.to_owned()).into())
    }
}

/// The files of the library, however they are written, and their keys: asked once for a thousand new files.
pub(crate) struct KnownFiles {
    keys: HashMap<PathBuf, String>,
}

impl KnownFiles {
    pub(crate) fn of(settings: &SettingsDocument, scanner: &Scanner) -> Self {
        let mut keys = HashMap::new();
        // A second entry of a file is not who a file is known as.
        let firsts = settings.models.iter();
        for (key, entry) in firsts.filter(|(_, entry)| entry.alias_of.is_none()) {
            keys.insert(entry.path.clone(), key.clone());
            if !scanner.is_silent(&entry.path) {
                keys.insert(real(&entry.path), key.clone());
            }
        }
        Self { keys }
    }

    /// The key of a file; a new one for a file that has none. The same file by another way, through a link or a second
    /// folder, is the same model.
    pub(crate) fn key_for(
        &mut self,
        settings: &mut SettingsDocument,
        model: FoundModel,
        found_in: Option<&str>,
    ) -> String {
        let real = real(&model.path);
        if let Some(key) = self.keys.get(&model.path).or_else(|| self.keys.get(&real)) {
            return key.clone();
        }
        let key = assign_key(&model, |key| settings.models.contains_key(key));
        self.keys.insert(real, key.clone());
        self.keys.insert(model.path.clone(), key.clone());
        let mut entry = ModelEntry::new(model.path);
        entry.projector = model.projector;
        entry.found_in = found_in.map(str::to_owned);
        settings.models.insert(key.clone(), entry);
        key
    }

    /// The key of a file, if it has one.
    pub(crate) fn key_of(&self, path: &Path) -> Option<&String> {
        self.keys.get(path).or_else(|| self.keys.get(&real(path)))
    }
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// What came with it, what was found with it, else what lies beside it; if it is there.
pub(crate) fn projector_of(entry: &ModelEntry, around: &mut Surroundings) -> Option<PathBuf> {
    let fetched = entry
        .source
        .as_ref()
        .and_then(|source| source.projector.clone());
    [fetched, entry.projector.clone()]
        .into_iter()
        .flatten()
        .find(|path| path.is_file())
        .or_else(|| around.projector_of(&entry.path))
}

fn total_size(files: &[PathBuf]) -> u64 {
    files
        .iter()
        .filter_map(|file| file.metadata().ok())
        .map(|metadata| metadata.len())
        .sum()
}

/// A sound GGUF file that is no model by itself.
pub(crate) fn what_else_it_is(info: &ModelInfo) -> Option<&'static str> {
    match (info.file_kind.as_deref(), info.architecture.as_deref()) {
        (Some("adapter"), _) => Some("a LoRA adapter, which is added to a model"),
        (Some("mmproj"), _) | (_, Some("clip")) => {
            Some("a vision projector, which is added to a model")
        }
        (Some("imatrix"), _) => Some("an importance matrix, used when models are quantized"),
        (Some("vocab"), _) => Some("a vocabulary without a model"),
        _ => None,
    }
}

/// A message that does not repeat which file it is about: its name and path stand beside it, and would hide the reason.
fn without_path(message: &str, path: &Path) -> String {
    message.replacen(&path.display().to_string(), "the file", 1)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Barrier, Mutex, mpsc};
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_reason_does_not_begin_with_the_path() {
        let path = Path::new("/models/a.gguf");
        assert_eq!(
            without_path("/models/a.gguf is incomplete: half is there", path),
            "the file is incomplete: half is there"
        );
    }
    use crate::core::open_for_test;

    /// Window, watcher, tray and a request ask at the same time: on a slow disk each would wait for all before it.
    #[test]
    fn those_who_wait_for_a_scan_share_the_next_one() {
        let home = tempfile::tempdir().unwrap();
        let mut core = open_for_test(home.path());
        let (count, begun) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(2)));
        let (counted, first) = (Arc::clone(&count), Arc::clone(&begun));
        Arc::get_mut(&mut core.inner).unwrap().scanner =
            Scanner::with(Duration::from_secs(20), move |_| {
                if counted.fetch_add(1, Ordering::SeqCst) == 0 {
                    first.wait();
                    std::thread::sleep(Duration::from_millis(500));
                }
                Vec::new()
            });
        let scan = || core.scan_library().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(scan);
            begun.wait();
            for _ in 0..8 {
                scope.spawn(scan);
            }
        });
        assert_eq!(count.load(Ordering::SeqCst), 2);
        scan();
        assert_eq!(
            count.load(Ordering::SeqCst),
            3,
            "who asks later is answered anew"
        );
    }

    /// A network drive that hangs must not take the rest of the library with it: LM Studio #76.
    #[tokio::test]
    async fn models_in_a_folder_that_hangs_stay_and_say_so() {
        let home = tempfile::tempdir().unwrap();
        let mut core = open_for_test(home.path());
        let (hangs, fine) = (home.path().join("hangs"), core.models_folder());
        for folder in [&hangs, &fine] {
            std::fs::create_dir_all(folder).unwrap();
            gguf::tiny::write(&folder.join("m.gguf")).unwrap();
        }
        core.add_models_folder(&hangs).await.unwrap();
        let (let_go, held) = mpsc::channel::<()>();
        let (held, hanging) = (Mutex::new(held), hangs.clone());
        Arc::get_mut(&mut core.inner).unwrap().scanner =
            Scanner::with(Duration::from_millis(500), move |folder| {
                if folder == hanging {
                    let _ = held.lock().unwrap().recv();
                }
                library::scan_folder(folder)
            });
        let models = core.list_models().await.unwrap();
        let (silent, sound): (Vec<_>, Vec<_>) = models
            .into_iter()
            .partition(|model| model.path.starts_with(&hangs));
        assert_eq!((silent.len(), sound.len()), (1, 1));
        let problem = silent[0].problem.as_deref().unwrap();
        assert!(problem.ends_with("hangs does not answer"), "{problem}");
        assert_eq!(sound[0].problem, None);
        let folders = core.library_folders().await.unwrap();
        assert!(folders[1].silent && folders[1].missing && !folders[0].silent);
        drop(let_go);
    }
}
