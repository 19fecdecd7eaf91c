//! The library as the page sees it, beyond the list of models.
#![allow(missing_docs)] // The fields are the core's, and documented there.

use paddock_core as core;
use serde::{Deserialize, Serialize};
use specta::Type;

use crate::ipc_error::IpcError;

/// Where Paddock fetched a model.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ModelSource {
    pub repo: String,
    pub revision: String,
    pub file: String,
}

/// A model that another app holds.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct FoundModel {
    /// `ollama`.
    pub app: String,
    pub app_title: String,
    pub title: String,
    pub path: String,
    pub size_bytes: u64,
    pub has_projector: bool,
    /// Its key, if it is in the library already.
    pub key: Option<String>,
}

/// A file of a model; no size where it is missing.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct FileDetail {
    pub path: String,
    pub size_bytes: Option<u64>,
}

/// A pair of a header.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct MetadataPair {
    pub key: String,
    pub kind: String,
    pub value: String,
}

/// How many tensors are stored in a way.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct TensorTypeCount {
    pub name: String,
    pub count: u64,
    pub size_bytes: Option<u64>,
}

/// Everything that a model's files say.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ModelDetails {
    pub files: Vec<FileDetail>,
    pub projector: Option<FileDetail>,
    pub source: Option<ModelSource>,
    pub found_in: Option<String>,
    pub gguf_version: Option<u32>,
    pub metadata: Vec<MetadataPair>,
    pub chat_template: Option<String>,
    pub tensor_types: Vec<TensorTypeCount>,
    pub problem: Option<String>,
}

/// What becomes of a model's files when it is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum FileFate {
    Keep,
    Trash,
    Delete,
}

/// A folder that models are looked for in.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ModelsFolder {
    pub path: String,
    /// Paddock's own, where downloads go.
    pub own: bool,
    pub missing: bool,
    /// Its drive does not answer.
    pub silent: bool,
    pub free_bytes: Option<u64>,
    pub model_count: u32,
    pub size_bytes: u64,
}

/// A folder that is being moved, or how that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct FolderMove {
    pub from: String,
    pub to: String,
    pub done_bytes: u64,
    pub total_bytes: u64,
    pub running: bool,
    pub error: Option<IpcError>,
}

/// Whether the hub has another upload of a model's file.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "state"
)]
pub enum NewerUpload {
    Same,
    Newer { revision: String, size_bytes: u64 },
    Gone,
    Unknown,
}

impl From<core::FoundView> for FoundModel {
    fn from(found: core::FoundView) -> Self {
        Self {
            app: found.app,
            app_title: found.app_title,
            title: found.title,
            path: found.path.display().to_string(),
            size_bytes: found.size_bytes,
            has_projector: found.projector.is_some(),
            key: found.key,
        }
    }
}

impl From<core::FileDetail> for FileDetail {
    fn from(file: core::FileDetail) -> Self {
        Self {
            path: file.path.display().to_string(),
            size_bytes: file.size_bytes,
        }
    }
}

impl From<core::ModelDetails> for ModelDetails {
    fn from(details: core::ModelDetails) -> Self {
        Self {
            files: details.files.into_iter().map(Into::into).collect(),
            projector: details.projector.map(Into::into),
            source: details.source.map(|source| ModelSource {
                repo: source.repo,
                revision: source.revision,
                file: source.file,
            }),
            found_in: details.found_in,
            gguf_version: details.gguf_version,
            metadata: details
                .metadata
                .into_iter()
                .map(|pair| MetadataPair {
                    key: pair.key,
                    kind: pair.kind,
                    value: pair.value,
                })
                .collect(),
            chat_template: details.chat_template,
            tensor_types: details
                .tensor_types
                .into_iter()
                .map(|one| TensorTypeCount {
                    name: one.name,
                    count: one.count,
                    size_bytes: one.size_bytes,
                })
                .collect(),
            problem: details.problem,
        }
    }
}

impl From<FileFate> for core::FileFate {
    fn from(fate: FileFate) -> Self {
        match fate {
            FileFate::Keep => Self::Keep,
            FileFate::Trash => Self::Trash,
            FileFate::Delete => Self::Delete,
        }
    }
}

impl From<core::FolderView> for ModelsFolder {
    fn from(folder: core::FolderView) -> Self {
        Self {
            path: folder.path.display().to_string(),
            own: folder.own,
            missing: folder.missing,
            silent: folder.silent,
            free_bytes: folder.free_bytes,
            model_count: u32::try_from(folder.model_count).unwrap_or(u32::MAX),
            size_bytes: folder.size_bytes,
        }
    }
}

impl From<core::FolderMove> for FolderMove {
    fn from(now: core::FolderMove) -> Self {
        Self {
            from: now.from.display().to_string(),
            to: now.to.display().to_string(),
            done_bytes: now.done_bytes,
            total_bytes: now.total_bytes,
            running: now.running,
            error: now.error.map(Into::into),
        }
    }
}

impl From<core::Newer> for NewerUpload {
    fn from(newer: core::Newer) -> Self {
        match newer {
            core::Newer::Same => Self::Same,
            core::Newer::Newer {
                revision,
                size_bytes,
            } => Self::Newer {
                revision,
                size_bytes,
            },
            core::Newer::Gone => Self::Gone,
            core::Newer::Unknown => Self::Unknown,
        }
    }
}
