//! Why an engine could not be installed, proved, removed or rolled back.

use std::path::PathBuf;

use engines::{ArchiveError, ReleaseError, WrongAnswer};
use supervisor::{FailureCause, StartError};

use crate::error::WireError;

/// How a proof failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProofError {
    /// It did not start, or ended: illegal instruction, a library that is missing.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It was ready and did not answer.
    #[error("it was ready and did not answer: {0}")]
    NoAnswer(String),
    /// It answered, and not what the tiny model says.
    #[error(transparent)]
    Wrong(#[from] WrongAnswer),
    /// It is no llama-server.
    #[error("{0}")]
    NotAnEngine(String),
    /// It was not tried: this machine could not get ready for it.
    #[error("the proof could not be prepared: {0}")]
    Preparation(String),
}

impl ProofError {
    /// The stable name of this error on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Start(source) => source.code(),
            Self::NoAnswer(_) => "engine_no_answer",
            Self::Wrong(_) => "engine_wrong_answer",
            Self::NotAnEngine(_) => "not_an_engine",
            Self::Preparation(_) => "folder_unusable",
        }
    }

    /// Whether it says something about the engine, and not about this moment: a full disk, a process that was killed.
    pub(crate) fn blames_the_engine(&self) -> bool {
        match self {
            Self::Start(source) => blames_the_engine(source),
            Self::NoAnswer(_) | Self::Wrong(_) | Self::NotAnEngine(_) => true,
            Self::Preparation(_) => false,
        }
    }

    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Start(source) => source.hint(),
            Self::NoAnswer(_) => "Try again; if it stays so, take another build.".to_owned(),
            Self::Wrong(_) => {
                "Take another build or variant; the GPU's driver may be at fault.".to_owned()
            }
            Self::NotAnEngine(_) => "Name a llama-server binary or the folder it is in.".to_owned(),
            Self::Preparation(_) => {
                "Check that the data folder can be written and has free space, then try again."
                    .to_owned()
            }
        }
    }
}

/// Whether a start failed because of the engine: not the model's file, the machine's memory, or somebody who ended it.
pub(crate) fn blames_the_engine(source: &StartError) -> bool {
    match source {
        StartError::ExitedEarly(report) | StartError::Crashed(report) => !matches!(
            report.cause,
            FailureCause::ModelMissing
                | FailureCause::NotGguf
                | FailureCause::EmptyModel
                | FailureCause::TruncatedModel
                | FailureCause::PortInUse
                | FailureCause::OutOfMemory
                | FailureCause::Killed
                | FailureCause::Terminated
                | FailureCause::GuardLost
        ),
        StartError::BinaryMissing(_)
        | StartError::BinaryNotExecutable(_)
        | StartError::SpawnFailed { .. }
        | StartError::NotReady { .. } => true,
        _ => false,
    }
}

/// What can go wrong with engines.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The releases could not be asked for.
    #[error(transparent)]
    Releases(#[from] ReleaseError),
    /// The release has no such build for this system.
    #[error(
        "{tag} has no build {wanted:?} for this system; it has {}",
        listed(known)
    )]
    NoVariant {
        /// The release.
        tag: String,
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No build of the release works here.
    #[error("{0}")]
    NothingFits(String),
    /// The build that was asked for cannot work here.
    #[error("{id} of {tag} cannot work on this machine: {reason}")]
    Unsuitable {
        /// The release.
        tag: String,
        /// The build.
        id: String,
        /// Why.
        reason: String,
    },
    /// The release says no digest for a file.
    #[error("the release gives no SHA-256 digest for {file}, so what is fetched cannot be checked")]
    NoDigest {
        /// The file.
        file: String,
    },
    /// The release's file is empty.
    #[error("{file} is empty on the release server")]
    EmptyFile {
        /// The file.
        file: String,
    },
    /// The archive was fetched and could not be unpacked.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The archive holds no engine.
    #[error("{file} holds no {}", engines::BINARY_NAME)]
    NoBinary {
        /// The archive.
        file: String,
    },
    /// The disk is too full to begin.
    #[error("{} needs {} MB and has {} MB free", folder.display(), needed_bytes / 1_000_000, free_bytes / 1_000_000)]
    DiskFull {
        /// The folder.
        folder: PathBuf,
        /// What is needed.
        needed_bytes: u64,
        /// What there is.
        free_bytes: u64,
    },
    /// Nothing comes.
    #[error("fetching {file} has come to a stand{}", why(reason.as_deref()))]
    Stalled {
        /// The file.
        file: String,
        /// What the download last said.
        reason: Option<String>,
    },
    /// It does not work here. What was current stays so.
    #[error("{name} does not work on this machine: {source}{}", stays(current.as_deref()))]
    Unproved {
        /// The engine.
        name: String,
        /// How it failed.
        source: ProofError,
        /// What is current, still.
        current: Option<String>,
    },
    /// An installation is under way.
    #[error("another engine is being installed ({build})")]
    Busy {
        /// Which.
        build: String,
    },
    /// The user ended it.
    #[error("the installation was cancelled")]
    Cancelled,
    /// Its binary is gone.
    #[error("llama-server binary not found at {}", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
        /// What fetches it, where that is known.
        command: Option<String>,
    },
    /// There is none, and it could not be fetched.
    #[error("there is no engine to run models with, and none could be installed: {}", cause.message)]
    NoneInstalled {
        /// Why not: to everyone who waited for the same installation.
        cause: WireError,
    },
    /// There is nothing to go back to.
    #[error("there is no earlier engine to go back to")]
    NoPrevious,
    /// It is in use.
    #[error("{name} cannot be removed: {reason}")]
    InUse {
        /// The engine.
        name: String,
        /// By what.
        reason: String,
    },
    /// An option that no engine can have.
    #[error("{0}")]
    BadOption(String),
}

