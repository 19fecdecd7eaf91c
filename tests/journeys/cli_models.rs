//! For how long models stay and by which names they are known, by the command line.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use test_support::home::TINY;
use test_support::{Home, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_loaded_twice_with_parameters_of_its_own() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    home.paddock(&["load", "tiny", "--ctx-size", "512"])
        .await
        .succeeded();
    let arguments = [
        "load",
        "tiny",
        "--alias",
        "long",
        "--ctx-size",
        "1024",
        "--json",
    ];
    let second = home.paddock(&arguments).await.succeeded().json();
    assert_eq!(second["key"], "local/long");
    assert_eq!(second["params"]["ctxSize"], 1024);
    let running = home.paddock(&["ps", "--json"]).await.succeeded().json();
    assert_eq!(running.as_array().unwrap().len(), 2, "{running}");
    assert_ne!(running[0]["pid"], running[1]["pid"]);
    // Again, it is the same entry.
    let again = home.paddock(&arguments).await.succeeded().json();
    assert_eq!(again["pid"], second["pid"]);
    // A name that another model has is not taken from it.
    let taken = home
        .paddock(&["load", "long", "--alias", "tiny", "--json"])
        .await
        .failed();
    assert_eq!(taken.error_code(), "alias_taken");

    home.paddock(&["alias", "rm", "long"]).await.succeeded();
    let models = home.paddock(&["ls", "--json"]).await.succeeded().json();
    assert_eq!(models.as_array().unwrap().len(), 1);
    assert_eq!(models[0]["present"], true, "the file stays");
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_further_name_means_the_same_model() {
    let home = Home::with_tiny().await;
    let named = home
        .paddock(&["alias", "add", "tiny", "chat", "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(named, json!({"key": TINY, "aliases": ["chat"]}));
    let host = home.serve().await;
    let loaded = home.paddock(&["load", "chat", "--json"]).await.succeeded();
    assert_eq!(loaded.json()["key"], TINY);
    home.paddock(&["alias", "rm", "chat"]).await.succeeded();
    let gone = home.paddock(&["alias", "rm", "chat", "--json"]).await;
    assert_eq!(gone.failed().error_code(), "alias_not_found");
    host.end(Signal::TERM).await;
}

/// 0 and -1 as in the other apps, and a pin that counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_ends_after_its_time_and_a_kept_one_stays() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    let loaded = home
        .paddock(&["load", "tiny", "--ttl", "1", "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(loaded["ttlSeconds"], 1);
    until(
        "the idle model to end",
        Duration::from_secs(15),
        async || {
            let model = host.model(TINY).await;
            model
                .is_none_or(|model| model["state"] == "stopped")
                .then_some(())
        },
    )
    .await;

    let kept = home
        .paddock(&[
            "keep",
            "tiny",
            "true",
            "--ttl",
            "1",
            "--at-start",
            "true",
            "--json",
        ])
        .await
        .succeeded()
        .json();
    assert_eq!(
        kept,
        json!({"key": TINY, "keepLoaded": true, "ttlSeconds": 1, "loadAtStart": true})
    );
    home.paddock(&["load", "tiny"]).await.succeeded();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(host.model(TINY).await.unwrap()["state"], "ready");
    let table = home.paddock(&["ps"]).await.succeeded().stdout;
    assert!(table.contains("kept"), "{table}");
    host.end(Signal::TERM).await;

    let shown = home
        .paddock(&[
            "keep",
            "tiny",
            "false",
            "--ttl",
            "default",
            "--at-start",
            "false",
        ])
        .await
        .succeeded();
    assert_eq!(
        shown.stdout,
        "local/tiny ends when it is idle, as all models do\n"
    );
    for wrong in [["--ttl", "-2"], ["--ttl", "soon"]] {
        let mut arguments = vec!["keep", "tiny"];
        arguments.extend(wrong);
        drop(home.paddock(&arguments).await.checked(2));
    }
}
