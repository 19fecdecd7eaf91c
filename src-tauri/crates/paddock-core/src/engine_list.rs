//! The list of engines, kept. A window asks for it several times a second, and looking takes a walk through `PATH` and a
//! file of each engine's. Whatever Paddock itself changes is seen at once; what others do to the files, in seconds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use settings::SettingsDocument;

use crate::core::Core;
use crate::engines::EngineView;
use crate::error::Error;

/// How old it may be before it is looked at again, off the caller's thread.
const KEPT_FOR: Duration = Duration::from_secs(3);

/// The list as it was last seen.
#[derive(Default)]
pub(crate) struct EngineList {
    kept: Mutex<Option<Kept>>,
    /// Somebody looks right now.
    looking: AtomicBool,
}

struct Kept {
    engines: Vec<EngineView>,
    at: Instant,
    /// What it was made of.
    settings: Arc<SettingsDocument>,
    records_revision: u64,
}

impl EngineList {
    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// The engines there are, as they were seen within the last seconds. Cheap.
    #[must_use]
    pub fn engines(&self) -> Vec<EngineView> {
        let store = &self.inner.engine_store;
        let (settings, revision) = (self.settings(), store.records_revision());
        let known = store.list.kept().as_ref().and_then(|kept| {
            let holds = Arc::ptr_eq(&kept.settings, &settings) && kept.records_revision == revision;
            holds.then(|| (kept.engines.clone(), kept.at.elapsed() > KEPT_FOR))
        });
        let Some((engines, is_old)) = known else {
            return self.look_and_keep();
        };
        if is_old && !store.list.looking.swap(true, Ordering::AcqRel) {
            let core = self.clone();
            std::thread::spawn(move || {
                core.look_and_keep();
                let list = &core.inner.engine_store.list;
                list.looking.store(false, Ordering::Release);
            });
        }
        engines
    }

    /// As [`Core::engines`], as they are this moment.
    ///
    /// # Errors
    /// Paddock is ending.
    pub async fn look_at_engines(&self) -> Result<Vec<EngineView>, Error> {
        self.blocking(Self::look_and_keep).await
    }

    fn look_and_keep(&self) -> Vec<EngineView> {
        let store = &self.inner.engine_store;
        // Taken before the look: what changes meanwhile makes it old at once.
        let (settings, records_revision) = (self.settings(), store.records_revision());
        let engines = self.engines_now();
        *store.list.kept() = Some(Kept {
            engines: engines.clone(),
            at: Instant::now(),
            settings,
            records_revision,
        });
        engines
    }
}

#[cfg(test)]
mod tests {
    use settings::{DataDir, EngineEntry};

    use super::*;

    #[test]
    fn the_list_is_kept_and_follows_settings_and_records_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let core = core_in(folder.path());
        let binary = folder.path().join("llama-server");
        std::fs::write(&binary, "").unwrap();
        core.update_settings(|settings| {
            let entry = EngineEntry::new(binary.clone());
            settings.engines.installed.insert("mine".to_owned(), entry);
        })
        .unwrap();
        let mine = || core.engines().into_iter().find(|view| view.name == "mine");
        assert!(mine().unwrap().present);

        std::fs::remove_file(&binary).unwrap();
        assert!(mine().unwrap().present, "it was seen a moment ago");
        assert!(!core.engine("mine").unwrap().present, "a load looks itself");
        core.inner
            .engine_store
            .change(|records| records.became_current("mine"));
        assert!(!mine().unwrap().present);

        core.update_settings(|settings| settings.engines.installed.clear())
            .unwrap();
        assert_eq!(mine(), None);
    }

    fn core_in(folder: &std::path::Path) -> Core {
        let data = DataDir::at(folder);
        let lock = crate::InstanceLock::acquire(&data).unwrap();
        let store = settings::FileStore::new(data.settings());
        Core::open(data, &lock, Box::new(store), Vec::new())
            .unwrap()
            .core
    }
}
