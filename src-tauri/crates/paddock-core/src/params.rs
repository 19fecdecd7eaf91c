//! From what is saved and asked for to the exact command line. Loading and showing go through the same plan, so what
//! is shown is what runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use load_params::{EngineFlags, LoadParams, Problem, Severity, Skipped, Unsupported};
use settings::ModelEntry;
use supervisor::LaunchSpec;

use crate::change_engines::{check_argument, options_of};
use crate::core::Core;
use crate::engines::EngineView;
use crate::error::Error;
use crate::list_models::{Surroundings, projector_of, what_else_it_is};
use crate::measured_memory::verbosity_args;
use crate::param_layers::{ParamSource, chosen_of, merge};
use crate::presets::{default_params, preset_params};
use crate::run::headers::ModelFacts;
use crate::run::{model_traits, parameter_files};
use crate::saved_params::saved_params;

/// However an engine spells how much it logs.
const VERBOSITY_FLAGS: &[&str] = &[
    "-lv",
    "--verbosity",
    "--log-verbosity",
    "-v",
    "--verbose",
    "--log-verbose",
];

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
    /// Of the effective parameters, what Paddock chose by itself because nobody said it.
    pub(crate) chosen: LoadParams,
    /// The effective parameters as the engine is told them: files in the place of words.
    pub(crate) spoken: LoadParams,
    /// Parameters that this engine cannot honour and that the user agreed to go without.
    pub skipped: Vec<Skipped>,
    /// What may not be meant.
    pub doubtful: Vec<load_params::Problem>,
    /// Bytes of RAM that it will take, where the header tells; worked out for loads only.
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

/// What is different this time from what is saved for a model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) overrides: &'a LoadParams,
    /// A preset for this load, in the place of the one that the model uses. It wins over what is saved.
    pub(crate) preset: Option<&'a str>,
}

