//! Reading and writing a parameter by its name.
//!
//! This is what the command line and text fields use. A parameter answers to its name (`ctxSize`) and to its flag on Paddock's
//! command line, with or without dashes.

use indexmap::IndexMap;
use serde_json::Value;

use crate::{
    error::Error, extra, kind::Kind, params::LoadParams, spec::ParamSpec, suggest, table::TABLE,
    values::ParamValue,
};

/// The row for a name (`ctxSize`) or a flag of Paddock's command line (`--ctx-size`, `ctx-size`).
#[must_use]
pub fn find(name_or_flag: &str) -> Option<&'static ParamSpec> {
    TABLE
        .iter()
        .find(|spec| [spec.name, spec.cli_flag, spec.long()].contains(&name_or_flag))
}

/// Sets a parameter from text; the empty string makes it absent.
///
/// # Errors
/// [`Error::UnknownParameter`] and [`Error::InvalidValue`]; then nothing is changed.
pub fn set(params: &mut LoadParams, name_or_flag: &str, text: &str) -> Result<(), Error> {
    let spec = find(name_or_flag).ok_or_else(|| unknown(name_or_flag))?;
    let value = match text.trim() {
        "" => None,
        text => Some(spec.kind.parse(text).ok_or_else(|| invalid(spec, text))?),
    };
    (spec.put)(params, value);
    Ok(())
}

/// As [`set`], but what takes several values keeps those that it has: for a flag that is given again and again.
///
/// One word after the flag is one variable or any number of list items; a path with a comma stands in quotes.
///
/// # Errors
/// As [`set`].
pub fn add(params: &mut LoadParams, name_or_flag: &str, text: &str) -> Result<(), Error> {
    let spec = find(name_or_flag).ok_or_else(|| unknown(name_or_flag))?;
    let earlier = (spec.get)(params).filter(|_| spec.kind.is_repeatable());
    let assignment = match (spec.kind, text.split_once('=')) {
        // The shell has taken the quotes away already.
        (Kind::Map, Some((name, value))) => Some((name.trim().to_owned(), value.to_owned())),
        _ => None,
    };
    match assignment {
        Some((name, value)) => {
            let one = ParamValue::Map(IndexMap::from([(name, value)]));
            if !spec.kind.allows(&one) {
                return Err(invalid(spec, text));
            }
            (spec.put)(params, Some(one));
        }
        None => set(params, name_or_flag, text)?,
    }
    let value = match (earlier, (spec.get)(params)) {
        (Some(ParamValue::List(mut items)), Some(ParamValue::List(more))) => {
            items.extend(more);
            ParamValue::List(items)
        }
        (Some(ParamValue::Map(mut map)), Some(ParamValue::Map(more))) => {
            map.extend(more);
            ParamValue::Map(map)
        }
        _ => return Ok(()),
    };
    (spec.put)(params, Some(value));
    Ok(())
}

/// A parameter as text, as [`set`] reads it; for an extra flag its value, and for a bare one the empty string.
///
/// `None` where it is absent or there is none of the name.
#[must_use]
pub fn get(params: &LoadParams, name_or_flag: &str) -> Option<String> {
    match find(name_or_flag) {
        Some(spec) => (spec.get)(params).map(|value| value.to_string()),
        None => params
            .extra
            .get(&extra::normalized(name_or_flag))
            .map(|value| value.clone().unwrap_or_default()),
    }
}

/// Sets a parameter from JSON, under its exact name; `null` and the empty string make it absent.
pub(crate) fn set_json(params: &mut LoadParams, name: &str, json: &Value) -> Result<(), Error> {
    let spec = TABLE
        .iter()
        .find(|spec| spec.name == name)
        .ok_or_else(|| unknown(name))?;
    let value = match json {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        json => Some(spec.kind.from_json(json).ok_or_else(|| {
            // A string without its quotes, everything else as JSON writes it.
            let text = json
                .as_str()
                .map_or_else(|| json.to_string(), str::to_owned);
            invalid(spec, &text)
        })?),
    };
    (spec.put)(params, value);
    Ok(())
}

pub(crate) fn invalid(spec: &ParamSpec, value: &str) -> Error {
    Error::InvalidValue {
        param: spec.name.into(),
        value: value.into(),
        expected: spec.kind.expected(),
    }
}

fn unknown(name: &str) -> Error {
    // Someone who writes a flag is answered with a flag.
    let known = TABLE.iter().map(|spec| {
        if name.starts_with('-') {
            spec.cli_flag
        } else {
            spec.name
        }
    });
    Error::UnknownParameter {
        name: name.into(),
        suggestion: suggest::nearest(name, known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_parameter_answers_to_name_and_flag() {
        for spec in TABLE {
            for name in [spec.name, spec.cli_flag, spec.long()] {
                assert_eq!(find(name).map(|found| found.name), Some(spec.name));
            }
        }
        assert!(find("").is_none());
    }

    #[test]
    fn what_takes_several_values_takes_them_one_by_one() {
        let mut params = LoadParams::default();
        for (flag, text) in [
            ("--lora", "/a.gguf"),
            ("--lora", "/b.gguf:0.5,/c.gguf"),
            ("--env", "A=two words"),
            ("--env", "B=x=1"),
            ("--threads", "2"),
            ("--threads", "3"),
        ] {
            add(&mut params, flag, text).unwrap();
        }
        assert_eq!(
            serde_json::to_value(&params).unwrap(),
            serde_json::json!({
                "threads": 3, "lora": ["/a.gguf", "/b.gguf:0.5", "/c.gguf"], "env": { "A": "two words", "B": "x=1" },
            })
        );
        add(&mut params, "--lora", "").unwrap();
        assert_eq!(params.lora, None);
        assert!(add(&mut params, "--env", "9=1").is_err());
        assert!(add(&mut params, "--env", "nothing").is_err());
    }

    #[test]
    fn empty_is_absent() {
        let mut params = LoadParams::default();
        set(&mut params, "--ctx-size", "4096").unwrap();
        assert_eq!(params.ctx_size, Some(4096));
        set(&mut params, "ctxSize", " ").unwrap();
        assert!(params.is_empty());
    }

    #[test]
    fn a_refusal_changes_nothing() {
        let mut params = LoadParams {
            mlock: Some(true),
            ..LoadParams::default()
        };
        let before = params.clone();
        let error = set(&mut params, "mlock", "1").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`mlock` cannot be `1`: it takes `true` or `false`"
        );
        let error = set(&mut params, "--ctx-sise", "1").unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("Did you mean `--ctx-size`?"));
        assert_eq!(params, before);
    }

    #[test]
    fn every_sample_round_trips() {
        for spec in TABLE {
            for value in spec.kind.samples() {
                let mut params = LoadParams::default();
                set(&mut params, spec.cli_flag, &value.to_string()).unwrap();
                assert_eq!(get(&params, spec.name), Some(value.to_string()));
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_or_refused(row in 0..TABLE.len(), text in "-?[0-9]{0,12}|[a-z0-9_]{0,6}|.{0,8}") {
            let spec = &TABLE[row];
            let mut params = LoadParams::default();
            if set(&mut params, spec.name, &text).is_ok() {
                let first = get(&params, spec.name);
                let mut again = LoadParams::default();
                set(&mut again, spec.name, &first.clone().unwrap_or_default()).unwrap();
                prop_assert_eq!(first.is_none(), text.trim().is_empty());
                prop_assert_eq!(again, params);
            }
        }
    }
}
