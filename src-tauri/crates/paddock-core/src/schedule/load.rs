//! A load from its plan to its end: it waits for room, what has to end ends, the engine is started and seen through, and
//! what made room in vain comes back.

use std::sync::Arc;
use std::time::Duration;

use supervisor::{Server, ServerState, StartError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::error::Error;
use crate::load_model::LoadRequest;
use crate::params::LoadPlan;
use crate::run::memory;
use crate::schedule::error::NoRoom;
use crate::schedule::look::{Admitted, Ending};
use crate::schedule::scheduler::Guarded;
use crate::schedule::state::{Phase, Queued, Slot};

/// How long the memory of what has ended is waited for. It is back as soon as the process is gone; drivers may take
/// longer (llama-swap #97).
const MEMORY_WITHIN: Duration = Duration::from_secs(3);
const MEMORY_EVERY: Duration = Duration::from_millis(50);

/// Who wants a model loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The user: window, tray, command line, API.
    User,
    /// A request.
    Request,
    /// It crashed, and is wanted still.
    Restart { by_user: bool },
    /// It made room in vain.
    Restore { by_user: bool, ttl: Option<i64> },
}

type Outcome = Option<Result<Server, Arc<Error>>>;

/// One load. All who want the same wait for the same one.
pub(crate) struct Load {
    pub(crate) number: u64,
    pub(crate) request: LoadRequest,
    pub(crate) plan: LoadPlan,
    origin: Origin,
    /// The engine was started, or never will be.
    started: watch::Sender<Outcome>,
    /// It is ready, or never will be.
    outcome: watch::Sender<Outcome>,
    /// Fires when it is no longer wanted before its engine was started.
    pub(crate) cancel: CancellationToken,
}

impl Load {
    fn new(number: u64, request: &LoadRequest, plan: LoadPlan, origin: Origin) -> Self {
        Self {
            number,
            request: request.clone(),
            plan,
            origin,
            started: watch::Sender::new(None),
            outcome: watch::Sender::new(None),
            cancel: CancellationToken::new(),
        }
    }

    pub(crate) fn key(&self) -> &str {
        &self.plan.spec.key
    }

    /// Waits until the engine was started; it may be loading still.
    pub(crate) async fn started(&self) -> Result<Server, Error> {
        told(&self.started).await
    }

    /// Waits until it is ready.
    pub(crate) async fn ready(&self) -> Result<Server, Error> {
        told(&self.outcome).await
    }

    fn end(&self, outcome: Result<Server, Arc<Error>>) {
        let mut is_first = false;
        self.outcome.send_if_modified(|told| {
            is_first = told.is_none();
            if is_first {
                *told = Some(outcome.clone());
            }
            is_first
        });
        if is_first {
            let is_open = |told: &mut Outcome| {
                let is_open = told.is_none();
                if is_open {
                    *told = Some(outcome);
                }
                is_open
            };
            self.started.send_if_modified(is_open);
        }
    }

    /// Everyone who waits for it is told this.
    pub(crate) fn fail(&self, error: &Arc<Error>) {
        self.end(Err(Arc::clone(error)));
    }

    /// It has no engine yet.
    pub(crate) fn is_waiting(&self) -> bool {
        self.started.borrow().is_none()
    }

    /// Its engine got ready.
    fn is_done(&self) -> bool {
        self.outcome.borrow().is_some()
    }

    /// It waits, starts or runs, so that another load of the same would be the same.
    fn is_live(&self) -> bool {
        if self.cancel.is_cancelled() {
            return false;
        }
        let outcome = self.outcome.borrow().clone();
        match outcome {
            None => true,
            Some(Err(_)) => false,
            Some(Ok(server)) => {
                let state = server.status().state;
                state == ServerState::Ready
                    && !server.closing().is_cancelled()
                    && !server.has_just_died()
            }
        }
    }
}

/// Whether a load that was planned for somebody is still wanted by them.
fn is_still_wanted(slot: &Slot<Server>, origin: Origin) -> bool {
    match origin {
        Origin::User | Origin::Restore { .. } => true,
        Origin::Request => !slot.waiting.is_empty(),
        Origin::Restart { .. } => matches!(slot.phase, Phase::BackOff { .. }),
    }
}

