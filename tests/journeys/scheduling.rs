//! Which models run, as a user sees it: room, idle time, crashes, second entries, what is loaded at the start.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::home::{GEMMA, TINY};
use test_support::host::pid_in;
use test_support::{Home, Host, engines, processes, until};

const SOON: Duration = Duration::from_secs(20);

fn chat(model: &str, max_tokens: i64) -> Value {
    json!({
        "model": model,
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": max_tokens,
        "temperature": 0,
        "ignore_eos": true,
    })
}

async fn ask(host: &Host, model: &str) -> test_support::http::Answer {
    let body = chat(model, 1);
    host.gateway().post("/v1/chat/completions", &body).await
}

/// Second entries of the tiny model's file.
fn add_entries(home: &Home, names: &[&str], policy: Value) {
    home.edit_settings(|settings| {
        let path = settings["models"][TINY]["path"].clone();
        for name in names {
            let mut entry = json!({"path": path, "aliasOf": TINY});
            for (field, value) in policy.as_object().unwrap() {
                entry[field] = value.clone();
            }
            settings["models"][name] = entry;
        }
    });
}

async fn loaded(host: &Host) -> Vec<String> {
    let status = host.status().await;
    let models = status["models"].as_array().unwrap();
    let keys = models
        .iter()
        .map(|model| model["key"].as_str().unwrap().to_owned());
    keys.collect()
}

async fn until_loaded(host: &Host, keys: &[&str]) {
    until(&format!("{keys:?} to be loaded"), SOON, async || {
        let status = host.status().await;
        let models = status["models"].as_array().unwrap();
        let all_ready = models.iter().all(|model| model["state"] == "ready");
        (all_ready && loaded(host).await == keys).then_some(())
    })
    .await;
}

/// Eviction by memory and not by number; never a busy one: LM Studio #671 #1796.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_waits_for_the_busy_and_takes_the_place_of_the_longest_idle() {
    let home = Home::with_tiny().await;
    add_entries(&home, &["local/b", "local/c"], json!({}));
    home.edit_settings(|settings| settings["limits"]["maxLoaded"] = json!(2));
    let host = home.serve().await;
    for model in [TINY, "local/b"] {
        assert_eq!(ask(&host, model).await.status, 200);
    }
    // The other was idle for longer, and answers now.
    host.load(TINY, json!({"extraArgs": {"--context-shift": null}}))
        .await;
    let mut body = chat(TINY, 200);
    body["stream"] = json!(true);
    let gateway = host.gateway().clone();
    let streaming = tokio::spawn(async move { gateway.post("/v1/chat/completions", &body).await });
    host.engine(TINY).await.wait_for_busy(1).await;
    assert_eq!(ask(&host, "local/c").await.status, 200);
    let streamed = streaming.await.unwrap();
    assert!(
        streamed.text.ends_with("data: [DONE]\n\n"),
        "{}",
        streamed.text
    );
    until_loaded(&host, &["local/c", TINY]).await;
    host.end(Signal::TERM).await;
}

/// What made room in vain comes back; nothing ends before the newcomer passed its checks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_made_room_in_vain_comes_back() {
    let home = Home::with_tiny().await;
    let small = engines::with_little_memory(&home.file("small"), 4_000_000);
    let small = small.to_string_lossy();
    let added = ["engine", "add", &*small, "--name", "small"];
    home.paddock(&added).await.succeeded();
    add_entries(&home, &["local/broken"], json!({"engine": "small"}));
    home.edit_settings(|settings| settings["limits"]["maxLoaded"] = json!(1));
    let host = home.serve().await;
    let first = host.load(TINY, json!({"ctxSize": 512})).await;
    // More cache than its engine may have: it says so, and ends.
    let params = json!({"ctxSize": 2_000_000_000_u32, "fit": false});
    let failed = host.try_load("local/broken", params).await;
    // It was started, and failed; in which words an engine without memory ends is its own affair.
    assert_eq!(failed.status, 500, "{}", failed.text);
    let back = until("the first to be back", SOON, async || {
        let model = host.model(TINY).await?;
        (model["state"] == "ready").then_some(model)
    })
    .await;
    assert_ne!(pid_in(&back), pid_in(&first), "it had made room");
    assert_eq!(back["params"]["ctxSize"], 512, "as it was loaded");
    assert_eq!(back["loadedOnDemand"], false);
    host.end(Signal::TERM).await;
}

