//! From the core's types to the page's, and back for load parameters.

use load_params::{FieldConflict, LoadParams, Severity};
use paddock_core::{ModelStatus, ModelView, ParamSource};
use serde_json::Value;

use crate::ipc_error::IpcError;
use crate::ipc_types::serving::{Crash, ModelPolicy};
use crate::ipc_types::{
    Category, FieldConflictIpc, FieldKind, FieldSchema, LoadParamsIpc, Model, ModelDetail,
    ParamSourceIpc, Problem, ProblemSeverity, ServerFailure, ServerMemory, ServerState,
    ServerStatus,
};

impl From<&LoadParams> for LoadParamsIpc {
    fn from(params: &LoadParams) -> Self {
        match serde_json::to_value(params) {
            Ok(Value::Object(members)) => Self(members),
            _ => Self::default(),
        }
    }
}

impl LoadParamsIpc {
    /// The typed parameters, checked. The page says null of what is not set.
    pub(crate) fn parse(&self) -> Result<LoadParams, IpcError> {
        let mut members = self.0.clone();
        members.retain(|_, value| !value.is_null());
        serde_json::from_value(Value::Object(members))
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
            error: server.error.map(Into::into),
            started_at: server.started_at,
            memory: ServerMemory {
                measured_bytes: status.memory.measured_bytes,
                predicted_bytes: status.memory.predicted_bytes,
            },
            applied_params: (&status.params).into(),
            requests_in_flight: u32::try_from(status.requests_in_flight).unwrap_or(u32::MAX),
            requests_waiting: u32::try_from(status.requests_waiting).unwrap_or(u32::MAX),
            idle_since: status.idle_since,
            ttl_seconds: i32::try_from(status.ttl_seconds).unwrap_or(i32::MAX),
            keep_loaded: status.keep_loaded,
            waiting_for_room: status.waiting_for_room,
            making_room: status.making_room,
            restarts: u32::try_from(status.restarts).unwrap_or(u32::MAX),
            last_crash: status.last_crash.map(|crash| Crash {
                failure: crash.failure.into(),
                at: crash.at,
            }),
            placement: status.placement.map(Into::into),
        }
    }
}

impl From<paddock_core::Failure> for ServerFailure {
    fn from(failure: paddock_core::Failure) -> Self {
        Self {
            code: failure.code,
            message: failure.message,
            hint: failure.hint,
            log_tail: failure.log_tail,
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
        // A second entry is called as its user named it: its file's own name is the first's.
        let name = match &view.alias_of {
            Some(_) => view.key.rsplit('/').next().map(str::to_owned),
            None => view.name,
        };
        let name = name.unwrap_or(file_stem);
        Self {
            publisher: publisher.filter(|publisher| publisher != "local"),
            details: view.info.as_ref().map(details).unwrap_or_default(),
            shard_count: view.info.as_ref().map_or(1, |info| info.shard_count),
            name,
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
            aliases: view.aliases,
            alias_of: view.alias_of,
            policy: ModelPolicy {
                ttl_seconds: view
                    .ttl_seconds
                    .map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX)),
                keep_loaded: view.keep_loaded,
                load_at_start: view.load_at_start,
            },
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
                load_params::FieldKind::Number => FieldKind::Number,
                load_params::FieldKind::File => FieldKind::File,
                load_params::FieldKind::Text => FieldKind::Text,
                load_params::FieldKind::List => FieldKind::List,
                load_params::FieldKind::Numbers => FieldKind::Numbers,
                load_params::FieldKind::Variables => FieldKind::Variables,
            },
            min: field.min,
            max: field.max,
            recommended_max: field.recommended_max,
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
            ParamSource::Preset => Self::Preset,
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
