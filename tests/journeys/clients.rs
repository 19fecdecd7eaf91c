//! Official clients, unmodified, against the endpoint with the real engine: what an editor or an agent is set up with.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::home::{GEMMA, TINY};
use test_support::recorded::Recording;
use test_support::{Client, Home, Host, RecordedEngine};

/// Gemma's file a second time, for embeddings.
const EMBEDDER: &str = "local/embedder";
/// What the recorded engine stands in for.
const RECORDED: &str = "local/recorded";
/// How long an engine's slot may stay busy after its client went away in mid-stream. On a quiet machine it is some
/// milliseconds, which are printed, and 150 are what is aimed at; a busy one is given more.
const FREED_WITHIN: Duration = Duration::from_secs(5);

/// Nothing is loaded: requests do that.
async fn home_for_clients() -> Home {
    let home = Home::with_gemma().await;
    let program = env!("CARGO_BIN_EXE_recorded-engine");
    let recording = Recording::named("tool-calls.json");
    let recorded = RecordedEngine::new(&home, "recorded", &[program], &recording);
    let tiny = home.file("tiny.gguf");
    test_support::models::tiny(&tiny);
    home.edit_settings(|settings| {
        let gemma = settings["models"][GEMMA]["path"].clone();
        settings["models"][GEMMA]["params"] = json!({"ctxSize": 2048, "parallel": 2});
        settings["models"][EMBEDDER] = json!({
            "path": gemma,
            "aliasOf": GEMMA,
            "params": {"ctxSize": 512, "embeddings": true, "extraArgs": {"--pooling": "mean"}},
        });
        settings["engines"]["installed"]["recorded"] = json!({"path": recorded.path()});
        settings["models"][RECORDED] = json!({"path": tiny, "engine": "recorded"});
        settings["models"][TINY] =
            json!({"path": tiny, "params": {"extraArgs": {"--context-shift": null}}});
        settings["limits"]["maxLoaded"] = json!(0);
    });
    home
}

fn user(text: &str) -> Value {
    json!([{"role": "user", "content": text}])
}

#[track_caller]
fn strings(value: &Value) -> Vec<&str> {
    let list = value.as_array().unwrap_or_else(|| panic!("{value}"));
    list.iter().map(|entry| entry.as_str().unwrap()).collect()
}

