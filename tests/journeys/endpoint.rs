//! The endpoint as clients know it: who may call, what errors look like, and what becomes of streams.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::home::TINY;
use test_support::host::pid_in;
use test_support::{Answer, Api, Home, Host, processes};

async fn host_with_endless_model(home: &Home) -> Host {
    let host = home.serve().await;
    host.load(TINY, endless()).await;
    host
}

fn endless() -> Value {
    json!({"extraArgs": {"--context-shift": null}})
}

#[track_caller]
fn assert_error(answer: &Answer, status: u16, kind: &str, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    let error = answer.json()["error"].clone();
    assert_eq!(error["code"], code, "{error}");
    assert_eq!(error["type"], kind, "{error}");
    assert!(!error["message"].as_str().unwrap().is_empty(), "{error}");
    assert_eq!(error["param"], Value::Null);
    assert_eq!(answer.headers["content-type"], "application/json");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_in_mid_stream_frees_its_slot() {
    let home = Home::with_tiny().await;
    let host = host_with_endless_model(&home).await;
    let engine = host.engine(TINY).await;
    let mut stream = host.gateway().stream_chat("Go on.", -1).await;
    stream.take(3).await;
    assert_eq!(engine.busy_slots().await, 1);
    drop(stream);
    let begin = Instant::now();
    engine.wait_for_busy(0).await;
    let freed = begin.elapsed();
    assert!(freed < Duration::from_secs(1), "{freed:?}");
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_before_its_answer_frees_its_slot() {
    let home = Home::with_tiny().await;
    let host = host_with_endless_model(&home).await;
    let engine = host.engine(TINY).await;
    let gateway = host.gateway().clone();
    let asking = tokio::spawn(async move { gateway.chat("Go on.", -1).await });
    engine.wait_for_busy(1).await;
    asking.abort();
    // The engine looks once a second whether the client is still there, and not at all while other requests end more
    // often than that: asking it all the time would keep the slot busy.
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        if engine.busy_slots().await == 0 {
            host.end(Signal::TERM).await;
            return;
        }
    }
    panic!("the slot is still busy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unloading_in_mid_stream_ends_every_stream_with_a_well_formed_error() {
    let home = Home::with_tiny().await;
    let host = host_with_endless_model(&home).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = host.gateway().stream_chat("Go on.", -1).await;
        stream.take(3).await;
        streams.push(stream);
    }
    home.paddock(&["unload", "tiny"]).await.succeeded();
    for stream in streams {
        let last = stream.last().await;
        assert_eq!(last["error"]["code"], "model_unloaded", "{last}");
        assert_eq!(last["error"]["type"], "unavailable_error", "{last}");
    }
    host.end(Signal::TERM).await;
}

/// A server that dies in mid-stream looks like a clean end elsewhere, or writes raw text into the stream.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_dies_in_mid_stream_ends_the_stream_with_a_well_formed_error() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    for signal in [Signal::KILL, Signal::SEGV, Signal::ABORT] {
        // At once after the crash before, too: what is loaded then must be alive.
        let loaded = host.load(TINY, endless()).await;
        let mut stream = host.gateway().stream_chat("Go on.", -1).await;
        stream.take(3).await;
        let gateway = host.gateway().clone();
        let asking = tokio::spawn(async move { gateway.chat("Go on.", 3_000).await });
        host.engine(TINY).await.wait_for_busy(2).await;
        processes::send(pid_in(&loaded).unwrap(), signal);
        let last = stream.last().await;
        assert_eq!(last["error"]["code"], "engine_gone", "{signal:?}: {last}");
        // Who had no byte of an answer yet is answered by the engine's successor.
        let answer = asking.await.unwrap();
        assert_eq!(answer.status, 200, "{signal:?}: {}", answer.text);
        assert_eq!(answer.json()["object"], "chat.completion");
    }
    host.end(Signal::TERM).await;
}

