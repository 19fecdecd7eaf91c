use super::*;
use crate::synthetic::{self, Family, Shape};

const MIB: f64 = (1 << 20) as f64;
const GIB: u64 = 1 << 30;

fn shape(shape: &Shape) -> ModelShape {
    ModelShape::of_shards(&[synthetic::header(shape).unwrap()]).unwrap()
}

fn input(context_tokens: u64, parallel: u64, flash_attention: bool) -> EstimateInput {
    EstimateInput {
        context_tokens,
        parallel,
        flash_attention,
        ..EstimateInput::default()
    }
}

/// What b10068 and b10434 logged for these models, in MiB: weights, cache, compute.
const LOGGED: &[(Family, u64, u64, bool, f64, f64, f64)] = &[
    (Family::Llama, 4_096, 1, true, 80.55, 24.0, 16.26),
    (Family::Llama, 4_096, 1, false, 80.55, 24.0, 77.51),
    (Family::Llama, 4_096, 4, true, 80.55, 24.0, 13.26),
    (Family::Qwen2, 4_096, 1, true, 80.58, 24.0, 16.26),
    (Family::Qwen3, 4_096, 1, false, 80.55, 24.0, 77.51),
    (Family::Qwen3Moe, 4_096, 1, true, 427.24, 24.0, 24.51),
    (Family::Qwen3Moe, 4_096, 1, false, 427.24, 24.0, 77.51),
    (Family::Gemma3, 4_096, 1, true, 72.6, 9.0, 17.27),
    (Family::Gemma3, 4_096, 1, false, 72.6, 9.0, 80.01),
    (Family::Gemma3, 4_096, 4, true, 72.6, 24.0, 14.27),
    (Family::GptOss, 4_096, 1, true, 428.51, 15.0, 25.52),
    (Family::Deepseek2, 4_096, 1, true, 443.36, 15.0, 24.51),
    (Family::Deepseek2, 4_096, 1, false, 443.36, 15.0, 82.54),
    (Family::Mamba, 4_096, 1, true, 55.35, 0.89, 13.09),
    (Family::Mamba, 4_096, 4, true, 55.35, 3.56, 13.35),
    (Family::Lfm2, 4_096, 1, true, 78.6, 8.03, 15.27),
    (Family::Jamba, 4_096, 1, true, 96.77, 8.59, 17.1),
    (Family::Jamba, 4_096, 1, false, 96.77, 8.59, 76.51),
];

#[test]
fn it_says_what_engines_logged() {
    for (family, context, parallel, flash, weights, cache, compute) in LOGGED {
        let case = format!("{family:?} {context} {parallel} {flash}");
        let found = estimate(&shape(&family.usual()), &input(*context, *parallel, *flash));
        let [ram] = found.devices.as_slice() else {
            panic!("{case}")
        };
        let close = |what: &str, bytes: u64, logged: f64, allowed: f64| {
            let mib = bytes as f64 / MIB;
            assert!(
                (mib - logged).abs() <= allowed,
                "{case} {what}: {mib:.2} for {logged}"
            );
        };
        close("weights", ram.weights, *weights, 0.1);
        close("cache", ram.kv_cache, *cache, 0.01);
        close("compute", ram.compute, *compute, (compute * 0.05).max(1.01));
    }
}

/// gemma-3-270m at its defaults: LMS#1562, where the estimate was off by gigabytes.
#[test]
fn the_starter_model_by_its_numbers() {
    let gemma = shape(&Shape {
        layers: 18,
        embedding: 640,
        feed_forward: 2_048,
        heads: 4,
        heads_kv: 1,
        head_length: 256,
        vocabulary: 262_144,
        window: 512,
        ..Family::Gemma3.usual()
    });
    let found = estimate(
        &gemma,
        &EstimateInput {
            parallel: 4,
            unified: true,
            ..EstimateInput::default()
        },
    );
    assert_eq!(found.context_tokens, 32_768);
    assert_eq!(found.sequence_tokens, 32_768);
    let ram = found.devices[0];
    assert_eq!(ram.kv_cache as f64 / MIB, 96.0 + 37.5);
    assert_eq!(ram.output as f64 / MIB, 4.0);
    assert!((ram.compute as f64 / MIB - 52.27).abs() < 0.5, "{ram:?}");
}

