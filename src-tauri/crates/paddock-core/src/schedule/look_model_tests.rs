//! Room, queues and fairness with numbers for processes: tens of thousands of steps a second. `PROPTEST_CASES` raises the
//! number of runs.

#[path = "look_model_machine.rs"]
mod machine;

use std::time::Duration;

use proptest::prelude::*;

use self::machine::World;
use crate::schedule::decide::{PATIENCE, TENURE};

const KEYS: [&str; 4] = ["a", "b", "c", "d"];

#[derive(Debug, Clone)]
enum Step {
    Ask(usize),
    Finish(usize),
    Leave(usize),
    /// A load for requests was planned.
    Planned(usize),
    UserLoads(usize),
    /// An engine that was ended is gone.
    Gone(usize),
    Loaded(usize),
    Fails(usize),
    Keep(usize, bool),
    Limits(usize, Option<u64>),
    /// Whether requests may load.
    OnDemand(bool),
    Wait(u64),
}

#[derive(Debug, Clone)]
struct Machine {
    memory: u64,
    needs: [u64; KEYS.len()],
    steps: Vec<Step>,
}

fn some_machine() -> impl Strategy<Value = Machine> {
    let key = 0..KEYS.len();
    let index = any::<usize>;
    let step = prop_oneof![
        8 => key.clone().prop_map(Step::Ask),
        6 => index().prop_map(Step::Finish),
        1 => index().prop_map(Step::Leave),
        5 => index().prop_map(Step::Planned),
        1 => key.clone().prop_map(Step::UserLoads),
        5 => index().prop_map(Step::Gone),
        5 => index().prop_map(Step::Loaded),
        1 => index().prop_map(Step::Fails),
        1 => (key, any::<bool>()).prop_map(|(key, is)| Step::Keep(key, is)),
        1 => (0..4_usize, prop::option::of(10..40_u64)).prop_map(|(most, bytes)| Step::Limits(most, bytes)),
        1 => prop::bool::weighted(0.7).prop_map(Step::OnDemand),
        6 => prop_oneof![0..100_u64, 0..2_000_u64, 0..20_000_u64].prop_map(Step::Wait),
    ];
    let needs = prop::array::uniform4(4..20_u64);
    (20..50_u64, needs, prop::collection::vec(step, 1..150)).prop_map(|(memory, needs, steps)| {
        Machine {
            memory,
            needs,
            steps,
        }
    })
}

fn runs(usually: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked
            .and_then(|cases| cases.parse().ok())
            .unwrap_or(usually),
        failure_persistence: None,
        max_shrink_iters: 5_000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(runs(400))]

    /// In the end everyone has had a turn or was told why not.
    #[test]
    fn numbers_add_up_and_nobody_waits_for_ever(machine in some_machine()) {
        let mut world = World::new(machine.clone());
        for step in &machine.steps {
            world.take(step);
        }
        for _ in 0..2_000 {
            if world.seats.is_empty() {
                break;
            }
            while !world.grants.is_empty() {
                world.take(&Step::Finish(0));
            }
            world.get_on();
        }
        prop_assert!(world.seats.is_empty(), "somebody waits for ever: {}", world.tell());
    }

}

proptest! {
    #![proptest_config(runs(60))]

    /// Steady, overlapping traffic on one model, on all others, or on none: who asks for another is served after the
    /// patience, the tenures before it and one request, and not at somebody's mercy.
    #[test]
    fn overlapping_traffic_starves_nobody(busy in prop::collection::vec(0..KEYS.len(), 1..4), wanted in 0..KEYS.len(), overlap in 1..20_usize) {
        let machine = Machine { memory: 10, needs: [10; KEYS.len()], steps: Vec::new() };
        let mut world = World::new(machine);
        let mut round = 0_usize;
        let mut asked_at = None;
        let mut waited = Duration::ZERO;
        while waited <= Duration::from_secs(120) {
            round += 1;
            for key in busy.iter().filter(|key| **key != wanted) {
                let mine = world.seats.iter().filter(|seat| seat.key == *key).count();
                if mine + world.in_flight(*key) <= overlap {
                    world.ask(*key);
                }
            }
            // The oldest request ends, when the next one is there already.
            if round.is_multiple_of(3) && !world.grants.is_empty() {
                world.take(&Step::Finish(0));
            }
            if round == 80 {
                world.ask(wanted);
                asked_at = Some(world.now);
            }
            world.get_on();
            let is_served = world.grants.iter().any(|grant| &*grant.key == KEYS[wanted]);
            if is_served {
                break;
            }
            waited = asked_at.map_or(Duration::ZERO, |at| world.now - at);
        }
        // Each of those before it has its tenure, and then answers what it has.
        let answers = Duration::from_millis(300) * u32::try_from(overlap + 2).unwrap();
        let turn = PATIENCE + TENURE + answers + Duration::from_secs(1);
        let most = turn * u32::try_from(busy.len() + 1).unwrap();
        prop_assert!(waited <= most, "{waited:?} of {most:?}");
    }
}
