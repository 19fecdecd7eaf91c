//! One engine for one model.

use test_support::{Home, engines};

/// A model that is pinned runs on its engine whatever the current one is, and an engine that is pinned is not removed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pinned_model_keeps_its_engine() {
    let home = Home::with_tiny().await;
    let own = home.paddock(&["engine", "ls", "--json"]).await.succeeded();
    let first = own.json()[0]["name"].as_str().unwrap().to_owned();
    let other = engines::without_child_protocol(&home.file("other-llama-server"));
    let added = ["engine", "add", other.to_str().unwrap(), "--name", "other"];
    home.paddock(&added).await.succeeded();

    let pinned = home
        .paddock(&["engine", "pin", "local/tiny", "other", "--json"])
        .await;
    assert_eq!(pinned.succeeded().json()["engine"], "other");
    let params = home.paddock(&["params", "local/tiny", "--json"]).await;
    assert_eq!(params.succeeded().json()["engine"], "other");
    let refused = home.paddock(&["engine", "rm", "other"]).await.failed();
    assert!(refused.stderr.contains("pinned"), "{}", refused.stderr);

    home.paddock(&["engine", "pin", "local/tiny"])
        .await
        .succeeded();
    let params = home.paddock(&["params", "local/tiny", "--json"]).await;
    assert_eq!(params.succeeded().json()["engine"], first);
    home.paddock(&["engine", "pin", "local/tiny", "nobody"])
        .await
        .failed();
}
