//! Loading: once, anew, instead of another; and what is refused before anything is stopped.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use test_support::home::{GEMMA, TINY};
use test_support::host::pid_in;
use test_support::{Home, models, processes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loading_again_keeps_the_engine_unless_the_arguments_differ() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    let first = host.load(TINY, json!({"ctxSize": 512})).await;
    let same = host.load("tiny", json!({"ctxSize": 512})).await;
    assert_eq!(same["pid"], first["pid"]);
    assert_eq!(same["startedAt"], first["startedAt"]);

    let other = host.load(TINY, json!({"ctxSize": 1024})).await;
    assert_ne!(other["pid"], first["pid"]);
    assert!(
        !processes::is_alive(pid_in(&first).unwrap()),
        "the first is gone"
    );
    assert_eq!(host.status().await["models"].as_array().unwrap().len(), 1);
    host.end(Signal::TERM).await;
}

/// Several requests load several copies: LM Studio #1751.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_loads_at_once_start_one_engine() {
    let home = Home::with_gemma().await;
    let host = home.serve().await;
    let loads: Vec<_> = (0..10)
        .map(|_| {
            let control = host.control().clone();
            tokio::spawn(async move {
                let body = json!({"model": GEMMA, "params": {"ctxSize": 512}});
                control.post("/api/v1/models/load", &body).await
            })
        })
        .collect();
    let mut pids = Vec::new();
    for load in loads {
        let answer = load.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        pids.push(pid_in(&answer.json()).unwrap());
    }
    pids.dedup();
    assert_eq!(pids.len(), 1, "{pids:?}");
    // Not counted by name: an engine that is asked for its devices has the same.
    let records = std::fs::read_dir(home.data().join("run/children")).unwrap();
    assert_eq!(records.count(), 1);
    host.end(Signal::TERM).await;
}

/// Nothing is evicted before the newcomer passed its checks: LM Studio #1796 #671.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_load_leaves_the_running_model_running() {
    let home = Home::with_both().await;
    let cut = home.file("cut.gguf");
    models::truncated(&cut, 10_000_000);
    let whole = home.file("vanishing.gguf");
    models::tiny(&whole);
    home.import(&whole).await;
    let host = home.serve().await;
    let running = host.load(TINY, json!({"ctxSize": 512})).await;
    // Listed once, then gone, as on an unplugged drive; and cut off where a whole one was.
    std::fs::remove_file(&whole).unwrap();
    std::fs::remove_file(home.file("gemma.gguf")).unwrap();
    std::fs::rename(&cut, home.file("gemma.gguf")).unwrap();

    for (arguments, code) in [
        (&["load", "vanishing"][..], "model_missing"),
        (&["load", "gemma"], "model_truncated"),
        (&["load", "nosuch"], "model_not_found"),
        (&["load", "../../x"], "model_not_found"),
        (&["load", "tiny", "--set", "no-such-flag=1"], "unknown_flag"),
        (&["load", "tiny", "--set", "port=8080"], "owned_flag"),
        (
            &[
                "load",
                "tiny",
                "--flash-attn",
                "false",
                "--cache-type-v",
                "q8_0",
            ],
            "invalid_parameter",
        ),
    ] {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let ran = home.paddock(&arguments).await;
        // What the words alone tell to be wrong is a usage error.
        if ran.code != Some(2) {
            assert_eq!(ran.failed().error_code(), code, "{arguments:?}");
        } else {
            assert_eq!(code, "owned_flag", "{arguments:?}: {ran:?}");
        }
        let now = host.model(TINY).await.unwrap();
        assert_eq!(now["state"], "ready", "{arguments:?}");
        assert_eq!(now["pid"], running["pid"], "{arguments:?}");
    }
    let models = host.status().await["models"].clone();
    assert_eq!(models.as_array().unwrap().len(), 1, "{models}");
    assert_eq!(host.gateway().chat("Hi", 1).await.status, 200);
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_room_for_one_another_model_takes_the_place_of_the_first() {
    let home = Home::with_tiny().await;
    let second = home.file("second.gguf");
    models::tiny(&second);
    home.import(&second).await;
    home.edit_settings(|settings| settings["limits"]["maxLoaded"] = json!(1));
    let host = home.serve().await;
    let first = host.load(TINY, json!({})).await;
    host.load("local/second", json!({})).await;
    assert!(!processes::is_alive(pid_in(&first).unwrap()));
    let models = host.status().await["models"].clone();
    assert_eq!(models.as_array().unwrap().len(), 1, "{models}");
    assert_eq!(models[0]["key"], "local/second");
    assert_eq!(
        host.gateway().chat("Hi", 1).await.json()["model"],
        "local/second"
    );
    host.end(Signal::TERM).await;
}