/// Another model taking the place of one that is answering must not look like a clean end either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reloading_in_mid_stream_ends_the_stream_with_a_well_formed_error_and_the_endpoint_stays() {
    let home = Home::with_tiny().await;
    let host = host_with_endless_model(&home).await;
    let mut stream = host.gateway().stream_chat("Go on.", -1).await;
    stream.take(3).await;
    host.load(TINY, json!({"ctxSize": 512})).await;
    assert_eq!(stream.last().await["error"]["code"], "model_unloaded");
    assert_eq!(
        host.gateway().chat("Hi", 1).await.status,
        200,
        "the same address"
    );
    host.end(Signal::TERM).await;
}

/// Trusted hosts widened by mistake: Jan #8453; any web page can use a llama-server without a key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_page_and_a_foreign_name_are_refused_in_openais_words() {
    let home = Home::with_tiny().await;
    home.edit_settings(|settings| {
        settings["gateway"]["allowedOrigins"] = json!(["https://chat.example"]);
        settings["gateway"]["allowedHosts"] = json!(["box.lan"]);
    });
    let host = home.serve().await;
    host.load(TINY, json!({})).await;
    let gateway = host.gateway();
    for foreign in ["evil.example", "127.0.0.1.evil.example", "192.168.1.5:8421"] {
        let answer = gateway.get_with("/v1/models", &[("host", foreign)]).await;
        assert_error(&answer, 403, "permission_error", "host_not_allowed");
    }
    for foreign in [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        // A page of this machine is whatever program serves it: the user lists it, or it stays out.
        "http://localhost:3000",
    ] {
        let answer = gateway.get_with("/v1/models", &[("origin", foreign)]).await;
        assert_error(&answer, 403, "permission_error", "origin_not_allowed");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
        // How to let it in is said.
        assert!(
            answer.text.contains("gateway.allowedOrigins"),
            "{}",
            answer.text
        );
    }
    for (name, value) in [
        ("host", "localhost"),
        ("host", "box.lan:8421"),
        ("origin", "https://chat.example"),
    ] {
        let answer = gateway.get_with("/v1/models", &[(name, value)]).await;
        assert_eq!(answer.status, 200, "{name}: {value}: {}", answer.text);
        if name == "origin" {
            assert_eq!(answer.headers["access-control-allow-origin"], value);
        }
    }
    host.end(Signal::TERM).await;
}

/// 200 for every path: LM Studio #1323.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_path_is_404_and_no_model_is_503_in_openais_words() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    let gateway = host.gateway();
    for path in [
        "/",
        "/v2/models",
        "/slots",
        "/props",
        "/api/v2/status",
        "/v1",
        "/healthy",
    ] {
        assert_error(
            &gateway.get(path).await,
            404,
            "not_found_error",
            "not_found",
        );
    }
    let unloaded = gateway.chat("Hi", 1).await;
    assert_error(&unloaded, 503, "unavailable_error", "no_model_loaded");
    assert!(unloaded.headers.contains_key("retry-after"));
    host.load(TINY, json!({})).await;
    // What the engine has beyond `/v1` is not the endpoint's.
    for path in ["/slots", "/props", "/"] {
        assert_error(
            &gateway.get(path).await,
            404,
            "not_found_error",
            "not_found",
        );
    }
    assert_eq!(
        gateway.get("/v1/nothing").await.status,
        404,
        "the engine's own"
    );
    assert_eq!(gateway.get("/health").await.status, 200);
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_listener_wants_its_token_and_no_browser() {
    let home = Home::new();
    let host = home.serve().await;
    let stranger = Api::new(host.control().base());
    assert_eq!(stranger.get("/api/v1/status").await.status, 401);
    assert_eq!(
        stranger
            .clone()
            .with_key("guess")
            .get("/api/v1/status")
            .await
            .status,
        401
    );
    let page = host
        .control()
        .get_with("/api/v1/status", &[("origin", "http://localhost")])
        .await;
    assert_eq!(page.status, 401, "a page has no business here");
    assert_eq!(host.control().get("/api/v1/nothing").await.status, 404);
    let wrong = host
        .control()
        .post("/api/v1/models/load", &json!({"modle": "x"}))
        .await;
    assert_eq!(
        wrong.json()["error"]["code"],
        "invalid_body",
        "{}",
        wrong.text
    );
    host.end(Signal::TERM).await;
}
