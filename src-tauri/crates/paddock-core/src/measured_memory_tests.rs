use super::*;
use load_params::LoadParams;

const CPU: &str = "\
0.01.672.652 I load_tensors: loading model tensors, this can take a while... (mmap = true, direct_io = false)
0.02.358.133 I load_tensors: offloaded 19/19 layers to GPU
0.02.358.142 I load_tensors:   CPU_Mapped model buffer size =   235.16 MiB
0.02.358.143 I load_tensors:   CPU_REPACK model buffer size =    12.66 MiB
0.02.391.484 I llama_context: constructing llama_context
0.02.391.509 I llama_context: n_ctx         = 32768
0.02.391.510 I llama_context: n_ctx_seq     = 32768
0.02.391.512 I llama_context: flash_attn    = auto
0.02.392.025 I llama_context:        CPU  output buffer size =     4.00 MiB
0.02.392.400 I llama_kv_cache:        CPU KV buffer size =    96.00 MiB
0.02.477.279 I llama_kv_cache:        CPU KV buffer size =    37.50 MiB
0.02.510.181 I resolve_fused_ops: Flash Attention enabled
0.02.513.358 I sched_reserve:        CPU compute buffer size =    60.00 MiB
0.02.513.358 I sched_reserve:        CPU compute buffer size =    52.27 MiB
0.02.651.424 I slot   load_model: id  0 | task -1 | new slot, n_ctx = 8192
";

const GPU: &str = "\
llm_load_tensors: offloading 16 repeating layers to GPU
llm_load_tensors: offloaded 16/33 layers to GPU
llm_load_tensors:   CPU_Mapped model buffer size =  2000.00 MiB
llm_load_tensors:        CUDA0 model buffer size =  1900.00 MiB
llm_load_tensors:  CUDA1_Split model buffer size =   100.00 MiB
llama_context: constructing llama_context
llama_context: n_ctx         = 4096
llama_context: flash_attn    = disabled
llama_context:  CUDA_Host  output buffer size =     0.50 MiB
llama_kv_cache:      CUDA0 KV buffer size =   256.00 MiB
llama_context:      CUDA0 compute buffer size =   300.00 MiB
llama_context:  CUDA_Host compute buffer size =    16.00 MiB
llama_context: constructing llama_context
llama_context: n_ctx         = 512
llama_kv_cache:      CUDA0 KV buffer size =    10.00 MiB
llama_context:      CUDA0 compute buffer size =     5.00 MiB
";

const fn mib(number: u64) -> u64 {
    number << 20
}

#[test]
fn an_engine_without_a_gpu_is_not_believed_its_offloading() {
    let found = parse(CPU.lines());
    let [ram] = found.devices.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(ram.name, "RAM");
    assert_eq!(ram.kv_cache, mib(96) + (75 << 19));
    assert_eq!(ram.output, mib(4));
    assert_eq!(ram.weights, (235.16 * MIB) as u64);
    assert_eq!(ram.repacked_bytes, (12.66 * MIB) as u64);
    assert_eq!(
        ram.compute,
        (52.27 * MIB) as u64,
        "the last of a context counts"
    );
    assert_eq!(found.context, Some(32_768));
    assert_eq!(found.layers, Some((19, 19)));
    assert_eq!(found.flash_attention, Some(true));
    assert_eq!(found.on_gpus().count(), 0);
}

#[test]
fn buffers_go_to_their_devices() {
    let found = parse(GPU.lines());
    let of = |name: &str| {
        found
            .devices
            .iter()
            .find(|device| device.name == name)
            .unwrap()
    };
    assert_eq!(of("CUDA0").weights, mib(1_900));
    assert_eq!(of("CUDA0").kv_cache, mib(266), "the draft model's too");
    assert_eq!(of("CUDA0").compute, mib(305));
    assert_eq!(of("CUDA1").weights, mib(100));
    assert_eq!(of("RAM").compute, mib(16));
    assert_eq!(
        found.context,
        Some(4_096),
        "the first context is the model's"
    );
    assert_eq!(found.flash_attention, Some(false));
    assert_eq!(found.layers, Some((16, 33)));
}

