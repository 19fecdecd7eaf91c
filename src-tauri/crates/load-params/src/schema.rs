//! What a form needs to know: the table's fields as this engine takes them, and the engine's other options.
//!
//! Whether a value is supported is found by spelling it for the engine, by the same rules that make argv; so form and command
//! line cannot disagree. Left out: values, and where they come from; the core knows presets and saved parameters.

use serde::{Deserialize, Serialize};

use crate::{
    flags::{EngineFlags, Flag},
    kind::Kind,
    owned::owned_by_any_name,
    params::LoadParams,
    rules::{RULES, WARNINGS},
    spec::{Category, ParamSpec},
    spelling::{Engine, Refusal},
    table::TABLE,
    validate::Limits,
    values::ParamValue,
};

/// One parameter as a form shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldSchema {
    /// Name in JSON.
    pub name: String,
    /// Its flag on Paddock's command line, dashes included.
    pub cli_flag: String,
    /// What the form calls it.
    pub label: String,
    /// The sort of control.
    pub kind: FieldKind,
    /// Least value, for numbers.
    pub min: Option<i64>,
    /// Greatest value, for numbers.
    pub max: Option<i64>,
    /// What this model and machine have; more is taken, with a warning.
    pub recommended_max: Option<i64>,
    /// The words that this engine takes: all values of a choice or boolean, and elsewhere those taken in a value's place.
    pub choices: Vec<String>,
    /// What a number counts.
    pub unit: Option<String>,
    /// The group it belongs to.
    pub category: Category,
    /// One sentence.
    pub help: String,
    /// More.
    pub details: String,
    /// The engine's own default, to be shown where nothing is set.
    pub placeholder: Option<String>,
    /// Whether this engine can honour it.
    pub supported: bool,
    /// Why not: a clause that starts in lower case.
    pub unsupported_reason: Option<String>,
    /// Parameters that can exclude this one.
    pub conflicts: Vec<FieldConflict>,
}

/// The sort of control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FieldKind {
    /// A number, or one of `choices` in its place.
    Integer,
    /// JSON booleans, and `"auto"` where `choices` has it.
    Boolean,
    /// One of `choices`.
    Choice,
    /// A number, with a fraction or without.
    Number,
    /// A file's path, or one of `choices` in its place.
    File,
    /// Text, of several lines too.
    Text,
    /// JSON is an array of strings; as text they are comma-separated.
    List,
    /// JSON is an array of numbers; as text they are comma-separated.
    Numbers,
    /// JSON is an object of strings; as text `NAME=VALUE`, separated by spaces and quoted as for a shell.
    Variables,
}

/// A parameter that can exclude another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldConflict {
    /// The other's name.
    pub with: String,
    /// When: a sentence without a full stop.
    pub reason: String,
}

/// One flag of the engine, for "all engine options".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineOption {
    /// The flag to put into `extraArgs`.
    pub name: String,
    /// What the engine says of it.
    pub flag: Flag,
    /// The parameter to use in its place, where the table has one.
    pub parameter: Option<String>,
    /// Why it cannot be set: a clause that starts in lower case.
    pub owned_reason: Option<String>,
}

/// The table's fields, in its order, as this engine takes them.
#[must_use]
pub fn schema(flags: &EngineFlags) -> Vec<FieldSchema> {
    schema_within(flags, &Limits::default())
}

/// As [`schema`], with what this model and machine have.
#[must_use]
pub fn schema_within(flags: &EngineFlags, limits: &Limits) -> Vec<FieldSchema> {
    let engine = Engine::new(flags);
    let fields = TABLE.iter().map(|spec| field(spec, &engine));
    fields
        .map(|field| FieldSchema {
            recommended_max: recommended_max(&field.name, limits),
            ..field
        })
        .collect()
}

/// The bounds that model and machine set.
fn recommended_max(name: &str, limits: &Limits) -> Option<i64> {
    match name {
        "ctxSize" => limits.training_context,
        // The output layer counts as one more.
        "nGpuLayers" => limits.block_count.map(|blocks| blocks.saturating_add(1)),
        "nCpuMoe" => limits.block_count,
        "threads" | "threadsBatch" => limits.cores,
        _ => None,
    }
    .map(i64::from)
}

/// Every flag that this engine still takes, in the order of its help.
#[must_use]
pub fn engine_options(flags: &EngineFlags) -> Vec<EngineOption> {
    let usable = flags.iter().filter(|flag| flag.is_usable());
    usable
        .map(|flag| EngineOption {
            name: flag.long().to_owned(),
            flag: flag.clone(),
            parameter: TABLE
                .iter()
                .find(|spec| {
                    spec.engine_flags
                        .iter()
                        .chain(spec.off_flags)
                        .any(|name| flag.names.iter().any(|spelling| spelling == name))
                })
                .map(|spec| spec.name.to_owned()),
            owned_reason: owned_by_any_name(flag).map(str::to_owned),
        })
        .collect()
}

