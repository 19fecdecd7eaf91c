//! From an estimate to what people see: by device with names, against what is free, with a verdict in a sentence and
//! the changes that would make it fit.

use engines::Device;
use gguf::ModelShape;
use gguf::estimate::{DeviceUse, Estimate, EstimateInput, Note, estimate};
use load_params::{CacheType, EngineFlags, GpuLayers, LoadParams};

use crate::estimate_memory::{DeviceKind, DeviceMemory, EstimateSource, MemoryEstimate, Remedy};
use crate::run::estimate_input::{Resolved, first, is_shared, resolve};
use crate::run::fit::{Fit, grouped, words};
use crate::run::measurements::Correction;

/// With less than this, not even one prompt of some length is kept.
pub(crate) const LEAST_PROMPTS_MIB: u64 = 64;
/// Below this a chat is no use.
pub(crate) const LEAST_CONTEXT: u64 = 1_024;
/// What stays free on a GPU that is only for us: a twentieth of what is needed and this, together no more than the 1 GiB
/// that engines leave free where they fit a model by themselves. Else what they fill up would never fit.
const GPU_MARGIN_BYTES: u64 = 256 << 20;
const MOST_GPU_SHARE_BYTES: u64 = 768 << 20;

/// All that an estimate is made of, so that it can be made again with other parameters.
pub(crate) struct Question<'a> {
    pub(crate) shape: &'a ModelShape,
    pub(crate) flags: Option<&'a EngineFlags>,
    pub(crate) engine: Option<&'a str>,
    /// What the engine can compute on, beside the CPU.
    pub(crate) devices: &'a [Device],
    /// Free for this model, and all there is.
    pub(crate) ram: (u64, u64),
    /// What was learned from an earlier load.
    pub(crate) correction: Option<Correction>,
    pub(crate) draft: Option<&'a ModelShape>,
    /// Bytes of the vision projector that comes with a model which is not here yet.
    pub(crate) projector_bytes: Option<u64>,
    /// How much of past prompts is kept was chosen by Paddock, which chooses again with other parameters.
    pub(crate) chooses_prompts: bool,
}

/// An estimate with what it was made of.
pub(crate) struct Answer {
    pub(crate) resolved: Resolved,
    pub(crate) estimate: Estimate,
    /// Of [`Estimate::devices`], what engines repack beside the file's tensors.
    pub(crate) repacked_bytes: u64,
    pub(crate) fit: Fit,
}

