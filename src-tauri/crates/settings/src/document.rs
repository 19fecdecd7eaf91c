//! The document's shape. What this version does not know is kept as it is, so that a newer Paddock's additions survive
//! an older one.

use std::net::IpAddr;
use std::path::PathBuf;

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::served::{ApiKey, GatewaySettings, Limits, read_keys, write_keys};

/// The version of the document that this Paddock writes.
pub const VERSION: u32 = 1;

/// All settings.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsDocument {
    /// [`VERSION`] at the time of writing.
    pub version: u32,
    /// Engines that Paddock knows, and which one is current.
    pub engines: Engines,
    /// Models by key: where the file is and the parameters saved for it.
    pub models: IndexMap<String, ModelEntry>,
    /// Load parameters for models that say nothing else.
    pub model_defaults: Map<String, Value>,
    /// Named sets of load parameters.
    pub presets: IndexMap<String, Value>,
    /// Further folders with models, beside Paddock's own.
    pub model_folders: Vec<PathBuf>,
    /// Where Paddock's own models folder was moved to; in the data folder where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_models_folder: Option<PathBuf>,
    /// The model hub, and downloads from it.
    pub hub: HubSettings,
    /// The stable endpoint.
    pub gateway: GatewaySettings,
    /// API keys, hashed.
    #[serde(serialize_with = "write_keys")]
    pub keys: Vec<ApiKey>,
    /// What may run, and for how long.
    pub limits: Limits,
    /// The window's own settings.
    pub desktop: Map<String, Value>,
    /// Top-level members of a newer version.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

/// Engines by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Engines {
    /// The name of the engine that models run on.
    pub current: Option<String>,
    /// Engines that were added or installed.
    pub installed: IndexMap<String, EngineEntry>,
    /// Another base of the release API than GitHub's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub releases_url: Option<String>,
    /// New builds are installed by themselves; else they are offered.
    pub auto_update: bool,
    /// A load that finds no engine fetches one first.
    pub fetch_missing: bool,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl Default for Engines {
    fn default() -> Self {
        Self {
            current: None,
            installed: IndexMap::new(),
            releases_url: None,
            auto_update: false,
            fetch_missing: true,
            unknown: Map::new(),
        }
    }
}

/// One engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineEntry {
    /// The `llama-server` binary, absolute.
    pub path: PathBuf,
    /// The release that it is from, such as `b10434`, where Paddock fetched it or the user says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// Which of the release's builds, such as `vulkan` or `cuda-12.8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// What was asked for when it was installed: `latest` or a tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The address that its servers listen on; loopback where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<IpAddr>,
    /// Its first server's port, the next server's is one higher; free ports where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_port: Option<u16>,
    /// Arguments for each start of it, before the model's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra_args: Vec<String>,
    /// Whether Paddock may fetch the build when it is missing; as `fetchMissing` says where this does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch: Option<bool>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl EngineEntry {
    /// An engine whose binary is at `path`.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            build: None,
            variant: None,
            tag: None,
            host: None,
            base_port: None,
            extra_args: Vec::new(),
            fetch: None,
            unknown: Map::new(),
        }
    }
}

/// One model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelEntry {
    /// The GGUF file, or the first of its shards, absolute. It may be missing for a while: drives come and go.
    pub path: PathBuf,
    /// Load parameters saved for this model.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
    /// The engine that this model is pinned to; the current one where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Where Paddock fetched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ModelSource>,
    /// The other app whose file it is: `ollama`, `lmstudio`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_in: Option<String>,
    /// Its vision projector, where that does not lie beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projector: Option<PathBuf>,
    /// Further names by which requests may mean it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// The model of whose file this is a second entry, with parameters of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_of: Option<String>,
    /// The preset whose parameters count where the model's own say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Seconds without a request after which it ends: 0 at once, -1 never; as `limits` says where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<i64>,
    /// Never ended to make room for another, and not when it is idle.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_loaded: bool,
    /// Loaded when the host starts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub load_at_start: bool,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// Where a model was fetched from, so that a newer upload can be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelSource {
    /// `owner/name` on the hub.
    pub repo: String,
    /// The commit.
    pub revision: String,
    /// The path of the file, or of the first shard, in the repository.
    pub file: String,
    /// Its SHA-256 in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The vision projector that came with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub projector: Option<PathBuf>,
    /// Members of a newer version.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

