//! What crosses to the page, exported to TypeScript. Mirrors of the core's types: the core does not know specta, and
//! what the page sees must not change by accident.
#![allow(missing_docs)] // The fields are the core's, and documented there.

pub mod chat;
pub mod command_line;
pub mod desktop;
pub mod downloads;
pub mod engines;
pub mod first_run;
pub mod hub;
pub mod library;
pub mod memory;
pub mod serving;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use specta::Type;
use tauri_specta::Event;

use crate::ipc_error::IpcError;
use engines::{Announcement, EngineJob};

/// How the app came up.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum StartUp {
    /// The core is open.
    #[serde(rename_all = "camelCase")]
    Ready {
        /// Nothing was done yet: the first steps are to be shown.
        first_run: bool,
    },
    /// A headless host owns the data folder.
    Occupied {
        /// Its pid.
        pid: u32,
        /// Its version.
        version: String,
    },
    /// The core could not be opened.
    Failed {
        /// Why.
        error: IpcError,
    },
}

/// Where a server is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ServerState {
    Starting,
    Ready,
    Stopping,
    Stopped,
    Failed,
}

/// Why a server failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ServerFailure {
    pub code: String,
    pub message: String,
    pub hint: String,
    pub log_tail: Vec<String>,
}

/// Memory of one model, in bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ServerMemory {
    pub measured_bytes: Option<u64>,
    pub predicted_bytes: Option<u64>,
}

/// A model that is starting, ready, stopping or failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ServerStatus {
    pub key: String,
    pub state: ServerState,
    pub running: bool,
    pub endpoint: Option<String>,
    pub server_url: Option<String>,
    pub model_path: String,
    pub pid: Option<u32>,
    pub progress: Option<f32>,
    pub error: Option<ServerFailure>,
    /// Milliseconds since 1970.
    pub started_at: Option<u64>,
    pub memory: ServerMemory,
    /// What it was started with.
    pub applied_params: LoadParamsIpc,
    /// Requests that it answers.
    pub requests_in_flight: u32,
    /// Requests that wait for it.
    pub requests_waiting: u32,
    /// Since when it has had nothing to do, in milliseconds since 1970; null while it has.
    pub idle_since: Option<u64>,
    /// It ends after so long without a request: 0 at once, -1 never.
    pub ttl_seconds: i32,
    /// Never ended to make room, and not when it is idle.
    pub keep_loaded: bool,
    /// It is to be loaded, and waits for another's memory.
    pub waiting_for_room: bool,
    /// Its last requests are being answered; then it makes room for another.
    pub making_room: bool,
    /// How often it was started again after it had died.
    pub restarts: u32,
    /// Its last crash, also after it was started again.
    pub last_crash: Option<serving::Crash>,
    /// Where it is, as predicted and as it really is; once it is ready.
    pub placement: Option<memory::Placement>,
}

/// The stable endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    pub url: String,
    pub listening: bool,
    pub error: Option<String>,
}

/// Memory of this machine, in bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Memory {
    pub total_bytes: u64,
    pub available_bytes: u64,
    pub engines_bytes: u64,
}

/// What was done to the settings at the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    pub message: String,
    pub kept_at: Option<String>,
}

/// Everything that changes while the app runs. A greater revision is newer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    pub revision: u64,
    pub servers: Vec<ServerStatus>,
    pub endpoint: Endpoint,
    pub memory: Memory,
    pub notices: Vec<Notice>,
    pub version: String,
    pub data_dir: String,
    pub engine: Option<String>,
    /// The installation that is under way, or how the last one ended.
    pub engine_job: Option<EngineJob>,
    /// What happened by itself, until it is dismissed.
    pub announcements: Vec<Announcement>,
}

/// A line of "Details".
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ModelDetail {
    pub label: String,
    pub value: String,
}

/// A model of the library.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    pub key: String,
    pub name: String,
    pub publisher: Option<String>,
    pub path: String,
    pub size_bytes: Option<u64>,
    pub quantization: Option<String>,
    pub parameter_count: Option<u64>,
    pub architecture: Option<String>,
    pub context_length: Option<u64>,
    pub present: bool,
    pub problem: Option<String>,
    pub shard_count: u64,
    pub has_saved_params: bool,
    /// The engine that it is pinned to.
    pub engine: Option<String>,
    /// The models folder that it lies in; none for one that was imported where it lies.
    pub folder: Option<String>,
    /// The other app whose file it is.
    pub found_in: Option<String>,
    pub has_projector: bool,
    /// `owner/name` on the hub.
    pub source_repo: Option<String>,
    /// Further names by which requests may mean it.
    pub aliases: Vec<String>,
    /// The model of whose file this is a second entry, with parameters of its own.
    pub alias_of: Option<String>,
    pub policy: serving::ModelPolicy,
    pub details: Vec<ModelDetail>,
}