impl Question<'_> {
    pub(crate) fn answer(&self, params: &LoadParams) -> Answer {
        let resolved = resolve(params, self);
        self.of(resolved)
    }

    fn of(&self, resolved: Resolved) -> Answer {
        let mut found = estimate(self.shape, &resolved.input);
        if let Some(draft) = self.draft {
            let input = EstimateInput {
                projector: None,
                gpu_layers: u64::MAX,
                overrides: Vec::new(),
                ..resolved.input.clone()
            };
            found.add_draft(&estimate(draft, &input));
        }
        let repacked_bytes = match &self.correction {
            Some(correction) => correction.apply(&mut found),
            None => 0,
        };
        let mut answer = Answer {
            resolved,
            estimate: found,
            repacked_bytes,
            fit: Fit::Fits,
        };
        answer.fit = self
            .devices_of(&answer)
            .iter()
            .map(|device| device.fit)
            .max_by_key(|fit| severity(*fit))
            .unwrap_or(Fit::Fits);
        answer
    }

    /// Bytes of RAM that it takes, memory of GPUs that is RAM included.
    pub(crate) fn ram_needed(&self, answer: &Answer) -> u64 {
        let mut devices = answer.estimate.devices.iter();
        let ram = devices.next().map_or(0, DeviceUse::total);
        devices
            .zip(&answer.resolved.gpus)
            .filter(|(_, gpu)| is_shared(gpu))
            .map(|(used, _)| used.total())
            .fold(ram, u64::saturating_add)
            .saturating_add(answer.repacked_bytes)
    }

    fn devices_of(&self, answer: &Answer) -> Vec<DeviceMemory> {
        let mut devices = answer.estimate.devices.iter().enumerate();
        let ram = devices.next().map(|(_, used)| {
            let (free, total) = self.ram;
            let need = self
                .ram_needed(answer)
                .saturating_add(answer.resolved.prompts_bytes);
            DeviceMemory {
                repacked_bytes: answer.repacked_bytes,
                total_bytes: used.total().saturating_add(answer.repacked_bytes),
                fit: Fit::of(need, free),
                ..device(
                    "RAM",
                    "Main memory",
                    DeviceKind::Ram,
                    used,
                    (Some(free), Some(total)),
                )
            }
        });
        let gpus = devices.map(|(index, used)| {
            let gpu = &answer.resolved.gpus[index - 1];
            let kind = match is_shared(gpu) {
                true => DeviceKind::SharedGpu,
                false => DeviceKind::Gpu,
            };
            let room = (gpu.free_bytes, gpu.total_bytes);
            DeviceMemory {
                fit: fit_on_gpu(used.total(), gpu.free_bytes),
                ..device(&gpu.name, &gpu.description, kind, used, room)
            }
        });
        ram.into_iter().chain(gpus).collect()
    }

    /// What people see of it.
    pub(crate) fn view(&self, params: &LoadParams, answer: &Answer) -> MemoryEstimate {
        let found = &answer.estimate;
        let devices = self.devices_of(answer);
        let total_bytes = devices.iter().map(|device| device.total_bytes).sum();
        let sentence = sentence(answer.fit, &devices, found, answer.resolved.engine_places);
        let mut notes: Vec<String> = found.notes.iter().map(|note| self.words(*note)).collect();
        let left = self
            .ram
            .0
            .saturating_sub(devices.first().map_or(0, |ram| ram.total_bytes));
        let is_counted = answer.resolved.prompts_bytes > 0;
        if found.may_grow_bytes > left && (answer.fit != Fit::TooBig || is_counted) {
            notes.push(format!(
                "The engine may keep up to {} of past prompts in RAM, more than would be left: lower its prompt cache.",
                words(found.may_grow_bytes)
            ));
        }
        if found.sequence_tokens < found.context_tokens {
            notes.push(format!(
                "The context is divided: each of {} requests at once has {} tokens.",
                answer.resolved.input.parallel,
                grouped(found.sequence_tokens)
            ));
        }
        MemoryEstimate {
            total_bytes,
            context_size: found.context_tokens,
            sequence_tokens: found.sequence_tokens,
            parallel: answer.resolved.input.parallel,
            gpu_layers: found.gpu_layers,
            total_layers: found.total_layers,
            training_context: self.shape.training_context,
            verdict: answer.fit,
            sentence,
            remedies: match answer.fit {
                Fit::Fits => Vec::new(),
                _ => self.remedies(params, answer),
            },
            source: match self.correction {
                Some(_) => EstimateSource::Corrected,
                None => EstimateSource::Predicted,
            },
            may_grow_bytes: found.may_grow_bytes,
            engine: self.engine.map(str::to_owned),
            notes,
            devices,
        }
    }

    fn words(&self, note: Note) -> String {
        match note {
            Note::BeyondTraining => format!(
                "The model was trained for {} tokens; beyond that its answers get worse.",
                grouped(self.shape.training_context.unwrap_or(0))
            ),
            Note::QuantizedValuesNeedFlashAttention => {
                "Quantized values in the KV cache need flash attention: the engine will refuse."
                    .to_owned()
            }
            Note::NoTensors => {
                "Only the beginning of the file is known, so the weights are divided by rule."
                    .to_owned()
            }
            Note::NoGpu => "This engine sees no GPU here: all layers stay on the CPU.".to_owned(),
        }
    }

    /// Changes each of which would make it fit; where none would alone, the two that would together.
    fn remedies(&self, params: &LoadParams, answer: &Answer) -> Vec<Remedy> {
        let mut found = Vec::new();
        let input = &answer.resolved.input;
        let fits = |change: &LoadParams| self.answer(&params.merged(change)).fit == Fit::Fits;
        let context = answer.estimate.context_tokens;
        if answer.resolved.prompts_bytes > 0
            && let Some((change, mib)) =
                fewer_prompts(answer.resolved.prompts_bytes).find(|(change, _)| fits(change))
        {
            let text = match mib {
                0 => "Without past prompts in RAM it would fit.".to_owned(),
                mib => format!("Past prompts of up to {} would fit.", words(mib << 20)),
            };
            found.push(remedy("promptCache", change, text));
        }
        // More than it was trained for is no help.
        let longest = (context / 4 * 3).min(self.shape.training_context.unwrap_or(u64::MAX));
        let smaller = |over: &LoadParams| {
            // In steps of a quarter, so that a person recognizes the numbers.
            let steps = std::iter::successors(Some(longest), |tokens| Some(tokens / 4 * 3));
            steps
                .map(|tokens| tokens / 1_024 * 1_024)
                .take_while(|tokens| *tokens >= LEAST_CONTEXT)
                .map(|tokens| LoadParams {
                    ctx_size: u32::try_from(tokens).ok(),
                    ..over.clone()
                })
                .find(|change| fits(change))
        };
        if let Some(change) = smaller(&LoadParams::default()) {
            let tokens = u64::from(change.ctx_size.unwrap_or(0));
            found.push(remedy(
                "context",
                change,
                format!("A context of {} tokens would fit.", grouped(tokens)),
            ));
        }
        let eight_bits = LoadParams {
            cache_type_k: Some(CacheType::Q8_0),
            cache_type_v: Some(CacheType::Q8_0),
            ..LoadParams::default()
        };
        let halves = input.flash_attention && input.type_k == gguf::CacheType::F16;
        if halves && fits(&eight_bits) {
            found.push(remedy(
                "cacheType",
                eight_bits.clone(),
                "A KV cache of 8 bits (q8_0) takes half of it, and would fit.".to_owned(),
            ));
        }
        let parallel = LoadParams {
            parallel: Some(1),
            ..LoadParams::default()
        };
        if input.parallel > 1 && fits(&parallel) {
            found.push(remedy(
                "parallel",
                parallel,
                "One request at a time would fit.".to_owned(),
            ));
        }
        found.extend(self.fewer_on_gpu(params, answer));
        if found.is_empty()
            && halves
            && let Some(change) = smaller(&eight_bits)
        {
            let tokens = u64::from(change.ctx_size.unwrap_or(0));
            let text = format!(
                "A context of {} tokens with a KV cache of 8 bits (q8_0) would fit.",
                grouped(tokens)
            );
            found.push(remedy("contextAndCacheType", change, text));
        }
        if let Some(bytes) = self.weights_that_fit(answer) {
            let text = format!("A quantization of at most {} would fit.", words(bytes));
            found.push(remedy("smallerQuantization", LoadParams::default(), text));
        }
        found
    }

    /// Experts or layers that make room on the GPUs, where RAM has it.
    fn fewer_on_gpu(&self, params: &LoadParams, answer: &Answer) -> Option<Remedy> {
        let found = &answer.estimate;
        if found.gpu_layers == 0 {
            return None;
        }
        let fits = |change: &LoadParams| self.answer(&params.merged(change)).fit == Fit::Fits;
        let count = self.shape.layers.len() as u64;
        let experts = |layers: u64| LoadParams {
            n_cpu_moe: u32::try_from(layers).ok(),
            ..LoadParams::default()
        };
        if self.shape.feed_forward.experts_used > 0 && fits(&experts(count)) {
            let layers = first((1, count), |layers| fits(&experts(layers)));
            let text =
                format!("Keeping the experts of {layers} of {count} layers in RAM would fit.");
            return Some(remedy("cpuExperts", experts(layers), text));
        }
        let fewer = |left_out: u64| LoadParams {
            n_gpu_layers: u32::try_from(found.gpu_layers - left_out)
                .ok()
                .map(GpuLayers::Count),
            ..LoadParams::default()
        };
        let left_out = first((1, found.gpu_layers), |left_out| fits(&fewer(left_out)));
        let change = fewer(left_out);
        fits(&change).then(|| {
            let layers = found.gpu_layers - left_out;
            let text = format!(
                "{layers} of {} layers on the GPU would fit; the others are slower.",
                found.total_layers
            );
            remedy("gpuLayers", change, text)
        })
    }

    /// The most bytes of weights that leave room for all the rest; none where that is no quantization of this model.
    fn weights_that_fit(&self, answer: &Answer) -> Option<u64> {
        let free: u64 = self
            .devices_of(answer)
            .iter()
            .filter(|device| device.kind != DeviceKind::SharedGpu)
            .filter_map(|device| device.free_bytes)
            .sum();
        let weights = self.shape.weights_bytes;
        let rest = answer.estimate.total().saturating_sub(weights);
        let most = crate::run::fit::largest_that_fits(free).checked_sub(rest)?;
        // From 16 bits to 5, or from 8 to 3: what is smaller is another model.
        (most < weights && most > weights / 3).then_some(most)
    }
}

