//! Sets of parameters, each laid over the one before it: which value counts, and where it is from.

use std::collections::BTreeMap;

use load_params::{LoadParams, TABLE};
use serde::Serialize;

/// Where the value of a parameter is from; later ones win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ParamSource {
    /// Chosen by Paddock to fit this machine, because nobody said.
    Fitted,
    /// The defaults for all models.
    Default,
    /// The preset that the model uses, or that this load names.
    Preset,
    /// Saved for this model.
    Saved,
    /// Asked for with this load.
    Request,
}

/// Lays the sets over each other, and notes for each parameter which one it is from.
pub(crate) fn merge(
    layers: &[(ParamSource, &LoadParams)],
) -> (LoadParams, BTreeMap<String, ParamSource>) {
    let mut effective = LoadParams::default();
    let mut sources = BTreeMap::new();
    for (source, layer) in layers {
        effective = effective.merged(layer);
        for spec in TABLE {
            if load_params::get(layer, spec.name).is_some() {
                sources.insert(spec.name.to_owned(), *source);
            }
        }
        for flag in layer.extra.keys() {
            sources.insert(flag.clone(), *source);
        }
    }
    (effective, sources)
}

/// What of `fitted` is in effect, apart from what the model is.
pub(crate) fn chosen_of(
    fitted: &LoadParams,
    sources: &BTreeMap<String, ParamSource>,
) -> LoadParams {
    let ours = |name: &str| sources.get(name) == Some(&ParamSource::Fitted);
    LoadParams {
        ctx_size: fitted.ctx_size.filter(|_| ours("ctxSize")),
        n_gpu_layers: fitted.n_gpu_layers.filter(|_| ours("nGpuLayers")),
        cache_type_k: fitted.cache_type_k.filter(|_| ours("cacheTypeK")),
        cache_type_v: fitted.cache_type_v.filter(|_| ours("cacheTypeV")),
        cache_ram: fitted.cache_ram.filter(|_| ours("cacheRam")),
        ..LoadParams::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One path for all settings, and each says where it is from: LM Studio #1463, #1714, #1782.
    #[test]
    fn a_request_wins_over_saved_over_preset_over_default_over_fitted() {
        let params = |json: serde_json::Value| serde_json::from_value::<LoadParams>(json).unwrap();
        let fitted = params(serde_json::json!({"ctxSize": 8192}));
        let defaults = params(serde_json::json!({"ctxSize": 4096, "threads": 4}));
        let preset =
            params(serde_json::json!({"parallel": 2, "threads": 3, "env": {"A": "1", "B": "1"}}));
        let saved = params(serde_json::json!({"threads": 2, "mlock": true, "env": {"B": "2"}}));
        let request = params(serde_json::json!({"mlock": false}));
        let (effective, sources) = merge(&[
            (ParamSource::Fitted, &fitted),
            (ParamSource::Default, &defaults),
            (ParamSource::Preset, &preset),
            (ParamSource::Saved, &saved),
            (ParamSource::Request, &request),
        ]);
        assert_eq!(
            effective,
            params(serde_json::json!({
                "ctxSize": 4096, "threads": 2, "mlock": false, "parallel": 2, "env": {"A": "1", "B": "2"},
            }))
        );
        assert_eq!(
            sources.into_iter().collect::<Vec<_>>(),
            [
                ("ctxSize".to_owned(), ParamSource::Default),
                ("env".to_owned(), ParamSource::Saved),
                ("mlock".to_owned(), ParamSource::Request),
                ("parallel".to_owned(), ParamSource::Preset),
                ("threads".to_owned(), ParamSource::Saved),
            ]
        );
    }
}
