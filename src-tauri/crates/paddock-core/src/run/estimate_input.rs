//! From load parameters to what an estimate takes: every default of this engine resolved, and what the engine decides
//! by itself foreseen.
//!
//! An engine that is not known is taken for a new one. Left out: parameters that take no memory.

use engines::Device;
use gguf::estimate::{EstimateInput, Projector, Split, estimate};
use load_params::{EngineFlags, FlashAttentionStyle, GpuLayersStyle, LoadParams};
use load_params::{FlashAttn, GpuLayers, SplitMode};

use crate::run::memory_view::Question;

/// Sequences of an engine that decides by itself; they share one cache.
const AUTO_PARALLEL: u64 = 4;
/// What engines leave free on each GPU when they fit a model by themselves.
const ENGINE_MARGIN_BYTES: u64 = 1 << 30;
const USUAL_CACHE_RAM_MIB: u64 = 8_192;
const MIB: u64 = 1 << 20;

/// What is to be estimated.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    pub(crate) input: EstimateInput,
    /// The devices that are used, in the order of the input's GPUs.
    pub(crate) gpus: Vec<Device>,
    /// The engine decides how much of the model goes to the GPUs.
    pub(crate) engine_places: bool,
    /// Bytes of past prompts that were asked to be kept in RAM. What the engine keeps by itself is no reason to say that
    /// a model does not fit: a load keeps less of it where there is no room.
    pub(crate) prompts_bytes: u64,
}

/// What `params` mean to this model and engine, on a machine with these devices.
pub(crate) fn resolve(params: &LoadParams, question: &Question<'_>) -> Resolved {
    let flags = question.flags;
    let has = |flag: &str| flags.is_none_or(|flags| flags.has(flag));
    let gpus = chosen(params, question.devices);
    let (parallel, unified) = sequences(params, flags);
    let ubatch = params.ubatch_size.map_or(512, u64::from);
    let layers = layers(params, flags, &gpus);
    let input = EstimateInput {
        context_tokens: u64::from(params.ctx_size.unwrap_or(0)),
        parallel,
        unified,
        type_k: cache_type(params.cache_type_k),
        type_v: cache_type(params.cache_type_v),
        batch: params.batch_size.map_or(2_048, u64::from),
        ubatch,
        flash_attention: flash_attention(params, flags),
        // Engines that know no windows keep everything.
        swa_full: params.swa_full.unwrap_or(false) || !has("--swa-full"),
        kv_offload: params.kv_offload.unwrap_or(true),
        gpu_layers: layers.unwrap_or(u64::MAX),
        gpu_free_bytes: gpus
            .iter()
            .map(|gpu| gpu.free_bytes.or(gpu.total_bytes).unwrap_or(0))
            .collect(),
        split: match params.split_mode {
            Some(SplitMode::None) => Split::None,
            Some(SplitMode::Row | SplitMode::Tensor) => Split::Row,
            _ => Split::Layer,
        },
        main_gpu: params
            .main_gpu
            .and_then(|gpu| usize::try_from(gpu).ok())
            .unwrap_or(0),
        tensor_split: params
            .tensor_split
            .iter()
            .flatten()
            .map(|share| share.get())
            .collect(),
        cpu_expert_layers: match params.cpu_moe {
            Some(true) => u64::MAX,
            _ => params.n_cpu_moe.map_or(0, u64::from),
        },
        overrides: overrides(params, &gpus),
        // Older engines compute the whole batch's.
        output_rows: if has("--spec-draft-model") {
            parallel
        } else {
            ubatch
        },
        cache_ram_bytes: match params.cache_ram {
            _ if !has("--cache-ram") => 0,
            Some(0..) => params
                .cache_ram
                .map_or(0, |mib| mib.unsigned_abs().saturating_mul(MIB)),
            Some(_) => question.ram.0,
            None => usual_cache_ram_bytes(flags),
        },
        projector: projector_bytes(params, question).map(|bytes| Projector {
            bytes,
            on_gpu: true,
        }),
    };
    let engine_fits = has("--fit") && lets_engine_fit(params, &gpus);
    // Without a limit it is as if nobody had said anything.
    let prompts_bytes = match params.cache_ram {
        Some(_) if !question.chooses_prompts => {
            input.cache_ram_bytes.min(USUAL_CACHE_RAM_MIB * MIB)
        }
        _ => 0,
    };
    let mut resolved = Resolved {
        prompts_bytes,
        engine_places: layers.is_none() && !gpus.is_empty() && engine_fits,
        input,
        gpus,
    };
    if resolved.engine_places {
        resolved.input = placed_by_engine(question, resolved.input);
    }
    resolved
}