impl<'a> From<&'a LoadParams> for Asked<'a> {
    fn from(overrides: &'a LoadParams) -> Self {
        Self {
            overrides,
            preset: None,
        }
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

    /// As [`Core::plan_load`], with a preset for this load in the place of the one that the model uses.
    ///
    /// # Errors
    /// As [`Core::plan_load`], and that there is no such preset.
    pub async fn plan_load_with(
        &self,
        request: &str,
        overrides: &LoadParams,
        preset: Option<&str>,
        unsupported: Unsupported,
    ) -> Result<LoadPlan, Error> {
        let (key, entry) = self.find_model(request).await?;
        let saved = saved_params(&key, &entry)?;
        let asked = Asked { overrides, preset };
        self.plan(key, entry, &saved, asked, unsupported).await
    }

    /// The plan if `saved` were saved for the model.
    pub(crate) async fn plan_saved(
        &self,
        request: &str,
        saved: &LoadParams,
        unsupported: Unsupported,
    ) -> Result<LoadPlan, Error> {
        let (key, entry) = self.find_model(request).await?;
        let none = LoadParams::default();
        self.plan(key, entry, saved, &none, unsupported).await
    }

    /// The plan with `saved` in the place of what is saved.
    pub(crate) async fn plan(
        &self,
        key: String,
        entry: ModelEntry,
        saved: &LoadParams,
        asked: impl Into<Asked<'_>>,
        unsupported: Unsupported,
    ) -> Result<LoadPlan, Error> {
        let engine = self.engine_of(&entry)?;
        self.plan_on(engine, key, entry, saved, asked, unsupported)
            .await
    }

    /// As [`Core::plan`], on an engine that was found already.
    pub(crate) async fn plan_on(
        &self,
        engine: EngineView,
        key: String,
        entry: ModelEntry,
        saved: &LoadParams,
        asked: impl Into<Asked<'_>>,
        unsupported: Unsupported,
    ) -> Result<LoadPlan, Error> {
        let Asked { overrides, preset } = asked.into();
        supervisor::check_binary(&engine.path)?;
        let options = options_of(self, &engine.name);
        let (path, paired) = (entry.path.clone(), entry.clone());
        let (facts, projector) = self
            .blocking(move |core| {
                let facts = core.check_model_file(&path)?;
                let projector = projector_of(&paired, &mut Surroundings::default());
                Ok::<_, Error>((facts, projector))
            })
            .await??;
        let capabilities = self.inner.capabilities.of(&engine.path).await?;

        let settings = self.settings();
        let defaults = default_params(&settings)?;
        let named =
            |name: Option<&str>| name.map(|name| preset_params(&settings, name)).transpose();
        // A preset that was asked for is part of what was asked for.
        let once = named(preset)?;
        let usual = match preset {
            None => named(entry.preset.as_deref())?,
            Some(_) => None,
        };
        let (once, usual) = (once.unwrap_or_default(), usual.unwrap_or_default());
        let layers = [
            (ParamSource::Default, &defaults),
            (ParamSource::Preset, &usual),
            (ParamSource::Saved, saved),
            (ParamSource::Preset, &once),
            (ParamSource::Request, overrides),
        ];
        let (chosen, _) = merge(&layers);
        let found = Found {
            facts: facts.as_deref(),
            projector: projector.as_deref(),
            flags: &capabilities.flags,
        };
        let natural = found.parameters(&chosen);
        let said = natural.merged(&chosen);
        let fitted = self
            .fitted_params(&key, entry.path.clone(), &engine, &said)
            .await;
        // What a model is does not depend on how much memory there was when it was last started.
        let fitted = LoadParams {
            mmproj: None,
            embeddings: None,
            reranking: None,
            ..fitted
        };
        let fitted = natural.merged(&fitted);
        let mut layers = layers.to_vec();
        layers.insert(0, (ParamSource::Fitted, &fitted));
        let (effective, sources) = merge(&layers);

        let problems = load_params::validate(&effective, &limits(facts.as_ref()));
        let (wrong, mut doubtful): (Vec<_>, Vec<_>) = problems
            .into_iter()
            .partition(|problem| problem.severity == Severity::Error);
        if !wrong.is_empty() {
            return Err(Error::InvalidParams { problems: wrong });
        }
        doubtful.extend(found.projector_problem(&effective));
        let architecture = found
            .facts
            .and_then(|facts| facts.info.architecture.clone());
        let (wish, pair, known) = (effective.clone(), projector.clone(), Arc::clone(&settings));
        let spoken = self
            .blocking(move |_| {
                let architecture = architecture.as_deref();
                parameter_files::resolved(&wish, pair.as_deref(), architecture, &known)
            })
            .await??;
        let argv =
            load_params::argv(&spoken, &capabilities.flags, unsupported).map_err(|source| {
                Error::Params {
                    key: Some(key.clone()),
                    source,
                }
            })?;
        let engines_own = options.iter().flat_map(|options| &options.extra_args);
        let engines_own: Vec<String> = engines_own.cloned().collect();
        // The settings may have been written by hand, or for an engine with other names.
        for word in &engines_own {
            check_argument(word, Some(&capabilities.flags))?;
        }
        let says_how_much_to_log = engines_own
            .iter()
            .chain(spoken.extra.keys())
            .any(|flag| VERBOSITY_FLAGS.contains(&flag.as_str()));
        let verbosity = if says_how_much_to_log {
            Vec::new()
        } else {
            verbosity_args(&capabilities.flags)
        };
        let spec = LaunchSpec {
            key,
            binary: engine.path,
            model_path: entry.path,
            // The engine's own first: where both say something, the model's word is the last.
            args: engines_own
                .into_iter()
                .chain(verbosity)
                .chain(argv.args)
                .collect(),
            env: spoken.environment(),
            speaks_child_protocol: capabilities.speaks_child_protocol,
            load_timeout: Duration::from_secs(settings.limits.load_timeout_seconds.max(1)),
            listen: supervisor::Listen {
                host: options.as_ref().and_then(|options| options.host),
                base_port: options.as_ref().and_then(|options| options.base_port),
            },
        };
        Ok(LoadPlan {
            spec,
            engine: engine.name,
            predicted_bytes: None,
            chosen: chosen_of(&fitted, &sources),
            spoken,
            effective,
            sources,
            fitted,
            skipped: argv.skipped,
            doubtful,
        })
    }

    /// What a load would have without regard to an engine: nothing is fitted, and nothing follows from the model.
    pub(crate) fn params_without_engine(
        &self,
        model: Option<(&str, &ModelEntry)>,
        overrides: &LoadParams,
    ) -> Result<LoadParams, Error> {
        let settings = self.settings();
        let mut params = default_params(&settings)?;
        if let Some((key, entry)) = model {
            if let Some(preset) = &entry.preset {
                params = params.merged(&preset_params(&settings, preset)?);
            }
            params = params.merged(&saved_params(key, entry)?);
        }
        Ok(params.merged(overrides))
    }

    /// The facts of a model file that is whole. A header that we cannot read but the engine may (a newer version of
    /// the format) is no reason to refuse.
    pub(crate) fn check_model_file(&self, path: &Path) -> Result<Option<Arc<ModelFacts>>, Error> {
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
}

/// What is known of a model and its engine before a load is decided.
struct Found<'a> {
    facts: Option<&'a ModelFacts>,
    projector: Option<&'a Path>,
    flags: &'a EngineFlags,
}

