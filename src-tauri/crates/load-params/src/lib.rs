//! Load parameters: one table, and for each installed engine the exact arguments.
//!
//! llama.cpp's flags change from build to build: what was a switch takes a value, what were two flags become one, what was
//! there is gone. Paddock's parameters stay what they are. [`TABLE`] declares each once; [`EngineFlags`] reads what one binary
//! takes from its own `--help`; [`argv()`] translates, and says what it could not.
//!
//! ```
//! use load_params::{EngineFlags, LoadParams, Unsupported, argv, set};
//!
//! let flags = EngineFlags::parse("-fa,   --flash-attn [on|off|auto]       (default: 'auto')\n");
//! let mut params = LoadParams::default();
//! set(&mut params, "flashAttn", "true")?;
//! assert_eq!(argv(&params, &flags, Unsupported::Refuse)?.args, ["--flash-attn", "on"]);
//! set(&mut params, "--mlock", "true")?;
//! let error = argv(&params, &flags, Unsupported::Refuse).unwrap_err();
//! assert_eq!(error.to_string(), "`mlock` cannot be used here: this engine has no flag `--mlock`");
//! # Ok::<(), load_params::Error>(())
//! ```
//!
//! Invariants:
//! - Absent means absent: what is not set passes no flag.
//! - Every flag passed is one that the engine lists, with as many values as it takes, and none is passed twice.
//! - What an engine cannot honour is an error or is listed as skipped, never dropped in silence.
//! - Model, address, key and alias cannot be set through parameters.
//!
//! [`parse_command_line`] goes the other way: from a llama-server command line of any build to parameters.
//!
//! Left out: running the engine to get its help, where parameters are saved, presets, and how much memory they cost.
//!
//! Start reading at [`TABLE`], then `spelling.rs`.

mod access;
mod argv;
mod dialect;
mod docs;
mod error;
mod evidence;
mod extra;
mod flags;
mod help_meaning;
mod help_text;
mod item;
mod kind;
mod list_text;
mod owned;
mod params;
mod paste;
mod reach;
#[cfg(test)]
mod real_engine_tests;
mod rules;
mod schema;
mod shell;
mod spec;
mod spelling;
mod suggest;
mod table;
#[cfg(test)]
mod testing;
mod validate;
mod values;
mod words;

pub use access::{add, find, get, set};
pub use argv::{Argv, Skipped, Unsupported, argv};
pub use dialect::{Dialect, FlashAttentionStyle, GpuLayersStyle, MemoryStyle, ThinkingStyle};
pub use docs::markdown;
pub use error::Error;
pub use evidence::{EVIDENCE_BUILD, Evidence, evidence};
pub use extra::set_flag;
pub use flags::{EngineFlags, Flag, FlagStatus};
pub use item::{Item, adapter};
pub use kind::Kind;
pub use owned::{EngineArgument, engine_argument, owned_reason, owned_variable};
pub use params::LoadParams;
pub use paste::{Ignored, Pasted, Unknown, parse_command_line};
pub use schema::{
    EngineOption, FieldConflict, FieldKind, FieldSchema, engine_options, schema, schema_within,
};
pub use spec::{Category, ParamSpec};
pub use spelling::Template;
pub use table::TABLE;
pub use validate::{Limits, Problem, Severity, validate};
pub use values::{FlashAttn, GpuLayers, ParamValue, Real};
pub use words::{CacheType, Numa, Pooling, RopeScaling, SplitMode};
