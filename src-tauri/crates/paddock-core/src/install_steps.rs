//! The steps of an installation: look, fetch, unpack, prove, switch.
//!
//! Until the last step all that exists is a folder whose name begins with a dot, which nobody lists and the next start
//! removes. The last step is a rename and one write of the settings; before it, what was current is current, and after
//! it the new engine is. An end between the two leaves a whole and proved engine that is not current.

use std::path::{Path, PathBuf};
use std::time::Duration;

use engines::{
    Asset, Limits, Origin, Variant, binary_in, build_number, choose, read_record, unpack,
    write_record,
};
use settings::EngineEntry;
use tokio_util::sync::CancellationToken;

use crate::announcements::milliseconds_since_epoch;
use crate::core::Core;
use crate::engine_error::{EngineError, ProofError};
use crate::engine_jobs::EngineJobState;
use crate::engines::{EngineSource, EngineView};
use crate::error::Error;
use crate::install_engine::{InstallRequest, Then};
use crate::run::engine_store::Staging;

/// How much larger an engine is than its archives, at most, plus the archives themselves.
const ROOM_FACTOR: u64 = 5;

/// What is to be installed, decided.
struct Plan {
    tag: String,
    variant: Variant,
    /// `b10434-vulkan`.
    name: String,
}

impl Core {
    pub(crate) async fn install_steps(
        &self,
        request: &InstallRequest,
        then: &Then,
        cancel: &CancellationToken,
    ) -> Result<EngineView, Error> {
        let plan = self.look(request).await?;
        let folder = self.data().engines().join(&plan.name);
        check(cancel)?;

        // Whole and proved already, by an installation that ended before its last step, or long ago.
        if let Some(binary) = self.proved_in(&folder) {
            return self.switch(request, &plan, binary, then).await;
        }
        let archives = self.fetch(&plan, request.without_digest, cancel).await?;
        check(cancel)?;
        let staging = self.inner.engine_store.staging(&plan.name);
        let binary = self.unpack(&plan, &archives, &staging, cancel).await?;
        check(cancel)?;

        self.update_job(|job| {
            job.state = EngineJobState::Proving;
            job.step = "Loading a tiny model with it".to_owned();
        });
        let proved = tokio::select! {
            proved = self.prove(&binary) => proved,
            () = cancel.cancelled() => return Err(EngineError::Cancelled.into()),
        };
        if let Err(source) = proved {
            return Err(self.not_proved(&plan, source));
        }
        let binary = self
            .put_in_place(request, &plan, archives, staging, binary, folder)
            .await?;
        self.switch(request, &plan, binary, then).await
    }

    /// What the release holds and which build is meant.
    async fn look(&self, request: &InstallRequest) -> Result<Plan, Error> {
        let wanted = request.build.trim().to_lowercase();
        let releases = self.releases();
        let release = match wanted.as_str() {
            "" | "latest" => releases.latest(Duration::ZERO).await,
            // A bare number is a build as well.
            number if number.parse::<u32>().is_ok() => {
                releases.tag(&format!("b{number}"), Duration::ZERO).await
            }
            tag => releases.tag(tag, Duration::ZERO).await,
        };
        let release = release.map_err(EngineError::from)?.value;
        let machine = self.inner.engine_store.machine().await;
        let choice = choose(&release, &machine);
        let variant = match &request.variant {
            Some(id) => choice.find(id).ok_or_else(|| EngineError::NoVariant {
                tag: release.tag.clone(),
                wanted: id.clone(),
                known: choice.all.iter().map(|known| known.id.clone()).collect(),
            })?,
            None => choice
                .recommended
                .as_ref()
                .and_then(|id| choice.find(id))
                .ok_or_else(|| EngineError::NothingFits(choice.sentence.clone()))?,
        };
        if !variant.works {
            return Err(EngineError::Unsuitable {
                tag: release.tag,
                id: variant.id.clone(),
                reason: variant.reason.clone().unwrap_or_default(),
            }
            .into());
        }
        for asset in &variant.assets {
            if asset.size_bytes == 0 {
                return Err(EngineError::EmptyFile {
                    file: asset.name.clone(),
                }
                .into());
            }
            if asset.sha256.is_none() && !request.without_digest {
                return Err(EngineError::NoDigest {
                    file: asset.name.clone(),
                }
                .into());
            }
        }
        let plan = Plan {
            name: format!("{}-{}", release.tag, variant.id),
            variant: variant.clone(),
            tag: release.tag,
        };
        self.update_job(|job| {
            job.build.clone_from(&plan.tag);
            job.variant = Some(plan.variant.id.clone());
            job.total_bytes = Some(plan.variant.size_bytes);
            job.step = if request.variant.is_some() {
                format!("{} of {}", plan.variant.label, plan.tag)
            } else {
                choice.sentence.clone()
            };
        });
        Ok(plan)
    }

