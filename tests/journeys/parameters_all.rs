//! Every load parameter on the real engine, at a value other than the engine's own: passed, and read back where it can be
//! seen. What is read back here and what is only accepted is told in `docs/load-parameters.md` from the same list, so the test
//! fails where a parameter of the table is not tried, and where the page claims anything else than what is tried.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use gguf::synthetic::Family;
use load_params::{EngineFlags, Evidence, LoadParams, TABLE, Unsupported, evidence};
use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::home::TINY;
use test_support::host::pid_in;
use test_support::processes::{self, Process};
use test_support::{Api, Home, Host, environment, models};

/// How the effect of one parameter is read back.
enum Seen {
    /// A line of the log has all these words.
    Log(&'static [&'static str]),
    /// No line of the log has these words; without the parameter one has.
    NotLogged(&'static str),
    /// This answer of the engine has this value here.
    Get(&'static str, &'static str, Value),
    /// This request is answered so, and the answer has these words.
    Post(&'static str, Value, u16, &'static str),
    /// The engine's process has not mapped the model's file.
    NotMapped,
    /// The engine's process has locked memory, or was not allowed to.
    Locked,
    /// The engine's process has this variable.
    Variable(&'static str, &'static str),
    /// The same text gets other vectors than without it.
    OtherVectors,
    /// Nothing on a machine such as this.
    Accepted,
}

/// One parameter in a load.
struct Row {
    name: &'static str,
    value: Value,
    seen: Seen,
}

/// What is loaded together. Each load of the tiny model takes a tenth of a second.
struct Load {
    model: &'static str,
    /// What the rows need besides, shown elsewhere.
    besides: Value,
    rows: Vec<Row>,
}

fn row(name: &'static str, value: impl Into<Value>, seen: Seen) -> Row {
    Row {
        name,
        value: value.into(),
        seen,
    }
}

/// Thinks unless it is told not to, as Qwen 3 does.
const THINKING: &str = "{%- for message in messages -%}\n\
    {%- if message.role == 'assistant' -%}\n<|im_start|>assistant\n\
    {%- if message.reasoning_content %}\n<think>\n{{ message.reasoning_content }}\n</think>\n\n{% endif %}\
    {{ message.content }}<|im_end|>\n{% else -%}\n<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endif -%}\n\
    {%- endfor -%}\n{%- if add_generation_prompt -%}\n<|im_start|>assistant\n\
    {% if enable_thinking is defined and enable_thinking is false -%}\n<think>\n\n</think>\n\n{% endif -%}\n{%- endif -%}";

const MOE: &str = "local/moe";
const WINDOW: &str = "local/window";

