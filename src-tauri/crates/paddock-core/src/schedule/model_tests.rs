//! The scheduler against a model of it: random clients, users and engines, with the whole core and the real supervisor on
//! puppets (no process, no network) and a clock that nobody waits for. `PROPTEST_CASES` raises the number of runs.
//!
//! The reference is what was said so far: which models are kept, which bounds hold, who asked for what. What the core
//! makes of it is watched by `laws` at every step and in between, in `world`.

mod comes_back;
mod findings;
mod laws;
mod world;

use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::Union;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use supervisor::{ExitKind, Part};

use self::world::World;
pub(crate) use self::world::core_on_puppets;

pub(super) const KEYS: [&str; 4] = ["local/a", "local/b", "local/c", "local/d"];
const MB: u64 = 1 << 20;
/// What each takes with what is saved for it.
pub(super) const SIZES: [u64; 4] = [MB, 2 * MB, 3 * MB, 5 * MB];

/// What somebody does. Models are by number; requests and leases by their place among those there are.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Ask {
        key: usize,
        ttl: Option<i64>,
    },
    Finish(prop::sample::Index),
    Leave(prop::sample::Index),
    /// The user loads it, with what is saved for it or otherwise.
    Load {
        key: usize,
        is_other: bool,
    },
    Unload(usize),
    UnloadAll,
    /// Its next engines do so.
    Cast {
        key: usize,
        part: Part,
        times: usize,
    },
    Crash(usize),
    Keep(usize, bool),
    Bounds(Bounds),
    Wait(u64),
}

/// What the settings say of all models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) max_loaded: usize,
    pub(super) memory: Option<u64>,
    pub(super) queue_length: usize,
    pub(super) idle_seconds: i64,
    pub(super) on_demand: bool,
}

/// What was said so far.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) bounds: Bounds,
    pub(super) kept: [bool; KEYS.len()],
    /// Requests that were made, and steps that end one.
    asked: usize,
    let_go: usize,
}

fn some_bounds() -> impl Strategy<Value = Bounds> {
    (
        0..4_usize,
        prop::option::of((2..9_u64).prop_map(|size| size * MB)),
        prop_oneof![3 => Just(100_usize), 1 => 1..4_usize],
        prop_oneof![Just(-1_i64), Just(0), 1..30_i64, Just(3_600)],
        prop::bool::weighted(0.9),
    )
        .prop_map(
            |(max_loaded, memory, queue_length, idle_seconds, on_demand)| Bounds {
                max_loaded,
                memory,
                queue_length,
                idle_seconds,
                on_demand,
            },
        )
}

/// Engines that get ready, late, never; that end before or after; that do not listen.
fn some_part() -> impl Strategy<Value = Part> {
    let time = |most: u64| (1..most).prop_map(Duration::from_millis);
    let exit = prop_oneof![
        Just(ExitKind::Code(1)),
        Just(ExitKind::Signal(11)),
        Just(ExitKind::Signal(9)),
    ];
    (
        time(100),
        prop::bool::weighted(0.1),
        prop::option::weighted(0.85, time(3_000)),
        prop::option::weighted(0.6, (time(2_000), exit)),
        prop::option::weighted(0.8, time(400)),
    )
        .prop_map(
            |(spawns_after, cannot_start, ready_after, ends_after, heeds_after)| Part {
                spawns_after,
                cannot_start,
                ready_after,
                ends_after,
                heeds_after,
                words: "0.01 E main: error: it is a puppet\n".to_owned(),
                ..Part::default()
            },
        )
}

impl ReferenceStateMachine for Said {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        some_bounds()
            .prop_map(|bounds| Self {
                bounds,
                kept: [false; KEYS.len()],
                asked: 0,
                let_go: 0,
            })
            .boxed()
    }

    fn transitions(said: &Self) -> BoxedStrategy<Step> {
        let key = 0..KEYS.len();
        let ttl = prop_oneof![6 => Just(None), 1 => Just(Some(-1)), 1 => (0..5_i64).prop_map(Some)];
        let wait =
            prop_oneof![3 => 0..30_u64, 4 => 0..800_u64, 3 => 0..8_000_u64, 1 => 0..60_000_u64];
        let mut steps = vec![
            (
                8,
                (key.clone(), ttl)
                    .prop_map(|(key, ttl)| Step::Ask { key, ttl })
                    .boxed(),
            ),
            (8, wait.prop_map(Step::Wait).boxed()),
            (
                2,
                (key.clone(), prop::bool::weighted(0.2))
                    .prop_map(|(key, is_other)| Step::Load { key, is_other })
                    .boxed(),
            ),
            (1, key.clone().prop_map(Step::Unload).boxed()),
            (
                3,
                (key.clone(), some_part(), 1..7_usize)
                    .prop_map(|(key, part, times)| Step::Cast { key, part, times })
                    .boxed(),
            ),
            (1, key.clone().prop_map(Step::Crash).boxed()),
            (
                1,
                (key, any::<bool>())
                    .prop_map(|(key, is)| Step::Keep(key, is))
                    .boxed(),
            ),
            (
                1,
                prop_oneof![4 => some_bounds().prop_map(Step::Bounds), 1 => Just(Step::UnloadAll)]
                    .boxed(),
            ),
        ];
        if said.asked > said.let_go {
            steps.push((
                6,
                any::<prop::sample::Index>().prop_map(Step::Finish).boxed(),
            ));
            steps.push((
                2,
                any::<prop::sample::Index>().prop_map(Step::Leave).boxed(),
            ));
        }
        Union::new_weighted(steps).boxed()
    }

    fn apply(mut said: Self, step: &Step) -> Self {
        match step {
            Step::Ask { .. } => said.asked += 1,
            Step::Finish(_) | Step::Leave(_) => said.let_go += 1,
            Step::Keep(key, is_kept) => said.kept[*key] = *is_kept,
            Step::Bounds(bounds) => said.bounds = *bounds,
            _ => {}
        }
        said
    }
}

struct Scheduling;

struct Running {
    runtime: tokio::runtime::Runtime,
    world: World,
}

impl StateMachineTest for Scheduling {
    type SystemUnderTest = Running;
    type Reference = Said;

    fn init_test(said: &Said) -> Running {
        let runtime = paused();
        let world = runtime.block_on(World::new(said));
        Running { runtime, world }
    }

    fn apply(mut running: Running, said: &Said, step: Step) -> Running {
        running.runtime.block_on(running.world.take(said, step));
        running
    }

    fn teardown(running: Running, said: Said) {
        running.runtime.block_on(running.world.end(&said));
    }
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
}

fn runs(usually: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked
            .and_then(|cases| cases.parse().ok())
            .unwrap_or(usually),
        failure_persistence: None,
        max_shrink_iters: 400,
        ..ProptestConfig::default()
    }
}

prop_state_machine! {
    #![proptest_config(runs(40))]

    #[test]
    fn whatever_is_asked_the_laws_are_kept(sequential 1..60 => Scheduling);
}
