//! Downloads of models: as one set, interrupted and gone on with, shared between host and command, newer uploads.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::hub::{QUANTS, STARTER, STARTER_FILE, VISION};
use test_support::{Home, HubDouble, Ran, environment, processes};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::hub::{KEY, names};

/// Each question counts against the hub's limits, and where a variant is only chosen nobody reads the card.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hub_is_asked_once_for_a_variant_that_nobody_named() {
    let hub = HubDouble::start().await;
    let home = Home::with_hub(&hub);
    // Whether one fits depends on the machine; what is asked does not.
    home.paddock(&["get", VISION]).await;
    let paths: Vec<String> = hub.seen().into_iter().map(|seen| seen.path).collect();
    let about = format!("/api/models/{VISION}");
    let asked = |path: &&String| path.starts_with(&about) && !path.contains("/tree/");
    assert_eq!(paths.iter().filter(asked).count(), 1, "{paths:?}");
    assert!(
        !paths.iter().any(|path| path.contains("README")),
        "{paths:?}"
    );
}

/// A set of shards with its projector is one download and one model; another quantization of it stays when one is given
/// up (Jan takes the folder).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_and_projector_are_fetched_as_one() {
    let hub = HubDouble::start().await;
    let home = Home::with_hub(&hub);
    let got = home
        .paddock(&["get", &format!("{VISION}:Q8_0"), "--json"])
        .await
        .succeeded();
    let last: Value = serde_json::from_str(got.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["key"], "tiny/vision-q8_0");
    let folder = home.data().join("models").join(VISION);
    let mut there: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort();
    assert_eq!(
        there,
        [
            "mmproj-vision-F16.gguf",
            "vision-Q8_0-00001-of-00002.gguf",
            "vision-Q8_0-00002-of-00002.gguf"
        ]
    );
    let source = &home.settings()["models"]["tiny/vision-q8_0"]["source"];
    assert!(
        source["projector"]
            .as_str()
            .unwrap()
            .ends_with("mmproj-vision-F16.gguf"),
        "{source}"
    );
    let models = home.paddock(&["ls", "--json"]).await.succeeded().json();
    assert_eq!(names(&models, "key"), ["tiny/vision-q8_0"]);
    // By its file's name, and the projector that is here is not fetched again.
    hub.forget();
    home.paddock(&["get", VISION, "--file", "vision-Q4_K_M.gguf"])
        .await
        .succeeded();
    let models = home.paddock(&["ls", "--json"]).await.succeeded().json();
    assert_eq!(
        names(&models, "key"),
        ["tiny/vision-q8_0", "tiny/vision-q4_k_m"]
    );
}

/// Starts `paddock get`, and waits until so much is here.
async fn begin_get(
    home: &Home,
    at_least: u64,
) -> (
    tokio::process::Child,
    tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
) {
    let mut child = home
        .command(&["get", STARTER, "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let reached = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["downloaded"]
                .as_u64()
                .is_some_and(|bytes| bytes >= at_least)
            {
                return;
            }
        }
        panic!("the download ended before it could be interrupted");
    };
    tokio::time::timeout(Duration::from_secs(60), reached)
        .await
        .expect("bytes come");
    (child, lines)
}

/// What was there when the download had looked at its parts.
fn first_bytes(ran: &Ran) -> u64 {
    let lines = ran.stdout.lines();
    let mut bytes = lines.map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["downloaded"].as_u64().unwrap_or(0)
    });
    bytes.find(|bytes| *bytes > 0).expect("bytes")
}

/// Downloads stall and must be resumed by hand, and then fail the checksum: LM Studio #1031 #184 #1222, Jan #5001 #7066.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_download_goes_on_from_where_it_was() {
    let hub = HubDouble::start().await;
    let home = Home::with_hub(&hub);
    hub.faults(|faults| faults.bytes_per_second = Some(2_000_000));

    // Ctrl-C.
    let (child, mut lines) = begin_get(&home, 20_000_000).await;
    processes::send(child.id().unwrap(), Signal::INT);
    let mut last = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        last = line;
    }
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let paused: Value = serde_json::from_str(&last).unwrap();
    assert_eq!(paused["error"]["code"], "download_paused", "{paused}");
    let hint = paused["error"]["hint"].as_str().unwrap();
    assert!(hint.contains(&format!("paddock get {STARTER}")), "{hint}");

    // kill -9, which takes pieces that were not whole yet: one on each connection.
    let (mut child, mut lines) = begin_get(&home, 90_000_000).await;
    child.kill().await.unwrap();
    while let Ok(Some(_)) = lines.next_line().await {}

    // A connection that breaks, one that goes silent, an address that expires.
    hub.faults(|faults| {
        // Slow enough that the first look sees what was there and little more.
        faults.bytes_per_second = Some(8_000_000);
        faults.cut_after_bytes = Some(3_000_000);
        faults.times = Some(3);
        faults.address_lives_ms = Some(300);
    });
    hub.forget();
    let done = home.paddock(&["get", STARTER, "--json"]).await.succeeded();
    let begin = first_bytes(&done);
    assert!(
        begin >= 25_000_000,
        "what was there is not fetched again: {begin}"
    );
    let target = home.data().join("models").join(STARTER).join(STARTER_FILE);
    assert!(std::fs::read(&target).unwrap() == std::fs::read(environment::model()).unwrap());
    let parts: Vec<_> = std::fs::read_dir(home.data().join("downloads"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".part"))
        .collect();
    assert!(parts.is_empty(), "{parts:?}");
}

