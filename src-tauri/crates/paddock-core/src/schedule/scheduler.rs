//! What all who schedule share: the state under its lock, the loads under way, and the bell that wakes the dispatcher.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use supervisor::Server;
use tokio::sync::{Notify, watch};

use crate::schedule::counters::{SchedulingCounts, SchedulingView};
use crate::schedule::load::Load;
use crate::schedule::state::State;

/// Dropping it ends the dispatcher.
#[derive(Default)]
pub(crate) struct Scheduler {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Default)]
pub(crate) struct Shared {
    guarded: Mutex<Guarded>,
    /// Rung when the dispatcher should look.
    pub(crate) bell: Notify,
    pub(crate) counters: watch::Sender<SchedulingView>,
    /// The dispatcher was started.
    pub(crate) started: OnceLock<()>,
}

/// What is under the lock.
#[derive(Default)]
pub(crate) struct Guarded {
    pub(crate) state: State<Server>,
    /// The last load of each model.
    pub(crate) loads: HashMap<String, Arc<Load>>,
    pub(crate) last_load: u64,
    /// Grows when everything is ended: nothing of before comes back then.
    pub(crate) epoch: u64,
}

impl Shared {
    /// Held for no longer than it takes to look and change; never across an await.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Guarded> {
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the dispatcher.
    pub(crate) fn look_again(&self) {
        self.bell.notify_one();
    }

    /// Shows the counters as they are.
    pub(crate) fn show_counters(&self) {
        let by_key: BTreeMap<String, SchedulingCounts> = {
            let guarded = self.lock();
            let slots = guarded.state.slots.iter();
            slots
                .map(|(key, slot)| (key.clone(), slot.counts))
                .collect()
        };
        let total = by_key
            .values()
            .fold(SchedulingCounts::default(), SchedulingCounts::plus);
        let view = SchedulingView {
            total,
            by_key: Arc::new(by_key),
        };
        self.counters.send_if_modified(|shown| {
            let is_new = *shown != view;
            *shown = view;
            is_new
        });
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.shared.look_again();
    }
}
