//! What can be wrong with parameters, each error naming the object it is about.
//!
//! Nothing here depends on I/O, so no error has a source: they are all about words that a person or a settings file gave.
//! [`Error::code`] exists for consumers that choose a sentence and an action by it; [`Error::hint`] says what to try.

/// Why parameters were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The table has no such name.
    #[error("there is no load parameter `{name}`")]
    UnknownParameter {
        /// As it was given.
        name: String,
        /// The nearest name there is, where one is near.
        suggestion: Option<String>,
    },
    /// The value is not of the parameter's type or out of its range.
    #[error("`{param}` cannot be `{value}`: it takes {expected}")]
    InvalidValue {
        /// Name of the parameter, camelCase, or a flag.
        param: String,
        /// As it was given.
        value: String,
        /// What is allowed, in words.
        expected: String,
    },
    /// The installed engine has no way to do this.
    #[error("`{param}` cannot be used here: {reason}")]
    Unsupported {
        /// Name of the parameter, camelCase, or a flag.
        param: String,
        /// The engine flag that is missing or does not take the value.
        flag: String,
        /// A clause that starts in lower case, such as "this engine has no flag `--mlock`".
        reason: String,
    },
    /// Two parameters that exclude each other.
    #[error("{reason}")]
    Conflict {
        /// Names of the parameters, camelCase.
        params: Vec<String>,
        /// A sentence without a full stop.
        reason: String,
        /// What to change.
        hint: String,
    },
    /// The installed engine does not list this flag.
    #[error("this engine has no flag `{flag}`")]
    UnknownFlag {
        /// As it would have been passed.
        flag: String,
        /// The nearest flag it does list, where one is near.
        suggestion: Option<String>,
    },
    /// A flag that Paddock itself sets.
    #[error("`{flag}` cannot be set by hand: {reason}")]
    OwnedFlag {
        /// As it was given.
        flag: String,
        /// A clause that starts in lower case.
        reason: &'static str,
    },
    /// A flag with a value that it does not take, or without one that it needs.
    #[error("`{flag}` {problem}")]
    FlagValue {
        /// As it was given.
        flag: String,
        /// The rest of the sentence, such as "needs a value".
        problem: String,
    },
    /// A text that no shell would read as a command line.
    #[error("this is no command line: {problem}")]
    CommandLine {
        /// A clause that starts in lower case.
        problem: &'static str,
    },
    /// One engine flag would be passed twice; the engine would take the last with a mere warning.
    #[error("`{flag}` is given twice: by {first} and by {second}")]
    GivenTwice {
        /// As it would have been passed the second time.
        flag: String,
        /// Who passed it first.
        first: String,
        /// Who passed it again.
        second: String,
    },
}

impl Error {
    /// A stable word for consumers that decide by it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Error::UnknownParameter { .. } => "unknown_parameter",
            Error::InvalidValue { .. } => "invalid_parameter",
            Error::Unsupported { .. } => "unsupported_parameter",
            Error::Conflict { .. } => "conflicting_parameters",
            Error::UnknownFlag { .. } => "unknown_flag",
            Error::OwnedFlag { .. } => "owned_flag",
            Error::FlagValue { .. } => "invalid_flag_value",
            Error::GivenTwice { .. } => "flag_given_twice",
            Error::CommandLine { .. } => "invalid_command_line",
        }
    }

    /// The parameter (camelCase) or flag that this is about; the first one where it is about several.
    #[must_use]
    pub fn param(&self) -> &str {
        match self {
            Error::UnknownParameter { name, .. } => name,
            Error::CommandLine { .. } => "",
            Error::InvalidValue { param, .. } | Error::Unsupported { param, .. } => param,
            Error::Conflict { params, .. } => params.first().map_or("", String::as_str),
            Error::UnknownFlag { flag, .. }
            | Error::OwnedFlag { flag, .. }
            | Error::FlagValue { flag, .. }
            | Error::GivenTwice { flag, .. } => flag,
        }
    }

    /// What to try, as a sentence, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::UnknownParameter {
                suggestion: Some(near),
                ..
            }
            | Error::UnknownFlag {
                suggestion: Some(near),
                ..
            } => Some(format!("Did you mean `{near}`?")),
            Error::UnknownParameter { name, .. } if name.starts_with('-') => Some(
                "Other engine flags go into `extraArgs`, on the command line `--set FLAG=VALUE`."
                    .into(),
            ),
            Error::InvalidValue { .. } => {
                Some("Leave it empty for the engine's own choice.".into())
            }
            Error::Unsupported { param, .. } => {
                Some(format!("Leave `{param}` empty, or use another engine."))
            }
            Error::Conflict { hint, .. } => Some(hint.clone()),
            Error::CommandLine { .. } => {
                Some("Copy the whole command, from the program to its last flag.".into())
            }
            Error::UnknownFlag { .. } => Some(
                "Check its spelling; `paddock engine show NAME --json` lists the flags of an engine."
                    .into(),
            ),
            Error::OwnedFlag { flag, .. } => Some(format!("Leave `{flag}` out.")),
            Error::UnknownParameter { .. }
            | Error::FlagValue { .. } => None,
            Error::GivenTwice { flag, .. } => Some(format!(
                "Remove `{flag}` from the extra engine flags, or the parameter."
            )),
        }
    }

    /// Message and hint in one line, for formats that carry only a message.
    pub(crate) fn with_hint(&self) -> String {
        match self.hint() {
            Some(hint) => format!("{self}. {hint}"),
            None => self.to_string(),
        }
    }
}