/// The projector's buffer comes after the model's, on the same device: taken for it, the next estimate would be off by
/// the difference.
#[test]
fn a_projectors_buffer_is_not_the_models() {
    let with_projector = format!(
        "{CPU}alloc_compute_meta:        CPU compute buffer size =   248.10 MiB\n\
         0.03.100.000 I alloc_compute_meta: graph splits = 1, nodes = 1016\n"
    );
    assert_eq!(parse(with_projector.lines()), parse(CPU.lines()));
}

/// Engines cut a context that does not fit: what was measured then is of another one.
#[test]
fn only_the_same_context_teaches() {
    assert!(is_context(8_192, 8_192));
    assert!(is_context(1_000, 1_024), "rounded");
    assert!(!is_context(4_096, 32_768));
}

/// With `ctxSize` 0 the training length was asked for, and a shorter one is not as asked.
#[tokio::test]
async fn a_context_that_was_cut_is_told_where_all_of_it_was_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let core = crate::core::open_for_test(home.path());
    let model = home.path().join("m.gguf");
    gguf::tiny::write(&model).unwrap();
    let subject = core.subject_of_file(model, LoadParams::default(), None, None);
    let subject = subject.await.unwrap();
    let trained = subject.shape.training_context.unwrap();
    let of = |context: u64| {
        let placement = Placement {
            context_size: Some(context),
            ..Placement::default()
        };
        let plan = plan(serde_json::json!({"ctxSize": 0}));
        warnings(&plan, &placement, Some(&subject))
    };
    assert_eq!(of(trained), Vec::<String>::new());
    let [cut]: [String; 1] = of(trained / 2).try_into().unwrap();
    assert!(cut.contains("that the model was trained for"), "{cut}");
}

/// Jan #8517: a build for the GPU that runs on the CPU, where nobody said a number of layers.
#[tokio::test]
async fn an_engine_that_leaves_its_gpu_alone_is_told_of() {
    let home = tempfile::tempdir().unwrap();
    let core = crate::core::open_for_test(home.path());
    let model = home.path().join("m.gguf");
    gguf::tiny::write(&model).unwrap();
    let subject = core.subject_of_file(model, LoadParams::default(), None, None);
    let mut subject = subject.await.unwrap();
    subject.devices = engines::parse_devices(
        "Available devices:\n  CUDA0: NVIDIA GeForce RTX 4090 (24080 MiB, 500 MiB free)\n",
    );
    let of = |log: &str, params: serde_json::Value| {
        let placement = Placement {
            measured: parse(log.lines()).devices,
            ..Placement::default()
        };
        warnings(&plan(params), &placement, Some(&subject))
    };
    for params in [
        serde_json::json!({}),
        serde_json::json!({"nGpuLayers": "auto"}),
    ] {
        let [told]: [String; 1] = of(CPU, params).try_into().unwrap();
        assert!(told.starts_with("The model runs on the CPU"), "{told}");
    }
    assert_eq!(of(GPU, serde_json::json!({})), Vec::<String>::new());
    assert_eq!(
        of("", serde_json::json!({})),
        Vec::<String>::new(),
        "not said"
    );
    for params in [
        serde_json::json!({"nGpuLayers": 0}),
        serde_json::json!({"device": ["none"]}),
    ] {
        assert_eq!(of(CPU, params), Vec::<String>::new());
    }
}

/// Where there is no GPU nothing is wrong, so it is said once and not at each load.
#[test]
fn a_build_for_gpus_that_found_none_is_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let estimates = Estimates::kept_in(folder.path());
    let placement = Placement {
        measured: parse(CPU.lines()).devices,
        ..Placement::default()
    };
    let of =
        |variant: &str| estimates.found_no_gpu(&plan(serde_json::json!({})), &placement, variant);
    assert_eq!(of("cpu"), None);
    let told = of("cuda-12.8").unwrap();
    assert!(told.contains("check its driver"), "{told}");
    assert_eq!(of("cuda-12.8"), None);
}

