//! What the release server answers. What must hold is in `foreign_bytes::release_json`.
//!
//! `cargo xtask fuzz release_json`, or here: `cargo +nightly fuzz run release_json -- -max_total_time=600 -max_len=16384`
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| foreign_bytes::release_json::check(bytes));