/// Idle models end, and the next request loads them with what is saved: LM Studio #1463 #1714.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_models_end_and_come_back_with_what_is_saved() {
    let home = Home::with_tiny().await;
    add_entries(&home, &["local/kept"], json!({"keepLoaded": true}));
    home.edit_settings(|settings| {
        settings["models"][TINY]["ttlSeconds"] = json!(1);
        settings["models"][TINY]["params"] = json!({"ctxSize": 768});
        settings["limits"]["idleSeconds"] = json!(1);
    });
    let host = home.serve().await;
    assert_eq!(ask(&host, "local/kept").await.status, 200);
    assert_eq!(ask(&host, TINY).await.status, 200);
    let model = host.model(TINY).await.unwrap();
    assert_eq!(model["params"]["ctxSize"], 768);
    assert_eq!(model["loadedOnDemand"], true);
    assert_eq!(model["ttlSeconds"], 1);
    let engine = pid_in(&model).unwrap();
    until("the idle one to end", SOON, async || {
        (!processes::is_alive(engine)).then_some(())
    })
    .await;
    until_loaded(&host, &["local/kept"]).await;
    assert_eq!(ask(&host, TINY).await.status, 200);
    // A request may say for how long: not after it.
    let mut body = chat(TINY, 1);
    body["ttl"] = json!(0);
    let answer = host.gateway().post("/v1/chat/completions", &body).await;
    assert_eq!(answer.status, 200);
    until_loaded(&host, &["local/kept"]).await;
    host.end(Signal::TERM).await;
}

/// What the user loaded comes back after a crash, says so, and is left alone after the fifth.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashed_model_comes_back_until_the_breaker_opens() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    let mut model = host.load(TINY, json!({"ctxSize": 512})).await;
    for crash in 1..=4 {
        let engine = pid_in(&model).unwrap();
        processes::send(engine, Signal::KILL);
        model = until("it to come back", SOON, async || {
            let model = host.model(TINY).await?;
            assert_ne!(model["state"], "failed", "{model}");
            (model["state"] == "ready" && pid_in(&model) != Some(engine)).then_some(model)
        })
        .await;
        assert_eq!(model["restarts"], crash);
        assert_eq!(model["lastCrash"]["code"], "engine_killed");
        assert!(model["lastCrash"]["logTail"].is_array() && model["lastCrash"]["at"].is_u64());
        assert_eq!(model["params"]["ctxSize"], 512, "as it was loaded");
        assert_eq!(ask(&host, TINY).await.status, 200);
    }
    processes::send(pid_in(&model).unwrap(), Signal::KILL);
    let failed = host.wait_for(TINY, "failed", SOON).await;
    assert_eq!(failed["error"]["code"], "crash_loop");
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("local/tiny failed 5 times in two minutes"),
        "{message}"
    );
    assert!(message.contains("SIGKILL"), "{message}");
    assert!(
        failed["error"]["hint"]
            .as_str()
            .unwrap()
            .contains("paddock load local/tiny")
    );
    assert!(!failed["error"]["logTail"].as_array().unwrap().is_empty());
    let refused = ask(&host, TINY).await;
    assert_eq!(
        refused.json()["error"]["code"],
        "crash_loop",
        "{}",
        refused.text
    );
    // The user's word closes it.
    host.load(TINY, json!({"ctxSize": 512})).await;
    assert_eq!(ask(&host, TINY).await.status, 200);
    host.end(Signal::TERM).await;
}

