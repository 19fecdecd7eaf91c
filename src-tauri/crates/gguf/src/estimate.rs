//! What a model will take in memory, by device: weights, KV cache, compute and output buffers, projector and draft
//! model. Arithmetic on a [`ModelShape`], microseconds long, so that a form can ask at every move of a slider.
//!
//! Exact where engines count, too (weights, caches: to the MiB); compute buffers are formulas that were fitted to what
//! engines log (`estimate/compute.rs`), within 5 % of the whole. `docs/memory-estimate.md` has the comparison.
//!
//! Invariants: pure, never panics on any header or input, saturates instead of wrapping. Left out: copies of weights
//! that engines repack for a processor (learned from measurement by who asks), what a driver takes for itself, and
//! names of devices and flags.

mod cache;
mod compute;
mod weights;

use crate::{CacheType, ModelShape};

/// Cells of a cache are multiples of this.
pub(crate) const CELLS: u64 = 256;
/// Where neither the caller nor the file says.
const USUAL_CONTEXT: u64 = 4_096;

/// How a model is going to be loaded, after every default was resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct EstimateInput {
    /// Tokens of context over all sequences; 0 is the model's training length.
    pub context_tokens: u64,
    /// Sequences that are answered at once.
    pub parallel: u64,
    /// They share one cache, so that each may use all of it.
    pub unified: bool,
    /// Type of the keys.
    pub type_k: CacheType,
    /// Type of the values.
    pub type_v: CacheType,
    /// Tokens of a prompt that are taken at once.
    pub batch: u64,
    /// Tokens that are computed at once.
    pub ubatch: u64,
    /// Attention scores are never stored.
    pub flash_attention: bool,
    /// Layers with a window keep everything (also: engines that know no windows).
    pub swa_full: bool,
    /// The cache is where its layer is; else in RAM.
    pub kv_offload: bool,
    /// Layers on GPUs, from the last; the output counts as one. `u64::MAX` is all.
    pub gpu_layers: u64,
    /// Bytes free on each GPU, which engines split layers by; empty without GPUs.
    pub gpu_free_bytes: Vec<u64>,
    /// How several GPUs share.
    pub split: Split,
    /// The GPU for all that is not split.
    pub main_gpu: usize,
    /// Proportions of the GPUs; empty is by free memory.
    pub tensor_split: Vec<f64>,
    /// Layers, from the first, whose experts stay in RAM.
    pub cpu_expert_layers: u64,
    /// Tensors that go elsewhere: a pattern of their names, and the GPU (`None` is RAM). The first match counts.
    pub overrides: Vec<(String, Option<usize>)>,
    /// Rows of the output that are computed at once: `parallel` on today's engines, `ubatch` on those before 2026.
    pub output_rows: u64,
    /// Bytes that prompts of past requests may come to take in RAM.
    pub cache_ram_bytes: u64,
    /// The vision projector's file.
    pub projector: Option<Projector>,
}

/// How several GPUs share a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Split {
    /// All on the main one.
    None,
    /// Layer by layer.
    #[default]
    Layer,
    /// Each matrix by rows.
    Row,
}

/// A vision projector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Projector {
    /// Bytes of its tensors, or of its file.
    pub bytes: u64,
    /// On the main GPU, where there is one.
    pub on_gpu: bool,
}

/// What a device will hold, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeviceUse {
    /// Tensors.
    pub weights: u64,
    /// Keys, values and states.
    pub kv_cache: u64,
    /// What computing needs.
    pub compute: u64,
    /// Results.
    pub output: u64,
    /// The vision projector, with what it needs to compute.
    pub projector: u64,
    /// The draft model, all of it.
    pub draft: u64,
}

/// What a model will take.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Estimate {
    /// RAM, then the GPUs in the input's order.
    pub devices: Vec<DeviceUse>,
    /// Tokens of context over all sequences, as engines round them.
    pub context_tokens: u64,
    /// Tokens that one sequence can have.
    pub sequence_tokens: u64,
    /// Layers on GPUs, the output counted.
    pub gpu_layers: u64,
    /// Layers there are, the output counted.
    pub total_layers: u64,
    /// Bytes that RAM may come to hold beside.
    pub may_grow_bytes: u64,
    /// What is special.
    pub notes: Vec<Note>,
}

/// What a user should know about an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The context is longer than the model was trained for.
    BeyondTraining,
    /// Engines refuse quantized values without flash attention.
    QuantizedValuesNeedFlashAttention,
    /// Only the beginning of the file is known: which tensors are how large is a guess.
    NoTensors,
    /// Layers were meant for a GPU, and there is none.
    NoGpu,
}