/// The limit is the user's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_room_for_two_both_models_stay() {
    let home = Home::with_tiny().await;
    let second = home.file("second.gguf");
    models::tiny(&second);
    home.import(&second).await;
    home.edit_settings(|settings| settings["limits"]["maxLoaded"] = json!(2));
    let host = home.serve().await;
    let first = host.load(TINY, json!({})).await;
    host.load("local/second", json!({})).await;
    assert!(processes::is_alive(pid_in(&first).unwrap()));
    let all = home
        .paddock(&["unload", "--all", "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(all.as_array().unwrap().len(), 2, "{all}");
    host.until_alone(&home).await;
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_is_unloaded_meanwhile_says_that_it_was_cancelled() {
    let home = Home::with_gemma().await;
    let host = home.serve().await;
    let loading = home.paddock(&["load", "gemma", "--json"]);
    let unloading = async {
        host.wait_for_pid(GEMMA).await;
        home.paddock(&["unload", "gemma", "--json"])
            .await
            .succeeded()
    };
    let (loaded, _) = tokio::join!(loading, unloading);
    assert_eq!(loaded.failed().error_code(), "cancelled");
    assert_eq!(host.status().await["models"], json!([]));
    assert_eq!(
        host.load(GEMMA, json!({"ctxSize": 512})).await["state"],
        "ready"
    );
    host.end(Signal::TERM).await;
}

/// A real engine says how far it is, where it can.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loading_model_is_shown_as_starting_with_its_progress() {
    let home = Home::with_gemma().await;
    let host = home.serve().await;
    let engines = home
        .paddock(&["engine", "ls", "--json"])
        .await
        .succeeded()
        .json();
    let name = engines[0]["name"].as_str().unwrap();
    let shown = home
        .paddock(&["engine", "show", name, "--json"])
        .await
        .succeeded()
        .json();
    host.begin_load(GEMMA, json!({"ctxSize": 512})).await;

    // Who asks meanwhile waits for it.
    let gateway = host.gateway().clone();
    let asking = tokio::spawn(async move { gateway.chat("Hi", 1).await });
    let mut seen = Vec::new();
    let ready = test_support::until("it to be ready", Duration::from_secs(60), async || {
        let model = host.model(GEMMA).await.unwrap();
        if let Some(progress) = model["progress"].as_f64() {
            assert!((0.0..=1.0).contains(&progress), "{progress}");
            seen.push(progress);
        }
        if model["state"] == "starting" {
            assert_eq!(
                model["endpoint"],
                json!(null),
                "no endpoint before it answers"
            );
        }
        (model["state"] == "ready").then_some(model)
    })
    .await;
    assert_eq!(
        ready["progress"],
        json!(null),
        "a ready model has no progress"
    );
    if shown["speaksChildProtocol"] == true {
        assert!(!seen.is_empty(), "this engine reports its progress");
    }
    assert!(seen.is_sorted(), "{seen:?}");
    assert_eq!(asking.await.unwrap().status, 200);
    host.end(Signal::TERM).await;
}

/// Loads and ends a model in all the ways there are, again and again, and looks at what the host still holds.
async fn churn(rounds: u32) {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    let mut before = None;
    for round in 0..rounds {
        host.load(TINY, json!({"ctxSize": 512})).await;
        assert_eq!(host.gateway().chat("Hi", 1).await.status, 200);
        let loaded = host.load(TINY, json!({"ctxSize": 1024})).await;
        let mut stream = host.gateway().stream_chat("Hi", 500).await;
        stream.take(2).await;
        match round % 3 {
            0 => drop(home.paddock(&["unload", "tiny"]).await.succeeded()),
            1 => {
                processes::send(pid_in(&loaded).unwrap(), Signal::KILL);
                host.wait_for_crash(TINY, Duration::from_secs(2)).await;
            }
            _ => {
                host.control()
                    .post("/api/v1/models/unload", &json!({}))
                    .await;
                host.begin_load(TINY, json!({"ctxSize": 256})).await;
                home.paddock(&["unload", "--all"]).await.succeeded();
            }
        }
        drop(stream);
        // Once every way was gone, what is kept on purpose is there.
        if round == 2 {
            before = Some(held(&host).await);
        }
    }
    home.paddock(&["unload", "--all"]).await.succeeded();
    host.until_alone(&home).await;
    let (descriptors, bytes) = held(&host).await;
    let (descriptors_before, bytes_before) = before.unwrap();
    eprintln!("{descriptors_before} -> {descriptors} descriptors, {bytes_before} -> {bytes} bytes");
    assert!(
        descriptors <= descriptors_before + 4,
        "{descriptors_before} became {descriptors}"
    );
    assert!(
        bytes < bytes_before + 20_000_000,
        "{bytes_before} became {bytes} bytes"
    );
    let records = std::fs::read_dir(home.data().join("run/children"))
        .unwrap()
        .count();
    assert_eq!(records, 0, "nothing on record");
    host.end(Signal::TERM).await;
}

/// Open descriptors and resident bytes of the host.
async fn held(host: &test_support::Host) -> (usize, u64) {
    // Connections that were let go close in their own time.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let pid = host.pid();
    (
        processes::open_descriptors(pid),
        processes::resident_bytes(pid),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loading_and_ending_again_and_again_leaves_nothing_in_the_host() {
    churn(9).await;
}

/// As many rounds as `PADDOCK_SOAK_ROUNDS` says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; `cargo xtask soak loads`"]
async fn soak_loads() {
    churn(test_support::soak_rounds(300)).await;
}
