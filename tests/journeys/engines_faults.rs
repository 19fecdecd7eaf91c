//! Installations that go wrong in the middle: what is cancelled ends, what is damaged is repaired, and an engine is called
//! bad only where it is.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::home::TINY;
use test_support::processes::{self, Process};
use test_support::releases::{ReleasesDouble, archives};
use test_support::{Home, Host, models, until};

use super::engines::nothing_half_done;

const SOON: Duration = Duration::from_secs(20);

/// Servers that never get ready.
fn hanging(home: &Home) -> Vec<Process> {
    let mut all = processes::marked(home.marker());
    all.retain(|process| process.name == "sleep");
    all
}

async fn until_one_hangs(home: &Home) {
    until("the engine to hang", SOON, async || {
        (!hanging(home).is_empty()).then_some(())
    })
    .await;
}

async fn job(host: &Host) -> Value {
    host.control().get("/api/v1/engines/jobs").await.json()
}

async fn listed(host: &Host) -> Value {
    host.control().get("/api/v1/engines").await.json()
}

async fn published(tag: &str) -> ReleasesDouble {
    let releases = ReleasesDouble::start().await;
    releases.publish(tag, vec![archives::cpu(tag, archives::wrapper(tag, 0))]);
    releases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_that_nobody_waits_for_leaves_no_process() {
    let releases = ReleasesDouble::start().await;
    releases.publish(
        "b20000",
        vec![archives::cpu("b20000", archives::hanging("b20000"))],
    );
    let home = Home::with_releases(&releases);
    let host = home.serve().await;
    let body = json!({"build": "latest"});
    host.control().post("/api/v1/engines/install", &body).await;
    until_one_hangs(&home).await;
    assert_eq!(job(&host).await["state"], "proving");
    host.control()
        .post("/api/v1/engines/install/cancel", &json!({}))
        .await;
    let ended = until("the job to end", SOON, async || {
        let job = job(&host).await;
        (job["state"] == "failed").then_some(job)
    })
    .await;
    assert_eq!(ended["error"]["code"], "cancelled");
    assert_eq!(hanging(&home), Vec::new(), "it is down before the job is");
    nothing_half_done(&home);
    assert_eq!(listed(&host).await, json!([]));
    let available = host.control().get("/api/v1/engines/available").await.json();
    let reason = available["variants"][0]["reason"].to_string();
    assert!(!reason.contains("failed"), "nobody found it bad: {reason}");

    // A client that hangs up.
    let folder = home.file("hanging");
    let binary = folder.join("llama-server");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(&binary, archives::hanging_text()).unwrap();
    std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).unwrap();
    let body = json!({"path": binary});
    tokio::select! {
        answer = host.control().post("/api/v1/engines/prove", &body) => panic!("{answer:?}"),
        () = until_one_hangs(&home) => {}
    }
    until("it to end", SOON, async || {
        hanging(&home).is_empty().then_some(())
    })
    .await;
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn installing_again_repairs_an_engine_that_lost_a_file() {
    let releases = ReleasesDouble::start().await;
    releases.publish(
        "b20000",
        vec![archives::cpu("b20000", archives::real("b20000"))],
    );
    let home = Home::with_releases(&releases);
    home.paddock(&["engine", "install"]).await.succeeded();
    let folder = home.data().join("engines/b20000-cpu");
    let libraries = || {
        let mut names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("libllama"))
            .collect();
        names.sort();
        names
    };
    let whole = libraries();
    assert!(!whole.is_empty());
    for name in &whole {
        std::fs::remove_file(folder.join(name)).unwrap();
    }
    drop(releases.take_seen());
    home.paddock(&["engine", "install"]).await.succeeded();
    let seen = releases.take_seen();
    assert!(
        seen.iter().any(|seen| seen.starts_with("files ")),
        "it was fetched again: {seen:?}"
    );
    assert_eq!(libraries(), whole);
    nothing_half_done(&home);
    let engines = home
        .paddock(&["engine", "ls", "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(engines[0]["state"], "good", "{engines}");
}

/// What is wrong with a model's options is wrong on every engine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_fails_on_both_engines_rolls_nothing_back() {
    let releases = published("b20000").await;
    let home = Home::with_releases(&releases);
    home.paddock(&["engine", "install"]).await.succeeded();
    let path = home.file("tiny.gguf");
    models::tiny_quantized(&path);
    home.import(&path).await;
    let host = home.serve().await;
    host.load(TINY, json!({})).await;
    releases.publish(
        "b20001",
        vec![archives::cpu("b20001", archives::wrapper("b20001", 0))],
    );
    home.paddock(&["engine", "install"]).await.succeeded();
    let adapter = json!({"extraArgs": {"--lora": "/nonexistent/adapter.gguf"}});
    let error = host.try_load(TINY, adapter).await;
    assert_ne!(error.status, 200, "{}", error.text);
    let engines = listed(&host).await;
    let new = engines
        .as_array()
        .unwrap()
        .iter()
        .find(|engine| engine["name"] == "b20001-cpu")
        .unwrap();
    assert_eq!(
        (&new["current"], &new["state"]),
        (&json!(true), &json!("good")),
        "{new}"
    );
    let announced = host.control().get("/api/v1/announcements").await.json();
    assert_eq!(announced, json!([]));
    host.load(TINY, json!({})).await;
    host.end(Signal::TERM).await;
}

/// The user's own engine is the user's, also where its disk is away and its name is a release's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_users_engine_is_not_replaced_unasked() {
    let releases = published("b20000").await;
    let home = Home::with_releases(&releases);
    let engine = test_support::environment::engine();
    let folder = home.file("own");
    let own = folder.join("llama-server");
    std::fs::create_dir_all(&folder).unwrap();
    let text = format!("#!/bin/sh\nexec '{}' \"$@\"\n", engine.display());
    std::fs::write(&own, text).unwrap();
    std::fs::set_permissions(&own, std::fs::Permissions::from_mode(0o755)).unwrap();
    home.paddock(&[
        "engine",
        "add",
        &own.to_string_lossy(),
        "--name",
        "b20000-cpu",
        "--build",
        "b20000",
        "--variant",
        "cpu",
    ])
    .await
    .succeeded();
    let path = home.file("tiny.gguf");
    models::tiny_quantized(&path);
    home.import(&path).await;
    let away = home.file("away");
    std::fs::rename(&folder, &away).unwrap();
    let host = home.serve().await;
    let error = host.try_load(TINY, json!({})).await.json()["error"].clone();
    assert_eq!(error["code"], "engine_missing", "{error}");
    std::fs::rename(&away, &folder).unwrap();
    host.load(TINY, json!({})).await;

    let installed = home.paddock(&["engine", "install", "--json"]).await;
    let last: Value =
        serde_json::from_str(installed.succeeded().stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["name"], "b20000-cpu-2", "{last}");
    let engines = listed(&host).await;
    assert_eq!(engines[0]["name"], "b20000-cpu");
    assert_eq!(engines[0]["path"], json!(own));
    host.end(Signal::TERM).await;
}
