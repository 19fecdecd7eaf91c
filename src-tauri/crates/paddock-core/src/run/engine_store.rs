//! What the use cases about engines share: the one installation at a time, what is on record, the releases as they
//! were last asked for, and the machine.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engines::{
    EngineRecords, Machine, Origin, Processor, Releases, base_url, read_record, write_record,
};
use settings::DataDir;
use tokio::sync::{OnceCell, watch};
use tokio_util::sync::CancellationToken;

use crate::engine_jobs::EngineJob;

/// Folders that are being unpacked. The dot keeps them from being listed.
const STAGING: &str = ".staging-";
/// Folders that are being removed.
const REMOVING: &str = ".removing-";

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
    engines: PathBuf,
    records: Mutex<EngineRecords>,
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

    /// Changes what is on record. A disk that refuses costs the memory of it, not the work that it is about.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut EngineRecords) -> T) -> T {
        let mut records = self.records();
        let before = records.clone();
        let result = change(&mut records);
        if *records != before {
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
        match std::fs::rename(folder, &aside) {
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
