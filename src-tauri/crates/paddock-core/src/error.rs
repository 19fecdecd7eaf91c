//! One error for all use cases. Each keeps its source's words and has a code, because a consumer tells them apart.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use supervisor::StartError;

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine did not start.
    #[error("{}", in_context(key, source))]
    Load {
        /// The model.
        key: String,
        /// Why.
        source: StartError,
    },
    /// Engine or model file are not what they should be; nothing was started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The settings could not be read or saved.
    #[error(transparent)]
    Settings(#[from] settings::Error),
    /// A load parameter is wrong, or this engine cannot honour it.
    #[error("{}{}", for_model(key.as_deref()), source)]
    Params {
        /// The model, where one is meant.
        key: Option<String>,
        /// What is wrong.
        source: load_params::Error,
    },
    /// Several load parameters are out of range.
    #[error("{}", problems.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>().join("; "))]
    InvalidParams {
        /// What is wrong with which.
        problems: Vec<load_params::Problem>,
    },
    /// A preset, a file that a parameter names, or parameters from elsewhere are not usable.
    #[error(transparent)]
    ParamsUse(#[from] crate::params_error::ParamsError),
    /// The parameters saved for a model are not readable.
    #[error("the parameters saved for {key} cannot be read: {reason}")]
    SavedParams {
        /// The model.
        key: String,
        /// Why.
        reason: String,
    },
    /// The model file is not whole, or no model.
    #[error(transparent)]
    ModelFile(#[from] gguf::Error),
    /// The file is sound, and no model by itself.
    #[error("{} is {what}", path.display())]
    NotAModel {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// No model is meant, or several.
    #[error(transparent)]
    Model(#[from] library::NotFound),
    /// An engine could not be installed, removed or rolled back.
    #[error(transparent)]
    Engine(#[from] crate::engine_error::EngineError),
    /// An engine does not work here.
    #[error(transparent)]
    Proof(crate::engine_error::ProofError),
    /// There is no engine yet.
    #[error("there is no engine to run models with")]
    NoEngine,
    /// No engine has this name.
    #[error("there is no engine named {name:?}; there {}", known_engines(known))]
    UnknownEngine {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// Nothing that could be an engine is at this path.
    #[error("{} is no llama-server: {reason}", path.display())]
    NotAnEngine {
        /// The path.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Another host owns the data folder.
    #[error("another Paddock (pid {}) is using {}", pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string()), folder.display())]
    Occupied {
        /// The data folder.
        folder: PathBuf,
        /// The other host, where it says so.
        pid: Option<u32>,
    },
    /// The data folder cannot be used.
    #[error("could not use {}: {source}", path.display())]
    Folder {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A model cannot be forgotten while it lies where models are looked for.
    #[error("{} lies in the models folder {} and would be found again", path.display(), folder.display())]
    InModelsFolder {
        /// The file.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// Models' files could not be moved, copied or deleted.
    #[error(transparent)]
    Library(#[from] crate::library_error::LibraryError),
    /// An API key could not be added or removed.
    #[error(transparent)]
    Key(#[from] crate::keys::KeyError),
    /// The hub cannot be reached, or refuses.
    #[error(transparent)]
    Hub(#[from] hub::Error),
    /// A download cannot be begun or changed.
    #[error(transparent)]
    Download(#[from] download::Error),
    /// What was given as the hub's token cannot be one.
    #[error("this is no access token: it holds spaces or letters that none has")]
    NotAToken,
    /// A repository has no GGUF file.
    #[error("{repo} has no GGUF file")]
    NoGguf {
        /// The repository.
        repo: String,
    },
    /// A repository has no such variant.
    #[error("{repo} has no {wanted:?}; it has {}", known.join(", "))]
    NoSuchVariant {
        /// The repository.
        repo: String,
        /// What was asked for.
        wanted: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Nobody said which variant, and none fits this machine.
    #[error("nothing in {repo} fits this machine's free memory; it has {}", known.join(", "))]
    NothingFits {
        /// The repository.
        repo: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A repository lacks some of a model's shards.
    #[error("{repo} lacks {}", missing.join(", "))]
    ShardsMissing {
        /// The repository.
        repo: String,
        /// The files that are not there.
        missing: Vec<String>,
    },
    /// A chat got no answer, or could not be kept.
    #[error(transparent)]
    Chat(#[from] crate::chat_error::ChatError),
    /// The endpoint cannot be as it was to be.
    #[error(transparent)]
    Endpoint(#[from] crate::change_endpoint::EndpointError),
    /// A host or origin that must not be let in.
    #[error("{value:?} cannot be allowed: {reason}")]
    NotAllowable {
        /// What was to be let in.
        value: String,
        /// Why it cannot.
        reason: &'static str,
    },
    /// The model cannot be used now.
    #[error(transparent)]
    Schedule(#[from] crate::schedule::error::ScheduleError),
    /// What many waited for, and all get.
    #[error(transparent)]
    Shared(std::sync::Arc<Error>),
    /// A task of ours ended before it answered.
    #[error("Paddock is shutting down")]
    ShuttingDown,
}

fn in_context(key: &str, source: &StartError) -> String {
    match source {
        StartError::Cancelled { .. } => source.to_string(),
        _ => format!("could not load {key}: {source}"),
    }
}

fn for_model(key: Option<&str>) -> String {
    key.map(|key| format!("could not load {key}: "))
        .unwrap_or_default()
}

fn known_engines(known: &[String]) -> String {
    if known.is_empty() {
        "is none".to_owned()
    } else {
        format!("is {}", known.join(", "))
    }
}

impl Error {
    /// One for each who waited, of the same kind where that can be.
    #[must_use]
    pub(crate) fn shared(error: &std::sync::Arc<Self>) -> Self {
        match &**error {
            Self::Load { key, source } => Self::Load {
                key: key.clone(),
                source: source.clone(),
            },
            Self::Start(source) => Self::Start(source.clone()),
            Self::Model(source) => Self::Model(source.clone()),
            Self::Schedule(source) => Self::Schedule(source.clone()),
            Self::NoEngine => Self::NoEngine,
            Self::ShuttingDown => Self::ShuttingDown,
            _ => Self::Shared(std::sync::Arc::clone(error)),
        }
    }

    /// The stable name on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Load { source, .. } | Self::Start(source) => source.code(),
            Self::Settings(source) => source.code(),
            Self::Params { source, .. } => source.code(),
            Self::ParamsUse(source) => source.code(),
            Self::InvalidParams { .. } | Self::SavedParams { .. } => "invalid_parameter",
            // An empty file is incomplete too, and has a name of its own.
            Self::ModelFile(gguf::Error::Empty { .. }) => "model_empty",
            Self::ModelFile(source) if source.is_incomplete() => "model_truncated",
            Self::ModelFile(gguf::Error::NotFound { .. }) => "model_missing",
            Self::ModelFile(_) => "model_not_gguf",
            Self::NotAModel { .. } => "not_a_model",
            Self::Model(library::NotFound::Unknown(_)) => "model_not_found",
            Self::Model(library::NotFound::Ambiguous { .. }) => "model_ambiguous",
            Self::Engine(source) => source.code(),
            Self::Proof(source) => source.code(),
            Self::NoEngine => "no_engine",
            Self::UnknownEngine { .. } => "engine_not_found",
            Self::NotAnEngine { .. } => "not_an_engine",
            Self::Occupied { .. } => "occupied",
            Self::Folder { .. } => "folder_unusable",
            Self::InModelsFolder { .. } => "in_models_folder",
            Self::Library(source) => source.code(),
            Self::Key(source) => source.code(),
            Self::Hub(source) => source.code(),
            Self::Download(source) => source.code(),
            Self::NotAToken => "not_a_token",
            Self::NoGguf { .. } => "no_gguf",
            Self::NoSuchVariant { .. } => "variant_not_found",
            Self::NothingFits { .. } => "nothing_fits",
            Self::ShardsMissing { .. } => "shards_missing",
            Self::Chat(source) => source.code(),
            Self::Endpoint(source) => source.code(),
            Self::NotAllowable { .. } => "not_allowable",
            Self::Schedule(source) => source.code(),
            Self::Shared(source) => source.code(),
            Self::ShuttingDown => "shutting_down",
        }
    }

    /// What to try, in a sentence; empty where there is nothing sensible to say.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Load { source, .. } | Self::Start(source) => source.hint(),
            Self::Settings(source) => source.hint().to_owned(),
            Self::Params { source, .. } => source.hint().unwrap_or_default(),
            Self::InvalidParams { problems } => problems.iter().find_map(|problem| problem.hint.clone()).unwrap_or_default(),
            Self::ParamsUse(source) => source.hint(),
            Self::SavedParams { .. } => "Save the model's parameters anew.".to_owned(),
            Self::ModelFile(source) if source.is_incomplete() => "The download was cut off: fetch the file again.".to_owned(),
            Self::ModelFile(_) => "llama-server loads GGUF files only; check that the path is right.".to_owned(),
            Self::NotAModel { .. } => "Load the model that this file is used with.".to_owned(),
            Self::Model(library::NotFound::Unknown(_)) => {
                "`paddock ls` lists the models there are; `paddock import PATH` adds one.".to_owned()
            }
            Self::Model(library::NotFound::Ambiguous { .. }) => "Name the whole key.".to_owned(),
            Self::Engine(source) => source.hint(),
            Self::Proof(source) => source.hint(),
            Self::NoEngine => "Install one with `paddock engine install`, or add one with `paddock engine add PATH`, where PATH is a llama-server or its folder.".to_owned(),
            Self::UnknownEngine { .. } => "`paddock engine ls` lists them.".to_owned(),
            Self::NotAnEngine { .. } => "Name a llama-server binary or the folder it is in.".to_owned(),
            Self::Occupied { .. } => "Use that one, or end it first.".to_owned(),
            Self::Folder { .. } => "Check that the folder can be written, or set PADDOCK_HOME to another.".to_owned(),
            Self::InModelsFolder { .. } => {
                "Delete the file too (`paddock rm KEY --delete-file`), or take the folder out of the models folders.".to_owned()
            }
            Self::Library(source) => source.hint(),
            Self::Key(source) => source.hint().to_owned(),
            Self::Hub(source) => source.hint(),
            Self::Download(source) => source.hint().unwrap_or_default().to_owned(),
            Self::NotAToken => "Copy the whole token from the hub's settings page; it begins with hf_.".to_owned(),
            Self::NoGguf { .. } => {
                "Look for a repository of the same model whose name ends in GGUF.".to_owned()
            }
            Self::NoSuchVariant { repo, .. } => format!("`paddock files {repo}` lists them."),
            Self::NothingFits { repo, .. } => {
                format!("Name one all the same, as {repo}:QUANT, or take a smaller model.")
            }
            Self::ShardsMissing { .. } => {
                "Its upload may not be finished; take another quantization or repository.".to_owned()
            }
            Self::Chat(source) => source.hint().to_owned(),
            Self::Endpoint(source) => source.hint().to_owned(),
            Self::NotAllowable { .. } => "Name the host or the page itself.".to_owned(),
            Self::Schedule(source) => source.hint(),
            Self::Shared(source) => source.hint(),
            Self::ShuttingDown => String::new(),
        }
    }

    /// Lines that explain further: the tail of the engine's log.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Load { source, .. }
            | Self::Start(source)
            | Self::Proof(crate::engine_error::ProofError::Start(source)) => {
                source.log_tail().to_vec()
            }
            Self::Engine(source) => source.details(),
            Self::Schedule(source) => source.details(),
            Self::Shared(source) => source.details(),
            _ => Vec::new(),
        }
    }
}

/// An error as it crosses the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WireError {
    /// Stable name.
    pub code: String,
    /// What failed, on what.
    pub message: String,
    /// Further lines, such as the tail of the engine's log.
    #[serde(default)]
    pub details: Vec<String>,
    /// What to try.
    #[serde(default)]
    pub hint: String,
}

impl From<&Error> for WireError {
    fn from(error: &Error) -> Self {
        Self {
            code: error.code().to_owned(),
            message: error.to_string(),
            details: error.details(),
            hint: error.hint(),
        }
    }
}
