//! Commands as the page calls them, on Tauri's mock runtime: no display, no engine, milliseconds.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use paddock_core::{Core, HostInfo, InstanceLock};
use serde_json::{Value, json};
use settings::DataDir;
use tauri::ipc::{CallbackFn, InvokeBody};
use tauri::test::{
    INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder, mock_context, noop_assets,
};
use tauri::webview::InvokeRequest;
use tauri::{App, Listener, Manager, WebviewWindow, WebviewWindowBuilder};

use crate::app_state::{AppState, Phase};
use crate::event_bridge;
use crate::ipc_error::IpcError;
use crate::plugin_store::PluginSettingsStore;

/// What `llama-server --help` says, as far as these tests go.
const HELP: &str = "\
-h,    --help                           print usage and exit
-c,    --ctx-size N                     size of the prompt context (default: 0)
-t,    --threads N                      number of CPU threads to use during generation (default: -1)
-ngl,  --n-gpu-layers N                 max. number of layers to store in VRAM
-m,    --model FNAME                    model path to load
-a,    --alias STRING                   set alias for model name
--host HOST                             ip address to listen
--port PORT                             port to listen (default: 8080)
";

/// An app whose window is made of nothing, and a data folder.
struct Desk {
    app: App<MockRuntime>,
    page: WebviewWindow<MockRuntime>,
    data: DataDir,
    _lock: Option<InstanceLock>,
    folder: tempfile::TempDir,
}

impl Desk {
    /// The core is not open yet.
    fn opening() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let api = crate::api::<MockRuntime>();
        let app = mock_builder()
            .plugin(tauri_plugin_store::Builder::new().build())
            .plugin(tauri_plugin_dialog::init())
            .plugin(tauri_plugin_shell::init())
            .invoke_handler(api.invoke_handler())
            .manage(AppState::default())
            .build(mock_context(noop_assets()))
            .unwrap();
        api.mount_events(&app);
        let page = WebviewWindowBuilder::new(&app, "main", tauri::WebviewUrl::default())
            .build()
            .unwrap();
        Self {
            data: DataDir::at(folder.path().join("data")),
            app,
            page,
            _lock: None,
            folder,
        }
    }

    /// The core is open, on these settings.
    fn open_with(settings: &Value) -> Self {
        let mut desk = Self::opening();
        let path = desk.data.settings();
        std::fs::create_dir_all(desk.data.root()).unwrap();
        std::fs::write(&path, settings.to_string()).unwrap();
        let lock = InstanceLock::acquire(&desk.data).unwrap();
        let notices = settings::repair(&path).unwrap();
        let store = PluginSettingsStore::open(desk.app.handle(), path).unwrap();
        let opened = Core::open(desk.data.clone(), &lock, Box::new(store), notices).unwrap();
        desk._lock = Some(lock);
        desk.state().enter(Phase::Ready {
            core: opened.core,
            host: None,
        });
        desk
    }

    fn open() -> Self {
        Self::open_with(&json!({"version": 1}))
    }

    /// With an engine that answers questions about itself, and the tiny model as `local/tiny`.
    fn furnished() -> Self {
        let desk = Self::open();
        let engine = desk.file("llama-server");
        std::fs::write(&engine, format!("#!/bin/sh\ncat <<'EOF'\n{HELP}EOF\n")).unwrap();
        std::fs::set_permissions(&engine, std::fs::Permissions::from_mode(0o755)).unwrap();
        let core = desk.state().core().unwrap();
        tauri::async_runtime::block_on(core.add_engine(&engine)).unwrap();
        let model = desk.file("tiny.gguf");
        gguf::tiny::write(&model).unwrap();
        let imported = desk
            .asks("import_models", json!({"paths": [model]}))
            .unwrap();
        assert_eq!(imported[0]["key"], "local/tiny");
        desk
    }

    fn state(&self) -> tauri::State<'_, AppState> {
        self.app.state()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The settings on disk.
    fn settings(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.data.settings()).unwrap()).unwrap()
    }

    /// Calls a command as the page does.
    fn asks(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        let request = InvokeRequest {
            cmd: command.to_owned(),
            callback: CallbackFn(0),
            error: CallbackFn(1),
            url: "tauri://localhost".parse().unwrap(),
            body: InvokeBody::Json(arguments),
            headers: Default::default(),
            invoke_key: INVOKE_KEY.to_owned(),
        };
        get_ipc_response(&self.page, request).map(|body| body.deserialize().unwrap())
    }

    /// Calls a command that must refuse; the code of its error.
    #[track_caller]
    fn refusal(&self, command: &str, arguments: Value) -> String {
        let error = self.asks(command, arguments).unwrap_err();
        for member in ["code", "message", "details", "hint"] {
            assert!(
                !error[member].is_null(),
                "{command}: no {member} in {error}"
            );
        }
        assert!(!error["message"].as_str().unwrap().is_empty(), "{error}");
        error["code"].as_str().unwrap().to_owned()
    }
}

