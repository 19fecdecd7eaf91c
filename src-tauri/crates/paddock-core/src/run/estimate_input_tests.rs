use super::*;
use gguf::ModelShape;
use gguf::synthetic::{self, Family};
use serde_json::{Value, json};

const GIB: u64 = 1 << 30;
const OLD: &str = include_str!("../../../load-params/tests/fixtures/b4575.txt");
const NEW: &str = include_str!("../../../load-params/tests/fixtures/b10434.txt");

fn shape(family: Family) -> ModelShape {
    let header = synthetic::header(&family.usual()).unwrap();
    ModelShape::of_shards(&[header]).unwrap()
}

fn gpu(name: &str, free_bytes: u64) -> Device {
    Device {
        name: name.to_owned(),
        description: "a GPU".to_owned(),
        total_bytes: Some(free_bytes),
        free_bytes: Some(free_bytes),
    }
}

fn resolved(params: Value, help: &str, gpus: &[Device]) -> Resolved {
    let params = serde_json::from_value(params).unwrap();
    of(&shape(Family::Llama), &params, help, gpus)
}

fn of(shape: &ModelShape, params: &LoadParams, help: &str, gpus: &[Device]) -> Resolved {
    let flags = EngineFlags::parse(help);
    let question = Question {
        shape,
        flags: Some(&flags),
        engine: None,
        devices: gpus,
        ram: (16 * GIB, 64 * GIB),
        correction: None,
        draft: None,
        projector_bytes: None,
        chooses_prompts: false,
    };
    resolve(params, &question)
}

/// The same parameters mean other things to other builds.
#[test]
fn defaults_are_the_engines() {
    let new = resolved(json!({}), NEW, &[]).input;
    assert_eq!((new.parallel, new.unified), (4, true));
    assert!(new.flash_attention && !new.swa_full);
    assert_eq!(new.cache_ram_bytes, 8 * GIB);
    assert_eq!(new.output_rows, 4);

    let old = resolved(json!({}), OLD, &[gpu("CUDA0", 8 * GIB)]).input;
    assert_eq!(old.parallel, 1);
    assert!(!old.flash_attention && old.swa_full);
    assert_eq!(old.cache_ram_bytes, 0);
    assert_eq!((old.output_rows, old.gpu_layers), (512, 0));
}

#[test]
fn what_is_said_counts() {
    let said = json!({
        "ctxSize": 4096, "parallel": 2, "flashAttn": false, "cacheTypeK": "q8_0", "cacheRam": 100,
        "nGpuLayers": 3, "tensorSplit": [3, 1], "device": ["CUDA1"], "overrideTensor": ["exps=CUDA1", "x=CPU"],
    });
    let gpus = [gpu("CUDA0", 8 * GIB), gpu("CUDA1", 4 * GIB)];
    let found = resolved(said, NEW, &gpus);
    let input = found.input;
    assert_eq!(
        (input.context_tokens, input.parallel, input.unified),
        (4_096, 2, false)
    );
    assert_eq!((input.gpu_layers, input.cache_ram_bytes), (3, 100 << 20));
    assert_eq!(input.gpu_free_bytes, [4 * GIB]);
    assert_eq!(
        input.overrides,
        [("exps".to_owned(), Some(0)), ("x".to_owned(), None)]
    );
    assert!(!found.engine_places && !input.flash_attention);
}

#[test]
fn what_the_engine_decides_is_foreseen() {
    let large = resolved(json!({"ctxSize": 4096}), NEW, &[gpu("CUDA0", 8 * GIB)]);
    assert!(large.engine_places);
    assert_eq!(large.input.gpu_layers, u64::MAX);

    // Of 1 GiB and a little, nearly all is the engine's margin.
    let small = gpu("CUDA0", GIB + (70 << 20));
    let part = resolved(json!({"ctxSize": 4096}), NEW, std::slice::from_ref(&small)).input;
    assert!(
        part.gpu_layers > 0 && part.gpu_layers < 13,
        "{}",
        part.gpu_layers
    );
    let unfitted = resolved(json!({"ctxSize": 4096, "fit": false}), NEW, &[small]).input;
    assert_eq!(unfitted.gpu_layers, u64::MAX);
    let full = resolved(json!({"ctxSize": 4096}), NEW, &[gpu("CUDA0", GIB / 2)]);
    assert_eq!(full.input.gpu_layers, 0);

    let room = [gpu("CUDA0", GIB + (300 << 20))];
    let params = serde_json::from_value(json!({"ctxSize": 4096})).unwrap();
    let experts = of(&shape(Family::Qwen3Moe), &params, NEW, &room).input;
    assert_eq!(experts.gpu_layers, u64::MAX);
    assert!(
        (1..12).contains(&experts.cpu_expert_layers),
        "{}",
        experts.cpu_expert_layers
    );
}

/// Once it is said where tensors go, the engine leaves all layers on the GPU: a form that foresees fewer says "fits" of
/// what runs out of memory.
#[test]
fn an_engine_that_is_told_where_tensors_go_fits_nothing() {
    let one = [gpu("CUDA0", GIB + (70 << 20))];
    let two = [one[0].clone(), gpu("CUDA1", GIB + (30 << 20))];
    for (params, gpus) in [
        (json!({"nCpuMoe": 1}), &one[..]),
        (json!({"cpuMoe": true}), &one),
        (json!({"overrideTensor": ["exps=CPU"]}), &one),
        (json!({"tensorSplit": [1, 1]}), &two),
        (json!({"splitMode": "row"}), &two),
    ] {
        let found = resolved(params.clone(), NEW, gpus);
        assert_eq!(found.input.gpu_layers, u64::MAX, "{params}");
        assert!(!found.engine_places, "{params}");
    }
    // With one GPU there is nothing to share, and 0 and false say nothing.
    for params in [
        json!({"tensorSplit": [1]}),
        json!({"splitMode": "row"}),
        json!({"nCpuMoe": 0}),
        json!({"cpuMoe": false}),
    ] {
        let found = resolved(params.clone(), NEW, &one);
        assert!(found.input.gpu_layers < 13, "{params}");
        assert!(found.engine_places, "{params}");
    }
}

/// A device that gets nothing needs no free memory: with the engine's margin asked of it, no layer would go anywhere.
#[test]
fn a_device_that_holds_nothing_takes_no_layers_away() {
    let gpus = [gpu("CUDA0", 8 * GIB), gpu("CUDA1", 0)];
    let found = resolved(json!({"ctxSize": 4096, "splitMode": "none"}), NEW, &gpus);
    assert_eq!(found.input.gpu_layers, u64::MAX);
}

/// An engine uses a GPU in the processor only where there is no card, or where it is told to.
#[test]
fn a_gpu_in_the_processor_stands_back_beside_a_card() {
    let gpus = [
        Device {
            description: "Intel(R) UHD Graphics 770".to_owned(),
            ..gpu("Vulkan0", 16 * GIB)
        },
        gpu("Vulkan1", 8 * GIB),
    ];
    let names = |params: Value, gpus: &[Device]| -> Vec<String> {
        let found = resolved(params, NEW, gpus);
        found.gpus.into_iter().map(|gpu| gpu.name).collect()
    };
    assert_eq!(names(json!({}), &gpus), ["Vulkan1"]);
    assert_eq!(names(json!({"device": ["Vulkan0"]}), &gpus), ["Vulkan0"]);
    assert_eq!(names(json!({}), &gpus[..1]), ["Vulkan0"]);
    // Only Metal takes layers by itself where the engine counts them.
    let old = resolved(json!({}), OLD, &gpus[..1]);
    assert_eq!(old.input.gpu_layers, 0);
}
