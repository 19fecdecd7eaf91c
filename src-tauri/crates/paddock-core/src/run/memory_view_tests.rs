use super::*;
use gguf::synthetic::{self, Family, Shape};
use serde_json::json;

const GIB: u64 = 1 << 30;

/// Of about the size of an 8B model's cache: 128 KiB for a token.
fn shape(family: Family) -> ModelShape {
    let shape = Shape {
        layers: 32,
        heads_kv: 8,
        head_length: 128,
        context_length: 131_072,
        ..family.usual()
    };
    let header = synthetic::header(&shape).unwrap();
    ModelShape::of_shards(&[header])
        .unwrap()
        .with_weights(5 * GIB)
}

fn gpu(free_bytes: u64) -> Device {
    Device {
        name: "CUDA0".to_owned(),
        description: "a GPU".to_owned(),
        total_bytes: Some(24 * GIB),
        free_bytes: Some(free_bytes),
    }
}

fn question<'a>(shape: &'a ModelShape, devices: &'a [Device], ram_free: u64) -> Question<'a> {
    Question {
        shape,
        flags: None,
        engine: Some("test"),
        devices,
        ram: (ram_free, 64 * GIB),
        correction: None,
        draft: None,
        projector_bytes: None,
        chooses_prompts: false,
    }
}

fn params(json: serde_json::Value) -> LoadParams {
    serde_json::from_value(json).unwrap()
}

fn view(question: &Question<'_>, params: &LoadParams) -> MemoryEstimate {
    question.view(params, &question.answer(params))
}

#[test]
fn what_fits_has_no_remedies() {
    let shape = shape(Family::Llama);
    let found = view(
        &question(&shape, &[], 32 * GIB),
        &params(json!({"ctxSize": 8192})),
    );
    assert_eq!(found.verdict, Fit::Fits);
    assert_eq!(found.remedies, []);
    assert_eq!(found.devices.len(), 1);
    assert_eq!(found.total_bytes, found.devices[0].total_bytes);
    assert!(
        found.sentence.starts_with("Needs about 6."),
        "{}",
        found.sentence
    );
    assert!(
        found.sentence.contains("8,192 tokens"),
        "{}",
        found.sentence
    );
}

/// LMS#1631 and #2295: an estimate that says no must say what to do.
#[test]
fn each_remedy_makes_it_fit() {
    let shape = shape(Family::Llama);
    let asked = params(json!({"ctxSize": 65536, "parallel": 1}));
    // 5 of weights, 8 of cache.
    let question = question(&shape, &[], 11 * GIB);
    let found = view(&question, &asked);
    assert_eq!(found.verdict, Fit::TooBig);
    let changes: Vec<_> = found
        .remedies
        .iter()
        .map(|remedy| remedy.change.as_str())
        .collect();
    assert_eq!(changes, ["context", "cacheType"]);
    for remedy in &found.remedies {
        let then = view(&question, &asked.merged(&remedy.params));
        assert_eq!(then.verdict, Fit::Fits, "{remedy:?}");
        assert!(remedy.sentence.ends_with('.'));
    }
}

#[test]
fn no_context_beyond_the_training_is_advised() {
    let shape = shape(Family::Llama);
    let found = view(
        &question(&shape, &[], 60 * GIB),
        &params(json!({"ctxSize": 2_000_000})),
    );
    assert_eq!(found.verdict, Fit::TooBig);
    assert_eq!(found.remedies[0].params.ctx_size, Some(131_072));
}

#[test]
fn weights_that_are_too_large_want_another_quantization() {
    let shape = shape(Family::Llama);
    let asked = params(json!({"ctxSize": 1024}));
    let found = view(&question(&shape, &[], 4 * GIB), &asked);
    assert_eq!(found.verdict, Fit::TooBig);
    let [remedy] = found.remedies.as_slice() else {
        panic!("{:?}", found.remedies)
    };
    assert_eq!(remedy.change, "smallerQuantization");
    assert!(remedy.params.is_empty());
}

