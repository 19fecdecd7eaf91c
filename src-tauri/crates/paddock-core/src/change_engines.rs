//! Engines as the user changes them: add, use, set up, remove.

use std::net::IpAddr;
use std::path::Path;

use engines::{binary_in, parse_version, suggest_name};
use load_params::{EngineArgument, EngineFlags};
use serde::{Deserialize, Serialize};
use settings::EngineEntry;

use crate::core::{Core, same_path};
use crate::engine_error::EngineError;
use crate::engines::{EngineSource, EngineView, ON_PATH, QUESTION_TIMEOUT};
use crate::error::Error;
use crate::list_models::ModelView;
use crate::switch_engine::free_name;

/// How an engine is started, and whether it may be fetched. What is absent stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EngineOptions {
    /// The address that its servers listen on; an empty text for loopback.
    pub host: Option<String>,
    /// The port of its first server, the next one's is one higher; 0 for any free one.
    pub base_port: Option<u16>,
    /// Arguments for each start, before the model's own.
    pub extra_args: Option<Vec<String>>,
    /// Whether Paddock may fetch the build when it is missing.
    pub fetch: Option<bool>,
    /// The release that it is, such as `b4561`: what is fetched when it is missing.
    pub build: Option<String>,
    /// Which of the release's builds.
    pub variant: Option<String>,
}

impl EngineOptions {
    /// `flags` are the engine's, where they are known.
    ///
    /// # Errors
    /// The first option that no engine can have.
    fn apply(
        &self,
        entry: &mut EngineEntry,
        flags: Option<&EngineFlags>,
    ) -> Result<(), EngineError> {
        if let Some(host) = &self.host {
            entry.host = match host.trim() {
                "" => None,
                host => Some(host.parse::<IpAddr>().map_err(|_| {
                    EngineError::BadOption(format!("{host:?} is no IP address to listen on"))
                })?),
            };
        }
        if let Some(port) = self.base_port {
            entry.base_port = (port != 0).then_some(port);
        }
        if let Some(args) = &self.extra_args {
            for arg in args {
                check_argument(arg, flags)?;
                // It would lose against the same parameter, which Paddock chooses where nobody says it.
                if let EngineArgument::Parameter(name) = load_params::engine_argument(arg, flags) {
                    return Err(EngineError::BadOption(format!(
                        "`{}` cannot be an engine's extra argument: it is the parameter `{name}`; set that as a default for all models",
                        flag_in(arg)
                    )));
                }
            }
            entry.extra_args.clone_from(args);
        }
        let text = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        if let Some(build) = &self.build {
            entry.build = text(build);
        }
        if let Some(variant) = &self.variant {
            entry.variant = text(variant);
        }
        if self.fetch.is_some() {
            entry.fetch = self.fetch;
        }
        Ok(())
    }
}

impl Core {
    /// Adds the engine at `path`, a binary or its folder, after asking it for its flags. The first one becomes
    /// current. An engine that is there already is returned as it is.
    ///
    /// # Errors
    /// Nothing is there, it cannot run, or it is not a llama-server.
    pub async fn add_engine(&self, path: &Path) -> Result<EngineView, Error> {
        self.add_engine_as(path, None).await
    }

    /// As [`Core::add_engine`], under a name of the user's.
    ///
    /// # Errors
    /// As there; the name is taken.
    pub async fn add_engine_as(
        &self,
        path: &Path,
        alias: Option<&str>,
    ) -> Result<EngineView, Error> {
        let path = std::path::absolute(path).map_err(|source| Error::Folder {
            path: path.to_owned(),
            source,
        })?;
        let binary = binary_in(&path).ok_or_else(|| Error::NotAnEngine {
            path: path.clone(),
            reason: format!("there is no {} in this folder", engines::BINARY_NAME),
        })?;
        let known = self.engines_now().into_iter().find(|view| {
            self.settings().engines.installed.contains_key(&view.name)
                && same_path(&view.path, &binary)
        });
        match (known, alias) {
            (Some(known), None) => return Ok(known),
            (Some(known), Some(alias)) if known.name == alias => return Ok(known),
            _ => {}
        }
        self.inner.capabilities.of(&binary).await?;
        let version = supervisor::run_to_end(&binary, &["--version"], QUESTION_TIMEOUT)
            .await
            .unwrap_or_default();
        let wanted = match alias {
            Some(alias) => {
                self.check_alias(alias)?;
                alias.to_owned()
            }
            None => suggest_name(&binary, &version),
        };
        let name = self.update_settings(|settings| {
            let taken =
                |name: &str| name == ON_PATH || settings.engines.installed.contains_key(name);
            let name = free_name(&wanted, |name| !taken(name));
            let mut entry = EngineEntry::new(binary);
            entry.build = parse_version(&version).filter(|version| is_build(version));
            settings.engines.installed.insert(name.clone(), entry);
            settings.engines.current.get_or_insert_with(|| name.clone());
            name
        })?;
        self.engine(&name)
    }

