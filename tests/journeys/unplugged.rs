//! Without a network everything local works, and with one nothing is reached that the user did not ask for.

use std::process::Command;

use serde_json::json;
use test_support::connections::{self, OUTSIDE};
use test_support::home::GEMMA;
use test_support::{Home, environment};

/// Set where this very test runs a second time, cut off.
const CUT_OFF: &str = "PADDOCK_TEST_CUT_OFF";

/// The whole of it runs once more in a network of its own that has nothing but loopback.
#[test]
fn everything_local_works_with_the_network_cut_off() {
    if std::env::var_os(CUT_OFF).is_some() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(cut_off());
    }
    let name = "unplugged::everything_local_works_with_the_network_cut_off";
    let output = Command::new("bwrap")
        .args(["--dev-bind", "/", "/", "--unshare-net", "--die-with-parent"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CUT_OFF, "1")
        .output()
        .unwrap_or_else(|error| panic!("bwrap: {error}; `cargo xtask test` installs it"));
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    assert!(
        said.contains("1 passed"),
        "it did not run: {said}\n{errors}"
    );
}

async fn cut_off() {
    let there = std::net::TcpStream::connect("192.0.2.1:9");
    let error = there.expect_err("the network is cut off");
    assert_eq!(error.kind(), std::io::ErrorKind::NetworkUnreachable);

    let home = Home::with_gemma().await;
    let host = home.serve().await;
    let loaded = home.paddock(&["load", "gemma", "--json"]).await;
    assert_eq!(loaded.succeeded().json()["state"], "ready");
    let answer = host.gateway().chat("Say something.", 8).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["usage"]["completion_tokens"], 8);

    let listed = home.paddock(&["ls", "--json"]).await.succeeded().json();
    assert_eq!(listed[0]["key"], GEMMA);
    let running = home.paddock(&["ps", "--json"]).await.succeeded().json();
    assert_eq!(running[0]["state"], "ready");
    home.paddock(&["engine", "ls"]).await.succeeded();
    home.paddock(&["estimate", "gemma"]).await.succeeded();
    home.paddock(&["params", "gemma", "--argv"])
        .await
        .succeeded();
    home.paddock(&["logs", "gemma"]).await.succeeded();
    let doctor = home.paddock(&["doctor", "--json"]).await.json();
    let findings = doctor["findings"].as_array().unwrap();
    let is_wrong = |finding: &&serde_json::Value| finding["severity"] == "broken";
    assert_eq!(findings.iter().find(is_wrong), None, "{doctor}");

    // What needs the network says so, and the model runs on.
    home.paddock(&["search", "qwen3", "--json"]).await.failed();
    assert_eq!(host.gateway().chat("Still there?", 2).await.status, 200);
    home.paddock(&["unload", "gemma"]).await.succeeded();
    host.end(rustix::process::Signal::TERM).await;
}

/// Telemetry, version checks and look-ups in the background are what users of other apps find: LM Studio #2428.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_reached_that_the_user_did_not_ask_for() {
    let home = Home::with_gemma()
        .await
        .with_variable("HF_ENDPOINT", OUTSIDE)
        .with_variable("PADDOCK_RELEASES_URL", OUTSIDE);
    let trace = home.file("trace");
    let home = home.traced_into(&trace);
    let host = home.serve().await;
    home.paddock(&["load", "gemma"]).await.succeeded();
    assert_eq!(host.gateway().chat("Say something.", 8).await.status, 200);
    for verb in ["ls", "ps", "status", "doctor"] {
        home.paddock(&[verb]).await;
    }
    let seen = connections::read(&trace);
    assert!(seen.to_loopback > 4, "the trace is of the host: {seen:?}");
    assert_eq!(seen.elsewhere, [""; 0]);

    // And an attempt would have been seen.
    home.paddock(&["search", "qwen3"]).await;
    assert_ne!(connections::read(&trace).elsewhere, [""; 0]);
    home.paddock(&["unload", "gemma"]).await.succeeded();
    host.end(rustix::process::Signal::TERM).await;
}

/// An installed app whose package has an engine inside: the first start of all needs no network and no `engine add`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_in_the_package_is_used_at_once() {
    let home = Home::new();
    let bin = home.file("usr/bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::create_dir_all(home.file("usr/lib/paddock")).unwrap();
    for program in [environment::paddock(), environment::guard()] {
        std::fs::copy(&program, bin.join(program.file_name().unwrap())).unwrap();
    }
    let engine = environment::engine().canonicalize().unwrap();
    let packed = home.file("usr/lib/paddock/engine");
    std::os::unix::fs::symlink(engine.parent().unwrap(), &packed).unwrap();
    let home = home
        .with_variable("PADDOCK_RELEASES_URL", OUTSIDE)
        .with_program(bin.join("paddock"));
    home.add_gemma().await;

    let host = home.serve().await;
    let engines = home.paddock(&["engine", "ls", "--json"]).await;
    let engines = engines.succeeded().json();
    assert_eq!(engines[0]["source"], "packed", "{engines}");
    assert_eq!(engines[0]["current"], true);
    let path = engines[0]["path"].as_str().unwrap();
    assert_eq!(path, packed.join("llama-server").to_str().unwrap());
    host.load(GEMMA, json!({})).await;
    assert_eq!(host.gateway().chat("Say something.", 4).await.status, 200);

    host.end(rustix::process::Signal::TERM).await;
}
