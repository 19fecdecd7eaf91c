//! "Fit for me": the largest useful context and offload that fit with a margin, in a sentence. Also what a model gets
//! that nobody chose parameters for. Engines take a model's whole training length, which for a modern model is
//! gigabytes of KV cache (Jan #8236): here it is one that fits this machine.
//!
//! Works with the engine's own fitting, not against it: where an engine places layers by itself, no number of layers is
//! given, or it would stop doing so. What engines keep of past prompts comes last: half of what is left, at most.

use std::path::PathBuf;

use load_params::{CacheType, EngineFlags, GpuLayers, GpuLayersStyle, LoadParams};
use serde::Serialize;

use crate::core::Core;
use crate::engines::EngineView;
use crate::error::Error;
use crate::estimate_memory::MemoryEstimate;
use crate::run::default_context::{USUAL_TOKENS, contexts};
use crate::run::estimate_input::{first, is_shared, usual_cache_ram_bytes};
use crate::run::fit::{Fit, grouped, largest_that_fits, words};
use crate::run::memory_view::{LEAST_PROMPTS_MIB, Question};

/// With less than this, a smaller type for the KV cache is worth more than exactness.
const SHORT_CONTEXT: u64 = 4_096;
/// What a context beyond the usual may take of the free memory: the machine is not ours alone.
const LONG_CONTEXT_PART: u64 = 4;
/// What engines keep of past prompts where there is room.
const MOST_PROMPTS_MIB: u64 = 8_192;

/// What fits.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fitted {
    /// What to set. What is not in here stays as it is.
    pub params: LoadParams,
    /// Why, in words.
    pub sentence: String,
    /// What it takes then.
    pub estimate: MemoryEstimate,
}

impl Core {
    /// The largest useful context and offload of a model that fit with a margin, beside what is saved for it. `what` is
    /// as in [`Core::estimate_memory`].
    ///
    /// # Errors
    /// As [`Core::estimate_memory`].
    pub async fn fit_params(&self, what: &str) -> Result<Fitted, Error> {
        let mut subject = self.subject(what, &LoadParams::default()).await?;
        let before = std::mem::take(&mut subject.params);
        subject.params = to_fit(before.clone(), &subject.chosen);
        let question = subject.question();
        let (mut params, sentence) = fit(&question, &subject.params);
        take_back(&mut params, &before, &subject.chosen, question.flags);
        let params_then = subject.params.merged(&params);
        let answer = question.answer(&params_then);
        Ok(Fitted {
            estimate: question.view(&params_then, &answer),
            params,
            sentence,
        })
    }

    /// What a load gets where nobody said. A model that runs keeps what was chosen for it, as long as it is for the same
    /// engine: its own memory must not make the next choice smaller, and so reload it.
    pub(crate) async fn fitted_params(
        &self,
        key: &str,
        path: PathBuf,
        engine: &EngineView,
        said: &LoadParams,
    ) -> LoadParams {
        let running = self
            .registry()
            .get(key)
            .filter(|server| server.status().running);
        let started = running.and_then(|_| self.inner.plans.of(key));
        if let Some(started) = started.filter(|started| started.engine == engine.name) {
            return started.fitted;
        }
        if said.ctx_size.is_some() && said.cache_ram.is_some() {
            return LoadParams::default();
        }
        let subject = self.subject_of_file(path, said.clone(), Some(engine.clone()), Some(key));
        match subject.await {
            Ok(subject) => fit_unsaid(&subject.question(), said),
            // The engine may read what we cannot.
            Err(_) => LoadParams::default(),
        }
    }
}

/// What is chosen beside what was said: all where no context was said, else how much of past prompts is kept.
pub(crate) fn fit_unsaid(question: &Question<'_>, said: &LoadParams) -> LoadParams {
    match said.ctx_size {
        None => fit(question, said).0,
        Some(_) => LoadParams {
            cache_ram: prompt_cache(question, said),
            ..LoadParams::default()
        },
    }
}

