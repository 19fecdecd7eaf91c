//! Why a server did not start. Every variant names its object and has a code that the UI's table knows.

use std::path::PathBuf;
use std::sync::Arc;

use crate::exit_report::ExitReport;

/// A start that was refused or failed. Cheap to clone: everyone who waited for the same load gets it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StartError {
    /// There is nothing at the engine's path.
    #[error("llama-server binary not found at {}", .0.display())]
    BinaryMissing(PathBuf),
    /// The engine's path is a folder, a socket or the like.
    #[error("llama-server binary at {} is not a file", .0.display())]
    BinaryNotAFile(PathBuf),
    /// The file has no execute permission.
    #[error("llama-server binary at {} is not executable", .0.display())]
    BinaryNotExecutable(PathBuf),
    /// There is nothing at the model's path.
    #[error("model file not found at {}", .0.display())]
    ModelMissing(PathBuf),
    /// The model's path is a folder or the like.
    #[error("model at {} is not a file", .0.display())]
    ModelNotAFile(PathBuf),
    /// The file does not begin with `GGUF`.
    #[error("model file at {} is not a GGUF file", .0.display())]
    ModelNotGguf(PathBuf),
    /// A file could not be read at all.
    #[error("could not read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: Arc<std::io::Error>,
    },
    /// `paddock-guard` is not beside the program.
    #[error("paddock-guard not found at {}", .0.display())]
    GuardMissing(PathBuf),
    /// Every try at a loopback port failed.
    #[error("could not find a free port")]
    NoFreePort,
    /// The operating system refused to start the process.
    #[error("could not start {}: {reason}", program.display())]
    SpawnFailed {
        /// What should have run.
        program: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// The engine ended before it was ready.
    #[error("llama-server exited early ({}): {}", .0.status, .0.message)]
    ExitedEarly(Arc<ExitReport>),
    /// The engine had been ready, and ended without being asked to.
    #[error("llama-server ended while it was serving ({}): {}", .0.status, .0.message)]
    Crashed(Arc<ExitReport>),
    /// The engine had been ready, lived, and did not answer any more: it was ended.
    #[error("llama-server stopped answering and was ended")]
    Unresponsive,
    /// The engine lived but never answered within the ceiling.
    #[error("llama-server did not become ready at {url}: {last_error}")]
    NotReady {
        /// The address that was asked.
        url: String,
        /// What the last question got for an answer.
        last_error: String,
    },
    /// Someone stopped the model while it was loading.
    #[error("loading {key} was cancelled")]
    Cancelled {
        /// The model.
        key: String,
    },
}

impl StartError {
    /// The stable name of this error on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BinaryMissing(_) => "engine_missing",
            Self::BinaryNotAFile(_) => "engine_not_a_file",
            Self::BinaryNotExecutable(_) => "engine_not_executable",
            Self::ModelMissing(_) => "model_missing",
            Self::ModelNotAFile(_) => "model_not_a_file",
            Self::ModelNotGguf(_) => "model_not_gguf",
            Self::Unreadable { .. } => "unreadable",
            Self::GuardMissing(_) => "guard_missing",
            Self::NoFreePort => "no_free_port",
            Self::SpawnFailed { .. } => "spawn_failed",
            Self::ExitedEarly(report) | Self::Crashed(report) => report.cause.code(),
            Self::Unresponsive => "engine_unresponsive",
            Self::NotReady { .. } => "not_ready",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// What to try, in one sentence; empty where there is nothing sensible to say.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::BinaryMissing(_) | Self::BinaryNotAFile(_) => {
                "Choose another engine with `paddock engine use NAME`, or add one with `paddock engine add PATH`."
                    .to_owned()
            }
            Self::BinaryNotExecutable(path) => format!("Run `chmod +x {}`.", path.display()),
            Self::ModelMissing(_) => {
                "Reconnect the drive it was on, or import it from where it is now with `paddock import PATH`."
                    .to_owned()
            }
            Self::ModelNotAFile(_) | Self::ModelNotGguf(_) => {
                "llama-server loads GGUF files only; download the model in that format.".to_owned()
            }
            Self::Unreadable { .. } => "Check the file's permissions and the drive it is on.".to_owned(),
            Self::GuardMissing(_) => "It belongs beside the `paddock` program; install Paddock again.".to_owned(),
            Self::NoFreePort => "Close programs that hold many connections, then try again.".to_owned(),
            Self::SpawnFailed { .. } => {
                "The build may be for another system or processor; choose another engine.".to_owned()
            }
            Self::ExitedEarly(report) | Self::Crashed(report) => report.hint.clone(),
            Self::Unresponsive => {
                "It is started again by itself where you had loaded it. If this comes back, look at its log and at the GPU's driver.".to_owned()
            }
            Self::NotReady { .. } => {
                "Look at the log; a slow disk may need a higher `loadTimeoutSeconds` in the settings.".to_owned()
            }
            Self::Cancelled { .. } => String::new(),
        }
    }

    /// The last lines of the engine's log, where it got as far as having one.
    #[must_use]
    pub fn log_tail(&self) -> &[String] {
        match self {
            Self::ExitedEarly(report) | Self::Crashed(report) => &report.log_tail,
            _ => &[],
        }
    }
}
