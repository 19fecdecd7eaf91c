//! Engine flags that the table does not know.
//!
//! Any flag of the installed engine can be passed, checked against its own list before anything is spawned, except those that
//! are Paddock's own (`owned.rs`).
//!
//! A flag that is the table's own becomes the typed parameter, so that overrides and translation work for it too.
//! Left out: giving one flag several times. Engines that can repeat a flag take a comma-separated list instead.

use indexmap::IndexMap;
use serde_json::Value;

use crate::{
    access::invalid,
    error::Error,
    flags::{EngineFlags, Flag},
    kind::Kind,
    owned::{owned_by_any_name, owned_reason},
    params::{EXTRA, LoadParams},
    spec::ParamSpec,
    spelling::Piece,
    suggest,
    table::TABLE,
};

/// Sets an engine flag from `FLAG=VALUE`, or `FLAG` for a switch; the leading dashes may be left out.
///
/// `FLAG=` takes a flag away that lies below. A flag of the table sets the typed parameter: `ctx-size=8192` is `ctxSize`, and
/// `no-mmap` is `mmap` false. Whether the engine has the flag is known only to [`argv`](crate::argv()).
///
/// # Errors
/// [`Error::OwnedFlag`], and [`Error::InvalidValue`] for what is no flag or not the typed parameter's value.
pub fn set_flag(params: &mut LoadParams, assignment: &str) -> Result<(), Error> {
    let (flag, value) = match assignment.split_once('=') {
        Some((flag, value)) => (flag, Some(value)),
        None => (assignment, None),
    };
    let flag = normalized(flag);
    check(&flag, value)?;
    if let Some((spec, on)) = typed(&flag) {
        let text = match value {
            None if !matches!(spec.kind, Kind::Bool | Kind::OnOffAuto) => {
                return Err(needs_value(&flag, spec.kind.value_name()));
            }
            None => {
                if on {
                    "true"
                } else {
                    "false"
                }
            }
            // `no-mmap=true` is `mmap=false`.
            Some("true") if !on => "false",
            Some("false") if !on => "true",
            Some(value) => value,
        };
        let value = if text.trim().is_empty() {
            None
        } else {
            Some(spec.kind.parse(text).ok_or_else(|| invalid(spec, text))?)
        };
        (spec.put)(params, value);
        return Ok(());
    }
    params.extra.insert(flag, value.map(str::to_owned));
    Ok(())
}

/// The flag as it is passed: `ctx_size` becomes `--ctx-size`, as the engine itself would read it.
pub(crate) fn normalized(flag: &str) -> String {
    let flag = flag.trim();
    match flag.strip_prefix('-') {
        Some(rest) if !rest.starts_with('-') => flag.to_owned(),
        Some(rest) => format!("-{}", rest.replace('_', "-")),
        None => format!("--{}", flag.replace('_', "-")),
    }
}

/// The table's row for an engine flag that takes the row's very value, and whether it says yes or no.
pub(crate) fn typed(flag: &str) -> Option<(&'static ParamSpec, bool)> {
    let row = |flag: &str| TABLE.iter().find(|spec| spec.engine_flags.contains(&flag));
    row(flag).map(|spec| (spec, true)).or_else(|| {
        let off = |spec: &&ParamSpec| spec.off_flags.contains(&flag);
        TABLE.iter().find(off).map(|spec| (spec, false))
    })
}

/// What is wrong with a flag whatever the engine is.
pub(crate) fn check(flag: &str, value: Option<&str>) -> Result<(), Error> {
    if let Some(reason) = owned_reason(flag) {
        return Err(Error::OwnedFlag {
            flag: flag.into(),
            reason,
        });
    }
    let name = flag.trim_start_matches('-');
    if name.is_empty()
        || flag.contains(|letter: char| letter.is_whitespace() || letter.is_control())
    {
        return Err(Error::InvalidValue {
            param: EXTRA.into(),
            value: flag.into(),
            expected: "engine flags such as `--cache-reuse`".into(),
        });
    }
    if value.is_some_and(|value| value.contains('\0')) {
        return Err(Error::FlagValue {
            flag: flag.into(),
            problem: "cannot have a null character in its value".into(),
        });
    }
    Ok(())
}

