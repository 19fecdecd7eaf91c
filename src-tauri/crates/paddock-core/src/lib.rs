//! Paddock's use cases: what the window, the tray, the command line and the API all call, so that none of them can do
//! it differently.
//!
//! [`Core`] is opened once by a host, which holds the data folder's lock (`instance`). Each use case is a file with
//! methods on it: `load_model`, `unload_model`, `list_models`, `import_models`, `engines`, `params`, `status`. What is
//! shared by them is in `run/`.
//!
//! Deliberately absent: Tauri, HTTP, words for people beyond error messages. `cargo tree -p paddock-core -i tauri`
//! finds nothing.

mod announcements;
mod available_engines;
mod check_for_newer;
mod core;
mod download_model;
mod downloads;
mod engine_jobs;
mod engine_log;
mod engines;
mod error;
mod http;
mod hub;
mod hub_repo;
mod import_models;
mod install_engine;
mod instance;
mod list_models;
mod load_form;
mod load_model;
mod params;
mod remove_model;
mod run;
mod search_hub;
mod status;
mod unload_model;

pub use crate::announcements::Announcement;
pub use crate::available_engines::{
    AvailableEngines, BuildView, GpuView, MachineView, VariantView,
};
pub use crate::check_for_newer::Newer;
pub use crate::core::{Core, EndpointState, Opened};
pub use crate::download_model::{DownloadRequest, DownloadStarted};
pub use crate::downloads::DownloadView;
pub use crate::engine_jobs::{EngineJob, EngineJobState};
pub use crate::engines::{EngineDetails, EngineSource, EngineState, EngineView};
pub use crate::error::{Error, WireError};
pub use crate::hub::HubView;
pub use crate::hub_repo::{HubFile, HubRepo, HubVariant};
pub use crate::install_engine::InstallRequest;
pub use crate::instance::{HostInfo, InstanceLock, find_host};
pub use crate::list_models::ModelView;
pub use crate::load_form::{LoadForm, LoadPreview};
pub use crate::load_model::LoadRequest;
pub use crate::params::{LoadPlan, ParamSource};
pub use crate::run::fit::Fit;
pub use crate::search_hub::{HubPage, HubRepoRow, HubSearch};
pub use crate::status::{HostStatus, MemoryUse, ModelStatus};
pub use crate::unload_model::Unloaded;

pub use ::hub::{Gating, Reference, Sort, TokenSource};
pub use download::{FileView, JobError, JobId, JobState, JobView};
pub use gguf::ModelInfo;
pub use load_params::{LoadParams, Unsupported};
pub use supervisor::{Log, Registry, Server, ServerState, StopOutcome};
