//! Reads the header of GGUF model files, tells what a model is and needs, and writes the tiny model
//! that proves an engine.
//!
//! A GGUF file is: magic, version, two counts, key/value metadata, tensor descriptions, padding, tensor
//! data. Everything before the tensor data is the *header*; it answers "what is this model, is the
//! file whole, how much memory will it take" without reading gigabytes. Start with [`check_file`] for
//! a file that is about to be loaded, [`read_header`] for listing, [`parse_prefix`] for the first bytes
//! of a file on a server.
//!
//! ```
//! # fn main() -> Result<(), gguf::Error> {
//! let header = gguf::parse_prefix(&gguf::tiny::bytes())?;
//! let info = header.model_info("tiny.gguf");
//! assert_eq!(info.architecture.as_deref(), Some("llama"));
//! let q8 = gguf::CacheType::Q8_0;
//! assert!(gguf::kv_cache_size_bytes(&info, 2048, q8, q8).is_some());
//! # Ok(())
//! # }
//! ```
//!
//! Invariants:
//! - Files are foreign: no byte sequence panics, reads past the header or takes more than 64 MB of memory
//!   (limits in `cursor`), whatever counts and lengths it claims. `tests/fuzz` looks for one that does.
//! - Every [`Error`] names the file it is about.
//! - Nothing here knows engines, flags or downloads.
//!
//! Left out: tensor data (never read), big-endian files (named as such, not read), version 1 (2023,
//! refused by llama.cpp too).

pub mod companions;
mod cursor;
mod error;
pub mod estimate;
mod ggml_type;
mod header;
mod memory;
mod model_info;
mod quantization;
pub mod shape;
pub mod shard;
pub mod synthetic;
pub mod tiny;
mod value;
mod writer;

pub use error::Error;
pub use estimate::estimate;
pub use ggml_type::GgmlType;
pub use header::{
    Header, TensorInfo, check_file, parse_beginning, parse_prefix, read_header, read_header_from,
};
pub use memory::{CacheType, UnknownCacheType, kv_cache_size_bytes};
pub use model_info::{ModelInfo, PerLayer, Pooling};
pub use quantization::{LABELS, label_from_file_name, label_from_file_type};
pub use shape::ModelShape;
pub use value::{Array, Metadata, Value, ValueType};