/// The value of an engine flag that is not in the table: a switch, a text, or nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(untagged)]
pub enum ExtraValue {
    Switch(bool),
    Text(String),
}

/// The value of a load parameter. Texts are taken for every kind, as the command line writes them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(untagged)]
#[serde(rename = "ParamJson")]
pub enum ParamJson {
    Switch(bool),
    Number(i32),
    Text(String),
    Texts(Vec<String>),
    Numbers(Vec<i32>),
    Members(BTreeMap<String, Option<ExtraValue>>),
}

/// Load parameters by name, every one optional. `load-params` checks what is in them, and knows the names: a list of its
/// own here would lose what is added there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(transparent)]
#[serde(rename = "LoadParams")]
pub struct LoadParamsIpc(
    #[specta(type = BTreeMap<String, Option<ParamJson>>)]
    pub  serde_json::Map<String, serde_json::Value>,
);

/// The sort of control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum FieldKind {
    Integer,
    Boolean,
    Choice,
    Number,
    File,
    Text,
    List,
    Numbers,
    Variables,
}

/// The group a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Category {
    Basic,
    Gpu,
    Memory,
    Speed,
    Context,
    Advanced,
}

/// A parameter that can exclude another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
#[serde(rename = "FieldConflict")]
pub struct FieldConflictIpc {
    pub with: String,
    pub reason: String,
}

/// One field of the form, as `load_params::FieldSchema` documents it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct FieldSchema {
    pub name: String,
    pub cli_flag: String,
    pub label: String,
    pub kind: FieldKind,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub recommended_max: Option<i64>,
    pub choices: Vec<String>,
    pub unit: Option<String>,
    pub category: Category,
    pub help: String,
    pub details: String,
    pub placeholder: Option<String>,
    pub supported: bool,
    pub unsupported_reason: Option<String>,
    pub conflicts: Vec<FieldConflictIpc>,
}

/// Where a value is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
#[serde(rename = "ParamSource")]
pub enum ParamSourceIpc {
    Request,
    Saved,
    Preset,
    Default,
    Fitted,
}

/// Bounds from model and machine.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    pub training_context: Option<u32>,
    pub block_count: Option<u32>,
    pub cores: Option<u32>,
}

/// The load form of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct LoadForm {
    pub key: String,
    pub fields: Vec<FieldSchema>,
    pub saved: LoadParamsIpc,
    pub effective: LoadParamsIpc,
    pub sources: BTreeMap<String, ParamSourceIpc>,
    pub limits: Limits,
    pub engine: Option<String>,
    /// The preset that the model uses.
    pub preset: Option<String>,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ProblemSeverity {
    Error,
    Warning,
}

/// What is wrong or doubtful with a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    pub param: String,
    pub severity: ProblemSeverity,
    pub message: String,
    pub hint: Option<String>,
}

/// What the values in the form come to.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    pub command_line: Vec<String>,
    pub problems: Vec<Problem>,
    pub effective: LoadParamsIpc,
    pub sources: BTreeMap<String, ParamSourceIpc>,
}

/// The window's colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    Light,
    Dark,
    #[default]
    System,
}

/// What the settings screen shows.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    pub port: u16,
    pub host: String,
    pub theme: Theme,
    pub model_folders: Vec<String>,
    pub paddock_models_folder: String,
    pub hub: hub::HubSettings,
    pub serving: serving::ServingSettings,
    /// Newer builds are installed without being asked for.
    pub auto_update_engines: bool,
    /// A load without an engine fetches one.
    pub fetch_missing_engine: bool,
}

/// Something in the snapshot changed.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
pub struct SnapshotChanged(pub Snapshot);

/// A line of an engine's log.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    pub key: String,
    pub line: String,
}

/// Models came or went.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
pub struct LibraryChanged;

/// Files were opened with Paddock outside the window: ask for them.
#[derive(Debug, Clone, Deserialize, Serialize, Type, Event)]
pub struct OpenFiles;
