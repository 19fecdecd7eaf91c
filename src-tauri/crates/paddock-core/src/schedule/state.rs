//! What is known of each model while requests come and go, and what is to be done next. Nothing here waits, measures or
//! starts anything: the time and the memory are given, and what is to be done is returned. `S` is the handle of a
//! running server, so that all of it can be tried without one.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use settings::SettingsDocument;
use supervisor::milliseconds_since_epoch;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::error::Error;
use crate::schedule::counters::SchedulingCounts;
use crate::schedule::crash::Crashes;
use crate::schedule::error::ScheduleError;
use crate::status::CrashReport;

/// A place at a model: what a lease is made of.
#[derive(Debug, Clone)]
pub(crate) struct Grant<S> {
    pub(crate) server: S,
    pub(crate) key: Arc<str>,
    /// Which start of the model it is for: leases of an earlier one count no more.
    pub(crate) generation: u64,
}

/// What a waiting request is told.
pub(crate) type Turn<S> = Result<Grant<S>, Arc<Error>>;

/// A request that waits.
pub(crate) struct Waiter<S> {
    pub(crate) id: u64,
    pub(crate) since: Instant,
    turn: oneshot::Sender<Turn<S>>,
}

/// Where a model is in its life.
pub(crate) enum Phase<S> {
    /// It has no process.
    Absent,
    /// It has room, and is being started.
    Starting,
    /// It answers.
    Ready { server: S, since: Instant },
    /// It is being ended by us.
    Leaving,
    /// It crashed, and is started again then.
    BackOff { until: Instant },
    /// It crashed or did not start, and nobody wanted it again.
    Failed,
}

/// A load that was planned and waits for room.
#[derive(Debug, Clone)]
pub(crate) struct Queued {
    /// The load's number.
    pub(crate) load: u64,
    pub(crate) need_bytes: u64,
    pub(crate) since: Instant,
    /// It need not be patient: the user asked for it.
    pub(crate) is_urgent: bool,
    /// It is for nobody but the requests that wait.
    pub(crate) for_requests: bool,
    /// The user wants it, and not only a request.
    pub(crate) by_user: bool,
    /// It ends nothing to come back.
    pub(crate) only_if_free: bool,
}

/// One model.
pub(crate) struct Slot<S> {
    pub(crate) key: Arc<str>,
    pub(crate) phase: Phase<S>,
    pub(crate) generation: u64,
    pub(crate) in_flight: usize,
    pub(crate) last_used: Instant,
    pub(crate) idle_since: u64,
    /// It was asked at least once since it started.
    pub(crate) used: bool,
    /// It makes room: new requests wait.
    pub(crate) draining: bool,
    pub(crate) waiting: VecDeque<Waiter<S>>,
    pub(crate) queued: Option<Queued>,
    /// A load for waiting requests is being planned.
    pub(crate) planning: bool,
    /// The user loaded it, and did not unload it since.
    pub(crate) by_user: bool,
    /// What a request or a load said of how long it stays.
    pub(crate) ttl_seconds: Option<i64>,
    /// What it was predicted to take, while it runs.
    pub(crate) need_bytes: u64,
    pub(crate) crashes: Crashes,
    /// Requests do not bring it back sooner than this after a failure.
    pub(crate) not_before: Option<Instant>,
    pub(crate) last_crash: Option<CrashReport>,
    /// The breaker is open: it failed too often. The user's word closes it, and a request after a while for one try.
    pub(crate) broken: Option<ScheduleError>,
    pub(crate) counts: SchedulingCounts,
}

/// All models that were ever wanted.
pub(crate) struct State<S> {
    pub(crate) slots: HashMap<String, Slot<S>>,
    next_id: u64,
    /// Nothing is taken any more.
    pub(crate) closed: bool,
    /// A load waits for room: the end of a request may matter to it.
    pub(crate) wants_room: bool,
    /// When the next look is due by itself.
    pub(crate) next_look: Option<Instant>,
}

/// What became of a request that wants a place.
pub(crate) enum Place<S> {
    /// It has one.
    Now(Grant<S>),
    /// It waits; its number is for leaving.
    Later(u64, oneshot::Receiver<Turn<S>>),
}

impl<S> Default for State<S> {
    fn default() -> Self {
        Self {
            slots: HashMap::new(),
            next_id: 0,
            closed: false,
            wants_room: false,
            next_look: None,
        }
    }
}

