//! What has to hold, whatever happens.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::time::Duration;

use supervisor::{Puppets, Server, ServerState};
use tokio::time::Instant;

use super::world::{Answered, Order, Request};
use super::{Bounds, KEYS, SIZES, Said};
use crate::core::Core;
use crate::error::Error;
use crate::schedule::crash::{MOST, WINDOW};
use crate::schedule::scheduler::Guarded;
use crate::schedule::state::Phase;

/// An order may take so long until everybody knows of it.
const NEWS: Duration = Duration::from_secs(3);
/// From the room that a load is given until its engine is there.
const ROOM_TO_SPAWN: Duration = Duration::from_secs(10);
/// Things are seen so late.
const LATE: Duration = Duration::from_millis(60);

/// What is known of one model.
#[derive(Default)]
struct Seen {
    /// The user loaded or unloaded it.
    ordered_at: Option<Instant>,
    unloaded_at: Option<Instant>,
    /// When the user last called off what was ordered before: unloaded it, or loaded it otherwise.
    called_off_at: Option<Instant>,
    is_other: bool,
    /// Since the user's last order.
    failures: Vec<Instant>,
    /// Whether one of them belongs to before that order cannot be told.
    unsure: bool,
    /// The breaker was open a moment ago.
    was_open: bool,
    /// Since the user's last order the breaker let a try through: one failure opens it.
    on_trial: bool,
    ready_since: Option<Instant>,
    /// Servers whose failure is counted.
    counted: HashSet<String>,
    /// One that was seen ready, while the model was kept.
    kept: Option<Server>,
    /// How long it stays is only by the limit: no user and no request said anything.
    unlike_the_limit: bool,
    idle_since: Option<Instant>,
}

