//! What really happened: memory by device, context, layers on GPUs and flash attention of a load, read from the
//! engine's own log, and what of it is not what was asked for.
//!
//! Engines say that layers were "offloaded" even where there is no GPU: what counts is which device holds weights.
//! Left out: what a driver takes beside what the engine asks it for.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use load_params::{EngineFlags, FlashAttn, GpuLayers};
use serde::Serialize;
use supervisor::Server;

use crate::core::Core;
use crate::estimate_memory::{DeviceMemory, Subject};
use crate::free_memory::give_back;
use crate::params::LoadPlan;
use crate::run::fit::grouped;
use crate::run::gpus::GpuCache;
use crate::run::measurements::{Correction, Measurements};
use crate::run::shapes::ShapeCache;

/// Rounding up the context is no smaller context.
const MIB: f64 = (1 << 20) as f64;
/// Level 4 has the lines with the sizes of all buffers.
const VERBOSITY: &str = "4";

/// What a device was given, in bytes, as the engine's log has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MeasuredDevice {
    /// `RAM`, or the engine's name: `CUDA0`.
    pub name: String,
    /// Tensors; in RAM they may be pages of the file.
    pub weights: u64,
    /// Tensors in another order, for this processor.
    pub repacked_bytes: u64,
    /// Keys, values and states.
    pub kv_cache: u64,
    /// What computing needs.
    pub compute: u64,
    /// Results.
    pub output: u64,
    /// All of it.
    pub total_bytes: u64,
}

/// Where a model is, as predicted and as it really is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// By device; empty where the file did not tell.
    pub predicted: Vec<DeviceMemory>,
    /// By device; empty where the engine does not say.
    pub measured: Vec<MeasuredDevice>,
    /// Tokens of context over all requests at once.
    pub context_size: Option<u64>,
    /// Layers on GPUs, the output counted as one.
    pub gpu_layers: Option<u64>,
    /// Layers there are, the output counted as one.
    pub total_layers: Option<u64>,
    /// Whether flash attention is on.
    pub flash_attention: Option<bool>,
    /// What is not as it was asked for, in sentences.
    pub warnings: Vec<String>,
}

/// What estimates need and loads leave.
pub(crate) struct Estimates {
    pub(crate) shapes: ShapeCache,
    pub(crate) gpus: GpuCache,
    pub(crate) measurements: Measurements,
    /// By key; the last load of a model is the one that counts.
    placements: Mutex<HashMap<String, Placement>>,
    /// By key: the engine, and a GPU that it put weights on when the model was last loaded with it.
    on_gpu: Mutex<HashMap<String, (String, String)>>,
    /// Engines of which was told that they found no GPU.
    without_gpu: Mutex<HashSet<String>>,
}

impl Estimates {
    pub(crate) fn kept_in(cache: &std::path::Path) -> Self {
        Self {
            shapes: ShapeCache::default(),
            gpus: GpuCache::default(),
            measurements: Measurements::kept_in(cache.join("measured-memory.json")),
            placements: Mutex::default(),
            on_gpu: Mutex::default(),
            without_gpu: Mutex::default(),
        }
    }

    /// Where a model that runs is.
    pub(crate) fn placement_of(&self, key: &str) -> Option<Placement> {
        self.placements().get(key).cloned()
    }

    /// A load begins: what was is over.
    pub(crate) fn forget_placement(&self, key: &str) {
        self.placements().remove(key);
    }

    /// The GPUs that a model that runs has weights on.
    pub(crate) fn gpus_of(&self, key: &str) -> Vec<String> {
        let placement = self.placement_of(key).unwrap_or_default();
        let devices = placement.measured.into_iter();
        devices
            .filter(|device| device.name != RAM && device.weights > 0)
            .map(|device| device.name)
            .collect()
    }

    /// What to say of a build for GPUs that found none: once, since where there is none nothing is wrong.
    fn found_no_gpu(
        &self,
        plan: &LoadPlan,
        placement: &Placement,
        variant: &str,
    ) -> Option<String> {
        if !is_on_cpu(plan, placement) || !is_for_gpus(variant) {
            return None;
        }
        let mut told = self
            .without_gpu
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        told.insert(plan.engine.clone()).then(|| {
            format!(
                "The engine {} can use a GPU ({variant}) and found none, so the model runs on the CPU. If this machine has one, check its driver.",
                plan.engine
            )
        })
    }