/// Without what is to be found: it is not to be kept. Nor is what Paddock chose the last time.
fn to_fit(params: LoadParams, chosen: &LoadParams) -> LoadParams {
    let unless_ours = |ours: bool, kind: Option<CacheType>| kind.filter(|_| !ours);
    LoadParams {
        ctx_size: None,
        n_gpu_layers: None,
        n_cpu_moe: None,
        cache_type_k: unless_ours(chosen.cache_type_k.is_some(), params.cache_type_k),
        cache_type_v: unless_ours(chosen.cache_type_v.is_some(), params.cache_type_v),
        cache_ram: params.cache_ram.filter(|_| chosen.cache_ram.is_none()),
        ..params
    }
}

/// What was said of the GPU and is not in `params` any more has to be taken back in words, or it would stay as it was.
fn take_back(
    params: &mut LoadParams,
    before: &LoadParams,
    chosen: &LoadParams,
    flags: Option<&EngineFlags>,
) {
    let takes_auto = flags.is_none_or(|flags| {
        !matches!(
            flags.dialect().gpu_layers,
            GpuLayersStyle::Number | GpuLayersStyle::Absent
        )
    });
    let said_layers = before.n_gpu_layers.is_some() && chosen.n_gpu_layers.is_none();
    if said_layers && params.n_gpu_layers.is_none() && takes_auto {
        params.n_gpu_layers = Some(GpuLayers::Auto);
    }
    if before.n_cpu_moe.is_some_and(|layers| layers > 0) && params.n_cpu_moe.is_none() {
        params.n_cpu_moe = Some(0);
    }
}

/// MiB that the engine may keep of past prompts, where what it keeps by itself is more than half of what is left beside
/// the model. In powers of two, so that a little more or less free memory is no other command line.
fn prompt_cache(question: &Question<'_>, params: &LoadParams) -> Option<i64> {
    let has = |flag: &str| question.flags.is_none_or(|flags| flags.has(flag));
    let (free, total) = question.ram;
    if params.cache_ram.is_some() || !has("--cache-ram") || total == 0 {
        return None;
    }
    let needed = question.ram_needed(&question.answer(params));
    let half = largest_that_fits(free).saturating_sub(needed) / 2;
    if usual_cache_ram_bytes(question.flags) <= half {
        return None;
    }
    let mib = (half >> 20).min(MOST_PROMPTS_MIB);
    let power = mib.checked_ilog2().filter(|_| mib >= LEAST_PROMPTS_MIB);
    Some(power.map_or(0, |power| 1 << power))
}

/// The parameters that fit, and why.
pub(crate) fn fit(question: &Question<'_>, base: &LoadParams) -> (LoadParams, String) {
    let mut choice = LoadParams::default();
    let with = |choice: &LoadParams, tokens: u64| LoadParams {
        ctx_size: u32::try_from(tokens).ok(),
        ..choice.clone()
    };
    let usual = question
        .shape
        .training_context
        .unwrap_or(USUAL_TOKENS)
        .min(USUAL_TOKENS);
    let at_usual = question.answer(&base.merged(&with(&choice, usual)));
    let has_gpus = !at_usual.resolved.gpus.is_empty();
    if has_gpus && !at_usual.resolved.engine_places && base.n_gpu_layers.is_none() {
        choice.n_gpu_layers = offload(question, base, usual);
    }
    let mut context = longest(question, base, &choice);
    let halves = at_usual.resolved.input.flash_attention
        && base.cache_type_k.is_none()
        && base.cache_type_v.is_none();
    if halves && context.is_none_or(|tokens| tokens < SHORT_CONTEXT.min(usual)) {
        let smaller = LoadParams {
            cache_type_k: Some(CacheType::Q8_0),
            cache_type_v: Some(CacheType::Q8_0),
            ..choice.clone()
        };
        if let Some(longer) = longest(question, base, &smaller) {
            choice = smaller;
            context = Some(longer);
        }
    }
    let least = contexts(question.shape.training_context).last().copied();
    let fits = context.is_some();
    let tokens = context.or(least).unwrap_or(USUAL_TOKENS);
    choice = with(&choice, tokens);
    choice.cache_ram = prompt_cache(question, &base.merged(&choice));
    let answer = question.answer(&base.merged(&choice));
    let sentence = explain(question, &choice, tokens, fits, &answer);
    (choice, sentence)
}

