//! The stable endpoint and the control listener: the doors of `paddock-core` for HTTP.
//!
//! The gateway is what clients are set up with, 127.0.0.1:8421. It passes `/v1/*` and `/health` to the loaded model,
//! streams byte for byte, from a thread and runtime of its own on which nothing slow happens. the control listener is a loopback
//! port of its own with a token, for the CLI and other programs of the same user; it is there even if 8421 is taken.
//!
//! Left out: what loading means (the core), and, so far, choosing among several models.

mod access;
mod control;
mod gateway;
mod host;
mod in_flight;
mod openai_error;
mod proxy;
mod relay;

pub use control::{
    AddEngine, AddKey, DownloadModel, ImportModels, LoadModel, ModelsFolder, ParamsView, PinModel,
    ProveEngine, RemoveKey, RemoveModel, SetEngine, ShowParams, UnloadModel, UseEngine, add_engine,
    download_status, remove_model, show_params, start_download,
};
pub use gateway::NeedsKey;
pub use host::{Hooks, Host, HostError, ShowWindow};
