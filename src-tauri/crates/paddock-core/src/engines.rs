//! The engines there are: added ones, those in Paddock's own folder, and the one on `PATH`. Reading the list touches
//! no network and runs nothing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use engines::{Origin, binary_in, on_path, read_record};
use serde::Serialize;
use settings::{EngineEntry, ModelEntry};

use crate::core::{Core, same_path};
use crate::error::Error;

/// The name of the engine that `PATH` offers; no added engine can have it.
pub(crate) const ON_PATH: &str = "path";
/// Listing devices wakes GPU drivers up.
pub(crate) const QUESTION_TIMEOUT: Duration = Duration::from_secs(30);

/// Where Paddock has an engine from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EngineSource {
    /// Added by the user, where it lies.
    Added,
    /// In Paddock's own folder.
    Paddock,
    /// Found on `PATH`.
    Path,
    /// Came with the app.
    Packed,
}

/// An engine in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineView {
    /// What it is called.
    pub name: String,
    /// The `llama-server` binary.
    pub path: PathBuf,
    /// Models run on this one.
    pub current: bool,
    /// The binary is there.
    pub present: bool,
    /// Where it is from.
    pub source: EngineSource,
    /// The release that it is from, such as `b10434`.
    pub build: Option<String>,
    /// Which of the release's builds.
    pub variant: Option<String>,
    /// Its folder's size, where Paddock fetched it.
    pub size_bytes: Option<u64>,
    /// Whether it can be relied on.
    pub state: EngineState,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// It loaded a model and answered on this processor.
    pub proved: bool,
    /// Rolling back goes to this one.
    pub previous: bool,
    /// How many models are pinned to it.
    pub pinned_by: usize,
}

/// Whether an engine can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EngineState {
    /// It was proved, or has loaded a model.
    Good,
    /// Nobody tried yet.
    Unproved,
    /// It failed, or is not there.
    Failed,
}

/// The name of the engine that came with the app.
const PACKED: &str = "packed";

impl Core {
    /// The engines there are, looked at now.
    pub(crate) fn engines_now(&self) -> Vec<EngineView> {
        let settings = self.settings();
        let own = self.data().engines();
        let mut views: Vec<EngineView> = settings
            .engines
            .installed
            .iter()
            .map(|(name, entry)| {
                let source = if entry.path.starts_with(&own) {
                    EngineSource::Paddock
                } else {
                    EngineSource::Added
                };
                self.view(name, entry.path.clone(), source, Some(entry))
            })
            .collect();
        let unpacked = unpacked_in(&own)
            .into_iter()
            .map(|(name, path)| self.view(&name, path, EngineSource::Paddock, None));
        let on_path = std::env::var_os("PATH").and_then(|path| on_path(&path));
        let found = on_path.map(|path| self.view(ON_PATH, path, EngineSource::Path, None));
        let packed = std::env::current_exe().ok();
        let packed = packed
            .and_then(|program| engines::packed_with(&program))
            .map(|path| self.view(PACKED, path, EngineSource::Packed, None));
        for engine in unpacked.chain(packed).chain(found) {
            if !views
                .iter()
                .any(|known| known.name == engine.name || same_path(&known.path, &engine.path))
            {
                views.push(engine);
            }
        }
        // The chosen one; where none was chosen, the first.
        let chosen = settings.engines.current.clone();
        let current = chosen.or_else(|| views.first().map(|view| view.name.clone()));
        let is_usable = |name: &str| {
            views
                .iter()
                .any(|view| view.name == name && view.state != EngineState::Failed)
        };
        let previous = self.inner.engine_store.look(|records| {
            records
                .previous(current.as_deref(), is_usable)
                .map(str::to_owned)
        });
        for engine in &mut views {
            engine.current = Some(&engine.name) == current.as_ref();
            engine.previous = Some(&engine.name) == previous.as_ref();
            engine.pinned_by = settings
                .models
                .values()
                .filter(|model| model.engine.as_ref() == Some(&engine.name))
                .count();
        }
        views
    }

    fn view(
        &self,
        name: &str,
        path: PathBuf,
        source: EngineSource,
        entry: Option<&EngineEntry>,
    ) -> EngineView {
        let store = &self.inner.engine_store;
        let origin = match source {
            EngineSource::Packed => packed_origin(&path),
            _ => store.origin_of(&path),
        };
        let record = store.look(|records| records.of(name));
        let present = path.is_file();
        let here = Some(&store.processor);
        let proved = origin.as_ref().and_then(|origin| origin.proved_on.as_ref()) == here
            || record.proved_on.as_ref() == here;
        let problem = if present {
            record.fault.map(|fault| fault.message)
        } else {
            Some(format!(
                "llama-server binary not found at {}",
                path.display()
            ))
        };
        let state = match (&problem, proved || !record.loaded.is_empty()) {
            (Some(_), _) => EngineState::Failed,
            (None, true) => EngineState::Good,
            (None, false) => EngineState::Unproved,
        };
        let size_bytes = origin.as_ref().map(|origin| origin.size_bytes);
        let (build, variant) = match (origin, entry) {
            (Some(origin), _) => (Some(origin.tag), Some(origin.variant)),
            (None, Some(entry)) => (entry.build.clone(), entry.variant.clone()),
            (None, None) => (None, None),
        };
        EngineView {
            name: name.to_owned(),
            path,
            current: false,
            present,
            source,
            build,
            variant,
            size_bytes,
            state,
            problem,
            proved,
            previous: false,
            pinned_by: 0,
        }
    }

    /// The engine that models run on.
    ///
    /// # Errors
    /// [`Error::NoEngine`].
    pub(crate) fn current_engine(&self) -> Result<EngineView, Error> {
        self.engines_now()
            .into_iter()
            .find(|view| view.current)
            .ok_or(Error::NoEngine)
    }

    /// The engine that a model runs on: the one it is pinned to, else the current one.
    ///
    /// # Errors
    /// [`Error::NoEngine`], [`Error::UnknownEngine`].
    pub(crate) fn engine_of(&self, model: &ModelEntry) -> Result<EngineView, Error> {
        match &model.engine {
            Some(name) => self.engine(name),
            None => self.current_engine(),
        }
    }

    /// The engine with this name.
    ///
    /// # Errors
    /// [`Error::UnknownEngine`].
    pub(crate) fn engine(&self, name: &str) -> Result<EngineView, Error> {
        let mut engines = self.engines_now();
        match engines.iter().position(|view| view.name == name) {
            Some(index) => Ok(engines.swap_remove(index)),
            None => Err(Error::UnknownEngine {
                name: name.to_owned(),
                known: engines.into_iter().map(|view| view.name).collect(),
            }),
        }
    }
}

/// What the package says of the engine in it.
fn packed_origin(binary: &Path) -> Option<Origin> {
    read_record(&binary.parent()?.join(Origin::FILE_NAME))
}

/// Engines in Paddock's own folder, by folder name. Folders that begin with a dot are still being unpacked.
fn unpacked_in(own: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(own).into_iter().flatten().flatten();
    let mut found: Vec<(String, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry
                .file_name()
                .into_string()
                .ok()
                .filter(|name| !name.starts_with('.'))?;
            let binary = entry.path().is_dir().then(|| binary_in(&entry.path()))??;
            Some((name, binary))
        })
        .collect();
    found.sort();
    found
}
