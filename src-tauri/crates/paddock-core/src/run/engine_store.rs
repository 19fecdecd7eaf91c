//! What the use cases about engines share: the one installation at a time, what is on record, the releases as they
//! were last asked for, and the machine.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engines::{
    EngineRecords, Machine, Origin, Processor, Releases, base_url, read_record, write_record,
};
use settings::DataDir;
use tokio::sync::{OnceCell, watch};
use tokio_util::sync::CancellationToken;

use crate::engine_jobs::EngineJob;
use crate::engine_list::EngineList;

/// Folders that are being unpacked. The dot keeps them from being listed.
const STAGING: &str = ".staging-";
/// Folders that are being removed.
const REMOVING: &str = ".removing-";
/// Folders that were put aside for new ones. They go when those have their place, and come back where they do not.
const REPLACED: &str = ".replaced-";
/// On Windows a file that somebody has open, a scanner for one, holds its folder for a moment.
const RENAME_ATTEMPTS: u32 = if cfg!(windows) { 15 } else { 1 };
const RENAME_PAUSE: std::time::Duration = std::time::Duration::from_millis(200);

/// See the module.
pub(crate) struct EngineStore {
    /// The installation, for everyone to see.
    pub(crate) job: watch::Sender<Option<EngineJob>>,
    pub(crate) next_id: AtomicU64,
    /// Held by the installation.
    pub(crate) installing: Arc<tokio::sync::Mutex<()>>,
    /// Ends the installation that is under way.
    pub(crate) cancel: Mutex<CancellationToken>,
    /// Fires when the host ends.
    pub(crate) shutdown: CancellationToken,
    pub(crate) processor: Processor,
    /// The engines as they were last seen.
    pub(crate) list: EngineList,
    engines: PathBuf,
    records: Mutex<EngineRecords>,
    /// Grows with each change of them.
    records_revision: AtomicU64,
    releases: Mutex<Option<(String, Arc<Releases>)>>,
    machine: OnceCell<Machine>,
}

impl EngineStore {
    /// Reads what is on record, and removes what an earlier host left half done: the lock on the data folder says that
    /// nobody is at it.
    pub(crate) fn open(data: &DataDir) -> Self {
        let engines = data.engines();
        for entry in std::fs::read_dir(&engines).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(STAGING) || name.starts_with(REMOVING) {
                remove_folder(&entry.path());
            }
            if let Some(replaced) = name.strip_prefix(REPLACED) {
                let folder = engines.join(replaced);
                if folder.exists() {
                    remove_folder(&entry.path());
                } else if let Err(error) = rename(&entry.path(), &folder) {
                    tracing::warn!(%error, engine = replaced, "could not be put back");
                }
            }
        }
        remove_folder(&proof_folder(data));
        Self {
            job: watch::Sender::new(None),
            next_id: AtomicU64::new(1),
            installing: Arc::default(),
            cancel: Mutex::default(),
            shutdown: CancellationToken::new(),
            processor: Processor::here(),
            records: Mutex::new(read_record(&records_file(&engines)).unwrap_or_default()),
            records_revision: AtomicU64::new(0),
            list: EngineList::default(),
            releases: Mutex::new(None),
            machine: OnceCell::new(),
            engines,
        }
    }

    fn records(&self) -> MutexGuard<'_, EngineRecords> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at what is on record.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&EngineRecords) -> T) -> T {
        look(&self.records())
    }

    pub(crate) fn records_revision(&self) -> u64 {
        self.records_revision.load(Ordering::Acquire)
    }

    /// Changes what is on record. A disk that refuses costs the memory of it, not the work that it is about.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut EngineRecords) -> T) -> T {
        let mut records = self.records();
        let before = records.clone();
        let result = change(&mut records);
        if *records != before {
            self.records_revision.fetch_add(1, Ordering::AcqRel);
            let written = std::fs::create_dir_all(&self.engines)
                .and_then(|()| write_record(&records_file(&self.engines), &*records));
            if let Err(error) = written {
                tracing::warn!(%error, "the engines' records could not be written");
            }
        }
        result
    }

    /// Where an engine in our own folder is from.
    pub(crate) fn origin_of(&self, binary: &Path) -> Option<Origin> {
        read_record(&self.own_folder_of(binary)?.join(Origin::FILE_NAME))
    }

    /// The folder of an engine that lies in ours: a direct child of it.
    pub(crate) fn own_folder_of(&self, binary: &Path) -> Option<PathBuf> {
        let below = binary.strip_prefix(&self.engines).ok()?;
        let first = below.components().next()?;
        (below.components().count() > 1).then(|| self.engines.join(first))
    }

    /// The releases, asked through `client`.
    pub(crate) fn releases(
        &self,
        from_settings: Option<&str>,
        data: &DataDir,
        client: impl FnOnce() -> reqwest::Client,
    ) -> Arc<Releases> {
        let base = base_url(from_settings);
        let mut kept = self.releases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, releases)) = &*kept
            && *known == base
        {
            return Arc::clone(releases);
        }
        let folder = data.root().join("cache").join("releases");
        let releases = Arc::new(Releases::new(client(), &base, folder));
        *kept = Some((base, Arc::clone(&releases)));
        releases
    }

    /// This machine, looked at once.
    pub(crate) async fn machine(&self) -> Machine {
        let look = || async {
            tokio::task::spawn_blocking(Machine::detect)
                .await
                .unwrap_or_else(|_| Machine::detect())
        };
        self.machine.get_or_init(look).await.clone()
    }

    /// A folder to unpack into, which goes when this is dropped.
    pub(crate) fn staging(&self, name: &str) -> Staging {
        let unique = format!("{STAGING}{name}-{}", std::process::id());
        let path = self.engines.join(unique);
        remove_folder(&path);
        Staging(path)
    }

    /// Gives `staging` the name of `folder`. What has that name is put aside first, and has it again where this fails.
    pub(crate) fn swap_in(&self, staging: &Path, folder: &Path) -> std::io::Result<()> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let aside = self.engines.join(format!("{REPLACED}{name}"));
        if folder.exists() {
            remove_folder(&aside);
            rename(folder, &aside)?;
        }
        if let Err(error) = rename(staging, folder) {
            if aside.exists()
                && let Err(error) = rename(&aside, folder)
            {
                tracing::warn!(%error, engine = %name, "could not be put back");
            }
            return Err(error);
        }
        remove_folder(&aside);
        Ok(())
    }

    /// Removes a folder of ours: out of sight at once, off the disk then.
    pub(crate) fn discard(&self, folder: &Path) {
        if !folder.exists() {
            return;
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let aside = self
            .engines
            .join(format!("{REMOVING}{name}-{}", std::process::id()));
        remove_folder(&aside);
        match rename(folder, &aside) {
            Ok(()) => remove_folder(&aside),
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "could not be put aside");
                remove_folder(folder);
            }
        }
    }
}

