//! What made room in vain comes back, as it was.

use std::time::Duration;

use proptest::prelude::*;
use supervisor::{ExitKind, Part};

use super::world::World;
use super::{Bounds, KEYS, Said, Step, runs};
use crate::schedule::state::Phase;

/// How a newcomer fails.
#[derive(Debug, Clone)]
enum Failure {
    CannotStart,
    EndsEarly(u64),
    NeverReady,
    /// The user has enough of it, that late.
    Unloaded(u64),
}

fn some_failure() -> impl Strategy<Value = Failure> {
    prop_oneof![
        Just(Failure::CannotStart),
        (0..3_000_u64).prop_map(Failure::EndsEarly),
        Just(Failure::NeverReady),
        (0..6_000_u64).prop_map(Failure::Unloaded),
    ]
}

fn part(failure: &Failure, heeds_after: Option<u64>) -> Part {
    let ends_after = match failure {
        Failure::EndsEarly(after) => Some((Duration::from_millis(*after), ExitKind::Signal(11))),
        _ => None,
    };
    Part {
        cannot_start: matches!(failure, Failure::CannotStart),
        ready_after: None,
        ends_after,
        heeds_after: heeds_after.map(Duration::from_millis),
        ..Part::default()
    }
}

fn one_at_a_time() -> Said {
    Said {
        bounds: Bounds {
            max_loaded: 1,
            memory: None,
            queue_length: 100,
            idle_seconds: 3_600,
            on_demand: true,
        },
        kept: [false; KEYS.len()],
        asked: 0,
        let_go: 0,
    }
}

proptest! {
    #![proptest_config(runs(40))]

    #[test]
    fn what_made_room_in_vain_comes_back(
        failure in some_failure(),
        heeds_after in prop::option::weighted(0.8, 0..1_000_u64),
        first_by_user in any::<bool>(),
        second_by_user in any::<bool>(),
        idle in 0..20_000_u64,
    ) {
        let runtime = super::paused();
        runtime.block_on(async {
            let said = one_at_a_time();
            let mut world = World::new(&said).await;
            let wants = |key: usize, by_user: bool| if by_user {
                Step::Load { key, is_other: false }
            } else {
                Step::Ask { key, ttl: None }
            };
            world.take(&said, wants(0, first_by_user)).await;
            world.take(&said, Step::Wait(1_000)).await;
            world.answered.clear();
            world.take(&said, Step::Wait(idle)).await;
            world.puppets.cast(KEYS[1], part(&failure, heeds_after));
            world.take(&said, wants(1, second_by_user)).await;
            if let Failure::Unloaded(after) = failure {
                world.take(&said, Step::Wait(after)).await;
                world.take(&said, Step::Unload(1)).await;
            }
            world.take(&said, Step::Wait(14_000)).await;

            assert_eq!(world.puppets.alive(KEYS[0]).len(), 1, "it is back");
            assert!(world.puppets.alive(KEYS[1]).is_empty());
            assert!(world.waiting.is_empty(), "the newcomer's client knows");
            {
                let guarded = world.core.inner.scheduler.shared.lock();
                let slot = &guarded.state.slots[KEYS[0]];
                assert!(matches!(slot.phase, Phase::Ready { .. }));
                assert_eq!(slot.by_user, first_by_user);
            }
            world.end(&said).await;
        });
    }
}
