//! Model files, sound and broken.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use gguf::companions;
use gguf::synthetic::{self, Family, Shape};
use gguf::tiny::{self, Weights};

use crate::environment;

/// The tiny model, in 16-bit floats: those compute on every engine, also on one whose quantized code is not for this
/// processor.
pub fn tiny(path: &Path) {
    tiny::write_with(path, Weights::F16).unwrap();
}

/// The tiny model in the types that real models come in.
pub fn tiny_quantized(path: &Path) {
    tiny::write_with(path, Weights::Quantized).unwrap();
}

/// A LoRA adapter for the tiny model.
pub fn adapter(path: &Path) {
    write(path, &companions::adapter("llama"));
}

/// A vision projector for the tiny model.
pub fn projector(path: &Path) {
    write(path, &companions::projector());
}

/// A model of this family with random weights, as small as it may be.
pub fn small(path: &Path, family: Family) {
    let shape = Shape {
        layers: 6,
        embedding: 64,
        feed_forward: 64,
        heads: 2,
        heads_kv: 1,
        head_length: 32,
        context_length: 4_096,
        vocabulary: 384,
        window: 64,
        experts: 4,
        ..family.usual()
    };
    synthetic::write(path, &shape).unwrap();
}

/// The real model, cut off as a download is.
pub fn truncated(path: &Path, size_bytes: u64) {
    let mut source = File::open(environment::model()).unwrap().take(size_bytes);
    std::io::copy(&mut source, &mut File::create(path).unwrap()).unwrap();
}

/// The tiny model with an architecture that no engine knows: as a model from next year looks to today's engine.
pub fn of_the_future(path: &Path) {
    let mut bytes = tiny::bytes_with(Weights::F16);
    // Length and value of `general.architecture`, which comes first in the file.
    let value = b"\x05\0\0\0\0\0\0\0llama";
    let at = bytes
        .windows(value.len())
        .position(|part| part == value)
        .unwrap();
    bytes[at + value.len() - 5..at + value.len()].copy_from_slice(b"nexty");
    write(path, &bytes);
}

/// A file with this content.
pub fn write(path: &Path, content: &[u8]) {
    File::create(path).unwrap().write_all(content).unwrap();
}
