//! What an engine prints: its help, its devices, its version. What must hold is in `foreign_bytes::engine_help`.
//!
//! `cargo xtask fuzz engine_help`, or here: `cargo +nightly fuzz run engine_help -- -max_total_time=600 -max_len=16384`
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| foreign_bytes::engine_help::check(bytes));