impl Found<'_> {
    fn takes_projector(&self) -> bool {
        self.flags.has("--mmproj")
    }

    /// The parameters that follow from what the model is: its projector, and what it is made for.
    fn parameters(&self, chosen: &LoadParams) -> LoadParams {
        let mut params = self.facts.map_or_else(LoadParams::default, |facts| {
            let traits = model_traits::traits_of(&facts.info, facts.template, false);
            model_traits::parameters(traits, chosen, self.flags)
        });
        let projector = self.projector.filter(|_| self.takes_projector());
        params.mmproj = projector.map(|path| path.display().to_string());
        params
    }

    /// A projector that was to be used and is not.
    fn projector_problem(&self, effective: &LoadParams) -> Option<Problem> {
        let (message, hint) = match (effective.mmproj.as_deref(), self.projector) {
            (Some("auto"), None) => (
                "no vision projector belongs to this model, so it sees no images".to_owned(),
                "Put its mmproj file into the model's folder, or name it in `mmproj`.",
            ),
            (None, Some(path)) if !self.takes_projector() => (
                format!(
                    "this engine has no flag `--mmproj`: {} is not used, and the model sees no images",
                    path.display()
                ),
                "Use a newer engine.",
            ),
            _ => return None,
        };
        Some(Problem {
            severity: Severity::Warning,
            param: "mmproj".to_owned(),
            message,
            hint: Some(hint.to_owned()),
        })
    }
}

pub(crate) fn limits(facts: Option<&Arc<ModelFacts>>) -> load_params::Limits {
    let number = |value: Option<u64>| value.and_then(|value| u32::try_from(value).ok());
    load_params::Limits {
        training_context: number(facts.and_then(|facts| facts.info.context_length)),
        block_count: number(facts.and_then(|facts| facts.info.block_count)),
        cores: std::thread::available_parallelism()
            .ok()
            .and_then(|cores| u32::try_from(cores.get()).ok()),
    }
}

/// A plan that is never carried out.
#[cfg(test)]
pub(crate) fn plan_for_test(effective: LoadParams) -> LoadPlan {
    LoadPlan {
        spec: LaunchSpec {
            key: "local/m".to_owned(),
            binary: "llama-server".into(),
            model_path: "m.gguf".into(),
            args: Vec::new(),
            env: Vec::new(),
            speaks_child_protocol: false,
            load_timeout: Duration::from_secs(1),
            listen: supervisor::Listen::default(),
        },
        engine: "test".to_owned(),
        effective,
        sources: BTreeMap::new(),
        fitted: LoadParams::default(),
        chosen: LoadParams::default(),
        spoken: LoadParams::default(),
        skipped: Vec::new(),
        doubtful: Vec::new(),
        predicted_bytes: None,
    }
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
}
