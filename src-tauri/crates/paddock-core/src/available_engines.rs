//! What can be installed: the releases there are, the builds of one of them, and which fits this machine.

use std::sync::Arc;
use std::time::Duration;

use engines::{Choice, Gpu, Machine, Release, Releases, build_number, choose};
use serde::Serialize;

use crate::core::Core;
use crate::engine_error::EngineError;
use crate::engines::{EngineSource, EngineView};
use crate::error::{Error, WireError};

/// An answer this young is not asked for again, unless the user wants it.
const MAX_AGE: Duration = Duration::from_secs(15 * 60);

/// A GPU, as far as people care.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GpuView {
    /// `NVIDIA GeForce RTX 4090`.
    pub name: String,
    /// `NVIDIA`, `AMD`, `Intel`, `Apple`, `Qualcomm` or `other`.
    pub vendor: String,
    /// Its driver's version, where there is one.
    pub driver: Option<String>,
    /// Its memory.
    pub memory_bytes: Option<u64>,
}

/// This machine, as far as the choice depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MachineView {
    /// `Linux (glibc 2.35)`, `Windows`, `macOS`.
    pub os: String,
    /// `x64` and the processor's name.
    pub cpu: String,
    /// The GPUs.
    pub gpus: Vec<GpuView>,
    /// All of it in a sentence.
    pub sentence: String,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildView {
    /// `b10434`.
    pub tag: String,
    /// As the release says it, RFC 3339.
    pub published_at: Option<String>,
    /// Its page.
    pub notes_url: Option<String>,
    /// What `latest` means now.
    pub newest: bool,
    /// An engine of it is installed.
    pub installed: bool,
}

/// One of a release's builds for this operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VariantView {
    /// What `--variant` takes: `cuda-12.8`, `vulkan`, `cpu`.
    pub id: String,
    /// `CUDA 12.8`.
    pub label: String,
    /// It can work here.
    pub works: bool,
    /// Why not, or what to know about it.
    pub reason: Option<String>,
    /// It is what Paddock would choose.
    pub recommended: bool,
    /// All of its archives.
    pub size_bytes: u64,
    /// It is installed.
    pub installed: bool,
}

/// What can be installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AvailableEngines {
    /// This machine.
    pub machine: MachineView,
    /// The latest releases, newest first.
    pub builds: Vec<BuildView>,
    /// The release that `variants` are of.
    pub build: Option<String>,
    /// Its builds for this operating system, what works first.
    pub variants: Vec<VariantView>,
    /// The choice, explained.
    pub sentence: String,
    /// The newest release's tag, where it is newer than the current engine and Paddock fetched that.
    pub update_available: Option<String>,
    /// When the releases were last asked for with success, milliseconds since the epoch.
    pub checked_at: Option<u64>,
    /// Why it could not be asked now; the rest is what was known before.
    pub problem: Option<WireError>,
}

impl From<&Machine> for MachineView {
    fn from(machine: &Machine) -> Self {
        let gpu = |gpu: &Gpu| GpuView {
            name: gpu.name.clone(),
            vendor: gpu.vendor.name().to_owned(),
            driver: gpu.driver.as_ref().map(ToString::to_string),
            memory_bytes: gpu.memory_bytes,
        };
        Self {
            os: machine.os_words(),
            cpu: format!("{} {}", machine.arch.name(), machine.cpu_name)
                .trim()
                .to_owned(),
            gpus: machine.gpus.iter().map(gpu).collect(),
            sentence: machine.sentence(),
        }
    }
}

