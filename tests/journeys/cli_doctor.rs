//! `paddock doctor`: says what is wrong and what to do, and nothing that is nobody else's business.

use std::net::TcpListener;

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::home::TINY;
use test_support::{Home, environment};

/// The codes of what is wrong, with how bad it is.
fn codes(checkup: &Value) -> Vec<String> {
    checkup["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| format!("{} {}", finding["severity"], finding["code"]).replace('"', ""))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_without_an_engine_is_told_what_to_do() {
    let home = Home::new();
    let checkup = home.paddock(&["doctor", "--json"]).await.failed().json();
    assert_eq!(checkup["ok"], false);
    assert_eq!(codes(&checkup)[0], "broken no_engine");
    assert_eq!(checkup["hostRunning"], false);
    let text = home.paddock(&["doctor"]).await.failed();
    assert!(text.stdout.contains("paddock engine install"), "{text:?}");
    assert!(text.stdout.contains("host        not running"), "{text:?}");
    assert_eq!(text.stderr, "", "all of it can be redirected into a file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_works_is_shown_and_nothing_is_found() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    host.load(TINY, json!({})).await;
    let checkup = home.paddock(&["doctor", "--json"]).await.succeeded().json();
    assert_eq!(checkup["ok"], true);
    assert_eq!(checkup["hostPid"], host.pid());
    assert_eq!(checkup["endpoint"]["listening"], true);
    assert_eq!(checkup["endpoint"]["url"], host.gateway().base());
    assert_eq!(checkup["modelCount"], 1);
    let engine = &checkup["engines"][0];
    assert_eq!(engine["current"], true, "{engine}");
    assert_eq!(engine["proved"], true, "it has just run a model");
    assert!(engine["version"].is_string(), "{engine}");
    assert_eq!(engine["problem"], Value::Null, "{engine}");
    assert_eq!(codes(&checkup), [""; 0]);
    let text = home.paddock(&["doctor"]).await.succeeded().stdout;
    assert!(text.contains("Nothing is wrong."), "{text}");
    host.end(Signal::TERM).await;
}

/// Users paste it into bug reports.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_can_be_shown_to_anyone() {
    let home = Home::new();
    let folder = home.file("");
    let home = home
        .with_variable("HOME", folder.to_str().unwrap().trim_end_matches('/'))
        .with_variable("HF_TOKEN", "hf_abcdefghijklmnopqrstuvwxyz")
        .with_variable("HTTPS_PROXY", "http://ada:hunter2@proxy.example:3128");
    let key = home.paddock(&["key", "add", "laptop"]).await.succeeded();
    let ran = home.paddock(&["doctor", "--json"]).await.failed();
    for secret in [
        key.stdout.trim(),
        "hf_abc",
        "hunter2",
        folder.to_str().unwrap().trim_end_matches('/'),
    ] {
        assert!(!ran.stdout.contains(secret), "{secret} in {}", ran.stdout);
    }
    let checkup = ran.json();
    assert_eq!(checkup["data"]["path"], "~/data");
    assert_eq!(checkup["keyCount"], 1);
    let variables = checkup["environment"].as_array().unwrap();
    let value = |name: &str| {
        let variable = variables.iter().find(|variable| variable["name"] == name);
        variable.unwrap()["value"].clone()
    };
    assert_eq!(value("HF_TOKEN"), Value::Null);
    assert_eq!(value("HTTPS_PROXY"), "http://…@proxy.example:3128");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_thing_that_is_wrong_is_named() {
    let home = Home::with_tiny().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let cut = home.file("cut.gguf");
    let whole = std::fs::read(environment::model()).unwrap();
    std::fs::write(&cut, &whole[..100_000]).unwrap();
    let gone = home.file("gone.gguf");
    test_support::models::tiny(&gone);
    home.import(&gone).await;
    std::fs::remove_file(&gone).unwrap();
    let folder = home.file("models");
    std::fs::create_dir(&folder).unwrap();
    std::fs::rename(&cut, folder.join("cut.gguf")).unwrap();
    home.paddock(&["folder", "add", folder.to_str().unwrap()])
        .await
        .succeeded();
    let mut settings = home.settings();
    settings["gateway"]["port"] = json!(port);
    settings["gateway"]["host"] = json!("0.0.0.0");
    settings["modelFolders"]
        .as_array_mut()
        .unwrap()
        .push(json!("/nowhere/models"));
    std::fs::write(home.settings_file(), settings.to_string()).unwrap();

    let ran = home.paddock(&["doctor", "--json"]).await.failed();
    let checkup = ran.json();
    let codes = codes(&checkup);
    for code in [
        "broken port_taken",
        "broken needs_key",
        "warning engine_unproved",
        "warning model_unusable",
        "warning model_missing",
        "warning folder_missing",
    ] {
        assert!(codes.iter().any(|found| found == code), "{code}: {codes:?}");
    }
    let severities: Vec<&str> = codes
        .iter()
        .map(|code| code.split(" ").next().unwrap())
        .collect();
    assert!(severities.is_sorted(), "worst first: {codes:?}");
    assert_eq!(checkup["endpoint"]["takenBy"]["pid"], std::process::id());
    for finding in checkup["findings"].as_array().unwrap() {
        assert!(!finding["hint"].as_str().unwrap().is_empty(), "{finding}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_settings_cannot_be_opened_it_says_that() {
    let home = Home::new();
    home.paddock(&["ls"]).await.succeeded();
    std::fs::write(home.settings_file(), json!({"version": 99}).to_string()).unwrap();
    let checkup = home.paddock(&["doctor", "--json"]).await.failed().json();
    assert_eq!(codes(&checkup), ["broken settings_newer"]);
    assert!(checkup["version"].is_string());
}