/// How one extra flag is passed to this engine; nothing where its value is empty.
///
/// # Errors
/// [`Error::UnknownFlag`] and [`Error::Unsupported`] where the engine lacks it, the others where it is misused.
pub(crate) fn piece(
    flag: &str,
    value: Option<&str>,
    flags: &EngineFlags,
) -> Result<Option<Piece>, Error> {
    if value.is_some_and(|value| value.trim().is_empty()) {
        return Ok(None);
    }
    check(flag, value)?;
    let Some(entry) = flags.get(flag) else {
        let known = flags
            .iter()
            .filter(|flag| flag.is_usable())
            .flat_map(|flag| &flag.names)
            .map(String::as_str);
        return Err(Error::UnknownFlag {
            flag: flag.into(),
            suggestion: suggest::nearest(flag, known),
        });
    };
    if let Some(reason) = owned_by_any_name(entry) {
        return Err(Error::OwnedFlag {
            flag: flag.into(),
            reason,
        });
    }
    if !entry.is_usable() {
        let reason = format!("this engine says of `{flag}`: {}", entry.help);
        return Err(Error::Unsupported {
            param: flag.into(),
            flag: flag.into(),
            reason,
        });
    }
    match (&entry.value_hint, value) {
        (None, value) => switch(flag, value, entry).map(Some),
        (Some(hint), None) => Err(needs_value(flag, hint)),
        (Some(hint), Some(value)) => valued(flag, value, entry, hint).map(Some),
    }
}

fn switch(flag: &str, value: Option<&str>, entry: &Flag) -> Result<Piece, Error> {
    let problem = match value {
        None | Some("true") => return Ok(Piece::switch(flag)),
        Some("false") => match entry.opposite(flag) {
            Some(opposite) => return Ok(Piece::switch(opposite)),
            None => "is off unless it is given: leave it out".to_owned(),
        },
        Some(value) => format!("is a switch and takes no value such as `{value}`"),
    };
    Err(Error::FlagValue {
        flag: flag.into(),
        problem,
    })
}

fn valued(flag: &str, value: &str, entry: &Flag, hint: &str) -> Result<Piece, Error> {
    let refused = |problem| {
        Err(Error::FlagValue {
            flag: flag.into(),
            problem,
        })
    };
    if entry.choices_complete && !entry.lists(value) {
        return refused(format!(
            "takes one of {}, not `{value}`",
            entry.choices.join(", ")
        ));
    }
    let count = entry.value_count();
    if count == 1 {
        return Ok(Piece::valued(flag, value));
    }
    // From the right: in `FNAME SCALE` it is the file name that may have spaces.
    let mut values: Vec<String> = value
        .trim()
        .rsplitn(count, char::is_whitespace)
        .map(|word| word.trim().to_owned())
        .collect();
    values.reverse();
    if values.len() != count || values.iter().any(String::is_empty) {
        return refused(format!("takes {count} values: {hint}"));
    }
    Ok(Piece {
        flag: flag.into(),
        values,
    })
}

fn needs_value(flag: &str, hint: &str) -> Error {
    Error::FlagValue {
        flag: flag.into(),
        problem: format!("needs a value: {hint}"),
    }
}

