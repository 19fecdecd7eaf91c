//! Downloads, installations, and what hub and releases do to them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use test_support::hub::{GATED, QUANTS, STARTER, VISION};
use test_support::random::Random;
use test_support::releases::{Told, archives, now};
use test_support::{hub, releases, until};

use super::kills::pause;
use super::world::World;

/// No installation may take longer.
const INSTALLED_WITHIN: Duration = Duration::from_secs(60);

/// Begins a download, or does something to one.
pub(crate) async fn download(world: &World, random: &mut Random) {
    let (repo, quantization) = match random.below(12) {
        0 => (STARTER, "Q4_K_M"),
        1 => (GATED, "Q4_K_M"),
        2..4 => (VISION, random.choose(&["Q8_0", "Q4_K_M"])),
        _ => {
            let all = ["Q2_K", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "F16"];
            (QUANTS, random.choose(&all))
        }
    };
    let body = json!({"model": repo, "quantization": quantization});
    world
        .call("download", "/api/v1/models/download", &body)
        .await;
    pause(random, 500).await;
}

/// Pauses, resumes or gives up one.
pub(crate) async fn change_download(world: &World, random: &mut Random) {
    let ids = ids(&list(world).await);
    if ids.is_empty() {
        return download(world, random).await;
    }
    for _ in 0..1 + random.below(3) {
        let id = random
            .choose(&ids.iter().map(String::as_str).collect::<Vec<_>>())
            .to_owned();
        let action = random.choose(&["pause", "resume", "resume", "cancel", "dismiss"]);
        act(world, &id, action).await;
        pause(random, 100).await;
    }
}

/// Removes a model that was downloaded, also one that runs.
pub(crate) async fn remove_model(world: &World, random: &mut Random) {
    let listed = world.ask("/api/v1/models").await.unwrap_or_default();
    let models = listed["models"].as_array().cloned().unwrap_or_default();
    let keys: Vec<&str> = models
        .iter()
        .filter_map(|model| model["key"].as_str())
        .filter(|key| !key.starts_with("local/"))
        .collect();
    if keys.is_empty() {
        return;
    }
    let body = json!({"model": random.choose(&keys), "permanently": true});
    world.call("remove", "/api/v1/models/remove", &body).await;
}

/// All downloads that the host knows of.
pub(crate) async fn list(world: &World) -> Vec<Value> {
    let list = world.ask("/api/v1/downloads").await.unwrap_or_default();
    list["downloads"].as_array().cloned().unwrap_or_default()
}

pub(crate) fn ids(downloads: &[Value]) -> Vec<String> {
    let ids = downloads.iter().filter_map(|job| job["id"].as_str());
    ids.map(str::to_owned).collect()
}

/// Tells a download to do something.
pub(crate) async fn act(world: &World, id: &str, action: &str) -> bool {
    let path = format!("/api/v1/downloads/{id}/{action}");
    world.call(action, &path, &json!({})).await.is_some()
}

/// The hub misbehaves from now on, until something else is drawn or all is to come to rest.
pub(crate) fn hub_faults(world: &World, random: &mut Random) {
    let bytes = random.below(900_000);
    let times = Some(1 + u32::try_from(random.below(6)).unwrap());
    let mut faults = hub::faults::Faults::default();
    match random.below(12) {
        0 => {}
        1 => faults.cut_after_bytes = Some(bytes),
        2 => faults.stall_after_bytes = Some(bytes),
        3 => faults.status = Some(random.choose(&[403, 404, 429, 500, 503])),
        4 => faults.shorter_by = Some(1 + random.below(1_000)),
        5 => faults.corrupt_at = Some(bytes),
        6 => faults.no_ranges = true,
        7 => faults.bytes_per_second = Some(200_000 + bytes * 2),
        8 => faults.delay_ms = Some(random.below(600)),
        9 => faults.address_lives_ms = Some(random.below(50)),
        10 => faults.rate_limit_seconds = Some(1),
        _ => faults.hub_status = Some(random.choose(&[404, 500, 502])),
    }
    faults.times = times;
    world.hub.faults(|now| *now = faults);
}

