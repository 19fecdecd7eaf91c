//! How much memory a model will take, by device, against what is free now: for a model of the library, a file, or one
//! that is still on the hub. Fast enough to be asked at every move of a slider.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engines::Device;
use gguf::ModelShape;
use load_params::{LoadParams, Unsupported};
use serde::Serialize;

use crate::core::Core;
use crate::engines::EngineView;
use crate::error::Error;
use crate::fit_params::fit_unsaid;
use crate::params::LoadPlan;
use crate::run::capabilities::Capabilities;
use crate::run::fit::Fit;
use crate::run::measurements::Correction;
use crate::run::memory_view::Question;
use crate::saved_params::saved_params;

/// Libraries, vocabulary and whatever else an engine holds beside its buffers: 40 MB with small vocabularies (b10068).
const ENGINE_ITSELF_BYTES: u64 = 64 << 20;

/// What a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DeviceKind {
    /// Main memory.
    Ram,
    /// A GPU with memory of its own.
    Gpu,
    /// A GPU whose memory is main memory: what it takes is missing there.
    SharedGpu,
}

/// What a device will hold, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceMemory {
    /// `RAM`, or the engine's name: `CUDA0`.
    pub name: String,
    /// In words.
    pub description: String,
    /// What it is.
    pub kind: DeviceKind,
    /// Free for this model now, where that is known.
    pub free_bytes: Option<u64>,
    /// All it has, where that is known.
    pub capacity_bytes: Option<u64>,
    /// Tensors.
    pub weights: u64,
    /// Tensors that the engine copies into another order for this processor; known after a first load.
    pub repacked_bytes: u64,
    /// Keys, values and states.
    pub kv_cache: u64,
    /// What computing needs.
    pub compute: u64,
    /// Results.
    pub output: u64,
    /// The vision projector.
    pub projector: u64,
    /// The draft model.
    pub draft: u64,
    /// All of it.
    pub total_bytes: u64,
    /// Whether this device has room for it.
    pub fit: Fit,
}

/// A change that would make a model fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remedy {
    /// What changes: `promptCache`, `context`, `cacheType`, `parallel`, `cpuExperts`, `gpuLayers`,
    /// `contextAndCacheType`, `smallerQuantization`.
    pub change: String,
    /// The parameters to set; empty where it takes another file.
    pub params: LoadParams,
    /// In words.
    pub sentence: String,
}

/// Where the numbers are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EstimateSource {
    /// From the file alone.
    Predicted,
    /// Corrected by what this engine took for this model before.
    Corrected,
}

/// What a model will take.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryEstimate {
    /// RAM first, then the GPUs.
    pub devices: Vec<DeviceMemory>,
    /// Over all devices.
    pub total_bytes: u64,
    /// Tokens of context over all requests at once, as the engine rounds them.
    pub context_size: u64,
    /// Tokens that one request can have.
    pub sequence_tokens: u64,
    /// Requests at once.
    pub parallel: u64,
    /// Layers on GPUs, the output counted as one.
    pub gpu_layers: u64,
    /// Layers there are, the output counted as one.
    pub total_layers: u64,
    /// Tokens the model was trained for.
    pub training_context: Option<u64>,
    /// Whether there is room on all devices.
    pub verdict: Fit,
    /// The same in a sentence with numbers.
    pub sentence: String,
    /// Changes that would make it fit; none where it does.
    pub remedies: Vec<Remedy>,
    /// Where the numbers are from.
    pub source: EstimateSource,
    /// Bytes of RAM that it may come to take beside, for prompts of past requests.
    pub may_grow_bytes: u64,
    /// The engine that it is for.
    pub engine: Option<String>,
    /// What else one should know, in sentences.
    pub notes: Vec<String>,
}

/// A model and an engine, with all that estimates take.
pub(crate) struct Subject {
    pub(crate) shape: Arc<ModelShape>,
    pub(crate) params: LoadParams,
    /// Of these, what Paddock chose by itself.
    pub(crate) chosen: LoadParams,
    pub(crate) engine: Option<(EngineView, Arc<Capabilities>)>,
    pub(crate) devices: Vec<Device>,
    pub(crate) ram: (u64, u64),
    pub(crate) correction: Option<Correction>,
    pub(crate) draft: Option<Arc<ModelShape>>,
    /// Of a model that is still on the hub.
    pub(crate) projector_bytes: Option<u64>,
}

impl Subject {
    pub(crate) fn question(&self) -> Question<'_> {
        let engine = self.engine.as_ref();
        Question {
            shape: &self.shape,
            flags: engine.map(|(_, capabilities)| &capabilities.flags),
            engine: engine.map(|(view, _)| view.name.as_str()),
            devices: &self.devices,
            ram: self.ram,
            correction: self.correction,
            draft: self.draft.as_deref(),
            projector_bytes: self.projector_bytes,
            chooses_prompts: self.chosen.cache_ram.is_some(),
        }
    }
}

