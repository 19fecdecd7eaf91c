//! What must hold whatever bytes come in: one module for each kind of them, each with a `check` that takes any bytes and
//! panics where its promises are broken.
//!
//! The fuzz targets (`tests/fuzz`, a workspace of its own that takes a nightly compiler) call nothing but these; a test
//! here calls them with the corpus, so that what was found once stays found. Each module says what it promises.
#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "panicking is how a check speaks"
)]

pub mod api_body;
pub mod archive;
pub mod deep_link;
pub mod engine_help;
pub mod header;
pub mod hub_json;
mod message;
pub mod release_json;
pub mod settings_document;