/// Reads `extraArgs` from JSON: an object of flags, each with text, a number, `null` or `true` for a bare switch.
pub(crate) fn read_json(
    extra: &mut IndexMap<String, Option<String>>,
    json: Value,
) -> Result<(), Error> {
    let invalid = |value: &Value| Error::InvalidValue {
        param: EXTRA.into(),
        value: value.to_string(),
        expected:
            "an object of engine flags and their values, such as {\"--cache-reuse\": \"256\"}"
                .into(),
    };
    let map = match json {
        Value::Null => return Ok(()),
        Value::Object(map) => map,
        other => return Err(invalid(&other)),
    };
    for (flag, value) in map {
        let value = match value {
            Value::Null | Value::Bool(true) => None,
            Value::Bool(false) => Some("false".to_owned()),
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            other => return Err(invalid(&other)),
        };
        extra.insert(normalized(&flag), value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{B4575, B11434, engine};

    fn passed(flag: &str, value: Option<&str>, help: &str) -> Result<Vec<String>, String> {
        let piece = piece(flag, value, &engine(help)).map_err(|error| error.with_hint())?;
        Ok(piece.map(Piece::into_args).unwrap_or_default())
    }

    #[test]
    fn flags_are_written_as_the_engine_reads_them() {
        for (given, expected) in [
            ("ctx_size", "--ctx-size"),
            ("--no_mmap", "--no-mmap"),
            (" -ngl ", "-ngl"),
            ("-a_b", "-a_b"),
            ("", "--"),
        ] {
            assert_eq!(normalized(given), expected);
        }
    }

    #[test]
    fn a_flag_of_the_table_becomes_the_parameter() {
        let mut params = LoadParams::default();
        for assignment in [
            "ctx-size=8192",
            "-ngl=all",
            "--mlock",
            "no-mmap",
            "flash_attn=on",
            "cache-reuse=256",
            "--metrics",
        ] {
            set_flag(&mut params, assignment).unwrap();
        }
        let json = serde_json::to_value(&params).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "ctxSize": 8192, "nGpuLayers": "all", "flashAttn": true, "mlock": true, "mmap": false,
                "extraArgs": { "--cache-reuse": "256", "--metrics": null },
            })
        );
        set_flag(&mut params, "no-mmap=false").unwrap();
        assert_eq!(params.mmap, Some(true));
        set_flag(&mut params, "--ctx-size=").unwrap();
        assert_eq!(params.ctx_size, None);
        assert_eq!(
            set_flag(&mut params, "ctx-size").unwrap_err().to_string(),
            "`--ctx-size` needs a value: N"
        );
        assert_eq!(
            set_flag(&mut params, "threads=many").unwrap_err().param(),
            "threads"
        );
        assert_eq!(
            set_flag(&mut params, "=5").unwrap_err().code(),
            "invalid_parameter"
        );
        // The budget takes more than on and off: it stays an extra flag.
        set_flag(&mut params, "reasoning-budget=512").unwrap();
        assert_eq!(params.enable_thinking, None);
    }

    #[test]
    fn an_owned_flag_is_refused_by_any_spelling_that_this_engine_has() {
        let flags = EngineFlags::parse("-m,    --model, --weights FNAME         the file\n");
        let error = piece("--weights", Some("x"), &flags).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`--weights` cannot be set by hand: Paddock chooses the model's file"
        );
    }

    #[test]
    fn an_unknown_flag_is_refused_with_the_nearest() {
        assert_eq!(
            passed("--cache-reus", Some("1"), B11434).unwrap_err(),
            "this engine has no flag `--cache-reus`. Did you mean `--cache-reuse`?"
        );
        assert_eq!(
            passed("--frobnicate", None, B11434).unwrap_err(),
            "this engine has no flag `--frobnicate`. Check its spelling; `paddock engine show NAME --json` lists the flags of \
             an engine."
        );
        // A removed flag is no suggestion, and its own refusal repeats the engine's advice.
        assert!(
            !passed("--draft-mix", Some("1"), B11434)
                .unwrap_err()
                .contains("--draft-max")
        );
        assert!(
            passed("--draft-max", Some("8"), B11434)
                .unwrap_err()
                .contains("the argument has been removed. see --spec-draft-n-max")
        );
        assert_eq!(
            passed("--draft-max", Some("8"), B4575),
            Ok(vec!["--draft-max".into(), "8".into()])
        );
    }

    #[test]
    fn switches_take_no_value_and_values_are_not_eaten() {
        assert_eq!(
            passed("--metrics", None, B4575),
            Ok(vec!["--metrics".into()])
        );
        assert_eq!(
            passed("--metrics", Some("true"), B4575),
            Ok(vec!["--metrics".into()])
        );
        assert_eq!(passed("--metrics", Some(""), B4575), Ok(vec![]));
        assert_eq!(
            passed("--metrics", Some("false"), B4575).unwrap_err(),
            "`--metrics` is off unless it is given: leave it out"
        );
        assert_eq!(
            passed("--metrics", Some("9"), B4575).unwrap_err(),
            "`--metrics` is a switch and takes no value such as `9`"
        );
        assert_eq!(
            passed("--jinja", Some("false"), B11434),
            Ok(vec!["--no-jinja".into()])
        );
        // Bare in the old engine, and in the new one it would take the next flag for its value.
        assert_eq!(
            passed("--flash-attn", None, B4575),
            Ok(vec!["--flash-attn".into()])
        );
        assert_eq!(
            passed("--flash-attn", None, B11434).unwrap_err(),
            "`--flash-attn` needs a value: [on|off|auto]"
        );
        assert_eq!(
            passed("--flash-attn", Some("maybe"), B11434).unwrap_err(),
            "`--flash-attn` takes one of on, off, auto, not `maybe`"
        );
    }

    #[test]
    fn two_values_become_two_arguments() {
        let expected = ["--control-vector-layer-range", "2", "9"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(
            passed("--control-vector-layer-range", Some("2  9"), B4575),
            Ok(expected)
        );
        assert_eq!(
            passed("--control-vector-layer-range", Some("2"), B4575).unwrap_err(),
            "`--control-vector-layer-range` takes 2 values: START END"
        );
    }
}
