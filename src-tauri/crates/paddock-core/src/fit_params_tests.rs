use super::*;
use engines::Device;
use gguf::ModelShape;
use gguf::synthetic::{self, Family, Shape};

const GIB: u64 = 1 << 30;
const OLD: &str = include_str!("../../load-params/tests/fixtures/b4575.txt");

/// 128 KiB of cache for a token, as an 8B model has.
fn shape(context_length: u32) -> ModelShape {
    let shape = Shape {
        layers: 32,
        heads_kv: 8,
        head_length: 128,
        context_length,
        ..Family::Llama.usual()
    };
    let header = synthetic::header(&shape).unwrap();
    ModelShape::of_shards(&[header])
        .unwrap()
        .with_weights(5 * GIB)
}

fn fitted(
    shape: &ModelShape,
    flags: Option<&EngineFlags>,
    gpu_free: Option<u64>,
    ram_free: u64,
) -> (LoadParams, String) {
    let devices: Vec<Device> = gpu_free
        .map(|free| Device {
            name: "CUDA0".to_owned(),
            description: "a GPU".to_owned(),
            total_bytes: Some(free),
            free_bytes: Some(free),
        })
        .into_iter()
        .collect();
    let question = Question {
        shape,
        flags,
        engine: None,
        devices: &devices,
        ram: (ram_free, 64 * GIB),
        correction: None,
        draft: None,
        projector_bytes: None,
        chooses_prompts: false,
    };
    let found = fit(&question, &LoadParams::default());
    let answer = question.answer(&found.0);
    if !found.1.starts_with("Even") {
        assert_eq!(answer.fit, Fit::Fits, "{found:?}");
    }
    found
}

/// Jan #8236, LM Studio #2295: a model's whole training length is gigabytes.
#[test]
fn a_long_trained_model_gets_a_context_that_fits() {
    let long = shape(131_072);
    let context = |ram| fitted(&long, None, None, ram).0.ctx_size;
    assert_eq!(context(64 * GIB), Some(32_768));
    assert_eq!(context(12 * GIB), Some(16_384));
    assert_eq!(context(8 * GIB), Some(8_192));
    assert_eq!(context(7 * GIB), Some(4_096));
    let (params, sentence) = fitted(&long, None, None, 64 * GIB);
    assert_eq!(params.n_gpu_layers, None);
    assert!(
        sentence.starts_with("32,768 tokens of context (it was trained for 131,072) take about "),
        "{sentence}"
    );
}

#[test]
fn a_short_trained_model_keeps_its_length() {
    for length in [512, 2_048] {
        let (params, sentence) = fitted(&shape(length), None, None, 64 * GIB);
        assert_eq!(params.ctx_size, Some(length));
        assert!(
            sentence.contains("all that the model was trained for"),
            "{sentence}"
        );
    }
}

#[test]
fn a_cache_of_8_bits_is_better_than_a_useless_context() {
    let found = fitted(&shape(131_072), None, None, 6_500 << 20);
    assert_eq!(found.0.cache_type_k, Some(CacheType::Q8_0), "{found:?}");
    let hopeless = fitted(&shape(131_072), None, None, 2 * GIB);
    assert_eq!(hopeless.0.ctx_size, Some(1_024));
    assert!(hopeless.1.starts_with("Even 1,024"), "{}", hopeless.1);
}

/// An engine that places layers by itself stops doing so when it is given a number.
#[test]
fn the_engine_places_layers_where_it_can() {
    let long = shape(131_072);
    let new = fitted(&long, None, Some(24 * GIB), 32 * GIB);
    assert_eq!(new.0.n_gpu_layers, None);
    assert!(
        new.1
            .contains("The engine places layers by itself: about 33 of 33"),
        "{}",
        new.1
    );

    let flags = EngineFlags::parse(OLD);
    let all = fitted(&long, Some(&flags), Some(24 * GIB), 32 * GIB);
    assert_eq!(all.0.n_gpu_layers, Some(GpuLayers::Count(33)));
    let some = fitted(&long, Some(&flags), Some(4 * GIB), 32 * GIB);
    let Some(GpuLayers::Count(layers)) = some.0.n_gpu_layers else {
        panic!("{some:?}")
    };
    assert!((5..25).contains(&layers), "{layers}");
}

/// An engine fills a GPU up to 1 GiB: a margin that grows with the model would call that tight at every context, and leave
/// the least of all.
#[test]
fn a_model_larger_than_a_large_gpu_gets_a_useful_context() {
    for (gpu_free, weights) in [(31, 40), (79, 40), (31, 100), (79, 100)] {
        let shape = shape(131_072).with_weights(weights * GIB);
        let found = fitted(&shape, None, Some(gpu_free * GIB), 256 * GIB);
        assert!(
            found.0.ctx_size >= Some(8_192),
            "{gpu_free} GiB, {weights} GiB: {found:?}"
        );
    }
}