impl Core {
    /// What a model takes when it is loaded with what is saved for it and these overrides. `what` is a key, the path of
    /// a file, or `owner/repo:QUANT` on the hub.
    ///
    /// # Errors
    /// There is no such model, its file does not tell its shape, the parameters are out of range, or the hub cannot be
    /// reached.
    pub async fn estimate_memory(
        &self,
        what: &str,
        overrides: &LoadParams,
    ) -> Result<MemoryEstimate, Error> {
        let mut subject = self.subject(what, overrides).await?;
        // As a load would choose.
        let fitted = fit_unsaid(&subject.question(), &subject.params);
        if subject.params.cache_ram.is_none() {
            subject.chosen.cache_ram = fitted.cache_ram;
        }
        subject.params = fitted.merged(&subject.params);
        let question = subject.question();
        let answer = question.answer(&subject.params);
        Ok(question.view(&subject.params, &answer))
    }

    /// Finds out all that an estimate of `what` takes.
    pub(crate) async fn subject(
        &self,
        what: &str,
        overrides: &LoadParams,
    ) -> Result<Subject, Error> {
        let unknown = match self.find_model(what).await {
            Ok((key, entry)) => {
                let path = entry.path.clone();
                let Ok(engine) = self.engine_of(&entry) else {
                    let params = self.params_without_engine(Some((&key, &entry)), overrides)?;
                    return self.subject_of_file(path, params, None, Some(&key)).await;
                };
                let saved = saved_params(&key, &entry)?;
                let plan = self.plan_on(
                    engine.clone(),
                    key.clone(),
                    entry,
                    &saved,
                    overrides,
                    Unsupported::Skip,
                );
                let plan = plan.await?;
                // What the engine is told: a projector is there or not, and not "auto".
                let subject = self.subject_of_file(path, plan.spoken, Some(engine), Some(&key));
                return Ok(Subject {
                    chosen: plan.chosen,
                    ..subject.await?
                });
            }
            Err(error) => error,
        };
        let engine = self.current_engine().ok();
        let path = PathBuf::from(what);
        if path.is_file() || what.ends_with(".gguf") {
            let params = self.params_without_engine(None, overrides)?;
            return self.subject_of_file(path, params, engine, None).await;
        }
        // Neither a key nor a file: where it cannot be of the hub either, it is an unknown model.
        let Ok(reference) = self.hub_reference(what) else {
            return Err(unknown);
        };
        let (found, projector_bytes) = self.remote_shape(&reference).await?;
        let params = self.params_without_engine(None, overrides)?;
        let subject = self.subject_with(Arc::new(found), params, engine, None, None);
        Ok(Subject {
            projector_bytes,
            ..subject.await?
        })
    }

    /// A model's file with these parameters on this engine. `key` is its name in the library: what it holds while it
    /// runs is free for itself.
    pub(crate) async fn subject_of_file(
        &self,
        path: PathBuf,
        params: LoadParams,
        engine: Option<EngineView>,
        key: Option<&str>,
    ) -> Result<Subject, Error> {
        let file = path.clone();
        let shape = self
            .blocking(move |core| core.inner.estimates.shapes.of(&file))
            .await??;
        let shape = shape.ok_or_else(|| Error::NotAModel {
            path: path.clone(),
            what: "a file that does not tell the shape of a language model",
        })?;
        self.subject_with(shape, params, engine, Some(&path), key)
            .await
    }

    async fn subject_with(
        &self,
        shape: Arc<ModelShape>,
        params: LoadParams,
        engine: Option<EngineView>,
        path: Option<&Path>,
        key: Option<&str>,
    ) -> Result<Subject, Error> {
        let engine = match engine {
            Some(view) => {
                let capabilities = self.inner.capabilities.of(&view.path).await;
                capabilities.ok().map(|capabilities| (view, capabilities))
            }
            None => None,
        };
        let mut devices = match &engine {
            Some((view, capabilities)) if capabilities.flags.has("--list-devices") => {
                self.inner.estimates.gpus.of(&view.path).await
            }
            _ => Vec::new(),
        };
        let correction = path
            .zip(engine.as_ref())
            .and_then(|(path, (view, _))| self.inner.estimates.measurements.of(path, &view.path));
        if let Some(key) = key {
            self.give_back_gpus(&mut devices, key);
        }
        let draft = self.draft_shape(&params).await;
        Ok(Subject {
            shape,
            params,
            chosen: LoadParams::default(),
            engine,
            devices,
            ram: self.ram_for(key),
            correction,
            draft,
            projector_bytes: None,
        })
    }

    /// Bytes of RAM that a load will take, memory of GPUs that is RAM included; none where the file does not tell.
    pub(crate) async fn predicted_ram(&self, plan: &LoadPlan) -> Option<u64> {
        let (path, params) = (plan.spec.model_path.clone(), plan.spoken.clone());
        let engine = self.engine(&plan.engine).ok();
        let subject = self.subject_of_file(path, params, engine, Some(&plan.spec.key));
        let subject = subject.await.ok()?;
        let question = subject.question();
        let answer = question.answer(&subject.params);
        let devices = question.view(&subject.params, &answer).devices;
        let in_ram = devices
            .iter()
            .filter(|device| device.kind != DeviceKind::Gpu);
        Some(in_ram.fold(ENGINE_ITSELF_BYTES, |sum, device| sum + device.total_bytes))
    }

