//! Command lines as people copy them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::{B4575, B10434, B11434, any_params, engine};
use crate::{Unsupported, argv};

fn pasted(text: &str) -> Pasted {
    parse_command_line(text, &engine(B11434)).unwrap()
}

fn params(text: &str) -> Value {
    let pasted = pasted(text);
    assert!(pasted.unknown.is_empty(), "{:?}", pasted.unknown);
    serde_json::to_value(pasted.params).unwrap()
}

#[test]
fn a_command_of_the_readme() {
    let text = "CUDA_VISIBLE_DEVICES=0 ./build/bin/llama-server \\\n  -m models/a.gguf --host 0.0.0.0 --port 8080 \\\n  \
                -c 8192 -ngl 99 -fa --cache-type-k=q8_0 -ctv q8_0 -t 8 -np 2 --jinja --metrics --cache-reuse 256";
    let read = pasted(text);
    assert_eq!(
        serde_json::to_value(&read.params).unwrap(),
        json!({
            "ctxSize": 8192, "nGpuLayers": 99, "flashAttn": true, "threads": 8, "cacheTypeK": "q8_0", "cacheTypeV": "q8_0",
            "parallel": 2, "jinja": true, "env": { "CUDA_VISIBLE_DEVICES": "0" },
            "extraArgs": { "--metrics": null, "--cache-reuse": "256" },
        })
    );
    let ignored: Vec<_> = read
        .ignored
        .iter()
        .map(|ignored| (ignored.flag.as_str(), ignored.value.as_deref()))
        .collect();
    assert_eq!(
        ignored,
        [
            ("-m", Some("models/a.gguf")),
            ("--host", Some("0.0.0.0")),
            ("--port", Some("8080"))
        ]
    );
    assert_eq!(read.ignored[0].reason, "Paddock chooses the model's file");
    assert!(read.unknown.is_empty());
}

/// What comes out of a pasted line is saved, and must be read again.
#[test]
fn what_cannot_be_saved_is_not_taken_over() {
    for text in [
        "A=x\0y llama-server",
        "--chat-template-file 'a\0.jinja'",
        "--chat-template-file 'a.jinja '",
    ] {
        let read = pasted(text);
        let json = serde_json::to_value(&read.params).unwrap();
        assert_eq!(
            serde_json::from_value::<LoadParams>(json).unwrap(),
            read.params,
            "{text:?}"
        );
    }
    assert_eq!(pasted("A=x\0y llama-server").ignored.len(), 1);
}

#[test]
fn a_token_in_front_of_a_command_is_not_kept() {
    let read = pasted("HF_TOKEN=hf_secret A=1 llama-server --hf-token hf_secret -c 1");
    assert_eq!(
        serde_json::to_value(&read.params).unwrap(),
        json!({ "ctxSize": 1, "env": { "A": "1" } })
    );
    assert!(!format!("{read:?}").contains("secret"), "{read:?}");
    assert_eq!(read.ignored.len(), 2, "and it is said");
}

/// Every build's own way of saying it, whichever engine is installed.
#[test]
fn spellings_of_every_build() {
    for (text, expected) in [
        ("--mlock --no-mmap", json!({ "mlock": true, "mmap": false })),
        ("--load-mode mmap+mlock", json!({ "mlock": true })),
        ("-lm mlock", json!({ "mlock": true, "mmap": false })),
        ("--load-mode none", json!({ "mmap": false })),
        ("--load-mode auto", json!({})),
        ("--flash-attn", json!({ "flashAttn": true })),
        ("--flash-attn off", json!({ "flashAttn": false })),
        (
            "-fa auto -c 1",
            json!({ "flashAttn": "auto", "ctxSize": 1 }),
        ),
        ("--reasoning-budget 0", json!({ "enableThinking": false })),
        ("--reasoning off", json!({ "enableThinking": false })),
        (
            "-nkvo -kvu",
            json!({ "kvOffload": false, "kvUnified": true }),
        ),
        ("--no-kv-unified", json!({ "kvUnified": false })),
        ("-md /d.gguf", json!({ "draftModel": "/d.gguf" })),
        (
            "--spec-draft-model /d.gguf --spec-type draft-simple",
            json!({ "draftModel": "/d.gguf" }),
        ),
        (
            "-ts 3/1 -sm row",
            json!({ "tensorSplit": [3.0, 1.0], "splitMode": "row" }),
        ),
        ("--gpu-layers all", json!({ "nGpuLayers": "all" })),
        ("--no-mmproj", json!({ "mmproj": "none" })),
        (
            "--lora a.gguf --lora b.gguf",
            json!({ "lora": ["a.gguf", "b.gguf"] }),
        ),
        (
            "--lora a.gguf --lora-scaled b.gguf 0.5",
            json!({ "lora": ["a.gguf", "b.gguf:0.5"] }),
        ),
        (
            "--lora-scaled a.gguf:0.5,b.gguf:2",
            json!({ "lora": ["a.gguf:0.5", "b.gguf:2"] }),
        ),
        (
            "-ot 'a.*=CPU,b=CPU'",
            json!({ "overrideTensor": ["a.*=CPU", "b=CPU"] }),
        ),
        ("--chat-template-file t", json!({ "chatTemplate": "./t" })),
        (
            "--fit off --cpu_moe",
            json!({ "fit": false, "cpuMoe": true }),
        ),
        ("-dev CUDA0,CUDA1", json!({ "device": ["CUDA0", "CUDA1"] })),
        ("--rerank", json!({ "reranking": true })),
        (
            "--cache-ram -1 -s -1",
            json!({ "cacheRam": -1, "seed": -1 }),
        ),
        (
            "LLAMA_ARG_CTX_SIZE=512 llama-server",
            json!({ "ctxSize": 512 }),
        ),
        (
            "LLAMA_ARG_FLASH_ATTN=on LLAMA_ARG_JINJA=0 llama-server",
            json!({ "flashAttn": true, "jinja": false }),
        ),
        (
            "set X=1 && C:\\ll\\llama-server.exe --mmproj C:\\m\\p.gguf",
            json!({ "mmproj": "C:\\m\\p.gguf", "env": { "X": "1" } }),
        ),
        (
            "sudo docker run -p 1:1 x/llama-server -c 5",
            json!({ "ctxSize": 5 }),
        ),
        ("", json!({})),
    ] {
        assert_eq!(params(text), expected, "{text}");
    }
}

