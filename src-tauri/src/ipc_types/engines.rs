//! Engines as the page sees them.
#![allow(missing_docs)] // The fields are the core's, and documented there.

use paddock_core as core;
use serde::{Deserialize, Serialize};
use specta::Type;

use crate::ipc_error::IpcError;

/// Whether an engine can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum EngineState {
    Good,
    Unproved,
    Failed,
}

/// Where Paddock has an engine from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum EngineOrigin {
    Added,
    Paddock,
    Path,
    Packed,
}

/// An installed engine.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct EngineRow {
    pub name: String,
    pub path: String,
    pub current: bool,
    pub present: bool,
    pub source: EngineOrigin,
    pub build: Option<String>,
    pub variant: Option<String>,
    pub size_bytes: Option<u64>,
    pub state: EngineState,
    /// Why it failed.
    pub problem: Option<String>,
    pub proved: bool,
    /// Rolling back goes here.
    pub previous: bool,
    /// Models that are to run with this engine only.
    pub pinned_by: usize,
}

impl From<core::EngineView> for EngineRow {
    fn from(view: core::EngineView) -> Self {
        Self {
            name: view.name,
            path: view.path.display().to_string(),
            current: view.current,
            present: view.present,
            source: match view.source {
                core::EngineSource::Added => EngineOrigin::Added,
                core::EngineSource::Paddock => EngineOrigin::Paddock,
                core::EngineSource::Path => EngineOrigin::Path,
                core::EngineSource::Packed => EngineOrigin::Packed,
            },
            build: view.build,
            variant: view.variant,
            size_bytes: view.size_bytes,
            state: match view.state {
                core::EngineState::Good => EngineState::Good,
                core::EngineState::Unproved => EngineState::Unproved,
                core::EngineState::Failed => EngineState::Failed,
            },
            problem: view.problem,
            proved: view.proved,
            previous: view.previous,
            pinned_by: view.pinned_by,
        }
    }
}

/// A device that an engine can compute on, beside the CPU.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct EngineDevice {
    pub name: String,
    pub description: String,
    pub total_bytes: Option<u64>,
    pub free_bytes: Option<u64>,
}

/// What an engine says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct EngineDetails {
    pub devices: Vec<EngineDevice>,
    /// In its own words.
    pub version: Option<String>,
    pub flag_count: usize,
    pub speaks_child_protocol: bool,
}

impl From<core::EngineDetails> for EngineDetails {
    fn from(details: core::EngineDetails) -> Self {
        let devices = details.devices.into_iter().map(|device| EngineDevice {
            name: device.name,
            description: device.description,
            total_bytes: device.total_bytes,
            free_bytes: device.free_bytes,
        });
        Self {
            devices: devices.collect(),
            version: details.version,
            flag_count: details.flags.iter().count(),
            speaks_child_protocol: details.speaks_child_protocol,
        }
    }
}

/// A GPU, as far as the choice of an engine depends on it.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct MachineGpu {
    pub name: String,
    pub vendor: String,
    pub driver: Option<String>,
    pub memory_bytes: Option<u64>,
}

/// This machine, as far as the choice of an engine depends on it.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    pub os: String,
    pub cpu: String,
    pub gpus: Vec<MachineGpu>,
    /// All of it.
    pub sentence: String,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct EngineBuild {
    pub tag: String,
    /// RFC 3339.
    pub published_at: Option<String>,
    pub notes_url: Option<String>,
    pub newest: bool,
    pub installed: bool,
}

/// One of a release's builds for this operating system.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct EngineVariant {
    pub id: String,
    pub label: String,
    pub works: bool,
    /// Why it does not work here, or what to know about it.
    pub reason: Option<String>,
    pub recommended: bool,
    pub size_bytes: u64,
    pub installed: bool,
}

/// What can be installed.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct AvailableEngines {
    pub machine: Machine,
    /// Newest first.
    pub builds: Vec<EngineBuild>,
    /// The release that the variants are of.
    pub build: Option<String>,
    pub variants: Vec<EngineVariant>,
    /// Why the recommended variant is recommended.
    pub sentence: String,
    pub update_available: Option<String>,
    /// Milliseconds since 1970.
    pub checked_at: Option<u64>,
    /// Why nobody could be asked; the rest is what was known before.
    pub problem: Option<IpcError>,
}

