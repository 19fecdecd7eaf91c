//! Hugging Face as a client meets it: search, repositories, files, and what their names mean.
//!
//! [`Hub`] asks one hub, which may be a mirror (`HF_ENDPOINT`). [`parse_reference`] reads what people type or paste, and
//! [`variants`] folds a repository's files into what a person chooses between: shards and vision projector are one
//! thing.
//!
//! Invariants:
//! - The token goes to the hub's own host and nowhere else, and is in no message and no log.
//! - A repository's name that is none ([`RepoId`]) is refused before anything is asked.
//! - What the hub answers is foreign: fields may be missing, and paths may climb. Whoever writes files joins them with
//!   `download::safe_join`.
//!
//! Left out: downloading (`download`), memory (`gguf` and the core), and what is here already. Of `gguf` only the rules
//! for file names are used, which are part of the format.

mod card;
mod client;
mod error;
mod files;
mod header;
mod quality;
mod reference;
mod repo;
mod search;
mod token;
mod variants;

pub use card::summary as card_summary;
pub use client::{About, DEFAULT_ENDPOINT, Hub, HubSettings, next_cursor};
pub use error::Error;
pub use files::RepoFile;
pub use header::{HEADER_LIMIT_BYTES, RemoteHeader};
pub use quality::{QualityRow, quality_words, rank};
pub use reference::{Reference, RepoId, is_link, parse_link, parse_reference};
pub use repo::{Gating, Repo};
pub use search::{Page, Query, RepoSummary, Sort};
pub use token::{Token, TokenSource, from_environment};
pub use variants::{Variant, quantization, variants};