#[test]
fn caches_are_whole_cells_of_each_sequence() {
    let llama = shape(&Family::Llama.usual());
    let of = |input: EstimateInput| estimate(&llama, &input);
    assert_eq!(of(input(1_000, 1, true)).context_tokens, 1_024);
    assert_eq!(of(input(1_000, 3, true)).context_tokens, 3 * 512);
    let shared = EstimateInput {
        unified: true,
        ..input(1_000, 3, true)
    };
    assert_eq!(of(shared).sequence_tokens, 1_024);
    let quantized = EstimateInput {
        type_k: CacheType::Q8_0,
        type_v: CacheType::Q4_0,
        ..input(4_096, 1, true)
    };
    // 12 MiB each in f16.
    let expected = 12.0 * 34.0 / 64.0 + 12.0 * 18.0 / 64.0;
    assert_eq!(of(quantized).devices[0].kv_cache as f64 / MIB, expected);
}

fn on_gpus(gpu_layers: u64, gpus: &[u64]) -> EstimateInput {
    EstimateInput {
        gpu_layers,
        gpu_free_bytes: gpus.to_vec(),
        ..input(4_096, 1, true)
    }
}

#[test]
fn layers_go_to_the_gpu_from_the_last_on() {
    let llama = shape(&Family::Llama.usual());
    let embeddings = 512 * 8_192 * 2;
    let all = estimate(&llama, &on_gpus(u64::MAX, &[8 * GIB]));
    assert_eq!((all.gpu_layers, all.total_layers), (13, 13));
    assert_eq!(all.devices[0].weights, embeddings);
    assert_eq!(all.devices[1].weights, llama.weights_bytes - embeddings);
    assert_eq!(all.devices[0].kv_cache, 0);
    assert_eq!(all.devices[1].kv_cache as f64 / MIB, 24.0);
    assert!(all.devices[0].compute < all.devices[1].compute);

    // The output goes first, so seven are six layers and the output.
    let half = estimate(&llama, &on_gpus(7, &[8 * GIB]));
    assert_eq!(half.devices[0].kv_cache, half.devices[1].kv_cache);
    assert!(half.devices[1].weights > half.devices[0].weights - embeddings);

    let none = estimate(&llama, &on_gpus(0, &[8 * GIB]));
    assert_eq!(none.devices[1], DeviceUse::default());
    let without = EstimateInput {
        kv_offload: false,
        ..on_gpus(u64::MAX, &[8 * GIB])
    };
    assert_eq!(estimate(&llama, &without).devices[1].kv_cache, 0);
}

#[test]
fn tied_embeddings_are_there_twice() {
    let gemma = shape(&Family::Gemma3.usual());
    let found = estimate(&gemma, &on_gpus(u64::MAX, &[8 * GIB]));
    let embeddings = 512 * 8_192 * 2;
    assert_eq!(found.devices[0].weights, embeddings);
    assert_eq!(found.devices[1].weights, gemma.weights_bytes);
}

