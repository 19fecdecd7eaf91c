//! Telling how far a file is, while something else goes on; and keeping the computer awake for it.

use std::time::{Duration, Instant};

use super::OneFile;
use crate::error::Error;
use crate::spec::{FileProgress, FileState};
use crate::sync::lock;

const TICK: Duration = Duration::from_millis(250);
/// A computer that nothing comes to for so long may sleep.
const PATIENCE: Duration = Duration::from_secs(120);

impl OneFile<'_> {
    /// Runs something with the progress told meanwhile; ends early when the download is cancelled.
    pub(crate) async fn telling<T>(
        &self,
        tell: impl Fn() -> FileProgress,
        future: impl Future<Output = T>,
    ) -> Result<T, Error> {
        let mut ticks = tokio::time::interval(TICK);
        tokio::pin!(future);
        loop {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(Error::Cancelled),
                output = &mut future => return Ok(output),
                _ = ticks.tick() => {
                    let progress = tell();
                    self.keep_awake(progress.state);
                    (self.progress)(progress);
                }
            }
        }
    }

    /// Keeps the computer awake, but not for a network that stays away.
    fn keep_awake(&self, state: FileState) {
        if !self.common.options.keep_awake {
            return;
        }
        let mut wakefulness = lock(&self.wakefulness);
        if state != FileState::Waiting {
            wakefulness.waiting_since = None;
            if wakefulness.hold.is_none() {
                wakefulness.hold = Some(self.common.awake.hold());
            }
            return;
        }
        let since = *wakefulness.waiting_since.get_or_insert_with(Instant::now);
        if since.elapsed() > PATIENCE {
            wakefulness.hold = None;
        }
    }

    /// Progress in numbers; the state follows from whether something is waited for.
    pub(crate) fn tell(&self, downloaded: u64, total: Option<u64>, fetched: u64) -> FileProgress {
        let waits = self.gate.waits();
        FileProgress {
            state: if total == Some(downloaded) {
                FileState::Verifying
            } else if waits.is_some() {
                FileState::Waiting
            } else {
                FileState::Running
            },
            downloaded_bytes: downloaded,
            total_bytes: total.or(self.spec.size_bytes),
            fetched_bytes: self.fetched + fetched,
            reason: waits.or_else(|| self.notice.clone()),
        }
    }
}
