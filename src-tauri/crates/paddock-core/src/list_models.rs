//! The library as the user sees it: every model there is or was, with what its file says.

use std::path::{Path, PathBuf};

use gguf::ModelInfo;
use library::{assign_key, resolve_key, scan_folder};
use serde::Serialize;
use settings::ModelEntry;

use crate::core::{Core, same_path};
use crate::error::Error;

/// A model in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelView {
    /// Its key.
    pub key: String,
    /// The GGUF file, or the first of its shards, absolute.
    pub path: PathBuf,
    /// The file is there.
    pub present: bool,
    /// Why it cannot be loaded: cut off, no GGUF, a shard missing.
    pub problem: Option<String>,
    /// Bytes on disk, all shards together.
    pub size_bytes: Option<u64>,
    /// Such as `gemma3`.
    pub architecture: Option<String>,
    /// Such as `Q4_K_M`.
    pub quantization: Option<String>,
    /// Tokens it was trained for.
    pub context_length: Option<u64>,
    /// Elements of all tensors.
    pub parameter_count: Option<u64>,
    /// What the file calls itself.
    pub name: Option<String>,
    /// Parameters are saved for it.
    pub has_saved_params: bool,
    /// All that the header says.
    pub info: Option<ModelInfo>,
}

impl Core {
    /// All models: what is in Paddock's folder and the user's, and what was imported, missing ones included. New files
    /// get their keys here.
    ///
    /// # Errors
    /// When new keys cannot be saved.
    pub async fn list_models(&self) -> Result<Vec<ModelView>, Error> {
        self.blocking(|core| {
            core.scan_library()?;
            let models: Vec<ModelView> = core
                .settings()
                .models
                .iter()
                .map(|(key, entry)| core.describe(key, entry))
                .collect();
            Ok(models)
        })
        .await?
    }

    /// Gives keys to files that have none. Keys once given stay, whatever becomes of the file.
    pub(crate) fn scan_library(&self) -> Result<(), Error> {
        let _one_at_a_time = self
            .inner
            .library
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let settings = self.settings();
        let own = self.data().models();
        let folders = std::iter::once(&own).chain(&settings.model_folders);
        let found: Vec<_> = folders.flat_map(|folder| scan_folder(folder)).collect();
        let known: std::collections::HashSet<&Path> = settings
            .models
            .values()
            .map(|entry| entry.path.as_path())
            .collect();
        let new: Vec<_> = found
            .into_iter()
            .filter(|model| !known.contains(model.path.as_path()))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        self.update_settings(|settings| {
            for model in new {
                // The same file by another way, through a link or a second folder, is the same model.
                if settings
                    .models
                    .values()
                    .any(|entry| same_path(&entry.path, &model.path))
                {
                    continue;
                }
                let key = assign_key(&model, |key| settings.models.contains_key(key));
                settings.models.insert(key, ModelEntry::new(model.path));
            }
        })
    }

    pub(crate) fn describe(&self, key: &str, entry: &ModelEntry) -> ModelView {
        let facts = self.inner.headers.of(&entry.path);
        let present = entry.path.is_file();
        let mut view = ModelView {
            key: key.to_owned(),
            path: entry.path.clone(),
            present,
            problem: None,
            size_bytes: None,
            architecture: None,
            quantization: None,
            context_length: None,
            parameter_count: None,
            name: None,
            has_saved_params: !entry.params.is_empty(),
            info: None,
        };
        match facts {
            Ok(facts) => {
                let info = facts.info.clone();
                view.size_bytes = Some(facts.size_bytes);
                view.architecture.clone_from(&info.architecture);
                view.quantization.clone_from(&info.quantization);
                view.context_length = info.context_length;
                view.parameter_count = Some(info.parameter_count);
                view.name = Some(info.name.clone());
                view.info = Some(info);
            }
            Err(error) if present => {
                view.size_bytes = entry.path.metadata().ok().map(|metadata| metadata.len());
                view.problem = Some(by_file_name(&error.to_string(), &entry.path));
            }
            Err(_) => {
                view.problem = Some(format!("model file not found at {}", entry.path.display()))
            }
        }
        view
    }

    /// The key and file that a request means.
    ///
    /// # Errors
    /// [`Error::Model`].
    pub(crate) async fn find_model(&self, request: &str) -> Result<(String, ModelEntry), Error> {
        if let Ok(found) = self.look_up(request) {
            return Ok(found);
        }
        // It may have been put into a folder a moment ago.
        self.blocking(Self::scan_library).await??;
        self.look_up(request)
    }

    fn look_up(&self, request: &str) -> Result<(String, ModelEntry), Error> {
        let settings = self.settings();
        let key = resolve_key(request, settings.models.keys().map(String::as_str))?;
        let entry = settings.models.get(key).cloned();
        entry
            .map(|entry| (key.to_owned(), entry))
            .ok_or_else(|| library::NotFound::Unknown(request.to_owned()).into())
    }
}

/// A message in which the file is called by its name: the path stands beside it, and would hide the reason.
fn by_file_name(message: &str, path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    message.replacen(&path.display().to_string(), &name.to_string_lossy(), 1)
}
