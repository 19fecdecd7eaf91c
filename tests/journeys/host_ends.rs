//! How a host ends: by SIGTERM in the middle of a download and of a request that waits, and what a dead one leaves.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use test_support::home::TINY;
use test_support::http::chat_body;
use test_support::hub::STARTER;
use test_support::{Home, HubDouble, SHUTDOWN_BOUND, environment, processes, until};

/// The parts stay, and the same command goes on from there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_while_downloading_ends_everything_within_three_seconds() {
    let hub = HubDouble::start().await;
    hub.faults(|faults| faults.bytes_per_second = Some(5_000_000));
    let home = Home::with_hub(&hub);
    let host = home.serve().await;
    let body = json!({"model": STARTER});
    let begun = host.control().post("/api/v1/models/download", &body).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    until("some bytes", Duration::from_secs(60), async || {
        (hub.sent_bytes() > 60_000_000).then_some(())
    })
    .await;
    let ended = host.end(Signal::TERM).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.took < SHUTDOWN_BOUND, "{:?}", ended.took);
    processes::wait_until_none(home.marker(), SHUTDOWN_BOUND).unwrap();

    hub.faults(|faults| faults.bytes_per_second = None);
    home.paddock(&["get", STARTER]).await.succeeded();
    let size = std::fs::metadata(environment::model()).unwrap().len();
    let again = hub.sent_bytes().saturating_sub(size);
    // What was under way to it in the sockets' buffers counts as sent.
    assert!(again < 30_000_000, "it went on: {again} bytes more");
}

/// A request that waits for a model that loads is told, and holds nothing up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_while_a_request_waits_for_its_model_answers_it() {
    let home = Home::with_gemma().await;
    let host = home.serve().await;
    let gateway = host.gateway().clone();
    let mut body = chat_body("Hi", 1, false);
    body["model"] = json!("local/gemma");
    let asking = tokio::spawn(async move { gateway.try_post("/v1/chat/completions", &body).await });
    host.wait_for_pid("local/gemma").await;
    let ended = host.end(Signal::TERM).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.took < SHUTDOWN_BOUND, "{:?}", ended.took);
    processes::wait_until_none(home.marker(), SHUTDOWN_BOUND).unwrap();
    // An answer or a closed connection, but an end.
    let asked = tokio::time::timeout(Duration::from_secs(5), asking).await;
    assert!(asked.is_ok(), "the client is still waiting");
}

/// A lock and a `host.json` of a host that was killed keep nobody out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_left_by_a_dead_host_is_recognised() {
    let home = Home::with_tiny().await;
    let mut host = home.serve().await;
    host.load(TINY, json!({})).await;
    host.kill();
    host.ended().await;
    assert!(home.data().join("run/host.json").exists(), "it was left");
    assert!(home.data().join("run/instance.lock").exists());
    let status = home.paddock(&["status", "--json"]).await.succeeded().json();
    assert_eq!(status["running"], false, "{status}");
    let refused = home.paddock(&["load", "tiny", "--json"]).await.failed();
    assert_eq!(refused.error_code(), "no_host");
    home.paddock(&["key", "add", "laptop"]).await.succeeded();
    let host = home.serve().await;
    assert_eq!(host.load(TINY, json!({})).await["state"], "ready");
    host.end(Signal::TERM).await;
}
