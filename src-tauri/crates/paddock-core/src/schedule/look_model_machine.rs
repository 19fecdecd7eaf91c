//! A machine whose memory is counted here, process by process, and not by the code that is tried; and the clients of its
//! models.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use settings::{ModelEntry, SettingsDocument};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::time::Instant;

use super::{KEYS, Machine, Step};
use crate::schedule::error::NoRoom;
use crate::schedule::look::Measured;
use crate::schedule::state::{Grant, Phase, Place, Queued, State, Turn};

/// A request that waits.
pub(super) struct Seat {
    pub(super) key: usize,
    id: u64,
    turn: tokio::sync::oneshot::Receiver<Turn<u32>>,
}

pub(super) struct World {
    state: State<u32>,
    settings: SettingsDocument,
    machine: Machine,
    pub(super) now: Instant,
    /// Bytes of those that run: a little less than was estimated.
    processes: BTreeMap<usize, u64>,
    leaving: BTreeSet<usize>,
    starting: Vec<(usize, Vec<usize>)>,
    planning: Vec<(usize, Instant)>,
    pub(super) seats: Vec<Seat>,
    pub(super) grants: Vec<Grant<u32>>,
    last_load: u64,
}

fn number(key: &str) -> usize {
    KEYS.iter().position(|known| *known == key).unwrap()
}

impl World {
    pub(super) fn new(machine: Machine) -> Self {
        let mut settings = SettingsDocument::default();
        for key in KEYS {
            let entry = ModelEntry::new(format!("/{key}.gguf").into());
            settings.models.insert(key.to_owned(), entry);
        }
        settings.limits.idle_seconds = 30;
        Self {
            state: State::default(),
            settings,
            machine,
            now: Instant::now(),
            processes: BTreeMap::new(),
            leaving: BTreeSet::new(),
            starting: Vec::new(),
            planning: Vec::new(),
            seats: Vec::new(),
            grants: Vec::new(),
            last_load: 0,
        }
    }

    fn free(&self) -> i128 {
        i128::from(self.machine.memory) - i128::from(self.processes.values().sum::<u64>())
    }

    pub(super) fn in_flight(&self, key: usize) -> usize {
        let slot = self.state.slots.get(KEYS[key]);
        let generation = slot.map_or(0, |slot| slot.generation);
        let mut of_key = self.grants.iter().filter(|grant| &*grant.key == KEYS[key]);
        of_key
            .by_ref()
            .filter(|grant| grant.generation == generation)
            .count()
    }

    fn is_kept(&self, key: usize) -> bool {
        self.settings.models[KEYS[key]].keep_loaded
    }

    /// What the dispatcher does, and what must be true of it.
    fn look(&mut self) {
        let measured = Measured {
            free_bytes: Some(self.free()),
            by_key: self
                .processes
                .iter()
                .map(|(key, bytes)| (KEYS[*key].to_owned(), *bytes))
                .collect(),
        };
        let queued: BTreeMap<usize, Queued> = {
            let slots = self.state.slots.iter();
            slots
                .filter_map(|(key, slot)| Some((number(key), slot.queued.clone()?)))
                .collect()
        };
        let look = self.state.look(&measured, &self.settings, self.now);
        for ending in &look.idle {
            self.must_not_be_used(&ending.key);
            self.leaving.insert(number(&ending.key));
        }
        for admitted in &look.admitted {
            let key = number(&admitted.key);
            let load = &queued[&key];
            assert!(
                self.settings.gateway.load_on_demand || !load.for_requests,
                "{} is loaded for a request",
                KEYS[key]
            );
            let victims: Vec<usize> = admitted
                .victims
                .iter()
                .map(|victim| number(&victim.key))
                .collect();
            for victim in &admitted.victims {
                self.must_not_be_used(&victim.key);
                assert!(
                    self.leaving.insert(number(&victim.key)),
                    "it is ended already"
                );
            }
            assert!(
                self.starting
                    .iter()
                    .all(|(other, _)| *other != key || load.by_user),
                "twice"
            );
            self.starting.retain(|(other, _)| *other != key);
            if !load.is_urgent {
                self.must_fit(key, load);
                self.must_be_its_turn(key, load, &queued);
            }
            self.starting.push((key, victims));
        }
        for (key, since) in look.wanted {
            assert!(self.settings.gateway.load_on_demand, "{key} is planned");
            let key = number(&key);
            assert!(
                self.planning.iter().all(|(other, _)| *other != key),
                "it is planned already"
            );
            self.planning.push((key, since));
        }
        for (key, _, no_room) in &look.refused {
            self.must_be_too_small(number(key), no_room);
            if !self.state.slots[key].has_memory() {
                self.refuse(key);
            }
        }
        self.drains_for_somebody();
        self.hear();
    }