#[track_caller]
fn assert_text(answer: &Value) -> &str {
    let text = answer["text"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"));
    assert!(!text.is_empty(), "{answer}");
    text
}

/// What every user of OpenAI's clients does.
async fn openai(client: impl Fn(&str) -> Client) {
    let home = home_for_clients().await;
    let host = home.serve().await;
    let mut client = client(host.gateway().base());

    let listed = client.order(json!({"do": "models"})).await;
    let ids = strings(&listed["ids"]);
    for key in [GEMMA, EMBEDDER, RECORDED] {
        assert!(ids.contains(&key), "{listed}");
        let one = client.order(json!({"do": "model", "id": key})).await;
        assert_eq!(one["id"], key, "{one}");
    }

    let asked = json!({"model": GEMMA, "messages": user("Name a colour."), "max_tokens": 12, "temperature": 0});
    let whole = client.ask("chat", asked.clone()).await;
    assert_text(&whole);
    assert_eq!(whole["model"], GEMMA);
    let streamed = client.ask("stream", asked).await;
    assert_eq!(
        streamed["text"], whole["text"],
        "the joined deltas are the answer"
    );
    assert_eq!(streamed["finish"], whole["finish"]);
    assert!(streamed["pieces"].as_u64() > Some(3), "{streamed}");
    let counted = json!({
        "model": GEMMA, "messages": user("Hi"), "max_tokens": 3, "stream_options": {"include_usage": true},
    });
    assert_eq!(client.ask("stream", counted).await["tokens"], 3);

    let asked = json!({"model": GEMMA, "prompt": "The capital of France is", "max_tokens": 6, "temperature": 0});
    let whole = client.ask("complete", asked.clone()).await;
    assert_text(&whole);
    assert_eq!(
        client.ask("stream-completion", asked).await["text"],
        whole["text"]
    );

    let schema = json!({
        "type": "object",
        "properties": {"city": {"type": "string", "enum": ["Lisbon", "Oslo"]}},
        "required": ["city"],
        "additionalProperties": false,
    });
    let asked = json!({
        "model": GEMMA, "messages": user("Name a city."), "max_tokens": 40, "temperature": 0,
        "response_format": {"type": "json_schema", "json_schema": {"name": "city", "strict": true, "schema": schema}},
    });
    let answer = client.ask("chat", asked).await;
    let city: Value = serde_json::from_str(assert_text(&answer)).unwrap();
    assert!(
        ["Lisbon", "Oslo"].contains(&city["city"].as_str().unwrap()),
        "{answer}"
    );

    embeddings(&mut client).await;
    tools(&mut client, &tool_for_openai()).await;

    let unknown = json!({"model": "no/such", "messages": user("Hi"), "max_tokens": 1});
    for step in ["chat", "stream"] {
        let error = client.ask(step, unknown.clone()).await;
        assert_eq!(error["raised"], "NotFoundError", "{error}");
        assert_eq!(error["code"], "model_not_found", "{error}");
    }
    // The engine's own words.
    let wrong = json!({"model": GEMMA, "messages": user("Hi"), "max_tokens": 1, "response_format": {"type": "none"}});
    let error = client.ask("chat", wrong).await;
    assert_eq!(error["raised"], "BadRequestError", "{error}");

    cancel(&host, &mut client).await;
    let asked = json!({"model": GEMMA, "messages": user("Hi"), "max_tokens": 1});
    keys(&host, &mut client, asked).await;
    drop(client);
    host.end(Signal::TERM).await;
}

async fn embeddings(client: &mut Client) {
    // The packages ask for base64 unless they are told what they shall ask for.
    for format in [json!({}), json!({"encoding_format": "float"})] {
        let mut asked = json!({"model": EMBEDDER, "input": ["a cat", "a kitten", "tax law"]});
        asked
            .as_object_mut()
            .unwrap()
            .extend(format.as_object().unwrap().clone());
        let answer = client.ask("embed", asked).await;
        let vectors: Vec<Vec<f64>> = serde_json::from_value(answer["vectors"].clone())
            .unwrap_or_else(|_| panic!("{answer}"));
        assert_eq!(vectors.len(), 3);
        let near = |one: usize, other: usize| -> f64 {
            vectors[one]
                .iter()
                .zip(&vectors[other])
                .map(|(a, b)| a * b)
                .sum()
        };
        assert!(
            vectors[0].len() > 100 && (near(0, 0) - 1.0).abs() < 0.01,
            "normalized vectors"
        );
        assert!(
            near(0, 1) > near(0, 2),
            "a kitten is nearer to a cat than tax law is"
        );
    }
}

fn tool_for_openai() -> Value {
    json!({"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}})
}

/// Calls of tools, as an engine made them once.
async fn tools(client: &mut Client, tool: &Value) {
    let asked = json!({"model": RECORDED, "messages": user("The weather in Lisbon?"), "max_tokens": 64, "tools": [tool]});
    let wanted =
        json!([{"name": "get_weather", "arguments": {"city": "Lisbon", "unit": "fahrenheit"}}]);
    for step in ["chat", "stream"] {
        let answer = client.ask(step, asked.clone()).await;
        assert_eq!(answer["tools"], wanted, "{step}: {answer}");
        let finish = answer["finish"].as_str().unwrap();
        assert!(["tool_calls", "tool_use"].contains(&finish), "{answer}");
    }
}

/// A client that closes its stream frees the slot. The model is one that answers without end and takes no time for a
/// token, because an engine looks after its clients between tokens.
async fn cancel(host: &Host, client: &mut Client) {
    let endless = json!({"model": TINY, "messages": user("Go on."), "max_tokens": 1_000_000});
    let opened = client.ask("open", endless).await;
    assert_eq!(opened, json!({}));
    let engine = host.engine(TINY).await;
    assert_eq!(engine.busy_slots().await, 1, "it is answering");
    client.order(json!({"do": "close"})).await;
    let begin = Instant::now();
    engine.wait_for_busy(0).await;
    let freed = begin.elapsed();
    eprintln!(
        "slot free {} ms after the client closed its stream",
        freed.as_millis()
    );
    assert!(freed < FREED_WITHIN, "{freed:?}");
}

/// Any key is as good as none while there is none; from then on only a right one.
async fn keys(host: &Host, client: &mut Client, asked: Value) {
    let added = host
        .control()
        .post("/api/v1/keys", &json!({"name": "editor"}))
        .await;
    assert_eq!(added.status, 200, "{}", added.text);
    let key = added.json()["key"].as_str().unwrap().to_owned();
    for step in ["chat", "stream"] {
        let refused = client.ask(step, asked.clone()).await;
        assert_eq!(refused["raised"], "AuthenticationError", "{refused}");
    }
    let answer = client.ask_with_key(&key, "chat", asked.clone()).await;
    assert!(answer["raised"].is_null(), "{answer}");
    let wrong = key.replace("pk-", "pk-x");
    let refused = client.ask_with_key(&wrong, "chat", asked).await;
    assert_eq!(refused["raised"], "AuthenticationError", "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_openai_package_for_python_works_unmodified() {
    openai(Client::openai_python).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_openai_package_for_node_works_unmodified() {
    openai(Client::openai_node).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_anthropic_package_works_unmodified() {
    let home = home_for_clients().await;
    let host = home.serve().await;
    let mut client = Client::anthropic_python(host.gateway().base());

    let asked = json!({"model": GEMMA, "messages": user("Name a colour."), "max_tokens": 12, "extra_body": {"temperature": 0}});
    let whole = client.ask("chat", asked.clone()).await;
    assert_text(&whole);
    assert_eq!(whole["finish"], "max_tokens");
    assert_eq!(whole["tokens"], 12);
    let streamed = client.ask("stream", asked).await;
    assert_eq!(
        streamed["text"], whole["text"],
        "the joined deltas are the answer"
    );
    assert!(streamed["pieces"].as_u64() > Some(3), "{streamed}");
    let counted = client
        .ask("count", json!({"model": GEMMA, "messages": user("Hi")}))
        .await;
    assert!(counted["tokens"].as_u64() > Some(0), "{counted}");
    tools(
        &mut client,
        &json!({"name": "get_weather", "input_schema": {"type": "object"}}),
    )
    .await;

    let unknown = json!({"model": "no/such", "messages": user("Hi"), "max_tokens": 1});
    for step in ["chat", "stream"] {
        let error = client.ask(step, unknown.clone()).await;
        assert_eq!(error["raised"], "NotFoundError", "{error}");
        assert!(error["body"]["error"]["message"].is_string(), "{error}");
    }
    cancel(&host, &mut client).await;
    let asked = json!({"model": GEMMA, "messages": user("Hi"), "max_tokens": 1});
    keys(&host, &mut client, asked).await;
    drop(client);
    host.end(Signal::TERM).await;
}
