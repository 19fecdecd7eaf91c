//! What is to be done next: which models end for want of requests, which are started again, which loads are planned for
//! requests that wait, and which planned ones get room.

use std::collections::HashMap;
use std::sync::Arc;

use settings::SettingsDocument;
use tokio::time::Instant;

use crate::error::Error;
use crate::schedule::decide::{Held, Newcomer, Room, Stage, Verdict, decide};
use crate::schedule::error::{NoRoom, ScheduleError};
use crate::schedule::state::{Phase, Queued, Slot, State};

/// Memory as it was measured a moment ago.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measured {
    /// Bytes that are free for models beside those that run; none where the system does not say.
    pub(crate) free_bytes: Option<i128>,
    /// Bytes that each model's process holds.
    pub(crate) by_key: HashMap<String, u64>,
}

/// A model that is to be ended now. Its slot says so already.
pub(crate) struct Ending<S> {
    pub(crate) key: String,
    pub(crate) server: S,
    /// How it was loaded, should it come back.
    pub(crate) by_user: bool,
    pub(crate) ttl_seconds: Option<i64>,
}

/// A load that has room once these are gone. Its slot says so already.
pub(crate) struct Admitted<S> {
    pub(crate) key: String,
    pub(crate) load: u64,
    pub(crate) generation: u64,
    pub(crate) victims: Vec<Ending<S>>,
}

/// What is to be done.
pub(crate) struct Look<S> {
    /// These have been idle for long enough.
    pub(crate) idle: Vec<Ending<S>>,
    /// Requests wait for these since then.
    pub(crate) wanted: Vec<(String, Instant)>,
    /// These crashed, and their pause is over.
    pub(crate) restart: Vec<String>,
    pub(crate) admitted: Vec<Admitted<S>>,
    /// Nobody waits for these any more.
    pub(crate) abandoned: Vec<(String, u64)>,
    /// These do not fit.
    pub(crate) refused: Vec<(String, u64, NoRoom)>,
    /// Something that is shown is another now.
    pub(crate) has_changed: bool,
}

impl<S: Clone> State<S> {
    /// Whether memory has to be measured for the next look.
    pub(crate) fn needs_measuring(&self) -> bool {
        self.slots.values().any(|slot| slot.queued.is_some())
    }

    /// Decides, changes the slots accordingly, and says what follows. When to look again by itself is in `next_look`.
    pub(crate) fn look(
        &mut self,
        measured: &Measured,
        settings: &SettingsDocument,
        now: Instant,
    ) -> Look<S> {
        let mut look = Look {
            idle: Vec::new(),
            wanted: Vec::new(),
            restart: Vec::new(),
            admitted: Vec::new(),
            abandoned: Vec::new(),
            refused: Vec::new(),
            has_changed: false,
        };
        self.next_look = None;
        if self.closed {
            return look;
        }
        if !settings.gateway.load_on_demand {
            self.only_by_hand(&mut look);
        }
        for slot in self.slots.values_mut() {
            let due = slot.is_due(settings, now, &mut look);
            self.next_look = sooner(self.next_look, due);
        }
        let wait = self.make_room(measured, settings, now, &mut look);
        self.next_look = sooner(self.next_look, wait);
        self.wants_room = self.needs_measuring();
        look.has_changed |= !look.idle.is_empty() || !look.admitted.is_empty();
        look
    }

    /// Requests load nothing. Some wait all the same: for a model that was loaded or loading when they came, and was ended or
    /// failed since. They are told, and what was planned for them only is given up: loading it could end what the user
    /// just loaded.
    fn only_by_hand(&mut self, look: &mut Look<S>) {
        for slot in self.slots.values_mut() {
            if let Some(queued) = slot.queued.take_if(|queued| queued.for_requests) {
                look.abandoned.push((slot.key.to_string(), queued.load));
            }
            if !slot.is_loaded() && !slot.waiting.is_empty() {
                let key = slot.key.to_string();
                let error = Error::from(ScheduleError::NotLoaded { key });
                slot.refuse_waiting(&Arc::new(error));
            }
        }
    }

    /// Gives room to loads that wait, oldest first, those of the user before the others. Where one has to wait, those
    /// after it wait too: what becomes free is for the first.
    fn make_room(
        &mut self,
        measured: &Measured,
        settings: &SettingsDocument,
        now: Instant,
        look: &mut Look<S>,
    ) -> Option<Instant> {
        let mut waiting: Vec<(String, Queued)> = self
            .slots
            .iter()
            .filter_map(|(key, slot)| Some((key.clone(), slot.queued.clone()?)))
            .collect();
        waiting.sort_by_key(|(_, queued)| (queued.only_if_free, !queued.is_urgent, queued.since));
        let mut drained = Vec::new();
        let mut again = None;
        for (key, queued) in waiting {
            if let Some(slot) = self.slots.get_mut(&key)
                && queued.for_requests
                && slot.waiting.is_empty()
            {
                slot.queued = None;
                look.abandoned.push((key, queued.load));
                continue;
            }
            let newcomer = Newcomer {
                key: key.clone(),
                need_bytes: queued.need_bytes,
                waited: now.saturating_duration_since(queued.since),
                by_user: queued.is_urgent,
                only_if_free: queued.only_if_free,
            };
            let (held, room) = self.scene(&key, measured, settings, now);
            match decide(&newcomer, &held, &room) {
                Verdict::Start => {
                    let admitted = self.admit(&key, &queued, Vec::new(), now);
                    look.admitted.push(admitted);
                }
                Verdict::Evict(keys) => {
                    let victims = keys.iter().filter_map(|key| self.evict(key)).collect();
                    let admitted = self.admit(&key, &queued, victims, now);
                    look.admitted.push(admitted);
                }
                Verdict::Impossible(no_room) => {
                    if let Some(slot) = self.slots.get_mut(&key) {
                        slot.queued = None;
                    }
                    look.refused.push((key, queued.load, no_room));
                }
                Verdict::Drain(keys) => {
                    drained = keys;
                    break;
                }
                Verdict::Wait(after) => {
                    again = after.map(|after| now + after);
                    // What is drained for this one already stays so.
                    let draining = self.slots.iter().filter(|(_, slot)| slot.draining);
                    drained = draining.map(|(key, _)| key.clone()).collect();
                    break;
                }
            }
        }
        self.drain_only(&drained, look);
        again
    }

