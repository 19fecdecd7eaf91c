//! The header of a GGUF file, by every way in; and what it says is drawn from it as the library does.
//!
//! Promises: the end of what is there does not change what stands before it, and every refusal has words.

/// Reads the bytes as a model file's beginning.
pub fn check(bytes: &[u8]) {
    let whole = gguf::parse_prefix(bytes);
    let stream = gguf::read_header_from(bytes, "stream");
    if let Ok(header) = &whole {
        let streamed = stream.as_ref().map(|header| header.tensors.clone());
        assert_eq!(header.tensors, streamed.unwrap_or_default());
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
        assert!(!error.to_string().is_empty());
    }
}
