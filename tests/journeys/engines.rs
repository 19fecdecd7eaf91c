//! Engines from a release to a model that answers, and what happens when a release is bad: the double answers as GitHub
//! does, the archives are the real engine's files.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::home::TINY;
use test_support::releases::{Asset, ReleasesDouble, Told, archives, now};
use test_support::{Home, environment, models};

async fn engines(home: &Home) -> Vec<Value> {
    let listed = home.paddock(&["engine", "ls", "--json"]).await.succeeded();
    listed.json().as_array().unwrap().clone()
}

async fn names(home: &Home) -> Vec<String> {
    let engines = engines(home).await;
    let names = engines
        .iter()
        .map(|engine| engine["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

async fn current(home: &Home) -> Value {
    let engines = engines(home).await;
    let current = engines.into_iter().find(|engine| engine["current"] == true);
    current.unwrap_or(Value::Null)
}

/// The last document of a verb that streams.
fn last(stdout: &str) -> Value {
    serde_json::from_str(stdout.lines().last().unwrap_or_default())
        .unwrap_or_else(|_| panic!("no JSON at the end of {stdout:?}"))
}

async fn install(home: &Home, arguments: &[&str]) -> Value {
    let all: Vec<&str> = ["engine", "install", "--json"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    last(&home.paddock(&all).await.succeeded().stdout)
}

async fn refused(home: &Home, arguments: &[&str]) -> Value {
    let all: Vec<&str> = ["engine", "install", "--json"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    last(&home.paddock(&all).await.failed().stdout)["error"].clone()
}

/// Nothing half done is left in the engines' folder.
pub(crate) fn nothing_half_done(home: &Home) {
    let folder = home.data().join("engines");
    let hidden: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert_eq!(hidden, Vec::<String>::new());
}

async fn add_tiny(home: &Home) {
    let path = home.file("tiny.gguf");
    models::tiny_quantized(&path);
    home.import(&path).await;
}

/// LM Studio #2234 #1057, Jan #7995: an update breaks what worked. Here what is bad never becomes current.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_is_installed_used_updated_rolled_back_and_removed() {
    let releases = ReleasesDouble::start().await;
    releases.publish(
        "b20000",
        vec![archives::cpu("b20000", archives::real("b20000"))],
    );
    let home = Home::with_releases(&releases);

    let installed = install(&home, &[]).await;
    assert_eq!(installed["name"], "b20000-cpu");
    assert_eq!(
        (
            &installed["current"],
            &installed["proved"],
            &installed["source"]
        ),
        (&json!(true), &json!(true), &json!("paddock"))
    );
    let folder = home.data().join("engines/b20000-cpu");
    assert!(folder.join("libllama.so").is_symlink(), "links stay links");
    assert!(!home.data().join("downloads/engines/b20000").exists());
    nothing_half_done(&home);

    add_tiny(&home).await;
    let host = home.serve().await;
    host.load(TINY, json!({})).await;
    assert_eq!(host.gateway().chat("Hi", 1).await.status, 200);

    // The update is a build that this processor cannot run: real where there is one.
    let dead = archives::illegal_instruction("b20001");
    releases.publish("b20001", vec![archives::cpu("b20001", dead)]);
    let available = home
        .paddock(&["engine", "available", "--refresh", "--json"])
        .await;
    assert_eq!(available.succeeded().json()["updateAvailable"], "b20001");
    let error = refused(&home, &[]).await;
    assert_eq!(error["code"], "illegal_instruction", "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.ends_with("b20000-cpu stays current."), "{message}");
    assert_eq!(names(&home).await, ["b20000-cpu"]);
    assert_eq!(current(&home).await["name"], "b20000-cpu");
    nothing_half_done(&home);
    assert_eq!(
        host.gateway().chat("Hi", 1).await.status,
        200,
        "it ran all the time"
    );
    let available = home.paddock(&["engine", "available", "--json"]).await;
    let reason = available.succeeded().json()["variants"][0]["reason"].clone();
    assert!(
        reason.as_str().unwrap().contains("tried here and failed"),
        "{reason}"
    );

    // A good one.
    releases.publish(
        "b20002",
        vec![archives::cpu("b20002", archives::wrapper("b20002", 0))],
    );
    assert_eq!(install(&home, &["latest"]).await["name"], "b20002-cpu");
    let before = engines(&home).await;
    assert_eq!(before[0]["previous"], true, "{before:?}");
    let error = home
        .paddock(&["engine", "rm", "b20002-cpu", "--json"])
        .await;
    assert_eq!(error.failed().error_code(), "engine_in_use");
    let error = home
        .paddock(&["engine", "rm", "b20000-cpu", "--json"])
        .await;
    assert_eq!(
        error.failed().error_code(),
        "engine_in_use",
        "a model runs on it"
    );
    host.load(TINY, json!({"ctxSize": 1024})).await;
    assert_eq!(host.gateway().chat("Hi", 1).await.status, 200);

    let back = home.paddock(&["engine", "rollback", "--json"]).await;
    assert_eq!(back.succeeded().json()["name"], "b20000-cpu");
    host.load(TINY, json!({})).await;
    home.paddock(&["engine", "rm", "b20002-cpu"])
        .await
        .succeeded();
    assert!(!home.data().join("engines/b20002-cpu").exists());
    let none = home.paddock(&["engine", "rollback", "--json"]).await;
    assert_eq!(none.failed().error_code(), "no_previous_engine");
    host.end(Signal::TERM).await;
}

/// Jan #7986 #8123: a download that is refused or failed says why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_release_says_why_and_changes_nothing() {
    let releases = ReleasesDouble::start().await;
    releases.publish(
        "b20000",
        vec![archives::cpu("b20000", archives::wrapper("b20000", 0))],
    );
    let home = Home::with_releases(&releases);
    install(&home, &["b20000"]).await;

    let good = archives::wrapper("b1", 0);
    let cut = good.slice(..good.len() / 2);
    let long = "../".repeat(4) + "evil";
    let cases: Vec<(&str, Asset, &str)> = vec![
        (
            "a wrong digest",
            archives::cpu("b1", good.clone()).telling(Told::Wrong),
            "checksum_mismatch",
        ),
        (
            "no digest",
            archives::cpu("b1", good.clone()).telling(Told::Nothing),
            "no_digest",
        ),
        ("an empty file", archives::cpu("b1", ""), "asset_empty"),
        (
            "a cut-off archive",
            archives::cpu("b1", cut),
            "archive_broken",
        ),
        (
            "a web page",
            archives::cpu("b1", "<html>moved</html>"),
            "archive_broken",
        ),
        (
            "a tar that climbs out",
            archives::cpu("b1", archives::evil_tar(&long, None)),
            "archive_refused",
        ),
        (
            "an absolute path",
            archives::cpu("b1", archives::evil_tar("/tmp/evil", None)),
            "archive_refused",
        ),
        (
            "a link out",
            archives::cpu("b1", archives::evil_tar("link", Some("/etc/passwd"))),
            "archive_refused",
        ),
        (
            "a zip that climbs out",
            Asset::new(
                "llama-b1-bin-ubuntu-x64.zip",
                archives::evil_zip("../../evil"),
            ),
            "archive_refused",
        ),
        (
            "a missing library",
            archives::cpu("b1", archives::without_library("b1")),
            "library_missing",
        ),
        (
            "exit code 132",
            archives::cpu("b1", archives::that_exits("b1", 132)),
            "illegal_instruction",
        ),
        (
            "exit code 3",
            archives::cpu("b1", archives::that_exits("b1", 3)),
            "engine_failed",
        ),
        (
            "another system's build only",
            Asset::new("llama-b1-bin-win-cpu-x64.zip", good.clone()),
            "variant_unsuitable",
        ),
    ];
    for (what, asset, code) in cases {
        releases.publish_beside("b1", vec![asset]);
        let error = refused(&home, &["b1"]).await;
        assert_eq!(error["code"], code, "{what}: {error}");
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert!(
            !error["hint"].as_str().unwrap().is_empty(),
            "{what}: {error}"
        );
        assert_eq!(names(&home).await, ["b20000-cpu"], "{what}");
        assert_eq!(current(&home).await["name"], "b20000-cpu", "{what}");
        nothing_half_done(&home);
        assert!(!home.file("evil").exists() && !Path::new("/tmp/evil").exists());
    }
    assert_eq!(
        refused(&home, &["b7777"]).await["code"],
        "release_not_found"
    );
    assert_eq!(
        refused(&home, &["b20000", "--variant", "nosuch"]).await["code"],
        "variant_not_found"
    );
    let arm = Asset::new("llama-b2-bin-ubuntu-arm64.tar.gz", good.clone());
    releases.publish_beside("b2", vec![archives::cpu("b2", good.clone()), arm]);
    let error = refused(&home, &["b2", "--variant", "cpu-arm64"]).await;
    assert_eq!(error["code"], "variant_unsuitable");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("arm64 processors"),
        "{error}"
    );

    // The user may take what cannot be checked.
    releases.publish_beside("b3", vec![archives::cpu("b3", good).telling(Told::Nothing)]);
    let installed = install(&home, &["b3", "--without-digest"]).await;
    assert_eq!(installed["name"], "b3-cpu");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_is_cut_off_goes_on() {
    let releases = ReleasesDouble::start().await;
    let size = 12_000_000;
    releases.publish(
        "b20000",
        vec![archives::cpu("b20000", archives::wrapper("b20000", size))],
    );
    releases.faults(|faults| faults.cut_after = Some(1_500_000));
    let home = Home::with_releases(&releases);
    assert_eq!(install(&home, &[]).await["name"], "b20000-cpu");
    let answers = releases
        .take_seen()
        .iter()
        .filter(|seen| seen.starts_with("files "))
        .count();
    assert!(answers > 5, "it came in {answers} pieces");
}

/// An installation that is cancelled leaves nothing but what was fetched, and the next one goes on from there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_can_be_cancelled_and_shows_its_progress() {
    let releases = ReleasesDouble::start().await;
    releases.publish(
        "b20000",
        vec![archives::cpu(
            "b20000",
            archives::wrapper("b20000", 20_000_000),
        )],
    );
    releases.faults(|faults| faults.bytes_per_second = Some(500_000));
    let home = Home::with_releases(&releases);
    let host = home.serve().await;
    let begun = host
        .control()
        .post("/api/v1/engines/install", &json!({"build": "latest"}))
        .await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let job = test_support::until("bytes to come", Duration::from_secs(20), async || {
        let job = host.control().get("/api/v1/engines/jobs").await.json();
        (job["downloadedBytes"].as_u64() > Some(500_000)).then_some(job)
    })
    .await;
    assert_eq!(
        (&job["state"], &job["variant"]),
        (&json!("fetching"), &json!("cpu"))
    );
    assert!(job["totalBytes"].as_u64() > Some(19_000_000), "{job}");
    let second = host
        .control()
        .post("/api/v1/engines/install", &json!({"build": "b1"}))
        .await;
    assert_eq!(second.json()["error"]["code"], "install_busy");
    host.control()
        .post("/api/v1/engines/install/cancel", &json!({}))
        .await;
    let ended = test_support::until("the job to end", Duration::from_secs(10), async || {
        let job = host.control().get("/api/v1/engines/jobs").await.json();
        (job["state"] == "failed").then_some(job)
    })
    .await;
    assert_eq!(ended["error"]["code"], "cancelled");
    nothing_half_done(&home);
    assert_eq!(engines(&home).await, Vec::<Value>::new());

    releases.faults(|faults| faults.bytes_per_second = None);
    let seen = releases.take_seen();
    assert!(!seen.is_empty());
    install(&home, &[]).await;
    let again = releases.take_seen();
    let first = again
        .iter()
        .find(|seen| seen.starts_with("files llama-"))
        .unwrap();
    assert!(
        !first.contains(" 0-"),
        "what was there was not fetched again: {again:?}"
    );
    host.end(Signal::TERM).await;
}

/// Sixty questions an hour are allowed; asking again costs none of them while nothing is new.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_kept_and_a_limit_is_told_with_its_end() {
    let releases = ReleasesDouble::start().await;
    releases.publish(
        "b20000",
        vec![archives::cpu("b20000", archives::wrapper("b20000", 0))],
    );
    let home = Home::with_releases(&releases);
    let available = async |arguments: &[&str]| {
        let all: Vec<&str> = ["engine", "available", "--json"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        home.paddock(&all).await.succeeded().json()
    };
    let first = available(&[]).await;
    assert_eq!(first["builds"][0]["tag"], "b20000");
    assert_eq!(first["variants"][0]["recommended"], true);
    assert_eq!(first["problem"], Value::Null);
    assert!(
        releases
            .take_seen()
            .iter()
            .any(|seen| seen == "api latest 200")
    );

    available(&[]).await;
    assert_eq!(
        releases.take_seen(),
        Vec::<String>::new(),
        "it was asked a moment ago"
    );

    available(&["--refresh"]).await;
    let seen = releases.take_seen();
    assert!(
        seen.iter()
            .filter(|seen| seen.starts_with("api "))
            .all(|seen| seen.ends_with(" 304") || seen.ends_with(" 302")),
        "{seen:?}"
    );

    releases.faults(|faults| faults.limited_until = Some(now() + 600));
    let limited = available(&["--refresh"]).await;
    assert_eq!(
        limited["builds"], first["builds"],
        "the rest is from the cache"
    );
    assert_eq!(limited["problem"]["code"], "releases_rate_limited");
    let message = limited["problem"]["message"].as_str().unwrap();
    assert!(
        message.contains("minutes (at ") && message.ends_with("UTC)"),
        "{message}"
    );
    let other = Home::with_releases(&releases);
    assert_eq!(refused(&other, &[]).await["code"], "releases_rate_limited");
}

/// LM Studio #2428: loads hang when the vendor's hosts are blocked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_release_host_holds_up_no_load() {
    let releases = ReleasesDouble::start().await;
    releases.publish(
        "b20000",
        vec![archives::cpu("b20000", archives::wrapper("b20000", 0))],
    );
    let home = Home::with_releases(&releases);
    install(&home, &[]).await;
    add_tiny(&home).await;
    releases.faults(|faults| {
        faults.api_is_silent = true;
        faults.files_are_silent = true;
    });
    drop(releases.take_seen());
    let host = home.serve().await;
    let begin = Instant::now();
    host.load(TINY, json!({})).await;
    assert!(
        begin.elapsed() < Duration::from_secs(15),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(engines(&home).await.len(), 1);
    assert_eq!(
        releases.take_seen(),
        Vec::<String>::new(),
        "nobody was asked"
    );
    let begin = Instant::now();
    let available = home
        .paddock(&["engine", "available", "--refresh", "--json"])
        .await;
    let available = available.succeeded().json();
    assert_eq!(available["builds"][0]["tag"], "b20000", "{available}");
    assert_eq!(available["problem"]["code"], "releases_offline");
    assert!(
        begin.elapsed() < Duration::from_secs(30),
        "{:?}",
        begin.elapsed()
    );
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_without_an_engine_fetches_one_unless_that_is_declined() {
    let releases = ReleasesDouble::start().await;
    releases.publish(
        "b20000",
        vec![archives::cpu("b20000", archives::wrapper("b20000", 0))],
    );
    let home = Home::with_releases(&releases);
    // A model cannot be imported before there are settings; declining needs them too.
    add_tiny(&home).await;
    home.edit_settings(|settings| settings["engines"]["fetchMissing"] = json!(false));
    let host = home.serve().await;
    let declined = host.try_load(TINY, json!({})).await.json()["error"].clone();
    assert_eq!(declined["code"], "no_engine");
    assert!(
        declined["hint"]
            .as_str()
            .unwrap()
            .contains("paddock engine install"),
        "{declined}"
    );
    host.end(Signal::TERM).await;

    home.edit_settings(|settings| settings["engines"]["fetchMissing"] = json!(true));
    let host = home.serve().await;
    assert_eq!(host.load(TINY, json!({})).await["state"], "ready");
    let job = host.control().get("/api/v1/engines/jobs").await.json();
    assert_eq!(
        (&job["state"], &job["engine"]),
        (&json!("done"), &json!("b20000-cpu"))
    );
    host.end(Signal::TERM).await;

    let offline = Home::new();
    add_tiny(&offline).await;
    let host = offline.serve().await;
    let error = host.try_load(TINY, json!({})).await.json()["error"].clone();
    assert_eq!(error["code"], "no_engine");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("none could be installed: could not reach 127.0.0.1:9"),
        "{message}"
    );
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains("paddock engine add"),
        "{error}"
    );
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_is_gone_is_fetched_again_or_the_command_for_it_is_said() {
    let releases = ReleasesDouble::start().await;
    releases.publish(
        "b20000",
        vec![archives::cpu("b20000", archives::wrapper("b20000", 0))],
    );
    let home = Home::with_releases(&releases);
    install(&home, &[]).await;
    add_tiny(&home).await;
    home.paddock(&["engine", "set", "b20000-cpu", "--fetch", "false"])
        .await
        .succeeded();
    let binary = home.data().join("engines/b20000-cpu/llama-server");
    std::fs::remove_file(&binary).unwrap();
    let host = home.serve().await;
    let error = host.try_load(TINY, json!({})).await.json()["error"].clone();
    assert_eq!(error["code"], "engine_missing");
    let message = error["message"].as_str().unwrap();
    assert_eq!(
        message,
        format!("llama-server binary not found at {}", binary.display())
    );
    let hint = error["hint"].as_str().unwrap();
    assert!(
        hint.contains("paddock engine install b20000 --variant cpu"),
        "{hint}"
    );

    home.paddock(&["engine", "set", "b20000-cpu", "--fetch", "true"])
        .await
        .succeeded();
    assert_eq!(host.load(TINY, json!({})).await["state"], "ready");
    assert!(binary.is_file());
    host.end(Signal::TERM).await;
}

/// The proof cannot find everything. LM Studio #2234 #1057, Jan #7995.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_fails_its_first_real_load_is_rolled_back() {
    let releases = ReleasesDouble::start().await;
    releases.publish(
        "b20000",
        vec![archives::cpu("b20000", archives::wrapper("b20000", 0))],
    );
    let home = Home::with_releases(&releases);
    install(&home, &[]).await;
    add_tiny(&home).await;
    let host = home.serve().await;
    host.load(TINY, json!({})).await;
    let proof_only = archives::for_the_proof_only("b20001");
    releases.publish("b20001", vec![archives::cpu("b20001", proof_only)]);
    assert_eq!(
        install(&home, &[]).await["name"],
        "b20001-cpu",
        "the proof passes"
    );

    let loaded = home
        .paddock(&["load", "tiny", "--ctx-size", "1024"])
        .await
        .succeeded();
    assert!(
        loaded
            .stderr
            .contains("The engine b20001-cpu could not load local/tiny")
            && loaded.stderr.contains("Paddock went back to b20000-cpu"),
        "{}",
        loaded.stderr
    );
    assert_eq!(host.gateway().chat("Hi", 1).await.status, 200);
    let announced = host.control().get("/api/v1/announcements").await.json();
    assert_eq!(announced[0]["code"], "engine_rolled_back");
    let engines = engines(&home).await;
    assert_eq!(
        (&engines[0]["name"], &engines[0]["current"]),
        (&json!("b20000-cpu"), &json!(true))
    );
    assert_eq!(engines[1]["state"], "failed");
    assert!(
        engines[1]["problem"]
            .as_str()
            .unwrap()
            .contains("local/tiny")
    );
    assert_eq!(engines[1]["previous"], false, "nobody goes back to it");

    // A model that never ran anywhere is no reason.
    let broken = home.file("future.gguf");
    models::of_the_future(&broken);
    home.import(&broken).await;
    home.paddock(&["load", "future"]).await.failed();
    assert_eq!(current(&home).await["name"], "b20000-cpu");
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_two_good_builds_stay_and_older_ones_go() {
    let releases = ReleasesDouble::start().await;
    let home = Home::with_releases(&releases);
    home.add_engine(&environment::engine()).await;
    let own = names(&home).await[0].clone();
    for number in 1..=4 {
        let tag = format!("b2000{number}");
        releases.publish(&tag, vec![archives::cpu(&tag, archives::wrapper(&tag, 0))]);
        install(&home, &[]).await;
    }
    let mut left = names(&home).await;
    left.sort();
    assert_eq!(
        left,
        [own.as_str(), "b20003-cpu", "b20004-cpu"]
            .map(str::to_owned)
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    assert_eq!(current(&home).await["name"], "b20004-cpu");
    // Installing again what is there is done at once, also as the way back.
    drop(releases.take_seen());
    assert_eq!(install(&home, &["b20003"]).await["current"], true);
    assert!(
        !releases
            .take_seen()
            .iter()
            .any(|seen| seen.starts_with("files "))
    );
}

/// What was found on this machine is called proved only once it was, and the way that the doctor names leads there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_proof_finds_of_a_listed_engine_is_remembered() {
    let home = Home::new();
    home.add_engine(&environment::engine()).await;
    assert_eq!(current(&home).await["state"], "unproved");
    let path = environment::engine();
    let path = path.to_str().unwrap();
    home.paddock(&["engine", "prove", path]).await.succeeded();
    let engine = current(&home).await;
    assert_eq!(
        (&engine["state"], &engine["proved"]),
        (&json!("good"), &json!(true))
    );

    // One that runs no model says so from then on, until a proof finds otherwise.
    let folder = home.file("dead");
    let binary = folder.join("llama-server");
    std::fs::create_dir_all(&folder).unwrap();
    let write = |text: &str| {
        std::fs::write(&binary, text).unwrap();
        std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let help = format!("exec '{path}' \"$@\"\n");
    write(&format!(
        "#!/bin/sh\ncase \"$1\" in --help|--version|--list-devices) {help};; esac\nexit 3\n"
    ));
    home.add_engine(&binary).await;
    let dead = binary.to_str().unwrap();
    home.paddock(&["engine", "prove", dead]).await.failed();
    let state = async || {
        let engines = engines(&home).await;
        let engine = engines.iter().find(|engine| engine["path"] == dead);
        engine.unwrap()["state"].clone()
    };
    assert_eq!(state().await, "failed");
    write(&format!("#!/bin/sh\n{help}"));
    home.paddock(&["engine", "prove", dead]).await.succeeded();
    assert_eq!(state().await, "good");
}

/// LM Studio #2422 #155: own builds, own flags, own ports.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_own_engine_keeps_its_name_port_and_arguments() {
    let home = Home::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let engine = environment::engine();
    let added = home
        .paddock(&[
            "engine",
            "add",
            &engine.to_string_lossy(),
            "--name",
            "mine",
            "--base-port",
            &port.to_string(),
            "--arg",
            "--threads-http",
            "--arg",
            "3",
            "--json",
        ])
        .await
        .succeeded()
        .json();
    assert_eq!(added["name"], "mine");
    let taken = home
        .paddock(&[
            "engine",
            "add",
            &engine.to_string_lossy(),
            "--name",
            "mine",
            "--json",
        ])
        .await;
    assert_eq!(
        taken.succeeded().json()["name"],
        "mine",
        "the same one is there already"
    );
    let owned = home
        .paddock(&[
            "engine", "set", "mine", "--arg", "--port", "--arg", "1", "--json",
        ])
        .await;
    assert_eq!(owned.failed().error_code(), "invalid_option");
    add_tiny(&home).await;
    let shown = home
        .paddock(&["params", "tiny", "--argv"])
        .await
        .succeeded()
        .stdout;
    assert!(shown.contains("--threads-http 3"), "{shown}");
    let host = home.serve().await;
    host.load(TINY, json!({})).await;
    let url = host.model(TINY).await.unwrap()["serverUrl"].clone();
    assert_eq!(url, format!("http://127.0.0.1:{port}"));
    host.end(Signal::TERM).await;
}