/// The longest context that fits without costing layers on the GPU, where the usual one does not.
fn longest(question: &Question<'_>, base: &LoadParams, choice: &LoadParams) -> Option<u64> {
    let answer = |tokens: u64| {
        question.answer(&base.merged(&LoadParams {
            ctx_size: u32::try_from(tokens).ok(),
            ..choice.clone()
        }))
    };
    let contexts = contexts(question.shape.training_context);
    let usual = contexts.iter().find(|tokens| **tokens <= USUAL_TOKENS)?;
    let at_usual = answer(*usual);
    // Memory of a GPU that is the machine's is in there once.
    let cards = at_usual.resolved.gpus.iter().filter(|gpu| !is_shared(gpu));
    let free = cards
        .filter_map(|gpu| gpu.free_bytes)
        .fold(question.ram.0, u64::saturating_add);
    contexts.iter().copied().find(|tokens| {
        let found = answer(*tokens);
        if found.fit != Fit::Fits {
            return false;
        }
        if *tokens <= USUAL_TOKENS {
            return true;
        }
        let working = found
            .estimate
            .sum(|device| device.kv_cache.saturating_add(device.compute));
        let same_place = found.estimate.gpu_layers == at_usual.estimate.gpu_layers
            && found.resolved.input.cpu_expert_layers == at_usual.resolved.input.cpu_expert_layers;
        same_place && working <= free / LONG_CONTEXT_PART
    })
}

/// For engines that take a number of layers and nothing else: as many as fit at this context.
fn offload(question: &Question<'_>, base: &LoadParams, tokens: u64) -> Option<GpuLayers> {
    let layers = |count: u64| LoadParams {
        ctx_size: u32::try_from(tokens).ok(),
        n_gpu_layers: u32::try_from(count).ok().map(GpuLayers::Count),
        ..LoadParams::default()
    };
    let all = question.shape.layers_to_offload();
    let left_out = first((0, all), |left_out| {
        question.answer(&base.merged(&layers(all - left_out))).fit == Fit::Fits
    });
    u32::try_from(all - left_out).ok().map(GpuLayers::Count)
}

fn explain(
    question: &Question<'_>,
    choice: &LoadParams,
    tokens: u64,
    fits: bool,
    answer: &crate::run::memory_view::Answer,
) -> String {
    let training = question.shape.training_context;
    let which = match training {
        Some(training) if training <= tokens => ", all that the model was trained for,".to_owned(),
        Some(training) => format!(" (it was trained for {})", grouped(training)),
        None => String::new(),
    };
    let needs = words(
        answer
            .estimate
            .total()
            .saturating_add(answer.repacked_bytes),
    );
    let mut text = match fits {
        true => format!(
            "{} tokens of context{which} take about {needs} in all and leave a margin.",
            grouped(tokens)
        ),
        false => format!(
            "Even {} tokens of context take about {needs} in all, which does not fit with a margin.",
            grouped(tokens)
        ),
    };
    if choice.cache_type_k.is_some() {
        text.push_str(" The KV cache is kept in 8 bits, to have room for a useful context.");
    }
    match choice.cache_ram {
        Some(0) => text.push_str(" There is no room to keep past prompts."),
        Some(mib) => text.push_str(&format!(
            " The engine may keep up to {} of past prompts beside.",
            words(mib.unsigned_abs() << 20)
        )),
        None => {}
    }
    let found = &answer.estimate;
    if answer.resolved.gpus.is_empty() {
        return text;
    }
    if answer.resolved.engine_places {
        text.push_str(&format!(
            " The engine places layers by itself: about {} of {} will be on the GPU.",
            found.gpu_layers, found.total_layers
        ));
    } else {
        text.push_str(&format!(
            " {} of {} layers go to the GPU.",
            found.gpu_layers, found.total_layers
        ));
    }
    if answer.resolved.input.cpu_expert_layers > 0 {
        text.push_str(" Experts of some layers stay in RAM.");
    }
    text
}

#[cfg(test)]
#[path = "fit_params_tests.rs"]
mod tests;