    /// The binary in a folder that an installation finished, where it was proved on this processor and has not failed
    /// since.
    fn proved_in(&self, folder: &Path) -> Option<PathBuf> {
        let store = &self.inner.engine_store;
        let origin = read_record::<Origin>(&folder.join(Origin::FILE_NAME))?;
        let name = folder.file_name()?.to_str()?;
        let is_sound = origin.proved_on.as_ref() == Some(&store.processor)
            && store.look(|records| records.of(name).fault.is_none());
        let binary = binary_in(folder).filter(|binary| binary.is_file())?;
        is_sound.then_some(binary)
    }

    /// Unpacks into the staging folder; returns the binary in it.
    async fn unpack(
        &self,
        plan: &Plan,
        archives: &[(Asset, PathBuf, String)],
        staging: &Staging,
        cancel: &CancellationToken,
    ) -> Result<PathBuf, Error> {
        let total = plan.variant.size_bytes;
        self.update_job(|job| {
            job.state = EngineJobState::Unpacking;
            job.step = "Unpacking it".to_owned();
            job.bytes_per_second = None;
            job.seconds_left = None;
        });
        let folder = staging.0.clone();
        let files: Vec<PathBuf> = archives.iter().map(|(_, path, _)| path.clone()).collect();
        let cancel = cancel.clone();
        let unpacked = self.blocking(move |core| {
            let mut done = 0;
            let mut target = folder.clone();
            for (index, file) in files.iter().enumerate() {
                let mut told = std::time::Instant::now();
                unpack(file, &target, &Limits::default(), &mut |read| {
                    if told.elapsed() > Duration::from_millis(250) {
                        told = std::time::Instant::now();
                        let percent = (done + read).min(total) * 100 / total.max(1);
                        core.update_job(|job| job.step = format!("Unpacking it: {percent} %"));
                    }
                })
                .map_err(EngineError::from)?;
                done += file.metadata().map_or(0, |metadata| metadata.len());
                lift_single_folder(&target)?;
                if cancel.is_cancelled() {
                    return Err(EngineError::Cancelled.into());
                }
                // What comes after the engine itself belongs beside its binary.
                if index > 0 {
                    move_up(&target)?;
                }
                let binary = binary_of(&folder);
                let Some(parent) = binary.as_deref().and_then(Path::parent) else {
                    return Ok(None);
                };
                target = parent.join(".more");
            }
            #[cfg(target_os = "macos")]
            engines::remove_quarantine(&folder).map_err(|source| Error::Folder {
                path: folder.clone(),
                source,
            })?;
            Ok(binary_of(&folder))
        });
        let binary: Result<Option<PathBuf>, Error> = unpacked.await?;
        binary?.ok_or_else(|| {
            EngineError::NoBinary {
                file: plan.variant.assets[0].name.clone(),
            }
            .into()
        })
    }

    /// Remembers how it failed, for the list of what can be installed, and tells.
    fn not_proved(&self, plan: &Plan, source: ProofError) -> Error {
        let fault = engines::Fault {
            code: source.code().to_owned(),
            message: source.to_string(),
        };
        self.inner
            .engine_store
            .change(|records| records.change(&plan.name, |record| record.fault = Some(fault)));
        EngineError::Unproved {
            name: plan.name.clone(),
            source,
            current: self.current_engine().ok().map(|engine| engine.name),
        }
        .into()
    }

