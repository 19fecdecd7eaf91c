//! What goes through the endpoint, as the gateway counts it and window, API and `/metrics` show it.
//!
//! Left out: the counting itself, which is the gateway's.

use serde::Serialize;
use tokio::sync::watch;

use crate::core::Core;

/// What goes through the endpoint, for one model or for all.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// Requests so far.
    pub requests: u64,
    /// Those that got an error, or an answer that is not whole.
    pub failed: u64,
    /// Requests that are being answered, waiting ones included.
    pub in_flight: u64,
    /// Requests that wait for a model to load.
    pub waiting: u64,
    /// Tokens that are generated a second, now.
    pub tokens_per_second: f64,
    /// Tokens read so far.
    pub prompt_tokens: u64,
    /// Tokens generated so far.
    pub completion_tokens: u64,
    /// From a request's arrival to its first token, milliseconds, over the last ones; none where there was no stream.
    pub first_token_milliseconds: Option<f64>,
}

/// The traffic of one model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelTraffic {
    /// The model.
    pub key: String,
    /// Its traffic.
    pub traffic: Traffic,
}

/// What goes through the endpoint.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayStats {
    /// All of it.
    pub total: Traffic,
    /// By model, by key.
    pub models: Vec<ModelTraffic>,
    /// Requests that were refused so far: more means that the list of them changed.
    pub refused: u64,
    /// Connections that clients hold.
    pub connections: u64,
}

impl Core {
    /// What goes through the endpoint; its owner, the gateway, changes it, twice a second at most.
    #[must_use]
    pub fn gateway_stats(&self) -> &watch::Sender<GatewayStats> {
        &self.inner.gateway_stats
    }
}
