//! Parameters that exclude each other, or make no sense together.
//!
//! Those in [`RULES`] cannot work and are refused; those in [`WARNINGS`] can, but not as hoped.

use crate::{
    dialect::{Dialect, FlashAttentionStyle},
    params::LoadParams,
    spelling::Template,
    values::{FlashAttn, GpuLayers},
    words::{Pooling, RopeScaling, SplitMode},
};

/// Two parameters that can exclude each other.
pub(crate) struct Rule {
    pub(crate) params: [&'static str; 2],
    /// A sentence without a full stop.
    pub(crate) reason: &'static str,
    pub(crate) hint: &'static str,
    /// Whether they do. Without a dialect, only where they do in all of them.
    pub(crate) broken: fn(&LoadParams, Option<&Dialect>) -> bool,
}

/// Every pair that cannot work.
pub(crate) const RULES: &[Rule] = &[
    Rule {
        params: ["cacheTypeV", "flashAttn"],
        reason: "a quantized `cacheTypeV` needs flash attention",
        hint: "Set `flashAttn` to true, or `cacheTypeV` to f16.",
        broken: |params, dialect| {
            params.cache_type_v.is_some_and(|kind| kind.is_quantized())
                && match (params.flash_attn, dialect) {
                    (Some(FlashAttn::Off), _) => true,
                    (Some(FlashAttn::On), _) | (_, None) => false,
                    // A bare switch has no `auto`; leaving it out would mean off.
                    (Some(FlashAttn::Auto), Some(dialect)) => {
                        dialect.flash_attention == FlashAttentionStyle::Bare
                    }
                    (None, Some(dialect)) => dialect.flash_attention_is_off_by_default(),
                }
        },
    },
    Rule {
        params: ["nCpuMoe", "cpuMoe"],
        reason: "`cpuMoe` keeps all experts on the CPU, `nCpuMoe` those of some layers",
        hint: "Set one of the two.",
        broken: |params, _| params.cpu_moe == Some(true) && params.n_cpu_moe.is_some(),
    },
    Rule {
        params: ["tensorSplit", "splitMode"],
        reason: "`tensorSplit` shares the model among GPUs, but `splitMode` none uses one",
        hint: "Set `splitMode` to layer, or leave `tensorSplit` empty.",
        broken: |params, _| {
            params.tensor_split.is_some() && params.split_mode == Some(SplitMode::None)
        },
    },
    Rule {
        params: ["reranking", "embeddings"],
        reason: "an engine serves `embeddings` or `reranking`, not both",
        hint: "Set the one that the model was made for.",
        broken: |params, _| params.embeddings == Some(true) && params.reranking == Some(true),
    },
    Rule {
        params: ["pooling", "reranking"],
        reason: "`reranking` needs the pooling rank",
        hint: "Leave `pooling` empty.",
        broken: |params, _| {
            params.reranking == Some(true)
                && params
                    .pooling
                    .is_some_and(|pooling| pooling != Pooling::Rank)
        },
    },
    Rule {
        params: ["draftModel", "embeddings"],
        reason: "a `draftModel` guesses text, and with `embeddings` none is written",
        hint: "Leave one of the two empty.",
        broken: |params, _| params.draft_model.is_some() && params.embeddings == Some(true),
    },
    Rule {
        params: ["draftModel", "reranking"],
        reason: "a `draftModel` guesses text, and with `reranking` none is written",
        hint: "Leave one of the two empty.",
        broken: |params, _| params.draft_model.is_some() && params.reranking == Some(true),
    },
    Rule {
        params: ["chatTemplate", "jinja"],
        reason: "this `chatTemplate` and this `jinja` exclude each other",
        hint: "Leave `jinja` empty: a file or a template of your own turns it on, a built-in name other than chatml off.",
        broken: |params, _| {
            let template = params.chat_template.as_deref().map(Template::of);
            template.is_some_and(|template| match params.jinja {
                Some(true) => template.needs_jinja_off(),
                Some(false) => template.needs_jinja(),
                None => false,
            })
        },
    },
    Rule {
        params: ["batchSize", "parallel"],
        reason: "`batchSize` is smaller than `parallel`, and each request needs a token of the batch",
        hint: "Raise `batchSize`, or lower `parallel`.",
        broken: |params, _| {
            // Without `parallel` the range sees to it.
            matches!((params.batch_size, params.parallel), (Some(batch @ 1..), Some(parallel)) if batch < parallel)
        },
    },
    Rule {
        params: ["enableThinking", "jinja"],
        reason: "thinking can be turned off only where `jinja` is on",
        hint: "Leave `jinja` empty.",
        broken: |params, _| params.enable_thinking == Some(false) && params.jinja == Some(false),
    },
];

/// Every pair that may not be meant.
pub(crate) const WARNINGS: &[Rule] = &[
    Rule {
        params: ["ubatchSize", "batchSize"],
        reason: "`ubatchSize` is larger than `batchSize`; the engine takes the smaller",
        hint: "Raise `batchSize`, or lower `ubatchSize`.",
        broken: |params, _| {
            // The engines' default.
            params.ubatch_size > Some(params.batch_size.unwrap_or(2048))
        },
    },
    Rule {
        params: ["mainGpu", "splitMode"],
        reason: "`mainGpu` has no effect unless `splitMode` is none or row",
        hint: "Set `splitMode` to none to use that GPU alone.",
        broken: |params, _| {
            let heeded = [Some(SplitMode::None), Some(SplitMode::Row)];
            params.main_gpu.is_some() && !heeded.contains(&params.split_mode)
        },
    },
    Rule {
        params: ["nGpuLayers", "device"],
        reason: "`nGpuLayers` has no effect while `device` is none",
        hint: "Leave `device` empty.",
        broken: |params, _| {
            let none = params
                .device
                .as_deref()
                .is_some_and(|names| names == ["none"]);
            let wants = !matches!(params.n_gpu_layers, None | Some(GpuLayers::Count(0)));
            none && wants
        },
    },
    Rule {
        params: ["yarnOrigCtx", "ropeScaling"],
        reason: "`yarnOrigCtx` has no effect unless RoPE scaling is yarn",
        hint: "Set `ropeScaling` to yarn, unless the model's file says so.",
        broken: |params, _| {
            let other = [Some(RopeScaling::None), Some(RopeScaling::Linear)];
            params.yarn_orig_ctx.is_some() && other.contains(&params.rope_scaling)
        },
    },
    Rule {
        params: ["chatTemplate", "enableThinking"],
        reason: "a built-in `chatTemplate` other than chatml turns Jinja off, and with it tools and thinking",
        hint: "Use the model's own template, or a file.",
        broken: |params, _| {
            let template = params.chat_template.as_deref().map(Template::of);
            template.is_some_and(Template::needs_jinja_off)
        },
    },
    Rule {
        params: ["kvUnified", "parallel"],
        reason: "`kvUnified` has no effect with one request at a time",
        hint: "Raise `parallel`, or leave `kvUnified` empty.",
        broken: |params, _| params.kv_unified.is_some() && params.parallel == Some(1),
    },
    Rule {
        params: ["kvUnified", "parallel"],
        reason: "`kvUnified` false has no effect while `parallel` is not set: the engine then shares the cache",
        hint: "Set `parallel`.",
        broken: |params, _| params.kv_unified == Some(false) && params.parallel.is_none(),
    },
    Rule {
        params: ["pooling", "embeddings"],
        reason: "`pooling` has no effect unless `embeddings` or `reranking` is on",
        hint: "Set `embeddings` to true.",
        broken: |params, _| {
            params.pooling.is_some()
                && params.embeddings != Some(true)
                && params.reranking != Some(true)
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LoadParams, TABLE};
    use serde_json::{Value, json};

    fn broken(rules: &[Rule], wish: Value) -> Vec<&'static str> {
        let params: LoadParams = serde_json::from_value(wish).unwrap();
        rules
            .iter()
            .filter(|rule| (rule.broken)(&params, None))
            .map(|rule| rule.reason)
            .collect()
    }

    #[test]
    fn each_rule_names_parameters_that_there_are() {
        for rule in RULES.iter().chain(WARNINGS) {
            for name in rule.params {
                assert!(TABLE.iter().any(|spec| spec.name == name), "{name}");
            }
            assert!(rule.hint.ends_with('.') && !rule.reason.ends_with('.'));
        }
    }

    #[test]
    fn what_cannot_work() {
        for wish in [
            json!({ "cpuMoe": true, "nCpuMoe": 4 }),
            json!({ "tensorSplit": [3, 1], "splitMode": "none" }),
            json!({ "embeddings": true, "reranking": true }),
            json!({ "reranking": true, "pooling": "mean" }),
            json!({ "draftModel": "/d.gguf", "embeddings": true }),
            json!({ "draftModel": "/d.gguf", "reranking": true }),
            json!({ "chatTemplate": "llama3", "jinja": true }),
            json!({ "chatTemplate": "{{ x }}", "jinja": false }),
            json!({ "enableThinking": false, "jinja": false }),
            json!({ "batchSize": 8, "parallel": 9 }),
        ] {
            assert_eq!(broken(RULES, wish.clone()).len(), 1, "{wish}");
        }
        for wish in [
            json!({ "cpuMoe": false, "nCpuMoe": 4 }),
            json!({ "tensorSplit": [3, 1], "splitMode": "row" }),
            json!({ "reranking": true, "pooling": "rank" }),
            json!({ "chatTemplate": "chatml", "jinja": true }),
            json!({ "chatTemplate": "chatml", "jinja": false }),
            json!({ "chatTemplate": "/t.jinja", "jinja": true }),
            json!({ "batchSize": 8, "parallel": 8 }),
        ] {
            assert!(broken(RULES, wish.clone()).is_empty(), "{wish}");
        }
    }

    #[test]
    fn what_may_not_be_meant() {
        for wish in [
            json!({ "ubatchSize": 1024, "batchSize": 512 }),
            json!({ "ubatchSize": 4096 }),
            json!({ "mainGpu": 1 }),
            json!({ "nGpuLayers": "all", "device": ["none"] }),
            json!({ "yarnOrigCtx": 4096, "ropeScaling": "linear" }),
            json!({ "chatTemplate": "llama3" }),
            json!({ "kvUnified": true, "parallel": 1 }),
            json!({ "kvUnified": false }),
            json!({ "pooling": "mean" }),
        ] {
            assert_eq!(broken(WARNINGS, wish.clone()).len(), 1, "{wish}");
        }
        for wish in [
            json!({ "ubatchSize": 512 }),
            json!({ "mainGpu": 1, "splitMode": "none" }),
            json!({ "nGpuLayers": 0, "device": ["none"] }),
            json!({ "yarnOrigCtx": 4096 }),
            json!({ "kvUnified": true, "parallel": 4 }),
            json!({ "pooling": "mean", "embeddings": true }),
        ] {
            assert!(broken(WARNINGS, wish.clone()).is_empty(), "{wish}");
        }
    }
}