    /// Gives the staging folder its name, with its record in it. Returns the binary.
    async fn put_in_place(
        &self,
        request: &InstallRequest,
        plan: &Plan,
        archives: Vec<(Asset, PathBuf, String)>,
        staging: Staging,
        binary: PathBuf,
        folder: PathBuf,
    ) -> Result<PathBuf, Error> {
        let mut origin = Origin {
            tag: plan.tag.clone(),
            variant: plan.variant.id.clone(),
            digests_checked: archives.iter().all(|(asset, _, _)| asset.sha256.is_some()),
            archives: archives
                .into_iter()
                .map(|(asset, _, sha256)| (asset.name, sha256))
                .collect(),
            proved_on: Some(self.inner.engine_store.processor.clone()),
            size_bytes: 0,
            installed_at: milliseconds_since_epoch(),
        };
        debug_assert!(origin.digests_checked || request.without_digest);
        self.blocking(move |core| {
            let failed = |path: &Path| {
                let path = path.to_owned();
                move |source| Error::Folder { path, source }
            };
            origin.size_bytes = size_of(&staging.0);
            write_record(&staging.0.join(Origin::FILE_NAME), &origin)
                .map_err(failed(&staging.0))?;
            sync_folder(&staging.0);
            // What is there was not proved, or failed since.
            core.inner.engine_store.discard(&folder);
            std::fs::rename(&staging.0, &folder).map_err(failed(&folder))?;
            sync_folder(&core.data().engines());
            let inner = binary
                .strip_prefix(&staging.0)
                .unwrap_or(Path::new(engines::BINARY_NAME));
            Ok(folder.join(inner))
        })
        .await?
    }

    /// The last step: one write of the settings.
    async fn switch(
        &self,
        request: &InstallRequest,
        plan: &Plan,
        binary: PathBuf,
        then: &Then,
    ) -> Result<EngineView, Error> {
        let before = self.current_engine().ok();
        let name = match then {
            Then::MakeCurrent => plan.name.clone(),
            Then::Replace(name) => name.clone(),
        };
        self.update_settings(|settings| {
            let engines = &mut settings.engines;
            // What the user set for the engine that it takes over from goes on to hold.
            let model = engines.installed.get(&name).or_else(|| {
                let before = before
                    .as_ref()
                    .filter(|before| before.source == EngineSource::Paddock)?;
                engines.installed.get(&before.name)
            });
            let mut entry = model
                .cloned()
                .unwrap_or_else(|| EngineEntry::new(binary.clone()));
            entry.path.clone_from(&binary);
            entry.build = Some(plan.tag.clone());
            entry.variant = Some(plan.variant.id.clone());
            entry.tag = Some(request.build.clone());
            entry.proved = Some(true);
            engines.installed.insert(name.clone(), entry);
            if *then == Then::MakeCurrent {
                engines.current = Some(name.clone());
            }
        })?;
        self.inner.engine_store.change(|records| {
            records.change(&name, |record| record.fault = None);
            if *then == Then::MakeCurrent {
                if let Some(before) = before.filter(|before| before.present) {
                    records.became_current(&before.name);
                }
                records.became_current(&name);
            }
        });
        let view = self.engine(&name)?;
        self.remove_superseded().await;
        let archives = self.archive_folder(&plan.tag);
        self.blocking(move |_| crate::run::engine_store::remove_folder(&archives))
            .await?;
        Ok(view)
    }

    /// Where a release's archives are fetched to.
    fn archive_folder(&self, tag: &str) -> PathBuf {
        self.data()
            .root()
            .join("downloads")
            .join("engines")
            .join(tag)
    }

    /// Fetches the archives; what is there already is not fetched again.
    async fn fetch(
        &self,
        plan: &Plan,
        _without_digest: bool,
        cancel: &CancellationToken,
    ) -> Result<Vec<(Asset, PathBuf, String)>, Error> {
        let folder = self.archive_folder(&plan.tag);
        self.check_room(plan.variant.size_bytes)?;
        self.update_job(|job| {
            job.state = EngineJobState::Fetching;
            job.step = format!("Fetching {} of {}", plan.variant.label, plan.tag);
        });
        let mut fetched = Vec::new();
        let mut before = 0;
        for asset in &plan.variant.assets {
            let file = self
                .fetch_archive(asset, &folder, before, plan.variant.size_bytes, cancel)
                .await?;
            before += asset.size_bytes;
            fetched.push((asset.clone(), file.path, file.sha256));
        }
        Ok(fetched)
    }

