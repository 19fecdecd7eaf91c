//! Load parameters: what is asked for is what the engine gets, whoever asks.

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::home::{GEMMA, TINY};
use test_support::host::{engine_key, pid_in};
use test_support::processes::{self, Process};
use test_support::redact::redact;
use test_support::{Home, engines, environment};

/// The twelve that every form has.
const ALL_TWELVE: &[&str] = &[
    "--ctx-size",
    "4096",
    "--n-gpu-layers",
    "0",
    "--threads",
    "1",
    "--batch-size",
    "256",
    "--parallel",
    "2",
    "--seed",
    "1234",
    "--flash-attn",
    "true",
    "--mlock",
    "true",
    "--mmap",
    "false",
    "--cache-type-k",
    "q8_0",
    "--cache-type-v",
    "q8_0",
    "--enable-thinking",
    "false",
];

fn with<'a>(head: &[&'a str], tail: &[&'a str]) -> Vec<&'a str> {
    [head, tail].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_twelve_parameters_reach_the_engine_and_have_their_effect() {
    let home = Home::with_gemma().await;
    let host = home.serve().await;
    let more = ["--set", "log-verbosity=4", "--json"];
    let load = with(&with(&["load", "gemma"], ALL_TWELVE), &more);
    let loaded = home.paddock(&load).await.succeeded().json();
    let pid = pid_in(&loaded).unwrap();

    // What runs is what `params --argv` shows, with the port filled in.
    let params = with(&with(&["params", "gemma"], ALL_TWELVE), &more);
    let shown = home.paddock(&params).await.succeeded().json();
    let port = loaded["serverUrl"]
        .as_str()
        .unwrap()
        .rsplit(':')
        .next()
        .unwrap();
    let expected: Vec<String> = shown["argv"]
        .as_array()
        .unwrap()
        .iter()
        .map(|argument| argument.as_str().unwrap())
        .map(|argument| if argument == "PORT" { port } else { argument }.to_owned())
        .collect();
    assert_eq!(Process::of(pid).unwrap().argv, expected);

    // The engine's own account.
    let engine = host.engine(GEMMA).await;
    let props = engine.get("/props").await.json();
    assert_eq!(props["total_slots"], 2, "parallel");
    assert_eq!(
        props["default_generation_settings"]["n_ctx"], 2048,
        "ctx-size, shared by two"
    );
    let seed = &props["default_generation_settings"]["params"]["seed"];
    assert_eq!(*seed, 1234, "seed");
    assert_eq!(props["model_alias"], GEMMA);

    let log = home.paddock(&["logs", "gemma"]).await.succeeded().stdout;
    let says = |words: &[&str]| {
        let found = log
            .lines()
            .any(|line| words.iter().all(|word| line.contains(word)));
        assert!(found, "{words:?} in one line of\n{log}");
    };
    says(&["n_threads = 1 "]);
    says(&["llama_context", "n_batch", "= 256"]);
    says(&["flash_attn", "enabled"]);
    says(&["K (q8_0)", "V (q8_0)"]);
    says(&["offloaded 0/19 layers"]);

    // What the system says.
    assert!(
        !processes::has_mapped(pid, &environment::model()),
        "mmap is off"
    );
    let locked = processes::status_kib(pid, "VmLck:") > 0;
    assert!(locked || log.contains("mlock"), "mlock was tried");
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_set_is_not_passed() {
    let home = Home::with_gemma().await;
    let host = home.serve().await;
    let loaded = host.load(GEMMA, json!({})).await;
    let pid = pid_in(&loaded).unwrap();
    let argv = Process::of(pid).unwrap().argv;
    let flags: Vec<&str> = argv
        .iter()
        .filter(|argument| argument.starts_with("--"))
        .map(String::as_str)
        .collect();
    // The context that fits this machine is chosen, because the engines' own default is not bearable (Jan #8236).
    let expected = ["--model", "--host", "--port", "--alias", "--ctx-size"];
    assert_eq!(flags, expected);
    assert!(
        processes::has_mapped(pid, &environment::model()),
        "mapped, as engines do by default"
    );
    host.end(Signal::TERM).await;
}

/// The environment leaks in: any `LLAMA_ARG_*` of the parent changes the child.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variables_of_the_hosts_environment_do_not_change_the_engine() {
    let home = Home::with_tiny()
        .await
        .with_variable("LLAMA_ARG_CTX_SIZE", "256")
        .with_variable("LLAMA_ARG_N_PARALLEL", "3")
        .with_variable("LLAMA_ARG_EMBEDDINGS", "1")
        .with_variable("LLAMA_API_KEY", "from-outside")
        .with_variable("LLAMA_LOG_FILE", "/tmp/paddock-test-must-not-exist.log");
    let host = home.serve().await;
    let loaded = host
        .load(TINY, json!({"ctxSize": 1024, "parallel": 1}))
        .await;
    let pid = pid_in(&loaded).unwrap();
    let variables = processes::environment(pid);
    let leaked: Vec<&String> = variables
        .keys()
        .filter(|name| name.starts_with("LLAMA_ARG_") || name.starts_with("LLAMA_LOG_"))
        .collect();
    assert!(leaked.is_empty(), "{leaked:?}");
    assert_ne!(variables["LLAMA_API_KEY"], "from-outside");
    let props = host.engine(TINY).await.get("/props").await.json();
    assert_eq!(props["default_generation_settings"]["n_ctx"], 1024);
    assert_eq!(props["total_slots"], 1);
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engines_key_is_in_no_command_line_and_no_answer_and_nobody_gets_in_without_it() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    let first = host.load(TINY, json!({"ctxSize": 512})).await;
    let key = engine_key(pid_in(&first).unwrap());
    assert!(key.len() >= 32, "{key}");
    let all = processes::marked(home.marker());
    assert!(all.len() >= 3, "host, guard, engine: {all:?}");
    for process in &all {
        let line = process.argv.join(" ");
        assert!(!line.contains(&key), "{line}");
    }
    for arguments in [
        &["ps", "--json"][..],
        &["status", "--json"],
        &["logs", "tiny"],
    ] {
        let ran = home.paddock(arguments).await.succeeded();
        assert!(!ran.stdout.contains(&key), "{arguments:?}");
    }
    let door = test_support::Api::new(first["serverUrl"].as_str().unwrap());
    assert_eq!(door.chat("Hi", 1).await.status, 401);

    let second = host.load(TINY, json!({"ctxSize": 1024})).await;
    assert_ne!(
        engine_key(pid_in(&second).unwrap()),
        key,
        "a key of its own each time"
    );
    host.end(Signal::TERM).await;
}

/// Without `--alias` answers carry the model's absolute path.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_of_the_endpoint_tells_where_files_are() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    host.load(TINY, json!({})).await;
    let gateway = host.gateway();
    let mut answers = vec![
        gateway.get("/v1/models").await.text,
        gateway.chat("Hi", 2).await.text,
        gateway
            .post("/v1/completions", &json!({"prompt": "Hi", "max_tokens": 2}))
            .await
            .text,
        gateway.get("/v1/nothing").await.text,
        gateway.get("/health").await.text,
    ];
    answers.extend(gateway.stream_chat("Hi", 2).await.rest().await);
    for answer in answers {
        assert!(
            !answer.contains(&*home.folder().to_string_lossy()),
            "{answer}"
        );
        assert!(!answer.contains(".gguf"), "{answer}");
    }
    host.end(Signal::TERM).await;
}

/// Tray, CLI and API ignore what the form saved: LM Studio #1463 #1714 #1483 #1782.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saved_parameters_hold_for_every_load_until_they_are_taken_away() {
    let home = Home::with_tiny().await;
    home.paddock(&[
        "params",
        "tiny",
        "--save",
        "--ctx-size",
        "512",
        "--threads",
        "1",
    ])
    .await
    .succeeded();
    let host = home.serve().await;
    let by_cli = home
        .paddock(&["load", "tiny", "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(by_cli["params"], json!({"ctxSize": 512, "threads": 1}));
    let by_api = host.load(TINY, json!({})).await;
    assert_eq!(by_api["pid"], by_cli["pid"], "the same load");

    // For this load only, and on top of what is saved.
    let once = home
        .paddock(&["load", "tiny", "--ctx-size", "1024", "--json"])
        .await;
    assert_eq!(
        once.succeeded().json()["params"],
        json!({"ctxSize": 1024, "threads": 1})
    );
    let shown = home
        .paddock(&["params", "tiny", "--json"])
        .await
        .succeeded()
        .json();
    assert_eq!(shown["params"], json!({"ctxSize": 512, "threads": 1}));
    assert_eq!(
        shown["sources"],
        json!({"ctxSize": "saved", "threads": "saved"})
    );

    // Saved while the host runs: used at the next load, and after a restart.
    home.paddock(&["params", "tiny", "--save", "--threads", ""])
        .await
        .succeeded();
    assert_eq!(
        host.load(TINY, json!({})).await["params"],
        json!({"ctxSize": 512})
    );
    host.end(Signal::TERM).await;
    let host = home.serve().await;
    assert_eq!(
        host.load(TINY, json!({})).await["params"],
        json!({"ctxSize": 512})
    );
    host.end(Signal::TERM).await;
}

/// A parameter that this engine cannot honour is said, not dropped in silence.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parameter_that_the_engine_lacks_is_an_error_unless_it_may_be_skipped() {
    let home = Home::new();
    let engine = engines::without_flag(&home.file("old-engine"), "--cache-type-k");
    home.add_engine(&engine).await;
    home.add_tiny().await;
    let host = home.serve().await;
    let wish = ["--cache-type-k", "q8_0", "--ctx-size", "512"];
    let refused = home
        .paddock(&with(&["load", "tiny", "--json"], &wish))
        .await
        .failed();
    assert_eq!(refused.error_code(), "unsupported_parameter");
    let message = refused.json()["error"]["message"].to_string();
    assert!(message.contains("cacheTypeK"), "{message}");
    assert_eq!(
        host.status().await["models"],
        json!([]),
        "nothing was started"
    );

    let skipping = ["load", "tiny", "--skip-unsupported", "--json"];
    let loaded = home
        .paddock(&with(&skipping, &wish))
        .await
        .succeeded()
        .json();
    let argv = Process::of(pid_in(&loaded).unwrap()).unwrap().argv;
    assert!(!argv.contains(&"--cache-type-k".to_owned()), "{argv:?}");
    assert!(argv.contains(&"--ctx-size".to_owned()), "{argv:?}");
    let shown = home
        .paddock(&with(
            &["params", "tiny", "--skip-unsupported", "--json"],
            &wish,
        ))
        .await
        .succeeded()
        .json();
    assert_eq!(shown["skipped"][0]["name"], "cacheTypeK");
    // It can be known before: the engine is shown with what it cannot take.
    let engines = home
        .paddock(&["engine", "ls", "--json"])
        .await
        .succeeded()
        .json();
    let name = engines[0]["name"].as_str().unwrap();
    let engine = home
        .paddock(&["engine", "show", name])
        .await
        .succeeded()
        .stdout;
    assert!(
        engine.contains("cacheTypeK: this engine has no flag `--cache-type-k`"),
        "{engine}"
    );
    let engine = home.paddock(&["engine", "show", name, "--json"]).await;
    let unsupported = engine.succeeded().json()["unsupported"].clone();
    assert_eq!(unsupported.as_array().unwrap().len(), 1, "{unsupported}");
    host.end(Signal::TERM).await;
}

async fn argv(home: &Home, arguments: &[&str]) -> Vec<String> {
    let shown = home
        .paddock(&with(&["params", "tiny", "--json"], arguments))
        .await;
    serde_json::from_value(shown.succeeded().json()["argv"].clone()).unwrap()
}

/// The exact command line for a real b10434, from its own `--help`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_for_b10434_is_what_it_takes() {
    let home = Home::new();
    let engine = environment::engine_b10434();
    home.add_engine(&engine).await;
    home.add_tiny().await;
    let mut shown = Vec::new();
    for arguments in [
        ALL_TWELVE,
        &["--ctx-size", "512", "--mlock", "true", "--mmap", "true"],
        &[
            "--ctx-size",
            "512",
            "--n-gpu-layers",
            "auto",
            "--flash-attn",
            "auto",
        ],
        &[
            "--ctx-size",
            "512",
            "--n-gpu-layers",
            "all",
            "--flash-attn",
            "false",
        ],
        &[
            "--ctx-size",
            "512",
            "--enable-thinking",
            "true",
            "--set",
            "cache-reuse=256",
        ],
    ] {
        shown.push(argv(&home, arguments).await.join(" "));
    }
    let folders = [
        (engine.parent().unwrap(), "ENGINE"),
        (home.folder(), "HOME"),
    ];
    insta::assert_snapshot!(redact(&shown.join("\n"), &folders), @r"
    ENGINE/llama-server --model HOME/tiny.gguf --host 127.0.0.1 --port PORT --alias local/tiny -lv 4 --ctx-size 4096 --n-gpu-layers 0 --reasoning off --reasoning-budget 0 --flash-attn on --threads 1 --batch-size 256 --load-mode mlock --cache-type-k q8_0 --cache-type-v q8_0 --parallel 2 --seed 1234
    ENGINE/llama-server --model HOME/tiny.gguf --host 127.0.0.1 --port PORT --alias local/tiny -lv 4 --ctx-size 512 --load-mode mmap+mlock
    ENGINE/llama-server --model HOME/tiny.gguf --host 127.0.0.1 --port PORT --alias local/tiny -lv 4 --ctx-size 512 --n-gpu-layers auto --flash-attn auto
    ENGINE/llama-server --model HOME/tiny.gguf --host 127.0.0.1 --port PORT --alias local/tiny -lv 4 --ctx-size 512 --n-gpu-layers all --flash-attn off
    ENGINE/llama-server --model HOME/tiny.gguf --host 127.0.0.1 --port PORT --alias local/tiny -lv 4 --ctx-size 512 --cache-reuse 256
    ");
}

/// Whatever engine there is: what is passed is in its own list.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flag_that_is_passed_is_one_of_the_installed_engines() {
    let home = Home::with_tiny().await;
    let engines = home
        .paddock(&["engine", "ls", "--json"])
        .await
        .succeeded()
        .json();
    let name = engines[0]["name"].as_str().unwrap();
    let details = home
        .paddock(&["engine", "show", name, "--json"])
        .await
        .succeeded()
        .json();
    let known = serde_json::to_string(&details["flags"]).unwrap();
    let help = std::process::Command::new(environment::engine())
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for argument in argv(&home, ALL_TWELVE).await.iter().skip(1) {
        if argument.starts_with("--") {
            assert!(known.contains(&format!("\"{argument}\"")), "{argument}");
            assert!(help.contains(argument.as_str()), "{argument}");
        }
    }
    assert!(
        details["flags"].as_array().map_or(0, Vec::len) > 100,
        "{}",
        Value::Null
    );
}
