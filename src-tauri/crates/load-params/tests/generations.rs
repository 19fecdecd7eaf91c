//! The same wishes, said to three generations of engines: what a user would see under "Command line".

use load_params::{Argv, EngineFlags, LoadParams, Unsupported, argv};
use serde_json::{Value, json};

const GENERATIONS: [(&str, &str); 3] = [
    ("b4575", include_str!("fixtures/b4575.txt")),
    ("b10434", include_str!("fixtures/b10434.txt")),
    ("b11434", include_str!("fixtures/b11434.txt")),
];

fn translate(wish: &Value, help: &str) -> String {
    let params: LoadParams =
        serde_json::from_value(wish.clone()).expect("a wish in the contract's words");
    match argv(&params, &EngineFlags::parse(help), Unsupported::Skip) {
        Ok(Argv { args, skipped }) => {
            let skipped = skipped
                .iter()
                .map(|skipped| format!("\n  skipped {}: {}", skipped.name, skipped.reason));
            let args = if args.is_empty() {
                "(nothing)".to_owned()
            } else {
                args.join(" ")
            };
            format!("{args}{}", skipped.collect::<String>())
        }
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn three_generations() {
    let wishes = [
        json!({}),
        json!({ "ctxSize": 8192, "threads": 4, "batchSize": 512, "parallel": 2, "seed": 7 }),
        json!({ "nGpuLayers": 0, "flashAttn": false }),
        json!({ "nGpuLayers": "all", "flashAttn": true, "cacheTypeK": "q8_0", "cacheTypeV": "q8_0" }),
        json!({ "nGpuLayers": "auto", "flashAttn": "auto" }),
        json!({ "mlock": true, "mmap": false, "enableThinking": false }),
        json!({ "cacheTypeV": "q4_0" }),
        json!({ "mlock": true, "extraArgs": { "--metrics": null, "--cache-reuse": "256", "--draft-max": "8" } }),
        json!({ "extraArgs": { "--flash-attn": null } }),
        json!({ "extraArgs": { "--port": "1" } }),
    ];
    for (build, help) in GENERATIONS {
        let page: Vec<String> = wishes
            .iter()
            .map(|wish| format!("{wish}\n  {}\n", translate(wish, help)))
            .collect();
        insta::assert_snapshot!(build, page.join("\n"));
    }
}

/// Each parameter alone, at values that matter: what each generation makes of it.
#[test]
fn every_parameter_alone() {
    let wishes = [
        json!({ "device": ["none"] }),
        json!({ "device": ["CUDA0", "CUDA1"] }),
        json!({ "splitMode": "row" }),
        json!({ "splitMode": "tensor" }),
        json!({ "tensorSplit": [3, 1.5] }),
        json!({ "mainGpu": 1 }),
        json!({ "kvOffload": true }),
        json!({ "kvOffload": false }),
        json!({ "cpuMoe": true }),
        json!({ "cpuMoe": false }),
        json!({ "nCpuMoe": 12 }),
        json!({ "overrideTensor": [r"\.ffn_.*_exps\.=CPU", "output=CPU"] }),
        json!({ "fit": true }),
        json!({ "fit": false }),
        json!({ "rpc": ["192.168.1.2:50052", "b:50052"] }),
        json!({ "threadsBatch": 3 }),
        json!({ "ubatchSize": 256 }),
        json!({ "draftModel": "/models/draft.gguf" }),
        json!({ "numa": "isolate" }),
        json!({ "cacheRam": 0 }),
        json!({ "swaFull": true }),
        json!({ "kvUnified": true }),
        json!({ "kvUnified": false }),
        json!({ "ropeScaling": "yarn", "yarnOrigCtx": 4096, "ropeFreqBase": 1e6, "ropeFreqScale": 0.25 }),
        json!({ "mmproj": "/models/mmproj.gguf" }),
        json!({ "mmproj": "none" }),
        json!({ "lora": ["/a.gguf", "/b.gguf:0.5"] }),
        json!({ "embeddings": true, "pooling": "mean" }),
        json!({ "reranking": true }),
        json!({ "jinja": true }),
        json!({ "jinja": false }),
        json!({ "chatTemplate": "llama3" }),
        json!({ "chatTemplate": "/templates/mine.jinja" }),
        json!({ "chatTemplate": "{{ messages[0].content }}" }),
        json!({ "env": { "GGML_VK_VISIBLE_DEVICES": "0" } }),
        json!({ "env": { "LLAMA_ARG_CTX_SIZE": "0" } }),
    ];
    let said: std::collections::HashSet<String> = wishes
        .iter()
        .flat_map(|wish| {
            wish.as_object()
                .into_iter()
                .flat_map(|map| map.keys().cloned())
        })
        .collect();
    let first_twelve = 12;
    assert_eq!(said.len(), load_params::TABLE.len() - first_twelve);
    for (build, help) in GENERATIONS {
        let page: Vec<String> = wishes
            .iter()
            .map(|wish| format!("{wish}\n  {}\n", translate(wish, help)))
            .collect();
        insta::assert_snapshot!(format!("{build}_alone"), page.join("\n"));
    }
}
