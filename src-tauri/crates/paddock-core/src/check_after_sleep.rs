//! After the machine slept: whether what runs still runs, and on what.
//!
//! GPUs lose their memory in sleep, drivers come back without a device, engines hang on a queue that nobody serves: a
//! model that "is loaded" and does not answer (Jan #8517, Ollama #5464). So every engine is asked at once, again and
//! again for a while, because drivers need a moment; one that stays silent is ended, and started anew as after a crash.
//! Left out: what the engine then runs on is measured with each load, and told there (`measured_memory`).

use std::sync::{Arc, Weak};
use std::time::Duration;

use supervisor::{Server, ServerState};

use crate::core::{Core, Inner};
use crate::run::wake::Wake;

/// How often an engine is asked before it is given up, and the pause between two questions.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_secs(3);

impl Core {
    /// Looks at what runs whenever the machine slept, until the core is dropped. A host calls it once.
    pub fn watch_sleep(&self) {
        match Wake::new() {
            Ok(wake) => drop(tokio::spawn(keep_watching(
                Arc::downgrade(&self.inner),
                wake,
            ))),
            Err(error) => tracing::warn!(%error, "sleep is not noticed"),
        }
    }

    /// Asks all engines that are ready, at once.
    async fn check_running(&self) {
        let ready = self.registry().list().into_iter();
        let checks: Vec<_> = ready
            .filter(|server| server.status().state == ServerState::Ready)
            .map(|server| {
                let core = self.clone();
                tokio::spawn(async move { core.check_one(server).await })
            })
            .collect();
        for check in checks {
            let _ = check.await;
        }
    }

    async fn check_one(&self, server: Server) {
        let key = server.spec().key.clone();
        match see_to(&server).await {
            // Its end is seen, and told, by who watches it.
            Found::Ended | Found::GivenUp => return,
            Found::Answers => {}
        }
        let on = self.inner.estimates.gpus_of(&key);
        if on.is_empty() {
            return;
        }
        let binary = server.spec().binary.clone();
        let mut gone = on;
        // Twice: a driver that is just coming back shows nothing either.
        for pause in [Duration::ZERO, PAUSE] {
            tokio::time::sleep(pause).await;
            let there = self.inner.estimates.gpus.of_now(&binary).await;
            gone.retain(|name| there.iter().all(|device| device.name != *name));
        }
        if !gone.is_empty() && server.status().state == ServerState::Ready {
            self.announce(
                "gpu_gone",
                format!(
                    "{key} runs on {}, which its engine does not find any more since this machine slept. Check the driver, then load the model again.",
                    gone.join(" and ")
                ),
            );
        }
    }
}

async fn keep_watching(core: Weak<Inner>, mut wake: Wake) {
    loop {
        let slept = match wake.slept().await {
            Ok(slept) => slept,
            Err(error) => return tracing::warn!(%error, "sleep is not noticed any more"),
        };
        let Some(inner) = core.upgrade() else {
            return;
        };
        tracing::info!(
            seconds = slept.as_secs(),
            "the machine slept; looking at what runs"
        );
        Core { inner }.check_running().await;
    }
}

/// What a check asks, and does at the worst.
trait Checked {
    /// Whether it answers, asked now.
    async fn answers(&self) -> bool;
    /// Whether there is anything to ask still.
    fn is_ready(&self) -> bool;
    /// Ends it as if it had crashed.
    fn give_up(&self);
}

impl Checked for Server {
    async fn answers(&self) -> bool {
        self.healthy().await
    }

    fn is_ready(&self) -> bool {
        self.status().state == ServerState::Ready && !self.closing().is_cancelled()
    }

    fn give_up(&self) {
        self.give_up_on();
    }
}

/// How a check went.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Answers,
    /// It ended meanwhile, by itself or because somebody said so.
    Ended,
    GivenUp,
}

async fn see_to(server: &impl Checked) -> Found {
    for tried in 1..=TRIES {
        if server.answers().await {
            return Found::Answers;
        }
        if !server.is_ready() {
            return Found::Ended;
        }
        if tried < TRIES {
            tokio::time::sleep(PAUSE).await;
        }
    }
    server.give_up();
    Found::GivenUp
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Answers from the given question on; ends after so many.
    struct Engine {
        answers_from: u32,
        ends_after: u32,
        asked: Cell<u32>,
        given_up: Cell<bool>,
    }

    impl Engine {
        fn new(answers_from: u32, ends_after: u32) -> Self {
            Self {
                answers_from,
                ends_after,
                asked: Cell::new(0),
                given_up: Cell::new(false),
            }
        }
    }

    impl Checked for Engine {
        async fn answers(&self) -> bool {
            self.asked.set(self.asked.get() + 1);
            self.asked.get() >= self.answers_from
        }

        fn is_ready(&self) -> bool {
            self.asked.get() < self.ends_after
        }

        fn give_up(&self) {
            self.given_up.set(true);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_needs_a_moment_is_left_alone() {
        let engine = Engine::new(TRIES, u32::MAX);
        assert_eq!(see_to(&engine).await, Found::Answers);
        assert!(!engine.given_up.get());
    }

    /// Jan #8517: loaded by the list, and silent.
    #[tokio::test(start_paused = true)]
    async fn an_engine_that_stays_silent_is_given_up() {
        let begin = tokio::time::Instant::now();
        let engine = Engine::new(u32::MAX, u32::MAX);
        assert_eq!(see_to(&engine).await, Found::GivenUp);
        assert!(engine.given_up.get());
        assert_eq!(engine.asked.get(), TRIES);
        assert_eq!(begin.elapsed(), PAUSE * (TRIES - 1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_was_stopped_meanwhile_is_not_killed() {
        let engine = Engine::new(u32::MAX, 2);
        assert_eq!(see_to(&engine).await, Found::Ended);
        assert!(!engine.given_up.get());
        assert_eq!(engine.asked.get(), 2);
    }
}
