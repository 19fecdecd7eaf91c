//! Whether a newcomer may start now, and what has to end before: a function of what is loaded, what is needed and what
//! is free, and of nothing else.
//!
//! Room is made by memory, not by count (LM Studio #671). A busy model is never ended (LM Studio #1796), one that the
//! user keeps is never ended, and nothing is ended unless the newcomer fits afterwards. Where only busy models could
//! give room they are drained: their requests are answered, new ones wait, and then they end. So steady, overlapping
//! traffic on one model cannot starve another. A model that was just loaded keeps its place for a short tenure, so that
//! traffic that alternates does not spend its time on loading.

use std::time::Duration;

use crate::schedule::error::NoRoom;

/// How long a newcomer waits for busy models to fall idle by themselves before they are drained.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
/// How long a model that became ready is not drained for another.
pub(crate) const TENURE: Duration = Duration::from_secs(5);
/// During its tenure a model ends only if nobody asked it for this long: a client that asks again at once is not gone.
pub(crate) const QUIET: Duration = Duration::from_millis(500);

/// Where a model is in its life, as far as room is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its memory is given to it already; it serves when it is ready.
    Starting,
    /// It answers.
    Ready,
    /// It is being ended: its memory is as good as free.
    Leaving,
}

/// A model that has memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) key: String,
    /// What counts against the user's bound: the larger of what was predicted and what was measured.
    pub(crate) usage_bytes: u64,
    /// What the machine has back when it ends: what was measured, or what it is about to take.
    pub(crate) gives_back_bytes: u64,
    pub(crate) stage: Stage,
    /// The user wants it kept.
    pub(crate) pinned: bool,
    /// Since it became ready.
    pub(crate) ready_for: Duration,
    /// Since its last request ended; none while one is answered.
    pub(crate) idle_for: Option<Duration>,
    /// New requests for it wait already.
    pub(crate) draining: bool,
}

/// A model that wants memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Newcomer {
    pub(crate) key: String,
    /// Bytes by estimate, where there is one.
    pub(crate) need_bytes: u64,
    /// Since it was first asked for.
    pub(crate) waited: Duration,
    /// The user asked for it: no patience, no tenure, and the estimate is no reason to refuse.
    pub(crate) by_user: bool,
    /// It is no reason to end anything: a model that comes back after it made room in vain.
    pub(crate) only_if_free: bool,
}

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// Bytes that a newcomer can have now beside what the loaded models take or will take; less than none if they will
    /// take more than there is. None where the system does not say.
    pub(crate) free_bytes: Option<i128>,
    /// The user's bound on all models together.
    pub(crate) limit_bytes: Option<u64>,
    /// The user's bound on their number; 0 is none.
    pub(crate) max_loaded: usize,
}

/// What to do about a newcomer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is room.
    Start,
    /// End these idle models; then there is.
    Evict(Vec<String>),
    /// Let these answer what they are at, and nothing new; then ask again.
    Drain(Vec<String>),
    /// Ask again when something changed, or after this long.
    Wait(Option<Duration>),
    /// It cannot fit.
    Impossible(NoRoom),
}

/// Decides about one newcomer. `held` does not contain the newcomer itself.
pub(crate) fn decide(newcomer: &Newcomer, held: &[Held], room: &Room) -> Verdict {
    let scale = Scale::new(newcomer, held, room);
    if scale.fits(&[]) {
        return Verdict::Start;
    }
    if newcomer.only_if_free {
        return Verdict::Impossible(scale.no_room(newcomer, held, room));
    }
    let evictable: Vec<&Held> = held.iter().filter(|model| !model.pinned).collect();
    let scale = match scale.with_the_users_word(newcomer, &evictable) {
        scale if scale.fits(&evictable) => scale,
        scale => return Verdict::Impossible(scale.no_room(newcomer, held, room)),
    };
    let leaving: Vec<&Held> = with_stage(&evictable, Stage::Leaving);
    if scale.fits(&leaving) {
        return match leaving[..] {
            // As much as can be had is free.
            [] => Verdict::Start,
            _ => Verdict::Wait(None),
        };
    }

    let mut idle: Vec<&Held> = evictable
        .iter()
        .copied()
        .filter(|model| is_idle(model) && (newcomer.by_user || has_settled(model)))
        .collect();
    idle.sort_by_key(|model| std::cmp::Reverse(model.idle_for));
    if let Some(chosen) = scale.fewest(&leaving, &idle) {
        return Verdict::Evict(keys(&chosen));
    }

    if !newcomer.by_user && newcomer.waited < PATIENCE {
        return Verdict::Wait(Some(PATIENCE - newcomer.waited));
    }
    // What drains already goes first, so that the choice stays what it was; then what served longest.
    let mut rest: Vec<&Held> = evictable
        .iter()
        .copied()
        .filter(|model| model.stage != Stage::Leaving)
        .collect();
    rest.sort_by_key(|model| {
        let in_tenure = !newcomer.by_user && tenure_left(model).is_some();
        (
            model.stage == Stage::Starting,
            in_tenure && !model.draining,
            !is_idle(model),
            !model.draining,
            std::cmp::Reverse(model.ready_for),
        )
    });
    let chosen = scale.fewest(&leaving, &rest).unwrap_or_default();
    if chosen.iter().any(|model| model.stage == Stage::Starting) {
        // It says when it is ready.
        return Verdict::Wait(None);
    }
    let waits = chosen.iter().filter(|model| !model.draining);
    let longest = waits
        .filter_map(|model| tenure_left(model))
        .filter(|_| !newcomer.by_user)
        .max();
    if let Some(left) = longest {
        let settles = chosen.iter().filter_map(|model| settles_in(model)).min();
        return Verdict::Wait(Some(settles.map_or(left, |settles| settles.min(left))));
    }
    let busy: Vec<&Held> = chosen.into_iter().filter(|model| !is_idle(model)).collect();
    Verdict::Drain(keys(&busy))
}