    /// These make room, and no others do.
    fn drain_only(&mut self, keys: &[String], look: &mut Look<S>) {
        let changed: Vec<(String, bool)> = self
            .slots
            .iter()
            .map(|(key, slot)| (key.clone(), slot.draining, keys.contains(key)))
            .filter(|(_, is, should)| is != should)
            .map(|(key, _, should)| (key, should))
            .collect();
        look.has_changed |= !changed.is_empty();
        for (key, should) in changed {
            if !should {
                self.undrain(&key);
            } else if let Some(slot) = self.slots.get_mut(&key) {
                slot.draining = true;
            }
        }
    }

    fn admit(
        &mut self,
        key: &str,
        queued: &Queued,
        victims: Vec<Ending<S>>,
        now: Instant,
    ) -> Admitted<S> {
        self.starts(key, queued, now);
        Admitted {
            key: key.to_owned(),
            load: queued.load,
            generation: self.slot(key, now).generation,
            victims,
        }
    }

    fn evict(&mut self, key: &str) -> Option<Ending<S>> {
        let slot = self.slots.get_mut(key)?;
        let ending = slot.end()?;
        slot.counts.evictions += 1;
        Some(ending)
    }

    /// What is loaded beside `newcomer`, and what is free for it.
    fn scene(
        &self,
        newcomer: &str,
        measured: &Measured,
        settings: &SettingsDocument,
        now: Instant,
    ) -> (Vec<Held>, Room) {
        let mut held = Vec::new();
        let mut free_bytes = measured.free_bytes;
        for (key, slot) in &self.slots {
            let (stage, ready_for) = match &slot.phase {
                Phase::Starting => (Stage::Starting, std::time::Duration::ZERO),
                Phase::Ready { since, .. } => (Stage::Ready, now.duration_since(*since)),
                Phase::Leaving => (Stage::Leaving, std::time::Duration::ZERO),
                _ => continue,
            };
            let taken = measured.by_key.get(key).copied();
            let usage_bytes = slot.need_bytes.max(taken.unwrap_or(0));
            // What starts will take the rest in a moment.
            let outstanding = match stage {
                Stage::Starting => slot.need_bytes.saturating_sub(taken.unwrap_or(0)),
                _ => 0,
            };
            let gives_back_bytes = match stage {
                Stage::Starting => usage_bytes,
                _ => taken.unwrap_or(slot.need_bytes),
            };
            free_bytes = free_bytes.map(|free| free - i128::from(outstanding));
            if key == newcomer {
                // It takes its own place.
                free_bytes = free_bytes.map(|free| free + i128::from(gives_back_bytes));
                continue;
            }
            let entry = settings.models.get(key);
            held.push(Held {
                key: key.clone(),
                usage_bytes,
                gives_back_bytes,
                stage,
                pinned: entry.is_some_and(|entry| entry.keep_loaded),
                ready_for,
                idle_for: (slot.in_flight == 0)
                    .then(|| now.saturating_duration_since(slot.last_used)),
                draining: slot.draining,
            });
        }
        // The same scene gives the same verdict, whatever the map's order.
        held.sort_by(|one, other| one.key.cmp(&other.key));
        let room = Room {
            free_bytes,
            limit_bytes: settings.limits.memory_bytes,
            max_loaded: settings.limits.max_loaded,
        };
        (held, room)
    }
}

impl<S: Clone> Slot<S> {
    /// What time alone brings about. Returns when that is, where it is not yet.
    fn is_due(
        &mut self,
        settings: &SettingsDocument,
        now: Instant,
        look: &mut Look<S>,
    ) -> Option<Instant> {
        if let Some(ends_at) = self.ends_at(settings) {
            if ends_at > now {
                return Some(ends_at);
            }
            self.counts.idle_ends += 1;
            look.idle.extend(self.end());
            return None;
        }
        if self.planning || self.queued.is_some() {
            return None;
        }
        let due = match self.phase {
            Phase::BackOff { until } => until,
            Phase::Absent | Phase::Failed => {
                self.waiting.front()?;
                self.not_before.unwrap_or(now)
            }
            _ => return None,
        };
        if due > now {
            return Some(due);
        }
        self.planning = true;
        if matches!(self.phase, Phase::BackOff { .. }) {
            look.restart.push(self.key.to_string());
        } else {
            let since = self.waiting.front().map_or(now, |waiter| waiter.since);
            look.wanted.push((self.key.to_string(), since));
        }
        None
    }

    /// From now on it is being ended.
    fn end(&mut self) -> Option<Ending<S>> {
        let Phase::Ready { server, .. } = &self.phase else {
            return None;
        };
        let ending = Ending {
            key: self.key.to_string(),
            server: server.clone(),
            by_user: self.by_user,
            ttl_seconds: self.ttl_seconds,
        };
        self.phase = Phase::Leaving;
        self.draining = false;
        Some(ending)
    }
}

fn sooner(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
#[path = "look_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "look_model_tests.rs"]
mod model_tests;
