//! `paddock://` links, and what people paste to name a model. What must hold is in `foreign_bytes::deep_link`.
//!
//! `cargo xtask fuzz deep_link`, or here: `cargo +nightly fuzz run deep_link -- -max_total_time=600 -max_len=4096`
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| foreign_bytes::deep_link::check(bytes));