#[test]
fn what_is_no_such_line_is_passed_over() {
    let lines = [
        " buffer size = 1 MiB",
        "model buffer size = 1 MiB",
        "CPU model buffer size = lots",
        "CPU model buffer size = NaN MiB",
        "CPU model buffer size = -4 MiB",
        "CPU funny buffer size = 4 MiB",
        "offloaded a/b layers to GPU",
        "llama_context: n_ctx = much",
        "",
    ];
    assert_eq!(parse(lines.into_iter()), Logged::default());
}

#[test]
fn only_engines_that_count_levels_are_asked_for_more() {
    let of = |help: &str| verbosity_args(&EngineFlags::parse(help));
    let old = "-lv,   --verbosity, --log-verbosity N   Set the verbosity threshold.\n";
    let new = "-lv,   --verbosity, --log-verbosity N   Set the verbosity threshold. Values:\n\
                                                       - 3: info\n\
                                                       - 4: trace (more info)\n";
    let new = new.replace("- ", &format!("{}- ", " ".repeat(41)));
    assert_eq!(of(old), Vec::<String>::new());
    assert_eq!(of(&new), ["-lv", "4"]);
    assert_eq!(of(""), Vec::<String>::new());
}

fn plan(params: serde_json::Value) -> LoadPlan {
    let effective = serde_json::from_value(params).unwrap();
    crate::params::plan_for_test(effective)
}

/// Jan #8517, Ollama #5464: a build for the GPU that runs on the CPU. Ollama #2722: a context that is smaller than asked.
#[test]
fn what_is_not_as_asked_is_said() {
    let placement = Placement {
        gpu_layers: Some(0),
        total_layers: Some(33),
        context_size: Some(4_096),
        flash_attention: Some(false),
        ..Placement::default()
    };
    let of = |params| warnings(&plan(params), &placement, None);
    assert_eq!(of(serde_json::json!({})), Vec::<String>::new());
    assert_eq!(
        of(serde_json::json!({"nGpuLayers": 0, "ctxSize": 4000})),
        Vec::<String>::new()
    );
    let found = of(serde_json::json!({"nGpuLayers": 99, "ctxSize": 8192, "flashAttn": true}));
    assert!(
        found[0].starts_with("The GPU was asked for, and the model runs on the CPU"),
        "{found:?}"
    );
    assert_eq!(
        found[1],
        "The context is 4,096 tokens, smaller than the 8,192 that were asked for."
    );
    assert_eq!(found[2], "Flash attention was asked for, and is off.");
    let fewer = Placement {
        gpu_layers: Some(10),
        ..placement.clone()
    };
    let found = warnings(&plan(serde_json::json!({"nGpuLayers": 20})), &fewer, None);
    assert_eq!(
        found,
        ["20 layers were asked for on the GPU, and 10 are there."]
    );
}

/// Silent fallback to the CPU after sleep or a driver change: Jan #8517, Ollama #5464.
#[test]
fn a_model_that_left_the_gpu_is_told_once_and_only_by_the_same_engine() {
    let folder = tempfile::tempdir().unwrap();
    let estimates = Estimates::kept_in(folder.path());
    let gpu = parse(GPU.lines()).devices;
    let cpu = parse(CPU.lines()).devices;
    assert_eq!(estimates.fell_back("m", "one", &cpu), None, "never on one");
    assert_eq!(estimates.fell_back("m", "one", &gpu), None);
    assert_eq!(estimates.fell_back("m", "one", &[]), None, "not said");
    assert_eq!(
        estimates.fell_back("m", "one", &cpu).as_deref(),
        Some("CUDA0")
    );
    assert_eq!(estimates.fell_back("m", "one", &cpu), None, "told once");
    assert_eq!(estimates.fell_back("m", "one", &gpu), None);
    // An engine for the CPU that the user chose is no fallback.
    assert_eq!(estimates.fell_back("m", "two", &cpu), None);
}
