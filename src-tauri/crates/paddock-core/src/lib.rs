//! Paddock's use cases: what the window, the tray, the command line and the API all call, so that none of them can do
//! it differently.
//!
//! [`Core`] is opened once by a host, which holds the data folder's lock (`instance`). Each use case is a file with
//! methods on it: `load_model`, `unload_model`, `list_models`, `import_models`, `engines`, `params`, `status`. What is
//! shared by them is in `run/`.
//!
//! Deliberately absent: Tauri, HTTP, words for people beyond error messages. `cargo tree -p paddock-core -i tauri`
//! finds nothing.

mod aliases;
mod announcements;
mod available_engines;
mod change_endpoint;
mod change_engines;
mod chat;
mod chat_error;
mod chat_markdown;
mod chat_reader;
mod chat_request;
mod chats;
mod check_after_sleep;
mod check_for_newer;
mod command_line;
mod core;
mod doctor;
mod download_model;
mod downloads;
mod engine_error;
mod engine_jobs;
mod engine_list;
mod engine_log;
mod engines;
mod error;
mod estimate_memory;
mod exchange_params;
mod fetch_archive;
mod fetch_missing_engine;
mod first_run;
mod fit_params;
mod folder_moves;
mod found_elsewhere;
mod free_memory;
mod http;
mod hub;
mod hub_repo;
mod hub_token;
mod import_models;
mod install_engine;
mod install_steps;
mod instance;
mod keychain;
mod keys;
mod library_error;
mod list_models;
mod load_form;
mod load_model;
mod measured_memory;
mod model_details;
mod model_policy;
mod models_folders;
mod move_journal;
mod move_models_folder;
mod overall;
mod param_layers;
mod params;
mod params_error;
mod presets;
mod prove_engine;
mod recent_models;
mod recommend_models;
mod refusals;
mod remove_model;
mod roll_back_engine;
mod run;
mod saved_params;
mod schedule;
mod search_hub;
mod show_engine;
mod status;
mod switch_engine;
mod traffic;
mod unload_model;
mod update_engines;
mod watch_library;

pub use crate::announcements::Announcement;
pub use crate::available_engines::{
    AvailableEngines, BuildView, GpuView, MachineView, VariantView,
};
pub use crate::change_endpoint::{EndpointChange, EndpointError, LimitsChange};
pub use crate::change_engines::EngineOptions;
pub use crate::chat::{AnswerFacts, ChatEvent, ChatModel, ChatStream};
pub use crate::chat_error::ChatError;
pub use crate::chat_markdown::chat_markdown;
pub use crate::chat_request::{ChatLine, ChatRole, ChatSettings, chat_body};
pub use crate::chats::{Chat, ChatHead, ChatMessage, Ending};
pub use crate::check_for_newer::Newer;
pub use crate::core::{Core, EndpointState, Opened};
pub use crate::doctor::{
    CheckedEndpoint, CheckedEngine, CheckedFolder, Checkup, Finding, PortOwner, Severity, Variable,
    port_owner,
};
pub use crate::download_model::{DownloadRequest, DownloadStarted};
pub use crate::downloads::DownloadView;
pub use crate::engine_error::{EngineError, ProofError};
pub use crate::engine_jobs::{EngineJob, EngineJobState};
pub use crate::engines::{EngineSource, EngineState, EngineView};
pub use crate::error::{Error, WireError};
pub use crate::estimate_memory::{
    DeviceKind, DeviceMemory, EstimateSource, MemoryEstimate, Remedy,
};
pub use crate::exchange_params::{ExportWhat, ModelParams, ParamsExport, ParamsImported};
pub use crate::fit_params::Fitted;
pub use crate::folder_moves::FolderMove;
pub use crate::found_elsewhere::FoundView;
pub use crate::hub::HubView;
pub use crate::hub_repo::{HubFile, HubRepo, HubVariant};
pub use crate::hub_token::TokenKept;
pub use crate::import_models::ImportRequest;
pub use crate::install_engine::InstallRequest;
pub use crate::instance::{HostInfo, InstanceLock, find_host};
pub use crate::keys::{KeyError, KeyView, NewKey, Rights};
pub use crate::library_error::LibraryError;
pub use crate::list_models::ModelView;
pub use crate::load_form::{LoadForm, LoadPreview};
pub use crate::load_model::LoadRequest;
pub use crate::measured_memory::{MeasuredDevice, Placement};
pub use crate::model_details::{FileDetail, MetadataPair, ModelDetails, TensorTypeCount};
pub use crate::model_policy::ModelPolicy;
pub use crate::models_folders::FolderView;
pub use crate::overall::Overall;
pub use crate::param_layers::ParamSource;
pub use crate::params::LoadPlan;
pub use crate::params_error::ParamsError;
pub use crate::presets::PresetView;
pub use crate::prove_engine::Proof;
pub use crate::recommend_models::{Pace, Recommendation, Skill};
pub use crate::refusals::{Refusal, RefusalKind};
pub use crate::remove_model::{FileFate, Removal, RemoveRequest};
pub use crate::run::fit::Fit;
pub use crate::run::model_traits::ModelTraits;
pub use crate::schedule::counters::{SchedulingCounts, SchedulingView};
pub use crate::schedule::error::{NoRoom, ScheduleError};
pub use crate::schedule::lease::{Lease, Wanted};
pub use crate::search_hub::{HubPage, HubRepoRow, HubSearch};
pub use crate::show_engine::{EngineDetails, EngineDevices, UnsupportedParam};
pub use crate::status::{CrashReport, HostStatus, MemoryUse, ModelStatus};
pub use crate::traffic::{GatewayStats, ModelTraffic, Traffic};
pub use crate::unload_model::Unloaded;

pub use ::hub::{Gating, Reference, Sort, TokenSource, is_link, parse_link, parse_reference};
pub use download::{FileState, FileView, JobError, JobId, JobState, JobView};
pub use gguf::ModelInfo;
pub use load_params::{LoadParams, Pasted, Unsupported};
pub use supervisor::{
    Failure, Log, Registry, Server, ServerState, StopOutcome, milliseconds_since_epoch,
};
