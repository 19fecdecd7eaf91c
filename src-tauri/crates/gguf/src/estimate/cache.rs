//! Keys, values and states, as engines allocate them: whole cells of 256 tokens, all at the start.

use super::{CELLS, Context, DeviceUse, EstimateInput, weights::Placed};
use crate::{CacheType, ModelShape};

/// Cells of the cache of layers with a window: the windows of all sequences that share it, and what is being computed.
pub(super) fn window_cells(shape: &ModelShape, input: &EstimateInput, context: &Context) -> u64 {
    if input.swa_full {
        return context.cells;
    }
    let sequences = if input.unified {
        input.parallel.max(1)
    } else {
        1
    };
    let wanted = shape
        .window
        .saturating_mul(sequences)
        .saturating_add(context.ubatch);
    wanted
        .min(context.cells)
        .div_ceil(CELLS)
        .saturating_mul(CELLS)
}

pub(super) fn add(
    shape: &ModelShape,
    input: &EstimateInput,
    context: &Context,
    placed: &Placed,
    devices: &mut [DeviceUse],
) {
    // Without flash attention values lie transposed, as wide in every layer as in the widest.
    let widest = shape.layers.iter().map(|layer| layer.values).max();
    for (index, layer) in shape.layers.iter().enumerate() {
        let cells = match layer.windowed {
            true => window_cells(shape, input, context),
            false => context.cells,
        };
        let cells = cells.saturating_mul(context.streams);
        let keys = bytes(input.type_k, layer.keys.saturating_mul(cells));
        let values = match (shape.latent, layer.values) {
            (true, _) | (_, 0) => 0,
            (_, values) if input.flash_attention => values,
            (..) => widest.unwrap_or(0),
        };
        let values = bytes(input.type_v, values.saturating_mul(cells));
        let states = layer
            .state
            .saturating_mul(4)
            .saturating_mul(input.parallel.max(1));
        let device = if input.kv_offload {
            placed.cache_of(index)
        } else {
            0
        };
        if let Some(device) = devices.get_mut(device) {
            for part in [keys, values, states] {
                device.kv_cache = device.kv_cache.saturating_add(part);
            }
        }
    }
}

fn bytes(kind: CacheType, elements: u64) -> u64 {
    let ggml_type = kind.ggml_type();
    match (ggml_type.block_elements(), ggml_type.block_bytes()) {
        (Some(block), Some(bytes)) => elements.div_ceil(block).saturating_mul(bytes),
        _ => elements.saturating_mul(2),
    }
}