#[allow(clippy::too_many_lines, reason = "one uniform table")]
fn loads(home: &Home) -> Vec<Load> {
    let path = |name: &str| home.file(name).display().to_string();
    let hello = json!({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1});
    let mut with_tool = hello.clone();
    with_tool["tools"] = json!([{"type": "function", "function": {"name": "a", "parameters": {}}}]);
    vec![
        Load {
            model: TINY,
            besides: json!({}),
            rows: vec![
                row(
                    "ctxSize",
                    1536,
                    Seen::Get("/props", "/default_generation_settings/n_ctx", json!(1536)),
                ),
                row("threads", 1, Seen::Log(&["n_threads = 1 "])),
                row("threadsBatch", 3, Seen::Log(&["n_threads_batch = 3)"])),
                row(
                    "batchSize",
                    256,
                    Seen::Log(&["llama_context", "n_batch", "= 256"]),
                ),
                row(
                    "ubatchSize",
                    128,
                    Seen::Log(&["llama_context", "n_ubatch", "= 128"]),
                ),
                row("parallel", 3, Seen::Get("/props", "/total_slots", json!(3))),
                row(
                    "kvUnified",
                    true,
                    Seen::Log(&["llama_context", "kv_unified", "= true"]),
                ),
                row(
                    "seed",
                    1234,
                    Seen::Get(
                        "/props",
                        "/default_generation_settings/params/seed",
                        json!(1234),
                    ),
                ),
                row(
                    "flashAttn",
                    true,
                    Seen::Log(&["llama_context", "flash_attn", "= enabled"]),
                ),
                row(
                    "cacheTypeK",
                    "q8_0",
                    Seen::Log(&["llama_kv_cache", "K (q8_0)"]),
                ),
                row(
                    "cacheTypeV",
                    "q5_0",
                    Seen::Log(&["llama_kv_cache", "V (q5_0)"]),
                ),
                row("cacheRam", 77, Seen::Log(&["prompt cache", "77 MiB"])),
                row(
                    "ropeFreqBase",
                    20_000,
                    Seen::Log(&["llama_context", "freq_base", "= 20000.0"]),
                ),
                row(
                    "ropeFreqScale",
                    0.5,
                    Seen::Log(&["llama_context", "freq_scale", "= 0.5"]),
                ),
                row(
                    "lora",
                    json!([format!("{}:0.25", path("adapter.gguf"))]),
                    Seen::Get("/lora-adapters", "/0/scale", json!(0.25)),
                ),
                row(
                    "fit",
                    false,
                    Seen::NotLogged("fitting params to device memory"),
                ),
                row(
                    "env",
                    json!({"GGML_TEST_SEES": "this"}),
                    Seen::Variable("GGML_TEST_SEES", "this"),
                ),
            ],
        },
        Load {
            model: TINY,
            besides: json!({"ctxSize": 512, "extraArgs": {"--log-verbosity": "5"}}),
            rows: vec![
                row("nGpuLayers", 1, Seen::Log(&["offloaded 1/3 layers"])),
                row("mlock", true, Seen::Locked),
                row("mmap", false, Seen::NotMapped),
                row(
                    "mmproj",
                    path("projector.gguf"),
                    Seen::Get("/props", "/modalities/vision", json!(true)),
                ),
                row(
                    "overrideTensor",
                    json!(["blk\\.1\\.ffn_up=CPU"]),
                    Seen::Log(&["blk.1.ffn_up.weight", "overridden to CPU"]),
                ),
                row(
                    "rpc",
                    json!(["127.0.0.1:1"]),
                    Seen::Log(&["Failed to connect to 127.0.0.1:1"]),
                ),
                row(
                    "jinja",
                    false,
                    Seen::Post("/v1/chat/completions", with_tool, 500, "--jinja"),
                ),
                row("splitMode", "row", Seen::Accepted),
                row("tensorSplit", json!([3, 1]), Seen::Accepted),
                row("mainGpu", 1, Seen::Accepted),
                row("kvOffload", false, Seen::Accepted),
                row("numa", "distribute", Seen::Accepted),
            ],
        },
        Load {
            model: TINY,
            besides: json!({"ctxSize": 512, "nGpuLayers": 0}),
            rows: vec![
                row("device", json!(["none"]), Seen::Accepted),
                row(
                    "draftModel",
                    path("tiny.gguf"),
                    Seen::Get("/slots", "/0/speculative", json!(true)),
                ),
                row(
                    "chatTemplate",
                    THINKING,
                    Seen::Get("/props", "/chat_template", json!(THINKING)),
                ),
                row(
                    "enableThinking",
                    false,
                    Seen::Post("/apply-template", hello, 200, "<think>\\n\\n</think>"),
                ),
            ],
        },
        Load {
            model: TINY,
            besides: json!({"ctxSize": 512, "threads": 1, "ropeFreqScale": 0.5}),
            rows: vec![
                row(
                    "embeddings",
                    true,
                    Seen::Post("/v1/embeddings", json!({"input": "Hi"}), 200, "embedding"),
                ),
                row(
                    "pooling",
                    "last",
                    Seen::Log(&["pooling_type", "[3] was specified"]),
                ),
                row("ropeScaling", "yarn", Seen::OtherVectors),
                row("yarnOrigCtx", 256, Seen::OtherVectors),
            ],
        },
        Load {
            model: TINY,
            besides: json!({"ctxSize": 512}),
            rows: vec![row(
                "reranking",
                true,
                Seen::Post(
                    "/v1/rerank",
                    json!({"query": "a", "documents": ["b"]}),
                    200,
                    "relevance_score",
                ),
            )],
        },
        Load {
            model: MOE,
            besides: json!({"ctxSize": 512, "extraArgs": {"--log-verbosity": "5"}}),
            rows: vec![row(
                "cpuMoe",
                true,
                Seen::Log(&["blk.5.ffn_up_exps.weight", "overridden to CPU"]),
            )],
        },
        Load {
            model: MOE,
            besides: json!({"ctxSize": 512, "extraArgs": {"--log-verbosity": "5"}}),
            rows: vec![row(
                "nCpuMoe",
                2,
                Seen::Log(&["blk.1.ffn_up_exps.weight", "overridden to CPU"]),
            )],
        },
        Load {
            model: WINDOW,
            besides: json!({"ctxSize": 1024}),
            rows: vec![row(
                "swaFull",
                true,
                Seen::Log(&["using full-size SWA cache"]),
            )],
        },
    ]
}

