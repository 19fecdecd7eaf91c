//! Which device each tensor goes to: layers from the last one on to the GPUs, split by their free memory or by given
//! proportions; embeddings stay in RAM; experts and what patterns name go where they are told.

use regex_lite::Regex;

use super::{EstimateInput, Split};
use crate::{ModelShape, shape::Place};

/// Where everything is.
pub(super) struct Placed {
    /// Bytes of weights by device, RAM first.
    pub(super) bytes: Vec<u64>,
    /// The device of each layer, the output last.
    pub(super) layers: Vec<usize>,
    /// Layers on GPUs.
    pub(super) gpu_layers: u64,
    /// The largest tensor in RAM that a GPU computes with when there is much to compute.
    pub(super) largest_lent_bytes: u64,
    split: Split,
    main: usize,
}

impl Placed {
    /// The device that keeps a layer's keys and values.
    pub(super) fn cache_of(&self, layer: usize) -> usize {
        match (self.layers.get(layer).copied().unwrap_or(0), self.split) {
            (0, _) => 0,
            (_, Split::Row) => self.main,
            (device, _) => device,
        }
    }

    /// Whether any layer is computed on this device.
    pub(super) fn computes(&self, device: usize) -> bool {
        self.layers.contains(&device) || (device != 0 && device == self.main && self.gpu_layers > 0)
    }
}

pub(super) fn place(shape: &ModelShape, input: &EstimateInput) -> Placed {
    let gpus = input.gpu_free_bytes.len();
    let main = input.main_gpu.min(gpus.saturating_sub(1)) + 1;
    let total = shape.layers_to_offload();
    let gpu_layers = if gpus == 0 {
        0
    } else {
        input.gpu_layers.min(total)
    };
    let shares = shares(input);
    let first_on_gpu = total - gpu_layers;
    let layers: Vec<usize> = (0..total)
        .map(|layer| {
            if layer < first_on_gpu {
                return 0;
            }
            match input.split {
                Split::None | Split::Row => main,
                Split::Layer => {
                    let at = (layer - first_on_gpu) as f64 / gpu_layers as f64;
                    let mut reached = 0.0;
                    let found = shares.iter().position(|share| {
                        reached += share;
                        at < reached
                    });
                    found.unwrap_or(gpus - 1) + 1
                }
            }
        })
        .collect();
    let mut placed = Placed {
        bytes: vec![0; gpus + 1],
        gpu_layers,
        largest_lent_bytes: 0,
        split: input.split,
        main,
        layers,
    };
    if shape.tensors.is_empty() {
        evenly(shape, &mut placed);
        return placed;
    }
    let overrides: Vec<(Regex, usize)> = input
        .overrides
        .iter()
        .filter_map(|(pattern, device)| {
            let device = device.map_or(0, |gpu| gpu.saturating_add(1));
            Some((Regex::new(pattern).ok()?, device))
        })
        .collect();
    for tensor in &shape.tensors {
        let of_part = match tensor.place {
            Place::Input => 0,
            Place::Layer(layer) => device_of(&placed, layer),
            Place::Output => device_of(&placed, total - 1),
        };
        let told = overrides
            .iter()
            .find(|(pattern, _)| pattern.is_match(&tensor.name))
            .map(|(_, device)| *device)
            .filter(|device| *device <= gpus);
        let kept = match tensor.place {
            Place::Layer(layer) if layer < input.cpu_expert_layers => tensor.is_of_experts(),
            _ => false,
        };
        let device = told.unwrap_or(if kept { 0 } else { of_part });
        if device == 0 && gpu_layers > 0 && tensor.place != Place::Input {
            placed.largest_lent_bytes = placed.largest_lent_bytes.max(tensor.bytes);
        }
        let is_matrix = tensor.name.ends_with(".weight") && !tensor.name.contains("norm");
        if input.split == Split::Row && device != 0 && is_matrix && told.is_none() {
            for (gpu, share) in shares.iter().enumerate() {
                add(
                    &mut placed.bytes,
                    gpu + 1,
                    (tensor.bytes as f64 * share) as u64,
                );
            }
        } else {
            add(&mut placed.bytes, device, tensor.bytes);
        }
        // Embeddings that are also the output matrix are there twice, where the output is on a GPU.
        if shape.ties_output && tensor.name == "token_embd.weight" {
            match device_of(&placed, total - 1) {
                0 => {}
                output => add(&mut placed.bytes, output, tensor.bytes),
            }
        }
    }
    placed
}

/// What of the whole each GPU gets; the sum is 1.
fn shares(input: &EstimateInput) -> Vec<f64> {
    let gpus = input.gpu_free_bytes.len();
    let told = |index: usize| {
        input
            .tensor_split
            .get(index)
            .copied()
            .unwrap_or(0.0)
            .max(0.0)
    };
    let mut shares: Vec<f64> = (0..gpus).map(told).collect();
    if shares.iter().sum::<f64>() <= 0.0 {
        shares = input
            .gpu_free_bytes
            .iter()
            .map(|free| *free as f64)
            .collect();
    }
    let sum: f64 = shares.iter().sum();
    match sum > 0.0 {
        true => shares.iter().map(|share| share / sum).collect(),
        false => vec![1.0 / gpus.max(1) as f64; gpus],
    }
}

fn device_of(placed: &Placed, layer: u64) -> usize {
    let index = usize::try_from(layer).unwrap_or(usize::MAX);
    // Layers behind the last one that computes are of further predictions: with the output.
    let found = placed.layers.get(index).or(placed.layers.last());
    found.copied().unwrap_or(0)
}

/// Without tensors: all layers alike, the embeddings as one more.
fn evenly(shape: &ModelShape, placed: &mut Placed) {
    let parts = placed.layers.len() as u64;
    let each = shape.weights_bytes / parts.max(1);
    let mut rest = shape.weights_bytes;
    for device in placed.layers.clone() {
        add(&mut placed.bytes, device, each);
        rest -= each;
    }
    add(&mut placed.bytes, 0, rest);
}

fn add(bytes: &mut [u64], device: usize, more: u64) {
    if let Some(bytes) = bytes.get_mut(device) {
        *bytes = bytes.saturating_add(more);
    }
}