impl Default for EstimateInput {
    fn default() -> Self {
        Self {
            context_tokens: 0,
            parallel: 1,
            unified: false,
            type_k: CacheType::F16,
            type_v: CacheType::F16,
            batch: 2_048,
            ubatch: 512,
            flash_attention: true,
            swa_full: false,
            kv_offload: true,
            gpu_layers: u64::MAX,
            gpu_free_bytes: Vec::new(),
            split: Split::Layer,
            main_gpu: 0,
            tensor_split: Vec::new(),
            cpu_expert_layers: 0,
            overrides: Vec::new(),
            output_rows: 1,
            cache_ram_bytes: 0,
            projector: None,
        }
    }
}

impl DeviceUse {
    /// All of it.
    pub fn total(&self) -> u64 {
        [
            self.kv_cache,
            self.compute,
            self.output,
            self.projector,
            self.draft,
        ]
        .into_iter()
        .fold(self.weights, u64::saturating_add)
    }
}

impl Estimate {
    /// Over all devices.
    pub fn total(&self) -> u64 {
        self.devices
            .iter()
            .fold(0, |sum, device| sum.saturating_add(device.total()))
    }

    /// Of one kind, over all devices.
    pub fn sum(&self, part: impl Fn(&DeviceUse) -> u64) -> u64 {
        self.devices
            .iter()
            .fold(0, |sum, device| sum.saturating_add(part(device)))
    }

    /// Counts a draft model, which was estimated by itself with the same devices.
    pub fn add_draft(&mut self, draft: &Self) {
        for (device, of_draft) in self.devices.iter_mut().zip(&draft.devices) {
            device.draft = device.draft.saturating_add(of_draft.total());
        }
    }
}

/// The context as engines allocate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Context {
    /// Caches side by side: one, or one a sequence.
    pub(crate) streams: u64,
    /// Cells of each.
    pub(crate) cells: u64,
    /// Tokens computed at once.
    pub(crate) ubatch: u64,
}

fn context(shape: &ModelShape, input: &EstimateInput) -> Context {
    let wished = match input.context_tokens {
        0 => shape.training_context.unwrap_or(USUAL_CONTEXT),
        tokens => tokens,
    };
    let sequences = input.parallel.max(1);
    let streams = if input.unified { 1 } else { sequences };
    let rounded = |tokens: u64| tokens.div_ceil(CELLS).max(1).saturating_mul(CELLS);
    let cells = rounded(wished / streams);
    let all = cells.saturating_mul(streams);
    Context {
        streams,
        cells,
        ubatch: input.ubatch.min(input.batch).min(all).max(1),
    }
}

/// What a model of this shape takes when it is loaded like this.
pub fn estimate(shape: &ModelShape, input: &EstimateInput) -> Estimate {
    let context = context(shape, input);
    let placed = weights::place(shape, input);
    let mut devices: Vec<DeviceUse> = placed
        .bytes
        .iter()
        .map(|bytes| DeviceUse {
            weights: *bytes,
            ..DeviceUse::default()
        })
        .collect();
    cache::add(shape, input, &context, &placed, &mut devices);
    compute::add(shape, input, &context, &placed, &mut devices);
    if let Some(projector) = input.projector {
        let on_gpu = projector.on_gpu && devices.len() > 1;
        let device = if on_gpu {
            input.main_gpu.min(devices.len() - 2) + 1
        } else {
            0
        };
        if let Some(device) = devices.get_mut(device) {
            device.projector = compute::projector(projector.bytes);
        }
    }
    let context_tokens = context.cells.saturating_mul(context.streams);
    Estimate {
        devices,
        context_tokens,
        sequence_tokens: context.cells,
        gpu_layers: placed.gpu_layers,
        total_layers: shape.layers_to_offload(),
        may_grow_bytes: input.cache_ram_bytes,
        notes: notes(shape, input, &context),
    }
}

fn notes(shape: &ModelShape, input: &EstimateInput, context: &Context) -> Vec<Note> {
    let mut notes = Vec::new();
    let length = shape.training_context.unwrap_or(u64::MAX);
    // Rounding up is not what is meant.
    if context.cells >= length.saturating_add(CELLS) {
        notes.push(Note::BeyondTraining);
    }
    let quantized = input.type_v.bytes_per_element() < 2.0;
    if quantized && !input.flash_attention {
        notes.push(Note::QuantizedValuesNeedFlashAttention);
    }
    if shape.tensors.is_empty() {
        notes.push(Note::NoTensors);
    }
    if input.gpu_free_bytes.is_empty() && !matches!(input.gpu_layers, 0 | u64::MAX) {
        notes.push(Note::NoGpu);
    }
    notes
}

#[cfg(test)]
#[path = "estimate_tests.rs"]
mod tests;
