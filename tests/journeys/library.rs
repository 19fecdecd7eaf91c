//! Models where they lie: names, keys, and files that are not what they should be.

use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use test_support::{Home, models, processes};

async fn keys(home: &Home) -> Vec<String> {
    let models = home.paddock(&["ls", "--json"]).await.succeeded().json();
    models
        .as_array()
        .unwrap()
        .iter()
        .map(|model| model["key"].as_str().unwrap().to_owned())
        .collect()
}

async fn refused(home: &Home, path: &Path) -> String {
    home.paddock(&["import", &path.to_string_lossy(), "--json"])
        .await
        .failed()
        .error_code()
}

/// Use a GGUF where it lies: Ollama #7254 #13760.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_is_imported_where_it_lies_and_keeps_its_key() {
    let home = Home::new();
    let path = home.file("Some Model-Q4_K_M.gguf");
    models::tiny(&path);
    let key = home.import(&path).await;
    assert_eq!(key, "local/some-model-q4_k_m");
    assert_eq!(home.import(&path).await, key, "the same file, the same key");
    std::os::unix::fs::symlink(&path, home.file("link.gguf")).unwrap();
    assert_eq!(
        home.import(&home.file("link.gguf")).await,
        key,
        "by another way too"
    );

    std::fs::create_dir(home.file("elsewhere")).unwrap();
    let twin = home.file("elsewhere/Some Model-Q4_K_M.gguf");
    models::tiny(&twin);
    assert_eq!(home.import(&twin).await, "local/some-model-q4_k_m-2");
    assert_eq!(home.import(&twin).await, "local/some-model-q4_k_m-2");
    assert_eq!(
        keys(&home).await,
        ["local/some-model-q4_k_m", "local/some-model-q4_k_m-2"]
    );
    assert!(path.is_file() && twin.is_file(), "nothing was moved");
}

