//! What the journeys, the kill tests and the benchmarks stand on: a headless host in a data folder of its own, the
//! processes it left, HTTP as a client speaks it, and the files and engines that make things go wrong.
//!
//! Everything that a test starts carries a marker in its environment ([`Home`]), so that nothing is found by name and
//! nobody else's process is touched. When a `Home` is dropped its host is gone already, and whatever still carries the
//! marker two seconds later fails the test: every test is a test for orphans.
//!
//! The paths of engine, model and binaries come from the environment that `cargo xtask test` prepares; see
//! [`environment`]. What is here reads `/proc` and is for Linux; elsewhere the crate is empty.
#![cfg(target_os = "linux")]
// Tests fail by panicking.
#![allow(clippy::unwrap_used)]

pub mod clients;
pub mod clock;
pub mod connections;
pub mod engines;
pub mod environment;
pub mod home;
pub mod host;
pub mod http;
pub mod hub;
pub mod lab;
pub mod measure;
pub mod models;
pub mod processes;
pub mod random;
pub mod recorded;
pub mod redact;
pub mod releases;
pub mod small_disk;
pub mod wire;

pub use clients::Client;
pub use clock::Clock;
pub use home::{Home, Ran};
pub use host::{Ended, Host};
pub use http::{Answer, Api, EventStream};
pub use hub::HubDouble;
pub use lab::Lab;
pub use recorded::RecordedEngine;
pub use releases::ReleasesDouble;
pub use small_disk::SmallDisk;

use std::time::Duration;

/// What a stop may take, in any state.
pub const STOP_BOUND: Duration = Duration::from_secs(2);
/// What the whole host may take to end.
pub const SHUTDOWN_BOUND: Duration = Duration::from_secs(3);
/// How long anything may be left after a SIGKILL.
pub const ORPHAN_BOUND: Duration = Duration::from_secs(2);
/// What measuring from outside adds to a bound: starting a process, being scheduled on a busy machine.
pub const GRACE: Duration = Duration::from_millis(300);

/// How many rounds a soak goes: `PADDOCK_SOAK_ROUNDS`, else `default`.
#[must_use]
pub fn soak_rounds(default: u32) -> u32 {
    std::env::var("PADDOCK_SOAK_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(default)
}

/// Waits until `condition` gives a value; panics with `what` after `limit`.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut condition: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = tokio::time::Instant::now() + limit;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{what}: not within {limit:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
