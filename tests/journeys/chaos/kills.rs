//! Kills: engines, guards, the host, whenever it is.

use std::time::Duration;

use rustix::process::Signal;
use test_support::host::pid_in;
use test_support::processes::{self, Process};
use test_support::random::Random;

use super::world::World;

/// What kills an engine, or what it dies of.
const DEADLY: [Signal; 4] = [Signal::KILL, Signal::SEGV, Signal::ABORT, Signal::TERM];

/// The engine of some model that runs, or loads.
async fn some_engine(world: &World, random: &mut Random) -> Option<u32> {
    let engines: Vec<u32> = world.models().await.iter().filter_map(pid_in).collect();
    (!engines.is_empty()).then(|| random.choose(&engines))
}

/// Kills an engine.
pub(crate) async fn engine(world: &World, random: &mut Random) {
    pause(random, 400).await;
    if let Some(engine) = some_engine(world, random).await {
        let signal = random.choose(&DEADLY);
        processes::send(engine, signal);
        world.count(&format!("engines killed with {signal:?}"));
    }
}

/// Kills the guard of an engine.
pub(crate) async fn guard(world: &World, random: &mut Random) {
    pause(random, 400).await;
    let Some(engine) = some_engine(world, random).await else {
        return;
    };
    let parent = Process::of(engine).and_then(|engine| Process::of(engine.parent));
    // It may have ended meanwhile.
    if let Some(guard) = parent.filter(|parent| parent.name == "paddock-guard") {
        processes::send(guard.pid, Signal::KILL);
        world.count("guards killed");
    }
}

/// Freezes an engine for a while.
pub(crate) async fn freeze(world: &World, random: &mut Random) {
    if let Some(engine) = some_engine(world, random).await {
        processes::send(engine, Signal::STOP);
        pause(random, 1_500).await;
        processes::send(engine, Signal::CONT);
        world.count("engines frozen");
    }
}

/// Kills the host, or ends it, in the middle of whatever it does.
pub(crate) async fn host(world: &World, random: &mut Random) {
    pause(random, 800).await;
    let gently = random.below(4) == 0;
    world.end_host(gently);
    world.count(if gently {
        "hosts ended"
    } else {
        "hosts killed"
    });
}

/// Up to so many milliseconds.
pub(crate) async fn pause(random: &mut Random, most_ms: u64) {
    tokio::time::sleep(Duration::from_millis(random.below(most_ms))).await;
}
