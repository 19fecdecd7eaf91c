//! What was scheduled so far, for metrics.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::watch;

use crate::core::Core;

/// Counts since the host started. A clone is cheap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SchedulingView {
    /// All models together.
    pub total: SchedulingCounts,
    /// By key; only models that were wanted at least once.
    pub by_key: Arc<BTreeMap<String, SchedulingCounts>>,
}

/// Counts of one model, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SchedulingCounts {
    /// Loads that ended well.
    pub loads: u64,
    /// Loads that failed.
    pub load_failures: u64,
    /// Ended to make room for another.
    pub evictions: u64,
    /// Ended because nobody used it.
    pub idle_ends: u64,
    /// Started again after a crash.
    pub restarts: u64,
}

impl SchedulingCounts {
    pub(crate) fn plus(self, other: &Self) -> Self {
        Self {
            loads: self.loads + other.loads,
            load_failures: self.load_failures + other.load_failures,
            evictions: self.evictions + other.evictions,
            idle_ends: self.idle_ends + other.idle_ends,
            restarts: self.restarts + other.restarts,
        }
    }
}

impl Core {
    /// What was scheduled so far, now and whenever it changes.
    #[must_use]
    pub fn scheduling(&self) -> watch::Receiver<SchedulingView> {
        self.inner.scheduler.shared.counters.subscribe()
    }
}