    fn check_alias(&self, alias: &str) -> Result<(), EngineError> {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        if alias.is_empty() || alias.starts_with('.') || !alias.chars().all(plain) {
            return Err(EngineError::BadOption(format!(
                "an engine cannot be called {alias:?}: only letters, digits, dots, dashes and underscores will do"
            )));
        }
        if alias == ON_PATH || self.engines_now().iter().any(|engine| engine.name == alias) {
            return Err(EngineError::BadOption(format!(
                "there is an engine named {alias:?} already"
            )));
        }
        Ok(())
    }

    /// Sets an engine up. One that was only found is added by that.
    ///
    /// # Errors
    /// [`Error::UnknownEngine`]; an option that it cannot have.
    pub fn set_engine_options(
        &self,
        name: &str,
        options: &EngineOptions,
    ) -> Result<EngineView, Error> {
        let view = self.engine(name)?;
        let mut entry = self
            .settings()
            .engines
            .installed
            .get(name)
            .cloned()
            .unwrap_or_else(|| EngineEntry::new(view.path));
        let known = self.inner.capabilities.known(&entry.path);
        options.apply(&mut entry, known.as_deref().map(|known| &known.flags))?;
        self.update_settings(|settings| {
            settings.engines.installed.insert(name.to_owned(), entry);
        })?;
        self.engine(name)
    }

    /// Makes the engine current. Models that run keep the engine they run on.
    ///
    /// # Errors
    /// [`Error::UnknownEngine`], or the binary is not there.
    pub fn use_engine(&self, name: &str) -> Result<EngineView, Error> {
        let view = self.engine(name)?;
        supervisor::check_binary(&view.path)?;
        let before = self.current_engine().ok();
        self.update_settings(|settings| settings.engines.current = Some(view.name.clone()))?;
        self.inner.engine_store.change(|records| {
            if let Some(before) = before {
                records.became_current(&before.name);
            }
            records.became_current(&view.name);
            if let Some(build) = &view.build {
                records.wants_build(build);
            }
            // Whoever chooses it wants it tried again.
            records.change(&view.name, |record| record.fault = None);
        });
        self.engine(name)
    }

    /// Pins a model to an engine, or lets it run on the current one. A model that runs goes on as it is.
    ///
    /// # Errors
    /// Model or engine are unknown.
    pub async fn pin_model(&self, model: &str, engine: Option<&str>) -> Result<ModelView, Error> {
        let (key, _) = self.find_model(model).await?;
        if let Some(name) = engine {
            self.engine(name)?;
        }
        self.update_settings(|settings| {
            if let Some(entry) = settings.models.get_mut(&key) {
                entry.engine = engine.map(str::to_owned);
            }
        })?;
        let (key, entry) = self.find_model(&key).await?;
        self.blocking(move |core| core.describe(&key, &entry)).await
    }

