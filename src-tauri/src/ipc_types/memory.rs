//! What crosses about memory and parameters as a whole: estimates, where a model really is, presets, pasted command
//! lines.

use paddock_core as core;
use serde::{Deserialize, Serialize};
use specta::Type;

use super::LoadParamsIpc;
use super::hub::Fit;

/// What a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum DeviceKind {
    Ram,
    Gpu,
    /// Its memory is main memory.
    SharedGpu,
}

/// What a device will hold, in bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DeviceMemory {
    pub name: String,
    pub description: String,
    pub kind: DeviceKind,
    pub free_bytes: Option<u64>,
    pub capacity_bytes: Option<u64>,
    pub weights: u64,
    pub repacked_bytes: u64,
    pub kv_cache: u64,
    pub compute: u64,
    pub output: u64,
    pub projector: u64,
    pub draft: u64,
    pub total_bytes: u64,
    pub fit: Fit,
}

/// A change that would make a model fit.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Remedy {
    pub change: String,
    /// Empty where it takes another file.
    pub params: LoadParamsIpc,
    pub sentence: String,
}

/// What a model will take.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct MemoryEstimate {
    /// RAM first, then the GPUs.
    pub devices: Vec<DeviceMemory>,
    pub total_bytes: u64,
    pub context_size: u64,
    /// Tokens that one request can have.
    pub sequence_tokens: u64,
    pub parallel: u64,
    pub gpu_layers: u64,
    pub total_layers: u64,
    pub training_context: Option<u64>,
    pub verdict: Fit,
    pub sentence: String,
    pub remedies: Vec<Remedy>,
    /// What this engine took for this model before counts.
    pub corrected: bool,
    pub may_grow_bytes: u64,
    pub notes: Vec<String>,
}

/// What fits.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Fitted {
    /// What is not in here stays as it is.
    pub params: LoadParamsIpc,
    pub sentence: String,
    pub estimate: MemoryEstimate,
}

/// What a device was given, in bytes, as the engine's log has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct MeasuredDevice {
    pub name: String,
    pub weights: u64,
    pub repacked_bytes: u64,
    pub kv_cache: u64,
    pub compute: u64,
    pub output: u64,
    pub total_bytes: u64,
}

/// Where a model is, as predicted and as it really is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    pub predicted: Vec<DeviceMemory>,
    pub measured: Vec<MeasuredDevice>,
    pub context_size: Option<u64>,
    pub gpu_layers: Option<u64>,
    pub total_layers: Option<u64>,
    pub flash_attention: Option<bool>,
    /// What is not as it was asked for.
    pub warnings: Vec<String>,
}

/// A named set of load parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Preset {
    pub name: String,
    pub params: LoadParamsIpc,
    /// The models that use it, by key.
    pub used_by: Vec<String>,
}

/// Something of a command line that is not taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct IgnoredFlag {
    pub flag: String,
    pub value: Option<String>,
    pub reason: String,
}

/// A flag that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct UnknownFlag {
    pub flag: String,
    pub value: Option<String>,
    pub suggestion: Option<String>,
}

/// What a command line comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Pasted {
    pub params: LoadParamsIpc,
    pub ignored: Vec<IgnoredFlag>,
    pub unknown: Vec<UnknownFlag>,
}

impl From<core::DeviceMemory> for DeviceMemory {
    fn from(device: core::DeviceMemory) -> Self {
        Self {
            name: device.name,
            description: device.description,
            kind: match device.kind {
                core::DeviceKind::Ram => DeviceKind::Ram,
                core::DeviceKind::Gpu => DeviceKind::Gpu,
                core::DeviceKind::SharedGpu => DeviceKind::SharedGpu,
            },
            free_bytes: device.free_bytes,
            capacity_bytes: device.capacity_bytes,
            weights: device.weights,
            repacked_bytes: device.repacked_bytes,
            kv_cache: device.kv_cache,
            compute: device.compute,
            output: device.output,
            projector: device.projector,
            draft: device.draft,
            total_bytes: device.total_bytes,
            fit: device.fit.into(),
        }
    }
}

impl From<core::MemoryEstimate> for MemoryEstimate {
    fn from(estimate: core::MemoryEstimate) -> Self {
        let remedies = estimate.remedies.into_iter().map(|remedy| Remedy {
            change: remedy.change,
            params: (&remedy.params).into(),
            sentence: remedy.sentence,
        });
        Self {
            devices: estimate.devices.into_iter().map(Into::into).collect(),
            total_bytes: estimate.total_bytes,
            context_size: estimate.context_size,
            sequence_tokens: estimate.sequence_tokens,
            parallel: estimate.parallel,
            gpu_layers: estimate.gpu_layers,
            total_layers: estimate.total_layers,
            training_context: estimate.training_context,
            verdict: estimate.verdict.into(),
            sentence: estimate.sentence,
            remedies: remedies.collect(),
            corrected: estimate.source == core::EstimateSource::Corrected,
            may_grow_bytes: estimate.may_grow_bytes,
            notes: estimate.notes,
        }
    }
}

impl From<core::Fitted> for Fitted {
    fn from(fitted: core::Fitted) -> Self {
        Self {
            params: (&fitted.params).into(),
            sentence: fitted.sentence,
            estimate: fitted.estimate.into(),
        }
    }
}

impl From<core::MeasuredDevice> for MeasuredDevice {
    fn from(device: core::MeasuredDevice) -> Self {
        Self {
            name: device.name,
            weights: device.weights,
            repacked_bytes: device.repacked_bytes,
            kv_cache: device.kv_cache,
            compute: device.compute,
            output: device.output,
            total_bytes: device.total_bytes,
        }
    }
}

impl From<core::Placement> for Placement {
    fn from(placement: core::Placement) -> Self {
        Self {
            predicted: placement.predicted.into_iter().map(Into::into).collect(),
            measured: placement.measured.into_iter().map(Into::into).collect(),
            context_size: placement.context_size,
            gpu_layers: placement.gpu_layers,
            total_layers: placement.total_layers,
            flash_attention: placement.flash_attention,
            warnings: placement.warnings,
        }
    }
}

impl From<core::PresetView> for Preset {
    fn from(preset: core::PresetView) -> Self {
        Self {
            name: preset.name,
            params: (&preset.params).into(),
            used_by: preset.used_by,
        }
    }
}

impl From<load_params::Pasted> for Pasted {
    fn from(pasted: load_params::Pasted) -> Self {
        let ignored = pasted.ignored.into_iter().map(|ignored| IgnoredFlag {
            flag: ignored.flag,
            value: ignored.value,
            reason: ignored.reason,
        });
        let unknown = pasted.unknown.into_iter().map(|unknown| UnknownFlag {
            flag: unknown.flag,
            value: unknown.value,
            suggestion: unknown.suggestion,
        });
        Self {
            params: (&pasted.params).into(),
            ignored: ignored.collect(),
            unknown: unknown.collect(),
        }
    }
}
