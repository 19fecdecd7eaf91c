//! The settings file: broken, newer, half right, and killed while it is saved.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::Home;
use test_support::home::TINY;
use test_support::random::Random;

/// What is in the data folder beside the settings, by name.
fn beside(home: &Home) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(home.data())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("settings"))
        .collect();
    names.sort();
    names
}

/// A full disk, and the app won't start again: LM Studio #703 #1067 #254 #1299.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_settings_are_set_aside_and_the_last_good_ones_come_back_and_both_is_said() {
    for broken in ["", "{\"version\": 1, \"mod", "[1, 2]", "\0\0\0\0"] {
        let home = Home::with_tiny().await;
        home.paddock(&["params", "tiny", "--save", "--ctx-size", "512"])
            .await
            .succeeded();
        std::fs::write(home.settings_file(), broken).unwrap();
        let ran = home.paddock(&["ls", "--json"]).await.succeeded();
        assert_eq!(ran.json()[0]["key"], TINY, "{broken:?}");
        assert_eq!(ran.json()[0]["hasSavedParams"], true, "{broken:?}");
        assert!(
            ran.stderr.contains("last good copy"),
            "{broken:?}: {}",
            ran.stderr
        );
        let aside = home.data().join("settings.broken-1.json");
        assert!(
            ran.stderr.contains(&*aside.to_string_lossy()),
            "{broken:?}: {}",
            ran.stderr
        );
        assert_eq!(std::fs::read_to_string(aside).unwrap(), broken);
        // Said once, not forever.
        assert_eq!(home.paddock(&["ls"]).await.succeeded().stderr, "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_starts_with_broken_settings_and_says_so() {
    let home = Home::with_tiny().await;
    std::fs::write(home.settings_file(), "{").unwrap();
    let host = home.serve().await;
    host.load(TINY, json!({})).await;
    let ended = host.end(Signal::TERM).await;
    assert!(ended.stderr.contains("last good copy"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_of_a_newer_paddock_are_refused_and_not_touched() {
    let home = Home::with_tiny().await;
    home.edit_settings(|settings| settings["version"] = json!(99));
    let before = std::fs::read(home.settings_file()).unwrap();
    let files = beside(&home);
    for arguments in [&["ls", "--json"][..], &["serve", "--port", "0", "--json"]] {
        let ran = home.paddock(arguments).await.failed();
        assert_eq!(ran.error_code(), "settings_newer", "{arguments:?}");
    }
    assert_eq!(std::fs::read(home.settings_file()).unwrap(), before);
    assert_eq!(beside(&home), files);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_wrong_part_costs_only_itself_and_is_said() {
    let home = Home::with_tiny().await;
    home.edit_settings(|settings| {
        settings["gateway"]["port"] = json!("many");
        settings["models"]["local/bad"] = json!({"path": 7});
        settings["fromTheFuture"] = json!({"kept": true});
    });
    let ran = home.paddock(&["ls", "--json"]).await.succeeded();
    assert_eq!(ran.json().as_array().unwrap().len(), 1);
    for place in ["gateway", "models.local/bad"] {
        assert!(ran.stderr.contains(place), "{place}: {}", ran.stderr);
    }
    home.paddock(&["params", "tiny", "--save", "--ctx-size", "512"])
        .await
        .succeeded();
    let settings = home.settings();
    assert_eq!(settings["fromTheFuture"], json!({"kept": true}));
    assert_eq!(settings["models"][TINY]["params"]["ctxSize"], 512);
}

/// The document and its copy, both whole. Returns the seed that is saved for the tiny model.
#[track_caller]
fn whole_settings(home: &Home) -> u64 {
    let copy = std::fs::read(home.data().join("settings.last-good.json")).unwrap();
    let copy: Value = serde_json::from_slice(&copy).unwrap();
    let settings = home.settings();
    for document in [&settings, &copy] {
        assert!(document["models"][TINY]["path"].is_string(), "{document}");
    }
    settings["models"][TINY]["params"]["seed"].as_u64().unwrap()
}

/// What a kill in the middle of a save leaves beside the document.
fn half_saved(home: &Home) -> usize {
    let names = std::fs::read_dir(home.data()).unwrap();
    names
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with(".saving-"))
        .count()
}

/// Kills a command while it saves `seed`. Whether that is on disk then.
async fn kill_command(home: &Home, old: u64, seed: u64, after: Duration) -> bool {
    let mut saving = home
        .command(&["params", "tiny", "--save", "--seed", &seed.to_string()])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let _ = tokio::time::timeout(after, saving.wait()).await;
    let _ = saving.kill().await;
    let saved = whole_settings(home);
    assert!(saved == old || saved == seed, "{saved}: {old} or {seed}");
    saved == seed
}

/// Kills a host that saves one seed after the other without a pause: there is always one save under way. Returns how
/// many it had confirmed.
async fn kill_host(home: &Home, first: u64, after: Duration) -> u64 {
    let mut host = home.serve().await;
    assert_eq!(half_saved(home), 0, "the start clears up");
    let save = async |seed: u64| {
        let body = json!({"model": TINY, "save": true, "params": {"seed": seed}});
        let control = host.control();
        control.try_post("/api/v1/models/params", &body).await
    };
    assert_eq!(save(first).await.unwrap().status, 200);
    let mut confirmed = first;
    let pid = host.pid();
    let killing = tokio::spawn(async move {
        tokio::time::sleep(after).await;
        test_support::processes::send(pid, Signal::KILL);
    });
    while let Ok(answer) = save(confirmed + 1).await {
        assert_eq!(answer.status, 200, "{}", answer.text);
        confirmed += 1;
    }
    killing.await.unwrap();
    host.ended().await;
    let saved = whole_settings(home);
    assert!(
        saved == confirmed || saved == confirmed + 1,
        "{saved}: what was confirmed is {confirmed}"
    );
    confirmed
}

/// SIGKILL while the settings are saved: on disk is the old document or the new one, whole, and nothing else is left.
async fn kills_while_saving(rounds: u32) {
    let home = Home::with_tiny().await;
    let mut random = Random::from_environment(20);
    let saved = home
        .paddock(&["params", "tiny", "--save", "--seed", "512"])
        .await
        .succeeded();
    let takes = u64::try_from(saved.took.as_millis()).unwrap();
    let (mut new, mut half) = (0, 0);
    for round in 1..=rounds {
        let old = whole_settings(&home);
        if round % 2 == 0 {
            let after = Duration::from_millis(random.below(takes + takes / 4));
            new += u32::from(kill_command(&home, old, old + 1, after).await);
        } else {
            let after = Duration::from_micros(random.below(60_000));
            kill_host(&home, old + 1, after).await;
        }
        half += half_saved(&home);
    }
    eprintln!("{rounds} kills: {new} commands had saved by then, {half} left half a document");
    let ran = home.paddock(&["params", "tiny", "--json"]).await;
    assert_eq!(ran.succeeded().stderr, "", "nothing to repair");
    assert_eq!(half_saved(&home), 0, "what kills left is cleared up");
    let names = beside(&home);
    assert!(
        !names.iter().any(|name| name.contains("broken")),
        "{names:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_while_saving_the_settings_are_whole() {
    kills_while_saving(20).await;
}

/// As many kills as `PADDOCK_SOAK_ROUNDS` says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; `cargo xtask soak settings`"]
async fn soak_settings_kills() {
    kills_while_saving(test_support::soak_rounds(500)).await;
}

/// The first document had no version, and not all of today's members: nothing in it is lost, and the first save brings
/// it up to date.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_of_an_older_paddock_are_taken_over() {
    for version in [None, Some(json!(0))] {
        let home = Home::with_tiny().await;
        home.edit_settings(|settings| {
            let model = settings["models"][TINY].clone();
            let engines = settings["engines"].clone();
            *settings = json!({
                "engines": engines,
                "models": {TINY: {"path": model["path"], "params": {"ctxSize": 512}}},
                "gateway": {"port": 9_321},
            });
            if let Some(version) = &version {
                settings["version"] = version.clone();
            }
        });
        let before = std::fs::read(home.settings_file()).unwrap();
        let ran = home.paddock(&["ls", "--json"]).await.succeeded();
        assert_eq!(ran.json()[0]["key"], TINY);
        assert_eq!(ran.json()[0]["hasSavedParams"], true);
        assert_eq!(ran.stderr, "", "nothing was wrong with it");
        let looked = std::fs::read(home.settings_file()).unwrap();
        assert!(looked == before, "who only looks changes nothing");

        home.paddock(&["params", "tiny", "--save", "--threads", "1"])
            .await
            .succeeded();
        let settings = home.settings();
        assert_eq!(settings["version"], 1);
        assert_eq!(
            settings["models"][TINY]["params"],
            json!({"ctxSize": 512, "threads": 1})
        );
        assert_eq!(settings["gateway"]["port"], 9_321);
        assert!(settings["limits"].is_object() && settings["hub"].is_object());
        assert_eq!(
            home.paddock(&["load", "tiny", "--json"])
                .await
                .failed()
                .error_code(),
            "no_host"
        );
    }
}
