//! Everything at once, by chance: loads, unloads, downloads, installations, changed settings and clients, while engines,
//! guards, the host and connections are killed, the disk gets full, the clock jumps, and the hub and the releases
//! misbehave. After each round all must be well again.
//!
//! The first part of a run kills the host now and then; the second leaves one host alive, which must not grow. What is
//! chosen follows from a seed, which is printed: `PADDOCK_CHAOS_SEED` runs the same again, as far as the operating
//! system lets anything be the same. `PADDOCK_CHAOS_ROUNDS` says how many rounds.
//!
//! Left out: sleep, which nothing short of the kernel can tell a host of; and where this user may not mount a disk, or
//! has no C compiler, a full disk and a clock that jumps, which is said.

mod actions;
mod checks;
mod downloads;
mod growth;
mod kills;
mod traffic;
mod world;

use test_support::random::Random;

use self::actions::{Action, Kind};
use self::growth::{Growth, Sample};
use self::world::World;

/// Of so many rounds each, one ends with everything ended and every download finished, and the host is measured.
const QUIET_EVERY: u32 = 5;

/// Of the short run: in its twenty rounds everything happens at least once.
const SHORT_SEED: u64 = 10_962;
const SHORT_ROUNDS: u32 = 20;

/// The share of the rounds, in percent, in which the host may be killed.
const WITH_HOST_KILLS: u32 = 30;

fn given<T: std::str::FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok()?.parse().ok()
}

fn may_host_die(number: u32, rounds: u32) -> bool {
    number <= rounds * WITH_HOST_KILLS / 100
}

/// One to three things at once.
fn choose(random: &mut Random, host_may_die: bool) -> Vec<Action> {
    let count = 1 + random.below(3);
    let mut actions: Vec<Action> = Vec::new();
    while (actions.len() as u64) < count {
        let kind = Kind::choose(random, host_may_die);
        if actions.iter().all(|action| action.kind != kind) {
            actions.push(Action {
                kind,
                seed: random.number(),
            });
        }
    }
    actions
}

async fn run(seed: u64, rounds: u32) {
    eprintln!("PADDOCK_CHAOS_SEED={seed} PADDOCK_CHAOS_ROUNDS={rounds}");
    let mut random = Random::seeded(seed);
    let mut world = World::new().await;
    let mut growth = Growth::default();
    for number in 1..=rounds {
        let actions = choose(&mut random, may_host_die(number, rounds));
        let kinds: Vec<Kind> = actions.iter().map(|action| action.kind).collect();
        world.begin_round(format!(
            "seed {seed}, round {number} of {rounds}: {kinds:?}"
        ));
        futures_util::future::join_all(actions.iter().map(|action| action.run(&world))).await;
        world.end_round().await;
        checks::all_is_well(&world).await;
        if number % QUIET_EVERY == 0 || number == rounds {
            checks::come_to_rest(&world).await;
            let sample = Sample::of(number, world.host().pid());
            eprintln!("{} | {sample}", world.elapsed());
            if !may_host_die(number, rounds) {
                growth.add(sample);
            }
        }
    }
    eprintln!("{}", world.summary());
    match growth.judge() {
        Ok(said) => eprintln!("growth: {said}"),
        Err(said) => world.fail(&format!("the host grows: {said}")),
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_rounds_of_chaos_leave_nothing_broken() {
    let seed = given("PADDOCK_CHAOS_SEED").unwrap_or(SHORT_SEED);
    run(seed, SHORT_ROUNDS).await;
}

#[test]
fn in_the_short_run_everything_happens() {
    let mut random = Random::seeded(SHORT_SEED);
    let chosen: Vec<Action> = (1..=SHORT_ROUNDS)
        .flat_map(|number| choose(&mut random, may_host_die(number, SHORT_ROUNDS)))
        .collect();
    for kind in Kind::all() {
        assert!(chosen.iter().any(|action| action.kind == kind), "{kind:?}");
    }
}

/// As many rounds as `PADDOCK_CHAOS_ROUNDS` says, with the seed in `PADDOCK_CHAOS_SEED` or one that nobody chose.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; `cargo xtask soak chaos`"]
async fn soak_chaos() {
    let any = || {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap();
        u64::from(now.subsec_nanos())
    };
    let seed = given("PADDOCK_CHAOS_SEED").unwrap_or_else(any);
    run(seed, given("PADDOCK_CHAOS_ROUNDS").unwrap_or(1_000)).await;
}