    /// Forgets an engine; one in Paddock's own folder is deleted. Returns what it was.
    ///
    /// # Errors
    /// It is unknown, or in use: current, pinned, or a model runs on it.
    pub async fn remove_engine(&self, name: &str) -> Result<EngineView, Error> {
        let view = self.engine(name)?;
        if let Some(reason) = self.in_use(&view) {
            return Err(EngineError::InUse {
                name: view.name,
                reason,
            }
            .into());
        }
        self.update_settings(|settings| {
            settings.engines.installed.shift_remove(name);
            // Where none was chosen, the first one is meant: then it was chosen by this.
            settings.engines.current.take_if(|current| current == name);
        })?;
        self.inner
            .engine_store
            .change(|records| records.forget(name));
        let shared = self
            .engines_now()
            .iter()
            .any(|other| same_path(&other.path, &view.path) && other.name != view.name);
        let folder = self.inner.engine_store.own_folder_of(&view.path);
        if let Some(folder) = folder.filter(|_| !shared) {
            self.blocking(move |core| core.inner.engine_store.discard(&folder))
                .await?;
        }
        Ok(view)
    }

    fn in_use(&self, view: &EngineView) -> Option<String> {
        if view.source == EngineSource::Packed {
            return Some("it came with the app and goes with it".to_owned());
        }
        if view.source == EngineSource::Path {
            return Some("it was found on PATH and is not Paddock's".to_owned());
        }
        // One that is gone is in nobody's way, unless it can be fetched again.
        if view.current && view.present {
            return Some("models run on it".to_owned());
        }
        if view.pinned_by > 0 {
            let models = if view.pinned_by == 1 {
                "1 model is".to_owned()
            } else {
                format!("{} models are", view.pinned_by)
            };
            return Some(format!("{models} pinned to it"));
        }
        let running =
            self.registry().list().into_iter().find(|server| {
                server.status().running && same_path(&server.spec().binary, &view.path)
            });
        running.map(|server| format!("{} runs on it", server.spec().key))
    }
}

/// Whether a word may be among an engine's own arguments, which nobody reads again at a start.
///
/// # Errors
/// It is a flag of Paddock's own, by any of its names.
pub(crate) fn check_argument(word: &str, flags: Option<&EngineFlags>) -> Result<(), EngineError> {
    match load_params::engine_argument(word, flags) {
        EngineArgument::Owned(reason) => Err(EngineError::BadOption(format!(
            "`{}` cannot be an engine's extra argument: {reason}",
            flag_in(word)
        ))),
        EngineArgument::Parameter(_) | EngineArgument::Free => Ok(()),
    }
}

fn flag_in(word: &str) -> &str {
    word.split('=').next().unwrap_or(word)
}

/// `b4575`, and not a package's own words.
fn is_build(version: &str) -> bool {
    engines::build_number(version).is_some()
}

/// Where an engine's options are kept, for a plan.
pub(crate) fn options_of(core: &Core, name: &str) -> Option<EngineEntry> {
    core.settings().engines.installed.get(name).cloned()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn options_are_checked_and_can_be_taken_away() {
        let mut entry = EngineEntry::new(PathBuf::from("/e"));
        let set = |entry: &mut EngineEntry, json: serde_json::Value| {
            serde_json::from_value::<EngineOptions>(json)
                .unwrap()
                .apply(entry, None)
        };
        set(
            &mut entry,
            serde_json::json!({"host": "0.0.0.0", "basePort": 9000, "extraArgs": ["--no-webui"], "fetch": true}),
        )
        .unwrap();
        assert_eq!(entry.base_port, Some(9000));
        assert_eq!(entry.host, Some("0.0.0.0".parse().unwrap()));
        set(&mut entry, serde_json::json!({"host": "", "basePort": 0})).unwrap();
        assert_eq!((entry.host, entry.base_port), (None, None));
        assert_eq!(entry.extra_args, ["--no-webui"], "what is absent stays");
        for wrong in [
            serde_json::json!({"host": "nowhere"}),
            serde_json::json!({"extraArgs": ["--port", "1"]}),
            serde_json::json!({"extraArgs": ["--api-key=x"]}),
            serde_json::json!({"extraArgs": ["--api_key", "x"]}),
            // A fitted --ctx-size would come after it, and win without a word.
            serde_json::json!({"extraArgs": ["-c", "32768"]}),
        ] {
            let error = set(&mut entry, wrong).unwrap_err();
            assert_eq!(error.code(), "invalid_option");
        }
    }
}