/// An unplugged drive wipes the library: LM Studio #1910 #76.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_file_stays_in_the_library_as_missing() {
    let home = Home::with_tiny().await;
    home.paddock(&["params", "tiny", "--save", "--ctx-size", "512"])
        .await
        .succeeded();
    std::fs::rename(home.file("tiny.gguf"), home.file("unplugged")).unwrap();
    let models = home.paddock(&["ls", "--json"]).await.succeeded().json();
    assert_eq!(models[0]["key"], "local/tiny");
    assert_eq!(models[0]["present"], false);
    assert!(
        models[0]["problem"].as_str().unwrap().contains("not found"),
        "{models}"
    );
    let text = home.paddock(&["ls"]).await.succeeded().stdout;
    assert!(text.contains("missing"), "{text}");

    std::fs::rename(home.file("unplugged"), home.file("tiny.gguf")).unwrap();
    let models = home.paddock(&["ls", "--json"]).await.succeeded().json();
    assert_eq!(models[0]["present"], true);
    assert_eq!(
        models[0]["hasSavedParams"], true,
        "what was saved for it is there"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_imported_as_all_the_models_in_it() {
    let home = Home::new();
    let folder = home.file("models");
    std::fs::create_dir_all(folder.join("google/gemma")).unwrap();
    std::fs::create_dir_all(home.file("nothing here")).unwrap();
    models::tiny(&folder.join("one.gguf"));
    models::tiny(&folder.join("google/gemma/two.gguf"));
    models::tiny(&folder.join("google/gemma/mmproj-two.gguf"));
    home.paddock(&["import", &folder.to_string_lossy()])
        .await
        .succeeded();
    assert_eq!(keys(&home).await, ["google/two", "local/one"]);
    assert_eq!(
        refused(&home, &home.file("nothing here")).await,
        "folder_unusable"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_whole_model_is_not_imported_and_the_library_stays_as_it_was() {
    let home = Home::with_tiny().await;
    models::write(&home.file("text.gguf"), b"just text");
    models::write(&home.file("notes.txt"), b"just text");
    models::write(&home.file("empty.gguf"), b"");
    models::truncated(&home.file("cut.gguf"), 30_000_000);
    models::truncated(&home.file("stub.gguf"), 5_000);
    for (name, code) in [
        ("none.gguf", "model_missing"),
        ("text.gguf", "model_not_gguf"),
        ("notes.txt", "model_not_gguf"),
        ("empty.gguf", "model_empty"),
        ("cut.gguf", "model_truncated"),
        ("stub.gguf", "model_truncated"),
    ] {
        assert_eq!(refused(&home, &home.file(name)).await, code, "{name}");
    }
    // One bad file among good ones: nothing is added by halves.
    models::tiny(&home.file("good.gguf"));
    let (good, text) = (home.file("good.gguf"), home.file("text.gguf"));
    let both = [
        "import",
        &*good.to_string_lossy(),
        &*text.to_string_lossy(),
        "--json",
    ];
    assert_eq!(
        home.paddock(&both).await.failed().error_code(),
        "model_not_gguf"
    );
    assert_eq!(keys(&home).await, ["local/tiny"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_cannot_climb_out_of_the_data_folder() {
    let home = Home::with_tiny().await;
    let odd = home.file("...gguf");
    models::tiny(&odd);
    let key = home.import(&odd).await;
    assert_eq!(key, "local/unnamed");
    let backslashes = home.file("..\\..\\x y.gguf");
    models::tiny(&backslashes);
    let second = home.import(&backslashes).await;
    assert!(!second.contains('\\') && !second.contains(' '), "{second}");

    let host = home.serve().await;
    for name in [
        "../../x",
        "..",
        "../tiny",
        "local/../local/tiny",
        "/etc/passwd",
        "",
    ] {
        for verb in ["load", "unload", "params", "logs"] {
            let ran = home.paddock(&[verb, name, "--json"]).await.failed();
            assert_eq!(ran.error_code(), "model_not_found", "{verb} {name:?}");
        }
    }
    for key in [&key, &second] {
        host.load(key, json!({})).await;
        let mut body = test_support::http::chat_body("Hi", 1, false);
        body["model"] = json!(key);
        let answer = host.gateway().post("/v1/chat/completions", &body).await;
        assert_eq!(answer.json()["model"], **key);
    }
    host.end(Signal::TERM).await;
    // Beside what the test put there, the data folder is all there is.
    let mut names: Vec<String> = std::fs::read_dir(home.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["...gguf", "..\\..\\x y.gguf", "data", "tiny.gguf"]);
    let logs = std::fs::read_dir(home.data().join("logs")).unwrap();
    let of_engines = logs.filter(|log| log.as_ref().unwrap().file_name() != "requests.log");
    assert_eq!(of_engines.count(), 2);
    assert!(processes::marked(home.marker()).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_could_mean_two_models_is_not_guessed() {
    let home = Home::new();
    for folder in ["a/r", "b/r"] {
        std::fs::create_dir_all(home.file("models").join(folder)).unwrap();
        models::tiny(&home.file("models").join(folder).join("same.gguf"));
    }
    home.paddock(&["import", &home.file("models").to_string_lossy()])
        .await
        .succeeded();
    assert_eq!(keys(&home).await, ["a/same", "b/same"]);
    let ran = home.paddock(&["params", "same", "--json"]).await.failed();
    assert_eq!(ran.error_code(), "model_ambiguous");
    let message = ran.json()["error"]["message"].to_string();
    assert!(message.contains("a/same or b/same"), "{message}");
}

/// A folder of the user's, watched while a host runs, and kept when its drive is gone: LM Studio #1910 #76.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_watched_and_its_models_stay_when_the_drive_goes() {
    let home = Home::with_tiny().await;
    let drive = home.file("drive");
    std::fs::create_dir_all(drive.join("google/gemma")).unwrap();
    models::tiny(&drive.join("google/gemma/one.gguf"));
    let host = home.serve().await;
    let folders = home
        .paddock(&["folder", "add", &drive.to_string_lossy(), "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(folders[1]["modelCount"], 1, "{folders}");
    assert!(folders[1]["freeBytes"].as_u64().unwrap() > 0);
    assert_eq!(folders[0]["own"], true);

    // Watched: what is put there has a key before anybody asks for a list.
    models::tiny(&drive.join("google/gemma/two.gguf"));
    test_support::until(
        "the new file is seen",
        Duration::from_secs(30),
        async || {
            home.settings()["models"]["google/two"]
                .is_object()
                .then_some(())
        },
    )
    .await;
    home.paddock(&["params", "google/two", "--save", "--ctx-size", "512"])
        .await
        .succeeded();

    std::fs::rename(&drive, home.file("unplugged")).unwrap();
    let folders = home
        .paddock(&["folder", "ls", "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(folders[1]["missing"], true, "{folders}");
    assert_eq!(
        keys(&home).await,
        ["local/tiny", "google/one", "google/two"]
    );
    std::fs::rename(home.file("unplugged"), &drive).unwrap();
    let models = home.paddock(&["ls", "--json"]).await.succeeded().json();
    assert_eq!(models[2]["present"], true);
    assert_eq!(
        models[2]["hasSavedParams"], true,
        "what was saved for it is there"
    );
    host.load("google/two", json!({})).await;
    assert_eq!(
        host.gateway().chat("Hi", 1).await.json()["model"],
        "google/two"
    );
    host.end(Signal::TERM).await;
}

/// Use what others hold, where it lies: Ollama #7254 #13760. Its blobs have no ending, and run all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_of_other_apps_are_found_imported_and_run_where_they_lie() {
    let home = Home::with_tiny().await;
    let user = home.file("user");
    let blobs = user.join(".ollama/models/blobs");
    let manifests = user.join(".ollama/models/manifests/registry.ollama.ai/library/toy");
    std::fs::create_dir_all(&blobs).unwrap();
    std::fs::create_dir_all(&manifests).unwrap();
    models::tiny(&blobs.join("sha256-aa11"));
    let manifest = json!({"layers": [
        {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:aa11"}]});
    std::fs::write(manifests.join("1b"), manifest.to_string()).unwrap();
    let studio = user.join(".lmstudio/models/ibm/granite");
    std::fs::create_dir_all(&studio).unwrap();
    models::tiny(&studio.join("granite-Q4_K_M.gguf"));
    models::truncated(&studio.join("cut-Q4_K_M.gguf"), 5_000);
    let home = home
        .with_variable("HOME", &user.to_string_lossy())
        .with_variable("OLLAMA_MODELS", "")
        .with_variable("HF_HOME", "");

    let found = home.paddock(&["found", "--json"]).await.succeeded().json();
    let titles: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["title"].clone())
        .collect();
    assert_eq!(titles, ["ibm/granite", "ibm/granite", "toy:1b"], "{found}");
    assert_eq!(keys(&home).await, ["local/tiny"], "nothing was added");

    let from = ["import", "--from", "lmstudio,ollama", "--json"];
    home.paddock(&from).await.succeeded();
    home.paddock(&from).await.succeeded();
    let found = home.paddock(&["found", "--json"]).await.succeeded().json();
    assert_eq!(found[2]["key"], "ollama/toy-1b");
    assert_eq!(
        keys(&home).await,
        ["local/tiny", "ibm/granite-q4_k_m", "ollama/toy-1b"]
    );
    let host = home.serve().await;
    host.load("toy-1b", json!({})).await;
    assert_eq!(
        host.gateway().chat("Hi", 1).await.json()["model"],
        "ollama/toy-1b"
    );

    // Loaded: not removed. Another app's: forgotten, never deleted.
    let ran = home
        .paddock(&["rm", "toy-1b", "--yes", "--json"])
        .await
        .failed();
    assert_eq!(ran.error_code(), "model_running");
    home.paddock(&["unload", "toy-1b"]).await.succeeded();
    let ran = home
        .paddock(&["rm", "toy-1b", "--yes", "--delete-file", "--json"])
        .await
        .failed();
    assert_eq!(ran.error_code(), "belongs_to_another_app");
    home.paddock(&["rm", "toy-1b", "--yes"]).await.succeeded();
    assert_eq!(keys(&home).await, ["local/tiny", "ibm/granite-q4_k_m"]);
    assert!(blobs.join("sha256-aa11").is_file());
    host.end(Signal::TERM).await;
    let ran = home
        .paddock(&["import", "--from", "winamp", "--json"])
        .await
        .failed();
    assert_eq!(ran.error_code(), "unknown_app");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_of_paddocks_own_goes_to_the_trash_and_nothing_else_does() {
    let home = Home::new();
    let share = home.file("share");
    let home = home.with_variable("XDG_DATA_HOME", &share.to_string_lossy());
    let own = home.data().join("models/google/gemma");
    std::fs::create_dir_all(&own).unwrap();
    for name in [
        "big-00001-of-00002.gguf",
        "big-00002-of-00002.gguf",
        "mmproj-big.gguf",
        "small.gguf",
    ] {
        models::tiny(&own.join(name));
    }
    assert_eq!(keys(&home).await, ["google/big", "google/small"]);
    let ran = home.paddock(&["rm", "big", "--json"]).await.failed();
    assert_eq!(ran.error_code(), "not_confirmed", "nobody was there to ask");
    let ran = home
        .paddock(&["rm", "big", "--keep-file", "--json"])
        .await
        .failed();
    assert_eq!(ran.error_code(), "in_models_folder");

    let removed = home
        .paddock(&["rm", "big", "--yes", "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(removed["files"], "trash");
    assert_eq!(removed["gone"].as_array().unwrap().len(), 2, "{removed}");
    assert!(own.join("mmproj-big.gguf").is_file(), "small may use it");
    let trashed = std::fs::read_dir(share.join("Trash/files"))
        .unwrap()
        .count();
    assert_eq!(trashed, 2);
    assert_eq!(keys(&home).await, ["google/small"]);

    let removed = home
        .paddock(&["rm", "small", "--permanently", "--yes", "--json"])
        .await;
    assert_eq!(removed.succeeded().json()["files"], "delete");
    assert!(!own.exists(), "empty folders go too");
    assert!(home.data().join("models").is_dir());
    assert_eq!(keys(&home).await, Vec::<String>::new());

    // A file elsewhere is forgotten, unless its deletion is asked for.
    let elsewhere = home.file("mine.gguf");
    models::tiny(&elsewhere);
    home.import(&elsewhere).await;
    home.paddock(&["rm", "mine"]).await.succeeded();
    assert!(elsewhere.is_file());
    home.import(&elsewhere).await;
    home.paddock(&["rm", "mine", "--delete-file", "--yes"])
        .await
        .succeeded();
    assert!(!elsewhere.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_moved_with_its_models_and_what_is_saved_for_them() {
    let home = Home::new();
    let own = home.data().join("models");
    std::fs::create_dir_all(own.join("google/gemma")).unwrap();
    models::tiny(&own.join("google/gemma/one.gguf"));
    home.paddock(&["params", "one", "--save", "--ctx-size", "512"])
        .await;
    home.paddock(&["ls"]).await.succeeded();
    let (from, to) = (own.to_string_lossy().into_owned(), home.file("disk/models"));
    let to = to.to_string_lossy().into_owned();
    home.paddock(&["folder", "move", &from, &to])
        .await
        .succeeded();
    assert!(!own.exists());
    let models = home.paddock(&["ls", "--json"]).await.succeeded().json();
    assert_eq!(models[0]["key"], "google/one");
    assert_eq!(models[0]["path"], format!("{to}/google/gemma/one.gguf"));
    assert_eq!(
        models.as_array().unwrap().len(),
        1,
        "no second key: {models}"
    );
    // To another file system and back, where there is one.
    let other = tempfile::tempdir_in("/dev/shm").unwrap();
    let there = other.path().join("m").to_string_lossy().into_owned();
    home.paddock(&["folder", "move", &to, &there])
        .await
        .succeeded();
    assert!(!Path::new(&to).exists());
    let folders = home
        .paddock(&["folder", "ls", "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(
        (&folders[0]["path"], &folders[0]["modelCount"]),
        (&json!(there), &json!(1))
    );
    let ran = home
        .paddock(&["folder", "move", &to, &there, "--json"])
        .await
        .failed();
    assert_eq!(ran.error_code(), "no_models_folder");
    let full = home.folder().to_string_lossy().into_owned();
    let ran = home
        .paddock(&["folder", "move", &there, &full, "--json"])
        .await
        .failed();
    assert_eq!(ran.error_code(), "folder_not_moved");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_file_in_a_folder_is_said_and_not_hidden() {
    let home = Home::new();
    let own = home.data().join("models");
    std::fs::create_dir_all(&own).unwrap();
    models::write(&own.join("text.gguf"), b"<!doctype html>");
    models::write(&own.join("empty.gguf"), b"");
    models::tiny(&own.join("set-00001-of-00003.gguf"));
    models::tiny(&own.join("set-00003-of-00003.gguf"));
    models::truncated(&own.join("cut.gguf"), 30_000_000);
    let models = home.paddock(&["ls", "--json"]).await.succeeded().json();
    let problem = |key: &str| {
        let all = models.as_array().unwrap();
        let model = all.iter().find(|model| model["key"] == key).unwrap();
        assert_eq!(model["present"], true, "{model}");
        model["problem"].as_str().unwrap().to_owned()
    };
    assert!(problem("local/text").contains("not a GGUF file"));
    assert!(problem("local/empty").contains("empty"));
    assert!(problem("local/cut").contains("incomplete"));
    assert_eq!(
        problem("local/set"),
        "1 of its 3 files is missing: set-00002-of-00003.gguf"
    );
    let details = home
        .paddock(&["show", "local/set", "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(details["files"][1]["sizeBytes"], json!(null));
    assert!(details["metadata"].as_array().unwrap().len() > 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_model_is_not_given_to_an_engine() {
    let home = Home::with_tiny().await;
    let path = home.data().join("models/words.gguf");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    models::tiny(&path);
    let mut bytes = std::fs::read(&path).unwrap();
    let key = b"general.type";
    let at = bytes.windows(key.len()).position(|part| part == key);
    // After the key: four bytes of type, eight of length, and "model".
    let value = at.unwrap() + key.len() + 12;
    bytes[value..value + 5].copy_from_slice(b"vocab");
    models::write(&path, &bytes);
    let _host = home.serve().await;
    let ran = home.paddock(&["load", "local/words", "--json"]).await;
    assert_eq!(ran.failed().error_code(), "not_a_model");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_stands_in_paddocks_folder() {
    let home = Home::new();
    let mine = home.file("mine-Q8_0.gguf");
    models::tiny(&mine);
    for _ in 0..2 {
        let models = home
            .paddock(&["import", "--copy", &mine.to_string_lossy(), "--json"])
            .await
            .succeeded()
            .json();
        assert_eq!(models[0]["key"], "local/mine-q8_0");
        let path = home.data().join("models/local/mine-Q8_0/mine-Q8_0.gguf");
        assert_eq!(models[0]["path"], path.to_string_lossy().into_owned());
    }
    std::fs::remove_file(&mine).unwrap();
    let models = home.paddock(&["ls", "--json"]).await.succeeded().json();
    assert_eq!(
        (models.as_array().unwrap().len(), &models[0]["problem"]),
        (1, &json!(null))
    );
}

/// A thousand models are listed at once; the second start reads no header. The bound is for a busy machine and a debug
/// build; the figures are printed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_models_are_listed_without_a_wait() {
    let home = Home::new();
    let one = home.file("one.gguf");
    models::tiny(&one);
    for index in 0..1_000 {
        let folder = home.data().join(format!("models/p{}/r{index}", index % 50));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::hard_link(&one, folder.join(format!("m{index}-Q4_K_M.gguf"))).unwrap();
    }
    let first = home.paddock(&["ls", "--json"]).await.succeeded();
    assert_eq!(first.json().as_array().unwrap().len(), 1_000);
    let second = home.paddock(&["ls", "--json"]).await.succeeded();
    assert_eq!(second.json(), first.json());
    println!(
        "1,000 models: first {:?}, again {:?}",
        first.took, second.took
    );
    assert!(first.took < Duration::from_secs(30), "{:?}", first.took);
    assert!(second.took < Duration::from_secs(10), "{:?}", second.took);
    // A broken cache is dropped.
    std::fs::write(home.data().join("cache/headers.json"), "{\"format\": 1").unwrap();
    assert_eq!(
        home.paddock(&["ls", "--json"]).await.succeeded().json(),
        first.json()
    );
}