#[test]
fn before_the_core_is_open_every_command_says_so() {
    let desk = Desk::opening();
    let params = json!({"key": "local/tiny", "params": {}});
    let key = json!({"key": "local/tiny"});
    for (command, arguments) in [
        ("snapshot", json!({})),
        ("list_models", json!({})),
        ("get_settings", json!({})),
        ("load_model", params.clone()),
        ("unload_model", key.clone()),
        ("model_log", key.clone()),
        ("load_form", key.clone()),
        ("preview_load", params.clone()),
        ("save_params", params),
        ("model_details", key),
        (
            "remove_model",
            json!({"key": "local/tiny", "files": "keep"}),
        ),
        ("library_folders", json!({})),
        ("found_elsewhere", json!({})),
        ("use_engine", json!({"name": "a"})),
        ("set_endpoint", json!({"change": {"port": 9000}})),
        ("set_theme", json!({"theme": "dark"})),
        ("import_models", json!({"paths": []})),
        ("remove_model_folder", json!({"path": "/m"})),
        ("open_data_folder", json!({})),
    ] {
        assert_eq!(desk.refusal(command, arguments), "not_ready", "{command}");
    }
}

#[test]
fn how_the_app_came_up_is_answered_as_soon_as_it_is_known() {
    let desk = Desk::opening();
    let handle = desk.app.handle().clone();
    let (known, waits) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        waits.recv_timeout(Duration::from_millis(50)).ok();
        handle.state::<AppState>().enter(Phase::Occupied(HostInfo {
            pid: 7,
            start_time: 1,
            control_url: "http://127.0.0.1:1".to_owned(),
            token: "secret".to_owned(),
            version: "0.1.0".to_owned(),
        }));
    });
    let answer = desk.asks("start_up", json!({})).unwrap();
    drop(known);
    assert_eq!(
        answer,
        json!({"kind": "occupied", "pid": 7, "version": "0.1.0"}),
        "and no secret"
    );
}

#[test]
fn a_failed_start_is_told_with_its_error_and_to_every_command() {
    let desk = Desk::opening();
    desk.state().enter(Phase::Failed {
        error: IpcError::new(
            "settings_newer",
            "a newer Paddock wrote them",
            "Start that.",
        ),
        told: false,
    });
    let answer = desk.asks("start_up", json!({})).unwrap();
    assert_eq!(answer["kind"], "failed");
    assert_eq!(answer["error"]["code"], "settings_newer");
    assert_eq!(answer["error"]["hint"], "Start that.");
    assert_eq!(desk.refusal("list_models", json!({})), "settings_newer");
    assert!(
        desk.state().tries_again(),
        "whoever asks again wants another try"
    );
    assert!(!desk.state().tries_again(), "one at a time");
}

#[test]
fn the_snapshot_has_everything_the_page_shows_and_counts_up() {
    let desk = Desk::furnished();
    let first = desk.asks("snapshot", json!({})).unwrap();
    assert_eq!(first["servers"], json!([]));
    let engine = &desk.state().core().unwrap().engines()[0];
    assert_eq!(first["engine"], engine.name);
    assert_eq!(first["endpoint"]["url"], "http://127.0.0.1:8421");
    assert_eq!(first["endpoint"]["listening"], false);
    assert_eq!(first["notices"], json!([]));
    assert_eq!(first["dataDir"], desk.data.root().display().to_string());
    assert!(first["memory"]["totalBytes"].as_u64().unwrap() > 0);
    let second = desk.asks("snapshot", json!({})).unwrap();
    assert!(second["revision"].as_u64() > first["revision"].as_u64());
}