fn listed(known: &[String]) -> String {
    if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    }
}

fn why(reason: Option<&str>) -> String {
    reason
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default()
}

fn stays(current: Option<&str>) -> String {
    current
        .map(|name| format!(". {name} stays current."))
        .unwrap_or_default()
}

impl EngineError {
    /// Whether what was fetched is at fault: fetching it again, or keeping it, is of no use.
    pub(crate) fn blames_the_archive(&self) -> bool {
        match self {
            Self::Archive(source) => !matches!(source, ArchiveError::Write { .. }),
            Self::NoBinary { .. } => true,
            Self::Unproved { source, .. } => source.blames_the_engine(),
            _ => false,
        }
    }

    /// The stable name of this error on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Releases(source) => source.code(),
            Self::NoVariant { .. } => "variant_not_found",
            Self::NothingFits(_) | Self::Unsuitable { .. } => "variant_unsuitable",
            Self::NoDigest { .. } => "no_digest",
            Self::EmptyFile { .. } => "asset_empty",
            Self::Archive(source) => source.code(),
            Self::NoBinary { .. } => "archive_broken",
            Self::DiskFull { .. } => "disk_full",
            Self::Stalled { .. } => "download_stalled",
            Self::Unproved { source, .. } => source.code(),
            Self::Busy { .. } => "install_busy",
            Self::Cancelled => "cancelled",
            Self::Missing { .. } => "engine_missing",
            Self::NoneInstalled { .. } => "no_engine",
            Self::NoPrevious => "no_previous_engine",
            Self::InUse { .. } => "engine_in_use",
            Self::BadOption(_) => "invalid_option",
        }
    }

    /// What to try, in a sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Releases(source) => source.hint().to_owned(),
            Self::NoVariant { .. } => "`paddock engine available` lists them with what fits.".to_owned(),
            Self::NothingFits(_) => {
                "Build llama.cpp on this machine and add it with `paddock engine add PATH`.".to_owned()
            }
            Self::Unsuitable { .. } => {
                "Leave out --variant to get what fits this machine.".to_owned()
            }
            Self::NoDigest { .. } => {
                "If you trust the source, install it with --without-digest.".to_owned()
            }
            Self::EmptyFile { .. } => "The release is broken: take another build.".to_owned(),
            Self::Archive(source) => source.hint().to_owned(),
            Self::NoBinary { .. } => "Take another build or variant.".to_owned(),
            Self::DiskFull { .. } => "Free some space, then try again.".to_owned(),
            Self::Stalled { .. } => {
                "Check the network or the proxy and try again: what is there already is not fetched again.".to_owned()
            }
            Self::Unproved { source, .. } => source.hint(),
            Self::Busy { .. } => "Wait until it is done, or cancel it.".to_owned(),
            Self::Missing { command: Some(command), .. } => format!(
                "`{command}` fetches it; or choose another engine with `paddock engine use NAME`."
            ),
            Self::Missing { command: None, .. } => {
                "Choose another engine with `paddock engine use NAME`, or install one with `paddock engine install`."
                    .to_owned()
            }
            Self::NoneInstalled { cause } => format!(
                "{} Or add one with `paddock engine add PATH`, where PATH is a llama-server or its folder.",
                cause.hint
            )
            .trim_start()
            .to_owned(),
            Self::InUse { .. } => "Choose another engine first.".to_owned(),
            Self::NoPrevious => "`paddock engine use NAME` chooses one of those there are.".to_owned(),
            Self::Cancelled | Self::BadOption(_) => String::new(),
        }
    }

    /// Lines that explain further: the tail of the engine's log.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Unproved {
                source: ProofError::Start(source),
                ..
            } => source.log_tail().to_vec(),
            Self::NoneInstalled { cause } => cause.details.clone(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use supervisor::{ExitKind, ExitReport};

    use super::*;

    fn ended_by(signal: i32) -> ProofError {
        let report = ExitReport::new(ExitKind::Signal(signal), Vec::new());
        StartError::ExitedEarly(Arc::new(report)).into()
    }

    /// An engine that was killed, or a disk that was full, is no reason to call the engine bad or to fetch it again.
    #[test]
    fn only_what_is_at_fault_is_blamed() {
        let unproved = |source| EngineError::Unproved {
            name: "b1-cpu".to_owned(),
            source,
            current: None,
        };
        assert!(unproved(ended_by(4)).blames_the_archive(), "SIGILL");
        assert!(!unproved(ended_by(9)).blames_the_archive(), "SIGKILL");
        assert!(!unproved(ProofError::Preparation("disk".to_owned())).blames_the_archive());
        let full = ArchiveError::Write {
            path: PathBuf::from("/full"),
            source: std::io::ErrorKind::StorageFull.into(),
        };
        assert!(!EngineError::Archive(full).blames_the_archive());
        let broken = ArchiveError::Broken {
            path: PathBuf::from("/a"),
            reason: "cut off".to_owned(),
        };
        assert!(EngineError::Archive(broken).blames_the_archive());
        assert!(!EngineError::Cancelled.blames_the_archive());
    }
}
