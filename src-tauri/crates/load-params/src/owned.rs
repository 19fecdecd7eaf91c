//! The engine flags that nobody may set by hand, and why.
//!
//! These are the flags that Paddock lives by: the model, the address, the key, what clients call the model, where the log
//! goes. Everything else is the user's, however odd.

use crate::flags::Flag;

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
