//! The parts of the document that are about serving: where the endpoint listens, who may use it, and what may run.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

/// Where the endpoint listens, and to whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewaySettings {
    /// The address; loopback unless the user says otherwise, which takes an API key.
    pub host: IpAddr,
    /// The port.
    pub port: u16,
    /// Host names, beside loopback, by which clients may call the endpoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_hosts: Vec<String>,
    /// Origins of web pages that may use the endpoint; pages on this machine's own ports too only if they are here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<String>,
    /// A request for a model that is not loaded loads it.
    pub load_on_demand: bool,
    /// Whether requests are written to `logs/requests.log`; never what they say.
    pub request_log: bool,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 8421,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            load_on_demand: true,
            request_log: true,
            unknown: Map::new(),
        }
    }
}

/// An API key. The key itself is shown once and kept nowhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// What its user calls it; unique.
    pub name: String,
    /// SHA-256 of the key, in hex. A key is 256 random bits, so nothing slower is needed.
    pub sha256: String,
    /// The key's last characters, to tell it by.
    #[serde(default)]
    pub last_four: String,
    /// It may load, unload, download and change settings; else it may only use models.
    #[serde(default)]
    pub manage: bool,
    /// Milliseconds since the epoch.
    #[serde(default)]
    pub created_at: u64,
    #[serde(flatten)]
    unknown: Map<String, Value>,
    /// What stands in the document where this could not be read.
    #[serde(skip)]
    unreadable: Option<Value>,
}

impl ApiKey {
    /// A key of which only the hash is kept.
    #[must_use]
    pub fn new(
        name: String,
        sha256: String,
        last_four: String,
        manage: bool,
        created_at: u64,
    ) -> Self {
        Self {
            name,
            sha256,
            last_four,
            manage,
            created_at,
            unknown: Map::new(),
            unreadable: None,
        }
    }

    /// A key that nobody can present, in the place of an entry that cannot be read: while there is a key, the endpoint
    /// is closed to who has none, and an entry that somebody mistyped must not open it.
    fn unreadable(place: usize, entry: Value) -> Self {
        let name = entry.get("name").and_then(Value::as_str);
        let name = name.map_or_else(|| format!("unreadable entry {}", place + 1), str::to_owned);
        Self {
            unreadable: Some(entry),
            ..Self::new(name, String::new(), String::new(), false, 0)
        }
    }
}

/// Reads keys one by one. What cannot be read is told, and stays as a key that fits nobody.
pub(crate) fn read_keys(value: Value, mut tell: impl FnMut(String, String)) -> Vec<ApiKey> {
    let entries = match value {
        Value::Null => return Vec::new(),
        Value::Array(entries) => entries,
        other => {
            tell("keys".to_owned(), "it is no list".to_owned());
            return vec![ApiKey::unreadable(0, other)];
        }
    };
    let read = |(place, entry): (usize, Value)| {
        ApiKey::deserialize(&entry).unwrap_or_else(|error| {
            tell(format!("keys.{place}"), error.to_string());
            ApiKey::unreadable(place, entry)
        })
    };
    entries.into_iter().enumerate().map(read).collect()
}

/// Writes keys, and what could not be read of them as it stood.
pub(crate) fn write_keys<S: Serializer>(keys: &[ApiKey], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Entry<'key> {
        AsItStood(&'key Value),
        Key(&'key ApiKey),
    }
    serializer.collect_seq(keys.iter().map(|key| match &key.unreadable {
        Some(entry) => Entry::AsItStood(entry),
        None => Entry::Key(key),
    }))
}

/// Bounds on what runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// Models that may run at once; 0 is as many as memory holds.
    pub max_loaded: usize,
    /// Bytes that all models together may take; what the machine has where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Seconds without a request after which a model that a request loaded ends: 0 at once, -1 never. What the user
    /// loaded stays.
    pub idle_seconds: i64,
    /// Requests that may wait for one model while it loads.
    pub queue_length: usize,
    /// A load that is not ready by then is ended. Being slow is no failure, so this is long.
    pub load_timeout_seconds: u64,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_loaded: 0,
            memory_bytes: None,
            idle_seconds: 3_600,
            queue_length: 1_000,
            load_timeout_seconds: 600,
            unknown: Map::new(),
        }
    }
}