#[test]
fn errors_have_codes_that_the_page_knows() {
    let desk = Desk::furnished();
    let load = |key: &str, params: Value| json!({"key": key, "params": params});
    assert_eq!(
        desk.refusal("load_model", load("local/none", json!({}))),
        "model_not_found"
    );
    let too_many = load("local/tiny", json!({"ctxSize": 4_000_000_000_u64}));
    for command in ["load_model", "preview_load", "save_params"] {
        assert_eq!(desk.refusal(command, too_many.clone()), "invalid_parameter");
    }
    assert_eq!(
        desk.refusal(
            "save_params",
            load("local/tiny", json!({"nGpuLayers": "most"}))
        ),
        "invalid_parameter"
    );
    assert_eq!(
        desk.refusal("load_model", load("local/tiny", json!({"mlock": true}))),
        "unsupported_parameter"
    );
    assert_eq!(
        desk.refusal("use_engine", json!({"name": "none"})),
        "engine_not_found"
    );
    assert_eq!(
        desk.refusal("set_endpoint", json!({"change": {"port": 80}})),
        "invalid_port"
    );
    // The whole list at once is checked as a single entry is.
    for (change, code) in [
        (json!({"allowedOrigins": ["null"]}), "not_allowable"),
        (json!({"allowedHosts": ["*"]}), "not_allowable"),
        (json!({"host": "0.0.0.0"}), "needs_key"),
    ] {
        let refused = desk.refusal("set_endpoint", json!({"change": change}));
        assert_eq!(refused, code, "{change}");
    }
    std::fs::remove_file(desk.file("tiny.gguf")).unwrap();
    assert_eq!(
        desk.refusal("load_model", load("local/tiny", json!({}))),
        "model_missing"
    );
}

#[test]
fn without_an_engine_the_form_is_there_and_loading_says_what_is_missing() {
    let desk = Desk::furnished();
    let core = desk.state().core().unwrap();
    core.update_settings(|settings| settings.engines = settings::Engines::default())
        .unwrap();
    // Unless this machine has one on its PATH.
    if core.engines().is_empty() {
        let params = json!({"key": "local/tiny", "params": {}});
        assert_eq!(desk.refusal("load_model", params.clone()), "no_engine");
        assert_eq!(desk.refusal("preview_load", params), "no_engine");
    }
    let form = desk
        .asks("load_form", json!({"key": "local/tiny"}))
        .unwrap();
    assert!(!form["fields"].as_array().unwrap().is_empty());
}

#[test]
fn an_engine_is_tried_by_its_name_and_the_list_tells_how_that_went() {
    let desk = Desk::furnished();
    let engines = desk.asks("list_engines", json!({})).unwrap();
    assert_eq!(engines[0]["state"], "unproved");
    let name = engines[0]["name"].clone();
    // It says nothing of itself any more. What a proof finds of real ones is the journeys' matter.
    std::fs::write(desk.file("llama-server"), "#!/bin/sh\nexit 3\n").unwrap();
    desk.refusal("prove_engine", json!({"name": name}));
    let engines = desk.asks("list_engines", json!({})).unwrap();
    assert_eq!(engines[0]["state"], "failed");
    assert_ne!(engines[0]["problem"], Value::Null);
    let nobodys = json!({"name": "nobody's"});
    assert_eq!(desk.refusal("prove_engine", nobodys), "engine_not_found");
}