    fn must_not_be_used(&self, key: &str) {
        assert_eq!(
            self.in_flight(number(key)),
            0,
            "{key} is ended while it answers"
        );
        assert!(!self.is_kept(number(key)), "{key} is kept");
        assert!(self.processes.contains_key(&number(key)));
    }

    /// Beside what runs and will run, once what leaves is gone.
    fn must_fit(&self, key: usize, load: &Queued) {
        let leaving: u64 = self
            .leaving
            .iter()
            .filter_map(|key| self.processes.get(key))
            .sum();
        // One that is loaded anew has some of its memory already.
        let outstanding = |key: &usize| {
            let taken = self.processes.get(key).copied().unwrap_or(0);
            self.machine.needs[*key].saturating_sub(taken)
        };
        let starting: u64 = self.starting.iter().map(|(key, _)| outstanding(key)).sum();
        let has = self.free() + i128::from(leaving) - i128::from(starting);
        assert!(
            i128::from(load.need_bytes) <= has,
            "{} has {has} only",
            KEYS[key]
        );
        let most = self.settings.limits.max_loaded;
        let stay = self
            .processes
            .keys()
            .filter(|other| !self.leaving.contains(other));
        let starting = self.starting.iter().map(|(other, _)| other);
        let others: BTreeSet<usize> = stay
            .chain(starting)
            .copied()
            .filter(|other| *other != key)
            .collect();
        let others = others.len();
        assert!(most == 0 || others < most, "{others} beside {}", KEYS[key]);
    }

    /// None that came earlier waits still; what may only have what is free comes last.
    fn must_be_its_turn(&self, key: usize, load: &Queued, queued: &BTreeMap<usize, Queued>) {
        for (other, earlier) in queued {
            let still_waits = self.state.slots[KEYS[*other]].queued.is_some();
            let is_ahead = earlier.since < load.since && !earlier.only_if_free;
            assert!(
                *other == key || !still_waits || !is_ahead,
                "{} was overtaken",
                KEYS[*other]
            );
        }
    }

    /// Not even with all that may end gone would it fit.
    fn must_be_too_small(&self, key: usize, no_room: &NoRoom) {
        let stays = |other: &&usize| **other != key && self.is_kept(**other);
        let kept: Vec<usize> = {
            let starting = self.starting.iter().map(|(other, _)| other);
            let all: BTreeSet<usize> = self
                .processes
                .keys()
                .chain(starting)
                .filter(stays)
                .copied()
                .collect();
            all.into_iter().collect()
        };
        let most: u64 = kept.iter().map(|other| self.machine.needs[*other]).sum();
        let need = self.machine.needs[key];
        let limits = &self.settings.limits;
        let by_machine = need + most > self.machine.memory;
        let by_limit = limits.memory_bytes.is_some_and(|limit| need + most > limit);
        let by_count = limits.max_loaded > 0 && kept.len() >= limits.max_loaded;
        assert!(
            by_machine || by_limit || by_count,
            "{} had room: {no_room:?}",
            KEYS[key]
        );
    }

    fn drains_for_somebody(&self) {
        let waits = self.state.slots.values().any(|slot| slot.queued.is_some());
        for (key, slot) in &self.state.slots {
            if slot.draining {
                assert!(waits, "{key} makes room for nobody");
            }
            let queue = self.settings.limits.queue_length;
            assert!(slot.waiting.len() <= queue);
        }
    }

    fn refuse(&mut self, key: &str) {
        let error = std::sync::Arc::new(crate::error::Error::NoEngine);
        self.state.refuse_waiting(key, &error);
    }

    /// Requests hear what they are told; nobody's turn is lost.
    fn hear(&mut self) {
        let mut seats = std::mem::take(&mut self.seats);
        seats.retain_mut(|seat| match seat.turn.try_recv() {
            Ok(Ok(grant)) => {
                self.grants.push(grant);
                false
            }
            Ok(Err(_)) => false,
            Err(TryRecvError::Empty) => true,
            Err(TryRecvError::Closed) => panic!("a request for {} is forgotten", KEYS[seat.key]),
        });
        self.seats = seats;
        for (number, key) in KEYS.iter().enumerate() {
            let slot = self.state.slots.get(*key);
            let waiting = slot.map_or(0, |slot| slot.waiting.len());
            let seats = self.seats.iter().filter(|seat| seat.key == number).count();
            assert_eq!(waiting, seats, "who waits for {}", key);
            if let Some(slot) = slot {
                assert_eq!(slot.in_flight, self.in_flight(number), "leases of {}", key);
            }
        }
    }

