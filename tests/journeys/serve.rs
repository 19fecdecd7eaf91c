//! From the first start to the last: the host, its endpoint, and its end.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::home::{GEMMA, TINY};
use test_support::{Home, SHUTDOWN_BOUND, engines, environment, processes, until};

/// The whole way, with the real engine and the real model, by the verbs that a user types.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_is_served_from_the_first_start_to_the_last() {
    let home = Home::new();
    let host = home.serve().await;

    let engine = home
        .paddock(&[
            "engine",
            "add",
            &environment::engine().to_string_lossy(),
            "--json",
        ])
        .await
        .succeeded()
        .json();
    assert_eq!(engine["current"], true, "the first engine becomes current");
    home.add_gemma().await;

    // What could be loaded is known before anything is.
    let models = host.gateway().get("/v1/models").await;
    assert_eq!(models.status, 200);
    assert_eq!(models.json()["data"][0]["id"], GEMMA);

    let loaded = home
        .paddock(&["load", "gemma", "--ctx-size", "4096", "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(loaded["state"], "ready");
    assert_eq!(loaded["key"], GEMMA);
    assert_eq!(loaded["endpoint"], host.gateway().base());

    let listed = home.paddock(&["ps", "--json"]).await.succeeded().json();
    assert_eq!(listed[0]["state"], "ready");
    assert_eq!(listed[0]["pid"], loaded["pid"]);
    assert_eq!(listed[0]["running"], true);
    assert_eq!(listed[0]["params"]["ctxSize"], 4096);
    assert!(listed[0]["memory"]["measuredBytes"].as_u64().unwrap() > 100_000_000);

    let whole = host.gateway().chat("Say something.", 8).await;
    assert_eq!(whole.status, 200, "{}", whole.text);
    assert_eq!(whole.json()["model"], GEMMA);
    assert_eq!(whole.json()["usage"]["completion_tokens"], 8);
    let said = whole.json()["choices"][0]["message"]["content"].clone();

    let pieces = host
        .gateway()
        .stream_chat("Say something.", 8)
        .await
        .rest()
        .await;
    assert_eq!(pieces.last().unwrap(), "[DONE]");
    assert!(pieces.len() > 4, "it comes in pieces: {pieces:?}");
    let streamed: String = pieces[..pieces.len() - 1]
        .iter()
        .map(|piece| serde_json::from_str::<Value>(piece).unwrap())
        .filter_map(|piece| Some(piece["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect();
    assert_eq!(
        streamed,
        said.as_str().unwrap(),
        "streaming or not, the same answer"
    );

    let models = host.gateway().get("/v1/models").await.json();
    assert_eq!(models["data"][0]["id"], GEMMA);

    let unloaded = home
        .paddock(&["unload", "gemma", "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(
        unloaded,
        json!({"key": GEMMA, "instance_id": GEMMA, "state": "stopped", "notRunning": false})
    );
    let listed = home.paddock(&["ps", "--json"]).await.succeeded().json();
    assert_eq!(listed, json!([]));
    host.until_alone(&home).await;

    let ended = host.end(Signal::TERM).await;
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.took < SHUTDOWN_BOUND, "{:?}", ended.took);
}

/// Memory stays held after exit in other apps: LM Studio #588 #1618, Jan #4206.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_and_sigterm_end_everything_within_three_seconds() {
    let home = Home::with_both().await;
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        for state in ["no model", "loading", "ready", "streaming", "answering"] {
            let host = home.serve().await;
            let endless = json!({"extraArgs": {"--context-shift": null}});
            let mut stream = None;
            match state {
                "no model" => {}
                "loading" => drop(host.begin_load(GEMMA, json!({})).await),
                _ => drop(host.load(TINY, endless).await),
            }
            if state == "streaming" {
                let mut begun = host.gateway().stream_chat("Go on.", -1).await;
                begun.take(3).await;
                stream = Some(begun);
            }
            let mut waiting = None;
            if state == "answering" {
                let gateway = host.gateway().clone();
                waiting = Some(tokio::spawn(
                    async move { gateway.chat("Go on.", -1).await },
                ));
                host.engine(TINY).await.wait_for_busy(1).await;
            }

            let ended = host.end(signal).await;

            let what = format!("{signal:?} while {state}: {ended:?}");
            assert_eq!(ended.status.code(), Some(0), "{what}");
            assert!(ended.took < SHUTDOWN_BOUND, "{what}");
            let left = SHUTDOWN_BOUND - ended.took;
            let gone = processes::wait_until_none(home.marker(), left);
            assert!(gone.is_ok(), "{what}: {gone:?}");
            assert!(!home.data().join("run/host.json").exists(), "{what}");
            if let Some(stream) = stream {
                let last = stream.last().await;
                assert_eq!(last["error"]["code"], "model_unloaded", "{what}: {last}");
            }
            if let Some(waiting) = waiting {
                let answer = waiting.await.unwrap();
                assert_eq!(answer.status, 503, "{what}");
                assert_eq!(answer.json()["error"]["code"], "model_unloaded", "{what}");
            }
        }
    }
}

/// A signal ends the host whatever it is at: an engine may take half a minute to say what it can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_ends_a_host_that_is_still_starting() {
    let home = Home::with_tiny().await;
    let hangs = engines::that_says_nothing(&home.file("mute"));
    home.edit_settings(|settings| {
        settings["engines"]["installed"]["mute"] = json!({"path": hangs});
        settings["models"][TINY]["engine"] = json!("mute");
    });
    let asked = home.file("mute.pid");
    for signal in [Signal::INT, Signal::TERM] {
        let mut host = home
            .command(&["serve", "--json", "--port", "0", "--model", TINY])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let pid = host.id().unwrap();
        let limit = Duration::from_secs(15);
        let engine: u32 = until("the engine to be asked", limit, async || {
            std::fs::read_to_string(&asked).ok()?.trim().parse().ok()
        })
        .await;
        std::fs::remove_file(&asked).unwrap();
        let begin = Instant::now();
        processes::send(pid, signal);
        let ended = tokio::time::timeout(Duration::from_secs(20), host.wait()).await;
        let (status, took) = (ended.expect("it ends").unwrap(), begin.elapsed());
        assert_eq!(status.code(), Some(0), "{signal:?}");
        assert!(took < SHUTDOWN_BOUND, "{signal:?}: {took:?}");
        until("the engine to be gone", SHUTDOWN_BOUND, async || {
            (!processes::is_alive(engine)).then_some(())
        })
        .await;
    }
}

/// Who takes over lets answers end, for ten seconds; who sends a signal does not wait for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_ends_a_host_that_waits_for_its_last_answer() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    let endless = json!({"extraArgs": {"--context-shift": null}});
    host.load(TINY, endless).await;
    let mut stream = host.gateway().stream_chat("Go on.", -1).await;
    stream.take(3).await;
    let asked = host.control().post("/api/v1/shutdown", &json!({})).await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    until("it to take no more", Duration::from_secs(5), async || {
        let refused = host.gateway().get("/v1/models").await;
        (refused.status == 503).then_some(())
    })
    .await;

    let ended = host.end(Signal::TERM).await;

    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.took < SHUTDOWN_BOUND, "{:?}", ended.took);
    let last = stream.last().await;
    assert_eq!(last["error"]["code"], "model_unloaded", "{last}");
}