    /// Notes where a model is. The GPU that it was on the last time, where the same engine put nothing on any now.
    fn fell_back(&self, key: &str, engine: &str, measured: &[MeasuredDevice]) -> Option<String> {
        let mut on_gpu = self.on_gpu.lock().unwrap_or_else(PoisonError::into_inner);
        let holds_weights = |device: &&MeasuredDevice| device.weights > 0;
        let mut devices = measured.iter().filter(holds_weights).peekable();
        // An engine that does not say tells nothing.
        devices.peek()?;
        match devices.find(|device| device.name != RAM) {
            Some(gpu) => {
                on_gpu.insert(key.to_owned(), (engine.to_owned(), gpu.name.clone()));
                None
            }
            None => {
                let (before, gpu) = on_gpu.remove(key)?;
                (before == engine).then_some(gpu)
            }
        }
    }

    fn placements(&self) -> MutexGuard<'_, HashMap<String, Placement>> {
        self.placements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The arguments that make an engine tell its buffers; none for engines that tell anyway (before levels were counted)
/// or have no such flag.
pub(crate) fn verbosity_args(flags: &EngineFlags) -> Vec<String> {
    let counts_levels = |flag: &load_params::Flag| flag.takes_value() && flag.help.contains("4:");
    match flags.usable("-lv").filter(|flag| counts_levels(flag)) {
        Some(_) => vec!["-lv".to_owned(), VERBOSITY.to_owned()],
        None => Vec::new(),
    }
}

impl Core {
    /// Remembers how a load really went, and learns from it for the next estimate.
    pub(crate) async fn remember_placement(&self, server: &Server, plan: &LoadPlan) {
        let found = parse(server.log().lines().iter().map(String::as_str));
        let engine = self.engine(&plan.engine).ok();
        let path = plan.spec.model_path.clone();
        let variant = engine.as_ref().and_then(|engine| engine.variant.clone());
        let key = &plan.spec.key;
        let subject = self.subject_of_file(path.clone(), plan.spoken.clone(), engine, Some(key));
        let mut subject = subject.await.ok();
        if let Some(subject) = &mut subject {
            // It is there already, and was not when it was placed.
            give_back(&mut subject.devices, &found.devices);
        }
        let mut placement = Placement {
            measured: found.devices.clone(),
            context_size: found.context,
            gpu_layers: found.layers.map(|(gpu, _)| gpu),
            total_layers: found.layers.map(|(_, total)| total),
            flash_attention: found.flash_attention,
            ..Placement::default()
        };
        let gpu_weights: u64 = found.on_gpus().map(|device| device.weights).sum();
        if gpu_weights == 0 && !found.devices.is_empty() {
            placement.gpu_layers = Some(0);
        }
        placement.warnings = warnings(plan, &placement, subject.as_ref());
        let sees_none = subject
            .as_ref()
            .is_none_or(|subject| subject.devices.is_empty());
        if let Some(variant) = variant.filter(|_| sees_none && placement.warnings.is_empty()) {
            let told = self
                .inner
                .estimates
                .found_no_gpu(plan, &placement, &variant);
            placement.warnings.extend(told);
        }
        let fell_back =
            self.inner
                .estimates
                .fell_back(&plan.spec.key, &plan.engine, &found.devices);
        let wants_cpu = plan.effective.n_gpu_layers == Some(GpuLayers::Count(0));
        if let Some(gpu) = fell_back.filter(|_| !wants_cpu) {
            let what = format!(
                "It was on {gpu} before and runs on the CPU now, which is slower: the engine found no GPU, or no room there. Check the driver and what else uses the GPU, then load it again."
            );
            self.announce("fell_back_to_cpu", format!("{}: {what}", plan.spec.key));
            placement.warnings.push(what);
        }
        if let Some(subject) = &subject {
            // Against the plain prediction, or a correction would correct itself.
            let mut question = subject.question();
            let answer = question.answer(&subject.params);
            placement.predicted = question.view(&subject.params, &answer).devices;
            question.correction = None;
            let plain = question.answer(&subject.params);
            // A draft model's buffers are in the same log. And what is of another context is of another estimate: engines
            // cut one that does not fit.
            let is_alike = subject.draft.is_none()
                && found
                    .context
                    .is_none_or(|tokens| is_context(tokens, plain.estimate.context_tokens));
            let learned = Correction::learned(&plain.estimate, &found.devices).filter(|_| is_alike);
            if let (Some(learned), Some((view, _))) = (learned, &subject.engine) {
                self.inner
                    .estimates
                    .measurements
                    .learn(&path, &view.path, learned);
            }
        }
        for warning in &placement.warnings {
            tracing::warn!(key = plan.spec.key, "{warning}");
        }
        self.inner
            .estimates
            .placements()
            .insert(plan.spec.key.clone(), placement);
    }
}

/// Engines round a context up; older ones tell what they were asked for.
fn is_context(measured: u64, estimated: u64) -> bool {
    measured == estimated || measured.next_multiple_of(256) == estimated
}

/// It holds nothing on a GPU, though nobody wanted that.
fn is_on_cpu(plan: &LoadPlan, placement: &Placement) -> bool {
    let wants_cpu = plan.effective.n_gpu_layers == Some(GpuLayers::Count(0))
        || plan
            .effective
            .device
            .as_ref()
            .is_some_and(|names| names.iter().any(|name| name == "none"));
    let weights = |device: &&MeasuredDevice| device.weights > 0;
    let mut with_weights = placement.measured.iter().filter(weights).peekable();
    let says = with_weights.peek().is_some();
    says && !wants_cpu && with_weights.all(|device| device.name == RAM)
}

/// Whether a release's build is one for GPUs, by its name.
fn is_for_gpus(variant: &str) -> bool {
    const KINDS: &[&str] = &[
        "cuda", "vulkan", "rocm", "hip", "metal", "sycl", "opencl", "musa",
    ];
    let variant = variant.to_lowercase();
    KINDS.iter().any(|kind| variant.contains(kind))
}

/// What is not as it was asked for.
fn warnings(plan: &LoadPlan, placement: &Placement, subject: Option<&Subject>) -> Vec<String> {
    let mut warnings = Vec::new();
    let asked = plan.effective.n_gpu_layers;
    let has_gpus = subject.is_some_and(|subject| !subject.devices.is_empty());
    let wants_gpu = match asked {
        Some(GpuLayers::Count(layers)) => layers > 0,
        Some(GpuLayers::All) => true,
        Some(GpuLayers::Auto) | None => false,
    };
    match (placement.gpu_layers, asked) {
        (Some(0), _) if wants_gpu => warnings.push(match has_gpus {
            true => "The GPU was asked for, and the model runs on the CPU: the engine put no weights on it. Its log says why.".to_owned(),
            false => format!(
                "The GPU was asked for, and the model runs on the CPU: the engine {} sees no GPU here. Choose an engine for this GPU, and check its driver.",
                plan.engine
            ),
        }),
        (Some(layers), Some(GpuLayers::Count(asked)))
            if layers < u64::from(asked).min(placement.total_layers.unwrap_or(u64::MAX)) =>
        {
            warnings.push(format!("{asked} layers were asked for on the GPU, and {layers} are there."));
        }
        // Nobody asked for it in words, and whoever has an engine for a GPU wants it used.
        _ if has_gpus && !wants_gpu && is_on_cpu(plan, placement) => warnings.push(format!(
            "The model runs on the CPU, though the engine {} sees a GPU: none of its layers is there. Free memory of the GPU, or set how many layers go there; the engine's log says why.",
            plan.engine
        )),
        _ => {}
    }
    if let (Some(context), Some(asked)) = (placement.context_size, plan.effective.ctx_size)
        && asked > 0
        && context < u64::from(asked)
    {
        warnings.push(format!(
            "The context is {} tokens, smaller than the {} that were asked for.",
            grouped(context),
            grouped(u64::from(asked))
        ));
    }
    // All that it was trained for was asked for.
    let trained = subject.and_then(|subject| subject.shape.training_context);
    if let (Some(context), Some(0), Some(trained)) =
        (placement.context_size, plan.effective.ctx_size, trained)
        && context < trained
    {
        warnings.push(format!(
            "The context is {} tokens, smaller than the {} that the model was trained for and that were asked for: the engine made it fit.",
            grouped(context),
            grouped(trained)
        ));
    }
    if plan.effective.flash_attn == Some(FlashAttn::On) && placement.flash_attention == Some(false)
    {
        warnings.push("Flash attention was asked for, and is off.".to_owned());
    }
    warnings
}

/// What a log says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Logged {
    /// RAM first.
    pub(crate) devices: Vec<MeasuredDevice>,
    pub(crate) context: Option<u64>,
    /// On GPUs, and of how many. Engines count as if there were a GPU.
    pub(crate) layers: Option<(u64, u64)>,
    pub(crate) flash_attention: Option<bool>,
}

