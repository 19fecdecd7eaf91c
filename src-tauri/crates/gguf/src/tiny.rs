//! The tiny model that proves an engine: a whole llama-architecture model of about 450 kB.
//!
//! `--help` and `--list-devices` work on engines that die at their first load (an illegal instruction,
//! a broken driver). Only loading a model and getting tokens out of it proves one, and no network is
//! needed where the model is made here.
//!
//! What makes it useful as a proof:
//! - Its matrices come in all the types that common models are made of: see `encoding` for an engine
//!   that serves F16 and dies of anything quantized.
//! - At temperature 0 it goes through the alphabet ([`ALPHABET`]), on every sound engine and device,
//!   since the right letter leads by a margin (19 in the logits) far beyond rounding. Not-a-number or
//!   wildly wrong results say something else. Results wrong by a little do not show.
//! - The answer is plain ASCII. A model of purely random weights utters broken UTF-8, which b10434's
//!   chat parser turns into error 500.
//!
//! Tried with b4435 (January 2025), b4798, b10434 and b11549 (October 2026) on two CPU cores: ready 0.1 s
//! after spawn, 30 MB resident, over 1,000 tokens/s. `examples/tiny.rs` writes the file, to try it by hand.
//!
//! Invariants: the same bytes on every platform and in every run (no transcendental functions, a seeded
//! generator of our own). Left out: any meaning in what it says; types that engines of January 2025 do
//! not know.

mod encoding;
pub(crate) mod vocabulary;
mod weights;

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{Error, writer::Writer};

/// What the model answers at temperature 0 to a chat, or to a prompt that ends in a space or a
/// newline: this, over and over. A prompt that ends in a small letter is continued with the letter
/// after it.
pub const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz";

/// Tokens of context that the model states.
pub const CONTEXT_LENGTH: u32 = 2048;

/// A good name for the file.
pub const FILE_NAME: &str = "paddock-tiny.gguf";

/// What the model's matrices are stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weights {
    /// In eleven types, most of them quantized: the one to prove an engine with. 450 kB.
    #[default]
    Quantized,
    /// All 16-bit floats: runs on some engines that the other one finds broken, which tells that
    /// quantized code is what is broken about them. 1 MB.
    F16,
}

/// ChatML, which engines without a template engine of their own recognize, too.
const CHAT_TEMPLATE: &str = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] \
    + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/// `llama_ftype`: Q4_K_M comes closest to the mixture.
const FILE_TYPE_Q4_K_M: u32 = 15;
const FILE_TYPE_F16: u32 = 1;

/// Writes the model with [`Weights::Quantized`]: see [`write_with`].
///
/// # Errors
/// [`Error::Io`], naming `path`.
pub fn write(path: &Path) -> Result<(), Error> {
    write_with(path, Weights::Quantized)
}

/// Writes the model to `path`, replacing what is there, and never leaving half a file under that name.
///
/// # Errors
/// [`Error::Io`], naming `path`.
pub fn write_with(path: &Path, weights: Weights) -> Result<(), Error> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    // In the same folder, since only there renaming is atomic; unique, since two may write at once.
    let unique = format!(
        ".{}-{}.part",
        std::process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    );
    let mut partial = path.as_os_str().to_owned();
    partial.push(unique);
    let partial = Path::new(&partial);
    write_synced(partial, &bytes_with(weights))
        .and_then(|()| fs::rename(partial, path))
        .map_err(|source| {
            // Whether this works is of no interest: the first error is the one to tell.
            let _ = fs::remove_file(partial);
            Error::Io {
                file: path.display().to_string(),
                action: "written",
                source,
            }
        })
}

/// The file of the model with [`Weights::Quantized`], made anew (a few milliseconds).
pub fn bytes() -> Vec<u8> {
    bytes_with(Weights::Quantized)
}