impl From<core::AvailableEngines> for AvailableEngines {
    fn from(available: core::AvailableEngines) -> Self {
        let machine = available.machine;
        Self {
            machine: Machine {
                os: machine.os,
                cpu: machine.cpu,
                gpus: machine
                    .gpus
                    .into_iter()
                    .map(|gpu| MachineGpu {
                        name: gpu.name,
                        vendor: gpu.vendor,
                        driver: gpu.driver,
                        memory_bytes: gpu.memory_bytes,
                    })
                    .collect(),
                sentence: machine.sentence,
            },
            builds: available
                .builds
                .into_iter()
                .map(|build| EngineBuild {
                    tag: build.tag,
                    published_at: build.published_at,
                    notes_url: build.notes_url,
                    newest: build.newest,
                    installed: build.installed,
                })
                .collect(),
            build: available.build,
            variants: available
                .variants
                .into_iter()
                .map(|variant| EngineVariant {
                    id: variant.id,
                    label: variant.label,
                    works: variant.works,
                    reason: variant.reason,
                    recommended: variant.recommended,
                    size_bytes: variant.size_bytes,
                    installed: variant.installed,
                })
                .collect(),
            sentence: available.sentence,
            update_available: available.update_available,
            checked_at: available.checked_at,
            problem: available.problem.map(Into::into),
        }
    }
}

/// How far an installation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum EngineJobState {
    Looking,
    Fetching,
    Unpacking,
    Proving,
    Done,
    Failed,
}

/// The installation that is under way, or how the last one ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct EngineJob {
    /// Grows with each.
    pub id: u64,
    pub build: String,
    pub variant: Option<String>,
    pub state: EngineJobState,
    /// The same as a sentence.
    pub step: String,
    pub downloaded_bytes: u64,
    pub total_bytes: Option<u64>,
    pub bytes_per_second: Option<u64>,
    pub seconds_left: Option<u64>,
    pub error: Option<IpcError>,
    /// What the engine is called, once it is installed.
    pub engine: Option<String>,
}

impl From<core::EngineJob> for EngineJob {
    fn from(job: core::EngineJob) -> Self {
        Self {
            id: job.id,
            build: job.build,
            variant: job.variant,
            state: match job.state {
                core::EngineJobState::Looking => EngineJobState::Looking,
                core::EngineJobState::Fetching => EngineJobState::Fetching,
                core::EngineJobState::Unpacking => EngineJobState::Unpacking,
                core::EngineJobState::Proving => EngineJobState::Proving,
                core::EngineJobState::Done => EngineJobState::Done,
                core::EngineJobState::Failed => EngineJobState::Failed,
            },
            step: job.step,
            downloaded_bytes: job.downloaded_bytes,
            total_bytes: job.total_bytes,
            bytes_per_second: job.bytes_per_second,
            seconds_left: job.seconds_left,
            error: job.error.map(Into::into),
            engine: job.engine,
        }
    }
}

/// Something that happened by itself and the user should know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Announcement {
    pub id: u64,
    pub code: String,
    pub message: String,
    /// Milliseconds since 1970.
    pub at: u64,
}

impl From<&core::Announcement> for Announcement {
    fn from(announcement: &core::Announcement) -> Self {
        Self {
            id: announcement.id,
            code: announcement.code.clone(),
            message: announcement.message.clone(),
            at: announcement.at,
        }
    }
}

/// One flag of an engine, for "all engine options".
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct EngineOption {
    /// What `extraArgs` calls it.
    pub name: String,
    pub names: Vec<String>,
    /// What its value is; null for a switch.
    pub value_hint: Option<String>,
    /// All values that there are; empty where any may be typed.
    pub choices: Vec<String>,
    /// What the engine says of it.
    pub help: String,
    pub default: Option<String>,
    /// The heading in the engine's help.
    pub section: String,
    pub deprecated: bool,
    /// The parameter of the form that is the same.
    pub parameter: Option<String>,
    /// Why it cannot be set.
    pub owned_reason: Option<String>,
}

impl From<load_params::EngineOption> for EngineOption {
    fn from(option: load_params::EngineOption) -> Self {
        let flag = option.flag;
        Self {
            name: option.name,
            deprecated: flag.status == load_params::FlagStatus::Deprecated,
            names: flag.names,
            value_hint: flag.value_hint,
            // A list that leaves some out must not keep anybody from typing them.
            choices: if flag.choices_complete {
                flag.choices
            } else {
                Vec::new()
            },
            help: flag.help,
            default: flag.default,
            section: flag.section,
            parameter: option.parameter,
            owned_reason: option.owned_reason,
        }
    }
}