impl Logged {
    fn on_gpus(&self) -> impl Iterator<Item = &MeasuredDevice> {
        self.devices.iter().filter(|device| device.name != RAM)
    }

    fn device(&mut self, name: &str) -> &mut MeasuredDevice {
        let index = match self.devices.iter().position(|device| device.name == name) {
            Some(index) => index,
            None => {
                self.devices.push(MeasuredDevice {
                    name: name.to_owned(),
                    ..MeasuredDevice::default()
                });
                self.devices.len() - 1
            }
        };
        &mut self.devices[index]
    }
}

const RAM: &str = "RAM";

/// Reads the lines of a load, whatever else is between them.
pub(crate) fn parse<'a>(lines: impl Iterator<Item = &'a str>) -> Logged {
    let mut found = Logged::default();
    // A graph may be laid out twice in a context; the last one counts.
    let mut compute: HashMap<(usize, String), u64> = HashMap::new();
    let mut contexts = 0;
    for line in lines {
        if line.contains("constructing llama_context") {
            contexts += 1;
        }
        // The vision projector's, which comes after the model's and would take its place.
        if line.contains("alloc_compute_meta") {
            continue;
        }
        if let Some((buffer, part, bytes)) = buffer_size(line) {
            let (device, repacked) = device_of(buffer);
            let used = found.device(&device);
            match part {
                "model" if repacked => used.repacked_bytes += bytes,
                "model" => used.weights += bytes,
                "KV" | "RS" => used.kv_cache += bytes,
                "output" => used.output += bytes,
                _ => {
                    compute.insert((contexts, buffer.to_owned()), bytes);
                }
            }
            continue;
        }
        if let Some(layers) = layers(line) {
            // The draft model's come later.
            found.layers.get_or_insert(layers);
        }
        if contexts <= 1 {
            context(line, &mut found);
        }
    }
    for ((_, buffer), bytes) in compute {
        let (device, _) = device_of(&buffer);
        found.device(&device).compute += bytes;
    }
    for device in &mut found.devices {
        device.total_bytes = device.weights
            + device.repacked_bytes
            + device.kv_cache
            + device.compute
            + device.output;
    }
    found
        .devices
        .sort_by_key(|device| (device.name != RAM, device.name.clone()));
    found
}