/// Engines leave all layers where they are told, whether they fit or not, as soon as one of these says where tensors go
/// (`llama_params_fit`).
fn lets_engine_fit(params: &LoadParams, gpus: &[Device]) -> bool {
    let is_set = |count: Option<usize>| count.is_some_and(|count| count > 0);
    let shares = is_set(params.tensor_split.as_ref().map(Vec::len)) && gpus.len() > 1;
    let by_rows =
        matches!(params.split_mode, Some(SplitMode::Row | SplitMode::Tensor)) && gpus.len() > 1;
    let experts = params.cpu_moe == Some(true) || params.n_cpu_moe.unwrap_or(0) > 0;
    params.fit.unwrap_or(true)
        && !shares
        && !by_rows
        && !experts
        && !is_set(params.override_tensor.as_ref().map(Vec::len))
}

/// What the engine keeps past prompts in where nobody says how much.
pub(crate) fn usual_cache_ram_bytes(flags: Option<&EngineFlags>) -> u64 {
    let says = flags
        .and_then(|flags| flags.get("--cache-ram"))
        .and_then(|flag| flag.default.as_deref()?.parse::<u64>().ok());
    says.unwrap_or(USUAL_CACHE_RAM_MIB).saturating_mul(MIB)
}

/// Bytes of the vision projector that is loaded with the model.
fn projector_bytes(params: &LoadParams, question: &Question<'_>) -> Option<u64> {
    match params.mmproj.as_deref() {
        None | Some("auto") => question.projector_bytes,
        Some(_) => Some(std::fs::metadata(params.projector()?).ok()?.len()),
    }
}

/// What an engine comes to that fits a model by itself: all layers, else all without the experts of some, else fewer.
fn placed_by_engine(question: &Question<'_>, input: EstimateInput) -> EstimateInput {
    let shape = question.shape;
    let fits = |input: &EstimateInput| {
        let mut found = estimate(shape, input);
        // The engine measures what we learned.
        if let Some(correction) = &question.correction {
            correction.apply(&mut found);
        }
        let used = found.devices.iter().skip(1);
        // What holds nothing needs no margin.
        used.zip(&input.gpu_free_bytes)
            .filter(|(device, _)| device.total() > 0)
            .all(|(device, free)| device.total().saturating_add(ENGINE_MARGIN_BYTES) <= *free)
    };
    let with_experts_of = |layers: u64| EstimateInput {
        cpu_expert_layers: layers,
        ..input.clone()
    };
    let with_layers = |layers: u64| EstimateInput {
        gpu_layers: layers,
        cpu_expert_layers: 0,
        ..input.clone()
    };
    if fits(&input) {
        return input;
    }
    let count = shape.layers.len() as u64;
    if shape.feed_forward.experts_used > 0
        && input.cpu_expert_layers == 0
        && fits(&with_experts_of(count))
    {
        let fewest = first((1, count), |layers| fits(&with_experts_of(layers)));
        return with_experts_of(fewest);
    }
    // The first number of layers left out that fits.
    let left_out = first((1, count + 1), |left| fits(&with_layers(count + 1 - left)));
    with_layers(count + 1 - left_out)
}