/// What the engine is told to put on the GPU counts there, and not in RAM.
#[test]
fn layers_that_do_not_fit_the_gpu_go_back() {
    let devices = [gpu(4 * GIB)];
    for (family, change) in [
        (Family::Llama, "gpuLayers"),
        (Family::Qwen3Moe, "cpuExperts"),
    ] {
        let shape = shape(family);
        let question = question(&shape, &devices, 32 * GIB);
        let asked = params(json!({"ctxSize": 4096, "nGpuLayers": "all"}));
        let found = view(&question, &asked);
        assert_eq!(found.verdict, Fit::TooBig, "{family:?}");
        assert_eq!(found.devices[0].fit, Fit::Fits);
        assert_eq!(found.devices[1].fit, Fit::TooBig);
        let remedy = found.remedies.iter().find(|remedy| remedy.change == change);
        let remedy = remedy.unwrap_or_else(|| panic!("{:?}", found.remedies));
        let then = view(&question, &asked.merged(&remedy.params));
        assert_eq!(then.verdict, Fit::Fits, "{remedy:?}");
    }
}

/// Memory of a Mac's GPU is the machine's, and so is that of a GPU in any processor.
#[test]
fn shared_memory_is_counted_in_ram_too() {
    let shape = shape(Family::Llama);
    for (name, description) in [
        ("MTL0", "Apple M2 Pro"),
        ("Vulkan0", "AMD Radeon 780M Graphics"),
    ] {
        let shared = [Device {
            name: name.to_owned(),
            description: description.to_owned(),
            ..gpu(24 * GIB)
        }];
        let found = view(
            &question(&shape, &shared, 4 * GIB),
            &params(json!({"ctxSize": 4096})),
        );
        assert_eq!(found.devices[1].kind, DeviceKind::SharedGpu);
        assert_eq!(found.devices[0].fit, Fit::TooBig);
    }
}

#[test]
fn what_may_come_is_said() {
    let shape = shape(Family::Llama);
    let asked = params(json!({"ctxSize": 8192, "parallel": 4}));
    let found = view(&question(&shape, &[], 9 * GIB), &asked);
    assert_eq!(found.may_grow_bytes, 8 * GIB);
    assert!(
        found.notes.iter().any(|note| note.contains("past prompts")),
        "{:?}",
        found.notes
    );
    assert!(
        found.notes.iter().any(|note| note.contains("2,048 tokens")),
        "{:?}",
        found.notes
    );
}

/// What was asked for counts; what the engine does by itself is made smaller by a load.
#[test]
fn past_prompts_that_were_asked_for_count() {
    let shape = shape(Family::Llama);
    let question = question(&shape, &[], 12 * GIB);
    let of = |json: serde_json::Value| view(&question, &params(json));
    assert_eq!(of(json!({"ctxSize": 8192})).verdict, Fit::Fits);
    let asked = of(json!({"ctxSize": 8192, "cacheRam": 8192}));
    assert_eq!(asked.verdict, Fit::TooBig);
    assert_eq!(asked.remedies[0].change, "promptCache", "{asked:?}");
    let change = asked.remedies[0].params.clone();
    let then = params(json!({"ctxSize": 8192, "cacheRam": 8192})).merged(&change);
    assert_eq!(view(&question, &then).verdict, Fit::Fits, "{change:?}");
    assert!(change.cache_ram >= Some(1_024), "{change:?}");
    // What a load would choose anew stands in nobody's way.
    let ours = Question {
        chooses_prompts: true,
        ..question
    };
    let chosen = params(json!({"ctxSize": 8192, "cacheRam": 8192}));
    assert_eq!(view(&ours, &chosen).verdict, Fit::Fits);
}

/// The projector that comes with a model of the hub.
#[test]
fn a_projector_that_is_not_here_yet_counts() {
    let shape = shape(Family::Llama);
    let with = Question {
        projector_bytes: Some(GIB),
        ..question(&shape, &[], 32 * GIB)
    };
    let of = |json: serde_json::Value| view(&with, &params(json)).devices[0].projector;
    assert!(of(json!({"ctxSize": 4096})) >= GIB);
    assert_eq!(of(json!({"ctxSize": 4096, "mmproj": "none"})), 0);
}
