//! From what is saved and asked for to the exact command line. Loading and showing go through the same plan, so what
//! is shown is what runs.

use std::collections::BTreeMap;
use std::time::Duration;

use load_params::{LoadParams, Severity, Skipped, TABLE, Unsupported};
use serde::Serialize;
use serde_json::Value;
use settings::ModelEntry;
use supervisor::LaunchSpec;

use crate::change_engines::options_of;
use crate::core::Core;
use crate::error::Error;
use crate::list_models::what_else_it_is;
use crate::run::default_context::default_context;
use crate::run::headers::ModelFacts;
use crate::run::memory;

/// Where the value of a parameter is from; later ones win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ParamSource {
    /// Chosen by Paddock to fit this machine, because nobody said.
    Fitted,
    /// The defaults for all models.
    Default,
    /// Saved for this model.
    Saved,
    /// Asked for with this load.
    Request,
}

/// A load, decided but not begun.
#[derive(Debug, Clone)]
pub struct LoadPlan {
    /// What to start.
    pub spec: LaunchSpec,
    /// The engine's name.
    pub engine: String,
    /// Every parameter that has a value.
    pub effective: LoadParams,
    /// Where each of them is from.
    pub sources: BTreeMap<String, ParamSource>,
    /// What Paddock would choose by itself.
    pub(crate) fitted: LoadParams,
    /// Parameters that this engine cannot honour and that the user agreed to go without.
    pub skipped: Vec<Skipped>,
    /// What may not be meant.
    pub doubtful: Vec<load_params::Problem>,
    /// Bytes of weights and KV cache together, where the header tells.
    pub predicted_bytes: Option<u64>,
}

impl LoadPlan {
    /// The whole command line. The port is chosen at the start, so until then it reads `PORT`.
    #[must_use]
    pub fn command_line(&self) -> Vec<String> {
        let binary = self.spec.binary.to_string_lossy().into_owned();
        std::iter::once(binary)
            .chain(self.spec.argv("PORT"))
            .collect()
    }
}

impl Core {
    /// Decides how a model would be loaded with `overrides`, and refuses what cannot work, before anything is started
    /// or stopped.
    ///
    /// # Errors
    /// Model or engine are unknown or missing, the file is not whole, a parameter is out of range or not for this
    /// engine.
    pub async fn plan_load(
        &self,
        request: &str,
        overrides: &LoadParams,
        unsupported: Unsupported,
    ) -> Result<LoadPlan, Error> {
        let (key, entry) = self.find_model(request).await?;
        let saved = saved_params(&key, &entry)?;
        self.plan(key, entry, &saved, overrides, unsupported).await
    }

    /// The plan with `saved` in the place of what is saved.
    pub(crate) async fn plan(
        &self,
        key: String,
        entry: ModelEntry,
        saved: &LoadParams,
        overrides: &LoadParams,
        unsupported: Unsupported,
    ) -> Result<LoadPlan, Error> {
        let engine = self.engine_of(&entry)?;
        supervisor::check_binary(&engine.path)?;
        let options = options_of(self, &engine.name);
        let path = entry.path.clone();
        let facts = self
            .blocking(move |core| core.check_model_file(&path))
            .await??;
        let capabilities = self.inner.capabilities.of(&engine.path).await?;

        let defaults =
            parse_params(&self.settings().model_defaults).map_err(|reason| Error::SavedParams {
                key: "all models".to_owned(),
                reason,
            })?;
        let fitted = self.fitted(&key, facts.as_ref());
        let (effective, sources) = merge(&[
            (ParamSource::Fitted, &fitted),
            (ParamSource::Default, &defaults),
            (ParamSource::Saved, saved),
            (ParamSource::Request, overrides),
        ]);

        let problems = load_params::validate(&effective, &limits(facts.as_ref()));
        let (wrong, doubtful): (Vec<_>, Vec<_>) = problems
            .into_iter()
            .partition(|problem| problem.severity == Severity::Error);
        if !wrong.is_empty() {
            return Err(Error::InvalidParams { problems: wrong });
        }
        let argv =
            load_params::argv(&effective, &capabilities.flags, unsupported).map_err(|source| {
                Error::Params {
                    key: Some(key.clone()),
                    source,
                }
            })?;
        let spec = LaunchSpec {
            key,
            binary: engine.path,
            model_path: entry.path,
            // The engine's own first: where both say something, the model's word is the last.
            args: options
                .iter()
                .flat_map(|options| options.extra_args.iter().cloned())
                .chain(argv.args)
                .collect(),
            env: Vec::new(),
            speaks_child_protocol: capabilities.speaks_child_protocol,
            load_timeout: Duration::from_secs(self.settings().limits.load_timeout_seconds.max(1)),
            listen: supervisor::Listen {
                host: options.as_ref().and_then(|options| options.host),
                base_port: options.as_ref().and_then(|options| options.base_port),
            },
        };
        Ok(LoadPlan {
            spec,
            engine: engine.name,
            predicted_bytes: facts
                .as_ref()
                .and_then(|facts| predicted_bytes(facts, &effective)),
            effective,
            sources,
            fitted,
            skipped: argv.skipped,
            doubtful,
        })
    }