/// The model's file, made anew.
pub fn bytes_with(weights: Weights) -> Vec<u8> {
    use weights::{BLOCKS, EMBEDDING, FEED_FORWARD, HEAD, HEADS, HEADS_KV};

    let tokens = vocabulary::tokens();
    let mut writer = Writer::new(3, "llama");
    writer.string("general.type", "model");
    writer.string("general.name", "Paddock tiny proof model");
    writer.u32(
        "general.file_type",
        match weights {
            Weights::Quantized => FILE_TYPE_Q4_K_M,
            Weights::F16 => FILE_TYPE_F16,
        },
    );
    writer.u32("general.quantization_version", 2);
    writer.u32("llama.vocab_size", tokens.len() as u32);
    writer.u32("llama.context_length", CONTEXT_LENGTH);
    writer.u32("llama.embedding_length", EMBEDDING as u32);
    writer.u32("llama.block_count", BLOCKS as u32);
    writer.u32("llama.feed_forward_length", FEED_FORWARD as u32);
    writer.u32("llama.attention.head_count", HEADS as u32);
    writer.u32("llama.attention.head_count_kv", HEADS_KV as u32);
    writer.u32("llama.attention.key_length", HEAD as u32);
    writer.u32("llama.attention.value_length", HEAD as u32);
    writer.f32("llama.attention.layer_norm_rms_epsilon", 1e-5);
    writer.u32("llama.rope.dimension_count", HEAD as u32);
    writer.f32("llama.rope.freq_base", 10_000.0);
    vocabulary::put(&mut writer, &tokens);
    writer.string("tokenizer.chat_template", CHAT_TEMPLATE);
    for tensor in weights::tensors(&tokens, weights) {
        writer.tensor(&tensor.name, &tensor.dims, tensor.ggml_type, &tensor.data);
    }
    writer.finish()
}

/// Noise for other models than this one, the same in every run.
pub(crate) fn random_bytes(count: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(count);
    weights::Random::new(1).fill(&mut bytes, count);
    bytes
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    // Else a power cut after the rename can leave the name with nothing behind it.
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GgmlType, check_file, parse_prefix};

    #[test]
    fn it_is_always_the_same_small_file() {
        let file = bytes();
        assert!(file.len() < 500_000, "{}", file.len());
        assert_eq!(file, bytes());
        // FNV-1a: the same on every platform. A change here is a new model: prove it on an engine.
        let hash = file.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        assert_eq!(hash, 0xbf7b_2339_e1b4_84cb, "{hash:#x}");
    }

    #[test]
    fn it_comes_in_halves_too() {
        let file = bytes_with(Weights::F16);
        let header = parse_prefix(&file).unwrap();
        header.check_complete(file.len() as u64).unwrap();
        assert!(
            header
                .tensors
                .iter()
                .all(|tensor| [GgmlType::F16, GgmlType::F32].contains(&tensor.ggml_type))
        );
        assert_eq!(
            header.model_info(FILE_NAME).quantization.as_deref(),
            Some("F16")
        );
    }

    #[test]
    fn it_reads_back() {
        let file = bytes();
        let header = parse_prefix(&file).unwrap();
        header.check_complete(file.len() as u64).unwrap();
        assert!(header.check_complete(file.len() as u64 - 32).is_err());
        let info = header.model_info(FILE_NAME);
        assert_eq!(info.name, "Paddock tiny proof model");
        assert_eq!(info.quantization.as_deref(), Some("Q4_K_M"));
        assert_eq!(info.context_length, Some(2048));
        assert_eq!(
            info.vocabulary_size,
            Some(vocabulary::tokens().len() as u64)
        );
        assert!(info.has_chat_template);
        assert!(!info.is_embedding);
        assert!(info.parameter_count > 100_000);
    }

    #[test]
    fn writing_replaces_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        fs::write(&path, "old").unwrap();
        write(&path).unwrap();
        write(&path).unwrap();
        check_file(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = write(Path::new("/nowhere/at/all.gguf")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("/nowhere/at/all.gguf cannot be written: "),
            "{error}"
        );
    }
}
