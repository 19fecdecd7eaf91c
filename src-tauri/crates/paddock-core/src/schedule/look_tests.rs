//! Queues, room and idle time with the clock in the test's hand and no child: the server's handle is a number.

use std::time::Duration;

use settings::ModelEntry;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::time::{Instant, advance};

use super::*;
use crate::error::Error;
use crate::schedule::state::{Grant, Place, Turn};

const GB: u64 = 1_000_000_000;

struct World {
    state: State<u32>,
    settings: SettingsDocument,
    free_gb: i128,
    last_load: u64,
}

type Seat = tokio::sync::oneshot::Receiver<Turn<u32>>;

impl World {
    /// 8 GB are free for the models `a` to `d`, which take 4 GB each.
    fn new() -> Self {
        let mut settings = SettingsDocument::default();
        for key in ["a", "b", "c", "d"] {
            let entry = ModelEntry::new(format!("/{key}.gguf").into());
            settings.models.insert(key.to_owned(), entry);
        }
        Self {
            state: State::default(),
            settings,
            free_gb: 8,
            last_load: 0,
        }
    }

    fn look(&mut self) -> Look<u32> {
        let loaded: Vec<String> = self
            .state
            .slots
            .iter()
            .filter(|(_, slot)| matches!(slot.phase, Phase::Ready { .. } | Phase::Leaving))
            .map(|(key, _)| key.clone())
            .collect();
        let taken = i128::try_from(loaded.len()).unwrap() * 4;
        let measured = Measured {
            free_bytes: Some((self.free_gb - taken) * i128::from(GB)),
            by_key: loaded.into_iter().map(|key| (key, 4 * GB)).collect(),
        };
        self.state.look(&measured, &self.settings, Instant::now())
    }

    /// What the dispatcher does: plans what is wanted, and looks again.
    fn round(&mut self) -> Look<u32> {
        let look = self.look();
        for (key, since) in &look.wanted {
            self.queue(key, *since, false);
        }
        if look.wanted.is_empty() {
            look
        } else {
            self.look()
        }
    }

    fn queue(&mut self, key: &str, since: Instant, by_user: bool) {
        self.last_load += 1;
        let slot = self.state.slot(key, Instant::now());
        slot.planning = false;
        slot.queued = Some(Queued {
            load: self.last_load,
            need_bytes: 4 * GB,
            since,
            is_urgent: by_user,
            for_requests: !by_user,
            by_user,
            only_if_free: false,
        });
    }

    fn ask(&mut self, key: &str) -> Result<Place<u32>, Error> {
        self.state.take(key, None, &self.settings, Instant::now())
    }

    fn wait_for(&mut self, key: &str) -> (u64, Seat) {
        match self.ask(key).unwrap() {
            Place::Later(id, seat) => (id, seat),
            Place::Now(_) => panic!("{key} has a place at once"),
        }
    }

    fn sit(&mut self, key: &str) -> Grant<u32> {
        match self.ask(key).unwrap() {
            Place::Now(grant) => grant,
            Place::Later(..) => panic!("{key} has to wait"),
        }
    }

    fn ready(&mut self, key: &str) {
        self.state.is_ready(key, 7, Instant::now());
    }

    fn give_back(&mut self, grant: &Grant<u32>) -> bool {
        let now = Instant::now();
        self.state
            .give_back(&grant.key, grant.generation, &self.settings, now)
    }

    fn gone(&mut self, key: &str) {
        let slot = self.state.slot(key, Instant::now());
        assert!(matches!(slot.phase, Phase::Leaving), "{key} was ended");
        slot.phase = Phase::Absent;
    }

    /// Loaded by the user, and idle.
    fn load(&mut self, key: &str) {
        self.queue(key, Instant::now(), true);
        let admitted = self.look().admitted;
        assert_eq!(admitted.len(), 1, "{key} has room");
        self.ready(key);
    }
}

fn keys<S>(admitted: &[Admitted<S>]) -> Vec<&str> {
    admitted.iter().map(|one| one.key.as_str()).collect()
}

fn victims<S>(admitted: &Admitted<S>) -> Vec<&str> {
    admitted
        .victims
        .iter()
        .map(|one| one.key.as_str())
        .collect()
}