async fn told(channel: &watch::Sender<Outcome>) -> Result<Server, Error> {
    let mut receiver = channel.subscribe();
    let told = receiver.wait_for(Option::is_some).await;
    match told.ok().and_then(|told| told.clone()) {
        Some(Ok(server)) => Ok(server),
        Some(Err(error)) => Err(Error::shared(&error)),
        None => Err(Error::ShuttingDown),
    }
}

pub(crate) fn cancelled(key: &str) -> Error {
    Error::Load {
        key: key.to_owned(),
        source: StartError::Cancelled {
            key: key.to_owned(),
        },
    }
}

impl Core {
    /// Plans a load and puts it in the queue for room; or finds the one that is under way, or done, for the same. Nothing
    /// running is touched before the newcomer passed its checks.
    pub(crate) async fn queue_load(
        &self,
        request: &LoadRequest,
        origin: Origin,
        since: Instant,
    ) -> Result<Arc<Load>, Error> {
        self.start_scheduling();
        self.fetch_missing_engine(&request.model).await?;
        let plan = self.plan_of(request, None).await?;
        plan.spec.check().map_err(|source| Error::Load {
            key: plan.spec.key.clone(),
            source,
        })?;
        self.queue_planned(request, plan, origin, since)
    }

    fn queue_planned(
        &self,
        request: &LoadRequest,
        plan: LoadPlan,
        origin: Origin,
        since: Instant,
    ) -> Result<Arc<Load>, Error> {
        let need_bytes = self.need_of(&plan);
        let shared = &self.inner.scheduler.shared;
        let mut guarded = shared.lock();
        if guarded.state.closed {
            return Err(Error::ShuttingDown);
        }
        let guarded = &mut *guarded;
        let key = plan.spec.key.clone();
        let slot = guarded.state.slot(&key, Instant::now());
        slot.planning = false;
        if origin == Origin::User {
            // The user wants it tried afresh.
            slot.broken = None;
            slot.crashes.forget();
            slot.ttl_seconds = request.ttl_seconds;
        }
        if !is_still_wanted(slot, origin) {
            return Err(cancelled(&key));
        }
        let is_ready = matches!(slot.phase, Phase::Ready { .. });
        let same = guarded.loads.get(&key);
        if let Some(same) = same.filter(|load| load.is_live() && (is_ready || !load.is_done())) {
            if origin != Origin::User {
                return Ok(Arc::clone(same));
            }
            if same.plan.spec == plan.spec {
                slot.by_user = true;
                if let Some(queued) = &mut slot.queued {
                    queued.is_urgent = true;
                    queued.by_user = true;
                    // It is the user's from now on: it goes on when the requests that began it have left, and makes room
                    // where it would only have come back.
                    queued.for_requests = false;
                    queued.only_if_free = false;
                }
                let same = Arc::clone(same);
                shared.look_again();
                return Ok(same);
            }
            // What has no engine yet, with other parameters, is not wanted any more.
            if same.is_waiting() {
                same.cancel.cancel();
                same.fail(&Arc::new(cancelled(&key)));
            }
        }
        let by_user = match origin {
            Origin::User => true,
            Origin::Request => slot.by_user,
            Origin::Restart { by_user } => by_user,
            Origin::Restore { by_user, ttl } => {
                slot.ttl_seconds = ttl;
                by_user
            }
        };
        guarded.last_load += 1;
        let load = Arc::new(Load::new(guarded.last_load, request, plan, origin));
        slot.queued = Some(Queued {
            load: load.number,
            need_bytes,
            since,
            is_urgent: origin == Origin::User,
            for_requests: origin == Origin::Request,
            by_user,
            only_if_free: matches!(origin, Origin::Restore { .. }),
        });
        guarded.loads.insert(key, Arc::clone(&load));
        shared.look_again();
        Ok(load)
    }

