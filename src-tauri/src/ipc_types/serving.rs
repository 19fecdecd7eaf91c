//! What crosses about serving: keys, who is refused, limits, and what goes through the endpoint.

use paddock_core as core;
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri_specta::Event;

use super::ServerFailure;

/// How an engine ended while it was serving.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Crash {
    pub failure: ServerFailure,
    /// Milliseconds since 1970.
    pub at: u64,
}

/// An API key, as it can be shown again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    pub name: String,
    pub last_four: String,
    /// It may load, unload, download and change settings.
    pub manage: bool,
    /// Milliseconds since 1970.
    pub created_at: u64,
}

/// A key that was just made: the only time that it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct NewKey {
    pub name: String,
    pub key: String,
    pub manage: bool,
}

/// What was wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum RefusalKind {
    /// The name that the endpoint was called by.
    Host,
    /// The web page that it came from.
    Origin,
    /// No key, or a wrong one.
    Key,
}

/// Requests that were refused, counted by what was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    pub kind: RefusalKind,
    pub value: String,
    pub count: u64,
    /// Milliseconds since 1970.
    pub last_at: u64,
}

/// Changes of the endpoint; what is null stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointChange {
    #[specta(optional)]
    pub host: Option<String>,
    #[specta(optional)]
    pub port: Option<u16>,
    #[specta(optional)]
    pub load_on_demand: Option<bool>,
    #[specta(optional)]
    pub request_log: Option<bool>,
    #[specta(optional)]
    pub allowed_hosts: Option<Vec<String>>,
    #[specta(optional)]
    pub allowed_origins: Option<Vec<String>>,
}

/// Bounds on what runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ServingLimits {
    /// 0 is as many as memory holds.
    pub max_loaded: u32,
    /// All models together; what the machine has where there is none.
    pub memory_bytes: Option<u64>,
    /// Without a request for so long, a model ends: 0 at once, -1 never.
    pub idle_seconds: i32,
}

/// Whom the endpoint serves, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ServingSettings {
    pub load_on_demand: bool,
    pub request_log: bool,
    pub allowed_hosts: Vec<String>,
    pub allowed_origins: Vec<String>,
    pub limits: ServingLimits,
    /// This machine's address in its network, where it has one.
    pub network_address: Option<String>,
}

/// How long a model stays, and whether it is there from the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ModelPolicy {
    /// Null is as the limits say; 0 at once, -1 never.
    pub ttl_seconds: Option<i32>,
    pub keep_loaded: bool,
    pub load_at_start: bool,
}

/// What goes through the endpoint, for one model or for all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Type)]
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
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    /// From a request's arrival to its first token, lately.
    pub first_token_milliseconds: Option<f64>,
}

/// The traffic of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ModelTraffic {
    pub key: String,
    pub traffic: Traffic,
}

/// What goes through the endpoint.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct GatewayStats {
    pub total: Traffic,
    pub models: Vec<ModelTraffic>,
    /// Requests that were refused so far: more means that the list of them changed.
    pub refused: u64,
}

/// The traffic moved: at most twice a second.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
pub struct GatewayChanged(pub GatewayStats);

impl From<core::KeyView> for ApiKey {
    fn from(key: core::KeyView) -> Self {
        Self {
            name: key.name,
            last_four: key.last_four,
            manage: key.manage,
            created_at: key.created_at,
        }
    }
}

impl From<core::NewKey> for NewKey {
    fn from(made: core::NewKey) -> Self {
        Self {
            name: made.name,
            key: made.key,
            manage: made.manage,
        }
    }
}

impl From<&core::Refusal> for Refusal {
    fn from(refusal: &core::Refusal) -> Self {
        Self {
            kind: match refusal.kind {
                core::RefusalKind::Host => RefusalKind::Host,
                core::RefusalKind::Origin => RefusalKind::Origin,
                core::RefusalKind::Key => RefusalKind::Key,
            },
            value: refusal.value.clone(),
            count: refusal.count,
            last_at: refusal.last_at,
        }
    }
}

impl From<&core::Traffic> for Traffic {
    fn from(traffic: &core::Traffic) -> Self {
        Self {
            requests: traffic.requests,
            failed: traffic.failed,
            in_flight: traffic.in_flight,
            waiting: traffic.waiting,
            tokens_per_second: traffic.tokens_per_second,
            prompt_tokens: traffic.prompt_tokens,
            completion_tokens: traffic.completion_tokens,
            first_token_milliseconds: traffic.first_token_milliseconds,
        }
    }
}

impl From<&core::GatewayStats> for GatewayStats {
    fn from(stats: &core::GatewayStats) -> Self {
        let models = stats.models.iter().map(|model| ModelTraffic {
            key: model.key.clone(),
            traffic: (&model.traffic).into(),
        });
        Self {
            total: (&stats.total).into(),
            models: models.collect(),
            refused: stats.refused,
        }
    }
}

impl From<ModelPolicy> for core::ModelPolicy {
    fn from(policy: ModelPolicy) -> Self {
        Self {
            ttl_seconds: Some(policy.ttl_seconds.map(i64::from)),
            keep_loaded: Some(policy.keep_loaded),
            load_at_start: Some(policy.load_at_start),
        }
    }
}
