//! The model of a server's life: what its engine does and others order, and how it has to end then.

use std::time::Duration;

use proptest::prelude::*;

use super::{
    LAST_WORDS, MOST_SILENT_ENDS, POLL_TIMEOUT, PORT_ATTEMPTS, QUICK_END, QUICK_POLL, QUICK_POLLS,
    SLOW_POLL,
};
use crate::exit_report::ExitKind;
use crate::puppets::Part;

/// Somebody's order, so many milliseconds after the start.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Stop,
    GiveUp,
    /// The engine ends by itself, whatever its part says.
    Crash,
    /// All handles but the test's go.
    DropHandle,
}

#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) part: Part,
    pub(super) exit: Exit,
    pub(super) load_timeout: Duration,
    pub(super) orders: Vec<(u64, Order)>,
}

const NEVER: u64 = u64::MAX / 4;

/// A way to end by itself, and what is to be made of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    pub(super) kind: ExitKind,
    words: &'static str,
    code: &'static str,
}

const NO_WORD: Exit = exit(ExitKind::Code(1), "", "engine_failed");
const PORT_TAKEN: Exit = exit(
    ExitKind::Code(1),
    "srv E start: couldn't bind HTTP server socket\n",
    "port_in_use",
);
const EXITS: &[Exit] = &[
    NO_WORD,
    PORT_TAKEN,
    exit(
        ExitKind::Code(1),
        "0.01 E llama: failed to allocate buffer for kv cache\n",
        "out_of_memory",
    ),
    exit(ExitKind::Code(1), "error: something new\n", "engine_failed"),
    exit(ExitKind::Signal(9), "", "engine_killed"),
    exit(ExitKind::Signal(11), "", "engine_crashed"),
    exit(ExitKind::Signal(15), "", "engine_terminated"),
    exit(ExitKind::GuardLost, "", "guard_lost"),
];

const fn exit(kind: ExitKind, words: &'static str, code: &'static str) -> Exit {
    Exit { kind, words, code }
}

/// How it has to end.
#[derive(Debug)]
pub(super) struct Expected {
    /// With one of these codes, empty for a stop. Where there are none, two things come at once, and anything may be.
    pub(super) codes: Vec<&'static str>,
    /// With so many engines started.
    pub(super) spawns: Option<usize>,
}

impl Expected {
    fn one_of(codes: &[&'static str], spawns: usize) -> Self {
        Self {
            codes: codes.to_vec(),
            spawns: Some(spawns),
        }
    }

    fn anything() -> Self {
        Self {
            codes: Vec::new(),
            spawns: None,
        }
    }
}

impl Life {
    /// When such an order comes, from then on; never is very late.
    fn first(&self, since: u64, wanted: fn(&Order) -> bool) -> u64 {
        let mut orders = self.orders.iter();
        let found = orders.find(|(at, order)| *at >= since && wanted(order));
        found.map_or(NEVER, |(at, _)| *at)
    }

    fn stop(&self) -> u64 {
        self.first(0, |order| matches!(order, Order::Stop))
    }

    fn own_end(&self, born: u64) -> u64 {
        let by_itself = self.part.ends_after.map(|(after, _)| born + ms(after));
        let crash = self.first(born, |order| matches!(order, Order::Crash));
        by_itself.unwrap_or(NEVER).min(crash)
    }

    /// What may come of an engine that is ready.
    fn after_ready(&self, ready: u64, end: u64) -> Vec<&'static str> {
        let stop = self.stop();
        let give_up = self
            .first(0, |order| matches!(order, Order::GiveUp))
            .max(ready);
        let first = stop.min(end).min(give_up);
        if first == NEVER {
            // The test stops it.
            return vec![""];
        }
        let all = [
            (stop, ""),
            (end, self.exit.code),
            (give_up, "engine_unresponsive"),
        ];
        let at_first = all.iter().filter(|(at, _)| *at == first);
        at_first.map(|(_, code)| *code).collect()
    }
}

