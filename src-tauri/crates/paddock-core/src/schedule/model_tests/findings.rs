//! What the laws found broken, one by one; and what random runs seldom come to.

use super::world::World;
use super::{Bounds, KEYS, MB, Said, Step, paused};
use std::time::Duration;
use supervisor::{ExitKind, Part};

fn said(memory: Option<u64>) -> Said {
    Said {
        bounds: Bounds {
            max_loaded: 0,
            memory,
            queue_length: 100,
            idle_seconds: 3_600,
            on_demand: true,
        },
        kept: [false; KEYS.len()],
        asked: 0,
        let_go: 0,
    }
}

const fn ask(key: usize) -> Step {
    Step::Ask { key, ttl: None }
}

/// It takes a while until an engine that was starting is down, and who asks meanwhile wants it anew.
#[test]
fn a_request_after_an_unload_is_not_told_that_it_was_cancelled() {
    let said = said(None);
    paused().block_on(async {
        let mut world = World::new(&said).await;
        let deaf = Part {
            ready_after: None,
            heeds_after: None,
            ..Part::default()
        };
        world.puppets.cast(KEYS[1], deaf);
        for step in [
            ask(1),
            Step::Wait(500),
            Step::Unload(1),
            Step::Wait(100),
            ask(1),
        ] {
            world.take(&said, step).await;
        }
        world.take(&said, Step::Wait(5_000)).await;
        assert_eq!(world.answered.len(), 1, "the second is served");
        assert_eq!(world.puppets.spawns(KEYS[1]), 2);
        world.end(&said).await;
    });
}

/// What would only come back where that costs nobody anything finds no room; a request for the same may make some.
#[test]
fn a_request_does_not_go_down_with_what_could_not_come_back() {
    let said = said(Some(5 * MB));
    paused().block_on(async {
        let mut world = World::new(&said).await;
        // 3 MB are busy, 2 MB make room for one that fails, and 5 MB are waited for.
        let steps = [ask(2), Step::Wait(500), ask(1), Step::Wait(500)];
        for step in steps {
            world.take(&said, step).await;
        }
        world.answered.retain(|one| one.key == 2);
        world.take(&said, Step::Wait(10_000)).await;
        let fails = Part {
            ready_after: None,
            ends_after: Some((Duration::from_secs(2), ExitKind::Signal(11))),
            ..Part::default()
        };
        world.puppets.cast(KEYS[0], fails);
        let steps = [
            ask(0),
            Step::Wait(500),
            ask(3),
            Step::Wait(2_000),
            ask(1),
            Step::Wait(500),
        ];
        for step in steps {
            world.take(&said, step).await;
        }
        assert_eq!(
            world.waiting.len(),
            2,
            "the large one and the one that made room"
        );
        world.answered.clear();
        world.take(&said, Step::Wait(2_000)).await;
        assert_eq!(world.puppets.alive(KEYS[3]).len(), 1);
        world.answered.clear();
        world.take(&said, Step::Wait(20_000)).await;
        assert_eq!(world.puppets.alive(KEYS[1]).len(), 1, "it was asked for");
        world.end(&said).await;
    });
}

/// The law counts each failure; here all five come.
#[test]
fn the_fifth_crash_opens_the_breaker_and_the_fourth_does_not() {
    let said = said(None);
    paused().block_on(async {
        let mut world = World::new(&said).await;
        let crashes = Part {
            ends_after: Some((Duration::from_millis(300), ExitKind::Signal(11))),
            ..Part::default()
        };
        (0..9).for_each(|_| world.puppets.cast(KEYS[0], crashes.clone()));
        let load = Step::Load {
            key: 0,
            is_other: false,
        };
        world.take(&said, load).await;
        world.take(&said, Step::Wait(30_000)).await;
        assert_eq!(world.puppets.spawns(KEYS[0]), 5);
        world.take(&said, ask(0)).await;
        world.take(&said, Step::Wait(1_000)).await;
        assert!(
            world.waiting.is_empty() && world.answered.is_empty(),
            "it is told at once"
        );
        world.end(&said).await;
    });
}

/// Where nobody is there to load it anew, a model that failed often is tried once every two minutes, by a request; and
/// the user is told that it was given up, once.
#[test]
fn the_breaker_lets_one_request_through_after_a_while() {
    let said = said(None);
    paused().block_on(async {
        let mut world = World::new(&said).await;
        let crashes = Part {
            ends_after: Some((Duration::from_millis(300), ExitKind::Signal(11))),
            ..Part::default()
        };
        (0..6).for_each(|_| world.puppets.cast(KEYS[0], crashes.clone()));
        let load = Step::Load {
            key: 0,
            is_other: false,
        };
        world.take(&said, load).await;
        world.take(&said, Step::Wait(30_000)).await;
        assert_eq!(world.puppets.spawns(KEYS[0]), 5);
        let given_up = given_up(&world);
        assert_eq!(given_up.len(), 1);
        assert!(given_up[0].contains("failed 5 times"), "{given_up:?}");

        world.take(&said, Step::Wait(60_000)).await;
        world.take(&said, ask(0)).await;
        world.take(&said, Step::Wait(1_000)).await;
        assert_eq!(world.puppets.spawns(KEYS[0]), 5, "not yet");
        world.take(&said, Step::Wait(60_000)).await;
        for asked in [ask(0), Step::Wait(2_000), ask(0), Step::Wait(2_000)] {
            world.take(&said, asked).await;
        }
        assert_eq!(world.puppets.spawns(KEYS[0]), 6, "one try, and no more");
        assert!(world.waiting.is_empty(), "the second is told at once");
        world.answered.clear();
        world.take(&said, Step::Wait(120_000)).await;
        for asked in [ask(0), Step::Wait(2_000)] {
            world.take(&said, asked).await;
        }
        assert_eq!(world.answered.len(), 1, "its engine is well again");
        assert_eq!(self::given_up(&world).len(), 1, "once is enough");
        world.end(&said).await;
    });
}

fn given_up(world: &World) -> Vec<String> {
    let announced = world.core.announcements().borrow().clone();
    let given_up = announced.iter().filter(|one| one.code == "model_given_up");
    given_up.map(|one| one.message.clone()).collect()
}