/// `…:   CPU_Mapped model buffer size =   235.16 MiB`.
fn buffer_size(line: &str) -> Option<(&str, &str, u64)> {
    let (before, size) = line.split_once(" buffer size =")?;
    let (before, part) = before.rsplit_once(' ')?;
    let buffer = before.trim_end().rsplit(' ').next()?;
    let mib: f64 = size.trim().strip_suffix("MiB")?.trim_end().parse().ok()?;
    let known = ["model", "KV", "RS", "compute", "output"].contains(&part);
    let sound = mib.is_finite() && (0.0..1e12).contains(&mib);
    (known && sound && !buffer.is_empty()).then_some((buffer, part, (mib * MIB) as u64))
}

/// The device of a buffer, and whether it holds repacked weights.
fn device_of(buffer: &str) -> (String, bool) {
    let repacked = [
        "CPU_REPACK",
        "CPU_AARCH64",
        "CPU_KLEIDIAI",
        "CPU_HBM",
        "AMX",
    ];
    if repacked.contains(&buffer) {
        return (RAM.to_owned(), true);
    }
    // `CUDA_Host` is RAM that a GPU can reach.
    if buffer.starts_with("CPU") || buffer.ends_with("_Host") || buffer == "BLAS" {
        return (RAM.to_owned(), false);
    }
    let plain = ["_Mapped", "_Private", "_Split", "_Shared"]
        .iter()
        .find_map(|end| buffer.strip_suffix(end));
    (plain.unwrap_or(buffer).to_owned(), false)
}

/// `offloaded 19/19 layers to GPU`.
fn layers(line: &str) -> Option<(u64, u64)> {
    let (_, rest) = line.split_once("offloaded ")?;
    let (counts, _) = rest.split_once(" layers to GPU")?;
    let (gpu, total) = counts.split_once('/')?;
    Some((gpu.parse().ok()?, total.parse().ok()?))
}

fn context(line: &str, found: &mut Logged) {
    if let Some((_, rest)) = line.split_once("llama_context: ")
        && let Some((name, value)) = rest.split_once('=')
    {
        match (name.trim(), value.trim()) {
            ("n_ctx", value) => found.context = value.parse().ok(),
            ("flash_attn", "1" | "enabled") => found.flash_attention = Some(true),
            ("flash_attn", "0" | "disabled") => found.flash_attention = Some(false),
            _ => {}
        }
    }
    // Where it was left to the engine.
    if let Some((_, rest)) = line.split_once("Flash Attention ") {
        match rest.trim() {
            "enabled" | "was auto, set to enabled" => found.flash_attention = Some(true),
            "disabled" | "was auto, set to disabled" => found.flash_attention = Some(false),
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "measured_memory_tests.rs"]
mod tests;