/// The model: which of the things that can end or change a server's life comes first.
pub(super) fn foretell(life: &Life) -> Expected {
    let stop = life.stop();
    let (mut now, mut silent_ends) = (0, 0);
    for spawns in 1..=PORT_ATTEMPTS as usize {
        let begin = now;
        let born = begin + ms(life.part.spawns_after);
        if life
            .orders
            .iter()
            .any(|(at, _)| *at == born || *at == begin)
        {
            return Expected::anything();
        }
        if stop < born {
            return Expected::one_of(&[""], spawns - 1);
        }
        if life.part.cannot_start {
            return Expected::one_of(&["spawn_failed"], spawns - 1);
        }
        let (end, ceiling) = (life.own_end(born), born + ms(life.load_timeout));
        let ready = ready_at(life, born, ceiling.min(end).min(stop));
        let first = stop.min(end).min(ceiling).min(ready);
        let of_each = [stop, end, ceiling, ready];
        if of_each.iter().filter(|at| **at == first).count() > 1 {
            return Expected::anything();
        }
        if first == ready {
            return Expected::one_of(&life.after_ready(ready, end), spawns);
        }
        if first != end {
            let code = if first == stop { "" } else { "not_ready" };
            return Expected::one_of(&[code], spawns);
        }
        now = end
            + if life.part.leaves_pipes_open {
                ms(LAST_WORDS)
            } else {
                0
            };
        let is_again = if life.exit.kind == NO_WORD.kind && life.exit.words == NO_WORD.words {
            silent_ends += 1;
            silent_ends <= MOST_SILENT_ENDS && now - begin < ms(QUICK_END)
        } else {
            life.exit.words == PORT_TAKEN.words
        };
        if !is_again {
            return Expected::one_of(&[life.exit.code], spawns);
        }
        // The last try has failed, whatever is ordered while its last words are waited for.
        if stop < now && spawns < PORT_ATTEMPTS as usize {
            return Expected::one_of(&[""], spawns);
        }
    }
    Expected::one_of(&["no_free_port"], PORT_ATTEMPTS as usize)
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

/// When the server learns that its engine answers, where nothing else comes before.
fn ready_at(life: &Life, born: u64, before: u64) -> u64 {
    let Some(after) = life.part.ready_after else {
        return NEVER;
    };
    let answers = born + ms(after);
    let (mut asked, mut polls) = (born, 0);
    while asked <= before {
        let pause = if polls < QUICK_POLLS {
            QUICK_POLL
        } else {
            SLOW_POLL
        };
        polls += 1;
        asked += ms(pause);
        if asked >= answers {
            return asked;
        }
        if life.part.is_mute {
            asked += ms(POLL_TIMEOUT);
        }
    }
    NEVER
}

pub(super) fn some_life() -> impl Strategy<Value = Life> {
    let time = |most: u64| (0..most).prop_map(Duration::from_millis);
    let seldom = |one_in: u32| prop::bool::weighted(1.0 / f64::from(one_in));
    let order = prop_oneof![
        4 => Just(Order::Stop),
        1 => Just(Order::GiveUp),
        2 => Just(Order::Crash),
        1 => Just(Order::DropHandle),
    ];
    (
        (
            time(300),
            seldom(12),
            prop::option::weighted(0.8, time(9_000)),
            seldom(6),
        ),
        (prop::option::weighted(0.4, time(8_000)), 0..EXITS.len()),
        (
            prop::option::weighted(0.7, time(1_500)),
            time(650),
            seldom(6),
        ),
        time(8_000),
        prop::collection::vec((0..12_000_u64, order), 0..4),
    )
        .prop_map(|(spawn, (ends_after, exit), end, ceiling, mut orders)| {
            let exit = EXITS[exit];
            orders.sort_by_key(|(at, _)| *at);
            let part = Part {
                spawns_after: spawn.0,
                cannot_start: spawn.1,
                ready_after: spawn.2,
                is_mute: spawn.3,
                ends_after: ends_after.map(|after| (after, exit.kind)),
                heeds_after: end.0,
                dies_after: end.1,
                words: exit.words.to_owned(),
                leaves_pipes_open: end.2,
            };
            let load_timeout = ceiling + Duration::from_secs(1);
            Life {
                part,
                exit,
                load_timeout,
                orders,
            }
        })
}
