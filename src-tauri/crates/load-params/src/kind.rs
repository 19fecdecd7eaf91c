//! What a parameter's value may be, and reading one from text or JSON.
//!
//! A value that came out of here is of the right type and within its range; the table's accessors rely on that.

use indexmap::IndexMap;
use serde_json::Value;

use crate::{
    item::Item,
    list_text,
    values::{ParamValue, Real},
};

/// The type and range of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number within `min..=max`, or one of the words.
    Integer {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
        /// Words taken in a number's place, such as `auto`.
        words: &'static [&'static str],
    },
    /// Any number within `min..=max`.
    Number {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// `true` or `false`.
    Bool,
    /// `true`, `false` or `auto`; the engine's own `on` and `off` are understood too.
    OnOffAuto,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A file's path, or one of the words.
    Path {
        /// What it may be, to end a sentence with "it takes …".
        what: &'static str,
        /// Words taken in a path's place, such as `none`.
        words: &'static [&'static str],
    },
    /// Any text, of several lines too.
    Text {
        /// What it may be, to end a sentence with "it takes …".
        what: &'static str,
    },
    /// Several of these, in order.
    List(Item),
    /// Several numbers from 0, in order.
    Numbers,
    /// Names with their values, as an environment has them.
    Map,
}

impl Kind {
    /// Reads a value as the command line and text fields write it. `None` where it is none, or out of range.
    ///
    /// The empty string is the caller's: it means "absent", for every kind.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<ParamValue> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let value = match self {
            Kind::Integer { words, .. } => match word(words, &lower) {
                Some(word) => word,
                None => ParamValue::Integer(lower.parse().ok()?),
            },
            Kind::Number { .. } => ParamValue::Number(number(text)?),
            // llama-server's own words are taken beside ours: people type `--fit off`.
            Kind::Bool | Kind::OnOffAuto => match lower.as_str() {
                "true" | "on" => ParamValue::Bool(true),
                "false" | "off" => ParamValue::Bool(false),
                "auto" => ParamValue::Word("auto"),
                _ => return None,
            },
            Kind::Choice(words) => word(words, &lower)?,
            Kind::Path { .. } | Kind::Text { .. } => ParamValue::Text(text.to_owned()),
            Kind::List(_) => ParamValue::List(list_text::split(text)),
            Kind::Numbers => ParamValue::Numbers(
                text.split([',', '/'])
                    .map(|item| number(item.trim()))
                    .collect::<Option<_>>()?,
            ),
            Kind::Map => ParamValue::Map(list_text::split_pairs(text)?),
        };
        self.allows(&value).then_some(value)
    }

    /// Reads a value from JSON: a number, a boolean, an array, an object, or a string that is read as [`Kind::parse`] does.
    #[must_use]
    pub fn from_json(&self, json: &Value) -> Option<ParamValue> {
        let value = match (self, json) {
            (_, Value::String(text)) => return self.parse(text),
            (_, Value::Bool(flag)) => ParamValue::Bool(*flag),
            (Kind::Number { .. }, Value::Number(number)) => {
                ParamValue::Number(Real::new(number.as_f64()?)?)
            }
            (Kind::Numbers, Value::Array(items)) => ParamValue::Numbers(
                items
                    .iter()
                    .map(|item| item.as_f64().and_then(Real::new))
                    .collect::<Option<_>>()?,
            ),
            (Kind::List(item), Value::Array(items)) => ParamValue::List(
                items
                    .iter()
                    .map(|json| item.read_json(json))
                    .collect::<Option<_>>()?,
            ),
            (Kind::Map, Value::Object(members)) => ParamValue::Map(
                members
                    .iter()
                    .map(|(name, value)| Some((name.clone(), text_of(value)?)))
                    .collect::<Option<IndexMap<_, _>>>()?,
            ),
            (_, Value::Number(number)) => ParamValue::Integer(number.as_i64()?),
            _ => return None,
        };
        self.allows(&value).then_some(value)
    }

    /// Whether a value is of this type and within the range.
    #[must_use]
    #[allow(
        clippy::cast_precision_loss,
        reason = "the table's bounds are small enough to be exact"
    )]
    pub fn allows(&self, value: &ParamValue) -> bool {
        match (self, value) {
            (Kind::Integer { min, max, .. }, ParamValue::Integer(number)) => {
                (*min..=*max).contains(number)
            }
            (Kind::Integer { words, .. } | Kind::Choice(words), ParamValue::Word(word)) => {
                words.contains(word)
            }
            (Kind::Number { min, max }, ParamValue::Number(number)) => {
                (*min as f64..=*max as f64).contains(&number.get())
            }
            (Kind::Bool | Kind::OnOffAuto, ParamValue::Bool(_)) => true,
            (Kind::OnOffAuto, ParamValue::Word(word)) => *word == "auto",
            (Kind::Path { .. } | Kind::Text { .. }, ParamValue::Text(text)) => {
                // A path that reads like a flag would be mistaken for one.
                let is_flag = matches!(self, Kind::Path { .. }) && text.starts_with('-');
                !text.trim().is_empty() && text.trim() == text && !text.contains('\0') && !is_flag
            }
            (Kind::List(item), ParamValue::List(items)) => {
                !items.is_empty() && items.iter().all(|text| item.allows(text))
            }
            (Kind::Numbers, ParamValue::Numbers(numbers)) => {
                // The engine has room for 16 devices.
                (1..=16).contains(&numbers.len()) && numbers.iter().all(|one| one.get() >= 0.0)
            }
            (Kind::Map, ParamValue::Map(map)) => {
                !map.is_empty()
                    && map
                        .iter()
                        .all(|(name, value)| is_variable(name) && !value.contains('\0'))
            }
            _ => false,
        }
    }

    /// What is allowed, in words, to end a sentence with "it takes …".
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Kind::Integer { min, max, words } => {
                let mut text = format!("a whole number from {min} to {max}");
                for word in *words {
                    text.push_str(&format!(", or `{word}`"));
                }
                text
            }
            Kind::Number { min, max } => format!("a number from {min} to {max}"),
            Kind::Bool => "`true` or `false`".into(),
            Kind::OnOffAuto => "`true`, `false` or `auto`".into(),
            Kind::Choice(words) => format!("one of {}", words.join(", ")),
            Kind::Path { what, words } => {
                let words: String = words.iter().map(|word| format!(", or `{word}`")).collect();
                format!("{what}{words}")
            }
            Kind::Text { what } => (*what).into(),
            Kind::List(item) => item.expected().into(),
            Kind::Numbers => "up to 16 numbers from 0, such as `3,1`".into(),
            Kind::Map => "variables and their values, such as `NAME=VALUE`".into(),
        }
    }

    /// The placeholder of the value in a usage line.
    #[must_use]
    pub fn value_name(&self) -> &'static str {
        match self {
            Kind::Integer { .. } => "N",
            Kind::Number { .. } => "NUMBER",
            Kind::Bool | Kind::OnOffAuto => "BOOL",
            Kind::Choice(_) => "TYPE",
            Kind::Path { .. } => "FILE",
            Kind::Text { .. } => "TEXT",
            Kind::List(item) => item.value_name(),
            Kind::Numbers => "N,N",
            Kind::Map => "NAME=VALUE",
        }
    }

    /// The words it takes, for completion and selection; elsewhere only those taken in a number's or path's place.
    #[must_use]
    pub fn words(&self) -> &'static [&'static str] {
        match self {
            Kind::Integer { words, .. } | Kind::Choice(words) | Kind::Path { words, .. } => words,
            Kind::Bool => &["true", "false"],
            Kind::OnOffAuto => &["true", "false", "auto"],
            Kind::Number { .. } | Kind::Text { .. } | Kind::List(_) | Kind::Numbers | Kind::Map => {
                &[]
            }
        }
    }

    /// Whether a command line may give it several times, each adding to it.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        matches!(self, Kind::List(_) | Kind::Map)
    }

    /// Values that stand for all: both ends of a range, and every word.
    pub(crate) fn samples(&self) -> Vec<ParamValue> {
        let others = match self {
            Kind::Integer { min, max, .. } => {
                vec![ParamValue::Integer(*min), ParamValue::Integer(*max)]
            }
            Kind::Number { min, .. } => {
                return [format!("{min}"), "0.5".into(), "1000000".into()]
                    .iter()
                    .filter_map(|text| self.parse(text))
                    .collect();
            }
            Kind::Path { .. } => vec![ParamValue::Text("/models/with space, comma.gguf".into())],
            Kind::Text { .. } => vec![
                ParamValue::Text("chatml".into()),
                ParamValue::Text("/templates/mine.jinja".into()),
                ParamValue::Text("{% for m in messages %}\n{{ m.content }}{% endfor %}".into()),
            ],
            Kind::List(item) => item.samples().into_iter().map(ParamValue::List).collect(),
            Kind::Numbers => vec!["3,1", "1", "0,0.5,2"]
                .into_iter()
                .filter_map(|text| self.parse(text))
                .collect(),
            Kind::Map => vec!["GGML_VK_VISIBLE_DEVICES=0", "A='two words' B=2"]
                .into_iter()
                .filter_map(|text| self.parse(text))
                .collect(),
            Kind::Bool | Kind::OnOffAuto | Kind::Choice(_) => Vec::new(),
        };
        others
            .into_iter()
            .chain(self.words().iter().filter_map(|word| self.parse(word)))
            .collect()
    }

    /// What `--help` names as the default, in this parameter's own words; `None` where it does not fit.
    pub(crate) fn placeholder(&self, engine_default: &str) -> Option<String> {
        let parsed = match (self, engine_default) {
            // Also "same as --threads" and "-1": the engine's own words, out of our range, say more than nothing.
            (Kind::Integer { .. } | Kind::Number { .. }, text) => return Some(text.to_owned()),
            (_, "enabled") => self.parse("true"),
            (_, "disabled") => self.parse("false"),
            (Kind::Bool, "on") => self.parse("true"),
            (Kind::Bool, "off") => self.parse("false"),
            // "enabled if number of slots is auto", "template taken from model's metadata".
            (Kind::Bool | Kind::Text { .. }, text) if text.contains(' ') => {
                return Some(text.to_owned());
            }
            // "unused", "none": nothing is the default.
            (Kind::Path { .. } | Kind::Text { .. } | Kind::List(_) | Kind::Map, _) => None,
            (_, text) => self.parse(text),
        };
        parsed.map(|value| value.to_string())
    }
}