fn field(spec: &ParamSpec, engine: &Engine<'_>) -> FieldSchema {
    let tried: Vec<(ParamValue, Result<(), Refusal>)> = spec
        .kind
        .samples()
        .into_iter()
        .map(|value| {
            let result = try_value(spec, value.clone(), engine);
            (value, result)
        })
        .collect();
    // A yes-or-no of which only one half can be said is no choice, and of a file there must be more to say than "none"; of
    // others, what is left still is.
    let supported = match spec.kind {
        Kind::Bool | Kind::Path { .. } => tried.iter().all(|(_, result)| result.is_ok()),
        _ => tried.iter().any(|(_, result)| result.is_ok()),
    };
    let unsupported_reason = tried
        .iter()
        .filter(|_| !supported)
        .find_map(|(_, result)| result.as_ref().err())
        .map(|refusal| refusal.reason.clone());
    let choices = tried
        .iter()
        .filter(|(_, result)| supported && result.is_ok())
        .map(|(value, _)| value.to_string())
        .filter(|text| spec.kind.words().contains(&text.as_str()))
        .collect();
    let (kind, min, max) = match spec.kind {
        Kind::Integer { min, max, .. } => (FieldKind::Integer, Some(min), Some(max)),
        Kind::Bool | Kind::OnOffAuto => (FieldKind::Boolean, None, None),
        Kind::Choice(_) => (FieldKind::Choice, None, None),
        Kind::Number { min, max } => (FieldKind::Number, Some(min), Some(max)),
        Kind::Path { .. } => (FieldKind::File, None, None),
        Kind::Text { .. } => (FieldKind::Text, None, None),
        Kind::List(_) => (FieldKind::List, None, None),
        Kind::Numbers => (FieldKind::Numbers, None, None),
        Kind::Map => (FieldKind::Variables, None, None),
    };
    let known = spec
        .engine_flags
        .iter()
        .find_map(|name| engine.flags.usable(name));
    FieldSchema {
        name: spec.name.into(),
        cli_flag: spec.cli_flag.into(),
        label: spec.label.into(),
        kind,
        min,
        max,
        recommended_max: None,
        choices,
        unit: spec.unit.map(str::to_owned),
        category: spec.category,
        help: spec.help.into(),
        details: spec.details.into(),
        placeholder: known
            .and_then(|flag| flag.default.as_deref())
            .and_then(|default| spec.kind.placeholder(default)),
        supported,
        unsupported_reason,
        conflicts: conflicts(spec.name),
    }
}

/// Whether this value alone can be said to this engine.
fn try_value(spec: &ParamSpec, value: ParamValue, engine: &Engine<'_>) -> Result<(), Refusal> {
    let mut params = LoadParams::default();
    (spec.put)(&mut params, Some(value));
    (spec.spell)(spec, &params, engine).map(drop)
}

fn conflicts(name: &str) -> Vec<FieldConflict> {
    let with = |other: &str, reason: &str| FieldConflict {
        with: other.into(),
        reason: reason.into(),
    };
    RULES
        .iter()
        .chain(WARNINGS)
        .filter_map(|rule| match rule.params {
            [this, other] | [other, this] if this == name => Some(with(other, rule.reason)),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{B4575, B10434, B11434, engine};

    fn fields(help: &str) -> Vec<FieldSchema> {
        schema(&engine(help))
    }

    fn named<'a>(fields: &'a [FieldSchema], name: &str) -> &'a FieldSchema {
        fields.iter().find(|field| field.name == name).unwrap()
    }

    #[test]
    fn an_old_engine_offers_less_and_says_why() {
        let fields = fields(B4575);
        let thinking = named(&fields, "enableThinking");
        assert!(!thinking.supported);
        assert_eq!(
            thinking.unsupported_reason.as_deref(),
            Some("this engine has no flag `--reasoning-budget`")
        );
        let flash = named(&fields, "flashAttn");
        assert!(flash.supported);
        assert_eq!(flash.choices, ["true", "false"]);
        assert_eq!(flash.placeholder.as_deref(), Some("false"));
        assert_eq!(named(&fields, "nGpuLayers").choices, ["all"]);
        assert_eq!(
            named(&fields, "ctxSize").placeholder.as_deref(),
            Some("4096")
        );
    }

    #[test]
    fn a_new_engine_offers_all() {
        for help in [B10434, B11434] {
            let fields = fields(help);
            assert!(
                fields
                    .iter()
                    .all(|field| field.supported && field.unsupported_reason.is_none())
            );
            assert_eq!(
                named(&fields, "flashAttn").choices,
                ["true", "false", "auto"]
            );
            assert_eq!(named(&fields, "nGpuLayers").choices, ["auto", "all"]);
            assert_eq!(
                named(&fields, "nGpuLayers").placeholder.as_deref(),
                Some("auto")
            );
            assert_eq!(named(&fields, "mlock").choices, ["true", "false"]);
        }
    }

    #[test]
    fn no_engine_offers_nothing() {
        assert!(
            fields("")
                .iter()
                .filter(|field| field.name != "env")
                .all(|field| !field.supported && field.unsupported_reason.is_some()),
            "a process has an environment whatever it is"
        );
    }

    #[test]
    fn conflicts_are_told_on_both_sides() {
        let fields = fields(B11434);
        assert_eq!(
            named(&fields, "cacheTypeV")
                .conflicts
                .first()
                .map(|conflict| conflict.with.as_str()),
            Some("flashAttn")
        );
        assert_eq!(
            named(&fields, "flashAttn")
                .conflicts
                .first()
                .map(|conflict| conflict.with.as_str()),
            Some("cacheTypeV")
        );
        assert!(named(&fields, "cacheTypeK").conflicts.is_empty());
    }

    #[test]
    fn engine_options_know_the_table_and_what_is_owned() {
        let options = engine_options(&engine(B11434));
        let option = |name: &str| options.iter().find(|option| option.name == name);
        assert_eq!(
            option("--ctx-size").and_then(|option| option.parameter.as_deref()),
            Some("ctxSize")
        );
        assert!(option("--port").is_some_and(|option| option.owned_reason.is_some()));
        assert!(
            option("--cache-reuse")
                .is_some_and(|option| option.owned_reason.is_none() && option.parameter.is_none())
        );
        assert!(option("--draft").is_none(), "removed flags are not offered");
    }

    #[test]
    fn one_field_as_json() {
        insta::assert_json_snapshot!(named(&fields(B11434), "nGpuLayers"));
    }
}
