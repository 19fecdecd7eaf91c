//! Models that other apps keep on this machine, so that they can be used where they lie.
//!
//! Each finder is a function of [`Places`] alone and reads the disk; nothing is written, and what cannot be read is
//! passed over. The layouts are those of the apps in 2025; older ones are looked for where they are known.

mod hugging_face;
mod jan;
mod llama_cpp;
mod lm_studio;
mod ollama;

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use gguf::shard;

use crate::scan::FoundModel;

/// An app whose models can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum App {
    /// LM Studio.
    LmStudio,
    /// Ollama.
    Ollama,
    /// The cache that all Hugging Face tools share, and llama.cpp's newer builds.
    HuggingFace,
    /// llama.cpp's own cache, of older builds.
    LlamaCpp,
    /// Jan.
    Jan,
}

/// No app of this name is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "models cannot be taken from {0:?}; known are lmstudio, ollama, huggingface, llama.cpp and jan"
)]
pub struct UnknownApp(pub String);

impl App {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::LmStudio,
        Self::Ollama,
        Self::HuggingFace,
        Self::LlamaCpp,
        Self::Jan,
    ];

    /// The name on the command line and on the wire.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::LmStudio => "lmstudio",
            Self::Ollama => "ollama",
            Self::HuggingFace => "huggingface",
            Self::LlamaCpp => "llama.cpp",
            Self::Jan => "jan",
        }
    }

    /// The name for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::LmStudio => "LM Studio",
            Self::Ollama => "Ollama",
            Self::HuggingFace => "Hugging Face cache",
            Self::LlamaCpp => "llama.cpp cache",
            Self::Jan => "Jan",
        }
    }

    /// The store is one of names and hashes that a file cannot be taken out of without breaking it.
    #[must_use]
    pub fn owns_its_files(self) -> bool {
        matches!(self, Self::Ollama | Self::HuggingFace)
    }
}

impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl FromStr for App {
    type Err = UnknownApp;

    fn from_str(name: &str) -> Result<Self, UnknownApp> {
        let wanted = name.trim().to_lowercase();
        Self::ALL
            .into_iter()
            .find(|app| app.id() == wanted)
            .ok_or_else(|| UnknownApp(name.to_owned()))
    }
}

/// Where apps keep their things: under a home folder, unless the environment says otherwise.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The user's home folder.
    pub home: PathBuf,
    /// `OLLAMA_MODELS`.
    pub ollama_models: Option<PathBuf>,
    /// `HF_HUB_CACHE`, else `hub` in `HF_HOME`.
    pub hugging_face_hub: Option<PathBuf>,
    /// `LLAMA_CACHE`.
    pub llama_cache: Option<PathBuf>,
}

impl Places {
    /// The usual places under `home`.
    #[must_use]
    pub fn under(home: impl Into<PathBuf>) -> Self {
        Self {
            home: home.into(),
            ..Self::default()
        }
    }

    /// The folders among `parts`, each relative to the home folder, that are there.
    fn folders(&self, parts: &[&str]) -> Vec<PathBuf> {
        let folders = parts.iter().map(|part| self.home.join(part));
        folders.filter(|folder| folder.is_dir()).collect()
    }
}

/// A model of another app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundElsewhere {
    /// Whose it is.
    pub app: App,
    /// What that app calls it, as near as the files tell: `gemma3:4b`, `bartowski/Qwen3-8B-GGUF`.
    pub title: String,
    /// File, publisher, name, projector.
    pub model: FoundModel,
    /// Bytes of all its files.
    pub size_bytes: u64,
}

/// The models of one app, in the order of their titles, each file once.
#[must_use]
pub fn find_elsewhere(app: App, places: &Places) -> Vec<FoundElsewhere> {
    let found = match app {
        App::LmStudio => lm_studio::find(places),
        App::Ollama => ollama::find(places),
        App::HuggingFace => hugging_face::find(places),
        App::LlamaCpp => llama_cpp::find(places),
        App::Jan => jan::find(places),
    };
    let mut seen = HashSet::new();
    let mut models: Vec<FoundElsewhere> = found
        .into_iter()
        .filter(|(_, model)| {
            let real = model.path.canonicalize();
            seen.insert(real.unwrap_or_else(|_| model.path.clone()))
        })
        .map(|(title, model)| FoundElsewhere {
            app,
            title,
            size_bytes: size_of(&model),
            model,
        })
        .collect();
    models.sort_by(|one, other| {
        (&one.title, &one.model.path).cmp(&(&other.title, &other.model.path))
    });
    models
}

/// A title and a model.
type Found = (String, FoundModel);

fn size_of(model: &FoundModel) -> u64 {
    let shards = shard::siblings(&model.path);
    let files = shards.iter().chain(&model.projector);
    files
        .filter_map(|file| std::fs::metadata(file).ok())
        .map(|metadata| metadata.len())
        .sum()
}

/// The folders in a folder, by name.
fn folders_in(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut folders: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| {
            (
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            )
        })
        .filter(|(name, path)| !name.starts_with('.') && path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// Whether the file begins as a GGUF does; some stores hold other things under names that do not tell.
fn is_gguf(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = std::fs::File::open(path)
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut magic));
    read.is_ok() && &magic == b"GGUF"
}

#[cfg(test)]
#[path = "elsewhere/tests.rs"]
mod tests;