/// The engine's own list of flags.
fn flags() -> EngineFlags {
    let help = Command::new(environment::engine())
        .arg("--help")
        .output()
        .unwrap();
    EngineFlags::parse(&String::from_utf8_lossy(&help.stdout))
}

fn params(object: &Value) -> LoadParams {
    serde_json::from_value(object.clone()).unwrap()
}

/// The vector of a text.
async fn vector(engine: &Api) -> Value {
    let text = json!({"input": "The quick brown fox jumps over the lazy dog"});
    let answer = engine.post("/v1/embeddings", &text).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["data"][0]["embedding"].clone()
}

/// Whether it shows; what there was instead.
async fn shows(
    home: &Home,
    host: &Host,
    load: &Load,
    row: &Row,
    wish: &Value,
) -> Result<(), String> {
    let engine = host.engine(load.model).await;
    let pid = pid_in(&host.model(load.model).await.unwrap()).unwrap();
    let log = home.paddock(&["logs", load.model]).await.succeeded().stdout;
    let logged = |words: &[&str]| {
        let mut lines = log.lines();
        lines.any(|line| words.iter().all(|word| line.contains(word)))
    };
    let (found, instead) = match &row.seen {
        Seen::Log(words) => (logged(words), log.clone()),
        Seen::NotLogged(words) => (!logged(&[words]), log.clone()),
        Seen::Get(path, at, value) => {
            let answer = engine.get(path).await;
            (answer.json().pointer(at) == Some(value), answer.text)
        }
        Seen::Post(path, body, status, words) => {
            let answer = engine.post(path, body).await;
            (
                answer.status == *status && answer.text.contains(words),
                answer.text,
            )
        }
        Seen::NotMapped => (
            !processes::has_mapped(pid, &home.file("tiny.gguf")),
            String::new(),
        ),
        Seen::Locked => {
            let locked = processes::status_kib(pid, "VmLck:");
            (
                locked > 0 || logged(&["failed to mlock"]),
                format!("{locked} KiB"),
            )
        }
        Seen::Variable(name, value) => {
            let variables = processes::environment(pid);
            (
                variables.get(*name).is_some_and(|is| is == value),
                String::new(),
            )
        }
        Seen::OtherVectors => {
            let mut without = wish.clone();
            without.as_object_mut().unwrap().remove(row.name);
            // Each on a fresh engine: what it has read before may change the last digits.
            let mut vectors = Vec::new();
            for params in [&without, wish, &without, wish] {
                host.load(load.model, params.clone()).await;
                vectors.push(vector(&host.engine(load.model).await).await);
            }
            // The same load gives the same vectors, so it is the parameter that changes them.
            let repeats = vectors[0] == vectors[2] && vectors[1] == vectors[3];
            let instead = format!("repeats: {repeats}, the same: {}", vectors[0] == vectors[1]);
            (repeats && vectors[0] != vectors[1], instead)
        }
        Seen::Accepted => {
            let answer = engine
                .post("/completion", &json!({"prompt": "a", "n_predict": 1}))
                .await;
            (answer.status == 200, answer.text)
        }
    };
    if found { Ok(()) } else { Err(instead) }
}

