//! What must hold after each round.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use test_support::home::{GEMMA, TINY};
use test_support::host::pid_in;
use test_support::processes::{self, Process};

use super::world::{TWIN, World};
use super::{actions, downloads};

/// A start after a crash waits for ten seconds at most, and then loads.
const SETTLED_WITHIN: Duration = Duration::from_secs(45);
/// What nobody wants any more ends, and what asks an engine about itself.
const ALONE_WITHIN: Duration = Duration::from_secs(15);
/// With a hub that behaves.
const DOWNLOADED_WITHIN: Duration = Duration::from_secs(90);
/// A load may fail once where the engine that fails is one that is then rolled back, and once because it was killed.
const LOADS: u32 = 4;

/// After each round.
pub(crate) async fn all_is_well(world: &World) {
    until(
        world,
        "every state to be a final one",
        SETTLED_WITHIN,
        async || unsettled(world).await,
    )
    .await;
    until(world, "nobody else to run", ALONE_WITHIN, async || {
        strangers(world).await
    })
    .await;
    until(
        world,
        "nothing half installed to be left",
        ALONE_WITHIN,
        async || half_installed(world),
    )
    .await;
    settings_are_readable(world);
    files_are_right(world);
    actions::no_keys(world).await;
    actions::usual_limits(world).await;
    the_endpoint_answers(world).await;
}

/// Everything ends, in peace; every download gets there, and the host is left alone.
pub(crate) async fn come_to_rest(world: &World) {
    actions::in_peace(world);
    every_download_gets_there(world).await;
    files_are_right(world);
    world
        .call("unload", "/api/v1/models/unload", &json!({}))
        .await;
    until(
        world,
        "only the host to be left",
        ALONE_WITHIN,
        async || {
            let left = processes::marked(world.home.marker());
            let others: Vec<&Process> = left
                .iter()
                .filter(|one| one.pid != world.host().pid())
                .collect();
            (!others.is_empty()).then(|| format!("{others:?}"))
        },
    )
    .await;
    // Connections that nobody uses are closed.
    tokio::time::sleep(Duration::from_millis(500)).await;
}

