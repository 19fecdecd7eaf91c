//! What happened by itself and the user should know: an engine was rolled back, an old one was removed. Live, unlike
//! the notices of the start; each stays until it is dismissed or the host ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use supervisor::milliseconds_since_epoch;
use tokio::sync::watch;

use crate::core::Core;

/// More than anybody reads; the oldest go.
const MOST_KEPT: usize = 20;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Announcement {
    /// Grows with each.
    pub id: u64,
    /// Stable name: `engine_rolled_back`, `engines_removed`, `engine_updated`.
    pub code: String,
    /// What happened, in a sentence or two.
    pub message: String,
    /// When, milliseconds since the epoch.
    pub at: u64,
}

/// All that was announced and not dismissed.
pub(crate) struct Announcements {
    list: watch::Sender<Arc<Vec<Announcement>>>,
    next_id: AtomicU64,
}

impl Default for Announcements {
    fn default() -> Self {
        Self {
            list: watch::Sender::new(Arc::new(Vec::new())),
            next_id: AtomicU64::new(1),
        }
    }
}

impl Core {
    /// What was announced and not dismissed, oldest first, now and whenever it changes.
    #[must_use]
    pub fn announcements(&self) -> watch::Receiver<Arc<Vec<Announcement>>> {
        self.inner.announcements.list.subscribe()
    }

    /// Takes one away.
    pub fn dismiss_announcement(&self, id: u64) {
        self.inner
            .announcements
            .change(|list| list.retain(|announcement| announcement.id != id));
    }

    /// Tells everyone.
    pub(crate) fn announce(&self, code: &str, message: String) {
        tracing::info!(code, message, "announced");
        let id = self
            .inner
            .announcements
            .next_id
            .fetch_add(1, Ordering::Relaxed);
        let announcement = Announcement {
            id,
            code: code.to_owned(),
            message,
            at: milliseconds_since_epoch(),
        };
        self.inner.announcements.change(|list| {
            list.push(announcement);
            let too_many = list.len().saturating_sub(MOST_KEPT);
            list.drain(..too_many);
        });
    }
}

impl Announcements {
    fn change(&self, change: impl FnOnce(&mut Vec<Announcement>)) {
        self.list.send_modify(|list| change(Arc::make_mut(list)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go() {
        let announcements = Announcements::default();
        for id in 0..30 {
            announcements.change(|list| {
                list.push(Announcement {
                    id,
                    code: "x".to_owned(),
                    message: String::new(),
                    at: 0,
                });
                let too_many = list.len().saturating_sub(MOST_KEPT);
                list.drain(..too_many);
            });
        }
        let list = announcements.list.borrow().clone();
        assert_eq!((list.len(), list[0].id), (MOST_KEPT, 10));
    }
}