fn word(words: &[&'static str], text: &str) -> Option<ParamValue> {
    words
        .iter()
        .find(|word| **word == text)
        .map(|word| ParamValue::Word(word))
}

fn number(text: &str) -> Option<Real> {
    // Rust reads "infinity" and "nan" too; those are no numbers here.
    text.parse().ok().and_then(Real::new)
}

/// A scalar as text.
fn text_of(json: &Value) -> Option<String> {
    match json {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// A name that every platform's environment takes.
pub(crate) fn is_variable(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LAYERS: Kind = Kind::Integer {
        min: 0,
        max: 999,
        words: &["auto", "all"],
    };
    const FILE: Kind = Kind::Path {
        what: "a file",
        words: &["none"],
    };

    #[test]
    fn reads_text() {
        assert_eq!(LAYERS.parse(" 12 "), Some(ParamValue::Integer(12)));
        assert_eq!(LAYERS.parse("All"), Some(ParamValue::Word("all")));
        for bad in ["", "-1", "1000", "1.5", "some", "99999999999999999999"] {
            assert_eq!(LAYERS.parse(bad), None, "{bad}");
        }
        assert_eq!(Kind::Bool.parse("true"), Some(ParamValue::Bool(true)));
        assert_eq!(Kind::Bool.parse("yes"), None);
        assert_eq!(Kind::OnOffAuto.parse("off"), Some(ParamValue::Bool(false)));
        assert_eq!(
            Kind::Choice(&["q8_0"]).parse("Q8_0"),
            Some(ParamValue::Word("q8_0"))
        );
        assert_eq!(
            FILE.parse(" /A b.gguf "),
            Some(ParamValue::Text("/A b.gguf".into()))
        );
        assert_eq!(FILE.parse("none"), Some(ParamValue::Text("none".into())));
        assert_eq!(FILE.parse("--model"), None);
        for bad in ["", "1,,2", "-1", "inf", "nan", "a"] {
            assert_eq!(Kind::Numbers.parse(bad), None, "{bad}");
        }
        assert_eq!(Kind::Numbers.parse("3/1"), Kind::Numbers.parse("3,1"));
        assert_eq!(Kind::Map.parse("9A=1"), None);
    }

    #[test]
    fn reads_json() {
        assert_eq!(LAYERS.from_json(&json!(12)), Some(ParamValue::Integer(12)));
        assert_eq!(
            LAYERS.from_json(&json!("12")),
            Some(ParamValue::Integer(12))
        );
        for bad in [
            json!(1.5),
            json!(true),
            json!([1]),
            json!(-1),
            json!(u64::MAX),
        ] {
            assert_eq!(LAYERS.from_json(&bad), None, "{bad}");
        }
        assert_eq!(Kind::Bool.from_json(&json!(1)), None);
        assert_eq!(FILE.from_json(&json!(1)), None);
        let real = Kind::Number { min: 0, max: 9 };
        assert_eq!(real.from_json(&json!(3)), real.parse("3"));
        assert_eq!(real.from_json(&json!(9.5)), None);
        assert_eq!(
            Kind::Numbers.from_json(&json!([3, 1.5])),
            Kind::Numbers.parse("3,1.5")
        );
        assert_eq!(
            Kind::Map.from_json(&json!({"A": 1, "B": "x"})),
            Kind::Map.parse("A=1 B=x")
        );
        assert_eq!(Kind::Map.from_json(&json!({"A": [1]})), None);
    }

    #[test]
    fn defaults_in_our_words() {
        assert_eq!(
            Kind::OnOffAuto.placeholder("disabled").as_deref(),
            Some("false")
        );
        assert_eq!(Kind::OnOffAuto.placeholder("auto").as_deref(), Some("auto"));
        assert_eq!(Kind::Bool.placeholder("-1"), None);
        assert_eq!(Kind::Bool.placeholder("on").as_deref(), Some("true"));
        assert_eq!(FILE.placeholder("unused"), None);
        assert_eq!(
            LAYERS.placeholder("same as --threads").as_deref(),
            Some("same as --threads")
        );
    }

    #[test]
    fn samples_are_allowed_and_read_back() {
        for kind in [
            LAYERS,
            FILE,
            Kind::Number { min: 0, max: 9 },
            Kind::Bool,
            Kind::OnOffAuto,
            Kind::Choice(&["a", "b"]),
            Kind::Text { what: "text" },
            Kind::List(Item::Adapter),
            Kind::Numbers,
            Kind::Map,
        ] {
            assert!(!kind.samples().is_empty());
            for value in kind.samples() {
                assert!(kind.allows(&value), "{value}");
                assert_eq!(kind.parse(&value.to_string()), Some(value));
            }
        }
    }
}
