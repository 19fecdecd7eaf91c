//! Owns `llama-server` children from spawn to exit.
//!
//! # Theory of operation
//!
//! A [`Registry`] holds the servers of one host by model key. [`Registry::start`] checks the [`LaunchSpec`] and starts
//! a [`Server`]: one task that owns one child, while everyone else holds a handle.
//! The task takes a port, spawns the engine, asks `/health` and `/v1/models` until both answer, and from then on waits
//! for the child's end or an order to stop. What it knows it publishes as a [`ServerStatus`] over a `watch` channel;
//! reading it costs nothing and touches no network.
//!
//! A stop fires [`Server::closing`], upon which whoever streams from the engine lets go; then the engine is asked
//! twice and killed, within 2 s in any state.
//!
//! No engine outlives its host. On Unix the child runs under `paddock-guard` (`src/bin/paddock-guard`), which kills it
//! when the host's end of their socket closes; on Windows in a job object. [`reap`] ends at the next start what
//! escaped both.
//!
//! Deliberately absent: Tauri, settings, the model library, parameters' meaning, who makes room for whom, and what to do
//! after a crash; those are the core's.

mod api_key;
mod chatter;
mod error;
mod exit_report;
mod health;
mod launch;
mod logs;
mod one_shot;
mod port;
mod process;
mod progress;
#[cfg(any(test, feature = "puppets"))]
mod puppets;
mod reaper;
mod registry;
mod server;
mod state;
mod surroundings;

pub use error::StartError;
pub use exit_report::{ExitKind, ExitReport, FailureCause};
pub use launch::{LaunchSpec, Listen, check_binary, check_model};
pub use logs::Log;
pub use one_shot::run_to_end;
pub use port::{EphemeralPorts, PortSource};
pub use process::ProcessIdentity;
#[cfg(any(test, feature = "puppets"))]
pub use puppets::{Birth, Part, Puppet, Puppets};
pub use reaper::{Reaped, reap};
pub use registry::Registry;
pub use server::{Server, StopOutcome, milliseconds_since_epoch};
pub use state::{Failure, ServerState, ServerStatus};
pub use surroundings::{Surroundings, log_path};
