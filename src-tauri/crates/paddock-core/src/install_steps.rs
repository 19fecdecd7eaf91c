//! The steps of an installation: look, fetch, unpack, prove, switch.
//!
//! Until the last step all that exists is a folder whose name begins with a dot, which nobody lists and the next start
//! removes. The last step is a rename and one write of the settings; before it, what was current is current, and after
//! it the new engine is. An end between the two leaves a whole and proved engine that is not current.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engines::{Asset, Limits, Origin, Variant, binary_in, choose, read_record, unpack};
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::engine_error::{EngineError, ProofError};
use crate::engine_jobs::EngineJobState;
use crate::engines::EngineView;
use crate::error::Error;
use crate::install_engine::{InstallRequest, Then};
use crate::run::engine_store::{Staging, remove_folder};
use crate::run::install_files::{binary_of, check_links, lift_single_folder, move_up};

/// How much larger an engine is than its archives, at most, plus the archives themselves.
const ROOM_FACTOR: u64 = 5;

/// What is to be installed, decided.
pub(crate) struct Plan {
    pub(crate) tag: String,
    pub(crate) variant: Variant,
    /// `b10434-vulkan`.
    pub(crate) name: String,
}

impl Core {
    pub(crate) async fn install_steps(
        &self,
        request: &InstallRequest,
        then: &Then,
        cancel: &CancellationToken,
    ) -> Result<EngineView, Error> {
        let plan = tokio::select! {
            plan = self.look(request) => plan?,
            () = cancel.cancelled() => return Err(EngineError::Cancelled.into()),
        };
        let folder = self.data().engines().join(&plan.name);
        check(cancel)?;

        // There already, from an installation that ended before its last step, or long ago. It may have lost files
        // since, so it is proved again, and fetched anew where that fails.
        if let Some(binary) = self.proved_in(&folder) {
            match self.prove_for(&plan, &binary, cancel).await {
                Ok(()) => return self.switch(request, &plan, binary, then).await,
                Err(Error::Engine(error)) if error.blames_the_archive() => {
                    tracing::warn!(%error, "what is there is damaged and is fetched again");
                }
                Err(error) => return Err(error),
            }
        }
        let archives = self.fetch(&plan, cancel).await?;
        check(cancel)?;
        let staging = self.inner.engine_store.staging(&plan.name);
        let binary = match self
            .unpack_and_prove(&plan, &archives, &staging, cancel)
            .await
        {
            Ok(binary) => binary,
            Err(error) => {
                // What is fetched right and of no use need not be kept for another try.
                if matches!(&error, Error::Engine(error) if error.blames_the_archive()) {
                    self.remove_archives(&plan.tag).await?;
                }
                return Err(error);
            }
        };
        let binary = self
            .put_in_place(&plan, archives, staging, binary, folder)
            .await?;
        self.switch(request, &plan, binary, then).await
    }

    async fn unpack_and_prove(
        &self,
        plan: &Plan,
        archives: &[(Asset, PathBuf, String)],
        staging: &Staging,
        cancel: &CancellationToken,
    ) -> Result<PathBuf, Error> {
        let binary = self.unpack(plan, archives, staging, cancel).await?;
        check(cancel)?;
        self.prove_for(plan, &binary, cancel).await?;
        Ok(binary)
    }

    /// Proves what was unpacked. Nothing of it runs when this returns, also where it was cancelled.
    async fn prove_for(
        &self,
        plan: &Plan,
        binary: &Path,
        cancel: &CancellationToken,
    ) -> Result<(), Error> {
        self.update_job(|job| {
            job.state = EngineJobState::Proving;
            job.step = "Loading a tiny model with it".to_owned();
        });
        let proved = self.prove(binary, cancel).await;
        check(cancel)?;
        proved.map_err(|source| self.not_proved(plan, source))?;
        Ok(())
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
        let name = self.name_in_list(folder.file_name()?.to_str()?);
        let is_sound = origin.proved_on.as_ref() == Some(&store.processor)
            && store.look(|records| records.of(&name).fault.is_none());
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
                    if cancel.is_cancelled() {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                })
                .map_err(|error| match error {
                    _ if cancel.is_cancelled() => EngineError::Cancelled,
                    error => error.into(),
                })?;
                done += file.metadata().map_or(0, |metadata| metadata.len());
                lift_single_folder(&target)?;
                // What comes after the engine itself belongs beside its binary.
                if index > 0 {
                    move_up(&target)?;
                }
                // A link that stayed inside may lead out from where it is now.
                check_links(file, &folder)?;
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

    /// Remembers how it failed, for the list of what can be installed, and tells. What was this moment's fault is not
    /// remembered.
    fn not_proved(&self, plan: &Plan, source: ProofError) -> Error {
        if source.blames_the_engine() {
            let fault = engines::Fault {
                code: source.code().to_owned(),
                message: source.to_string(),
            };
            let name = self.name_in_list(&plan.name);
            self.inner
                .engine_store
                .change(|records| records.change(&name, |record| record.fault = Some(fault)));
        }
        EngineError::Unproved {
            name: plan.name.clone(),
            source,
            current: self.current_engine().ok().map(|engine| engine.name),
        }
        .into()
    }

    pub(crate) async fn remove_archives(&self, tag: &str) -> Result<(), Error> {
        let archives = self.archive_folder(tag);
        self.blocking(move |_| remove_folder(&archives)).await
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
}

fn check(cancel: &CancellationToken) -> Result<(), Error> {
    if cancel.is_cancelled() {
        return Err(EngineError::Cancelled.into());
    }
    Ok(())
}
