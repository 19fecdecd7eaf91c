//! How models end: by themselves, for want of requests, because the user says so, and with the host.

use std::sync::Arc;

use supervisor::{Failure, Server, StopOutcome, milliseconds_since_epoch};
use tokio::time::Instant;

use crate::core::Core;
use crate::error::Error;
use crate::load_model::LoadRequest;
use crate::schedule::crash::{MOST, Next, jitter};
use crate::schedule::error::ScheduleError;
use crate::schedule::load::{Origin, cancelled};
use crate::schedule::scheduler::Guarded;
use crate::schedule::state::{Phase, Slot};
use crate::status::CrashReport;

impl<S> Slot<S> {
    /// Nothing is left of it, and nobody wants it by what was so far.
    fn is_gone(&mut self) {
        self.phase = Phase::Absent;
        self.by_user = false;
        self.in_flight = 0;
        self.draining = false;
        if self.waiting.is_empty() {
            self.ttl_seconds = None;
        }
    }

    /// It was to be started again, and cannot be.
    pub(crate) fn give_up_restarting(&mut self) {
        if matches!(self.phase, Phase::BackOff { .. }) {
            self.phase = Phase::Failed;
        }
    }
}

impl Core {
    /// Waits for the end of a server that was ready, and sees to what follows.
    pub(crate) async fn watch_end(self, key: String, generation: u64, server: Server) {
        server.ended().await;
        let crash = server.error();
        let is_this = {
            let mut guarded = self.inner.scheduler.shared.lock();
            let slot = guarded.state.slot(&key, Instant::now());
            let is_this = slot.generation == generation;
            if is_this {
                match &crash {
                    None => slot.is_gone(),
                    Some(error) => {
                        slot.last_crash = Some(CrashReport {
                            failure: Failure::from(error),
                            at: milliseconds_since_epoch(),
                        });
                        let error = Arc::new(Error::Start(error.clone()));
                        self.note_failure(&mut guarded, &key, &error, true);
                    }
                }
            }
            is_this
        };
        if is_this {
            if let Some(error) = crash {
                self.announce_restart(&key, &error.to_string());
            }
            self.registry().touch();
            self.inner.scheduler.shared.look_again();
        }
    }

    /// A model crashed, or did not start: whether and when it is tried again.
    pub(crate) fn note_failure(
        &self,
        guarded: &mut Guarded,
        key: &str,
        cause: &Arc<Error>,
        may_retry: bool,
    ) {
        let now = Instant::now();
        let is_kept = {
            let settings = self.settings();
            let entry = settings.models.get(key);
            entry.is_some_and(|entry| entry.keep_loaded)
        };
        let slot = guarded.state.slot(key, now);
        slot.in_flight = 0;
        slot.draining = false;
        let was_ready = match slot.phase {
            Phase::Ready { since, .. } => {
                slot.crashes.has_run_for(now.duration_since(since));
                true
            }
            _ => false,
        };
        // Who waited for what was cancelled was told when it was; who waits now came later, and is served.
        if matches!(cause.code(), "cancelled" | "shutting_down") {
            slot.is_gone();
            return;
        }
        slot.phase = Phase::Failed;
        if !was_ready {
            slot.counts.load_failures += 1;
        }
        match slot.crashes.count(now, jitter()) {
            Next::GiveUp(count) => {
                let broken = ScheduleError::CrashLoop {
                    key: key.to_owned(),
                    count,
                    cause: Arc::new(failure_of(cause)),
                };
                slot.broken = Some(broken.clone());
                let error = Arc::new(Error::Schedule(broken));
                tracing::warn!(key, count, "failed too often; left alone");
                // Its row shows it too, and the log's tail with it; but nobody may be looking there.
                if count >= MOST {
                    self.announce("model_given_up", given_up(&error, &failure_of(cause).hint));
                }
                guarded.state.refuse_waiting(key, &error);
            }
            Next::TryAfter(pause) => {
                slot.not_before = Some(now + pause);
                if may_retry && (slot.by_user || is_kept) {
                    slot.phase = Phase::BackOff { until: now + pause };
                }
                // A crash is no answer to those who came after it; a load that failed is one to those who waited for it.
                if !was_ready {
                    guarded.state.refuse_waiting(key, cause);
                }
            }
        }
    }

    fn announce_restart(&self, key: &str, cause: &str) {
        let comes_back = {
            let mut guarded = self.inner.scheduler.shared.lock();
            let slot = guarded.state.slot(key, Instant::now());
            matches!(slot.phase, Phase::BackOff { .. })
        };
        if comes_back {
            self.announce(
                "model_restarted",
                format!("{key} is started again: {cause}."),
            );
        }
    }

    /// A crashed model's pause is over.
    pub(crate) async fn restart(self, key: String) {
        let (request, by_user) = {
            let mut guarded = self.inner.scheduler.shared.lock();
            let guarded = &mut *guarded;
            let slot = guarded.state.slot(&key, Instant::now());
            let request = guarded.loads.get(&key).map(|load| load.request.clone());
            (request, slot.by_user)
        };
        let Some(request) = request else {
            return self.could_not_plan(&key, cancelled(&key));
        };
        self.count_a_restart_of(&key);
        let queued = self.queue_load(&request, Origin::Restart { by_user }, Instant::now());
        if let Err(error) = queued.await {
            self.could_not_plan(&key, error);
        }
    }