pub(super) struct Watch {
    models: [Seen; KEYS.len()],
    /// What was said, and since when.
    said: Vec<(Instant, Bounds)>,
    changed_at: Instant,
    births: usize,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            models: Default::default(),
            said: Vec::new(),
            changed_at: Instant::now(),
            births: 0,
        }
    }

    pub(super) fn settings_changed(&mut self, said: &Said) {
        self.changed_at = Instant::now();
        self.said.push((self.changed_at, said.bounds));
        for (seen, is_kept) in self.models.iter_mut().zip(said.kept) {
            seen.unlike_the_limit |= is_kept;
            seen.idle_since = None;
            if !is_kept {
                seen.kept = None;
            }
        }
    }

    /// The user loads or unloads it, which forgets what was.
    pub(super) fn is_ordered(&mut self, key: usize, is_unload: bool) {
        let seen = &mut self.models[key];
        let now = Instant::now();
        seen.ordered_at = Some(now);
        seen.unloaded_at = is_unload.then_some(now).or(seen.unloaded_at);
        seen.called_off_at = is_unload.then_some(now).or(seen.called_off_at);
        seen.unlike_the_limit = true;
        seen.failures.clear();
        seen.unsure = false;
        seen.on_trial = false;
        seen.kept = None;
    }

    /// The user loads it with what is saved for it, or otherwise.
    pub(super) fn loads(&mut self, key: usize, is_other: bool) {
        let seen = &mut self.models[key];
        if seen.is_other != is_other {
            seen.called_off_at = Some(Instant::now());
        }
        seen.is_other = is_other;
    }

    pub(super) fn is_asked(&mut self, key: usize, ttl: Option<i64>) {
        self.models[key].unlike_the_limit |= ttl.is_some();
    }

    /// A request was told an error: it must be true.
    pub(super) fn refused(&self, said: &Said, request: &Request, error: &Error) {
        let seen = &self.models[request.key];
        let key = KEYS[request.key];
        let is_as_before = self.changed_at < request.since;
        let is_fresh = |at: Option<Instant>| at.is_some_and(|at| at >= request.since);
        match error.code() {
            "queue_full" => assert!(said.bounds.queue_length < 100 || !is_as_before, "{key}"),
            "model_not_loaded" => assert!(!said.bounds.on_demand || !is_as_before, "{key}"),
            "cancelled" => assert!(is_fresh(seen.unloaded_at), "nobody unloaded {key}"),
            "no_room" => assert!(
                !is_as_before || has_no_room(said, request.key),
                "{key} had room"
            ),
            "crash_loop" => assert!(
                seen.unsure
                    || seen.failures.len() >= MOST
                    || seen.was_open
                    || seen.on_trial
                    || is_fresh(seen.ordered_at),
                "{key} failed {} times only",
                seen.failures.len()
            ),
            "engine_failed" | "engine_killed" | "engine_crashed" | "engine_aborted"
            | "spawn_failed" | "not_ready" => {}
            other => panic!("{key}: {other}: {error}"),
        }
    }

    /// The user's load came to nothing. It is called off by the user alone, who unloads the model or loads it otherwise:
    /// no client that goes away does.
    pub(super) fn not_loaded(&self, order: &Order) {
        // Two at nearly the same time may come to the scheduler in either order.
        let called_off_at = self.models[order.key].called_off_at;
        let is_called_off = called_off_at.is_some_and(|at| at + NEWS > order.since);
        assert!(
            is_called_off || order.error.code() != "cancelled",
            "{} was cancelled, and by nobody",
            KEYS[order.key]
        );
    }

    pub(super) fn look(
        &mut self,
        said: &Said,
        core: &Core,
        puppets: &Puppets,
        waiting: &BTreeMap<u64, Request>,
        answered: &[Answered],
    ) {
        let guarded = core.inner.scheduler.shared.lock();
        self.bounds_are_kept(&guarded, puppets);
        self.nobody_busy_is_ended(answered);
        for (number, key) in KEYS.iter().enumerate() {
            assert!(!puppets.had_a_double(key), "two engines of {key}");
            let server = core.registry().get(key);
            self.kept_stays(said, number, server.as_ref());
            self.requests_load_only_where_they_may(said, &guarded, number);
            self.failures_are_counted(&guarded, number, server.as_ref());
            let is_busy = answered.iter().any(|one| one.key == number)
                || waiting.values().any(|one| one.key == number);
            self.idle_ends(said, &guarded, number, is_busy);
            let longest = self
                .said
                .iter()
                .map(|(_, bounds)| bounds.queue_length)
                .max();
            if let (Some(slot), Some(longest)) = (guarded.state.slots.get(*key), longest) {
                assert!(slot.waiting.len() <= longest, "{key}'s queue is too long");
                // One that the user loads anew counts from nought.
                let is_settled = self.models[number]
                    .ordered_at
                    .is_none_or(|at| at.elapsed() > NEWS);
                let leases = answered.iter().filter(|one| {
                    one.key == number && !one.lease.server().closing().is_cancelled()
                });
                assert!(
                    !is_settled || slot.in_flight >= leases.count(),
                    "a lease of {key} is not counted"
                );
            }
        }
    }

    /// Nothing is planned for requests, and none waits for what nothing brings.
    fn requests_load_only_where_they_may(&self, said: &Said, guarded: &Guarded, number: usize) {
        let is_settled = self.changed_at.elapsed() > NEWS;
        let slot = guarded.state.slots.get(KEYS[number]);
        if let Some(slot) = slot.filter(|_| is_settled && !said.bounds.on_demand) {
            let key = KEYS[number];
            let is_for_requests = slot.queued.as_ref().is_some_and(|load| load.for_requests);
            assert!(!is_for_requests, "{key} is to be loaded for a request");
            assert!(
                slot.is_loaded() || !slot.planning,
                "{key} is planned for a request"
            );
        }
    }

    /// No engine is started beside more than may be, and not before what makes room is gone.
    fn bounds_are_kept(&mut self, guarded: &Guarded, puppets: &Puppets) {
        // What one takes that the user loads anew, with other parameters, may be that of either.
        let models = &self.models;
        let is_settled = |key: &str| {
            let number = KEYS.iter().position(|known| *known == key).unwrap();
            let ordered_at = models[number].ordered_at;
            ordered_at.is_none_or(|at| at.elapsed() > ROOM_TO_SPAWN)
        };
        let need = |key: &str| {
            let slot = guarded.state.slots.get(key).filter(|_| is_settled(key));
            slot.map_or(0, |slot| slot.need_bytes)
        };
        for birth in puppets.births_after(self.births) {
            self.births += 1;
            let others: HashSet<&String> = birth
                .beside
                .iter()
                .filter(|other| **other != birth.key)
                .collect();
            let bytes = need(&birth.key) + others.iter().map(|other| need(other)).sum::<u64>();
            let fits = |bounds: &Bounds| {
                let is_few = bounds.max_loaded == 0 || others.len() < bounds.max_loaded;
                is_few && bounds.memory.is_none_or(|memory| bytes <= memory)
            };
            let mut may = false;
            for (index, (_, bounds)) in self.said.iter().enumerate() {
                let until = self.said.get(index + 1).map(|(at, _)| *at);
                let is_past = until.is_some_and(|until| until + ROOM_TO_SPAWN < birth.at);
                may |= !is_past && fits(bounds);
            }
            assert!(may, "{birth:?} with {bytes} bytes in all");
        }
    }

    fn nobody_busy_is_ended(&self, answered: &[Answered]) {
        for Answered { key, lease, since } in answered {
            let server = lease.server();
            if server.closing().is_cancelled() && server.error().is_none() {
                let ordered = self.models[*key].ordered_at;
                let is_ordered = ordered.is_some_and(|at| at + NEWS > *since);
                assert!(is_ordered, "{} was ended while it answered", KEYS[*key]);
            }
        }
    }

    fn kept_stays(&mut self, said: &Said, number: usize, server: Option<&Server>) {
        let seen = &mut self.models[number];
        if let Some(kept) = &seen.kept {
            let is_ended = kept.closing().is_cancelled() && kept.error().is_none();
            assert!(!is_ended, "{} is kept, and was ended", KEYS[number]);
        }
        let is_settled = seen.ordered_at.is_none_or(|at| at.elapsed() > NEWS);
        seen.kept = server
            .filter(|server| server.status().state == ServerState::Ready)
            .filter(|server| !server.closing().is_cancelled())
            .filter(|_| said.kept[number] && is_settled)
            .cloned();
    }

    /// Five failures in two minutes and no fewer open the breaker, and until then the pauses grow. One that it let through
    /// opens it again.
    fn failures_are_counted(&mut self, guarded: &Guarded, number: usize, server: Option<&Server>) {
        let (seen, now) = (&mut self.models[number], Instant::now());
        let Some(slot) = guarded.state.slots.get(KEYS[number]) else {
            return;
        };
        let failed = server.filter(|server| server.status().state == ServerState::Failed);
        let is_new = failed.is_some_and(|server| seen.counted.insert(server.api_key().to_owned()));
        if is_new {
            seen.unsure |= seen.ordered_at.is_some_and(|at| at.elapsed() < NEWS);
            seen.failures.push(now);
            // One at the edge of the window may count or not.
            let edge = |at: &Instant| now.duration_since(*at).abs_diff(WINDOW) < LATE;
            seen.unsure |= seen.failures.iter().any(edge);
            seen.failures.retain(|at| now.duration_since(*at) <= WINDOW);
        }
        let is_open = slot.broken.is_some();
        // What the user said closes it too.
        let is_settled = seen.ordered_at.is_none_or(|at| at.elapsed() > NEWS);
        seen.on_trial |= seen.was_open && is_settled && (!is_open || is_new);
        seen.was_open = is_open && is_settled;
        if let Phase::Ready { since, .. } = slot.phase {
            seen.ready_since = Some(since);
        }
        if is_new && let Some(since) = seen.ready_since.take() {
            seen.unsure |= since.elapsed().abs_diff(WINDOW) < LATE;
            seen.on_trial &= since.elapsed() < WINDOW;
        }
        if seen.unsure {
            return;
        }
        let count = seen.failures.len();
        if is_new {
            assert_eq!(
                is_open,
                count >= MOST || seen.on_trial,
                "{} failed {count} times",
                KEYS[number]
            );
        }
        if let (true, false, Some(until)) = (is_new, is_open, slot.not_before) {
            let doublings = u32::try_from(count - 1).unwrap();
            let pause = Duration::from_millis(250) * 2_u32.pow(doublings);
            let left = until.saturating_duration_since(now);
            let (least, most) = (pause.mul_f64(0.75), pause.mul_f64(1.25));
            assert!(
                left <= most && left + LATE >= least,
                "{left:?} after {count} failures"
            );
        }
    }

    fn idle_ends(&mut self, said: &Said, guarded: &Guarded, number: usize, is_busy: bool) {
        let seen = &mut self.models[number];
        let slot = guarded.state.slots.get(KEYS[number]);
        let is_ready = slot
            .is_some_and(|slot| matches!(slot.phase, Phase::Ready { .. }) && slot.queued.is_none());
        if !is_ready || is_busy {
            seen.idle_since = None;
            return;
        }
        let idle_since = *seen.idle_since.get_or_insert_with(Instant::now);
        if let (Ok(seconds), false) = (
            u64::try_from(said.bounds.idle_seconds),
            seen.unlike_the_limit,
        ) {
            let most = Duration::from_secs(seconds) + LATE;
            assert!(idle_since.elapsed() <= most, "{} stays", KEYS[number]);
        }
    }

    /// Where everything is, for a failure's message.
    pub(super) fn tell(&self, core: &Core) -> String {
        let guarded = core.inner.scheduler.shared.lock();
        let mut text = String::new();
        for (key, slot) in &guarded.state.slots {
            let phase = match &slot.phase {
                Phase::Absent => "absent",
                Phase::Starting => "starting",
                Phase::Ready { .. } => "ready",
                Phase::Leaving => "leaving",
                Phase::BackOff { .. } => "back-off",
                Phase::Failed => "failed",
            };
            let _ = write!(
                text,
                "\n{key}: {phase}, {} in flight, {} waiting, queued {:?}, planning {}, draining {}",
                slot.in_flight,
                slot.waiting.len(),
                slot.queued,
                slot.planning,
                slot.draining
            );
        }
        text
    }
}

/// Not even if all that may end ended. Any of those that are kept may be loaded.
fn has_no_room(said: &Said, key: usize) -> bool {
    let kept = || (0..KEYS.len()).filter(|other| *other != key && said.kept[*other]);
    let bytes = SIZES[key] + kept().map(|other| SIZES[other]).sum::<u64>();
    let by_memory = said.bounds.memory.is_some_and(|memory| bytes > memory);
    by_memory || (said.bounds.max_loaded > 0 && kept().count() >= said.bounds.max_loaded)
}
