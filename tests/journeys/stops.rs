//! A stop takes two seconds at most, whatever the engine is doing, ten times each.
//!
//! Left to itself the engine takes 30 s with a stream running and more than 45 s with a request waiting.
#![cfg(target_os = "linux")]
// Tests fail by panicking.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use supervisor::StopOutcome;
use test_support::home::{GEMMA, TINY};
use test_support::host::pid_in;
use test_support::http::chat_body;
use test_support::lab::pid_of;
use test_support::{Api, GRACE, Home, Host, Lab, STOP_BOUND, environment, processes};

const TIMES: u32 = 10;

fn endless() -> Value {
    json!({"extraArgs": {"--context-shift": null}})
}

/// A prompt that takes the real model tens of seconds to read.
fn long_prompt() -> Value {
    let prompt = "The quick brown fox jumps over the lazy dog. ".repeat(1_500);
    json!({"prompt": prompt, "max_tokens": 1})
}

/// Asks for what never ends, and does not wait for it.
fn ask(api: &Api, path: &'static str, body: Value) {
    let api = api.clone();
    tokio::spawn(async move { api.try_post(path, &body).await });
}

/// `paddock unload`, timed; afterwards the engine is gone.
async fn unload(home: &Home, host: &Host, key: &str, engine: u32, state: &str) {
    let ran = home.paddock(&["unload", key, "--json"]).await.succeeded();
    assert_eq!(ran.json()["notRunning"], false, "{state}");
    assert!(ran.took < STOP_BOUND + GRACE, "{state}: {:?}", ran.took);
    assert!(
        !processes::is_alive(engine),
        "{state}: gone when unload returns"
    );
    host.until_alone(home).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_model_is_unloaded_within_two_seconds() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    for _ in 0..TIMES {
        let loaded = host.load(TINY, json!({})).await;
        unload(&home, &host, TINY, pid_in(&loaded).unwrap(), "idle").await;
    }
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loading_model_is_unloaded_within_two_seconds() {
    let home = Home::with_gemma().await;
    let host = home.serve().await;
    for round in 0..TIMES {
        let engine = host.begin_load(GEMMA, json!({"ctxSize": 512})).await;
        tokio::time::sleep(Duration::from_millis(u64::from(round) * 70)).await;
        unload(&home, &host, GEMMA, engine, "loading").await;
    }
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streaming_model_is_unloaded_within_two_seconds_and_the_client_is_told() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    for _ in 0..TIMES {
        let loaded = host.load(TINY, endless()).await;
        let mut stream = host.gateway().stream_chat("Go on.", -1).await;
        stream.take(3).await;
        unload(&home, &host, TINY, pid_in(&loaded).unwrap(), "streaming").await;
        let last = stream.last().await;
        assert_eq!(last["error"]["code"], "model_unloaded", "{last}");
    }
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answering_model_is_unloaded_within_two_seconds_and_the_client_is_told() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    for _ in 0..TIMES {
        let loaded = host.load(TINY, endless()).await;
        let gateway = host.gateway().clone();
        let asking = tokio::spawn(async move { gateway.chat("Go on.", -1).await });
        host.engine(TINY).await.wait_for_busy(1).await;
        unload(&home, &host, TINY, pid_in(&loaded).unwrap(), "answering").await;
        let answer = asking.await.unwrap();
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert_eq!(
            answer.json()["error"]["code"],
            "model_unloaded",
            "{}",
            answer.text
        );
        // The official clients would have it back a second after the user ended it.
        assert_eq!(answer.headers["x-should-retry"], "false");
        assert!(!answer.headers.contains_key("retry-after"));
    }
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_reading_a_long_prompt_is_unloaded_within_two_seconds() {
    let home = Home::with_gemma().await;
    let host = home.serve().await;
    for _ in 0..TIMES {
        let loaded = host.load(GEMMA, json!({"ctxSize": 16384})).await;
        ask(host.gateway(), "/v1/completions", long_prompt());
        tokio::time::sleep(Duration::from_millis(300)).await;
        unload(&home, &host, GEMMA, pid_in(&loaded).unwrap(), "reading").await;
    }
    host.end(Signal::TERM).await;
}

/// A frozen engine hears nothing and must be killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_engine_is_unloaded_within_two_seconds() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    for _ in 0..3 {
        let loaded = host.load(TINY, json!({})).await;
        let engine = pid_in(&loaded).unwrap();
        processes::send(engine, Signal::STOP);
        unload(&home, &host, TINY, engine, "frozen").await;
    }
    host.end(Signal::TERM).await;
}

/// Ten at the supervisor, where the engine gets the plain signals of one that knows no child protocol, and its clients
/// do not let go: the worst case.
async fn stop_without_child_protocol(state: &str) {
    let lab = Lab::new();
    let (model, args): (_, &[&str]) = match state {
        "loading" => (environment::model(), &[]),
        "reading" => (environment::model(), &["--ctx-size", "16384"]),
        _ => (lab.tiny(), &["--context-shift"]),
    };
    for round in 0..TIMES {
        let server = lab.registry.start(lab.spec(&model, args)).unwrap();
        let engine = pid_of(&server).await;
        if state == "loading" {
            tokio::time::sleep(Duration::from_millis(u64::from(round) * 70)).await;
        } else {
            server.ready().await.unwrap();
        }
        let mut stream = None;
        if let Some(url) = server.status().server_url {
            let api = Api::new(&url).with_key(server.api_key());
            match state {
                "streaming" => {
                    let mut begun = api.stream_chat("Go on.", -1).await;
                    begun.take(3).await;
                    stream = Some(begun);
                }
                "answering" => {
                    let body = chat_body("Go on.", -1, false);
                    ask(&api, "/v1/chat/completions", body);
                    api.wait_for_busy(1).await;
                }
                "reading" => {
                    ask(&api, "/v1/completions", long_prompt());
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
                _ => {}
            }
        }
        let begin = Instant::now();
        let outcome = lab.registry.stop("local/test").await;
        let took = begin.elapsed();
        assert_eq!(outcome, StopOutcome::Stopped, "{state}");
        assert!(took < STOP_BOUND + GRACE, "{state}: {took:?}");
        assert!(!processes::is_alive(engine), "{state}");
        drop(stream);
    }
    assert_eq!(
        lab.registry.stop("local/test").await,
        StopOutcome::NotRunning
    );
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_child_protocol_an_idle_engine_stops_within_two_seconds() {
    stop_without_child_protocol("idle").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_child_protocol_a_loading_engine_stops_within_two_seconds() {
    stop_without_child_protocol("loading").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_child_protocol_a_streaming_engine_stops_within_two_seconds() {
    stop_without_child_protocol("streaming").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_child_protocol_an_answering_engine_stops_within_two_seconds() {
    stop_without_child_protocol("answering").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_child_protocol_an_engine_reading_a_long_prompt_stops_within_two_seconds() {
    stop_without_child_protocol("reading").await;
}
