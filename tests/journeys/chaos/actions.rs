//! What may happen in a round.

use std::time::Duration;

use serde_json::{Value, json};
use test_support::home::{GEMMA, TINY};
use test_support::random::Random;

use super::world::{KEY, TWIN, World};
use super::{checks, downloads, kills, traffic};

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Load,
    Unload,
    Clients,
    Follow,
    Download,
    ChangeDownload,
    RemoveModel,
    HubFaults,
    Install,
    ReleaseFaults,
    ChangeEngine,
    Settings,
    KillEngine,
    KillGuard,
    FreezeEngine,
    FillDisk,
    SetClock,
    KillHost,
}

/// What happens how often, among all that happens.
const CHANCES: &[(Kind, u64)] = &[
    (Kind::Load, 12),
    (Kind::Unload, 5),
    (Kind::Clients, 16),
    (Kind::Follow, 4),
    (Kind::Download, 8),
    (Kind::ChangeDownload, 5),
    (Kind::RemoveModel, 3),
    (Kind::HubFaults, 6),
    (Kind::Install, 3),
    (Kind::ReleaseFaults, 2),
    (Kind::ChangeEngine, 2),
    (Kind::Settings, 8),
    (Kind::KillEngine, 8),
    (Kind::KillGuard, 3),
    (Kind::FreezeEngine, 2),
    (Kind::FillDisk, 4),
    (Kind::SetClock, 4),
    (Kind::KillHost, 10),
];

impl Kind {
    /// All that may happen.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        CHANCES.iter().map(|(kind, _)| *kind)
    }

    /// One of them.
    pub(crate) fn choose(random: &mut Random, host_may_die: bool) -> Self {
        let chances = || {
            let chances = CHANCES.iter();
            chances.filter(|(kind, _)| host_may_die || *kind != Self::KillHost)
        };
        let mut left = random.below(chances().map(|(_, chance)| chance).sum());
        for (kind, chance) in chances() {
            if left < *chance {
                return *kind;
            }
            left -= chance;
        }
        Self::Clients
    }
}

/// Something that happens, and what its own choices follow from.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) kind: Kind,
    pub(crate) seed: u64,
}

impl Action {
    /// Lets it happen.
    pub(crate) async fn run(&self, world: &World) {
        let random = &mut Random::seeded(self.seed);
        match self.kind {
            Kind::Load => load(world, random).await,
            Kind::Unload => unload(world, random).await,
            Kind::Clients => traffic::clients(world, random).await,
            Kind::Follow => traffic::follow(world, random).await,
            Kind::Download => downloads::download(world, random).await,
            Kind::ChangeDownload => downloads::change_download(world, random).await,
            Kind::RemoveModel => downloads::remove_model(world, random).await,
            Kind::HubFaults => downloads::hub_faults(world, random),
            Kind::Install => downloads::install(world, random).await,
            Kind::ReleaseFaults => downloads::release_faults(world, random),
            Kind::ChangeEngine => downloads::change_engine(world, random).await,
            Kind::Settings => settings(world, random).await,
            Kind::KillEngine => kills::engine(world, random).await,
            Kind::KillGuard => kills::guard(world, random).await,
            Kind::FreezeEngine => kills::freeze(world, random).await,
            Kind::FillDisk => fill_disk(world, random).await,
            Kind::SetClock => set_clock(world, random),
            Kind::KillHost => kills::host(world, random).await,
        }
    }
}

fn some_key(random: &mut Random) -> &'static str {
    match random.below(20) {
        0 => GEMMA,
        1..7 => TWIN,
        _ => TINY,
    }
}

/// Loads, with parameters of its own or none; some that no engine takes.
async fn load(world: &World, random: &mut Random) {
    let key = some_key(random);
    let params = match random.below(6) {
        0 => json!({"ctxSize": 256 * (1 + random.below(8))}),
        1 => json!({"parallel": 1 + random.below(4), "threads": 1}),
        2 => json!({"extraArgs": {"--context-shift": null}}),
        3 => json!({"extraArgs": {"--no-such-flag": "1"}}),
        _ => json!({}),
    };
    let mut body = json!({"model": key, "params": params});
    if random.below(4) == 0 {
        body["ttl"] = json!(random.below(2));
    }
    world.call("load", "/api/v1/models/load", &body).await;
}

