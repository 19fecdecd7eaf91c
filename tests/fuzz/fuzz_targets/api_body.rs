//! What clients send to the management API and the endpoint. What must hold is in `foreign_bytes::api_body`.
//!
//! `cargo xtask fuzz api_body`, or here: `cargo +nightly fuzz run api_body -- -max_total_time=600 -max_len=8192`
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| foreign_bytes::api_body::check(bytes));