    /// Bytes that a model will take. What it took the last time with the same arguments is better than any estimate.
    fn need_of(&self, plan: &LoadPlan) -> u64 {
        if let Some(measured) = self.inner.plans.measured(&plan.spec) {
            return measured;
        }
        plan.predicted_bytes.unwrap_or(0)
    }

    /// Starts a load that has room as soon as what makes room is gone.
    pub(crate) async fn run_load(self, admitted: Admitted<Server>, epoch: u64) {
        let shared = Arc::clone(&self.inner.scheduler.shared);
        let load = {
            let guarded = shared.lock();
            let load = guarded.loads.get(&admitted.key);
            load.filter(|load| load.number == admitted.load).cloned()
        };
        let Some(load) = load else {
            return self.was_replaced(&admitted);
        };
        self.end_all(&admitted, &load).await;
        let outcome = self.start_and_see(&load).await;
        match outcome {
            Ok(server) => self.has_started(&admitted, &load, server),
            Err(error) => {
                let error = Arc::new(error);
                let is_on = self.has_not_started(&admitted, &load, &error, epoch);
                load.fail(&error);
                if is_on {
                    self.bring_back(admitted.victims).await;
                }
            }
        }
        shared.show_counters();
        self.registry().touch();
        shared.look_again();
    }

    /// Another load of the same took its place before it began: the place is that one's to take.
    fn was_replaced(&self, admitted: &Admitted<Server>) {
        let mut guarded = self.inner.scheduler.shared.lock();
        let slot = guarded.state.slot(&admitted.key, Instant::now());
        if slot.generation == admitted.generation && matches!(slot.phase, Phase::Starting) {
            slot.phase = Phase::Absent;
        }
        drop(guarded);
        self.inner.scheduler.shared.look_again();
    }

    /// Ends what makes room, and waits until its memory is there: a spawn that comes too early finds too little.
    async fn end_all(&self, admitted: &Admitted<Server>, load: &Load) {
        if admitted.victims.is_empty() {
            return;
        }
        let free_now = |core: &Self| memory::free_beside(&core.measure().0);
        let before = free_now(self);
        let mut freed = 0_u64;
        for Ending { key, server, .. } in &admitted.victims {
            tracing::info!(key, newcomer = admitted.key, "ends to make room");
            let held = server.status().pid.and_then(memory::of_process);
            freed = freed.saturating_add(held.unwrap_or(0));
            self.remember_measured(server, held);
            server.closing().cancel();
        }
        for victim in &admitted.victims {
            self.registry().end(&victim.server).await;
        }
        // Most of it: what others take meanwhile is not ours to wait for.
        let wanted = before.map(|before| before + i128::from(freed / 10 * 8));
        let deadline = Instant::now() + MEMORY_WITHIN;
        while let (Some(free), Some(wanted)) = (free_now(self), wanted) {
            if free >= wanted || Instant::now() > deadline || load.cancel.is_cancelled() {
                return;
            }
            sleep(MEMORY_EVERY).await;
        }
    }

    async fn start_and_see(&self, load: &Arc<Load>) -> Result<Server, Error> {
        let key = load.key();
        let plan = load.plan.clone();
        if load.cancel.is_cancelled() {
            return Err(self.gone(key));
        }
        let server = self.start_planned(&plan)?;
        // Whoever cancelled in between did not find the server.
        if load.cancel.is_cancelled() {
            self.registry().end(&server).await;
            return Err(self.gone(key));
        }
        let _ = load.started.send(Some(Ok(server.clone())));
        let seeing = self.clone().see_through(load.request.clone(), server, plan);
        seeing.await
    }

    fn gone(&self, key: &str) -> Error {
        if self.inner.scheduler.shared.lock().state.closed {
            Error::ShuttingDown
        } else {
            cancelled(key)
        }
    }

    fn has_started(&self, admitted: &Admitted<Server>, load: &Load, server: Server) {
        let shared = &self.inner.scheduler.shared;
        {
            let mut guarded = shared.lock();
            let now = Instant::now();
            let slot = guarded.state.slot(&admitted.key, now);
            if slot.generation == admitted.generation {
                guarded.state.is_ready(&admitted.key, server.clone(), now);
            }
        }
        load.end(Ok(server.clone()));
        let (core, key) = (self.clone(), admitted.key.clone());
        tokio::spawn(core.watch_end(key, admitted.generation, server));
    }

