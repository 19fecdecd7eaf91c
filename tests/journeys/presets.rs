//! Presets and defaults: from the command line and over HTTP, with a host and without, and which of them counts.

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::home::TINY;
use test_support::host::pid_in;
use test_support::http::chat_body;
use test_support::processes::Process;
use test_support::{Home, Host};

async fn done(home: &Home, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    home.paddock(&arguments).await.succeeded().json()
}

/// The command line of a load, without the port, which is another each time.
fn argv_of(loaded: &Value) -> Vec<String> {
    let mut argv = Process::of(pid_in(loaded).unwrap()).unwrap().argv;
    let port = argv
        .iter()
        .position(|argument| argument == "--port")
        .unwrap();
    argv.remove(port + 1);
    argv
}

/// A request that names the model, and so loads it.
async fn asks(host: &Host) {
    let mut body = chat_body("Hi", 1, false);
    body["model"] = json!(TINY);
    let answer = host.gateway().post("/v1/chat/completions", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Ends what is loaded and waits for it, so that the next load is a new one.
async fn unload(home: &Home) {
    done(home, &["unload", "--all"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presets_are_made_used_renamed_and_removed_with_a_host_and_without() {
    let home = Home::with_tiny().await;
    for with_host in [false, true] {
        let host = if with_host {
            Some(home.serve().await)
        } else {
            None
        };
        assert_eq!(done(&home, &["preset", "ls"]).await, json!([]));
        done(&home, &["params", "tiny", "--save", "--threads", "1"]).await;
        let saved = done(
            &home,
            &[
                "preset",
                "save",
                "long talk",
                "--from",
                "tiny",
                "--ctx-size",
                "2048",
            ],
        )
        .await;
        assert_eq!(saved["params"], json!({"ctxSize": 2048, "threads": 1}));
        done(&home, &["params", "tiny", "--save", "--threads", ""]).await;

        let used = done(&home, &["preset", "use", "tiny", "long talk"]).await;
        assert_eq!(used, json!({"key": TINY, "preset": "long talk"}));
        let renamed = done(&home, &["preset", "rename", "long talk", "long/talk"]).await;
        assert_eq!(renamed["usedBy"], json!([TINY]));
        assert_eq!(done(&home, &["preset", "show", "long/talk"]).await, renamed);
        let shown = done(&home, &["params", "tiny"]).await;
        assert_eq!(
            shown["sources"],
            json!({"ctxSize": "preset", "threads": "preset"})
        );

        // Away and back again as a document.
        let document = done(&home, &["preset", "export"]).await;
        let file = home.file("parameters.json");
        std::fs::write(&file, document.to_string()).unwrap();
        assert_eq!(
            done(&home, &["preset", "rm", "long/talk"]).await,
            json!({"name": "long/talk"})
        );
        assert_eq!(
            done(&home, &["params", "tiny"]).await["sources"]["threads"],
            Value::Null
        );
        let back = done(&home, &["preset", "import", &file.to_string_lossy()]).await;
        assert_eq!(
            (&back["presets"], &back["models"]),
            (&json!(["long/talk"]), &json!([TINY]))
        );
        assert_eq!(done(&home, &["preset", "export"]).await, document);

        done(&home, &["preset", "use", "tiny"]).await;
        let refused = home
            .paddock(&["preset", "use", "tiny", "none", "--json"])
            .await
            .failed();
        assert_eq!(refused.error_code(), "preset_not_found");
        assert_eq!(
            refused.json()["error"]["hint"],
            "Take one of these: long/talk."
        );
        done(&home, &["preset", "rm", "long/talk"]).await;

        // A name that is a word of the API's own.
        let named = done(&home, &["preset", "save", "rename", "--threads", "1"]).await;
        assert_eq!(done(&home, &["preset", "show", "rename"]).await, named);
        done(&home, &["preset", "rm", "rename"]).await;
        if let Some(host) = host {
            host.end(Signal::TERM).await;
        }
    }
}

/// What `params` shows has where each value is from, and the engine gets just that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_wins_over_the_model_that_over_its_preset_and_that_over_the_defaults() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    // Each layer sets one more than the layer above it.
    let layers: [&[&str]; 4] = [
        &[
            "preset",
            "defaults",
            "--parallel",
            "1",
            "--batch-size",
            "64",
            "--threads",
            "1",
            "--ctx-size",
            "512",
        ],
        &[
            "preset",
            "save",
            "p",
            "--batch-size",
            "128",
            "--threads",
            "2",
            "--ctx-size",
            "768",
        ],
        &[
            "params",
            "tiny",
            "--save",
            "--threads",
            "3",
            "--ctx-size",
            "1024",
        ],
        &["preset", "use", "tiny", "p"],
    ];
    for layer in layers {
        done(&home, layer).await;
    }
    let request = ["--ctx-size", "1280"];
    let shown = done(&home, &[&["params", "tiny"][..], &request].concat()).await;
    assert_eq!(
        shown["params"],
        json!({"ctxSize": 1280, "threads": 3, "batchSize": 128, "parallel": 1})
    );
    assert_eq!(
        shown["sources"],
        json!({"ctxSize": "request", "threads": "saved", "batchSize": "preset", "parallel": "default"})
    );
    let loaded = done(&home, &[&["load", "tiny"][..], &request].concat()).await;
    assert_eq!(loaded["params"], shown["params"]);
    let argv = argv_of(&loaded).join(" ");
    for flag in [
        "--ctx-size 1280",
        "--threads 3",
        "--batch-size 128",
        "--parallel 1",
    ] {
        assert!(argv.contains(flag), "{flag} in {argv}");
    }
    let props = host.engine(TINY).await.get("/props").await.json();
    assert_eq!(props["default_generation_settings"]["n_ctx"], 1280);
    assert!(
        !argv.contains("--seed"),
        "what nobody sets is the engine's own: {argv}"
    );

    // A preset that a load names is part of the request: it wins over what is saved, and not over a value given beside it.
    done(
        &home,
        &[
            "preset",
            "save",
            "once",
            "--ctx-size",
            "1536",
            "--threads",
            "2",
        ],
    )
    .await;
    let once = ["--preset", "once", "--threads", "1"];
    let shown = done(&home, &[&["params", "tiny"][..], &once].concat()).await;
    assert_eq!(
        shown["params"],
        json!({"ctxSize": 1536, "threads": 1, "batchSize": 64, "parallel": 1})
    );
    assert_eq!(
        shown["sources"],
        json!({"ctxSize": "preset", "threads": "request", "batchSize": "default", "parallel": "default"})
    );
    let loaded = done(&home, &[&["load", "tiny"][..], &once].concat()).await;
    assert_eq!(loaded["params"], shown["params"]);
    let body = json!({"model": TINY, "preset": "once", "params": {"threads": 1}});
    let by_api = host
        .control()
        .post("/api/v1/models/load", &body)
        .await
        .json();
    assert_eq!(by_api["pid"], loaded["pid"], "the same load");
    let unknown = json!({"model": TINY, "preset": "none"});
    let refused = host.control().post("/api/v1/models/load", &unknown).await;
    assert_eq!(
        (refused.status, &refused.json()["error"]["code"]),
        (404, &json!("preset_not_found"))
    );
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presets_are_managed_over_http() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    let control = host.control();
    let post = async |path: &str, body: Value| {
        let answer = control.post(path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    };
    let wish = json!({"name": "a", "params": {"ctxSize": 512}});
    let saved = post("/api/v1/presets", wish).await;
    assert_eq!(
        saved,
        json!({"name": "a", "params": {"ctxSize": 512}, "usedBy": []})
    );
    post("/api/v1/presets/rename", json!({"name": "a", "to": "b c"})).await;
    post(
        "/api/v1/models/preset",
        json!({"model": "tiny", "preset": "b c"}),
    )
    .await;
    let all = control.get("/api/v1/presets").await.json();
    assert_eq!(all["presets"][0]["usedBy"], json!([TINY]));
    assert_eq!(
        control.get("/api/v1/presets/b%20c").await.json(),
        all["presets"][0]
    );
    post(
        "/api/v1/models/defaults",
        json!({"params": {"threads": 1, "seed": 3}}),
    )
    .await;
    let defaults = post("/api/v1/models/defaults", json!({"cleared": ["seed"]})).await;
    assert_eq!(defaults, json!({"threads": 1}));
    assert_eq!(
        control.get("/api/v1/models/defaults").await.json(),
        defaults
    );
    let document = post("/api/v1/params/export", json!({"model": "tiny"})).await;
    assert_eq!(document["models"][TINY]["preset"], "b c");
    let imported = post("/api/v1/params/import", json!({"document": document})).await;
    assert_eq!(imported["presets"], json!(["b c"]));
    // What is loaded is what a request asks for, with nothing said.
    asks(&host).await;
    let running = host.model(TINY).await.unwrap();
    assert_eq!(running["params"], json!({"ctxSize": 512, "threads": 1}));
    post("/api/v1/presets/remove", json!({"name": "b c"})).await;
    assert_eq!(control.get("/api/v1/presets/b%20c").await.status, 404);
    for (path, body) in [
        ("/api/v1/presets", json!({"name": " ", "params": {}})),
        (
            "/api/v1/presets",
            json!({"name": "x", "params": {"threads": 0}}),
        ),
        ("/api/v1/models/defaults", json!({"cleared": ["nothing"]})),
        (
            "/api/v1/params/import",
            json!({"document": {"format": "x"}}),
        ),
    ] {
        let refused = control.post(path, &body).await;
        assert!(
            (400..500).contains(&refused.status),
            "{path}: {}",
            refused.text
        );
        assert!(
            refused.json()["error"]["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
    }
    host.end(Signal::TERM).await;
}

/// Just-in-time, tray, CLI and API loads ignore what the form saved: LM Studio #1463 #1714 #1483 #1782. The window is in
/// `e2e/load_form.rs`, on the same host as these.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_the_api_and_a_request_run_the_same() {
    let home = Home::with_tiny().await;
    done(&home, &["preset", "defaults", "--seed", "7"]).await;
    done(
        &home,
        &[
            "preset",
            "save",
            "p",
            "--cache-type-k",
            "q8_0",
            "--flash-attn",
            "true",
        ],
    )
    .await;
    done(&home, &["preset", "use", "tiny", "p"]).await;
    done(
        &home,
        &[
            "params",
            "tiny",
            "--save",
            "--ctx-size",
            "768",
            "--set",
            "cache-reuse=64",
        ],
    )
    .await;
    let host = home.serve().await;
    let by_cli = argv_of(&done(&home, &["load", "tiny"]).await);
    unload(&home).await;
    let by_api = argv_of(&host.load(TINY, json!({})).await);
    unload(&home).await;
    asks(&host).await;
    let by_request = argv_of(&host.model(TINY).await.unwrap());
    assert_eq!(by_cli, by_api);
    assert_eq!(by_cli, by_request);
    for flag in [
        "--seed",
        "--cache-type-k",
        "--flash-attn",
        "--ctx-size",
        "--cache-reuse",
    ] {
        assert!(
            by_cli.iter().any(|argument| argument == flag),
            "{flag}: {by_cli:?}"
        );
    }
    host.end(Signal::TERM).await;
}
