//! From a search to a model that answers, against a double of the hub; and what is said when the hub refuses.

use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::hub::{
    EVIL, GATED, HUGE, LARGE, MEMBER, PRIVATE, QUANTS, STARTER, STARTER_FILE, STRANGER, VISION,
};
use test_support::{Home, HubDouble, environment, redact};

/// The key of the starter model.
pub(crate) const KEY: &str = "starter/gemma-3-270m-q4_k_m";

pub(crate) fn names(value: &Value, field: &str) -> Vec<String> {
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
    // Weights; f16 cache for 8,192 tokens in 3 layers, and for a window in 15; about 27 MiB to compute.
    let predicted = variant["predictedBytes"].as_u64().unwrap();
    let without_compute = 253_113_024 + (39 << 20);
    assert!(
        (without_compute + (25 << 20)..without_compute + (32 << 20)).contains(&predicted),
        "{predicted}"
    );
    let sentence = variant["fitSentence"].as_str().unwrap();
    assert!(
        sentence.starts_with("Needs about 322 MB with 8,192 tokens"),
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
    assert_eq!(last["key"], KEY);
    let target = home.data().join("models").join(STARTER).join(STARTER_FILE);
    let (fetched, real) = (
        std::fs::read(&target).unwrap(),
        std::fs::read(environment::model()).unwrap(),
    );
    assert!(fetched == real, "byte for byte");

    let models = home.paddock(&["ls", "--json"]).await.succeeded().json();
    assert_eq!(models[0]["key"], KEY);
    let source = &home.settings()["models"][KEY]["source"];
    assert_eq!(
        (&source["repo"], &source["file"]),
        (&json!(STARTER), &json!(STARTER_FILE))
    );
    assert_eq!(source["revision"].as_str().unwrap().len(), 40);

    let host = home.serve().await;
    host.load(KEY, json!({"ctxSize": 512})).await;
    let answer = host.gateway().chat("Say hello.", 1).await;
    assert_eq!(answer.status, 200, "{}", answer.text);

    // Again, through the host: it is here, and nothing is fetched.
    hub.forget();
    let again = home.paddock(&["get", STARTER]).await.succeeded().stdout;
    assert_eq!(again, format!("{KEY} is here already.\n"));
    assert!(hub.seen().iter().all(|seen| seen.on == "hub"));
    let files = home
        .paddock(&["files", STARTER, "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(files["variants"][0]["localKey"], KEY);
    host.end(Signal::TERM).await;
}

/// A card is anybody's text: printed as it is, it could clear the screen or put words into the clipboard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_card_does_not_steer_the_terminal() {
    let hub = HubDouble::start().await;
    let card = "# X\n\nA model with \u{1b}]52;c;ZXZpbA==\u{7}a \u{9b}2Jtitle and enough words to be a paragraph of it.\n";
    let content = test_support::hub::content::Content::bytes(card);
    hub.repos()
        .get_mut(QUANTS)
        .unwrap()
        .upload("README.md", content);
    let home = Home::with_hub(&hub);
    let shown = home.paddock(&["files", QUANTS]).await.succeeded().stdout;
    assert!(shown.contains("A model with"), "{shown}");
    let obeyed = |letter: char| letter.is_control() && letter != '\n';
    assert!(!shown.contains(obeyed), "{shown:?}");
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
