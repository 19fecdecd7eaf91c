//! From a search to a model that answers, against a double of the hub; and what is said when the hub refuses.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::hub::{
    EVIL, GATED, HUGE, LARGE, MEMBER, PRIVATE, QUANTS, STARTER, STARTER_FILE, STRANGER, VISION,
};
use test_support::{Home, HubDouble, Ran, environment, processes, redact};
use tokio::io::{AsyncBufReadExt, BufReader};

const MULTI: &str = "starter/gemma-3-270m-q4_k_m";

fn names(value: &Value, field: &str) -> Vec<String> {
    let rows = value.as_array().unwrap().iter();
    rows.map(|row| row[field].as_str().unwrap().to_owned())
        .collect()
}

async fn search(home: &Home, arguments: &[&str]) -> Value {
    let all: Vec<&str> = ["search", "--json"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    home.paddock(&all).await.succeeded().json()
}

/// Bytes that the file host was asked for by range.
fn asked_bytes(hub: &HubDouble) -> u64 {
    let ranges = hub.seen().into_iter().filter(|seen| seen.on == "cdn");
    ranges
        .map(|seen| {
            let range = seen.range.expect("a range");
            let (from, to) = range
                .strip_prefix("bytes=")
                .unwrap()
                .split_once('-')
                .unwrap();
            to.parse::<u64>().unwrap() + 1 - from.parse::<u64>().unwrap()
        })
        .sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_sorts_filters_and_goes_on_to_the_end() {
    let hub = HubDouble::start().await;
    let home = Home::with_hub(&hub);
    let by_likes = search(&home, &["--sort", "likes"]).await;
    assert_eq!(by_likes["repos"][0]["id"], LARGE);
    let by_downloads = search(&home, &["gguf", "--sort", "downloads"]).await;
    assert_eq!(by_downloads["repos"][0]["id"], STARTER);
    assert_eq!(by_downloads["repos"][0]["parameters"], 268_098_176);

    let mut ids = Vec::new();
    let mut page = search(&home, &["crowd", "--author", "crowd"]).await;
    loop {
        ids.extend(names(&page["repos"], "id"));
        let Some(cursor) = page["cursor"].as_str().map(str::to_owned) else {
            break;
        };
        page = search(&home, &["crowd", "--author", "crowd", "--cursor", &cursor]).await;
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 70, "every one, and none twice");

    let small = search(&home, &["crowd", "--max-size", "3"]).await;
    assert_eq!(small["repos"].as_array().unwrap().len(), 4, "1B to 4B");
    let fitting = search(&home, &["--fits"]).await;
    assert!(
        names(&fitting["repos"], "fit")
            .iter()
            .all(|fit| fit == "fits")
    );
    assert!(!names(&fitting["repos"], "id").contains(&HUGE.to_owned()));

    for pasted in [
        STARTER.to_owned(),
        format!("{STARTER}:Q4_K_M"),
        format!("https://huggingface.co/{STARTER}/tree/main"),
        format!("{}/{STARTER}", hub.url()),
        format!("paddock://models/huggingface/{STARTER}?file={STARTER_FILE}"),
    ] {
        let found = search(&home, &[&pasted]).await;
        assert_eq!(names(&found["repos"], "id"), [STARTER], "{pasted}");
    }
    let text = home.paddock(&["search", "gemma"]).await.succeeded().stdout;
    assert!(text.contains(STARTER) && text.contains("268M"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_shows_what_fits_and_which_one_to_take_before_anything_is_fetched() {
    let hub = HubDouble::start().await;
    let home = Home::with_hub(&hub);
    let files = async |repo: &str| {
        home.paddock(&["files", repo, "--json"])
            .await
            .succeeded()
            .json()
    };

    let starter = files(STARTER).await;
    assert_eq!(starter["licence"], "gemma");
    assert!(
        starter["summary"]
            .as_str()
            .unwrap()
            .contains("nobody has to"),
        "{starter}"
    );
    let variant = &starter["variants"][0];
    assert_eq!(variant["name"], "Q4_K_M");
    assert_eq!(variant["fit"], "fits");
    assert_eq!(variant["bitsPerWeight"], 7.55);
    // Weights, and 18 layers of f16 cache for 8,192 tokens.
    assert_eq!(variant["predictedBytes"], 253_113_024 + (144 << 20));
    let sentence = variant["fitSentence"].as_str().unwrap();
    assert!(
        sentence.starts_with("Needs about 404 MB with 8,192 tokens"),
        "{sentence}"
    );
    // The vocabulary of this model alone is 6 MB; its shape is in the first quarter of one.
    assert_eq!(asked_bytes(&hub), 256 << 10);

    let vision = files(VISION).await;
    let shown: Vec<_> = vision["variants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variant| {
            (
                variant["name"].clone(),
                names(&variant["files"], "path"),
                variant["projector"].clone(),
            )
        })
        .collect();
    let projector = "mmproj-vision-F16.gguf";
    assert_eq!(
        shown,
        [
            (
                json!("Q8_0"),
                vec![
                    "Q8_0/vision-Q8_0-00001-of-00002.gguf".to_owned(),
                    "Q8_0/vision-Q8_0-00002-of-00002.gguf".to_owned(),
                    projector.to_owned()
                ],
                json!(projector)
            ),
            (
                json!("Q4_K_M"),
                vec!["vision-Q4_K_M.gguf".to_owned(), projector.to_owned()],
                json!(projector)
            ),
        ]
    );

    let huge = files(HUGE).await;
    assert_eq!(huge["variants"][0]["fit"], "tooBig");
    assert_eq!(huge["variants"][0]["recommended"], false);
    let large = files(LARGE).await;
    let taken = large["variants"]
        .as_array()
        .unwrap()
        .iter()
        .find(|variant| variant["recommended"] == true);
    if let Some(taken) = taken {
        assert!(taken["why"].as_str().unwrap().ends_with('.'), "{taken}");
        assert_eq!(taken["missing"], json!([]));
    }
    let list = home.paddock(&["ls", "--json"]).await.succeeded().json();
    assert_eq!(list, json!([]), "nothing was downloaded");
}

/// The whole way: find, look, fetch 253 MB, load, one token.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_is_found_fetched_loaded_and_answers() {
    let hub = HubDouble::start().await;
    let home = Home::with_hub(&hub);
    home.add_engine(&environment::engine()).await;
    let got = home.paddock(&["get", STARTER, "--json"]).await.succeeded();
    let lines: Vec<Value> = got
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for line in &lines {
        assert!(
            line["downloaded"].is_u64() && line["bytesPerSecond"].is_u64(),
            "{line}"
        );
    }
    let last = lines.last().unwrap();
    assert_eq!(last["downloaded"], 253_113_024);
    assert_eq!(last["key"], MULTI);
    let target = home.data().join("models").join(STARTER).join(STARTER_FILE);
    let (fetched, real) = (
        std::fs::read(&target).unwrap(),
        std::fs::read(environment::model()).unwrap(),
    );
    assert!(fetched == real, "byte for byte");

    let models = home.paddock(&["ls", "--json"]).await.succeeded().json();
    assert_eq!(models[0]["key"], MULTI);
    let source = &home.settings()["models"][MULTI]["source"];
    assert_eq!(
        (&source["repo"], &source["file"]),
        (&json!(STARTER), &json!(STARTER_FILE))
    );
    assert_eq!(source["revision"].as_str().unwrap().len(), 40);

    let host = home.serve().await;
    host.load(MULTI, json!({"ctxSize": 512})).await;
    let answer = host.gateway().chat("Say hello.", 1).await;
    assert_eq!(answer.status, 200, "{}", answer.text);

    // Again, through the host: it is here, and nothing is fetched.
    hub.forget();
    let again = home.paddock(&["get", STARTER]).await.succeeded().stdout;
    assert_eq!(again, format!("{MULTI} is here already.\n"));
    assert!(hub.seen().iter().all(|seen| seen.on == "hub"));
    let files = home
        .paddock(&["files", STARTER, "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(files["variants"][0]["localKey"], MULTI);
    host.end(Signal::TERM).await;
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
    assert_eq!(done["key"], MULTI);
    assert!(
        done["completed_at"].as_str().unwrap().ends_with('Z'),
        "{done}"
    );
    let models = host.control().get("/api/v1/models").await.json();
    assert_eq!(models["models"][0]["key"], MULTI);

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_goes_to_the_hub_and_nowhere_else() {
    let hub = HubDouble::start().await;
    let home = Home::with_hub(&hub).with_variable("HF_TOKEN", MEMBER);
    for repo in [GATED, PRIVATE, STARTER] {
        home.paddock(&["files", repo]).await.succeeded();
        home.paddock(&["get", repo]).await.succeeded();
    }
    let seen = hub.seen();
    let of = |on: &str| {
        seen.iter()
            .filter(|seen| seen.on == on)
            .cloned()
            .collect::<Vec<_>>()
    };
    let expected = Some(format!("Bearer {MEMBER}"));
    assert!(of("hub").iter().all(|seen| seen.authorization == expected));
    assert!(of("cdn").len() > 3);
    assert!(
        of("cdn").iter().all(|seen| seen.authorization.is_none()),
        "{:#?}",
        of("cdn")
    );
    for file in files_below(&home.data()) {
        let is_text = !file.to_string_lossy().ends_with(".gguf");
        if is_text && let Ok(text) = std::fs::read_to_string(&file) {
            assert!(!text.contains(MEMBER), "the token is in {}", file.display());
        }
    }
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// Gated, private, missing, rate-limited, offline: each in its own words, with what to do. LM Studio #474 #256 #315 #1770.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_says_what_to_do() {
    let hub = HubDouble::start().await;
    let mut shown = Vec::new();
    let url = hub.url();
    let mut ask = async |what: &str, home: &Home, arguments: &[&str]| {
        let ran = home.paddock(arguments).await.failed();
        assert_eq!(ran.stdout, "");
        let text = ran.stderr.replace(&url, "HUB");
        let text = text.replace(url.strip_prefix("http://").unwrap(), "HUB");
        shown.push(format!(
            "{what}\n{}",
            redact::redact(text.trim_end(), &[(home.folder(), "HOME")])
        ));
    };
    let nobody = Home::with_hub(&hub);
    let stranger = Home::with_hub(&hub).with_variable("HF_TOKEN", STRANGER);
    let wrong = Home::with_hub(&hub).with_variable("HF_TOKEN", "hf_wrong");
    ask("no name", &nobody, &["get", "gemma"]).await;
    ask("climbing name", &nobody, &["files", "../../x"]).await;
    ask("another site", &nobody, &["get", "https://example.com/a/b"]).await;
    assert!(hub.seen().is_empty(), "nothing was asked so far");
    ask("missing, no token", &nobody, &["get", "no/such-GGUF"]).await;
    ask("missing, token", &stranger, &["get", "no/such-GGUF"]).await;
    ask("private", &nobody, &["files", PRIVATE]).await;
    ask("gated, no token", &nobody, &["get", GATED]).await;
    ask("gated, not let in", &stranger, &["get", GATED]).await;
    ask("wrong token", &wrong, &["search", "gemma"]).await;
    ask(
        "no such quantization",
        &nobody,
        &["get", &format!("{QUANTS}:Q9")],
    )
    .await;
    ask(
        "no such revision",
        &nobody,
        &["get", QUANTS, "--revision", "v9"],
    )
    .await;
    ask("climbing files", &nobody, &["get", EVIL]).await;
    hub.faults(|faults| faults.rate_limit_seconds = Some(120));
    ask("rate limited", &nobody, &["search", "gemma"]).await;
    hub.faults(|faults| {
        faults.rate_limit_seconds = None;
        faults.hub_status = Some(503);
    });
    ask("in trouble", &nobody, &["search", "gemma"]).await;
    hub.faults(|faults| faults.hub_status = None);
    let elsewhere = Home::new().with_variable("HF_ENDPOINT", &format!("{}/_control", hub.url()));
    ask("no hub", &elsewhere, &["search", "gemma"]).await;
    let offline = Home::new().with_variable("HF_ENDPOINT", "http://127.0.0.1:1");
    ask("offline", &offline, &["search", "gemma"]).await;
    let no_address = Home::new().with_variable("HF_ENDPOINT", "huggingface.co");
    ask("no address", &no_address, &["search", "gemma"]).await;
    insta::assert_snapshot!(shown.join("\n\n"));
}

/// A mirror behind a proxy: LM Studio #474 #256.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_from_the_environment_is_used() {
    let hub = HubDouble::start().await;
    let home = Home::new()
        .with_variable("HF_ENDPOINT", "http://hub.invalid")
        .with_variable("HTTP_PROXY", &hub.url())
        .with_variable("http_proxy", &hub.url())
        .with_variable("NO_PROXY", "");
    let found = search(&home, &["gemma"]).await;
    assert_eq!(found["repos"][0]["id"], STARTER);
    assert!(
        hub.seen()[0]
            .path
            .starts_with("http://hub.invalid/api/models?"),
        "{:?}",
        hub.seen()
    );
}

/// The double speaks the hub's language and not our own idea of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hubs_official_client_works_against_the_double() {
    let hub = HubDouble::start().await;
    let folder = tempfile::tempdir().unwrap();
    let script = r#"
import hashlib, json, sys
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, EntryNotFoundError
starter, name, gated = sys.argv[1:4]
api = HfApi()
info = api.model_info(starter)
path = hf_hub_download(starter, name)
def refused(repo, file):
    try:
        hf_hub_download(repo, file)
    except (GatedRepoError, RepositoryNotFoundError, EntryNotFoundError) as error:
        return type(error).__name__
print(json.dumps({
    "models": len(list(api.list_models(search="crowd", filter="gguf", sort="downloads", limit=75))),
    "architecture": info.gguf["architecture"],
    "files": [file.rfilename for file in info.siblings],
    "tree": len([file for file in api.list_repo_tree("tiny/many-files-GGUF", recursive=True) if hasattr(file, "size")]),
    "sha256": hashlib.sha256(open(path, "rb").read()).hexdigest(),
    "lfs": [file.lfs.sha256 for file in api.list_repo_tree(starter) if file.path == name][0],
    "gated": refused(gated, "gated-Q4_K_M.gguf"),
    "missing": refused("no/such", "x.gguf"),
    "entry": refused(starter, "none.gguf"),
}))
"#;
    let run = tokio::process::Command::new(environment::hugging_face_python())
        .args(["-c", script, STARTER, STARTER_FILE, GATED])
        .env("HF_ENDPOINT", hub.url())
        .env("HF_HOME", folder.path())
        .env_remove("HF_TOKEN")
        .env("NO_PROXY", "127.0.0.1")
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(120), run)
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["sha256"], found["lfs"]);
    assert_eq!(
        found,
        json!({
            "models": 70,
            "architecture": "gemma3",
            "files": [".gitattributes", "README.md", STARTER_FILE],
            "tree": 62,
            "sha256": found["sha256"],
            "lfs": found["sha256"],
            "gated": "GatedRepoError",
            "missing": "RepositoryNotFoundError",
            "entry": "RemoteEntryNotFoundError",
        })
    );
}