/// Load chosen models at start: LM Studio #1959 #739; and with what the form saved: #1463.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_with_a_model_loads_it_with_its_saved_parameters() {
    let home = Home::with_tiny().await;
    home.paddock(&[
        "params",
        "tiny",
        "--save",
        "--ctx-size",
        "512",
        "--threads",
        "1",
    ])
    .await
    .succeeded();
    let host = home.serve_with(&["--port", "0", "--model", "tiny"]).await;
    let model = host.wait_for(TINY, "ready", Duration::from_secs(20)).await;
    assert_eq!(model["params"], json!({"ctxSize": 512, "threads": 1}));
    assert_eq!(host.gateway().chat("Hi", 1).await.status, 200);
    host.end(Signal::TERM).await;

    // A name that is wrong is wrong now, not later.
    let refused = home
        .paddock(&["serve", "--port", "0", "--model", "nosuch", "--json"])
        .await
        .failed();
    assert_eq!(refused.error_code(), "model_not_found");
}

/// A taken port never keeps the host from starting; and a model asked for at the start does not wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_its_port_taken_the_host_starts_says_so_and_takes_it_when_it_is_free() {
    let home = Home::with_tiny().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut host = home
        .begin_serve(&["--port", &port.to_string(), "--model", TINY])
        .await;

    let status = host.status().await;
    assert_eq!(status["listening"], false);
    // Who has it is this very test.
    let error = format!(
        "port {port} is taken by {} (pid {}); waiting until it is free",
        std::fs::read_to_string("/proc/self/comm")
            .unwrap()
            .trim_end(),
        std::process::id()
    );
    assert_eq!(status["endpointError"], error);
    assert_eq!(
        status["endpoint"],
        format!("http://127.0.0.1:{port}"),
        "where it will be"
    );
    let text = home.paddock(&["status"]).await.succeeded().stdout;
    assert!(text.contains(&error), "{text}");
    host.says(&error).await;
    host.wait_for(TINY, "ready", Duration::from_secs(20)).await;

    drop(taken);
    let line = host.announcement().await;
    assert_eq!(line["endpoint"], format!("http://127.0.0.1:{port}"));
    let status = host.status().await;
    assert_eq!(status["listening"], true);
    assert_eq!(status["endpointError"], Value::Null);
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_host_on_the_same_folder_says_who_has_it() {
    let home = Home::new();
    let host = home.serve().await;
    let second = home
        .paddock(&["serve", "--port", "0", "--json"])
        .await
        .failed();
    assert_eq!(second.error_code(), "occupied");
    let message = second.json()["error"]["message"].to_string();
    assert!(
        message.contains(&format!("pid {}", host.pid())),
        "{message}"
    );
    assert!(
        message.contains(&*home.data().to_string_lossy()),
        "{message}"
    );
    // The first is none the worse for it.
    assert_eq!(host.status().await["pid"], host.pid());
    let status = home.paddock(&["status", "--json"]).await.succeeded().json();
    assert_eq!(status["pid"], host.pid());
    host.end(Signal::TERM).await;
}

/// Beyond loopback only with a key: Ollama #1053, Jan #8453.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_endpoint_is_not_opened_to_the_network_without_a_key() {
    let home = Home::new();
    let refused = home
        .paddock(&["serve", "--host", "0.0.0.0", "--port", "0", "--json"])
        .await
        .failed();
    assert_eq!(refused.error_code(), "needs_key");
}