    /// Counts a load as a restart where it is one.
    pub(crate) fn count_a_restart_of(&self, key: &str) {
        let mut guarded = self.inner.scheduler.shared.lock();
        let slot = guarded.state.slot(key, Instant::now());
        let has_crashed = slot.last_crash.is_some() && slot.not_before.is_some();
        if has_crashed {
            slot.counts.restarts += 1;
        }
    }

    /// Ends a model, in whatever state it is, and all that waits for it.
    pub(crate) async fn end_model(&self, key: &str) -> StopOutcome {
        let was_pending = {
            let mut guarded = self.inner.scheduler.shared.lock();
            unwant(&mut guarded, key)
        };
        let outcome = self.registry().stop(key).await;
        {
            // Where it was ready, its watcher sees to this too, in its own time.
            let mut guarded = self.inner.scheduler.shared.lock();
            let slot = guarded.state.slot(key, Instant::now());
            if matches!(
                slot.phase,
                Phase::Ready { .. } | Phase::Failed | Phase::Leaving
            ) && self.registry().get(key).is_none()
            {
                slot.is_gone();
            }
        }
        self.registry().touch();
        self.inner.scheduler.shared.look_again();
        if was_pending {
            StopOutcome::Stopped
        } else {
            outcome
        }
    }

    /// Ends all models, and all that waits for any. Returns their keys.
    pub(crate) async fn end_all_models(&self) -> Vec<String> {
        let mut keys: Vec<String> = {
            let mut guarded = self.inner.scheduler.shared.lock();
            guarded.epoch += 1;
            let keys: Vec<String> = guarded.state.slots.keys().cloned().collect();
            keys.into_iter()
                .filter(|key| unwant(&mut guarded, key))
                .collect()
        };
        keys.extend(self.registry().stop_all().await);
        keys.sort();
        keys.dedup();
        self.registry().touch();
        self.inner.scheduler.shared.look_again();
        keys
    }

    /// Takes nothing any more, tells everyone who waits, and ends all models.
    pub(crate) async fn end_scheduling(&self) {
        {
            let mut guarded = self.inner.scheduler.shared.lock();
            guarded.epoch += 1;
            guarded.state.close();
            let error = Arc::new(Error::ShuttingDown);
            for load in guarded.loads.values() {
                load.cancel.cancel();
                // One that has an engine ends with it.
                if load.is_waiting() {
                    load.fail(&error);
                }
            }
        }
        self.inner.scheduler.shared.look_again();
        self.registry().stop_all().await;
    }

    /// The library knows it no more.
    pub(crate) fn forget_model(&self, key: &str) {
        let mut guarded = self.inner.scheduler.shared.lock();
        let is_in_use = guarded.state.slots.get(key).is_some_and(|slot| {
            slot.has_memory() || slot.queued.is_some() || !slot.waiting.is_empty()
        });
        if !is_in_use {
            guarded.state.slots.remove(key);
            guarded.loads.remove(key);
        }
    }

    /// Models of which the user wants that they are loaded when the host starts, one after the other.
    pub(crate) async fn load_at_start(self) {
        let keys: Vec<String> = {
            let settings = self.settings();
            let models = settings.models.iter();
            models
                .filter(|(_, entry)| entry.load_at_start)
                .map(|(key, _)| key.clone())
                .collect()
        };
        for key in keys {
            if let Err(error) = self.load_model(&LoadRequest::of(&key)).await
                && !matches!(error.code(), "cancelled" | "shutting_down")
            {
                self.announce(
                    "start_load_failed",
                    format!("{key} was to be loaded at the start, and could not be: {error}."),
                );
            }
        }
    }
}

/// Nobody wants the model any more: what waits for it is told, and nothing brings it back. Returns whether there was
/// something to end that has no server yet.
fn unwant(guarded: &mut Guarded, key: &str) -> bool {
    let error = Arc::new(cancelled(key));
    let Some(slot) = guarded.state.slots.get_mut(key) else {
        return false;
    };
    let was_pending = slot.queued.take().is_some()
        || matches!(slot.phase, Phase::BackOff { .. } | Phase::Starting)
        || slot.planning;
    slot.by_user = false;
    slot.broken = None;
    slot.not_before = None;
    slot.last_crash = None;
    slot.crashes.forget();
    if matches!(slot.phase, Phase::BackOff { .. } | Phase::Failed) {
        slot.phase = Phase::Absent;
    }
    if let Some(load) = guarded.loads.get(key) {
        load.cancel.cancel();
        if load.is_waiting() {
            load.fail(&error);
        }
    }
    guarded.state.refuse_waiting(key, &error);
    was_pending
}

fn given_up(error: &Error, remedy: &str) -> String {
    let space = if remedy.is_empty() { "" } else { " " };
    format!(
        "{error}.{space}{remedy} It is left alone until it is loaded again; requests may try it once every two minutes."
    )
}

fn failure_of(error: &Error) -> Failure {
    match error {
        Error::Load { source, .. } | Error::Start(source) => Failure::from(source),
        other => Failure {
            code: other.code().to_owned(),
            message: other.to_string(),
            hint: other.hint(),
            log_tail: other.details(),
        },
    }
}
