//! The decision by example and by its laws.

use proptest::prelude::*;

use super::*;

const GB: u64 = 1_000_000_000;

fn held(key: &str, usage_gb: u64, idle_seconds: Option<u64>) -> Held {
    Held {
        key: key.to_owned(),
        usage_bytes: usage_gb * GB,
        gives_back_bytes: usage_gb * GB,
        stage: Stage::Ready,
        pinned: false,
        ready_for: Duration::from_secs(60),
        idle_for: idle_seconds.map(Duration::from_secs),
        draining: false,
    }
}

fn newcomer(need_gb: u64) -> Newcomer {
    Newcomer {
        key: "new".to_owned(),
        need_bytes: need_gb * GB,
        waited: Duration::from_secs(10),
        by_user: false,
        only_if_free: false,
    }
}

fn free(gb: i128) -> Room {
    Room {
        free_bytes: Some(gb * i128::from(GB)),
        limit_bytes: None,
        max_loaded: 0,
    }
}

fn evicted(keys: &[&str]) -> Verdict {
    Verdict::Evict(keys.iter().map(|&key| key.to_owned()).collect())
}

fn drained(keys: &[&str]) -> Verdict {
    Verdict::Drain(keys.iter().map(|&key| key.to_owned()).collect())
}

/// By memory and not by number: LM Studio #671, llama.cpp #21231, llama-swap #158.
#[test]
fn what_fits_stays_and_the_longest_idle_goes_first() {
    let models = [
        held("a", 2, Some(10)),
        held("b", 2, Some(30)),
        held("c", 2, Some(20)),
    ];
    assert_eq!(decide(&newcomer(3), &models, &free(3)), Verdict::Start);
    assert_eq!(decide(&newcomer(3), &models, &free(1)), evicted(&["b"]));
    assert_eq!(
        decide(&newcomer(5), &models, &free(1)),
        evicted(&["b", "c"])
    );
}

#[test]
fn nobody_goes_in_vain() {
    let models = [
        held("small", 1, Some(50)),
        held("large", 8, Some(10)),
        held("kept", 9, Some(99)),
    ];
    let mut models = models;
    models[2].pinned = true;
    // The large one alone makes room, so the small one stays though it was idle longer.
    assert_eq!(decide(&newcomer(8), &models, &free(0)), evicted(&["large"]));
    let Verdict::Impossible(no_room) = decide(&newcomer(10), &models, &free(0)) else {
        panic!("9 GB are all there is to free");
    };
    assert_eq!(no_room.available_bytes, 9 * GB);
    assert_eq!(no_room.held_by, [("kept".to_owned(), 9 * GB)]);
    assert_eq!(no_room.by_count, None);
}

/// "Evicts a model in mid-answer": LM Studio #1796, #671.
#[test]
fn a_busy_model_is_drained_and_never_ended() {
    let mut models = [held("busy", 4, None), held("idle", 1, Some(5))];
    assert_eq!(decide(&newcomer(4), &models, &free(0)), drained(&["busy"]));
    // Patience first: it may be done in a moment.
    let mut early = newcomer(4);
    early.waited = Duration::from_millis(300);
    assert_eq!(
        decide(&early, &models, &free(0)),
        Verdict::Wait(Some(Duration::from_millis(700)))
    );
    // Done with its last request: now it ends, and the other stays.
    models[0].draining = true;
    models[0].idle_for = Some(Duration::ZERO);
    assert_eq!(decide(&newcomer(4), &models, &free(0)), evicted(&["busy"]));
}

#[test]
fn alternating_traffic_does_not_thrash() {
    let mut models = [held("a", 4, None)];
    models[0].ready_for = Duration::from_secs(2);
    assert_eq!(
        decide(&newcomer(4), &models, &free(0)),
        Verdict::Wait(Some(Duration::from_secs(3)))
    );
    // Between two requests of one client.
    models[0].idle_for = Some(Duration::from_millis(100));
    assert_eq!(
        decide(&newcomer(4), &models, &free(0)),
        Verdict::Wait(Some(Duration::from_millis(400)))
    );
    models[0].idle_for = Some(QUIET);
    assert_eq!(decide(&newcomer(4), &models, &free(0)), evicted(&["a"]));
    // The user need not wait for that.
    models[0].idle_for = Some(Duration::ZERO);
    let user = Newcomer {
        by_user: true,
        waited: Duration::ZERO,
        ..newcomer(4)
    };
    assert_eq!(decide(&user, &models, &free(0)), evicted(&["a"]));
    models[0].idle_for = None;
    assert_eq!(decide(&user, &models, &free(0)), drained(&["a"]));
}