/// A folder that is being filled.
pub(crate) struct Staging(pub(crate) PathBuf);

impl Drop for Staging {
    fn drop(&mut self) {
        remove_folder(&self.0);
    }
}

/// Where proofs have their model.
pub(crate) fn proof_folder(data: &DataDir) -> PathBuf {
    data.run().join("proof")
}

fn records_file(engines: &Path) -> PathBuf {
    engines.join("records.json")
}

/// Renames, patiently where the system wants that.
fn rename(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut attempt = 1;
    loop {
        match std::fs::rename(from, to) {
            Err(error)
                if attempt < RENAME_ATTEMPTS && error.kind() != std::io::ErrorKind::NotFound =>
            {
                attempt += 1;
                std::thread::sleep(RENAME_PAUSE);
            }
            result => return result,
        }
    }
}

/// What cannot be removed now is removed at the next start.
pub(crate) fn remove_folder(path: &Path) {
    if let Err(error) = std::fs::remove_dir_all(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, folder = %path.display(), "could not be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_host_left_half_done_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path());
        let engines = data.engines();
        for name in [
            ".staging-b1-cpu-77",
            ".removing-b0-cpu-77",
            "b2-cpu",
            ".b10434-vulkan.staging",
        ] {
            std::fs::create_dir_all(engines.join(name).join("inner")).unwrap();
        }
        let store = EngineStore::open(&data);
        let mut left: Vec<_> = std::fs::read_dir(&engines)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(
            left,
            [".b10434-vulkan.staging", "b2-cpu"],
            "another program's staging folder is not ours"
        );
        assert_eq!(
            store.own_folder_of(&engines.join("b2-cpu/bin/llama-server")),
            Some(engines.join("b2-cpu"))
        );
        assert_eq!(store.own_folder_of(&engines.join("llama-server")), None);
        assert_eq!(store.own_folder_of(Path::new("/opt/llama-server")), None);
    }

    #[test]
    fn an_engine_stays_where_another_cannot_take_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path());
        let store = EngineStore::open(&data);
        let engine = data.engines().join("b1-cpu");
        let binary = engine.join("llama-server");
        let put = |folder: &Path, words: &str| {
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(folder.join("llama-server"), words).unwrap();
        };
        put(&engine, "old");
        let staging = data.engines().join(".staging-b1-cpu-1");
        assert!(store.swap_in(&staging, &engine).is_err(), "it is not there");
        assert_eq!(std::fs::read_to_string(&binary).unwrap(), "old");
        put(&staging, "new");
        store.swap_in(&staging, &engine).unwrap();
        assert_eq!(std::fs::read_to_string(&binary).unwrap(), "new");
        assert_eq!(std::fs::read_dir(data.engines()).unwrap().count(), 1);

        // A host that ended between the two renames.
        let aside = data.engines().join(".replaced-b1-cpu");
        std::fs::rename(&engine, &aside).unwrap();
        EngineStore::open(&data);
        assert_eq!(std::fs::read_to_string(&binary).unwrap(), "new");
        put(&aside, "older");
        EngineStore::open(&data);
        assert_eq!(std::fs::read_to_string(&binary).unwrap(), "new");
        assert!(!aside.exists());
    }

    #[test]
    fn records_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path());
        EngineStore::open(&data).change(|records| records.became_current("a"));
        let store = EngineStore::open(&data);
        assert_eq!(
            store.look(|records| records.previous(None, |_| true).map(str::to_owned)),
            Some("a".to_owned())
        );
    }
}
