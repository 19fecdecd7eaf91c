//! A GGUF file's header. What must hold is in `foreign_bytes::header`.
//!
//! `cargo xtask fuzz header`, or here: `cargo +nightly fuzz run header -- -max_total_time=600 -max_len=65536 -rss_limit_mb=512 -malloc_limit_mb=64`
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| foreign_bytes::header::check(bytes));