async fn unload(world: &World, random: &mut Random) {
    kills::pause(random, 300).await;
    let body = match random.below(3) {
        0 => json!({}),
        _ => json!({"model": some_key(random)}),
    };
    world.call("unload", "/api/v1/models/unload", &body).await;
}

/// Changes some settings, at once.
async fn settings(world: &World, random: &mut Random) {
    let changes = (0..1 + random.below(5)).map(|_| some_change(random));
    let changes: Vec<(&str, Value)> = changes.collect();
    let calls = changes
        .iter()
        .map(|(path, body)| world.call("change the settings", path, body));
    futures_util::future::join_all(calls).await;
}

fn some_change(random: &mut Random) -> (&'static str, Value) {
    let key = some_key(random);
    let name = format!("{KEY}-{}", random.below(4));
    match random.below(10) {
        0 => {
            let params = json!({"ctxSize": 512 + random.below(2_000)});
            (
                "/api/v1/models/params",
                json!({"model": key, "save": true, "params": params}),
            )
        }
        1 => {
            let params = json!({"threads": 1 + random.below(2)});
            ("/api/v1/presets", json!({"name": name, "params": params}))
        }
        2 => ("/api/v1/presets/remove", json!({"name": name})),
        3 => (
            "/api/v1/models/alias",
            json!({"model": TINY, "alias": name}),
        ),
        4 => ("/api/v1/models/alias/remove", json!({"alias": name})),
        5 => {
            let ttl = random.choose(&[-1_i64, 1, 600]);
            (
                "/api/v1/models/policy",
                json!({"model": key, "ttlSeconds": ttl}),
            )
        }
        6 => ("/api/v1/keys", json!({"name": KEY})),
        7 => {
            let (most, idle) = (random.below(3), random.choose(&[-1_i64, 0, 1, 3_600]));
            (
                "/api/v1/gateway",
                json!({"limits": {"maxLoaded": most, "idleSeconds": idle}}),
            )
        }
        8 => {
            // Room for everything, for one, and for none.
            let bytes = random.choose(&[None, Some(700_000_000_u64), Some(1 << 20)]);
            ("/api/v1/gateway", json!({"limits": {"memoryBytes": bytes}}))
        }
        _ => ("/api/v1/keys/remove", json!({"name": KEY})),
    }
}

/// Fills the disk for a while, in which things are wanted that need it.
async fn fill_disk(world: &World, random: &mut Random) {
    let Some(disk) = &world.disk else { return };
    disk.fill(random.choose(&[0, 4_096, 100_000, 1_000_000]));
    world.count("disks filled");
    for _ in 0..2 {
        match random.below(4) {
            0 => downloads::download(world, random).await,
            1 => load(world, random).await,
            _ => settings(world, random).await,
        }
        checks::settings_are_readable(world);
    }
    kills::pause(random, 500).await;
    disk.empty();
}

/// Forward or back by anything from a second to ten years.
fn set_clock(world: &World, random: &mut Random) {
    let Some(clock) = &world.clock else { return };
    let offset = random.choose(&[1, 60, 3_600, 86_400, 31_536_000, 315_360_000_i64]);
    clock.set(random.choose(&[offset, -offset, 0]));
    world.count("clocks set");
}

/// Everything that was set goes back, so that what comes next is judged by itself.
pub(crate) fn in_peace(world: &World) {
    world
        .hub
        .faults(|faults| *faults = test_support::hub::faults::Faults::default());
    world
        .releases
        .faults(|faults| *faults = test_support::releases::Faults::default());
    if let Some(disk) = &world.disk {
        disk.empty();
    }
}

/// As many models as memory holds, for an hour each: what the checks are made for.
pub(crate) async fn usual_limits(world: &World) {
    let limits = json!({"maxLoaded": 0, "memoryBytes": null, "idleSeconds": 3_600});
    let body = json!({"limits": limits});
    world
        .call("change the settings", "/api/v1/gateway", &body)
        .await;
}

/// Removes the API key, where one is left: clients have none.
pub(crate) async fn no_keys(world: &World) {
    let keys = world.ask("/api/v1/keys").await.unwrap_or_default();
    let keys = keys.as_array().cloned().unwrap_or_default();
    if keys.iter().any(|key| key["name"] == KEY) {
        let body = json!({"name": KEY});
        world
            .call("change the settings", "/api/v1/keys/remove", &body)
            .await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
