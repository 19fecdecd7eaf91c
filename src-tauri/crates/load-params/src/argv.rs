//! From parameters to the exact arguments for one engine.
//!
//! What comes out names only flags that the engine lists, each with as many values as it takes, none twice. Model, address,
//! key and alias are not here: whoever spawns the engine adds them, and nobody can set them through parameters.

use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    extra,
    flags::EngineFlags,
    params::LoadParams,
    spelling::{Engine, Piece},
    table::TABLE,
    validate,
};

/// What to do about a parameter that the engine cannot honour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsupported {
    /// Fail: someone asked for it.
    Refuse,
    /// Leave it out and say so: it was saved for another engine.
    Skip,
}

/// The arguments, and what could not be said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Argv {
    /// Flags and values, each an argument of its own.
    pub args: Vec<String>,
    /// What [`Unsupported::Skip`] left out.
    pub skipped: Vec<Skipped>,
}

/// A parameter that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// The parameter (camelCase) or extra flag.
    pub name: String,
    /// A clause that starts in lower case, such as "this engine has no flag `--mlock`".
    pub reason: String,
}

/// Translates parameters for one engine.
///
/// # Errors
/// What the engine cannot honour is [`Error::Unsupported`] or [`Error::UnknownFlag`], unless it is to be skipped. Values out of
/// range, conflicts, owned flags and misused ones are refused in either case.
pub fn argv(
    params: &LoadParams,
    flags: &EngineFlags,
    unsupported: Unsupported,
) -> Result<Argv, Error> {
    let engine = Engine::new(flags);
    if let Some(error) = validate::errors(params, Some(&engine.dialect))
        .into_iter()
        .next()
    {
        return Err(error);
    }
    let mut line = CommandLine {
        flags,
        pieces: Vec::new(),
    };
    let mut skipped = Vec::new();
    let mut refused = |name: &str, reason: String, error: Error| match unsupported {
        Unsupported::Refuse => Err(error),
        Unsupported::Skip => {
            skipped.push(Skipped {
                name: name.into(),
                reason,
            });
            Ok(())
        }
    };
    for spec in TABLE {
        match (spec.spell)(spec, params, &engine) {
            Ok(pieces) => pieces
                .into_iter()
                .try_for_each(|piece| line.push(piece, format!("`{}`", spec.name)))?,
            Err(refusal) => {
                let (param, reason) = (spec.name.to_owned(), refusal.reason.clone());
                refused(
                    spec.name,
                    reason,
                    Error::Unsupported {
                        param,
                        flag: refusal.flag,
                        reason: refusal.reason,
                    },
                )?;
            }
        }
    }
    for (flag, value) in &params.extra {
        match extra::piece(flag, value.as_deref(), flags) {
            Ok(None) => {}
            Ok(Some(piece)) => line.push(piece, format!("the extra flag `{flag}`"))?,
            Err(Error::Unsupported {
                param,
                flag: missing,
                reason,
            }) => {
                refused(
                    flag,
                    reason.clone(),
                    Error::Unsupported {
                        param,
                        flag: missing,
                        reason,
                    },
                )?;
            }
            Err(error @ Error::UnknownFlag { .. }) => refused(flag, error.to_string(), error)?,
            Err(error) => return Err(error),
        }
    }
    Ok(Argv {
        args: line.into_args(),
        skipped,
    })
}

/// The arguments as they gather, each with who asked for it.
struct CommandLine<'a> {
    flags: &'a EngineFlags,
    pieces: Vec<(Piece, String)>,
}