/// Settings that silently do not apply are among the loudest complaints elsewhere: LM Studio #1463 #1714, Ollama #2722.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_parameter_of_the_table_reaches_the_real_engine_and_shows_there() {
    let home = Home::with_tiny().await;
    models::adapter(&home.file("adapter.gguf"));
    models::projector(&home.file("projector.gguf"));
    for (name, family) in [("moe", Family::Qwen3Moe), ("window", Family::Gemma3)] {
        let file = home.file(&format!("{name}.gguf"));
        models::small(&file, family);
        home.import(&file).await;
    }
    let host = home.serve().await;
    let flags = flags();
    let schema = load_params::schema(&flags);
    let mut seen: BTreeMap<&str, bool> = BTreeMap::new();
    let mut failures = Vec::new();
    for load in loads(&home) {
        let mut wish = load.besides.clone();
        for row in &load.rows {
            wish[row.name] = row.value.clone();
            let field = schema.iter().find(|field| field.name == row.name).unwrap();
            assert!(
                field.supported,
                "{}: {:?}",
                row.name, field.unsupported_reason
            );
            let text = row
                .value
                .as_str()
                .map_or_else(|| row.value.to_string(), str::to_owned);
            assert_ne!(
                field.placeholder.as_deref(),
                Some(text.as_str()),
                "{} is the engine's own",
                row.name
            );
        }
        let loaded = host.load(load.model, wish.clone()).await;
        let line = Process::of(pid_in(&loaded).unwrap()).unwrap().argv;
        for row in &load.rows {
            // It is in the command line: without it, the line is another. A variable is in none.
            let mut without = wish.clone();
            without.as_object_mut().unwrap().remove(row.name);
            let spoken = |wish: &Value| {
                load_params::argv(&params(wish), &flags, Unsupported::Refuse)
                    .unwrap()
                    .args
            };
            let (with, without) = (spoken(&wish), spoken(&without));
            assert!(
                with.iter().all(|argument| line.contains(argument)),
                "{with:?} is not in {line:?}"
            );
            assert!(
                with != without || row.name == "env",
                "{} says nothing",
                row.name
            );

            let accepted = matches!(row.seen, Seen::Accepted);
            if let Err(instead) = shows(&home, &host, &load, row, &wish).await {
                failures.push(format!("{} = {}: {instead}", row.name, row.value));
            }
            assert!(
                seen.insert(row.name, !accepted).is_none(),
                "{} is tried twice",
                row.name
            );
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));

    let table: BTreeSet<&str> = TABLE.iter().map(|spec| spec.name).collect();
    let tried: BTreeSet<&str> = seen.keys().copied().collect();
    assert_eq!(
        tried, table,
        "parameters that are tried, and those of the table"
    );
    for spec in TABLE {
        let claimed = matches!(evidence(spec), Some(Evidence::Read(_)));
        assert_eq!(
            seen[spec.name], claimed,
            "{}: what the documentation says of it",
            spec.name
        );
    }
    host.end(Signal::TERM).await;
}

/// What the test above takes for an effect is not there without the parameter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_parameters_nothing_of_it_shows() {
    let home = Home::with_tiny().await;
    models::adapter(&home.file("adapter.gguf"));
    models::projector(&home.file("projector.gguf"));
    for (name, family) in [("moe", Family::Qwen3Moe), ("window", Family::Gemma3)] {
        let file = home.file(&format!("{name}.gguf"));
        models::small(&file, family);
        home.import(&file).await;
    }
    let host = home.serve().await;
    let mut shown = Vec::new();
    for load in loads(&home) {
        // Two slots: without a number of them, engines share the cache among them whatever is asked.
        let mut bare = json!({"ctxSize": 512, "parallel": 2});
        bare["extraArgs"] = load.besides["extraArgs"].clone();
        host.load(load.model, bare.clone()).await;
        for row in &load.rows {
            let compared = matches!(row.seen, Seen::OtherVectors | Seen::Accepted);
            if !compared && shows(&home, &host, &load, row, &bare).await.is_ok() {
                shown.push(row.name);
            }
        }
    }
    assert!(shown.is_empty(), "{shown:?}");
    host.end(Signal::TERM).await;
}