#[test]
fn what_is_not_taken_over_is_told() {
    let read = pasted(
        "llama-server --frobnicate 3 --cache-reus 5 --draft-max 4 stray -t -1 -c --threads 4 --api-key s3cret > log 2>&1",
    );
    let unknown: Vec<_> = read
        .unknown
        .iter()
        .map(|unknown| {
            (
                unknown.flag.as_str(),
                unknown.value.as_deref(),
                unknown.suggestion.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        unknown,
        [
            ("--frobnicate", Some("3"), None),
            ("--cache-reus", Some("5"), Some("--cache-reuse")),
            ("--draft-max", Some("4"), None),
        ]
    );
    let ignored: Vec<_> = read
        .ignored
        .iter()
        .map(|ignored| (ignored.flag.as_str(), ignored.value.as_deref()))
        .collect();
    assert_eq!(
        ignored,
        [
            ("stray", None),
            ("-t", Some("-1")),
            ("-c", None),
            ("--api-key", None),
            ("> log 2>&1", None),
        ]
    );
    assert_eq!(read.params.threads, Some(4));
    assert!(!format!("{read:?}").contains("s3cret"));
    let given_again = pasted("--cache-reuse 1 --cache-reuse 2");
    assert_eq!(given_again.ignored[0].value.as_deref(), Some("1"));
    assert_eq!(
        parse_command_line("-c '1", &engine("")).unwrap_err().code(),
        "invalid_command_line"
    );
    assert_eq!(pasted("hello").ignored[0].flag, "hello");
}

#[test]
fn without_an_engine_the_table_is_known_all_the_same() {
    let read = parse_command_line("-c 4096 --metrics", &engine("")).unwrap();
    assert_eq!(read.params.ctx_size, Some(4096));
    assert_eq!(read.unknown[0].flag, "--metrics");
}

proptest! {
    /// What is copied can be pasted: it runs the same.
    #[test]
    fn a_copied_command_line_is_pasted_whole(params in any_params(), which in 0..3_usize) {
        let flags = engine([B4575, B10434, B11434][which]);
        let mut params = params;
        params.extra.clear();
        if let Ok(copied) = argv(&params, &flags, Unsupported::Skip) {
            let mut line = vec!["/a b/llama-server".to_owned()];
            line.extend(copied.args.iter().cloned());
            let variables = params.environment();
            let prefix: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let words = prefix.iter().chain(&line).map(String::as_str);
            let text = shlex::try_join(words).unwrap();
            let read = parse_command_line(&text, &flags).unwrap();
            prop_assert!(read.ignored.is_empty() && read.unknown.is_empty(), "{:?} {}", read, text);
            let again = argv(&read.params, &flags, Unsupported::Refuse);
            prop_assert_eq!(again.map(|again| again.args), Ok(copied.args));
            prop_assert_eq!(read.params.environment(), variables);
        }
    }

    #[test]
    fn extra_flags_come_back_too(params in any_params(), which in 0..3_usize) {
        let flags = engine([B4575, B10434, B11434][which]);
        if let Ok(copied) = argv(&params, &flags, Unsupported::Skip) {
            let text = shlex::try_join(copied.args.iter().map(String::as_str)).unwrap();
            let read = parse_command_line(&text, &flags).unwrap();
            prop_assert!(read.unknown.is_empty(), "{:?} {}", read, text);
            let once = match argv(&read.params, &flags, Unsupported::Skip) {
                Ok(once) => once.args,
                // An extra flag says it past the table; pasted it is the table's, which refuses what excludes itself.
                Err(Error::Conflict { .. }) => return Ok(()),
                Err(error) => panic!("{error} {text}"),
            };
            let text = shlex::try_join(once.iter().map(String::as_str)).unwrap();
            let twice = parse_command_line(&text, &flags).unwrap();
            prop_assert_eq!(argv(&twice.params, &flags, Unsupported::Skip).unwrap().args, once);
        }
    }

    #[test]
    fn any_text_is_survived(text in "([-a-z0-9=,:'\"\\\\ \n$>&|{%]{0,12}(-c|--lora-scaled|--load-mode|-fa|--mmproj|LLAMA_ARG_JINJA=| ){0,2}){0,6}") {
        if let Ok(read) = parse_command_line(&text, &engine(B11434)) {
            let json = serde_json::to_value(&read).unwrap();
            prop_assert_eq!(serde_json::from_value::<Pasted>(json).unwrap(), read);
        }
    }
}
