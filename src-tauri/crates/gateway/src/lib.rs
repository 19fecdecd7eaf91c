//! The stable endpoint and the control listener: the doors of `paddock-core` for HTTP.
//!
//! The gateway is what clients are set up with, 127.0.0.1:8421 (`gateway`, `listener`, `connections`). A request passes
//! `access` (host and origin), `admission` (keys) and `paths`, then gets a model (`asking`), and its answer goes back
//! byte for byte (`relay`), or behind comments while the model loads (`waiting`). All of that runs on a thread of its
//! own on which nothing slow happens; loads, lists and the management API run on the host's runtime. What went through
//! is counted (`exchange`, `meters`, `metrics`) and logged (`request_log`).
//!
//! The control listener (`control`) is a loopback port of its own with a token, for the CLI and other programs of the
//! same user; it is there even if 8421 is taken. The CLI asks the same routes in its own process where no host runs.
//!
//! Left out: what loading, scheduling and keys mean, which is the core's; changing a request's or an answer's body.

mod access;
mod admission;
mod api_error;
mod asking;
mod bodies;
mod body;
mod connections;
mod control;
mod cors;
mod exchange;
mod gateway;
mod host;
mod in_flight;
mod listener;
mod management;
mod meters;
mod metrics;
mod model_list;
mod openapi;
mod paths;
mod port_owner;
mod proxy;
mod relay;
mod request_log;
mod sniff;
mod time;
mod upstream;
mod waiting;
mod wish;

pub use control::{
    AddAlias, AddEngine, AddKey, DownloadModel, EstimateModel, ExportParams, ImportModels,
    ImportParams, InProcess, LoadModel, ModelsFolder, NamedPreset, PinModel, ProveEngine,
    RemoveAlias, RemoveKey, RemoveModel, SavePreset, SetDefaults, SetEngine, SetModelPolicy,
    ShowParams, UnloadModel, UseEngine, UsePreset,
};
pub use gateway::NeedsKey;
pub use host::{Hooks, Host, HostError, ShowWindow};
pub use wish::Wish;
