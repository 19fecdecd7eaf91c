//! What is wrong, or unwise, about parameters before any engine is asked.
//!
//! Errors are what cannot work; warnings are what may work badly on this model or machine. Text and JSON are checked for type
//! and range as they are read; the same ranges hold here for fields that code filled in.

use serde::{Deserialize, Serialize};

use crate::{
    access::invalid,
    dialect::Dialect,
    error::Error,
    extra,
    owned::owned_variable,
    params::LoadParams,
    rules::{RULES, WARNINGS},
    table::TABLE,
    values::GpuLayers,
};

/// What is known of the model and the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// The length of context that the model was trained for, in tokens.
    pub training_context: Option<u32>,
    /// The model's layers, without the output layer.
    pub block_count: Option<u32>,
    /// The machine's logical processors.
    pub cores: Option<u32>,
}

/// Something wrong or unwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Whether it can work at all.
    pub severity: Severity,
    /// The parameter (camelCase) or extra flag.
    pub param: String,
    /// A sentence without a full stop, naming parameter, value and limit.
    pub message: String,
    /// What to try, as a sentence.
    pub hint: Option<String>,
}

/// Whether something can work at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// No.
    Error,
    /// Yes, but perhaps not as hoped.
    Warning,
}

/// Everything wrong or unwise about parameters for this model and machine, errors first.
///
/// What the installed engine cannot do is not known here: see [`argv`](crate::argv()).
#[must_use]
pub fn validate(params: &LoadParams, limits: &Limits) -> Vec<Problem> {
    let errors = errors(params, None).into_iter().map(|error| Problem {
        severity: Severity::Error,
        param: error.param().into(),
        message: error.to_string(),
        hint: error.hint(),
    });
    errors.chain(warnings(params, limits)).collect()
}

/// What cannot work, with this dialect or with any.
pub(crate) fn errors(params: &LoadParams, dialect: Option<&Dialect>) -> Vec<Error> {
    let ranges = TABLE.iter().filter_map(|spec| {
        let value = (spec.get)(params)?;
        (!spec.kind.allows(&value)).then(|| invalid(spec, &value.to_string()))
    });
    let extras = params.extra.iter().filter_map(|(flag, value)| {
        let value = value.as_deref();
        // An empty value is absent, whatever the flag.
        if value == Some("") {
            None
        } else {
            extra::check(flag, value).err()
        }
    });
    let conflicts = RULES
        .iter()
        .filter(|rule| (rule.broken)(params, dialect))
        .map(|rule| Error::Conflict {
            params: rule.params.map(str::to_owned).to_vec(),
            reason: rule.reason.into(),
            hint: rule.hint.into(),
        });
    let variables = params.env.iter().flatten().filter_map(|(name, _)| {
        let reason = owned_variable(name)?;
        Some(Error::OwnedFlag {
            flag: name.clone(),
            reason,
        })
    });
    ranges
        .chain(extras)
        .chain(variables)
        .chain(conflicts)
        .collect()
}

