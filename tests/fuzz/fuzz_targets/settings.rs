//! `settings.json`. What must hold is in `foreign_bytes::settings_document`.
//!
//! `cargo xtask fuzz settings`, or here: `cargo +nightly fuzz run settings -- -max_total_time=600 -max_len=8192`
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| foreign_bytes::settings_document::check(bytes));