#[test]
fn a_preview_is_the_command_line_and_what_is_wrong_with_it() {
    let desk = Desk::furnished();
    let preview = |params: Value| {
        desk.asks(
            "preview_load",
            json!({"key": "local/tiny", "params": params}),
        )
        .unwrap()
    };
    let good = preview(json!({"ctxSize": 512}));
    let words: Vec<&str> = good["commandLine"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(
        words.windows(2).any(|pair| pair == ["--ctx-size", "512"]),
        "{words:?}"
    );
    assert_eq!(good["problems"], json!([]));
    assert_eq!(good["effective"]["ctxSize"], 512);

    let many = preview(json!({"ctxSize": 3_000_000}));
    assert_eq!(many["problems"][0]["param"], "ctxSize");
    assert_eq!(many["problems"][0]["severity"], "warning");
    let unsupported = preview(json!({"mlock": true}));
    assert_eq!(unsupported["problems"][0]["param"], "mlock");
    assert_eq!(unsupported["problems"][0]["severity"], "error");
}

#[test]
fn what_is_saved_is_on_disk_and_comes_back() {
    let desk = Desk::furnished();
    let params = json!({"ctxSize": 768, "threads": 2});
    let saved = desk.asks(
        "save_params",
        json!({"key": "local/tiny", "params": params}),
    );
    assert_eq!(saved, Ok(Value::Null));
    assert_eq!(
        desk.settings()["models"]["local/tiny"]["params"]["ctxSize"],
        768
    );
    let form = desk
        .asks("load_form", json!({"key": "local/tiny"}))
        .unwrap();
    assert_eq!(form["saved"]["ctxSize"], 768);
    assert_eq!(form["saved"]["threads"], 2);
    assert_eq!(form["sources"]["ctxSize"], "saved");
    let models = desk.asks("list_models", json!({})).unwrap();
    assert_eq!(models[0]["hasSavedParams"], true);

    desk.asks("save_params", json!({"key": "local/tiny", "params": {}}))
        .unwrap();
    let models = desk.asks("list_models", json!({})).unwrap();
    assert_eq!(models[0]["hasSavedParams"], false);
}

#[test]
fn settings_are_shown_changed_and_kept() {
    let desk = Desk::open();
    assert_eq!(
        desk.asks("get_settings", json!({})).unwrap()["theme"],
        "system"
    );
    desk.asks("set_theme", json!({"theme": "dark"})).unwrap();
    desk.asks("set_endpoint", json!({"change": {"port": 9000}}))
        .unwrap();
    let shown = desk.asks("get_settings", json!({})).unwrap();
    assert_eq!(shown["theme"], "dark");
    assert_eq!(shown["port"], 9000);
    assert_eq!(desk.settings()["desktop"]["theme"], "dark");
    assert_eq!(desk.settings()["gateway"]["port"], 9000);
}

#[test]
fn every_save_leaves_a_good_copy_and_what_this_version_does_not_know() {
    let desk = Desk::open_with(&json!({
        "version": 1,
        "somethingElse": {"a": [1]},
        "gateway": {"port": 8500, "later": true},
        "desktop": {"theme": "light", "window": {"x": 1}},
    }));
    desk.asks("set_theme", json!({"theme": "dark"})).unwrap();
    let settings = desk.settings();
    assert_eq!(settings["somethingElse"], json!({"a": [1]}));
    assert_eq!(settings["gateway"]["later"], true);
    assert_eq!(
        settings["desktop"],
        json!({"theme": "dark", "window": {"x": 1}})
    );
    let copy = std::fs::read(desk.data.root().join("settings.last-good.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&copy).unwrap(), settings);
}

#[test]
fn the_page_hears_of_models_that_the_command_line_adds() {
    let desk = Desk::furnished();
    let core = desk.state().core().unwrap();
    let (tell, told) = mpsc::channel();
    event_bridge::start(desk.app.handle(), &core);
    desk.app.listen_any("library-changed", move |_| {
        let _ = tell.send(());
    });
    let file = desk.file("second.gguf");
    gguf::tiny::write(&file).unwrap();
    // The bridge looks every two seconds; it must have looked once before.
    std::thread::sleep(Duration::from_millis(100));
    tauri::async_runtime::block_on(core.import_models(&[file])).unwrap();
    told.recv_timeout(Duration::from_secs(4)).unwrap();
}