#[test]
fn a_model_that_starts_serves_first() {
    let mut models = [held("starting", 4, None)];
    models[0].stage = Stage::Starting;
    assert_eq!(decide(&newcomer(4), &models, &free(0)), Verdict::Wait(None));
    models[0].stage = Stage::Leaving;
    assert_eq!(decide(&newcomer(4), &models, &free(0)), Verdict::Wait(None));
}

/// Estimates can be wrong, and the user's word counts: LM Studio #1544, #1562.
#[test]
fn the_user_may_try_what_does_not_fit_by_estimate_but_not_beyond_the_set_limit() {
    let models = [held("a", 2, Some(10)), held("kept", 1, Some(10))];
    let mut user = newcomer(9);
    user.by_user = true;
    assert!(matches!(
        decide(&newcomer(9), &models, &free(1)),
        Verdict::Impossible(_)
    ));
    let mut pinned = models.clone();
    pinned[1].pinned = true;
    assert_eq!(decide(&user, &pinned, &free(1)), evicted(&["a"]));
    let limited = Room {
        limit_bytes: Some(8 * GB),
        ..free(100)
    };
    let Verdict::Impossible(no_room) = decide(&user, &pinned, &limited) else {
        panic!("9 GB are more than 8");
    };
    assert!(no_room.by_limit);
    assert_eq!(no_room.available_bytes, 7 * GB);
}

#[test]
fn a_limit_on_the_number_is_kept() {
    let room = Room {
        max_loaded: 2,
        ..free(100)
    };
    let mut models = [held("a", 1, Some(10)), held("b", 1, None)];
    assert_eq!(decide(&newcomer(1), &models[..1], &room), Verdict::Start);
    assert_eq!(decide(&newcomer(1), &models, &room), evicted(&["a"]));
    models[0].pinned = true;
    assert_eq!(decide(&newcomer(1), &models, &room), drained(&["b"]));
    models[1].pinned = true;
    let Verdict::Impossible(no_room) = decide(&newcomer(1), &models, &room) else {
        panic!("both are kept");
    };
    assert_eq!(no_room.by_count, Some(2));
}

#[test]
fn what_comes_back_ends_nothing() {
    let back = Newcomer {
        only_if_free: true,
        ..newcomer(3)
    };
    let models = [held("a", 9, Some(10))];
    assert_eq!(decide(&back, &models, &free(3)), Verdict::Start);
    assert!(matches!(
        decide(&back, &models, &free(2)),
        Verdict::Impossible(_)
    ));
}

#[test]
fn where_memory_is_not_known_only_the_users_bounds_count() {
    let room = Room {
        free_bytes: None,
        limit_bytes: Some(5 * GB),
        max_loaded: 0,
    };
    let models = [held("a", 2, Some(1))];
    assert_eq!(decide(&newcomer(3), &models, &room), Verdict::Start);
    assert_eq!(decide(&newcomer(4), &models, &room), evicted(&["a"]));
}

fn any_held(index: usize) -> impl Strategy<Value = Held> {
    let stage = prop_oneof![
        1 => Just(Stage::Starting),
        6 => Just(Stage::Ready),
        1 => Just(Stage::Leaving)
    ];
    (
        (1..5_u64, 1..5_u64),
        stage,
        prop::bool::weighted(0.2),
        0..12_000_u64,
        prop::option::of(0..3_000_u64),
        prop::bool::weighted(0.2),
    )
        .prop_map(
            move |((gb, back), stage, pinned, ready, idle, draining)| Held {
                key: format!("m{index}"),
                usage_bytes: gb * GB,
                gives_back_bytes: back * GB,
                stage,
                pinned,
                ready_for: Duration::from_millis(ready),
                idle_for: idle.map(Duration::from_millis),
                draining,
            },
        )
}

fn any_case() -> impl Strategy<Value = (Newcomer, Vec<Held>, Room)> {
    let models = (0..6_usize).prop_flat_map(|count| (0..count).map(any_held).collect::<Vec<_>>());
    let new = (0..12_u64, 0..4_000_u64, any::<bool>());
    let room = (
        prop::option::of(-3..8_i128),
        prop::option::of(0..20_u64),
        0..5_usize,
    );
    (new, models, room).prop_map(
        |((need, waited, by_user), held, (free, limit, max_loaded))| {
            let new = Newcomer {
                waited: Duration::from_millis(waited),
                by_user,
                ..newcomer(need)
            };
            let room = Room {
                free_bytes: free.map(|gb| gb * i128::from(GB)),
                limit_bytes: limit.map(|gb| gb * GB),
                max_loaded,
            };
            (new, held, room)
        },
    )
}