    async fn draft_shape(&self, params: &LoadParams) -> Option<Arc<ModelShape>> {
        let draft = params.draft_model.as_deref()?;
        // Without a look at the folders: a file that is in none of them would make each estimate look through all.
        let path = self
            .look_up(draft)
            .map_or_else(|_| PathBuf::from(draft), |(_, entry)| entry.path);
        let found = self.blocking(move |core| core.inner.estimates.shapes.of(&path));
        found.await.ok()?.ok()?
    }
}

#[cfg(test)]
mod tests {
    use settings::EngineEntry;

    use super::*;
    use crate::load_model::LoadRequest;

    const HELP: &str = include_str!("../../load-params/tests/fixtures/b10434.txt");

    fn read(json: serde_json::Value) -> LoadParams {
        serde_json::from_value(json).unwrap()
    }

    /// With the model `m` that has a projector, on an engine that is not asked.
    async fn with_model(root: &Path) -> Core {
        let core = crate::core::open_for_test(root);
        let folder = core.models_folder();
        std::fs::create_dir_all(&folder).unwrap();
        gguf::tiny::write(&folder.join("m.gguf")).unwrap();
        let key = core.list_models().await.unwrap()[0].key.clone();
        let projector = root.join("projector.gguf");
        std::fs::write(&projector, vec![0; 3 << 20]).unwrap();
        let binary = std::env::current_exe().unwrap();
        core.inner.capabilities.know(&binary, HELP);
        core.inner.estimates.gpus.know(&binary, &[]);
        core.update_settings(|settings| {
            let entry = settings.models.get_mut(&key).unwrap();
            entry.projector = Some(projector);
            let engine = EngineEntry::new(binary);
            settings.engines.installed.insert("own".to_owned(), engine);
            settings.engines.current = Some("own".to_owned());
        })
        .unwrap();
        core
    }

    /// The form's estimate left a projector out that the load would find by itself.
    #[tokio::test]
    async fn a_projector_counts_whether_it_is_named_or_found() {
        let home = tempfile::tempdir().unwrap();
        let core = with_model(home.path()).await;
        let of = |params| {
            let core = core.clone();
            async move {
                let found = core.estimate_memory("m", &read(params)).await.unwrap();
                found.devices[0].projector
            }
        };
        assert!(of(serde_json::json!({})).await >= 3 << 20);
        assert!(of(serde_json::json!({"mmproj": "auto"})).await >= 3 << 20);
        assert_eq!(of(serde_json::json!({"mmproj": "none"})).await, 0);
    }

    /// A form asks for plans at every key; only a load reads what was predicted.
    #[tokio::test]
    async fn only_a_load_is_told_what_it_will_take() {
        let home = tempfile::tempdir().unwrap();
        let core = with_model(home.path()).await;
        let nothing = LoadParams::default();
        let shown = core.plan_load("m", &nothing, Unsupported::Refuse).await;
        assert_eq!(shown.unwrap().predicted_bytes, None);
        let load = core.plan_of(&LoadRequest::of("m"), None).await.unwrap();
        assert!(load.predicted_bytes > Some(ENGINE_ITSELF_BYTES));
    }

    /// What Paddock chose before is no word of the user's: "fit for me" may choose otherwise.
    #[tokio::test]
    async fn what_was_chosen_is_told_from_what_was_said() {
        let home = tempfile::tempdir().unwrap();
        let core = with_model(home.path()).await;
        let usual = core.subject("m", &LoadParams::default()).await.unwrap();
        assert!(usual.params.ctx_size.is_some());
        assert_eq!(usual.chosen.ctx_size, usual.params.ctx_size);
        let said = read(serde_json::json!({"ctxSize": 512, "nGpuLayers": 7}));
        let subject = core.subject("m", &said).await.unwrap();
        assert_eq!(subject.params.ctx_size, Some(512));
        assert_eq!(
            (subject.chosen.ctx_size, subject.chosen.n_gpu_layers),
            (None, None)
        );
        core.save_params("m", &said).await.unwrap();
        let fitted = core.fit_params("m").await.unwrap();
        assert_eq!(
            fitted.params.n_gpu_layers,
            Some(load_params::GpuLayers::Auto)
        );
    }

    /// Arguments that were written into the settings by hand are read again at each start.
    #[tokio::test]
    async fn an_engines_arguments_are_checked_at_each_start() {
        let home = tempfile::tempdir().unwrap();
        let core = with_model(home.path()).await;
        core.update_settings(|settings| {
            let engine = settings.engines.installed.get_mut("own").unwrap();
            engine.extra_args = vec!["--api_key".to_owned(), "x".to_owned()];
        })
        .unwrap();
        let nothing = LoadParams::default();
        let refused = core.plan_load("m", &nothing, Unsupported::Refuse).await;
        assert_eq!(refused.unwrap_err().code(), "invalid_option");
    }
}
