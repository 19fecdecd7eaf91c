//! The last step of an installation: a rename, and one write of the settings.

use std::path::{Path, PathBuf};

use engines::{Asset, Origin, build_number, write_record};
use settings::EngineEntry;

use crate::core::Core;
use crate::engines::{EngineSource, EngineView};
use crate::error::Error;
use crate::install_engine::{InstallRequest, Then};
use crate::install_steps::Plan;
use crate::run::engine_store::Staging;
use crate::run::install_files::{size_of, sync_folder};
use supervisor::milliseconds_since_epoch;

impl Core {
    /// Gives the staging folder its name, with its record in it. Returns the binary.
    pub(crate) async fn put_in_place(
        &self,
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
        self.blocking(move |core| {
            let failed = |path: &Path| {
                let path = path.to_owned();
                move |source| Error::Folder { path, source }
            };
            origin.size_bytes = size_of(&staging.0);
            write_record(&staging.0.join(Origin::FILE_NAME), &origin)
                .map_err(failed(&staging.0))?;
            sync_folder(&staging.0);
            // What is there was not proved, or failed since; it stays where this one cannot take its place.
            core.inner
                .engine_store
                .swap_in(&staging.0, &folder)
                .map_err(failed(&folder))?;
            sync_folder(&core.data().engines());
            let inner = binary
                .strip_prefix(&staging.0)
                .unwrap_or(Path::new(engines::BINARY_NAME));
            Ok(folder.join(inner))
        })
        .await?
    }

    /// The last step: one write of the settings.
    pub(crate) async fn switch(
        &self,
        request: &InstallRequest,
        plan: &Plan,
        binary: PathBuf,
        then: &Then,
    ) -> Result<EngineView, Error> {
        let before = self.current_engine().ok();
        let name = match then {
            Then::MakeCurrent => self.name_in_list(&plan.name),
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
            // What takes a missing engine's place follows what that followed.
            if *then == Then::MakeCurrent || entry.tag.is_none() {
                entry.tag = Some(request.build.clone());
            }
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
                records.wants_build(&plan.tag);
            }
        });
        let view = self.engine(&name)?;
        self.remove_superseded().await;
        self.remove_archives(&plan.tag).await?;
        Ok(view)
    }

    /// What the engine in a folder of ours is called: as the folder, unless the user has another one of that name.
    pub(crate) fn name_in_list(&self, folder_name: &str) -> String {
        let folder = self.data().engines().join(folder_name);
        let settings = self.settings();
        free_name(folder_name, |name| {
            let entry = settings.engines.installed.get(name);
            entry.is_none_or(|entry| entry.path.starts_with(&folder))
        })
    }

    /// Own builds beyond the last two good ones go; those that are in use stay.
    async fn remove_superseded(&self) {
        let mut own: Vec<EngineView> = self
            .engines_now()
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

/// `wanted`, else the first of `wanted-2`, `wanted-3` and so on that is free.
pub(crate) fn free_name(wanted: &str, is_free: impl Fn(&str) -> bool) -> String {
    if is_free(wanted) {
        return wanted.to_owned();
    }
    (2_u32..)
        .map(|number| format!("{wanted}-{number}"))
        .find(|name| is_free(name))
        .unwrap_or_else(|| wanted.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_gets_a_number() {
        let taken = ["b1-cpu", "b1-cpu-2"];
        let is_free = |name: &str| !taken.contains(&name);
        assert_eq!(free_name("b1-cpu", is_free), "b1-cpu-3");
        assert_eq!(free_name("b2-cpu", is_free), "b2-cpu");
    }
}
