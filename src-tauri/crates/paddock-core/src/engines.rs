//! Engines as the user deals with them: list, add, choose, look at.

use std::path::{Path, PathBuf};
use std::time::Duration;

use engines::{Device, binary_in, on_path, parse_devices, parse_version, suggest_name};
use load_params::{Dialect, EngineFlags};
use serde::Serialize;
use settings::EngineEntry;

use crate::core::{Core, same_path};
use crate::error::Error;

/// The name of the engine that `PATH` offers; no added engine can have it.
const ON_PATH: &str = "path";
/// Listing devices wakes GPU drivers up.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(30);

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

/// All that an engine says of itself.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineDetails {
    /// As in the list.
    #[serde(flatten)]
    pub view: EngineView,
    /// Its own words for its version; packaged builds write what they like.
    pub version: Option<String>,
    /// How it spells what engines spell differently.
    pub dialect: Dialect,
    /// It reports load progress and ends when its stdin does.
    pub speaks_child_protocol: bool,
    /// Devices beside the CPU; empty where there are none or it cannot list them.
    pub devices: Vec<Device>,
    /// Every flag in its `--help`.
    pub flags: EngineFlags,
}

impl Core {
    /// The engines there are: added ones, those in Paddock's own folder, and the one on `PATH`.
    #[must_use]
    pub fn engines(&self) -> Vec<EngineView> {
        let settings = self.settings();
        let own = self.data().engines();
        let view = |name: &str, path: PathBuf, source| EngineView {
            name: name.to_owned(),
            present: path.is_file(),
            path,
            current: false,
            source,
            build: None,
            variant: None,
            size_bytes: None,
            state: EngineState::Unproved,
            problem: None,
            proved: false,
            previous: false,
            pinned_by: 0,
        };
        let mut views: Vec<EngineView> = settings
            .engines
            .installed
            .iter()
            .map(|(name, entry)| {
                let is_own = entry.path.starts_with(&own);
                let source = if is_own {
                    EngineSource::Paddock
                } else {
                    EngineSource::Added
                };
                view(name, entry.path.clone(), source)
            })
            .collect();
        let unpacked = unpacked_in(&own)
            .into_iter()
            .map(|(name, path)| view(&name, path, EngineSource::Paddock));
        let on_path = std::env::var_os("PATH").and_then(|path| on_path(&path));
        let found = on_path.map(|path| view(ON_PATH, path, EngineSource::Path));
        for engine in unpacked.chain(found) {
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
        for engine in &mut views {
            engine.current = Some(&engine.name) == current.as_ref();
        }
        views
    }

    /// The engine that models run on.
    ///
    /// # Errors
    /// [`Error::NoEngine`].
    pub(crate) fn current_engine(&self) -> Result<EngineView, Error> {
        self.engines()
            .into_iter()
            .find(|view| view.current)
            .ok_or(Error::NoEngine)
    }

    /// Adds the engine at `path`, a binary or its folder, after asking it for its flags. The first one becomes
    /// current. An engine that is there already is returned as it is.
    ///
    /// # Errors
    /// Nothing is there, it cannot run, or it is not a llama-server.
    pub async fn add_engine(&self, path: &Path) -> Result<EngineView, Error> {
        let path = std::path::absolute(path).map_err(|source| Error::Folder {
            path: path.to_owned(),
            source,
        })?;
        let binary = binary_in(&path).ok_or_else(|| Error::NotAnEngine {
            path: path.clone(),
            reason: format!("there is no {} in this folder", engines::BINARY_NAME),
        })?;
        if let Some(known) = self.engines().into_iter().find(|view| {
            self.settings().engines.installed.contains_key(&view.name)
                && same_path(&view.path, &binary)
        }) {
            return Ok(known);
        }
        self.inner.capabilities.of(&binary).await?;
        let version = supervisor::run_to_end(&binary, &["--version"], QUESTION_TIMEOUT)
            .await
            .unwrap_or_default();
        let wanted = suggest_name(&binary, &version);
        let name = self.update_settings(|settings| {
            let taken =
                |name: &str| name == ON_PATH || settings.engines.installed.contains_key(name);
            let name = if taken(&wanted) {
                (2_u32..)
                    .map(|number| format!("{wanted}-{number}"))
                    .find(|name| !taken(name))
                    .unwrap_or(wanted)
            } else {
                wanted
            };
            settings
                .engines
                .installed
                .insert(name.clone(), EngineEntry::new(binary));
            settings.engines.current.get_or_insert_with(|| name.clone());
            name
        })?;
        self.engine(&name)
    }

    /// Makes the engine current. Models that run keep the engine they run on.
    ///
    /// # Errors
    /// [`Error::UnknownEngine`], or the binary is not there.
    pub fn use_engine(&self, name: &str) -> Result<EngineView, Error> {
        let view = self.engine(name)?;
        supervisor::check_binary(&view.path)?;
        self.update_settings(|settings| settings.engines.current = Some(view.name.clone()))?;
        self.engine(name)
    }

    /// Asks an engine for all it can do.
    ///
    /// # Errors
    /// [`Error::UnknownEngine`], or it cannot run.
    pub async fn show_engine(&self, name: &str) -> Result<EngineDetails, Error> {
        let view = self.engine(name)?;
        let capabilities = self.inner.capabilities.of(&view.path).await?;
        let ask = |flag: &'static str| {
            let path = view.path.clone();
            async move {
                supervisor::run_to_end(&path, &[flag], QUESTION_TIMEOUT)
                    .await
                    .unwrap_or_default()
            }
        };
        let version = parse_version(&ask("--version").await);
        let devices = if capabilities.flags.has("--list-devices") {
            parse_devices(&ask("--list-devices").await)
        } else {
            Vec::new()
        };
        Ok(EngineDetails {
            version,
            dialect: capabilities.flags.dialect(),
            speaks_child_protocol: capabilities.speaks_child_protocol,
            devices,
            flags: capabilities.flags.clone(),
            view,
        })
    }

    fn engine(&self, name: &str) -> Result<EngineView, Error> {
        let mut engines = self.engines();
        match engines.iter().position(|view| view.name == name) {
            Some(index) => Ok(engines.swap_remove(index)),
            None => Err(Error::UnknownEngine {
                name: name.to_owned(),
                known: engines.into_iter().map(|view| view.name).collect(),
            }),
        }
    }
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
