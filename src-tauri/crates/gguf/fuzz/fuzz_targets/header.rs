//! Any bytes at all, by every way in; and what a header says is drawn from it as the library does.
//!
//! `cargo +nightly fuzz run header -- -max_total_time=600 -max_len=65536 -rss_limit_mb=512 -malloc_limit_mb=64`
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let whole = gguf::parse_prefix(bytes);
    let stream = gguf::read_header_from(bytes, "stream");
    if let Ok(header) = &whole {
        // The end of what is there does not change what stands before it.
        assert_eq!(header.tensors, stream.as_ref().map(|header| header.tensors.clone()).unwrap_or_default());
        let _ = header.check_complete(bytes.len() as u64);
        let _ = header.weights_size_bytes();
        let info = header.model_info("some-model-Q4_K_M.gguf");
        for kind in gguf::CacheType::ALL {
            let _ = gguf::kv_cache_size_bytes(&info, 1 << 20, kind, kind);
        }
    }
    if let Ok(beginning) = gguf::parse_beginning(bytes) {
        let _ = beginning.model_info("x.gguf");
    }
    if let Err(error) = whole {
        // Every error has words.
        assert!(!error.to_string().is_empty());
    }
});
