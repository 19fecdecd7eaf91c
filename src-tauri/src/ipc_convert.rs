//! From the core's types to the page's, and back for load parameters.

use load_params::{FieldConflict, LoadParams, Severity};
use paddock_core::{EngineSource, EngineView, ModelStatus, ModelView, ParamSource};
use serde_json::Value;

use crate::ipc_error::IpcError;
use crate::ipc_types::{
    Category, Engine, EngineSourceIpc, FieldConflictIpc, FieldKind, FieldSchema, LoadParamsIpc,
    Model, ModelDetail, ParamSourceIpc, Problem, ProblemSeverity, ServerFailure, ServerMemory,
    ServerState, ServerStatus,
};

impl From<&LoadParams> for LoadParamsIpc {
    fn from(params: &LoadParams) -> Self {
        // Both are the same document.
        serde_json::to_value(params)
            .and_then(serde_json::from_value)
            .unwrap_or_default()
    }
}

impl LoadParamsIpc {
    /// The typed parameters, checked.
    pub(crate) fn parse(&self) -> Result<LoadParams, IpcError> {
        let value = serde_json::to_value(self).unwrap_or(Value::Null);
        serde_json::from_value(value)
            .map_err(|error| IpcError::new("invalid_parameter", error.to_string(), ""))
    }
}

impl From<ModelStatus> for ServerStatus {
    fn from(status: ModelStatus) -> Self {
        let server = status.server;
        Self {
            key: server.key,
            state: match server.state {
                paddock_core::ServerState::Starting => ServerState::Starting,
                paddock_core::ServerState::Ready => ServerState::Ready,
                paddock_core::ServerState::Stopping => ServerState::Stopping,
                paddock_core::ServerState::Stopped => ServerState::Stopped,
                paddock_core::ServerState::Failed => ServerState::Failed,
            },
            running: server.running,
            endpoint: status.endpoint,
            server_url: server.server_url,
            model_path: server.model_path.display().to_string(),
            pid: server.pid,
            progress: server.progress,
            error: server.error.map(|error| ServerFailure {
                code: error.code,
                message: error.message,
                hint: error.hint,
                log_tail: error.log_tail,
            }),
            started_at: server.started_at,
            memory: ServerMemory {
                measured_bytes: status.memory.measured_bytes,
                predicted_bytes: status.memory.predicted_bytes,
            },
            applied_params: (&status.params).into(),
        }
    }
}

impl From<ModelView> for Model {
    fn from(view: ModelView) -> Self {
        let publisher = view
            .key
            .split_once('/')
            .map(|(publisher, _)| publisher.to_owned());
        let file_stem = view
            .path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Self {
            publisher: publisher.filter(|publisher| publisher != "local"),
            details: view.info.as_ref().map(details).unwrap_or_default(),
            shard_count: view.info.as_ref().map_or(1, |info| info.shard_count),
            name: view.name.unwrap_or(file_stem),
            key: view.key,
            path: view.path.display().to_string(),
            size_bytes: view.size_bytes,
            quantization: view.quantization,
            parameter_count: view.parameter_count,
            architecture: view.architecture,
            context_length: view.context_length,
            present: view.present,
            problem: view.problem,
            has_saved_params: view.has_saved_params,
            engine: view.engine,
            folder: view.folder.map(|folder| folder.display().to_string()),
            found_in: view.found_in,
            has_projector: view.projector.is_some(),
            source_repo: view.source.map(|source| source.repo),
        }
    }
}

/// The header's facts that the list does not show, in words.
fn details(info: &paddock_core::ModelInfo) -> Vec<ModelDetail> {
    let mut details = Vec::new();
    let mut add = |label: &str, value: Option<String>| {
        if let Some(value) = value {
            details.push(ModelDetail {
                label: label.to_owned(),
                value,
            });
        }
    };
    let number = |value: Option<u64>| value.map(|value| value.to_string());
    add("Layers", number(info.block_count));
    add("Embedding length", number(info.embedding_length));
    add(
        "Attention heads",
        info.head_count
            .as_ref()
            .map(|heads| heads.max().to_string()),
    );
    add(
        "Key and value heads",
        info.head_count_kv
            .as_ref()
            .map(|heads| heads.max().to_string()),
    );
    add(
        "Sliding window",
        number(info.sliding_window).map(|window| format!("{window} tokens")),
    );
    add("Experts", number(info.expert_count));
    add(
        "Vocabulary",
        number(info.vocabulary_size).map(|size| format!("{size} tokens")),
    );
    add(
        "Bits per weight",
        info.bits_per_weight.map(|bits| format!("{bits:.2}")),
    );
    let template = if info.has_chat_template {
        "in the file"
    } else {
        "none"
    };
    add("Chat template", Some(template.to_owned()));
    details
}

impl From<load_params::FieldSchema> for FieldSchema {
    fn from(field: load_params::FieldSchema) -> Self {
        Self {
            name: field.name,
            cli_flag: field.cli_flag,
            label: field.label,
            kind: match field.kind {
                load_params::FieldKind::Integer => FieldKind::Integer,
                load_params::FieldKind::Boolean => FieldKind::Boolean,
                load_params::FieldKind::Choice => FieldKind::Choice,
            },
            min: field.min,
            max: field.max,
            choices: field.choices,
            unit: field.unit,
            category: match field.category {
                load_params::Category::Basic => Category::Basic,
                load_params::Category::Gpu => Category::Gpu,
                load_params::Category::Memory => Category::Memory,
                load_params::Category::Speed => Category::Speed,
                load_params::Category::Context => Category::Context,
                load_params::Category::Advanced => Category::Advanced,
            },
            help: field.help,
            details: field.details,
            placeholder: field.placeholder,
            supported: field.supported,
            unsupported_reason: field.unsupported_reason,
            conflicts: field
                .conflicts
                .into_iter()
                .map(|FieldConflict { with, reason }| FieldConflictIpc { with, reason })
                .collect(),
        }
    }
}

impl From<ParamSource> for ParamSourceIpc {
    fn from(source: ParamSource) -> Self {
        match source {
            ParamSource::Fitted => Self::Fitted,
            ParamSource::Saved => Self::Saved,
            ParamSource::Request => Self::Request,
            _ => Self::Default,
        }
    }
}

impl From<load_params::Problem> for Problem {
    fn from(problem: load_params::Problem) -> Self {
        Self {
            severity: match problem.severity {
                Severity::Error => ProblemSeverity::Error,
                Severity::Warning => ProblemSeverity::Warning,
            },
            param: problem.param,
            message: problem.message,
            hint: problem.hint,
        }
    }
}

impl From<EngineView> for Engine {
    fn from(view: EngineView) -> Self {
        Self {
            name: view.name,
            path: view.path.display().to_string(),
            current: view.current,
            present: view.present,
            version: None,
            source: match view.source {
                EngineSource::Added => EngineSourceIpc::Saved,
                EngineSource::Paddock => EngineSourceIpc::Paddock,
                EngineSource::Path => EngineSourceIpc::Path,
                EngineSource::Packed => EngineSourceIpc::Packed,
            },
        }
    }
}