/// The first number from the range for which `is` holds; the last one is taken to.
pub(crate) fn first(range: (u64, u64), is: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = range;
    while low < high {
        let middle = low + (high - low) / 2;
        match is(middle) {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    low
}

fn chosen(params: &LoadParams, devices: &[Device]) -> Vec<Device> {
    match &params.device {
        // As engines do: a GPU in the processor only where there is no other.
        None => {
            let has_cards = devices.iter().any(|device| !device.is_integrated());
            let all = devices.iter();
            all.filter(|device| !(has_cards && device.is_integrated()))
                .cloned()
                .collect()
        }
        Some(names) => names
            .iter()
            .filter_map(|name| devices.iter().find(|device| device.name == *name).cloned())
            .collect(),
    }
}

/// How many sequences, and whether they share a cache.
fn sequences(params: &LoadParams, flags: Option<&EngineFlags>) -> (u64, bool) {
    let decides = flags.is_none_or(|flags| {
        let parallel = flags.get("--parallel");
        parallel.is_some_and(|flag| {
            flag.default.as_deref() == Some("-1") || flag.help.contains("-1 = auto")
        })
    });
    // Without the flag, all share one cache.
    let always_shared = flags.is_some_and(|flags| !flags.has("--kv-unified"));
    let (parallel, shared) = match params.parallel.filter(|parallel| *parallel > 0) {
        Some(parallel) => (u64::from(parallel), false),
        None if decides => (AUTO_PARALLEL, true),
        None => (1, false),
    };
    (
        parallel,
        params.kv_unified.unwrap_or(shared) || always_shared,
    )
}

fn cache_type(kind: Option<load_params::CacheType>) -> gguf::CacheType {
    kind.and_then(|kind| kind.as_str().parse().ok())
        .unwrap_or_default()
}

fn flash_attention(params: &LoadParams, flags: Option<&EngineFlags>) -> bool {
    match params.flash_attn {
        Some(FlashAttn::On) => true,
        Some(FlashAttn::Off) => false,
        Some(FlashAttn::Auto) | None => flags.is_none_or(|flags| {
            let dialect = flags.dialect();
            dialect.flash_attention == FlashAttentionStyle::Valued
                && dialect.flash_attention_default.as_deref() != Some("off")
        }),
    }
}

/// Layers that go to GPUs, where that is said or the engine has a fixed default; none where it decides.
fn layers(params: &LoadParams, flags: Option<&EngineFlags>, gpus: &[Device]) -> Option<u64> {
    match params.n_gpu_layers {
        Some(GpuLayers::Count(layers)) => Some(u64::from(layers)),
        Some(GpuLayers::All) => Some(u64::MAX),
        Some(GpuLayers::Auto) => None,
        None => {
            let counts_only = flags.is_some_and(|flags| {
                matches!(
                    flags.dialect().gpu_layers,
                    GpuLayersStyle::Number | GpuLayersStyle::Absent
                )
            });
            let metal = gpus.iter().any(is_metal);
            (counts_only && !metal).then_some(0)
        }
    }
}

/// Whether a GPU's memory is the machine's.
pub(crate) fn is_shared(gpu: &Device) -> bool {
    is_metal(gpu) || gpu.is_integrated()
}

fn is_metal(gpu: &Device) -> bool {
    gpu.name.starts_with("MTL") || gpu.name.starts_with("Metal")
}

fn overrides(params: &LoadParams, gpus: &[Device]) -> Vec<(String, Option<usize>)> {
    let items = params.override_tensor.iter().flatten();
    items
        .filter_map(|item| {
            let (pattern, buffer) = item.rsplit_once('=')?;
            let gpu = gpus.iter().position(|gpu| gpu.name == buffer);
            Some((pattern.to_owned(), gpu))
        })
        .collect()
}

#[cfg(test)]
#[path = "estimate_input_tests.rs"]
mod tests;
