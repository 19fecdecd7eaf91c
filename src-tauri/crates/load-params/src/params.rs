//! The parameters of one load, every one optional.
//!
//! Absent means absent: no flag is passed and the engine decides. In JSON, `null` and the empty string are absent too, names
//! are the table's, and a name that it does not have is an error. Reading and writing JSON walks the table, so that a field
//! cannot be forgotten here.

use std::fmt;

use indexmap::IndexMap;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::Value;

use crate::{
    access, extra,
    table::TABLE,
    values::{FlashAttn, GpuLayers, ParamValue, Real},
    words::{CacheType, Numa, Pooling, RopeScaling, SplitMode},
};

/// The name of [`LoadParams::extra`] in JSON.
pub(crate) const EXTRA: &str = "extraArgs";

/// What a model is loaded with. See [`TABLE`] for what each parameter means and takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table documents each under the same name")]
pub struct LoadParams {
    pub ctx_size: Option<u32>,
    pub n_gpu_layers: Option<GpuLayers>,
    pub threads: Option<u32>,
    pub batch_size: Option<u32>,
    pub parallel: Option<u32>,
    /// -1 is another seed each time.
    pub seed: Option<i64>,
    pub flash_attn: Option<FlashAttn>,
    pub mlock: Option<bool>,
    pub mmap: Option<bool>,
    pub cache_type_k: Option<CacheType>,
    pub cache_type_v: Option<CacheType>,
    pub enable_thinking: Option<bool>,
    pub ubatch_size: Option<u32>,
    pub threads_batch: Option<u32>,
    pub kv_unified: Option<bool>,
    pub kv_offload: Option<bool>,
    pub swa_full: Option<bool>,
    /// MiB; -1 is without limit.
    pub cache_ram: Option<i64>,
    pub split_mode: Option<SplitMode>,
    pub main_gpu: Option<u32>,
    pub tensor_split: Option<Vec<Real>>,
    pub device: Option<Vec<String>>,
    pub cpu_moe: Option<bool>,
    pub n_cpu_moe: Option<u32>,
    /// Each `PATTERN=BUFFER`.
    pub override_tensor: Option<Vec<String>>,
    pub rope_scaling: Option<RopeScaling>,
    pub rope_freq_base: Option<Real>,
    pub rope_freq_scale: Option<Real>,
    pub yarn_orig_ctx: Option<u32>,
    /// A path, `auto` or `none`; see [`LoadParams::projector`].
    pub mmproj: Option<String>,
    /// Each `PATH` or `PATH:SCALE`; see [`adapter`](crate::adapter()).
    pub lora: Option<Vec<String>>,
    /// A path or a model's key; who starts the engine puts the path in its place.
    pub draft_model: Option<String>,
    pub pooling: Option<Pooling>,
    pub embeddings: Option<bool>,
    pub reranking: Option<bool>,
    /// A name, a path or the template itself; see [`Template`](crate::Template).
    pub chat_template: Option<String>,
    pub jinja: Option<bool>,
    /// Each `HOST:PORT`.
    pub rpc: Option<Vec<String>>,
    pub fit: Option<bool>,
    pub numa: Option<Numa>,
    /// Variables of the engine's process; an empty value is absent. See [`LoadParams::environment`].
    pub env: Option<IndexMap<String, String>>,
    /// Other engine flags, dashes included, each with its value; `None` is a bare switch, the empty string is absent.
    /// `extraArgs` in JSON. The engine's list decides which are taken, see [`argv`](crate::argv()).
    pub extra: IndexMap<String, Option<String>>,
}

impl LoadParams {
    /// These parameters with `over` laid on top: what it has wins, what it lacks stays.
    ///
    /// An extra flag whose value is empty in `over` takes the flag away, and so does an empty variable.
    #[must_use]
    pub fn merged(&self, over: &LoadParams) -> LoadParams {
        let mut merged = self.clone();
        for spec in TABLE {
            if let Some(value) = (spec.get)(over) {
                let value = match (value, (spec.get)(&merged)) {
                    // Variables are set one by one, as flags are.
                    (ParamValue::Map(over), Some(ParamValue::Map(mut below))) => {
                        below.extend(over);
                        ParamValue::Map(below)
                    }
                    (value, _) => value,
                };
                (spec.put)(&mut merged, Some(value));
            }
        }
        // Empty values stay in the result, or merging three would depend on the order.
        merged.extra.extend(
            over.extra
                .iter()
                .map(|(flag, value)| (flag.clone(), value.clone())),
        );
        merged
    }

    /// The file of a vision projector, where one is named.
    #[must_use]
    pub fn projector(&self) -> Option<&str> {
        self.mmproj
            .as_deref()
            .filter(|word| !["auto", "none"].contains(word))
    }