/// The host works on it; Ctrl-C of the command pauses it there, and any door goes on with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_host_keeps_a_download_that_a_command_began() {
    let hub = HubDouble::start().await;
    let home = Home::with_hub(&hub);
    hub.faults(|faults| faults.bytes_per_second = Some(6_000_000));
    let host = home.serve().await;
    let (child, _) = begin_get(&home, 5_000_000).await;
    let list = host.control().get("/api/v1/downloads").await.json();
    let id = list["downloads"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(list["downloads"][0]["state"], "running");
    let page = home
        .paddock(&["files", STARTER, "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(page["variants"][0]["jobId"], *id);

    processes::send(child.id().unwrap(), Signal::INT);
    assert_eq!(
        child.wait_with_output().await.unwrap().status.code(),
        Some(1)
    );
    let status = async || {
        let path = format!("/api/v1/models/download/status/{id}");
        host.control().get(&path).await.json()
    };
    let paused = status().await;
    assert_eq!(
        (&paused["status"], &paused["state"]),
        (&json!("paused"), &json!("paused"))
    );
    assert_eq!(paused["total_size_bytes"], 253_113_024);

    hub.faults(|faults| faults.bytes_per_second = None);
    let resumed = host
        .control()
        .post(&format!("/api/v1/downloads/{id}/resume"), &json!({}))
        .await;
    assert_eq!(resumed.status, 200, "{}", resumed.text);
    let done = test_support::until(
        "the download to be done",
        Duration::from_secs(60),
        async || {
            let status = status().await;
            (status["status"] == "completed").then_some(status)
        },
    )
    .await;
    assert_eq!(done["key"], KEY);
    assert!(
        done["completed_at"].as_str().unwrap().ends_with('Z'),
        "{done}"
    );
    let models = host.control().get("/api/v1/models").await.json();
    assert_eq!(models["models"][0]["key"], KEY);

    // In the words of LM Studio's API.
    let body = json!({"model": format!("https://huggingface.co/{QUANTS}"), "quantization": "Q2_K"});
    let begun = host.control().post("/api/v1/models/download", &body).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let again = test_support::until("it to be here", Duration::from_secs(20), async || {
        let answer = host
            .control()
            .post("/api/v1/models/download", &body)
            .await
            .json();
        (answer["status"] == "already_downloaded").then_some(answer)
    })
    .await;
    assert_eq!(again["key"], "tiny/tiny-q2_k");
    let none = host
        .control()
        .get("/api/v1/models/download/status/nosuch")
        .await;
    assert_eq!(
        (none.status, &none.json()["error"]["code"]),
        (404, &json!("no_such_download"))
    );
    host.end(Signal::TERM).await;
}

/// Newer uploads of the same quantization go unnoticed: LM Studio #2121 #1607 #835.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_upload_is_fetched_in_the_place_of_the_old_one() {
    let hub = HubDouble::start().await;
    let home = Home::with_hub(&hub);
    let repo = format!("{QUANTS}:Q8_0");
    home.paddock(&["get", &repo]).await.succeeded();
    let target = home
        .data()
        .join("models")
        .join(QUANTS)
        .join("tiny-Q8_0.gguf");
    let old = std::fs::read(&target).unwrap();
    // Of the same length: only its digest tells.
    let mut newer_bytes = old.clone();
    *newer_bytes.last_mut().unwrap() ^= 1;
    let content = test_support::hub::content::Content::bytes(newer_bytes.clone());
    hub.repos()
        .get_mut(QUANTS)
        .unwrap()
        .upload("tiny-Q8_0.gguf", content);
    let host = home.serve().await;
    let newer = async || {
        let answer = host
            .control()
            .get("/api/v1/models/newer?model=tiny-q8_0")
            .await;
        answer.json()
    };
    let told = newer().await;
    assert_eq!(told["state"], "newer", "{told}");

    home.paddock(&["get", &repo]).await.succeeded();
    assert!(std::fs::read(&target).unwrap() == newer_bytes);
    assert_eq!(newer().await, json!({"state": "same"}));
    host.end(Signal::TERM).await;
    let again = home.paddock(&["get", &repo]).await.succeeded().stdout;
    assert!(again.contains("is here already"), "{again}");
    let models = home.paddock(&["ls", "--json"]).await.succeeded().json();
    assert_eq!(names(&models, "key"), ["tiny/tiny-q8_0"], "the same model");

    // Deleted by hand, and wanted again.
    std::fs::remove_file(&target).unwrap();
    home.paddock(&["get", &repo]).await.succeeded();
    assert!(target.is_file());
}

/// What the user has is not overwritten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_file_of_that_name_is_left_alone() {
    let hub = HubDouble::start().await;
    let home = Home::with_hub(&hub);
    let target = home
        .data()
        .join("models")
        .join(QUANTS)
        .join("tiny-Q8_0.gguf");
    std::fs::create_dir_all(target.parent().unwrap()).unwrap();
    std::fs::write(&target, "mine").unwrap();
    let ran = home
        .paddock(&["get", &format!("{QUANTS}:Q8_0"), "--json"])
        .await
        .failed();
    let last: Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "target_exists");
    assert_eq!(std::fs::read(&target).unwrap(), b"mine");
}