fn is_idle(model: &Held) -> bool {
    model.stage == Stage::Ready && model.idle_for.is_some()
}

fn tenure_left(model: &Held) -> Option<Duration> {
    let left = TENURE.saturating_sub(model.ready_for);
    (!left.is_zero()).then_some(left)
}

/// An idle model that nobody seems about to ask again.
fn has_settled(model: &Held) -> bool {
    model.draining
        || tenure_left(model).is_none()
        || model.idle_for.is_some_and(|idle_for| idle_for >= QUIET)
}

fn settles_in(model: &Held) -> Option<Duration> {
    let left = QUIET.saturating_sub(model.idle_for?);
    (!left.is_zero()).then_some(left)
}

fn with_stage<'a>(models: &[&'a Held], stage: Stage) -> Vec<&'a Held> {
    let all = models.iter().copied();
    all.filter(|model| model.stage == stage).collect()
}

fn keys(models: &[&Held]) -> Vec<String> {
    models.iter().map(|model| model.key.clone()).collect()
}

/// What lies on either side.
struct Scale {
    need: i128,
    /// What the machine has to give; what is needed of it is less than `need` where the user's word counts more than the
    /// estimate.
    free: Option<i128>,
    need_of_machine: i128,
    limit_left: Option<i128>,
    places_left: Option<i128>,
}

impl Scale {
    fn new(newcomer: &Newcomer, held: &[Held], room: &Room) -> Self {
        let used = used(held.iter());
        let count = i128::try_from(held.len()).unwrap_or(i128::MAX);
        let most = i128::try_from(room.max_loaded).unwrap_or(i128::MAX);
        Self {
            need: newcomer.need_bytes.into(),
            free: room.free_bytes,
            need_of_machine: newcomer.need_bytes.into(),
            limit_left: room.limit_bytes.map(|limit| i128::from(limit) - used),
            places_left: (room.max_loaded > 0).then_some(most - count),
        }
    }

    /// Whether the newcomer fits once these are gone.
    fn fits(&self, gone: &[&Held]) -> bool {
        let (freed, given_back) = (used(gone.iter().copied()), given_back(gone));
        let places = i128::try_from(gone.len()).unwrap_or(i128::MAX);
        self.free
            .is_none_or(|free| self.need_of_machine <= free + given_back)
            && self.limit_left.is_none_or(|left| self.need <= left + freed)
            && self.places_left.is_none_or(|left| left + places >= 1)
    }

    /// Where the user asked and all there is would not do by estimate, all there is has to do: estimates can be wrong
    /// (LM Studio #1544). The bounds that the user set stay.
    fn with_the_users_word(mut self, newcomer: &Newcomer, evictable: &[&Held]) -> Self {
        if let Some(free) = self.free.filter(|_| newcomer.by_user) {
            let most = free + given_back(evictable);
            self.need_of_machine = self.need_of_machine.min(most);
        }
        self
    }

    /// The first of `candidates` that make room together with those that leave already, without those that turn out not
    /// to be needed.
    fn fewest<'a>(&self, leaving: &[&'a Held], candidates: &[&'a Held]) -> Option<Vec<&'a Held>> {
        let mut chosen: Vec<&Held> = Vec::new();
        let with = |chosen: &[&'a Held]| [leaving, chosen].concat();
        for candidate in candidates {
            if self.fits(&with(&chosen)) {
                break;
            }
            chosen.push(candidate);
        }
        if !self.fits(&with(&chosen)) {
            return None;
        }
        // The last was needed, or it would not have been taken.
        for index in (0..chosen.len()).rev() {
            let mut without = chosen.clone();
            without.remove(index);
            if self.fits(&with(&without)) {
                chosen = without;
            }
        }
        Some(chosen)
    }

    fn no_room(&self, newcomer: &Newcomer, held: &[Held], room: &Room) -> NoRoom {
        let evictable: Vec<&Held> = held.iter().filter(|model| !model.pinned).collect();
        let evictable = if newcomer.only_if_free {
            Vec::new()
        } else {
            evictable
        };
        let freed = used(evictable.iter().copied());
        let by_machine = self.free.map(|free| free + given_back(&evictable));
        let by_limit = self.limit_left.map(|left| left + freed);
        let available = match (by_machine, by_limit) {
            (Some(machine), Some(limit)) => machine.min(limit),
            (machine, limit) => machine.or(limit).unwrap_or(0),
        };
        let places = i128::try_from(evictable.len()).unwrap_or(i128::MAX);
        let has_no_place = self.places_left.is_some_and(|left| left + places < 1);
        let stay = held.iter().filter(|model| model.pinned);
        NoRoom {
            key: newcomer.key.clone(),
            needed_bytes: newcomer.need_bytes,
            available_bytes: u64::try_from(available.max(0)).unwrap_or(u64::MAX),
            by_count: has_no_place.then_some(room.max_loaded),
            by_limit: by_limit.is_some_and(|limit| {
                limit < self.need && by_machine.is_none_or(|machine| limit <= machine)
            }),
            held_by: stay
                .map(|model| (model.key.clone(), model.usage_bytes))
                .collect(),
        }
    }
}

fn used<'a>(models: impl Iterator<Item = &'a Held>) -> i128 {
    models.map(|model| i128::from(model.usage_bytes)).sum()
}

fn given_back(models: &[&Held]) -> i128 {
    let each = models.iter();
    each.map(|model| i128::from(model.gives_back_bytes)).sum()
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