/// Several just-in-time requests load several copies: LM Studio #1751.
#[tokio::test(start_paused = true)]
async fn fifty_first_requests_are_one_load_and_fifty_places() {
    let mut world = World::new();
    let mut seats: Vec<Seat> = (0..50).map(|_| world.wait_for("a").1).collect();
    let look = world.look();
    assert_eq!(look.wanted.len(), 1);
    assert!(world.look().wanted.is_empty(), "it is being planned");
    world.queue("a", Instant::now(), false);
    assert_eq!(keys(&world.look().admitted), ["a"]);
    seats.extend((0..3).map(|_| world.wait_for("a").1));
    world.ready("a");
    assert!(
        seats
            .iter_mut()
            .all(|seat| seat.try_recv().unwrap().is_ok())
    );
    assert_eq!(world.state.slots["a"].in_flight, 53);
    world.sit("a");
    assert_eq!(world.state.slots["a"].counts.loads, 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_says_so_and_who_leaves_makes_a_place() {
    let mut world = World::new();
    world.settings.limits.queue_length = 2;
    let (first, _seat) = world.wait_for("a");
    let _second = world.wait_for("a");
    let full = world.ask("a").err().unwrap();
    assert_eq!(full.code(), "queue_full");
    // The other model's queue is its own.
    let _other = world.wait_for("b");
    assert!(world.state.leave("a", first));
    assert!(!world.state.leave("a", first), "it left already");
    world.wait_for("a");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_any_more_is_not_loaded() {
    let mut world = World::new();
    let (id, _seat) = world.wait_for("a");
    world.look();
    world.queue("a", Instant::now(), false);
    world.state.leave("a", id);
    let look = world.look();
    assert!(look.admitted.is_empty());
    assert_eq!(look.abandoned, [("a".to_owned(), 1)]);
    assert!(world.look().wanted.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_load_that_fails_tells_everyone_the_same() {
    let mut world = World::new();
    let mut seats: Vec<Seat> = (0..3).map(|_| world.wait_for("a").1).collect();
    world.round();
    let error = std::sync::Arc::new(Error::NoEngine);
    world.state.refuse_waiting("a", &error);
    for seat in &mut seats {
        let told = seat.try_recv().unwrap().err().unwrap();
        assert!(std::sync::Arc::ptr_eq(&told, &error));
    }
}

#[tokio::test(start_paused = true)]
async fn requests_load_nothing_where_the_user_does_not_want_it() {
    let mut world = World::new();
    world.settings.gateway.load_on_demand = false;
    assert_eq!(world.ask("a").err().unwrap().code(), "model_not_loaded");
    // One that is loading is as good as loaded.
    world.queue("a", Instant::now(), true);
    let (_, mut seat) = world.wait_for("a");
    world.look();
    world.ready("a");
    assert!(seat.try_recv().unwrap().is_ok());
}

/// The user loads another in its place, and clients wait still: to load theirs again would end what the user just loaded.
#[tokio::test(start_paused = true)]
async fn who_waits_for_what_the_user_put_away_loads_nothing_by_hand_only() {
    let mut world = World::new();
    world.settings.gateway.load_on_demand = false;
    world.settings.limits.max_loaded = 1;
    world.load("a");
    let stream = world.sit("a");
    world.queue("b", Instant::now(), true);
    assert!(world.look().admitted.is_empty(), "the first is busy");
    let (_, mut waits) = world.wait_for("a");
    world.give_back(&stream);
    assert_eq!(victims(&world.look().admitted[0]), ["a"]);
    world.gone("a");
    world.ready("b");
    let look = world.round();
    assert!(look.wanted.is_empty() && look.admitted.is_empty());
    let told = waits.try_recv().unwrap().err().unwrap();
    assert_eq!(told.code(), "model_not_loaded");
}

/// The switch counts for what waits already.
#[tokio::test(start_paused = true)]
async fn what_was_planned_for_requests_is_given_up_when_they_may_load_nothing() {
    let mut world = World::new();
    world.load("a");
    world.load("b");
    let _busy = (world.sit("a"), world.sit("b"));
    let (_, mut waits) = world.wait_for("c");
    assert!(world.round().admitted.is_empty());
    world.settings.gateway.load_on_demand = false;
    let look = world.look();
    assert_eq!(look.abandoned.len(), 1);
    let told = waits.try_recv().unwrap().err().unwrap();
    assert_eq!(told.code(), "model_not_loaded");
    assert!(look.wanted.is_empty());
}

/// Steady, overlapping traffic on one model must not starve another.
#[tokio::test(start_paused = true)]
async fn overlapping_traffic_gives_way_and_comes_back() {
    let mut world = World::new();
    world.free_gb = 4;
    world.load("a");
    advance(Duration::from_secs(60)).await;
    let mut stream = world.sit("a");
    let (_, mut newcomer) = world.wait_for("b");
    assert!(world.round().admitted.is_empty());
    // Patience: there is always one request on its way.
    for _ in 0..12 {
        advance(Duration::from_millis(100)).await;
        if let Some(next) = world.state.try_take("a", None) {
            assert!(world.give_back(&stream) || world.state.slots["a"].in_flight > 0);
            stream = next;
        }
        assert!(world.look().admitted.is_empty(), "it is busy");
    }
    assert!(world.state.slots["a"].draining);
    assert!(world.state.try_take("a", None).is_none(), "new ones wait");
    let (_, mut waits) = world.wait_for("a");
    assert!(world.give_back(&stream), "the newcomer waits for this");
    let look = world.look();
    assert_eq!(keys(&look.admitted), ["b"]);
    assert_eq!(victims(&look.admitted[0]), ["a"]);
    world.gone("a");
    world.ready("b");
    let b = newcomer.try_recv().unwrap().unwrap();
    // And back: who waits for the first is next, after the newcomer's tenure.
    assert!(world.round().admitted.is_empty());
    for _ in 0..60 {
        advance(Duration::from_millis(100)).await;
        world.look();
    }
    assert!(world.state.slots["b"].draining);
    assert_eq!(waits.try_recv().err(), Some(TryRecvError::Empty));
    world.give_back(&b);
    assert_eq!(keys(&world.look().admitted), ["a"]);
    world.gone("b");
    world.ready("a");
    assert!(waits.try_recv().unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn who_no_longer_wants_room_lets_the_drained_go_on() {
    let mut world = World::new();
    world.free_gb = 4;
    world.load("a");
    advance(Duration::from_secs(60)).await;
    let _stream = world.sit("a");
    let (id, _seat) = world.wait_for("b");
    world.round();
    advance(Duration::from_secs(2)).await;
    world.look();
    let (_, mut waits) = world.wait_for("a");
    assert_eq!(waits.try_recv().err(), Some(TryRecvError::Empty));
    world.state.leave("b", id);
    world.look();
    assert!(waits.try_recv().unwrap().is_ok());
    assert_eq!(world.state.slots["a"].in_flight, 2);
}

#[tokio::test(start_paused = true)]
async fn the_oldest_waiter_gets_the_room() {
    let mut world = World::new();
    world.load("a");
    world.load("b");
    let stream = (world.sit("a"), world.sit("b"));
    advance(Duration::from_secs(60)).await;
    let _c = world.wait_for("c");
    world.round();
    advance(Duration::from_millis(10)).await;
    let _d = world.wait_for("d");
    world.round();
    advance(Duration::from_secs(2)).await;
    world.look();
    let drains = |world: &World| -> Vec<String> {
        let slots = world.state.slots.iter();
        slots
            .filter(|(_, slot)| slot.draining)
            .map(|(key, _)| key.clone())
            .collect()
    };
    assert_eq!(drains(&world).len(), 1, "one makes room for the first");
    world.give_back(&stream.0);
    world.give_back(&stream.1);
    let look = world.look();
    assert_eq!(keys(&look.admitted), ["c", "d"]);
}

#[tokio::test(start_paused = true)]
async fn idle_models_end_when_their_time_is_over() {
    let mut world = World::new();
    world.settings.limits.idle_seconds = 100;
    world.settings.models["c"].ttl_seconds = Some(10);
    world.settings.models["d"].keep_loaded = true;
    world.free_gb = 100;
    // The user's own stays.
    world.load("a");
    let (_, _seat) = world.wait_for("b");
    world.round();
    world.ready("b");
    world.load("c");
    let (_, _kept) = world.wait_for("d");
    world.round();
    world.ready("d");
    for key in ["b", "d"] {
        let generation = world.state.slots[key].generation;
        let grant = Grant {
            server: 7,
            key: key.into(),
            generation,
        };
        world.give_back(&grant);
    }
    let ended = |look: Look<u32>| -> Vec<String> {
        look.idle.into_iter().map(|ending| ending.key).collect()
    };
    assert!(ended(world.look()).is_empty());
    let next = world.state.next_look.unwrap() - Instant::now();
    assert_eq!(next, Duration::from_secs(10), "it sleeps until then");
    advance(Duration::from_secs(10)).await;
    assert_eq!(ended(world.look()), ["c"]);
    world.gone("c");
    // Each request begins the time anew, and wakes nobody for it.
    advance(Duration::from_secs(50)).await;
    let grant = world.sit("b");
    advance(Duration::from_secs(60)).await;
    assert!(ended(world.look()).is_empty(), "it is busy");
    assert!(world.give_back(&grant), "nothing else would have woken it");
    assert!(ended(world.look()).is_empty());
    let grant = world.sit("b");
    assert!(!world.give_back(&grant), "the next look comes by itself");
    advance(Duration::from_secs(100)).await;
    assert_eq!(ended(world.look()), ["b"]);
    advance(Duration::from_secs(100_000)).await;
    assert!(ended(world.look()).is_empty(), "kept, and the user's own");
}

#[tokio::test(start_paused = true)]
async fn nought_ends_after_the_last_request_and_less_never() {
    let mut world = World::new();
    let place = |world: &mut World, ttl| {
        let now = Instant::now();
        world.state.take("a", Some(ttl), &world.settings, now)
    };
    world.load("a");
    world.state.slot("a", Instant::now()).ttl_seconds = Some(0);
    assert!(world.look().idle.is_empty(), "nobody asked it yet");
    let Ok(Place::Now(grant)) = place(&mut world, 0) else {
        panic!("it is ready");
    };
    assert!(world.look().idle.is_empty(), "it is busy");
    assert!(world.give_back(&grant));
    assert_eq!(world.look().idle.len(), 1);

    let mut world = World::new();
    world.load("a");
    let Ok(Place::Now(grant)) = place(&mut world, -1) else {
        panic!("it is ready");
    };
    assert!(!world.give_back(&grant));
    advance(Duration::from_secs(1_000_000)).await;
    assert!(world.look().idle.is_empty());
    assert_eq!(world.state.next_look, None);
}

/// Those who asked for it left while it was loading.
#[tokio::test(start_paused = true)]
async fn what_ends_at_once_ends_though_nobody_is_left_to_ask_it() {
    let mut world = World::new();
    world.settings.limits.idle_seconds = 0;
    let (id, seat) = world.wait_for("a");
    assert_eq!(keys(&world.round().admitted), ["a"]);
    drop(seat);
    assert!(world.state.leave("a", id));
    world.ready("a");
    let idle = world.look().idle;
    assert_eq!(idle.len(), 1, "it would stay for ever");
}

#[tokio::test(start_paused = true)]
async fn requests_after_a_crash_wait_for_the_pause() {
    let mut world = World::new();
    let slot = world.state.slot("a", Instant::now());
    slot.phase = Phase::Failed;
    slot.not_before = Some(Instant::now() + Duration::from_millis(250));
    let _seat = world.wait_for("a");
    assert!(world.look().wanted.is_empty());
    advance(Duration::from_millis(250)).await;
    assert_eq!(world.look().wanted.len(), 1);
    // One that is wanted by the user comes back by itself.
    let slot = world.state.slot("b", Instant::now());
    slot.phase = Phase::BackOff {
        until: Instant::now() + Duration::from_secs(1),
    };
    assert!(world.look().restart.is_empty());
    advance(Duration::from_secs(1)).await;
    assert_eq!(world.look().restart, ["b"]);
    assert!(world.look().restart.is_empty());
}

#[tokio::test(start_paused = true)]
async fn leases_of_an_earlier_start_do_not_count() {
    let mut world = World::new();
    world.load("a");
    let old = world.sit("a");
    // Loaded anew with other parameters, while it answers: the user's word.
    world.load("a");
    let new = world.sit("a");
    assert!(!world.give_back(&old));
    assert_eq!(world.state.slots["a"].in_flight, 1);
    world.give_back(&new);
    assert_eq!(world.state.slots["a"].in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn in_the_end_everyone_is_told() {
    let mut world = World::new();
    let (_, mut seat) = world.wait_for("a");
    world.state.close();
    let told = seat.try_recv().unwrap().err().unwrap();
    assert_eq!(told.code(), "shutting_down");
    assert_eq!(world.ask("a").err().unwrap().code(), "shutting_down");
    let look = world.look();
    assert!(look.wanted.is_empty() && world.state.next_look.is_none());
}
