//! An engine's archive, tar.gz or zip. What must hold is in `foreign_bytes::archive`.
//!
//! `cargo xtask fuzz archive`, or here: `cargo +nightly fuzz run archive -- -max_total_time=600 -max_len=16384`
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| foreign_bytes::archive::check(bytes));