    /// Returns whether what made room should come back.
    fn has_not_started(
        &self,
        admitted: &Admitted<Server>,
        load: &Load,
        error: &Arc<Error>,
        epoch: u64,
    ) -> bool {
        let mut guarded = self.inner.scheduler.shared.lock();
        let is_on = guarded.epoch == epoch && !guarded.state.closed;
        let is_this = guarded
            .state
            .slots
            .get(&admitted.key)
            .is_some_and(|slot| slot.generation == admitted.generation);
        // Another load has taken its place, or everything was ended.
        if is_this {
            let may_retry = matches!(load.origin, Origin::Restart { .. });
            self.note_failure(&mut guarded, &admitted.key, error, may_retry);
        }
        is_on
    }

    /// What made room comes back where it fits without ending anything.
    async fn bring_back(&self, victims: Vec<Ending<Server>>) {
        for victim in victims {
            let request = {
                let guarded = self.inner.scheduler.shared.lock();
                let load = guarded.loads.get(&victim.key);
                load.map(|load| load.request.clone())
            };
            let Some(request) = request else {
                continue;
            };
            tracing::info!(key = victim.key, "comes back: it made room in vain");
            let origin = Origin::Restore {
                by_user: victim.by_user,
                ttl: victim.ttl_seconds,
            };
            let queued = self.queue_load(&request, origin, Instant::now()).await;
            if let Err(error) = queued {
                tracing::warn!(%error, key = victim.key, "could not come back");
            }
        }
    }

    /// Requests wait for this model since then.
    pub(crate) async fn load_on_demand(self, key: String, since: Instant) {
        let request = LoadRequest::of(&key);
        self.count_a_restart_of(&key);
        if let Err(error) = self.queue_load(&request, Origin::Request, since).await {
            self.could_not_plan(&key, error);
        }
    }

    /// Nobody waits for this load any more. Under the lock that it was found under: whoever wants the same a moment later
    /// begins a load of their own.
    pub(crate) fn is_abandoned(guarded: &Guarded, key: &str, load: u64) {
        if let Some(abandoned) = guarded.loads.get(key).filter(|one| one.number == load) {
            abandoned.fail(&Arc::new(cancelled(key)));
        }
    }

    /// A load that does not fit.
    pub(crate) fn does_not_fit(&self, key: &str, load: u64, no_room: NoRoom) {
        let error = Arc::new(Error::Schedule(no_room.into()));
        let mut guarded = self.inner.scheduler.shared.lock();
        let guarded = &mut *guarded;
        let refused = guarded.loads.get(key).filter(|one| one.number == load);
        // One that would only come back may end nothing; a request for it may, and is planned next.
        let mut is_for_requests = true;
        if let Some(refused) = refused {
            refused.fail(&error);
            is_for_requests = !matches!(refused.origin, Origin::Restore { .. });
        }
        let slot = guarded.state.slot(key, Instant::now());
        slot.counts.load_failures += 1;
        if !is_for_requests {
            self.inner.scheduler.shared.look_again();
        } else if !slot.has_memory() {
            guarded.state.refuse_waiting(key, &error);
        }
    }

    pub(crate) fn could_not_plan(&self, key: &str, error: Error) {
        tracing::warn!(%error, key, "could not be loaded");
        {
            let mut guarded = self.inner.scheduler.shared.lock();
            let slot = guarded.state.slot(key, Instant::now());
            slot.planning = false;
            // Who waited for it was told when it was cancelled; who waits now came later.
            if error.code() == "cancelled" {
                self.inner.scheduler.shared.look_again();
                return;
            }
            slot.counts.load_failures += 1;
            slot.give_up_restarting();
            guarded.state.refuse_waiting(key, &Arc::new(error));
        }
        self.inner.scheduler.shared.show_counters();
        self.registry().touch();
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
