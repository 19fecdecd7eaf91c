//! Files that go with a model, for tests with a real engine: a LoRA adapter and a vision projector for the tiny model.
//!
//! Invariants: the same bytes in every run; a real engine loads them. Left out: any sense in what they do.

use crate::{GgmlType, tiny, writer::Writer};

/// Width of the tiny model's hidden state, and of its queries.
const EMBEDDING: u64 = 256;
const QUERIES: u64 = 128;
/// Of the adapter.
const RANK: u64 = 4;
/// Of the projector: its hidden state, image and patch.
const WIDTH: u64 = 64;
const IMAGE: u32 = 64;
const PATCH: u32 = 16;

/// A LoRA adapter for one matrix of a model with this architecture in the tiny model's shape; `llama` is the tiny model's.
#[must_use]
pub fn adapter(architecture: &str) -> Vec<u8> {
    let mut writer = Writer::new(3, architecture);
    writer.string("general.type", "adapter");
    writer.string("adapter.type", "lora");
    writer.f32("adapter.lora.alpha", 8.0);
    noise(
        &mut writer,
        "blk.0.attn_q.weight.lora_a",
        &[EMBEDDING, RANK],
    );
    noise(&mut writer, "blk.0.attn_q.weight.lora_b", &[RANK, QUERIES]);
    writer.finish()
}

/// A vision projector of one layer for the tiny model.
#[must_use]
pub fn projector() -> Vec<u8> {
    let mut writer = Writer::new(3, "clip");
    writer.string("general.type", "mmproj");
    writer.bool("clip.has_vision_encoder", true);
    writer.string("clip.projector_type", "gemma3");
    for (name, value) in [
        ("image_size", IMAGE),
        ("patch_size", PATCH),
        ("embedding_length", WIDTH as u32),
        ("feed_forward_length", WIDTH as u32),
        ("block_count", 1),
        ("projection_dim", EMBEDDING as u32),
        ("attention.head_count", 2),
    ] {
        writer.u32(&format!("clip.vision.{name}"), value);
    }
    writer.f32("clip.vision.attention.layer_norm_epsilon", 1e-6);
    writer.f32s("clip.vision.image_mean", [0.5; 3].into_iter());
    writer.f32s("clip.vision.image_std", [0.5; 3].into_iter());
    writer.bool("clip.use_gelu", true);

    let patch = u64::from(PATCH);
    let patches = u64::from((IMAGE / PATCH).pow(2));
    noise(
        &mut writer,
        "v.patch_embd.weight",
        &[patch, patch, 3, WIDTH],
    );
    flat(&mut writer, "v.patch_embd.bias", 0.0);
    noise(&mut writer, "v.position_embd.weight", &[WIDTH, patches]);
    for part in [
        "attn_q", "attn_k", "attn_v", "attn_out", "ffn_up", "ffn_down",
    ] {
        noise(
            &mut writer,
            &format!("v.blk.0.{part}.weight"),
            &[WIDTH, WIDTH],
        );
        flat(&mut writer, &format!("v.blk.0.{part}.bias"), 0.0);
    }
    for norm in ["v.blk.0.ln1", "v.blk.0.ln2", "v.post_ln"] {
        flat(&mut writer, &format!("{norm}.weight"), 1.0);
        flat(&mut writer, &format!("{norm}.bias"), 0.0);
    }
    noise(
        &mut writer,
        "mm.input_projection.weight",
        &[EMBEDDING, WIDTH],
    );
    flat(&mut writer, "mm.soft_emb_norm.weight", 1.0);
    writer.finish()
}

/// A tensor of small numbers.
fn noise(writer: &mut Writer, name: &str, dims: &[u64]) {
    let count = dims.iter().product::<u64>() as usize;
    let values = tiny::random_bytes(count);
    let values = values
        .into_iter()
        .map(|byte| (f32::from(byte) - 127.5) / 12_750.0);
    writer.tensor(name, dims, GgmlType::F32, &bytes_of(values));
}

/// A tensor of the projector's width that is this number throughout.
fn flat(writer: &mut Writer, name: &str, value: f32) {
    let values = std::iter::repeat_n(value, WIDTH as usize);
    writer.tensor(name, &[WIDTH], GgmlType::F32, &bytes_of(values));
}

fn bytes_of(values: impl Iterator<Item = f32>) -> Vec<u8> {
    values.flat_map(f32::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_prefix;

    #[test]
    fn both_are_whole_files() {
        for (file, architecture) in [(adapter("llama"), "llama"), (projector(), "clip")] {
            let header = parse_prefix(&file).unwrap();
            header.check_complete(file.len() as u64).unwrap();
            let info = header.model_info("companion.gguf");
            assert_eq!(info.architecture.as_deref(), Some(architecture));
        }
        assert_eq!(projector(), projector());
    }
}
