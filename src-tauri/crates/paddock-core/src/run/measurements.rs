//! What models really took, kept for the next estimate: by model and engine, since repacked weights and compute buffers
//! depend on the engine's build and on this processor.
//!
//! Invariants: bounded, versioned; a file that cannot be read is dropped. Factors stay within reason, so that one odd
//! load does not spoil all estimates.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gguf::estimate::{DeviceUse, Estimate};
use serde::{Deserialize, Serialize};

use crate::measured_memory::MeasuredDevice;

/// Another number where what is kept means something else than before.
const FORMAT: u32 = 1;
const MOST_ENTRIES: usize = 200;
/// What is learned is within these times what was predicted.
const FACTORS: (f64, f64) = (0.25, 4.0);

/// How an engine differs from the prediction, for one model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Correction {
    weights: f64,
    kv_cache: f64,
    compute: f64,
    /// Bytes that were repacked, for each byte of weights in RAM.
    repacked: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    model: PathBuf,
    engine: PathBuf,
    correction: Correction,
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: u32,
    entries: Vec<Entry>,
}

/// The entries, the latest last; and whether the file was read.
#[derive(Default)]
struct State {
    entries: Vec<Entry>,
    is_read: bool,
}

pub(crate) struct Measurements {
    file: PathBuf,
    state: Mutex<State>,
}

impl Correction {
    /// What was measured against what was predicted, over all devices. None where nothing was measured.
    pub(crate) fn learned(predicted: &Estimate, measured: &[MeasuredDevice]) -> Option<Self> {
        let sum = |part: fn(&MeasuredDevice) -> u64| measured.iter().map(part).sum::<u64>();
        let weights = sum(|device| device.weights);
        if weights == 0 {
            return None;
        }
        let ram = measured.iter().find(|device| device.name == "RAM");
        let repacked = ram.map_or(0, |ram| ram.repacked_bytes);
        Some(Self {
            weights: factor(weights, predicted.sum(|device| device.weights)),
            kv_cache: factor(
                sum(|device| device.kv_cache),
                predicted.sum(|device| device.kv_cache),
            ),
            compute: factor(
                sum(|device| device.compute),
                predicted.sum(|device| device.compute),
            ),
            repacked: match predicted.devices.first() {
                Some(ram) if ram.weights > 0 => (repacked as f64 / ram.weights as f64).min(2.0),
                _ => 0.0,
            },
        })
    }

    /// Corrects an estimate, and tells what is repacked beside it.
    pub(crate) fn apply(&self, estimate: &mut Estimate) -> u64 {
        let scaled = |bytes: u64, factor: f64| (bytes as f64 * factor) as u64;
        let repacked = estimate.devices.first().map_or(0, |ram| ram.weights);
        for device in &mut estimate.devices {
            *device = DeviceUse {
                weights: scaled(device.weights, self.weights),
                kv_cache: scaled(device.kv_cache, self.kv_cache),
                compute: scaled(device.compute, self.compute),
                ..*device
            };
        }
        scaled(repacked, self.repacked)
    }
}

fn factor(measured: u64, predicted: u64) -> f64 {
    if predicted == 0 || measured == 0 {
        return 1.0;
    }
    let factor = measured as f64 / predicted as f64;
    // The log has two digits behind the point: what is that close is exact.
    match (factor - 1.0).abs() < 0.001 {
        true => 1.0,
        false => factor.clamp(FACTORS.0, FACTORS.1),
    }
}

impl Measurements {
    /// What is kept in `file`, read when it is first needed.
    pub(crate) fn kept_in(file: PathBuf) -> Self {
        Self {
            file,
            state: Mutex::default(),
        }
    }

    pub(crate) fn of(&self, model: &Path, engine: &Path) -> Option<Correction> {
        let state = self.state();
        let known = state
            .entries
            .iter()
            .find(|entry| entry.model == model && entry.engine == engine);
        known.map(|entry| entry.correction)
    }

    /// Keeps it. A disk that refuses costs the next start what was learned, and nothing else.
    pub(crate) fn learn(&self, model: &Path, engine: &Path, correction: Correction) {
        let text = {
            let mut state = self.state();
            let entry = Entry {
                model: model.to_owned(),
                engine: engine.to_owned(),
                correction,
            };
            if state.entries.last() == Some(&entry) {
                return;
            }
            state
                .entries
                .retain(|entry| entry.model != model || entry.engine != engine);
            state.entries.push(entry);
            let too_many = state.entries.len().saturating_sub(MOST_ENTRIES);
            state.entries.drain(..too_many);
            serde_json::to_vec(&Document {
                format: FORMAT,
                entries: state.entries.clone(),
            })
        };
        let written = text
            .map_err(std::io::Error::from)
            .and_then(|text| settings::write_atomically(&self.file, &text));
        if let Err(error) = written {
            tracing::warn!(%error, file = %self.file.display(), "could not keep what a model took");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.is_read {
            state.is_read = true;
            let text = std::fs::read(&self.file).unwrap_or_default();
            if let Ok(document) = serde_json::from_slice::<Document>(&text)
                && document.format == FORMAT
            {
                state.entries = document.entries;
            }
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate() -> Estimate {
        Estimate {
            devices: vec![DeviceUse {
                weights: 1_000_000,
                kv_cache: 500_000,
                compute: 100_000,
                ..DeviceUse::default()
            }],
            ..Estimate::default()
        }
    }

    fn measured() -> MeasuredDevice {
        MeasuredDevice {
            name: "RAM".to_owned(),
            weights: 1_000_100,
            repacked_bytes: 250_000,
            kv_cache: 500_000,
            compute: 150_000,
            output: 0,
            total_bytes: 0,
        }
    }

    #[test]
    fn the_next_estimate_says_what_was_measured() {
        let correction = Correction::learned(&estimate(), &[measured()]).unwrap();
        let mut next = estimate();
        assert_eq!(correction.apply(&mut next), 250_000);
        assert_eq!(next.devices[0].compute, 150_000);
        assert_eq!(next.devices[0].weights, 1_000_000, "as exact as the log");
        assert_eq!(Correction::learned(&estimate(), &[]), None);
    }

    #[test]
    fn what_was_learned_is_kept_for_this_engine_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cache/measured.json");
        let kept = Measurements::kept_in(file.clone());
        let correction = Correction::learned(&estimate(), &[measured()]).unwrap();
        let (model, engine) = (Path::new("/m.gguf"), Path::new("/e/llama-server"));
        kept.learn(model, engine, correction);
        let again = Measurements::kept_in(file.clone());
        assert_eq!(again.of(model, engine), Some(correction));
        assert_eq!(again.of(model, Path::new("/other")), None);
        for number in 0..MOST_ENTRIES {
            again.learn(Path::new(&format!("/{number}.gguf")), engine, correction);
        }
        assert_eq!(again.of(model, engine), None);
        for text in ["", "{", r#"{"format":2,"entries":[]}"#] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(Measurements::kept_in(file.clone()).of(model, engine), None);
        }
    }
}