impl ModelEntry {
    /// A model at `path` with nothing saved.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            params: Map::new(),
            engine: None,
            source: None,
            found_in: None,
            projector: None,
            aliases: Vec::new(),
            alias_of: None,
            preset: None,
            ttl_seconds: None,
            keep_loaded: false,
            load_at_start: false,
            unknown: Map::new(),
        }
    }
}

/// The model hub, and downloads. The token is not here: see the core's `hub` use case.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HubSettings {
    /// A mirror's address; the hub itself, or `HF_ENDPOINT`, where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The access token is in the system's keychain. The token itself is never here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub token_in_keychain: bool,
    /// Requests at a time, of all files together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<usize>,
    /// Files at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_files: Option<usize>,
    /// Bytes a second, of all downloads together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_second: Option<u64>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// A part of the document that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `gateway`, `models.local/x`.
    pub place: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Reads a document part by part: one that is wrong is replaced by its default and named, the others stay. Models and
/// engines are read entry by entry, because a user's parameters for one model must not go for a typo in another's; keys so that a typo opens no door.
#[must_use]
pub fn read_document(document: Value) -> (SettingsDocument, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut members = match document {
        Value::Object(members) => members,
        other => {
            let reason = format!("the document is not a JSON object but {}", kind(&other));
            problems.push(Problem {
                place: "settings.json".to_owned(),
                reason,
            });
            Map::new()
        }
    };
    members.remove("version");
    let models = entries(&mut members, "models", &mut problems);
    let presets = entries(&mut members, "presets", &mut problems);
    let mut engines = members.remove("engines").unwrap_or(Value::Null);
    let installed = engines
        .as_object_mut()
        .map(|engines| entries(engines, "installed", &mut problems))
        .unwrap_or_default();
    let engines = Engines {
        installed,
        ..part(engines, "engines", &mut problems)
    };
    let mut take = |name: &str| members.remove(name).unwrap_or(Value::Null);
    let (model_defaults, model_folders, own_models_folder, hub) = (
        take("modelDefaults"),
        take("modelFolders"),
        take("ownModelsFolder"),
        take("hub"),
    );
    let (gateway, keys, limits, desktop) = (
        take("gateway"),
        take("keys"),
        take("limits"),
        take("desktop"),
    );
    let settings = SettingsDocument {
        version: VERSION,
        engines,
        models,
        model_defaults: part(model_defaults, "modelDefaults", &mut problems),
        presets,
        model_folders: part(model_folders, "modelFolders", &mut problems),
        own_models_folder: part(own_models_folder, "ownModelsFolder", &mut problems),
        hub: part(hub, "hub", &mut problems),
        gateway: part(gateway, "gateway", &mut problems),
        keys: read_keys(keys, |place, reason| {
            problems.push(Problem { place, reason });
        }),
        limits: part(limits, "limits", &mut problems),
        desktop: part(desktop, "desktop", &mut problems),
        unknown: members,
    };
    (settings, problems)
}

fn part<T: DeserializeOwned + Default>(
    value: Value,
    place: &str,
    problems: &mut Vec<Problem>,
) -> T {
    if value.is_null() {
        return T::default();
    }
    serde_json::from_value(value).unwrap_or_else(|error| {
        problems.push(Problem {
            place: place.to_owned(),
            reason: error.to_string(),
        });
        T::default()
    })
}