    pub(super) fn ask(&mut self, key: usize) {
        match self.state.take(KEYS[key], None, &self.settings, self.now) {
            Ok(Place::Now(grant)) => self.grants.push(grant),
            Ok(Place::Later(id, turn)) => self.seats.push(Seat { key, id, turn }),
            Err(error) => {
                let may_load = self.settings.gateway.load_on_demand;
                assert_eq!((error.code(), may_load), ("model_not_loaded", false));
            }
        }
    }

    fn queue(&mut self, key: usize, since: Instant, by_user: bool) {
        self.last_load += 1;
        let slot = self.state.slot(KEYS[key], self.now);
        if !by_user {
            slot.planning = false;
            if slot.waiting.is_empty() || slot.queued.is_some() || slot.has_memory() {
                return;
            }
        }
        slot.queued = Some(Queued {
            load: self.last_load,
            need_bytes: self.machine.needs[key],
            since,
            is_urgent: by_user,
            for_requests: !by_user,
            by_user,
            only_if_free: false,
        });
    }

    /// What was ended is gone, and its memory is back.
    fn gone(&mut self, key: usize) {
        self.is_gone(key);
        let slot = self.state.slot(KEYS[key], self.now);
        if matches!(slot.phase, Phase::Leaving) {
            slot.phase = Phase::Absent;
        }
    }

    fn is_gone(&mut self, key: usize) {
        self.leaving.remove(&key);
        self.processes.remove(&key);
        for (_, victims) in &mut self.starting {
            victims.retain(|victim| *victim != key);
        }
    }

    /// One that starts and has its room: it ends well or badly.
    fn starts(&mut self, index: usize, is_well: bool) {
        let can: Vec<usize> = {
            let free = self
                .starting
                .iter()
                .filter(|(_, victims)| victims.is_empty());
            free.map(|(key, _)| *key).collect()
        };
        if can.is_empty() {
            return;
        }
        let key = can[index % can.len()];
        self.starting.retain(|(other, _)| *other != key);
        // The one before, where the user loads it anew.
        self.is_gone(key);
        if is_well {
            let need = self.machine.needs[key];
            self.processes
                .insert(key, need - u64::from(self.last_load.is_multiple_of(4)));
            self.state.is_ready(KEYS[key], 7, self.now);
        } else {
            self.state.slot(KEYS[key], self.now).phase = Phase::Failed;
            self.refuse(KEYS[key]);
        }
    }

    pub(super) fn take(&mut self, step: &Step) {
        match step {
            Step::Ask(key) => self.ask(*key),
            Step::Finish(index) if !self.grants.is_empty() => {
                let grant = self.grants.remove(index % self.grants.len());
                self.state
                    .give_back(&grant.key, grant.generation, &self.settings, self.now);
            }
            Step::Leave(index) if !self.seats.is_empty() => {
                let seat = self.seats.remove(index % self.seats.len());
                assert!(self.state.leave(KEYS[seat.key], seat.id));
            }
            Step::Planned(index) if !self.planning.is_empty() => {
                let (key, since) = self.planning.remove(index % self.planning.len());
                self.queue(key, since, false);
            }
            Step::UserLoads(key) => self.queue(*key, self.now, true),
            Step::Gone(index) if !self.leaving.is_empty() => {
                let leaving: Vec<usize> = self.leaving.iter().copied().collect();
                self.gone(leaving[index % leaving.len()]);
            }
            Step::Loaded(index) => self.starts(*index, true),
            Step::Fails(index) => self.starts(*index, false),
            Step::Keep(key, is_kept) => self.settings.models[KEYS[*key]].keep_loaded = *is_kept,
            Step::Limits(most, bytes) => {
                self.settings.limits.max_loaded = *most;
                self.settings.limits.memory_bytes = *bytes;
            }
            Step::OnDemand(may_load) => self.settings.gateway.load_on_demand = *may_load,
            Step::Wait(milliseconds) => self.now += Duration::from_millis(*milliseconds),
            _ => {}
        }
        self.look();
    }

    /// All that is under way gets on, and nothing else happens but that time passes.
    pub(super) fn get_on(&mut self) {
        for step in [
            Step::Planned(0),
            Step::Gone(0),
            Step::Loaded(0),
            Step::Wait(100),
        ] {
            self.take(&step);
        }
    }

    /// Where everything is, for a failure's message.
    pub(super) fn tell(&self) -> String {
        let slots = self.state.slots.iter().map(|(key, slot)| {
            let is_ready = matches!(slot.phase, Phase::Ready { .. });
            let has_memory = slot.has_memory();
            format!(
                "\n{key}: ready {is_ready}, has memory {has_memory}, waiting {}, queued {:?}, planning {}, draining {}",
                slot.waiting.len(),
                slot.queued,
                slot.planning,
                slot.draining
            )
        });
        let slots: String = slots.collect();
        format!(
            "{slots}\nstarting {:?}, leaving {:?}, running {:?}",
            self.starting, self.leaving, self.processes
        )
    }
}
