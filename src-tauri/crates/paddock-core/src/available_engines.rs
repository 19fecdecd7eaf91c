//! What can be installed: the releases there are, the builds of one of them, and which fits this machine.

use serde::Serialize;

use crate::error::WireError;

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