impl Core {
    /// What can be installed, and what fits this machine; of `build`, else of the newest release. Where the network is
    /// not there the answer is what was known before, and `problem` says so. With `refresh` it asks even if it asked
    /// a moment ago.
    pub async fn available_engines(&self, refresh: bool, build: Option<&str>) -> AvailableEngines {
        let max_age = if refresh { Duration::ZERO } else { MAX_AGE };
        let releases = self.releases();
        let (machine, latest, list) = tokio::join!(
            self.inner.engine_store.machine(),
            releases.latest(max_age),
            releases.list(max_age),
        );
        let (newest, checked_at, mut problem) = match latest {
            Ok(known) => (Some(known.value), Some(known.checked_at), known.problem),
            Err(error) => (None, None, Some(error)),
        };
        let mut listed = match list {
            Ok(known) => {
                problem = problem.or(known.problem);
                known.value
            }
            Err(error) => {
                problem = problem.or(Some(error));
                Vec::new()
            }
        };
        if let Some(newest) = &newest
            && !listed.iter().any(|release| release.tag == newest.tag)
        {
            listed.insert(0, newest.clone());
        }
        let meant = match build {
            Some(tag) => match releases.tag(tag, max_age).await {
                Ok(known) => Some(known.value),
                Err(error) => {
                    problem = problem.or(Some(error));
                    None
                }
            },
            None => newest.clone(),
        };
        let engines = self.engines_now();
        let choice = meant.as_ref().map(|release| choose(release, &machine));
        AvailableEngines {
            machine: MachineView::from(&machine),
            builds: builds(&listed, newest.as_ref(), &engines),
            variants: self.variants(meant.as_ref(), choice.as_ref(), &engines),
            build: meant.map(|release| release.tag),
            sentence: choice.map(|choice| choice.sentence).unwrap_or_default(),
            update_available: update(newest.as_ref(), &engines),
            checked_at,
            problem: problem
                .map(|problem| WireError::from(&Error::from(EngineError::from(problem)))),
        }
    }

    /// The releases, as the settings and the environment say where.
    pub(crate) fn releases(&self) -> Arc<Releases> {
        let from_settings = self.settings().engines.releases_url.clone();
        self.inner
            .engine_store
            .releases(from_settings.as_deref(), self.data(), || self.http())
    }

    fn variants(
        &self,
        release: Option<&Release>,
        choice: Option<&Choice>,
        engines: &[EngineView],
    ) -> Vec<VariantView> {
        let (Some(release), Some(choice)) = (release, choice) else {
            return Vec::new();
        };
        let view = |variant: &engines::Variant| {
            let installed = engines.iter().any(|engine| {
                engine.present
                    && engine.build.as_ref() == Some(&release.tag)
                    && engine.variant.as_ref() == Some(&variant.id)
            });
            let name = self.name_in_list(&format!("{}-{}", release.tag, variant.id));
            let fault = self
                .inner
                .engine_store
                .look(|records| records.of(&name).fault);
            let tried =
                fault.map(|fault| format!("It was tried here and failed: {}.", fault.message));
            VariantView {
                id: variant.id.clone(),
                label: variant.label.clone(),
                works: variant.works,
                reason: tried.or_else(|| variant.reason.clone()),
                recommended: choice.recommended.as_ref() == Some(&variant.id),
                size_bytes: variant.size_bytes,
                installed,
            }
        };
        choice.all.iter().map(view).collect()
    }
}

fn builds(listed: &[Release], newest: Option<&Release>, engines: &[EngineView]) -> Vec<BuildView> {
    let view = |release: &Release| BuildView {
        tag: release.tag.clone(),
        published_at: release.published_at.clone(),
        notes_url: release.page_url.clone(),
        newest: newest.is_some_and(|newest| newest.tag == release.tag),
        installed: engines
            .iter()
            .any(|engine| engine.present && engine.build.as_ref() == Some(&release.tag)),
    };
    listed.iter().map(view).collect()
}

/// Offered where the current engine is one that Paddock fetched, and older.
fn update(newest: Option<&Release>, engines: &[EngineView]) -> Option<String> {
    let newest = newest?;
    let current = engines
        .iter()
        .find(|engine| engine.current && engine.source == EngineSource::Paddock)?;
    let have = build_number(current.build.as_deref()?)?;
    (build_number(&newest.tag)? > have).then(|| newest.tag.clone())
}
