//! The command line's manners: exit codes, one JSON document, verbs with and without a host.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use test_support::home::TINY;
use test_support::{Home, engines, models};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_is_one_document_wherever_the_flag_stands() {
    let home = Home::with_tiny().await;
    for arguments in [
        &["--json", "engine", "ls"][..],
        &["engine", "--json", "ls"],
        &["engine", "ls", "--json"],
        &["--json", "ls"],
        &["ls", "--json"],
        &["--json", "params", "tiny", "--ctx-size", "512"],
        &["params", "--json", "tiny", "--ctx-size", "512"],
        &["params", "tiny", "--ctx-size", "512", "--json"],
        &["--json", "ps"],
        &["ps", "--json"],
        &["status", "--json"],
        &["unload", "tiny", "--json"],
        &["logs", "tiny", "--json"],
    ] {
        let _ = home.paddock(arguments).await.succeeded().json();
    }
    // Failures too are a document, on the same stream.
    for arguments in [
        &["--json", "load", "tiny"][..],
        &["engine", "--json", "show", "nosuch"],
        &["params", "nosuch", "--json"],
        &["import", "/nowhere.gguf", "--json"],
    ] {
        let ran = home.paddock(arguments).await.failed();
        assert!(!ran.error_code().is_empty());
        assert!(ran.json()["error"]["message"].as_str().unwrap().len() > 5);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exit_codes_tell_success_from_failure_from_misuse() {
    let home = Home::with_tiny().await;
    for (arguments, code) in [
        (&["ps"][..], 0),
        (&["--version"], 0),
        (&["--help"], 0),
        (&["load", "--help"], 0),
        (&["load", "tiny"], 1),
        (&["params", "nosuch"], 1),
        (&["engine", "use", "nosuch"], 1),
        (&[], 2),
        (&["nosuch"], 2),
        (&["load"], 2),
        (&["load", "tiny", "--no-such-flag", "1"], 2),
        (&["load", "tiny", "--ctx-size", "many"], 2),
        (&["load", "tiny", "--mlock", "maybe"], 2),
        (&["load", "tiny", "--ctx-size", "-5"], 2),
        (&["load", "tiny", "--cache-type-k", "q9"], 2),
        (&["unload"], 2),
        (&["unload", "tiny", "--all"], 2),
        (&["serve", "--port", "many"], 2),
    ] {
        let ran = home.paddock(arguments).await;
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        if code == 2 {
            assert!(!ran.stderr.is_empty() && ran.stdout.is_empty(), "{ran:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unloading_what_is_not_loaded_is_no_failure() {
    let home = Home::with_tiny().await;
    let expected = json!(
        {"key": "tiny", "instance_id": "tiny", "state": "stopped", "notRunning": true}
    );
    let without_host = home
        .paddock(&["unload", "tiny", "--json"])
        .await
        .succeeded();
    assert_eq!(without_host.json(), expected);
    assert_eq!(
        home.paddock(&["unload", "--all", "--json"])
            .await
            .succeeded()
            .json(),
        json!([])
    );

    let host = home.serve().await;
    let expected = json!(
        {"key": TINY, "instance_id": TINY, "state": "stopped", "notRunning": true}
    );
    let with_host = home
        .paddock(&["unload", "tiny", "--json"])
        .await
        .succeeded();
    assert_eq!(with_host.json(), expected);
    let text = home.paddock(&["unload", "tiny"]).await.succeeded().stdout;
    assert_eq!(text, "notRunning: local/tiny was not loaded\n");
    let text = home.paddock(&["unload", "--all"]).await.succeeded().stdout;
    assert_eq!(text, "notRunning: nothing was loaded\n");
    let unknown = home.paddock(&["unload", "nosuch", "--json"]).await.failed();
    assert_eq!(unknown.error_code(), "model_not_found");
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verbs_that_need_no_host_work_without_one_and_the_same_with_one() {
    let home = Home::with_tiny().await;
    let other = engines::without_child_protocol(&home.file("other-engine"));
    home.add_engine(&other).await;
    let engines = home
        .paddock(&["engine", "ls", "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(engines.as_array().unwrap().len(), 2, "{engines}");
    assert_eq!(engines[0]["current"], true, "the first one stays current");
    let first = engines[0]["name"].as_str().unwrap().to_owned();
    let second = engines[1]["name"].as_str().unwrap().to_owned();
    home.paddock(&["engine", "use", &second]).await.succeeded();

    let questions = [
        &["engine", "ls", "--json"][..],
        &["engine", "show", &second, "--json"],
        &["ls", "--json"],
        &["params", "tiny", "--ctx-size", "512", "--json"],
    ];
    let mut without = Vec::new();
    for question in questions {
        without.push(home.paddock(question).await.succeeded().json());
    }
    assert_eq!(without[0][1]["current"], true);
    let host = home.serve().await;
    for (question, expected) in questions.iter().zip(&without) {
        let mut answer = home.paddock(question).await.succeeded().json();
        let mut expected = expected.clone();
        if answer.is_object() {
            // Free memory of a device changes by the moment.
            answer["devices"] = json!(null);
            expected["devices"] = json!(null);
        }
        assert_eq!(answer, expected, "{question:?}");
    }
    // Through the host, and still so when it is gone.
    home.paddock(&["engine", "use", &first]).await.succeeded();
    home.paddock(&["params", "tiny", "--save", "--ctx-size", "256"])
        .await
        .succeeded();
    host.end(Signal::TERM).await;
    let engines = home
        .paddock(&["engine", "ls", "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(engines[0]["current"], true);
    assert_eq!(
        home.settings()["models"][TINY]["params"],
        json!({"ctxSize": 256})
    );

    // And those that need one say so.
    let refused = home.paddock(&["load", "tiny", "--json"]).await.failed();
    assert_eq!(refused.error_code(), "no_host");
    assert_eq!(
        home.paddock(&["ps", "--json"]).await.succeeded().json(),
        json!([])
    );
    let status = home.paddock(&["status", "--json"]).await.succeeded().json();
    assert_eq!(status["running"], false);
}

/// Nobody is told that the folder is taken because another verb is at work in it for a moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verbs_at_the_same_time_wait_for_each_other_and_lose_nothing() {
    let home = Home::new();
    let names = ["one", "two", "three", "four"];
    let imports = names.iter().map(|name| {
        let (home, path) = (&home, home.file(&format!("{name}.gguf")));
        async move {
            models::tiny(&path);
            home.import(&path).await
        }
    });
    // The host too comes in turn.
    let (host, mut keys) = tokio::join!(home.serve(), futures_util::future::join_all(imports));
    keys.sort();
    assert_eq!(
        keys,
        ["local/four", "local/one", "local/three", "local/two"]
    );
    assert_eq!(home.settings()["models"].as_object().unwrap().len(), 4);
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_are_there_while_it_runs_after_it_ended_and_as_they_come() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    host.load(TINY, json!({})).await;
    let running = home.paddock(&["logs"]).await.succeeded().stdout;
    assert!(running.contains("loading model"), "{running}");

    let mut following = home
        .command(&["logs", "tiny", "--follow"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = {
        use tokio::io::{AsyncBufReadExt, BufReader};
        BufReader::new(following.stdout.take().unwrap()).lines()
    };
    host.gateway().chat("Hi", 1).await;
    let seen = tokio::time::timeout(Duration::from_secs(10), async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains("task") {
                return true;
            }
        }
        false
    })
    .await;
    assert!(seen.unwrap(), "what comes is shown");
    following.kill().await.unwrap();

    home.paddock(&["unload", "tiny"]).await.succeeded();
    let after = home.paddock(&["logs", "tiny"]).await.succeeded().stdout;
    assert!(after.contains("loading model"), "{after}");
    host.end(Signal::TERM).await;
    let offline = home.paddock(&["logs", "tiny"]).await.succeeded().stdout;
    assert_eq!(offline, after);
}