/// Waits until nothing is wrong any more.
async fn until(
    world: &World,
    what: &str,
    limit: Duration,
    mut wrong: impl AsyncFnMut() -> Option<String>,
) {
    let deadline = tokio::time::Instant::now() + limit;
    while let Some(said) = wrong().await {
        if tokio::time::Instant::now() > deadline {
            return world.fail(&format!("{what}: not within {limit:?}: {said}"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A model that is in between, or that somebody still waits for; an installation that goes on.
async fn unsettled(world: &World) -> Option<String> {
    let models = world.models().await;
    let between = models.iter().find(|model| {
        !matches!(
            model["state"].as_str(),
            Some("ready" | "failed" | "stopped")
        ) || model["requestsInFlight"] != 0
            || model["requestsWaiting"] != 0
    });
    match between {
        Some(model) => Some(model.to_string()),
        None if downloads::installation_is_over(world).await => None,
        None => Some("an installation".to_owned()),
    }
}

/// Processes of this home that nobody accounts for.
async fn strangers(world: &World) -> Option<String> {
    let engines: Vec<u32> = world.models().await.iter().filter_map(pid_in).collect();
    let all = processes::marked(world.home.marker());
    let guards: Vec<u32> = engines
        .iter()
        .filter_map(|engine| Some(Process::of(*engine)?.parent))
        .collect();
    let known = |pid| pid == world.host().pid() || engines.contains(&pid) || guards.contains(&pid);
    let strangers: Vec<Process> = all.into_iter().filter(|one| !known(one.pid)).collect();
    (!strangers.is_empty()).then(|| format!("{strangers:#?}"))
}

/// What an installation unpacks into, or is about to remove.
fn half_installed(world: &World) -> Option<String> {
    let entries = std::fs::read_dir(world.home.data().join("engines"));
    let names = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name());
    let hidden: Vec<_> = names
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    (!hidden.is_empty()).then(|| format!("{hidden:?}"))
}

/// The document is whole, and so is its copy; no model of the user's is gone.
pub(crate) fn settings_are_readable(world: &World) {
    let copy = world.home.data().join("settings.last-good.json");
    for path in [world.home.settings_file(), copy] {
        let text = std::fs::read(&path).unwrap_or_default();
        let Ok(settings) = serde_json::from_slice::<Value>(&text) else {
            let text = String::from_utf8_lossy(&text);
            world.fail(&format!("{} is not readable: {text:?}", path.display()));
            continue;
        };
        for key in [TINY, TWIN, GEMMA] {
            if !settings["models"][key]["path"].is_string() {
                world.fail(&format!("{key} is not in {}: {settings}", path.display()));
            }
        }
    }
}

/// Every file with a model's name is the file that the hub has.
fn files_are_right(world: &World) {
    let mut files = Vec::new();
    let models = world.home.data().join("models");
    collect(&models, &mut files);
    for path in files {
        let Ok(metadata) = path.metadata() else {
            continue;
        };
        let stamp = (metadata.len(), metadata.modified().unwrap());
        if world.right.lock().unwrap().get(&path) == Some(&stamp) {
            continue;
        }
        let inside = path.strip_prefix(&models).unwrap();
        let expected = expected(world, inside);
        let Ok(content) = std::fs::read(&path) else {
            continue;
        };
        let digest = Sha256::digest(&content);
        let actual: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        if expected.as_ref() != Some(&actual) {
            world.fail(&format!(
                "{} is {actual}, and not {expected:?}",
                path.display()
            ));
        }
        world.count("files found right");
        world.right.lock().unwrap().insert(path, stamp);
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "gguf")
        {
            files.push(path);
        }
    }
}

/// The digest of `owner/name/file`, whatever folder the file has on the hub.
fn expected(world: &World, inside: &Path) -> Option<String> {
    let parts: Vec<String> = inside
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let [owner, name, .., file] = &parts[..] else {
        return None;
    };
    let repos = world.hub.repos();
    let commit = repos.get(&format!("{owner}/{name}"))?.at("main")?;
    let found = commit
        .files
        .iter()
        .find(|known| known.path.rsplit('/').next() == Some(file.as_str()))?;
    Some(found.sha256.clone())
}

/// Clients get an answer from the tiny model: it is loaded if need be, by the user, for whom nothing is given up.
async fn the_endpoint_answers(world: &World) {
    let models = match world.host().gateway().try_get("/v1/models").await {
        Ok(answer) if answer.status == 200 => answer.text,
        other => return world.fail(&format!("/v1/models: {other:?}")),
    };
    for key in [TINY, TWIN, GEMMA] {
        if !models.contains(key) {
            world.fail(&format!("{key} is not offered: {models}"));
        }
    }
    let body = json!({"model": TINY});
    for number in 1..=LOADS {
        if world
            .call("load in peace", "/api/v1/models/load", &body)
            .await
            .is_some()
        {
            break;
        }
        if number == LOADS {
            return world.fail("the tiny model cannot be loaded");
        }
        // One that was chosen by hand is not rolled back.
        downloads::use_the_first_engine(world).await;
    }
    let mut chat = test_support::http::chat_body("Hi.", 4, false);
    chat["model"] = json!(TINY);
    match world
        .host()
        .gateway()
        .try_post("/v1/chat/completions", &chat)
        .await
    {
        Ok(answer) if answer.status == 200 && answer.json()["usage"]["completion_tokens"] == 4 => {}
        other => world.fail(&format!("no answer: {other:?}")),
    }
}

/// With a hub that behaves every download ends well, however it was treated before.
async fn every_download_gets_there(world: &World) {
    let state = |job: &Value| job["state"].as_str().unwrap_or_default().to_owned();
    for job in downloads::list(world).await {
        let id = job["id"].as_str().unwrap_or_default();
        match state(&job).as_str() {
            "done" | "cancelled" => {}
            "paused" | "interrupted" | "failed" => drop(downloads::act(world, id, "resume").await),
            // One that waits for its next try need not.
            _ => {
                downloads::act(world, id, "pause").await;
                downloads::act(world, id, "resume").await;
            }
        }
    }
    until(
        world,
        "every download to be done",
        DOWNLOADED_WITHIN,
        async || {
            let jobs = downloads::list(world).await;
            let open = jobs
                .iter()
                .find(|job| !matches!(state(job).as_str(), "done" | "cancelled"));
            open.map(ToString::to_string)
        },
    )
    .await;
    for job in downloads::list(world).await {
        if state(&job) == "done" {
            world.count("downloads done");
        }
        downloads::act(world, job["id"].as_str().unwrap_or_default(), "dismiss").await;
    }
}
