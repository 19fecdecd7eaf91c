//! The engine flags that nobody may set by hand, and why.
//!
//! These are the flags that Paddock lives by: the model, the address, the key, what clients call the model, where the log
//! goes. Everything else is the user's, however odd.

use crate::extra::{normalized, typed};
use crate::flags::{EngineFlags, Flag};

/// Flags that Paddock sets itself, or that would end its hold on the engine, each list with the reason.
const OWNED: &[(&[&str], &str)] = &[
    (
        &[
            "--model",
            "-m",
            "--model-url",
            "-mu",
            "--docker-repo",
            "-dr",
            "--hf-repo",
            "-hf",
            "-hfr",
            "--hf-file",
            "-hff",
        ],
        "Paddock chooses the model's file",
    ),
    (
        &[
            "--models-dir",
            "--models-preset",
            "--models-max",
            "--models-autoload",
            "--no-models-autoload",
        ],
        "one engine runs one model here",
    ),
    (
        &["--host", "--port", "--reuse-port"],
        "Paddock chooses the address; the endpoint for clients is in its settings",
    ),
    (
        &["--path", "--api-prefix"],
        "Paddock's endpoint relies on the engine's own paths",
    ),
    (
        &["--ssl-key-file", "--ssl-cert-file"],
        "Paddock speaks plain HTTP with the engine, on this machine only",
    ),
    (
        &["--api-key", "--api-key-file"],
        "every engine gets a random key of its own",
    ),
    (
        &["--hf-token", "-hft"],
        "the token for the hub is in Paddock's settings",
    ),
    (
        &["--alias", "-a"],
        "clients know the model by Paddock's name for it",
    ),
    (
        &[
            "--log-file",
            "--log-disable",
            "--log-jsonl",
            "--no-log-jsonl",
            "--log-colors",
        ],
        "Paddock reads the engine's log",
    ),
    (
        &[
            "--help",
            "-h",
            "--usage",
            "--version",
            "--list-devices",
            "--cache-list",
            "-cl",
            "--completion-bash",
        ],
        "the engine would print something and end",
    ),
];

/// Why a flag cannot be set by hand; `None` where it can.
#[must_use]
pub fn owned_reason(flag: &str) -> Option<&'static str> {
    OWNED
        .iter()
        .find(|(names, _)| names.contains(&flag))
        .map(|(_, reason)| *reason)
}

/// What a word among the arguments of every start of an engine is to Paddock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineArgument {
    /// A flag that nobody may set by hand, and why.
    Owned(&'static str),
    /// A flag that says what this parameter says, which comes later and wins.
    Parameter(&'static str),
    /// Any other flag, or a value.
    Free,
}

/// What a word among an engine's own arguments is, as the engine reads it: `--Host` is none, `--api_key=x` and an alias
/// that only this engine has are. Without `flags`, by the names that all engines have.
#[must_use]
pub fn engine_argument(word: &str, flags: Option<&EngineFlags>) -> EngineArgument {
    let is_flag = word.strip_prefix('-').is_some_and(|rest| {
        rest.starts_with(|letter: char| letter == '-' || letter.is_alphabetic())
    });
    if !is_flag {
        return EngineArgument::Free;
    }
    let flag = normalized(word.split('=').next().unwrap_or(word));
    let entry = flags.and_then(|flags| flags.get(&flag));
    if let Some(reason) = owned_reason(&flag).or_else(|| entry.and_then(owned_by_any_name)) {
        return EngineArgument::Owned(reason);
    }
    let names = entry
        .iter()
        .flat_map(|flag| &flag.names)
        .map(String::as_str);
    let row = std::iter::once(flag.as_str()).chain(names).find_map(typed);
    row.map_or(EngineArgument::Free, |(spec, _)| {
        EngineArgument::Parameter(spec.name)
    })
}

/// Variables that are Paddock's or the engine's own, by how they begin, each with the reason.
const OWNED_VARIABLES: &[(&str, &str)] = &[
    ("LLAMA_ARG_", "the parameters say the same, and are checked"),
    ("LLAMA_API_KEY", "every engine gets a random key of its own"),
    ("LLAMA_LOG_", "Paddock reads the engine's log"),
    (
        "LLAMA_SERVER_",
        "Paddock speaks with the engine through them",
    ),
    ("PADDOCK_", "they are for Paddock itself"),
];

/// Why a variable cannot be set by hand; `None` where it can.
#[must_use]
pub fn owned_variable(name: &str) -> Option<&'static str> {
    // Windows does not tell upper case from lower.
    let name = name.to_ascii_uppercase();
    OWNED_VARIABLES
        .iter()
        .find(|(start, _)| name.starts_with(start))
        .map(|(_, reason)| *reason)
}

/// The same for a flag as one engine lists it: by any of its spellings, or because it would fetch a model of its own.
pub(crate) fn owned_by_any_name(flag: &Flag) -> Option<&'static str> {
    // There is a shortcut for each model that was ever recommended; their help has this in common.
    let fetches = flag
        .help
        .contains("can download weights")
        .then_some("it would load another model than the chosen one");
    flag.names
        .iter()
        .find_map(|name| owned_reason(name))
        .or(fetches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EngineFlags, LoadParams, set_flag};

    #[test]
    fn owned_flags_are_refused_with_the_reason() {
        for (names, reason) in OWNED {
            for flag in *names {
                let error = set_flag(&mut LoadParams::default(), &format!("{flag}=x")).unwrap_err();
                assert_eq!(
                    error.to_string(),
                    format!("`{flag}` cannot be set by hand: {reason}")
                );
                assert_eq!(error.code(), "owned_flag");
            }
        }
        assert!(owned_reason("--cache-reuse").is_none());
    }

    /// `--api_key x` would set the engine's key, and the host would be locked out.
    #[test]
    fn arguments_of_an_engine_are_read_as_it_reads_them() {
        use EngineArgument::{Free, Owned, Parameter};
        let flags = EngineFlags::parse(
            "-m, --model, --weights FNAME            the file\n\
             -c, --ctx-size N                        the context\n\
             --threads-http N                        threads\n",
        );
        let is_owned = |word: &str| matches!(engine_argument(word, Some(&flags)), Owned(_));
        for word in [
            "--api_key",
            "--api-key=x",
            "--model_url",
            "-m",
            "--weights",
            "--log_file",
        ] {
            assert!(is_owned(word), "{word}");
        }
        for (word, meant) in [
            ("-c", Parameter("ctxSize")),
            ("--ctx_size=512", Parameter("ctxSize")),
            ("-ngl", Parameter("nGpuLayers")),
            ("--threads-http", Free),
            ("3", Free),
            ("-1", Free),
            ("-.5", Free),
            // Values of a flag before them.
            ("model", Free),
            ("host", Free),
        ] {
            assert_eq!(engine_argument(word, Some(&flags)), meant, "{word}");
            assert_eq!(engine_argument(word, None), meant, "{word}");
        }
    }

    #[test]
    fn an_engine_may_have_other_names_for_them() {
        let flags = EngineFlags::parse(
            "-m, --weights FNAME                     the file\n\
             --some-model-default                    use it (note: can download weights from afar)\n\
             --metrics                               serve figures\n",
        );
        let owned: Vec<bool> = flags
            .iter()
            .map(|flag| owned_by_any_name(flag).is_some())
            .collect();
        assert_eq!(owned, [true, true, false]);
    }
}