fn entries<T: DeserializeOwned>(
    members: &mut Map<String, Value>,
    name: &str,
    problems: &mut Vec<Problem>,
) -> IndexMap<String, T> {
    let parts: Map<String, Value> =
        part(members.remove(name).unwrap_or(Value::Null), name, problems);
    let mut read = IndexMap::new();
    for (key, value) in parts {
        match serde_json::from_value(value) {
            Ok(entry) => drop(read.insert(key, entry)),
            Err(error) => problems.push(Problem {
                place: format!("{name}.{key}"),
                reason: error.to_string(),
            }),
        }
    }
    read
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_default_document_has_every_top_level_key() {
        let document = serde_json::to_value(SettingsDocument {
            version: VERSION,
            ..Default::default()
        })
        .unwrap();
        let keys: Vec<&String> = document.as_object().unwrap().keys().collect();
        let expected = [
            "version",
            "engines",
            "models",
            "modelDefaults",
            "presets",
            "modelFolders",
            "hub",
            "gateway",
            "keys",
            "limits",
            "desktop",
        ];
        assert_eq!(keys, expected);
    }

    #[test]
    fn a_document_round_trips_and_keeps_what_it_does_not_know() {
        let document = json!({
            "version": 1,
            "engines": {"current": "a", "installed": {"a": {"path": "/e/llama-server", "variant": "cpu"}}, "channel": "x"},
            "models": {"local/m": {
                "path": "/m.gguf", "params": {"ctxSize": 4096}, "pinned": true,
                "source": {"repo": "a/b", "revision": "c", "file": "m.gguf", "etag": "x"},
            }},
            "gateway": {"host": "127.0.0.1", "port": 9000, "cors": []},
            "somethingNewer": [1, 2],
        });
        let (settings, problems) = read_document(document);
        assert_eq!(problems, []);
        assert_eq!(settings.gateway.port, 9000);
        let written = serde_json::to_value(&settings).unwrap();
        assert_eq!(written["somethingNewer"], json!([1, 2]));
        assert_eq!(written["engines"]["channel"], "x");
        assert_eq!(written["engines"]["installed"]["a"]["variant"], "cpu");
        assert_eq!(written["models"]["local/m"]["pinned"], true);
        assert_eq!(written["models"]["local/m"]["source"]["etag"], "x");
        assert_eq!(written["gateway"]["cors"], json!([]));
        assert_eq!(read_document(written).0, settings);
    }

    #[test]
    fn one_wrong_part_costs_only_itself() {
        let (settings, problems) = read_document(json!({
            "models": {"local/good": {"path": "/g.gguf"}, "local/bad": {"path": 7}},
            "gateway": {"port": "many"},
            "limits": {"maxLoaded": 3},
        }));
        assert_eq!(settings.models.keys().collect::<Vec<_>>(), ["local/good"]);
        assert_eq!(settings.gateway, GatewaySettings::default());
        assert_eq!(settings.limits.max_loaded, 3);
        assert_eq!(
            problems
                .iter()
                .map(|problem| problem.place.as_str())
                .collect::<Vec<_>>(),
            ["models.local/bad", "gateway"]
        );
    }

    /// Without any key the endpoint lets everybody on this machine in: a typo must not take the keys away.
    #[test]
    fn a_key_that_cannot_be_read_stays_and_fits_nobody() {
        let good = json!({
            "name": "good", "sha256": "ab", "lastFour": "1234", "manage": true, "createdAt": 1, "x": 2,
        });
        for bad in [
            json!({"name": "bad", "sha256": "cd", "manage": "yes"}),
            json!({"name": "bad"}),
            json!("a-key-in-clear"),
            json!(null),
        ] {
            let document = json!({"keys": [bad, good]});
            let (settings, problems) = read_document(document.clone());
            assert_eq!(problems[0].place, "keys.0");
            assert_eq!(problems.len(), 1);
            assert_eq!(settings.keys.len(), 2);
            assert_eq!(
                (&*settings.keys[0].sha256, settings.keys[0].manage),
                ("", false)
            );
            assert_eq!(
                (&*settings.keys[1].sha256, settings.keys[1].manage),
                ("ab", true)
            );
            let written = serde_json::to_value(&settings).unwrap();
            assert_eq!(
                written["keys"], document["keys"],
                "nothing is lost by a save"
            );
        }
        for whole in [json!({"good": good}), json!("none"), json!(7)] {
            let (settings, problems) = read_document(json!({"keys": whole}));
            assert_eq!((settings.keys.len(), &*problems[0].place), (1, "keys"));
            assert_eq!(
                serde_json::to_value(&settings).unwrap()["keys"],
                json!([whole])
            );
        }
        assert_eq!(read_document(json!({"keys": null})).0.keys, []);
    }

    proptest::proptest! {
        #[test]
        fn no_document_panics(text in "\\PC{0,200}") {
            if let Ok(value) = serde_json::from_str(&text) {
                let _ = read_document(value);
            }
        }
    }
}