impl<S> Slot<S> {
    fn new(key: &str, now: Instant) -> Self {
        Self {
            key: key.into(),
            phase: Phase::Absent,
            generation: 0,
            in_flight: 0,
            last_used: now,
            idle_since: milliseconds_since_epoch(),
            used: false,
            draining: false,
            waiting: VecDeque::new(),
            queued: None,
            planning: false,
            by_user: false,
            ttl_seconds: None,
            need_bytes: 0,
            crashes: Crashes::default(),
            not_before: None,
            last_crash: None,
            broken: None,
            counts: SchedulingCounts::default(),
        }
    }

    /// It has a process, or is about to.
    pub(crate) fn has_memory(&self) -> bool {
        matches!(
            self.phase,
            Phase::Starting | Phase::Ready { .. } | Phase::Leaving
        )
    }

    /// It answers, will answer, or waits to.
    pub(crate) fn is_loaded(&self) -> bool {
        self.queued.is_some()
            || matches!(
                self.phase,
                Phase::Starting | Phase::Ready { .. } | Phase::BackOff { .. }
            )
    }

    /// Everyone who waits is told this.
    pub(crate) fn refuse_waiting(&mut self, error: &Arc<Error>) {
        for waiter in self.waiting.drain(..) {
            let _ = waiter.turn.send(Err(Arc::clone(error)));
        }
    }

    /// Seconds without a request after which it ends: what was asked for, else what is saved for it, else the limit, which
    /// is for models that a request loaded. Negative is never.
    pub(crate) fn ttl(&self, settings: &SettingsDocument) -> i64 {
        let entry = settings.models.get(&*self.key);
        if entry.is_some_and(|entry| entry.keep_loaded) {
            return -1;
        }
        let of_model = entry.and_then(|entry| entry.ttl_seconds);
        match self.ttl_seconds.or(of_model) {
            Some(seconds) => seconds,
            None if self.by_user => -1,
            None => settings.limits.idle_seconds,
        }
    }

    /// When it ends for want of requests, if nothing changes.
    pub(crate) fn ends_at(&self, settings: &SettingsDocument) -> Option<Instant> {
        let Phase::Ready { since, .. } = self.phase else {
            return None;
        };
        let ttl = u64::try_from(self.ttl(settings)).ok()?;
        let is_idle = self.in_flight == 0 && self.waiting.is_empty() && self.queued.is_none();
        // What the user loaded to end after its last request has to have had one. Where those who asked for it have left
        // before it was ready, there is nothing to wait for.
        if !is_idle || (ttl == 0 && !self.used && self.by_user) {
            return None;
        }
        self.last_used
            .max(since)
            .checked_add(Duration::from_secs(ttl))
    }
}

impl<S: Clone> State<S> {
    pub(crate) fn slot(&mut self, key: &str, now: Instant) -> &mut Slot<S> {
        if !self.slots.contains_key(key) {
            self.slots.insert(key.to_owned(), Slot::new(key, now));
        }
        // It is there now.
        self.slots
            .entry(key.to_owned())
            .or_insert_with(|| Slot::new(key, now))
    }

    /// A place now, where the model is ready and nobody is ahead.
    pub(crate) fn try_take(&mut self, key: &str, ttl: Option<i64>) -> Option<Grant<S>> {
        let slot = self.slots.get_mut(key)?;
        let Phase::Ready { server, .. } = &slot.phase else {
            return None;
        };
        if slot.draining {
            return None;
        }
        let grant = Grant {
            server: server.clone(),
            key: Arc::clone(&slot.key),
            generation: slot.generation,
        };
        slot.in_flight += 1;
        slot.used = true;
        slot.ttl_seconds = ttl.or(slot.ttl_seconds);
        Some(grant)
    }

    /// A place now or later. The order in which requests come is the order in which they are served.
    ///
    /// # Errors
    /// The model may not be loaded, failed too often, or too many wait already.
    pub(crate) fn take(
        &mut self,
        key: &str,
        ttl: Option<i64>,
        settings: &SettingsDocument,
        now: Instant,
    ) -> Result<Place<S>, Error> {
        if self.closed {
            return Err(Error::ShuttingDown);
        }
        if let Some(grant) = self.try_take(key, ttl) {
            return Ok(Place::Now(grant));
        }
        self.next_id += 1;
        let id = self.next_id;
        let slot = self.slot(key, now);
        let may_load = settings.gateway.load_on_demand;
        if let Some(broken) = &slot.broken
            && !(may_load && slot.crashes.may_be_tried(now))
        {
            return Err(broken.clone().into());
        }
        let key = || key.to_owned();
        if !may_load && !slot.is_loaded() {
            return Err(ScheduleError::NotLoaded { key: key() }.into());
        }
        let length = settings.limits.queue_length;
        if slot.waiting.len() >= length {
            return Err(ScheduleError::QueueFull { key: key(), length }.into());
        }
        if slot.broken.take().is_some() {
            slot.crashes.try_once();
        }
        let (turn, receiver) = oneshot::channel();
        slot.ttl_seconds = ttl.or(slot.ttl_seconds);
        slot.waiting.push_back(Waiter {
            id,
            since: now,
            turn,
        });
        Ok(Place::Later(id, receiver))
    }