#[test]
fn several_gpus_share_by_free_memory_or_as_told() {
    let llama = shape(&Family::Llama.usual());
    let by_free = estimate(&llama, &on_gpus(u64::MAX, &[12 * GIB, 4 * GIB]));
    assert!(by_free.devices[1].kv_cache > 2 * by_free.devices[2].kv_cache);
    let told = EstimateInput {
        tensor_split: vec![1.0, 1.0],
        ..on_gpus(12, &[12 * GIB, 4 * GIB])
    };
    let told = estimate(&llama, &told);
    assert!(told.devices[1].kv_cache.abs_diff(told.devices[2].kv_cache) <= 2 << 20);
    let one = EstimateInput {
        split: Split::None,
        main_gpu: 1,
        ..on_gpus(u64::MAX, &[12 * GIB, 4 * GIB])
    };
    let one = estimate(&llama, &one);
    assert_eq!(one.devices[1], DeviceUse::default());
    let rows = EstimateInput {
        split: Split::Row,
        ..on_gpus(u64::MAX, &[12 * GIB, 4 * GIB])
    };
    let rows = estimate(&llama, &rows);
    assert!(rows.devices[2].weights > 0 && rows.devices[2].kv_cache == 0);
    assert!(
        rows.sum(|device| device.weights)
            .abs_diff(llama.weights_bytes)
            < 4096
    );
}

/// What `--n-cpu-moe` is for: the experts of some layers stay in RAM.
#[test]
fn experts_stay_in_ram() {
    let moe = shape(&Family::Qwen3Moe.usual());
    let of = |layers| {
        let input = EstimateInput {
            cpu_expert_layers: layers,
            ..on_gpus(u64::MAX, &[8 * GIB])
        };
        estimate(&moe, &input).devices[1].weights
    };
    let a_layer = 3 * 512 * 1_408 * 8 * 2;
    assert_eq!(of(0) - of(4), 4 * a_layer);
    assert_eq!(of(0) - of(u64::MAX), 12 * a_layer);
    let input = EstimateInput {
        overrides: vec![
            (r"blk\.(0|1)\.ffn_.*_exps".to_owned(), None),
            ("[".to_owned(), None),
        ],
        ..on_gpus(u64::MAX, &[8 * GIB])
    };
    assert_eq!(
        of(0) - estimate(&moe, &input).devices[1].weights,
        2 * a_layer
    );
}

#[test]
fn what_comes_beside_is_counted_apart() {
    let llama = shape(&Family::Llama.usual());
    let input = EstimateInput {
        projector: Some(Projector {
            bytes: GIB,
            on_gpu: true,
        }),
        cache_ram_bytes: 8 * GIB,
        ..on_gpus(u64::MAX, &[8 * GIB])
    };
    let mut found = estimate(&llama, &input);
    assert_eq!(found.devices[1].projector, GIB + GIB / 4);
    assert_eq!(found.may_grow_bytes, 8 * GIB);
    let before = found.total();
    let draft = estimate(&llama, &on_gpus(u64::MAX, &[8 * GIB]));
    found.add_draft(&draft);
    assert_eq!(found.total(), before + draft.total());
}

#[test]
fn what_a_user_should_know_is_noted() {
    let llama = shape(&Family::Llama.usual());
    let notes = |input| estimate(&llama, &input).notes;
    assert_eq!(notes(input(32_768, 1, true)), []);
    assert_eq!(notes(input(40_000, 1, true)), [Note::BeyondTraining]);
    let quantized = EstimateInput {
        type_v: CacheType::Q8_0,
        ..input(512, 1, false)
    };
    assert_eq!(notes(quantized), [Note::QuantizedValuesNeedFlashAttention]);
    let layers = EstimateInput {
        gpu_layers: 7,
        ..input(512, 1, true)
    };
    assert_eq!(notes(layers), [Note::NoGpu]);
}

#[test]
fn absurd_inputs_neither_panic_nor_wrap() {
    for family in Family::ALL {
        let found = estimate(
            &shape(&family.usual()),
            &EstimateInput {
                context_tokens: u64::MAX,
                parallel: u64::MAX,
                ubatch: u64::MAX,
                batch: u64::MAX,
                main_gpu: usize::MAX,
                gpu_free_bytes: vec![0, u64::MAX, 0],
                tensor_split: vec![f64::NAN, f64::INFINITY, -1.0],
                projector: Some(Projector {
                    bytes: u64::MAX,
                    on_gpu: true,
                }),
                output_rows: u64::MAX,
                ..EstimateInput::default()
            },
        );
        assert!(found.total() >= found.devices[0].total(), "{family:?}");
    }
}