    fn check_room(&self, archive_bytes: u64) -> Result<(), Error> {
        let folder = self.data().engines();
        let failed = |source| Error::Folder {
            path: folder.clone(),
            source,
        };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let needed_bytes = archive_bytes.saturating_mul(ROOM_FACTOR);
        let free_bytes = fs4::available_space(&folder).map_err(failed)?;
        if free_bytes < needed_bytes {
            return Err(EngineError::DiskFull {
                folder,
                needed_bytes,
                free_bytes,
            }
            .into());
        }
        Ok(())
    }

    /// Own builds beyond the last two good ones go; those that are in use stay.
    async fn remove_superseded(&self) {
        let mut own: Vec<EngineView> = self
            .engines()
            .into_iter()
            .filter(|engine| self.inner.engine_store.origin_of(&engine.path).is_some())
            .collect();
        own.sort_by_key(|engine| {
            let number = engine.build.as_deref().and_then(build_number);
            std::cmp::Reverse((engine.current, engine.previous, number))
        });
        let mut removed = Vec::new();
        for engine in own.into_iter().skip(2) {
            if self.remove_engine(&engine.name).await.is_ok() {
                removed.push(engine.name);
            }
        }
        if !removed.is_empty() {
            self.announce(
                "engines_removed",
                format!(
                    "Older engines were removed: {}. The current one and the one before it stay.",
                    removed.join(", ")
                ),
            );
        }
    }
}

fn check(cancel: &CancellationToken) -> Result<(), Error> {
    if cancel.is_cancelled() {
        return Err(EngineError::Cancelled.into());
    }
    Ok(())
}

fn binary_of(folder: &Path) -> Option<PathBuf> {
    binary_in(folder).filter(|binary| binary.is_file())
}

/// An archive whose all is in one folder is as good as that folder.
fn lift_single_folder(folder: &Path) -> Result<(), Error> {
    let failed = |source| Error::Folder {
        path: folder.to_owned(),
        source,
    };
    loop {
        let mut entries = std::fs::read_dir(folder)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(failed)?;
        let Some(only) = entries.pop().filter(|_| entries.is_empty()) else {
            return Ok(());
        };
        if !only.file_type().map_err(failed)?.is_dir() {
            return Ok(());
        }
        move_up(&only.path())?;
    }
}

/// Moves all that is in a folder beside it, and removes the folder. What is there already stays.
fn move_up(folder: &Path) -> Result<(), Error> {
    let failed = |source| Error::Folder {
        path: folder.to_owned(),
        source,
    };
    let Some(parent) = folder.parent() else {
        return Ok(());
    };
    // Out of the way first: one of its entries may have its name.
    let aside = parent.join(".lifted");
    std::fs::rename(folder, &aside).map_err(failed)?;
    for entry in std::fs::read_dir(&aside).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = parent.join(entry.file_name());
        if !target.exists() {
            std::fs::rename(entry.path(), target).map_err(failed)?;
        }
    }
    std::fs::remove_dir_all(&aside).map_err(failed)
}

/// Bytes of all files below.
fn size_of(folder: &Path) -> u64 {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
            Ok(metadata) if metadata.is_file() => metadata.len(),
            _ => 0,
        })
        .sum()
}

/// The names in a folder must survive a power cut; where the system has no such call it needs none.
fn sync_folder(folder: &Path) {
    if cfg!(unix)
        && let Ok(folder) = std::fs::File::open(folder)
    {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_folder_in_a_folder_is_lifted_also_where_names_are_equal() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("llama-b1/bin/bin");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(inner.join("llama-server"), "12345").unwrap();
        std::fs::write(inner.join("LICENSE"), "1").unwrap();
        lift_single_folder(folder.path()).unwrap();
        assert_eq!(
            std::fs::read_to_string(folder.path().join("llama-server")).unwrap(),
            "12345"
        );
        assert_eq!(size_of(folder.path()), 6);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        lift_single_folder(folder.path()).unwrap();
        assert_eq!(size_of(folder.path()), 6);
    }
}