    /// The variables to start the engine with.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let all = self.env.iter().flatten();
        all.filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == LoadParams::default()
    }
}

impl Serialize for LoadParams {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for spec in TABLE {
            if let Some(value) = (spec.get)(self) {
                map.serialize_entry(spec.name, &value)?;
            }
        }
        if !self.extra.is_empty() {
            map.serialize_entry(EXTRA, &self.extra)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for LoadParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ParamsVisitor)
    }
}

struct ParamsVisitor;

impl<'de> Visitor<'de> for ParamsVisitor {
    type Value = LoadParams;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of load parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<LoadParams, A::Error> {
        let mut params = LoadParams::default();
        while let Some((name, json)) = map.next_entry::<String, Value>()? {
            let read = if name == EXTRA {
                extra::read_json(&mut params.extra, json)
            } else {
                access::set_json(&mut params, &name, &json)
            };
            read.map_err(|error| A::Error::custom(error.with_hint()))?;
        }
        Ok(params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::any_params;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(json: Value) -> Result<LoadParams, String> {
        serde_json::from_value(json).map_err(|error| error.to_string())
    }

    #[test]
    fn absent_in_three_ways() {
        let nothing =
            read(json!({ "ctxSize": null, "flashAttn": "", "mlock": " ", "extraArgs": null }));
        assert_eq!(nothing, Ok(LoadParams::default()));
        assert_eq!(
            serde_json::to_value(LoadParams::default()).unwrap(),
            json!({})
        );
    }

    #[test]
    fn names_and_types_of_the_contract() {
        let json = json!({
            "ctxSize": 8192, "nGpuLayers": "all", "enableThinking": false, "flashAttn": "auto", "threads": 4, "batchSize": 512,
            "mlock": true, "mmap": false, "cacheTypeK": "q8_0", "cacheTypeV": "f16", "parallel": 2, "seed": -1,
            "extraArgs": { "--metrics": null, "--cache-reuse": "256" },
        });
        let params = read(json.clone()).unwrap();
        assert_eq!(params.n_gpu_layers, Some(GpuLayers::All));
        assert_eq!(params.flash_attn, Some(FlashAttn::Auto));
        assert_eq!(serde_json::to_value(&params).unwrap(), json);
    }

    #[test]
    fn errors_name_parameter_value_and_remedy() {
        for (json, expected) in [
            (
                json!({ "ctxsize": 1 }),
                "there is no load parameter `ctxsize`. Did you mean `ctxSize`?",
            ),
            (
                json!({ "threads": 0 }),
                "`threads` cannot be `0`: it takes a whole number from 1 to 512. Leave it empty for the engine's own choice.",
            ),
            (
                json!({ "mlock": "yes" }),
                "`mlock` cannot be `yes`: it takes `true` or `false`. Leave it empty for the engine's own choice.",
            ),
            (
                json!({ "ctxSize": 1.5 }),
                "`ctxSize` cannot be `1.5`: it takes a whole number from 0 to 2147483647. Leave it empty for the engine's own choice.",
            ),
        ] {
            assert_eq!(read(json).unwrap_err(), expected);
        }
        assert!(
            read(json!([]))
                .unwrap_err()
                .contains("an object of load parameters")
        );
    }

    #[test]
    fn over_wins_and_the_rest_stays() {
        let saved = read(json!({ "ctxSize": 4096, "mlock": true, "extraArgs": { "--metrics": null, "--keep": "5" } })).unwrap();
        let asked =
            read(json!({ "ctxSize": 8192, "extraArgs": { "--keep": "", "--slots": null } }))
                .unwrap();
        let merged = serde_json::to_value(saved.merged(&asked)).unwrap();
        assert_eq!(
            merged,
            json!({ "ctxSize": 8192, "mlock": true, "extraArgs": { "--metrics": null, "--keep": "", "--slots": null } })
        );
    }

    proptest! {
        #[test]
        fn json_round_trips(params in any_params()) {
            prop_assert_eq!(read(serde_json::to_value(&params).unwrap()), Ok(params));
        }

        #[test]
        fn merging_keeps_its_laws(a in any_params(), b in any_params(), c in any_params()) {
            let nothing = LoadParams::default();
            prop_assert_eq!(a.merged(&nothing), a.clone());
            prop_assert_eq!(nothing.merged(&a), a.clone());
            prop_assert_eq!(a.merged(&a), a.clone());
            prop_assert_eq!(a.merged(&b).merged(&c), a.merged(&b.merged(&c)));
        }

        #[test]
        fn any_json_is_survived(text in "[{}\\[\\]\":,a-zS0-9 -]{0,40}") {
            let _ = serde_json::from_str::<LoadParams>(&text);
        }
    }
}