/// Engines keep 8 GiB of past prompts, whatever there is: on a machine of 8 that ends in the out-of-memory killer.
#[test]
fn past_prompts_get_half_of_what_is_left_at_most() {
    let long = shape(131_072);
    let kept = |ram: u64| fitted(&long, None, None, ram).0.cache_ram;
    // The engine's own 8 GiB have room.
    assert_eq!(kept(64 * GIB), None);
    let some = kept(12 * GIB).unwrap();
    assert!((64..4_096).contains(&some), "{some}");
    assert_eq!(some.count_ones(), 1, "{some}");
    assert_eq!(kept(2 * GIB), Some(0));
    // An engine that keeps none needs no flag, and what was said stays.
    let flags = EngineFlags::parse(OLD);
    assert_eq!(
        fitted(&long, Some(&flags), None, 12 * GIB).0.cache_ram,
        None
    );
    let question = Question {
        shape: &long,
        flags: None,
        engine: None,
        devices: &[],
        ram: (8 * GIB, 16 * GIB),
        correction: None,
        draft: None,
        projector_bytes: None,
        chooses_prompts: false,
    };
    let said =
        |json: serde_json::Value| fit_unsaid(&question, &serde_json::from_value(json).unwrap());
    let all = said(serde_json::json!({"cacheRam": 4096}));
    assert_eq!(all.cache_ram, None);
    // Also where the context is the user's.
    let rest = said(serde_json::json!({"ctxSize": 4096}));
    assert!(
        rest.cache_ram.is_some() && rest.ctx_size.is_none(),
        "{rest:?}"
    );
}

/// Merged with what was saved, a choice without a word on it would leave the very number that did not fit.
#[test]
fn what_was_said_of_the_gpu_is_taken_back() {
    let params = |json: serde_json::Value| -> LoadParams { serde_json::from_value(json).unwrap() };
    let before = params(serde_json::json!({"nGpuLayers": 99, "nCpuMoe": 7, "ctxSize": 131_072}));
    let kept = to_fit(before.clone(), &LoadParams::default());
    assert_eq!(kept, LoadParams::default());
    let taken = |chosen: &LoadParams, flags: Option<&EngineFlags>| {
        let mut found = params(serde_json::json!({"ctxSize": 8192}));
        take_back(&mut found, &before, chosen, flags);
        found
    };
    let nothing = LoadParams::default();
    assert_eq!(
        taken(&nothing, None),
        params(serde_json::json!({"nGpuLayers": "auto", "nCpuMoe": 0, "ctxSize": 8192}))
    );
    // There is no such word in old engines; and what Paddock chose needs none.
    let flags = EngineFlags::parse(OLD);
    assert_eq!(taken(&nothing, Some(&flags)).n_gpu_layers, None);
    let ours = params(serde_json::json!({"nGpuLayers": 99}));
    assert_eq!(taken(&ours, None).n_gpu_layers, None);
    // A type that only Paddock chose is chosen anew; one that was said stays.
    let q8 =
        params(serde_json::json!({"cacheTypeK": "q8_0", "cacheTypeV": "q8_0", "cacheRam": 512}));
    assert_eq!(to_fit(q8.clone(), &q8), LoadParams::default());
    assert_eq!(to_fit(q8.clone(), &LoadParams::default()), q8);
}

/// A longer context is not worth slow layers.
#[test]
fn a_longer_context_costs_no_layers() {
    let long = shape(131_072);
    // Room for the weights and a little: 4 GiB of cache would push layers out.
    let found = fitted(&long, None, Some(7_500 << 20), 64 * GIB);
    assert_eq!(found.0.ctx_size, Some(8_192), "{found:?}");
}

/// Another engine counts layers otherwise, and may know no such flag.
#[tokio::test(start_paused = true)]
async fn what_was_chosen_stays_with_the_engine_that_it_was_chosen_for() {
    let (core, _puppets, _files) = crate::schedule::model_tests::core_on_puppets().await;
    let request = crate::load_model::LoadRequest::of("local/a");
    core.load_model(&request).await.unwrap();
    let mut plan = core.plan_of(&request, None).await.unwrap();
    plan.fitted.ctx_size = Some(777);
    core.inner.plans.remember(&plan);
    let same = core.current_engine().unwrap();
    let other = EngineView {
        name: "other".to_owned(),
        ..same.clone()
    };
    for (engine, expected) in [(same, Some(777)), (other, None)] {
        let path = plan.spec.model_path.clone();
        let nothing = LoadParams::default();
        let found = core.fitted_params("local/a", path, &engine, &nothing).await;
        assert_eq!(found.ctx_size, expected, "{}", engine.name);
    }
    core.shut_down().await;
}