    /// What Paddock chooses where nobody said. A model that runs keeps what was chosen for it: its own memory must not
    /// make the next choice smaller, and so reload it.
    fn fitted(&self, key: &str, facts: Option<&std::sync::Arc<ModelFacts>>) -> LoadParams {
        let running = self
            .registry()
            .get(key)
            .filter(|server| server.status().running);
        if let Some(started) = running.and_then(|_| self.inner.plans.of(key)) {
            return started.fitted;
        }
        let (available, _) = memory::of_machine();
        LoadParams {
            ctx_size: facts.map(|facts| default_context(facts, available)),
            ..LoadParams::default()
        }
    }

    /// The facts of a model file that is whole. A header that we cannot read but the engine may (a newer version of
    /// the format) is no reason to refuse.
    pub(crate) fn check_model_file(
        &self,
        path: &std::path::Path,
    ) -> Result<Option<std::sync::Arc<ModelFacts>>, Error> {
        supervisor::check_model(path)?;
        match self.inner.headers.of(path) {
            // A sound file, of which the engine would only say that it failed.
            Ok(facts) => match what_else_it_is(&facts.info) {
                Some(what) => Err(Error::NotAModel {
                    path: path.to_owned(),
                    what,
                }),
                None => Ok(Some(facts)),
            },
            Err(
                error @ (gguf::Error::UnsupportedVersion { .. } | gguf::Error::Malformed { .. }),
            ) => {
                tracing::warn!(%error, "leaving the model file to the engine's judgement");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The parameters saved for a model.
    ///
    /// # Errors
    /// The model is unknown, or what is saved cannot be read.
    pub async fn saved_params(&self, request: &str) -> Result<LoadParams, Error> {
        let (key, entry) = self.find_model(request).await?;
        saved_params(&key, &entry)
    }

    /// Changes what is saved for a model: `over` wins over what is there, and the parameters named in `cleared` go.
    ///
    /// # Errors
    /// As [`Core::save_params`].
    pub async fn change_saved_params(
        &self,
        request: &str,
        over: &LoadParams,
        cleared: &[String],
    ) -> Result<(), Error> {
        let mut params = self.saved_params(request).await?.merged(over);
        for name in cleared {
            load_params::set(&mut params, name, "")
                .map_err(|source| Error::Params { key: None, source })?;
        }
        self.save_params(request, &params).await
    }

    /// Saves parameters for a model: all of them, replacing what was saved.
    ///
    /// # Errors
    /// A parameter is out of range, the model is unknown, or the settings cannot be saved.
    pub async fn save_params(&self, request: &str, params: &LoadParams) -> Result<(), Error> {
        let (key, entry) = self.find_model(request).await?;
        let path = entry.path;
        let facts = self
            .blocking(move |core| core.check_model_file(&path).ok().flatten())
            .await?;
        let mut problems = load_params::validate(params, &limits(facts.as_ref()));
        problems.retain(|problem| problem.severity == Severity::Error);
        if !problems.is_empty() {
            return Err(Error::InvalidParams { problems });
        }
        let map = match serde_json::to_value(params) {
            Ok(Value::Object(map)) => map,
            _ => serde_json::Map::new(),
        };
        self.update_settings(|settings| {
            if let Some(entry) = settings.models.get_mut(&key) {
                entry.params = map;
            }
        })
    }
}

pub(crate) fn saved_params(key: &str, entry: &ModelEntry) -> Result<LoadParams, Error> {
    parse_params(&entry.params).map_err(|reason| Error::SavedParams {
        key: key.to_owned(),
        reason,
    })
}

fn parse_params(map: &serde_json::Map<String, Value>) -> Result<LoadParams, String> {
    serde_json::from_value(Value::Object(map.clone())).map_err(|error| error.to_string())
}

/// Lays the sets over each other, and notes for each parameter which one it is from.
fn merge(layers: &[(ParamSource, &LoadParams)]) -> (LoadParams, BTreeMap<String, ParamSource>) {
    let mut effective = LoadParams::default();
    let mut sources = BTreeMap::new();
    for (source, layer) in layers {
        effective = effective.merged(layer);
        for spec in TABLE {
            if load_params::get(layer, spec.name).is_some() {
                sources.insert(spec.name.to_owned(), *source);
            }
        }
        for flag in layer.extra.keys() {
            sources.insert(flag.clone(), *source);
        }
    }
    (effective, sources)
}

pub(crate) fn limits(facts: Option<&std::sync::Arc<ModelFacts>>) -> load_params::Limits {
    let number = |value: Option<u64>| value.and_then(|value| u32::try_from(value).ok());
    load_params::Limits {
        training_context: number(facts.and_then(|facts| facts.info.context_length)),
        block_count: number(facts.and_then(|facts| facts.info.block_count)),
        cores: std::thread::available_parallelism()
            .ok()
            .and_then(|cores| u32::try_from(cores.get()).ok()),
    }
}

fn predicted_bytes(facts: &ModelFacts, params: &LoadParams) -> Option<u64> {
    let weights = facts.info.weights_size_bytes?;
    let context = params
        .ctx_size
        .map_or(facts.info.context_length?, u64::from);
    let kind = |kind: Option<load_params::CacheType>| {
        kind.and_then(|kind| kind.as_str().parse().ok())
            .unwrap_or(gguf::CacheType::F16)
    };
    let cache = gguf::kv_cache_size_bytes(
        &facts.info,
        context,
        kind(params.cache_type_k),
        kind(params.cache_type_v),
    )?;
    weights.checked_add(cache)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An adapter that was loaded as a model would end the engine with a message that nobody understands.
    #[test]
    fn what_is_no_model_by_itself_is_refused_before_an_engine_starts() {
        let home = tempfile::tempdir().unwrap();
        let core = crate::core::open_for_test(home.path());
        let path = home.path().join("m.gguf");
        let mut bytes = gguf::tiny::bytes();
        std::fs::write(&path, &bytes).unwrap();
        assert!(core.check_model_file(&path).unwrap().is_some());

        let key = b"general.type";
        let at = bytes.windows(key.len()).position(|part| part == key);
        // After the key: four bytes of type, eight of length.
        let value = at.unwrap() + key.len() + 12;
        assert_eq!(&bytes[value..value + 5], b"model");
        bytes[value..value + 5].copy_from_slice(b"vocab");
        std::fs::write(&path, &bytes).unwrap();
        // The size is the same; the time may be, on a coarse clock.
        let later = std::time::SystemTime::now() + Duration::from_secs(5);
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(later).unwrap();
        let error = core.check_model_file(&path).unwrap_err();
        assert_eq!(error.code(), "not_a_model");
        assert!(
            error
                .to_string()
                .ends_with("m.gguf is a vocabulary without a model")
        );
        assert!(!error.hint().is_empty());
    }

    /// One path for all settings, and each says where it is from: LM Studio #1463, #1714, #1782.
    #[test]
    fn a_request_wins_over_saved_over_default_over_fitted() {
        let params = |json: serde_json::Value| serde_json::from_value::<LoadParams>(json).unwrap();
        let fitted = params(serde_json::json!({"ctxSize": 8192}));
        let defaults = params(serde_json::json!({"ctxSize": 4096, "threads": 4}));
        let saved = params(serde_json::json!({"threads": 2, "mlock": true}));
        let request = params(serde_json::json!({"mlock": false}));
        let (effective, sources) = merge(&[
            (ParamSource::Fitted, &fitted),
            (ParamSource::Default, &defaults),
            (ParamSource::Saved, &saved),
            (ParamSource::Request, &request),
        ]);
        assert_eq!(
            effective,
            params(serde_json::json!({"ctxSize": 4096, "threads": 2, "mlock": false}))
        );
        assert_eq!(
            sources.into_iter().collect::<Vec<_>>(),
            [
                ("ctxSize".to_owned(), ParamSource::Default),
                ("mlock".to_owned(), ParamSource::Request),
                ("threads".to_owned(), ParamSource::Saved),
            ]
        );
    }
}
