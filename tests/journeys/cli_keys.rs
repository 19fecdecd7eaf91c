//! API keys by the command line: shown once, kept hashed, and needed before the endpoint is opened to other machines.

use rustix::process::Signal;
use serde_json::json;
use test_support::Home;
use test_support::redact::redact;

/// Everything under the data folder, as text.
fn written(home: &Home) -> String {
    fn read(folder: &std::path::Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, into);
            } else if let Ok(content) = std::fs::read(&path) {
                into.push_str(&String::from_utf8_lossy(&content));
            }
        }
    }
    let mut text = String::new();
    read(&home.data(), &mut text);
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_shown_once_and_kept_as_a_hash_with_a_host_and_without() {
    let home = Home::new();
    let first = home.paddock(&["key", "add", "laptop"]).await.succeeded();
    let host = home.serve().await;
    let second = home
        .paddock(&["key", "add", "agent", "--manage", "--json"])
        .await
        .succeeded();
    let made = second.json();
    assert_eq!(made["name"], "agent");
    assert_eq!(made["manage"], true);

    // Alone on its line, for scripts.
    let keys = [first.stdout.trim(), made["key"].as_str().unwrap()];
    for key in keys {
        assert!(key.starts_with("pk-") && key.len() == 46, "{key}");
    }
    assert!(first.stderr.contains("only time"), "{}", first.stderr);

    let listed = home.paddock(&["key", "ls", "--json"]).await.succeeded();
    assert_eq!(listed.json()[0]["name"], "laptop");
    assert_eq!(listed.json()[0]["lastFour"], keys[0][42..]);
    assert_eq!(listed.json()[1]["manage"], true);
    let table = home.paddock(&["key", "ls"]).await.succeeded();
    let kept = written(&home);
    for key in keys {
        let secret = &key[3..];
        for text in [&listed.stdout, &table.stdout, &kept, &host.stderr()] {
            assert!(!text.contains(secret), "a key is in {text}");
        }
    }

    home.paddock(&["key", "rm", "laptop"]).await.succeeded();
    host.end(Signal::TERM).await;
    let listed = home.paddock(&["key", "ls", "--json"]).await.succeeded();
    assert_eq!(listed.json().as_array().unwrap().len(), 1);
    assert_eq!(listed.json()[0]["name"], "agent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_of_keys() {
    let home = Home::new();
    let mut said = String::new();
    for arguments in [
        &["key", "ls"][..],
        &["key", "add", "laptop", "--json"],
        &["key", "add", "laptop"],
        &["key", "add", " "],
        &["key", "rm", "nosuch"],
        &["key", "rm", "laptop"],
        &["serve", "--host", "0.0.0.0", "--port", "0"],
    ] {
        let ran = home.paddock(arguments).await;
        let (stdout, stderr) = if arguments.contains(&"--json") {
            ("(the key)\n", "")
        } else {
            (ran.stdout.as_str(), ran.stderr.as_str())
        };
        said.push_str(&format!(
            "$ paddock {}\n{stdout}{stderr}(exit code {})\n\n",
            arguments.join(" "),
            ran.code.unwrap()
        ));
    }
    insta::assert_snapshot!(redact(&said, &[(&home.data(), "HOME")]));
}

/// Beyond loopback only with a key, also where the settings were edited by hand: Ollama #1053, Jan #8453.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_written_into_the_settings_by_hand_needs_a_key_too() {
    let home = Home::new();
    home.paddock(&["ls"]).await.succeeded();
    let mut settings = json!({});
    settings["gateway"] = json!({"host": "0.0.0.0", "port": 0});
    std::fs::write(home.settings_file(), settings.to_string()).unwrap();
    let refused = home.paddock(&["serve", "--json"]).await.failed();
    assert_eq!(refused.error_code(), "needs_key");
    let hint = refused.json()["error"]["hint"].to_string();
    assert!(hint.contains("paddock key add"), "{hint}");
    assert!(hint.contains("settings.json"), "{hint}");
    // And the flag still helps.
    let host = home
        .serve_with(&["--host", "127.0.0.1", "--port", "0"])
        .await;
    host.end(Signal::TERM).await;
}

/// LMS#1334: settings for the network survive restarts, and so does the key that they need.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_key_the_endpoint_opens_to_other_machines() {
    let home = Home::new();
    home.paddock(&["key", "add", "laptop"]).await.succeeded();
    for _ in 0..2 {
        let host = home.serve_with(&["--host", "0.0.0.0", "--port", "0"]).await;
        let status = host.status().await;
        assert_eq!(status["listening"], true, "{status}");
        host.end(Signal::TERM).await;
    }
}
