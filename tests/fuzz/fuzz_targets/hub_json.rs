//! What the hub answers. What must hold is in `foreign_bytes::hub_json`.
//!
//! `cargo xtask fuzz hub_json`, or here: `cargo +nightly fuzz run hub_json -- -max_total_time=600 -max_len=16384`
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| foreign_bytes::hub_json::check(bytes));