fn fits_without(new: &Newcomer, held: &[Held], room: &Room, gone: &[&str]) -> bool {
    let going = held
        .iter()
        .filter(|model| gone.contains(&model.key.as_str()));
    let freed: i128 = going
        .clone()
        .map(|model| i128::from(model.usage_bytes))
        .sum();
    let given_back: i128 = going.map(|model| i128::from(model.gives_back_bytes)).sum();
    let used: i128 = held.iter().map(|model| i128::from(model.usage_bytes)).sum();
    let need = i128::from(new.need_bytes);
    room.free_bytes.is_none_or(|free| need <= free + given_back)
        && room
            .limit_bytes
            .is_none_or(|limit| need <= i128::from(limit) - used + freed)
        && (room.max_loaded == 0 || held.len() - gone.len() < room.max_loaded)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn no_verdict_breaks_a_promise((new, models, room) in any_case()) {
        let by_key = |key: &String| models.iter().find(|model| model.key == *key).unwrap();
        let leaving: Vec<&str> = models
            .iter()
            .filter(|model| model.stage == Stage::Leaving && !model.pinned)
            .map(|model| model.key.as_str())
            .collect();
        let unpinned: Vec<&str> = models
            .iter()
            .filter(|model| !model.pinned)
            .map(|model| model.key.as_str())
            .collect();
        match decide(&new, &models, &room) {
            Verdict::Start => prop_assert!(new.by_user && unpinned.is_empty() || fits_without(&new, &models, &room, &[])),
            Verdict::Evict(keys) => {
                prop_assert!(!keys.is_empty());
                for model in keys.iter().map(by_key) {
                    prop_assert!(!model.pinned && model.stage == Stage::Ready);
                    prop_assert!(model.idle_for.is_some(), "{} is busy", model.key);
                }
                // Then it fits, unless the user wants it tried with all there is.
                let mut gone = leaving.clone();
                gone.extend(keys.iter().map(String::as_str));
                if !new.by_user {
                    prop_assert!(fits_without(&new, &models, &room, &gone));
                    // And not one of them was too many.
                    for spared in &keys {
                        let fewer: Vec<&str> = gone.iter().copied().filter(|key| key != spared).collect();
                        prop_assert!(!fits_without(&new, &models, &room, &fewer));
                    }
                }
            }
            Verdict::Drain(keys) => {
                prop_assert!(!keys.is_empty(), "draining nobody would wait for nothing");
                for model in keys.iter().map(by_key) {
                    prop_assert!(!model.pinned && model.stage == Stage::Ready && model.idle_for.is_none());
                    prop_assert!(new.by_user || model.draining || model.ready_for >= TENURE);
                }
                prop_assert!(new.by_user || new.waited >= PATIENCE);
                prop_assert!(new.by_user || fits_without(&new, &models, &room, &unpinned));
            }
            Verdict::Wait(after) => {
                // It is woken by a change that is sure to come, or by the clock.
                let comes = models.iter().any(|model| !model.pinned && model.stage != Stage::Ready);
                prop_assert!(after.is_some_and(|after| !after.is_zero()) || comes);
            }
            Verdict::Impossible(no_room) => {
                prop_assert!(!fits_without(&new, &models, &room, &unpinned));
                prop_assert_eq!(no_room.needed_bytes, new.need_bytes);
            }
        }
    }

    /// Whatever is asked again and again while requests end and tenures pass, is answered with a start or a refusal.
    #[test]
    fn everybody_gets_a_turn((mut new, mut models, mut room) in any_case()) {
        for _ in 0..40 {
            let ended = match decide(&new, &models, &room) {
                Verdict::Start | Verdict::Impossible(_) => return Ok(()),
                Verdict::Evict(keys) => keys,
                Verdict::Drain(keys) => {
                    for model in &mut models {
                        model.draining = keys.contains(&model.key);
                        if model.draining {
                            // Its last request ends; the others are busy for ever.
                            model.idle_for = Some(Duration::ZERO);
                        }
                    }
                    Vec::new()
                }
                Verdict::Wait(_) => Vec::new(),
            };
            // What ended gives its memory back; what started is ready and busy from then on.
            models.retain(|model| {
                let leaves = model.stage == Stage::Leaving || ended.contains(&model.key);
                if leaves {
                    room.free_bytes = room.free_bytes.map(|free| free + i128::from(model.gives_back_bytes));
                }
                !leaves
            });
            let step = Duration::from_millis(700);
            for model in &mut models {
                if model.stage == Stage::Starting {
                    model.stage = Stage::Ready;
                    model.ready_for = Duration::ZERO;
                    model.idle_for = None;
                }
                model.ready_for += step;
                model.idle_for = model.idle_for.map(|idle_for| idle_for + step);
            }
            new.waited += step;
        }
        prop_assert!(false, "still waiting: {new:?} {models:?} {room:?}");
    }
}
