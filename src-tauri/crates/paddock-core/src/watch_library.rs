//! Sees models come and go: files that are put into models folders, drives that are plugged in.
//!
//! Left out: polling of what cannot be watched. Whoever lists the library scans anyway.

use std::sync::{Arc, Weak};
use std::time::Duration;

use library::LibraryWatcher;
use tokio::sync::{Notify, watch};
use tokio::time::MissedTickBehavior;

use crate::core::{Core, Inner};

/// How soon a drive that came or went, or a folder that was added, is noticed.
const FOLDERS_EVERY: Duration = Duration::from_secs(3);

impl Core {
    /// Grows whenever models or folders may have come, gone or changed.
    #[must_use]
    pub fn library_revision(&self) -> watch::Receiver<u64> {
        self.inner.library_revision.subscribe()
    }

    /// Tells everyone.
    pub(crate) fn library_has_changed(&self) {
        self.inner
            .library_revision
            .send_modify(|revision| *revision += 1);
    }

    /// Watches the models folders from now on, until the core is dropped. A host calls it once.
    pub fn watch_library(&self) {
        let told = Arc::new(Notify::new());
        let tell = Arc::clone(&told);
        let watcher = LibraryWatcher::new(move || tell.notify_one());
        tokio::spawn(keep_watching(Arc::downgrade(&self.inner), watcher, told));
    }
}

async fn keep_watching(core: Weak<Inner>, mut watcher: LibraryWatcher, told: Arc<Notify>) {
    let mut ticks = tokio::time::interval(FOLDERS_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_first = true;
    loop {
        let is_told = tokio::select! {
            () = told.notified() => true,
            _ = ticks.tick() => false,
        };
        let Some(inner) = core.upgrade() else {
            return;
        };
        let core = Core { inner };
        // Asking a drive whether it is there can take long.
        let looked = core
            .blocking(move |core| {
                // A scan gives up waiting for a drive that hangs; whether it is there is then not asked.
                if is_first && let Err(error) = core.scan_library() {
                    tracing::warn!(%error, "new models could not be added");
                }
                let mut folders = core.models_folders();
                folders.retain(|folder| !core.inner.scanner.is_silent(folder));
                let own = core.models_folder();
                if is_first && folders.contains(&own) {
                    library::remove_half_copied(&own);
                }
                let changed = watcher.watch(&folders);
                if (is_told || changed)
                    && let Err(error) = core.scan_library()
                {
                    tracing::warn!(%error, "new models could not be added");
                }
                (watcher, changed)
            })
            .await;
        let Ok((again, changed)) = looked else {
            return;
        };
        watcher = again;
        if is_told || (changed && !is_first) {
            core.library_has_changed();
        }
        is_first = false;
    }
}
