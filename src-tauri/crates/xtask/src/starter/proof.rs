//! Proves an engine on this machine the way Paddock does, by asking Paddock: `paddock engine prove` loads a tiny model
//! and judges the answer. It is built by everyone who runs or tests Paddock, so this costs nothing but a call, and
//! nothing of it is written twice.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::command;
use crate::error::{Error, Result};
use crate::workspace::DATA_DIR_VARIABLE;

/// Whether the engine works here.
pub(super) type Proof = Result<(), Failure>;

/// How the engine failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It uses instructions that this processor does not have. So it will be until the processor is another.
    IllegalInstruction,
    /// It failed otherwise, in Paddock's words.
    Other(Cow<'static, str>),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IllegalInstruction => formatter
                .write_str("this build uses instructions that this processor does not allow"),
            Self::Other(words) => formatter.write_str(words),
        }
    }
}

/// What `paddock engine prove --json` prints where it fails.
#[derive(Deserialize)]
struct Said {
    error: SaidError,
}

#[derive(Deserialize)]
struct SaidError {
    code: String,
    message: String,
}

/// Proves the engine with this `paddock`. `scratch` is a folder for this alone, emptied before and removed after: to
/// Paddock it is a data folder of its own, so the user's is not touched.
///
/// An error is ours, and says nothing about the engine.
pub(super) fn prove(paddock: &Path, server: &Path, scratch: &Path) -> Result<Proof> {
    super::remove_dir(scratch)?;
    let mut command = Command::new(paddock);
    command
        .args(["engine", "prove", "--json"])
        .arg(server)
        .env(DATA_DIR_VARIABLE, scratch)
        .stdin(Stdio::null());
    let output = command
        .output()
        .map_err(|source| command::start_error(&command, source));
    super::remove_dir(scratch)?;
    let output = output?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let said: Said = serde_json::from_slice(&output.stdout).map_err(|source| Error::Json {
        command: command::line(&command),
        source,
    })?;
    Ok(Err(match said.error.code.as_str() {
        "illegal_instruction" => Failure::IllegalInstruction,
        // These are about Paddock, not about the engine.
        "guard_missing" | "folder_unusable" | "occupied" => {
            return Err(Error::Message(said.error.message));
        }
        _ => Failure::Other(said.error.message.into()),
    }))
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;