/// What a request loaded and nobody waits for stays down; a request brings it back; an unload forgets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashed_model_that_nobody_wants_stays_down_and_says_why() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    assert_eq!(ask(&host, TINY).await.status, 200);
    let model = host.model(TINY).await.unwrap();
    processes::send(pid_in(&model).unwrap(), Signal::SEGV);
    let failed = host.wait_for(TINY, "failed", Duration::from_secs(5)).await;
    assert_eq!(failed["error"]["code"], "engine_crashed");
    assert_eq!(failed["running"], false);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(
        host.model(TINY).await.unwrap()["state"],
        "failed",
        "nobody wants it"
    );
    assert_eq!(ask(&host, TINY).await.status, 200);
    let model = host.model(TINY).await.unwrap();
    assert_eq!(model["restarts"], 1);
    processes::send(pid_in(&model).unwrap(), Signal::KILL);
    host.wait_for(TINY, "failed", Duration::from_secs(5)).await;
    home.paddock(&["unload", "tiny"]).await.succeeded();
    assert_eq!(loaded(&host).await, Vec::<String>::new());
    host.end(Signal::TERM).await;
}

/// `SIGTERM` ends everything within 3 s, with queues full and models coming.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_with_full_queues_ends_in_time_and_answers_everyone() {
    let home = Home::with_gemma().await;
    let host = home.serve().await;
    let waiting: Vec<_> = (0..40)
        .map(|_| {
            let gateway = host.gateway().clone();
            tokio::spawn(async move {
                let body = chat(GEMMA, 1);
                gateway.try_post("/v1/chat/completions", &body).await
            })
        })
        .collect();
    host.wait_for_pid(GEMMA).await;
    let ended = host.end(Signal::TERM).await;
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.took < Duration::from_secs(3), "{ended:?}");
    for answer in waiting {
        // One whose answer was on its way when the door closed sees a closed door.
        if let Ok(answer) = answer.await.unwrap() {
            assert!(
                answer.status == 503 || answer.status == 200,
                "{}",
                answer.text
            );
        }
    }
}

/// Chosen models are loaded at the start: LM Studio #1959 #739 #737.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chosen_models_are_there_after_the_start_and_one_that_fails_holds_up_none() {
    let home = Home::with_tiny().await;
    add_entries(
        &home,
        &["local/b"],
        json!({"loadAtStart": true, "ttlSeconds": 3600}),
    );
    home.edit_settings(|settings| {
        settings["models"]["local/away"] =
            json!({"path": home.file("away.gguf"), "loadAtStart": true});
        settings["models"][TINY]["loadAtStart"] = json!(true);
    });
    let host = home.serve().await;
    until_loaded(&host, &["local/b", TINY]).await;
    let model = host.model("local/b").await.unwrap();
    assert_eq!(model["ttlSeconds"], 3600);
    host.end(Signal::TERM).await;
}

/// One file, two entries, each with parameters of its own, side by side; and a further name for one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_entry_runs_beside_the_first_with_its_own_parameters() {
    let home = Home::with_tiny().await;
    add_entries(
        &home,
        &["local/embedder"],
        json!({"params": {"embeddings": true, "pooling": "mean", "ctxSize": 512}}),
    );
    home.edit_settings(|settings| settings["models"][TINY]["aliases"] = json!(["chatty"]));
    let host = home.serve().await;
    assert_eq!(ask(&host, "Chatty").await.status, 200);
    let body = json!({"model": "embedder", "input": "Hello"});
    let embedded = host.gateway().post("/v1/embeddings", &body).await;
    assert_eq!(embedded.status, 200, "{}", embedded.text);
    until_loaded(&host, &["local/embedder", TINY]).await;
    let listed = home.paddock(&["ls", "--json"]).await.succeeded().json();
    let models = listed.as_array().unwrap();
    assert_eq!(models.len(), 2, "{listed}");
    let second = models
        .iter()
        .find(|model| model["key"] == "local/embedder")
        .unwrap();
    assert_eq!(second["aliasOf"], TINY);
    // The file stays as long as one of its entries is there.
    let refused = home.paddock(&["rm", "tiny", "--json"]).await;
    assert!(refused.code == Some(1), "{refused:?}");
    host.end(Signal::TERM).await;
}
