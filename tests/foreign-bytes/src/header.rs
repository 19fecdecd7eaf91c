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
        // What a repository's page and the form do with every file that they show.
        estimates(std::slice::from_ref(&beginning));
    }
    if let Ok(header) = &whole {
        estimates(std::slice::from_ref(header));
    }
    if let Err(error) = whole {
        assert!(!error.to_string().is_empty());
    }
}

/// What it would take in memory, from usual settings to such as nobody means.
fn estimates(headers: &[gguf::Header]) {
    let Some(shape) = gguf::ModelShape::of_shards(headers) else {
        return;
    };
    let free = [8 << 30, 24 << 30];
    for (context_tokens, parallel, gpus) in [(0, 1, 0), (1 << 20, 4, 1), (u64::MAX, u64::MAX, 2)] {
        for flash_attention in [true, false] {
            let input = gguf::estimate::EstimateInput {
                context_tokens,
                parallel,
                ubatch: parallel.saturating_mul(512),
                flash_attention,
                gpu_layers: u64::MAX,
                gpu_free_bytes: free[..gpus].to_vec(),
                ..Default::default()
            };
            let estimate = gguf::estimate(&shape, &input);
            assert_eq!(estimate.devices.len(), gpus + 1);
        }
    }
    let _ = shape.with_weights(u64::MAX);
}