impl CommandLine<'_> {
    /// Adds a flag. The same switch again changes nothing; anything else said twice would silently be decided by the order.
    fn push(&mut self, piece: Piece, by: String) -> Result<(), Error> {
        let entry = self.flags.get(&piece.flag);
        let earlier =
            self.pieces.iter().find(
                |(earlier, _)| match (entry, self.flags.get(&earlier.flag)) {
                    (Some(new), Some(old)) => std::ptr::eq(new, old),
                    _ => piece.flag == earlier.flag,
                },
            );
        match earlier {
            None => self.pieces.push((piece, by)),
            Some((earlier, _)) if earlier.values.is_empty() && *earlier == piece => {}
            // A list that this engine takes one by one.
            Some((_, first)) if *first == by && piece.flag.starts_with("--lora") => {
                self.pieces.push((piece, by));
            }
            Some((_, first)) => {
                return Err(Error::GivenTwice {
                    flag: piece.flag,
                    first: first.clone(),
                    second: by,
                });
            }
        }
        Ok(())
    }

    fn into_args(self) -> Vec<String> {
        self.pieces
            .into_iter()
            .flat_map(|(piece, _)| piece.into_args())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{B4575, B10434, B11434, any_params, engine};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn translate(json: Value, help: &str, unsupported: Unsupported) -> Result<Argv, Error> {
        argv(
            &serde_json::from_value(json).unwrap(),
            &engine(help),
            unsupported,
        )
    }

    fn args(json: Value, help: &str) -> String {
        translate(json, help, Unsupported::Refuse)
            .unwrap()
            .args
            .join(" ")
    }

    #[test]
    fn absent_passes_nothing() {
        for help in [B4575, B10434, B11434, ""] {
            assert_eq!(args(json!({}), help), "");
            assert_eq!(
                args(
                    json!({ "mlock": false, "mmap": true, "enableThinking": true }),
                    help
                ),
                ""
            );
            assert_eq!(
                args(json!({ "extraArgs": { "--not-even-known": "" } }), help),
                ""
            );
        }
    }

    #[test]
    fn what_the_engine_cannot_honour_is_said() {
        let wish = json!({ "ctxSize": 4096, "enableThinking": false, "flashAttn": "auto" });
        let error = translate(wish.clone(), B4575, Unsupported::Refuse).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`enableThinking` cannot be used here: this engine has no flag `--reasoning-budget`"
        );
        assert_eq!(
            error.hint().as_deref(),
            Some("Leave `enableThinking` empty, or use another engine.")
        );
        let done = translate(wish, B4575, Unsupported::Skip).unwrap();
        assert_eq!(done.args, ["--ctx-size", "4096"]);
        assert_eq!(
            done.skipped
                .iter()
                .map(|skipped| skipped.name.as_str())
                .collect::<Vec<_>>(),
            ["enableThinking", "flashAttn"]
        );
    }

    #[test]
    fn extra_flags_that_the_engine_lacks_can_be_skipped_but_not_misused() {
        let wish = |flag: &str, value: Value| json!({ "extraArgs": { flag: value } });
        for flag in ["--draft-max", "--frobnicate"] {
            let done = translate(wish(flag, json!("4")), B11434, Unsupported::Skip).unwrap();
            assert!(done.args.is_empty());
            assert_eq!(
                done.skipped.first().map(|skipped| skipped.name.as_str()),
                Some(flag)
            );
        }
        for (flag, value) in [
            ("--port", json!("1")),
            ("--ctx-size", json!(null)),
            ("--metrics", json!("7")),
        ] {
            assert!(
                translate(wish(flag, value), B11434, Unsupported::Skip).is_err(),
                "{flag}"
            );
        }
    }

    #[test]
    fn nothing_is_said_twice() {
        let error = translate(
            json!({ "ctxSize": 1024, "extraArgs": { "-c": "2048" } }),
            B4575,
            Unsupported::Skip,
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`-c` is given twice: by `ctxSize` and by the extra flag `-c`"
        );
        let opposite = json!({ "extraArgs": { "--jinja": null, "--no-jinja": null } });
        assert_eq!(
            translate(opposite, B11434, Unsupported::Skip)
                .unwrap_err()
                .code(),
            "flag_given_twice"
        );
        let same = json!({ "mlock": true, "extraArgs": { "--mlock": null } });
        assert_eq!(args(same, B4575), "--mlock");
    }

    #[test]
    fn a_bad_field_never_reaches_the_command_line() {
        let params = LoadParams {
            threads: Some(0),
            ..LoadParams::default()
        };
        let error = argv(&params, &engine(B4575), Unsupported::Skip).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`threads` cannot be `0`: it takes a whole number from 1 to 512"
        );
    }

    #[test]
    fn a_quantized_v_cache_needs_flash_attention() {
        for (help, flash, fine) in [
            (B4575, json!(null), false),
            (B4575, json!(false), false),
            (B4575, json!("auto"), false),
            (B4575, json!(true), true),
            (B11434, json!(null), true),
            (B11434, json!(false), false),
            (B11434, json!("auto"), true),
            (B11434, json!(true), true),
        ] {
            for unsupported in [Unsupported::Refuse, Unsupported::Skip] {
                let wish =
                    |v: &str| json!({ "cacheTypeV": v, "cacheTypeK": "q8_0", "flashAttn": flash });
                let result = translate(wish("q8_0"), help, unsupported);
                assert_eq!(result.is_ok(), fine, "{flash}: {result:?}");
                if let Err(error) = result {
                    assert_eq!(error.code(), "conflicting_parameters");
                }
                // A cache of full width does not care.
                assert!(translate(wish("f16"), help, Unsupported::Skip).is_ok());
            }
        }
    }

    proptest! {
        /// Read back as the engine reads it, every argument is a flag that it lists or the value of one: nothing is eaten.
        #[test]
        fn the_engine_can_read_every_argument(params in any_params(), which in 0..3_usize) {
            let flags = engine([B4575, B10434, B11434][which]);
            if let Ok(argv) = argv(&params, &flags, Unsupported::Skip) {
                let mut seen = Vec::new();
                let mut args = argv.args.iter();
                while let Some(arg) = args.next() {
                    let flag = flags.usable(arg);
                    prop_assert!(flag.is_some(), "{} is no flag of this engine", arg);
                    let flag = flag.unwrap();
                    let may_repeat = flag.help.contains("can be repeated");
                    prop_assert!(may_repeat || !seen.contains(&flag.long()), "{} is repeated", arg);
                    seen.push(flag.long());
                    for _ in 0..flag.value_count() {
                        let value = args.next();
                        prop_assert!(value.is_some(), "{} lacks a value", arg);
                        prop_assert!(!flag.choices_complete || flag.lists(value.unwrap()), "{} {:?}", arg, value);
                    }
                }
            }
        }

        /// Every parameter is passed, needs no saying, or is named as skipped.
        #[test]
        fn nothing_is_dropped_in_silence(params in any_params(), which in 0..3_usize) {
            let flags = engine([B4575, B10434, B11434][which]);
            if let Ok(done) = argv(&params, &flags, Unsupported::Skip) {
                let strict = argv(&params, &flags, Unsupported::Refuse);
                prop_assert_eq!(strict.is_ok(), done.skipped.is_empty());
            }
        }
    }
}
