//! Compute and output buffers. Engines lay out the largest graph once, with tensors that take each other's place as
//! soon as they are no longer needed; what they then allocate is told here by formulas, fitted to what b10068 and
//! b10434 log for synthetic models of ten architectures (the command is in `docs/memory-estimate.md`).
//!
//! In floats for each token that is computed at once, with `e` the width of the hidden state, `q`, `k`, `v` those of
//! queries, keys and values, `f` that between the feed-forward matrices:
//! - feed-forward: `3e + q + 2f`, and one more `f` where no hole of `e + q` takes it; with experts at least `e` for
//!   each expert used;
//! - attention: `3e + 2q + k + v`, and without flash attention the scores, one for each head and cell;
//! - layers with a state: six times their inner width, and `e`.
//!
//! The largest counts. Beside it there are the masks: cells by tokens, for each kind of cache.

use super::{Context, DeviceUse, EstimateInput, Split, cache::window_cells, weights::Placed};
use crate::ModelShape;

const FLOAT: u64 = 4;
/// Positions, tokens, indices of cells.
const SMALL_INPUTS: u64 = 12;
/// Inputs are there several times where GPUs work one behind the other.
const PIPELINE_COPIES: u64 = 4;
/// What a projector needs to compute, beside its weights, as a part of them; and at least.
const PROJECTOR_PART: u64 = 4;
const PROJECTOR_LEAST_BYTES: u64 = 64 << 20;

/// A projector's weights with what it needs to compute.
pub(super) fn projector(bytes: u64) -> u64 {
    bytes.saturating_add((bytes / PROJECTOR_PART).max(PROJECTOR_LEAST_BYTES))
}

pub(super) fn add(
    shape: &ModelShape,
    input: &EstimateInput,
    context: &Context,
    placed: &Placed,
    devices: &mut [DeviceUse],
) {
    let masks = masks(shape, input, context);
    let graph = graph(shape, input, context);
    let with_gpus = devices.len() > 1 && placed.gpu_layers > 0;
    let gpus_at_work = (1..devices.len())
        .filter(|gpu| placed.computes(*gpu))
        .count();
    let all_offloaded = placed.gpu_layers == shape.layers_to_offload();
    let copies = match input.split {
        Split::Layer if gpus_at_work > 1 && all_offloaded && input.kv_offload => PIPELINE_COPIES,
        _ => 1,
    };
    for (index, device) in devices.iter_mut().enumerate() {
        device.compute = match index {
            0 if with_gpus && !placed.computes(0) => {
                // Prepared here, computed there.
                let embeddings = floats(shape.embedding.saturating_mul(context.ubatch));
                masks.saturating_add(embeddings)
            }
            0 => masks.saturating_add(graph),
            _ if placed.computes(index) => masks
                .saturating_mul(copies)
                .saturating_add(graph)
                .saturating_add(placed.largest_lent_bytes),
            _ => 0,
        };
    }
    if let Some(ram) = devices.first_mut() {
        ram.output = floats(input.parallel.max(1).saturating_mul(shape.vocabulary));
    }
}

fn masks(shape: &ModelShape, input: &EstimateInput, context: &Context) -> u64 {
    let element = if input.flash_attention { 2 } else { FLOAT };
    let of = |windowed: bool, cells: u64| {
        let mut layers = shape.layers.iter();
        match layers.any(|layer| layer.heads > 0 && layer.windowed == windowed) {
            true => cells.saturating_mul(context.ubatch).saturating_mul(element),
            false => 0,
        }
    };
    of(false, context.cells).saturating_add(of(true, window_cells(shape, input, context)))
}

fn graph(shape: &ModelShape, input: &EstimateInput, context: &Context) -> u64 {
    let width = shape.embedding;
    let queries = shape.layers.iter().map(|layer| layer.queries).max();
    // Latent attention has wide queries, and makes them narrow again before the feed-forward part.
    let queries_left = match shape.latent {
        true => width,
        false => queries.unwrap_or(0),
    };
    let inner = shape.feed_forward.inner;
    let hole = width.saturating_add(queries_left);
    let further = if inner > hole { inner } else { 0 };
    let of_experts = width.saturating_mul(shape.feed_forward.experts_used);
    let feed_forward = (inner.saturating_mul(2).saturating_add(further))
        .max(of_experts)
        .saturating_add(width.saturating_mul(3))
        .saturating_add(queries_left);
    let attention = shape.layers.iter().map(|layer| {
        let cells = match layer.windowed {
            true => window_cells(shape, input, context),
            false => context.cells,
        };
        let scores = match input.flash_attention {
            true => 0,
            false => layer.heads.saturating_mul(cells),
        };
        let values = if shape.latent { 0 } else { layer.values };
        [
            width.saturating_mul(3),
            layer.queries.saturating_mul(2),
            layer.keys,
            values,
        ]
        .into_iter()
        .fold(scores, u64::saturating_add)
    });
    let states = match shape.state_inner {
        0 => 0,
        inner => inner.saturating_mul(6).saturating_add(width),
    };
    let for_a_token = attention
        .max()
        .unwrap_or(0)
        .max(feed_forward)
        .max(states)
        .saturating_add(SMALL_INPUTS);
    let rows = input.output_rows.min(context.ubatch).max(1);
    // At the end only the last tokens are left, and their scores for every token of the vocabulary.
    let output = rows.saturating_mul(shape.vocabulary.saturating_add(width));
    let masks_are_gone = floats(output);
    floats(for_a_token.saturating_mul(context.ubatch)).max(masks_are_gone)
}

fn floats(count: u64) -> u64 {
    count.saturating_mul(FLOAT)
}
