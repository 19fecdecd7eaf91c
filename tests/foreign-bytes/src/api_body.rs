//! What clients send: the bodies of the management API, what the endpoint reads of any other body, load parameters,
//! pasted command lines, and documents of parameters.
//!
//! Promises: what is understood means the same when it is written and read again; the endpoint sees the very model that
//! the engine will; no parameter becomes an argument that the engine does not list or that is Paddock's own; a pasted
//! secret is not shown again.

use std::sync::OnceLock;

use gateway::{
    AddAlias, AddEngine, AddKey, DownloadModel, EstimateModel, ExportParams, ImportModels,
    ImportParams, LoadModel, ModelsFolder, NamedPreset, PinModel, ProveEngine, RemoveAlias,
    RemoveKey, RemoveModel, SavePreset, SetDefaults, SetEngine, SetModelPolicy, ShowParams,
    UnloadModel, UseEngine, UsePreset, Wish,
};
use http::{HeaderMap, HeaderValue, Uri, header};
use load_params::{EngineFlags, Limits, LoadParams, Severity, parse_command_line, validate};
use paddock_core::ParamsExport;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::engine_help::are_listed;

/// A current engine's flags.
const HELP: &str = include_str!("../../../src-tauri/crates/load-params/tests/fixtures/b11434.txt");
const BOUNDARY: &str = "xyz";

/// Reads the bytes as each of them.
pub fn check(bytes: &[u8]) {
    every_body(bytes);
    wish_of_json(bytes);
    wish_of_form(bytes);
    if let Ok(params) = serde_json::from_slice::<LoadParams>(bytes) {
        are_sound(&params);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    command_line(text);
    if let Ok(export) = ParamsExport::parse(text) {
        let again = serde_json::to_string(&export).unwrap();
        assert_eq!(ParamsExport::parse(&again).unwrap(), export);
    }
}

fn every_body(bytes: &[u8]) {
    macro_rules! round_trips {
        ($($body:ty),* $(,)?) => { $(round_trip::<$body>(bytes);)* };
    }
    round_trips!(
        AddAlias,
        AddEngine,
        AddKey,
        DownloadModel,
        EstimateModel,
        ExportParams,
        ImportModels,
        ImportParams,
        LoadModel,
        ModelsFolder,
        NamedPreset,
        PinModel,
        ProveEngine,
        RemoveAlias,
        RemoveKey,
        RemoveModel,
        SavePreset,
        SetDefaults,
        SetEngine,
        SetModelPolicy,
        ShowParams,
        UnloadModel,
        UseEngine,
        UsePreset,
    );
}

/// As the command line writes a body and the host reads it.
fn round_trip<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(body) = serde_json::from_slice::<T>(bytes) else {
        return;
    };
    let written = serde_json::to_value(&body).unwrap();
    let again: T = serde_json::from_value(written.clone()).unwrap();
    let name = std::any::type_name::<T>();
    assert_eq!(serde_json::to_value(&again).unwrap(), written, "{name}");
}

fn headers(kind: &str) -> HeaderMap {
    let kind = HeaderValue::from_str(kind).unwrap();
    HeaderMap::from_iter([(header::CONTENT_TYPE, kind)])
}

/// Where names are there once, the endpoint reads what everybody reads.
fn wish_of_json(bytes: &[u8]) {
    let uri = Uri::from_static("/v1/chat/completions");
    let headers = headers("application/json");
    let _ = Wish::of(&uri, &headers, bytes);
    let Ok(document @ Value::Object(_)) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    // Twice the same name: the last one counts everywhere, and is the only one now.
    let plain = serde_json::to_vec(&document).unwrap();
    let wish = Wish::of(&uri, &headers, &plain);
    if document["model"].is_null() || document["model"].is_string() {
        assert_eq!(wish.model.as_deref(), document["model"].as_str());
        assert_eq!(wish.stream, document["stream"] == true);
        assert_eq!(wish.ttl_seconds, document["ttl"].as_i64());
    } else {
        assert_eq!(wish, Wish::default(), "no name is made of what is none");
    }
}

/// What is read of a form stands in it.
fn wish_of_form(bytes: &[u8]) {
    let uri = Uri::from_static("/v1/audio/transcriptions?model=in%20query");
    let kind = format!("multipart/form-data; boundary=\"{BOUNDARY}\"");
    let headers = headers(&kind);
    let wish = Wish::of(&uri, &headers, bytes);
    let model = wish.model.unwrap_or_default();
    let is_there = bytes
        .windows(model.len().max(1))
        .any(|part| part == model.as_bytes());
    assert!(model.is_empty() || model == "in query" || is_there);
}

fn flags() -> &'static EngineFlags {
    static FLAGS: OnceLock<EngineFlags> = OnceLock::new();
    FLAGS.get_or_init(|| EngineFlags::parse(HELP))
}

fn are_sound(params: &LoadParams) {
    let json = serde_json::to_value(params).unwrap();
    let again: LoadParams = serde_json::from_value(json).unwrap();
    assert_eq!(&again, params);
    let nothing = LoadParams::default();
    assert_eq!(&params.merged(&nothing), params);
    assert_eq!(&nothing.merged(params), params);
    let problems = validate(params, &Limits::default());
    let can_work = !problems
        .iter()
        .any(|problem| problem.severity == Severity::Error);
    assert!(problems.iter().all(|problem| !problem.message.is_empty()));
    if can_work {
        are_listed(params, flags());
    }
}

fn command_line(text: &str) {
    for flags in [flags(), &EngineFlags::default()] {
        let Ok(pasted) = parse_command_line(text, flags) else {
            continue;
        };
        are_sound(&pasted.params);
        let variables = pasted.params.environment();
        assert!(variables.iter().all(|(name, _)| name != "HF_TOKEN"));
        for ignored in &pasted.ignored {
            assert!(!ignored.reason.is_empty());
            let is_secret = ["--api-key", "--hf-token", "-hft"].contains(&ignored.flag.as_str());
            assert!(!is_secret || ignored.value.is_none(), "{ignored:?}");
        }
    }
}