/// Smaller and smaller caches of past prompts in MiB, down to none.
fn fewer_prompts(bytes: u64) -> impl Iterator<Item = (LoadParams, u64)> {
    let halves = std::iter::successors(Some(bytes >> 21), |mib| (*mib > 0).then_some(*mib / 2));
    let useful = halves.filter(|mib| *mib >= LEAST_PROMPTS_MIB);
    useful.chain(std::iter::once(0)).map(|mib| {
        let change = LoadParams {
            cache_ram: i64::try_from(mib).ok(),
            ..LoadParams::default()
        };
        (change, mib)
    })
}

fn remedy(change: &str, params: LoadParams, sentence: String) -> Remedy {
    Remedy {
        change: change.to_owned(),
        params,
        sentence,
    }
}

fn device(
    name: &str,
    description: &str,
    kind: DeviceKind,
    used: &DeviceUse,
    (free_bytes, capacity_bytes): (Option<u64>, Option<u64>),
) -> DeviceMemory {
    DeviceMemory {
        name: name.to_owned(),
        description: description.to_owned(),
        kind,
        free_bytes,
        capacity_bytes,
        weights: used.weights,
        repacked_bytes: 0,
        kv_cache: used.kv_cache,
        compute: used.compute,
        output: used.output,
        projector: used.projector,
        draft: used.draft,
        total_bytes: used.total(),
        fit: Fit::Fits,
    }
}