fn warnings(params: &LoadParams, limits: &Limits) -> Vec<Problem> {
    let warning = |param: &str, message: String, hint: String| Problem {
        severity: Severity::Warning,
        param: param.into(),
        message,
        hint: Some(hint),
    };
    let mut warnings = Vec::new();
    // Parallel requests share the context, so it is the share of each that counts, unless one may take it all.
    let sharers = match params.kv_unified {
        Some(true) => 1,
        _ => params.parallel.unwrap_or(1).max(1),
    };
    let share = params.ctx_size.map(|size| size / sharers);
    if let (Some(size), Some(share), Some(trained)) =
        (params.ctx_size, share, limits.training_context)
        && share > trained
    {
        warnings.push(warning(
            "ctxSize",
            format!("`ctxSize` is {size}, but the model was trained for {trained} tokens"),
            format!("Beyond {trained} tokens answers may lose sense."),
        ));
    }
    for (name, threads) in [
        ("threads", params.threads),
        ("threadsBatch", params.threads_batch),
    ] {
        if let (Some(threads), Some(cores)) = (threads, limits.cores)
            && threads > cores
        {
            warnings.push(warning(
                name,
                format!("`{name}` is {threads}, but this machine has {cores} processors"),
                format!("Try {cores} or fewer."),
            ));
        }
    }
    if let (Some(layers), Some(blocks)) = (params.n_cpu_moe, limits.block_count)
        && layers > blocks
    {
        warnings.push(warning(
            "nCpuMoe",
            format!("`nCpuMoe` is {layers}, but the model has {blocks} layers"),
            "`cpuMoe` says the same.".into(),
        ));
    }
    // The output layer counts as one more.
    if let (Some(GpuLayers::Count(layers)), Some(blocks)) =
        (params.n_gpu_layers, limits.block_count)
        && layers > blocks.saturating_add(1)
    {
        warnings.push(warning(
            "nGpuLayers",
            format!("`nGpuLayers` is {layers}, but the model has {blocks} layers"),
            "`all` says the same.".into(),
        ));
    }
    if params.rpc.is_some() {
        warnings.push(warning(
            "rpc",
            "`rpc` goes over the network without password and encryption".into(),
            "Use it in a trusted network only. A server that cannot be reached is left out by the engine without a word: see \
             in the log which devices it took."
                .into(),
        ));
    }
    let unwise = WARNINGS.iter().filter(|rule| (rule.broken)(params, None));
    warnings.extend(unwise.map(|rule| {
        warning(
            rule.params.first().copied().unwrap_or_default(),
            rule.reason.into(),
            rule.hint.into(),
        )
    }));
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::FlashAttn;
    use crate::words::CacheType;

    const LIMITS: Limits = Limits {
        training_context: Some(32_768),
        block_count: Some(18),
        cores: Some(8),
    };

    fn problems(params: &LoadParams) -> Vec<(Severity, String)> {
        validate(params, &LIMITS)
            .into_iter()
            .map(|problem| (problem.severity, problem.message))
            .collect()
    }

    #[test]
    fn errors_name_parameter_value_and_range() {
        let params = LoadParams {
            parallel: Some(300),
            batch_size: Some(0),
            seed: Some(-2),
            ctx_size: Some(u32::MAX),
            ..LoadParams::default()
        };
        let errors: Vec<_> = problems(&params)
            .into_iter()
            .filter(|(severity, _)| *severity == Severity::Error)
            .map(|(_, text)| text)
            .collect();
        assert_eq!(
            errors,
            [
                "`ctxSize` cannot be `4294967295`: it takes a whole number from 0 to 2147483647",
                "`batchSize` cannot be `0`: it takes a whole number from 4 to 2147483647",
                "`parallel` cannot be `300`: it takes a whole number from 1 to 256",
                "`seed` cannot be `-2`: it takes a whole number from -1 to 4294967295",
            ]
        );
    }

    #[test]
    fn more_than_the_model_or_machine_has_is_a_warning() {
        let params = LoadParams {
            ctx_size: Some(40_000),
            threads: Some(9),
            n_gpu_layers: Some(GpuLayers::Count(99)),
            ..LoadParams::default()
        };
        assert_eq!(
            problems(&params),
            [
                (
                    Severity::Warning,
                    "`ctxSize` is 40000, but the model was trained for 32768 tokens".into()
                ),
                (
                    Severity::Warning,
                    "`threads` is 9, but this machine has 8 processors".into()
                ),
                (
                    Severity::Warning,
                    "`nGpuLayers` is 99, but the model has 18 layers".into()
                ),
            ]
        );
        assert!(
            validate(&params, &Limits::default()).is_empty(),
            "what is not known is no limit"
        );
    }

    #[test]
    fn up_to_the_limit_is_fine() {
        let params = LoadParams {
            ctx_size: Some(65_536),
            parallel: Some(2),
            threads: Some(8),
            n_gpu_layers: Some(GpuLayers::Count(19)),
            ..LoadParams::default()
        };
        assert_eq!(problems(&params), []);
    }

    #[test]
    fn a_conflict_in_every_dialect_needs_no_engine() {
        let mut params = LoadParams {
            cache_type_v: Some(CacheType::Q8_0),
            flash_attn: Some(FlashAttn::Off),
            ..LoadParams::default()
        };
        let found = validate(&params, &LIMITS);
        assert_eq!(
            found.first().map(|problem| problem.message.as_str()),
            Some("a quantized `cacheTypeV` needs flash attention")
        );
        assert_eq!(
            found.first().and_then(|problem| problem.hint.as_deref()),
            Some("Set `flashAttn` to true, or `cacheTypeV` to f16.")
        );
        params.flash_attn = None;
        assert_eq!(problems(&params), []);
    }

    #[test]
    fn owned_variables_are_refused() {
        let mut params = LoadParams::default();
        for name in ["LLAMA_ARG_CTX_SIZE", "LLAMA_API_KEY", "PADDOCK_HOME"] {
            params.env = Some(indexmap::IndexMap::from([(name.into(), "1".into())]));
            let found = validate(&params, &LIMITS);
            assert_eq!(
                found.first().map(|problem| problem.param.as_str()),
                Some(name)
            );
        }
        params.env = Some(indexmap::IndexMap::from([(
            "GGML_VK_VISIBLE_DEVICES".into(),
            "0".into(),
        )]));
        assert_eq!(problems(&params), []);
    }

    #[test]
    fn owned_flags_are_found_early() {
        let mut params = LoadParams::default();
        params.extra.insert("--port".into(), Some("1".into()));
        assert_eq!(
            validate(&params, &LIMITS)
                .first()
                .map(|problem| problem.param.as_str()),
            Some("--port")
        );
        params.extra.insert("--port".into(), Some(String::new()));
        assert_eq!(problems(&params), []);
    }
}
