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
use crate::fit_params::fit;
use crate::run::capabilities::Capabilities;
use crate::run::fit::Fit;
use crate::run::measurements::Correction;
use crate::run::memory;
use crate::run::memory_view::Question;

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
    /// What changes: `context`, `cacheType`, `parallel`, `cpuExperts`, `gpuLayers`, `contextAndCacheType`,
    /// `smallerQuantization`.
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
    pub(crate) engine: Option<(EngineView, Arc<Capabilities>)>,
    pub(crate) devices: Vec<Device>,
    pub(crate) ram: (u64, u64),
    pub(crate) correction: Option<Correction>,
    pub(crate) draft: Option<Arc<ModelShape>>,
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
        if subject.params.ctx_size.is_none() {
            // As a load would choose.
            let fitted = fit(&subject.question(), &subject.params).0;
            subject.params = fitted.merged(&subject.params);
        }
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
                let (params, engine) = match self.engine_of(&entry) {
                    Ok(engine) => {
                        let plan = self.plan_load(&key, overrides, Unsupported::Skip).await?;
                        (plan.effective, Some(engine))
                    }
                    Err(_) => (
                        self.params_without_engine(Some((&key, &entry)), overrides)?,
                        None,
                    ),
                };
                let running = self.registry().get(&key);
                let pid = running.and_then(|server| server.status().pid);
                return self.subject_of_file(path, params, engine, pid).await;
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
        let found = self.remote_shape(&reference).await?;
        let params = self.params_without_engine(None, overrides)?;
        self.subject_with(Arc::new(found), params, engine, None, None)
            .await
    }

    /// A model's file with these parameters on this engine. `pid` is of the engine that runs it now: what that holds is
    /// free for the same model.
    pub(crate) async fn subject_of_file(
        &self,
        path: PathBuf,
        params: LoadParams,
        engine: Option<EngineView>,
        pid: Option<u32>,
    ) -> Result<Subject, Error> {
        let file = path.clone();
        let shape = self
            .blocking(move |core| core.inner.estimates.shapes.of(&file))
            .await??;
        let shape = shape.ok_or_else(|| Error::NotAModel {
            path: path.clone(),
            what: "a file that does not tell the shape of a language model",
        })?;
        self.subject_with(shape, params, engine, Some(&path), pid)
            .await
    }

    async fn subject_with(
        &self,
        shape: Arc<ModelShape>,
        params: LoadParams,
        engine: Option<EngineView>,
        path: Option<&Path>,
        pid: Option<u32>,
    ) -> Result<Subject, Error> {
        let engine = match engine {
            Some(view) => {
                let capabilities = self.inner.capabilities.of(&view.path).await;
                capabilities.ok().map(|capabilities| (view, capabilities))
            }
            None => None,
        };
        let devices = match &engine {
            Some((view, capabilities)) if capabilities.flags.has("--list-devices") => {
                self.inner.estimates.gpus.of(&view.path).await
            }
            _ => Vec::new(),
        };
        let correction = path
            .zip(engine.as_ref())
            .and_then(|(path, (view, _))| self.inner.estimates.measurements.of(path, &view.path));
        let (free, total) = memory::of_machine();
        let own = pid.and_then(memory::held_by);
        let given_back = own.map_or(0, |held| held.total_bytes.saturating_sub(held.file_bytes));
        let draft = self.draft_shape(&params).await;
        Ok(Subject {
            shape,
            params,
            engine,
            devices,
            ram: (free.saturating_add(given_back), total),
            correction,
            draft,
        })
    }

    /// Bytes of RAM that a load will take, memory of GPUs that is RAM included; none where the file does not tell.
    pub(crate) async fn predicted_ram(
        &self,
        path: &Path,
        params: &LoadParams,
        engine: &EngineView,
    ) -> Option<u64> {
        let subject =
            self.subject_of_file(path.to_owned(), params.clone(), Some(engine.clone()), None);
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
        let path = match self.find_model(draft).await {
            Ok((_, entry)) => entry.path,
            Err(_) => PathBuf::from(draft),
        };
        let found = self.blocking(move |core| core.inner.estimates.shapes.of(&path));
        found.await.ok()?.ok()?
    }
}