fn fit_on_gpu(need: u64, free: Option<u64>) -> Fit {
    match free {
        _ if need == 0 => Fit::Fits,
        None => Fit::Unknown,
        Some(free)
            if need
                .saturating_add((need / 20).min(MOST_GPU_SHARE_BYTES))
                .saturating_add(GPU_MARGIN_BYTES)
                <= free =>
        {
            Fit::Fits
        }
        Some(free) if need <= free => Fit::Tight,
        Some(_) => Fit::TooBig,
    }
}

fn severity(fit: Fit) -> u8 {
    match fit {
        Fit::Fits => 0,
        Fit::Unknown => 1,
        Fit::Tight => 2,
        Fit::TooBig => 3,
    }
}

fn sentence(fit: Fit, devices: &[DeviceMemory], found: &Estimate, engine_places: bool) -> String {
    let used: Vec<&DeviceMemory> = devices
        .iter()
        .filter(|device| device.total_bytes > 0)
        .collect();
    let places: Vec<String> = used
        .iter()
        .map(|device| {
            let free = device
                .free_bytes
                .map_or_else(|| "an unknown amount".to_owned(), words);
            let place = match device.kind {
                DeviceKind::Ram => "RAM".to_owned(),
                _ => device.name.clone(),
            };
            format!("{} of {place} ({free} free)", words(device.total_bytes))
        })
        .collect();
    let mut text = format!(
        "Needs about {} with {} tokens of context",
        places.join(" and "),
        grouped(found.context_tokens)
    );
    text.push_str(match fit {
        Fit::Fits => ".",
        Fit::Tight => ": close other programs first.",
        Fit::TooBig => ": that does not fit.",
        Fit::Unknown => "; whether it fits is not known.",
    });
    if engine_places && found.gpu_layers < found.total_layers {
        text.push_str(&format!(
            " The engine places {} of {} layers on the GPU by itself.",
            found.gpu_layers, found.total_layers
        ));
    }
    text
}

#[cfg(test)]
#[path = "memory_view_tests.rs"]
mod tests;