/// The releases misbehave from now on.
pub(crate) fn release_faults(world: &World, random: &mut Random) {
    let mut faults = releases::Faults::default();
    match random.below(6) {
        0 => faults.api_is_silent = true,
        1 => faults.files_are_silent = true,
        2 => faults.limited_until = Some(now() + 1),
        3 => faults.cut_after = Some(usize::try_from(random.below(300_000)).unwrap()),
        4 => faults.bytes_per_second = Some(1_000_000),
        _ => {}
    }
    world.releases.faults(|now| *now = faults);
}

/// Installs an engine: one that works, one that does not, one whose archive is bad, or none in the end.
pub(crate) async fn install(world: &World, random: &mut Random) {
    let build = 1 + world.build.fetch_add(1, Ordering::Relaxed);
    let tag = format!("b{build}");
    let small = || archives::wrapper(&tag, 40_000);
    let asset = match random.below(10) {
        0 => archives::cpu(&tag, archives::real(&tag)),
        1 => archives::cpu(&tag, archives::that_exits(&tag, 1)),
        2 => archives::cpu(&tag, archives::for_the_proof_only(&tag)),
        3 => archives::cpu(&tag, small()).telling(Told::Wrong),
        4 => archives::cpu(&tag, small()).telling(Told::Nothing),
        5 => archives::cpu(&tag, small().slice(..1_000)),
        _ => archives::cpu(&tag, small()),
    };
    world.releases.publish(&tag, vec![asset]);
    let begun = world
        .call("install", "/api/v1/engines/install", &json!({"build": tag}))
        .await;
    if begun.is_none() {
        return;
    }
    if random.below(4) == 0 {
        pause(random, 1_000).await;
        world
            .call(
                "cancel the installation",
                "/api/v1/engines/install/cancel",
                &json!({}),
            )
            .await;
    }
    let what = format!("{tag} to be installed, or not");
    until(&what, INSTALLED_WITHIN, async || {
        if world.is_down() || installation_is_over(world).await {
            return Some(());
        }
        // Who is told nothing at all waits until it is cancelled.
        if !is_patient(world) {
            let path = "/api/v1/engines/install/cancel";
            world
                .call("cancel the installation", path, &json!({}))
                .await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        None
    })
    .await;
    let job = world.ask("/api/v1/engines/jobs").await.unwrap_or_default();
    let code = job["error"]["code"].as_str().unwrap_or("done");
    world.count(&format!("installation: {code}"));
}

fn is_patient(world: &World) -> bool {
    let mut patient = true;
    world
        .releases
        .faults(|faults| patient = !faults.api_is_silent && !faults.files_are_silent);
    patient
}

/// Whether no installation is under way.
pub(crate) async fn installation_is_over(world: &World) -> bool {
    let job = world.ask("/api/v1/engines/jobs").await.unwrap_or_default();
    matches!(job["state"].as_str(), None | Some("done" | "failed"))
}

/// The engines that are there.
async fn engines(world: &World) -> Vec<String> {
    let listed = world.ask("/api/v1/engines").await.unwrap_or_default();
    let engines = listed.as_array().cloned().unwrap_or_default();
    let names = engines.iter().filter_map(|engine| engine["name"].as_str());
    names.map(str::to_owned).collect()
}

/// Whether Paddock installed it: the one that was there first is the user's own.
fn is_installed(name: &str) -> bool {
    name.ends_with("-cpu")
}

/// Makes the engine current that was there first, and works.
pub(crate) async fn use_the_first_engine(world: &World) {
    for name in engines(world).await {
        if !is_installed(&name) {
            world
                .call("use", "/api/v1/engines/use", &json!({"name": name}))
                .await;
        }
    }
}

/// Makes another engine the current one, or goes back, or removes one.
pub(crate) async fn change_engine(world: &World, random: &mut Random) {
    let engines = engines(world).await;
    let names: Vec<&str> = engines.iter().map(String::as_str).collect();
    if names.is_empty() {
        return;
    }
    let name = random.choose(&names);
    let body = json!({"name": name});
    match random.below(3) {
        0 => world.call("use", "/api/v1/engines/use", &body).await,
        1 => {
            world
                .call("roll back", "/api/v1/engines/rollback", &json!({}))
                .await
        }
        // The one that is not Paddock's stays: it is there when all others are gone.
        _ if body["name"]
            .as_str()
            .is_some_and(|name| name.ends_with("-cpu")) =>
        {
            world
                .call("remove the engine", "/api/v1/engines/remove", &body)
                .await
        }
        _ => None,
    };
}