    /// A request goes away while it waits. Returns whether it waited still; else it has been told its turn.
    pub(crate) fn leave(&mut self, key: &str, id: u64) -> bool {
        let Some(slot) = self.slots.get_mut(key) else {
            return false;
        };
        let before = slot.waiting.len();
        slot.waiting.retain(|waiter| waiter.id != id);
        slot.waiting.len() < before
    }

    /// A request has been answered. Returns whether somebody should look at what that means: not for each of the many
    /// that change nothing.
    pub(crate) fn give_back(
        &mut self,
        key: &str,
        generation: u64,
        settings: &SettingsDocument,
        now: Instant,
    ) -> bool {
        let wants_room = self.wants_room;
        let Some(slot) = self.slots.get_mut(key) else {
            return false;
        };
        if slot.generation != generation {
            return false;
        }
        slot.in_flight = slot.in_flight.saturating_sub(1);
        slot.last_used = now;
        if slot.in_flight > 0 {
            return false;
        }
        slot.idle_since = milliseconds_since_epoch();
        let ends_at = slot.ends_at(settings);
        let is_sooner = ends_at.is_some_and(|end| self.next_look.is_none_or(|look| end < look));
        wants_room || slot.draining || is_sooner
    }

    /// The model is being started: a new count of leases begins.
    pub(crate) fn starts(&mut self, key: &str, queued: &Queued, now: Instant) {
        let slot = self.slot(key, now);
        slot.queued = None;
        slot.phase = Phase::Starting;
        slot.generation += 1;
        slot.in_flight = 0;
        slot.used = false;
        slot.draining = false;
        slot.not_before = None;
        slot.need_bytes = queued.need_bytes;
        slot.by_user = queued.by_user;
    }

    /// The model is ready: everyone who waits gets a place, in order.
    pub(crate) fn is_ready(&mut self, key: &str, server: S, now: Instant) {
        let slot = self.slot(key, now);
        slot.phase = Phase::Ready { server, since: now };
        slot.last_used = now;
        slot.idle_since = milliseconds_since_epoch();
        slot.counts.loads += 1;
        serve_waiting(slot);
    }

    /// Nobody has to wait for this one any more.
    pub(crate) fn undrain(&mut self, key: &str) {
        if let Some(slot) = self.slots.get_mut(key) {
            slot.draining = false;
            serve_waiting(slot);
        }
    }

    /// The load failed, or may not be: everyone who waits is told the same.
    pub(crate) fn refuse_waiting(&mut self, key: &str, error: &Arc<Error>) {
        if let Some(slot) = self.slots.get_mut(key) {
            slot.refuse_waiting(error);
        }
    }

    /// Everyone is told that it is over.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.refuse_all(&Arc::new(Error::ShuttingDown));
    }

    /// Everyone who waits is told this.
    pub(crate) fn refuse_all(&mut self, error: &Arc<Error>) {
        let keys: Vec<String> = self.slots.keys().cloned().collect();
        for key in keys {
            self.refuse_waiting(&key, error);
        }
    }

    /// Models that answer, will answer, or wait to.
    pub(crate) fn loaded(&self) -> Vec<String> {
        let slots = self.slots.iter();
        let mut keys: Vec<String> = slots
            .filter(|(_, slot)| slot.is_loaded())
            .map(|(key, _)| key.clone())
            .collect();
        keys.sort();
        keys
    }
}

fn serve_waiting<S: Clone>(slot: &mut Slot<S>) {
    let Phase::Ready { server, .. } = &slot.phase else {
        return;
    };
    for waiter in slot.waiting.drain(..) {
        let grant = Grant {
            server: server.clone(),
            key: Arc::clone(&slot.key),
            generation: slot.generation,
        };
        // Who goes away leaves the queue first, so the turn reaches somebody who gives it back.
        if waiter.turn.send(Ok(grant)).is_ok() {
            slot.in_flight += 1;
            slot.used = true;
        }
    }
}
