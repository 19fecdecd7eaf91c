//! Requests for models that are not loaded: what clients hear while they wait, and when it comes to nothing.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::home::TINY;
use test_support::recorded::{Piece, Recorded, Recording};
use test_support::{Home, Host, RecordedEngine, engines, processes, until, wire};

const MODEL: &str = "local/recorded";

fn chat(model: &str, stream: bool) -> String {
    json!({
        "model": model,
        "stream": stream,
        "max_tokens": 4,
        "messages": [{"role": "user", "content": "Hi"}],
    })
    .to_string()
}

/// A home whose engine takes this long to load.
async fn slow_home(load_ms: u64) -> Home {
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_recorded-engine");
    let pieces = vec![
        Piece::text("data: {\"choices\":[]}\n\n"),
        Piece::text("data: [DONE]\n\n"),
    ];
    let answers = vec![
        Recorded::stream(pieces).for_stream(true),
        Recorded::json(&json!({"object": "chat.completion"})).for_stream(false),
    ];
    let recording = Recording {
        load_ms,
        answers,
        ..Recording::default()
    };
    let recorded = RecordedEngine::new(&home, "recorded", &[program], &recording);
    home.add_engine(recorded.path()).await;
    let file = home.file("recorded.gguf");
    test_support::models::tiny(&file);
    assert_eq!(home.import(&file).await, MODEL);
    home
}

async fn ask(host: &Host, path: &str, body: &str) -> wire::WireAnswer {
    wire::exchange(host.gateway().port(), &wire::post(path, &[], body))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_whose_model_loads_hears_comments_and_then_the_engine() {
    let home = slow_home(4_000).await;
    let host = home.serve().await;
    let plain = tokio::spawn({
        let port = host.gateway().port();
        async move {
            let request = wire::post("/v1/chat/completions", &[], &chat(MODEL, false));
            wire::exchange(port, &request).await.unwrap()
        }
    });
    let answer = ask(&host, "/v1/chat/completions", &chat(MODEL, true)).await;
    assert_eq!(answer.status, 200, "{}", answer.head);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let text = answer.text();
    let (comments, rest) = text.split_once("data:").unwrap();
    assert_eq!(
        format!("data:{rest}"),
        "data: {\"choices\":[]}\n\ndata: [DONE]\n\n"
    );
    let comments: Vec<&str> = comments
        .split("\n\n")
        .filter(|line| !line.is_empty())
        .collect();
    assert!(comments.len() >= 2, "{comments:?}");
    assert!(
        comments
            .iter()
            .all(|line| line.starts_with(": loading local/recorded")),
        "{comments:?}"
    );
    assert!(
        answer.chunks[0].0 < Duration::from_millis(2_500),
        "{:?}",
        answer.chunks[0].0
    );
    // Who wants no stream simply waits, for the same load.
    let plain = plain.await.unwrap();
    assert_eq!(
        (plain.status, plain.text().as_str()),
        (200, "{\"object\":\"chat.completion\"}")
    );
    host.end(Signal::TERM).await;
}

/// A quick load is not heard of: the engine's own head comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quick_load_is_as_if_it_had_been_loaded() {
    let home = slow_home(0).await;
    let host = home.serve().await;
    let answer = ask(&host, "/v1/chat/completions", &chat(MODEL, true)).await;
    assert_eq!(
        answer.header("server"),
        Some("llama.cpp"),
        "{}",
        answer.head
    );
    assert_eq!(answer.text(), "data: {\"choices\":[]}\n\ndata: [DONE]\n\n");
    // By its name alone, and by none, now that it is the only one.
    for model in ["\"recorded\"", "null", "\"\""] {
        let body = format!("{{\"model\": {model}, \"messages\": []}}");
        assert_eq!(
            ask(&host, "/v1/chat/completions", &body).await.status,
            200,
            "{model}"
        );
    }
    let unknown = ask(&host, "/v1/chat/completions", &chat("nothing", true)).await;
    assert_eq!(unknown.status, 404);
    assert!(
        unknown.text().contains("model_not_found"),
        "{}",
        unknown.text()
    );
    host.end(Signal::TERM).await;
}

/// "upstream command exited prematurely" and no more: llama-swap #789, Jan.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_fails_is_told_in_the_clients_words() {
    let home = Home::with_tiny().await;
    let whole = std::fs::read(home.file("tiny.gguf")).unwrap();
    std::fs::write(home.file("tiny.gguf"), &whole[..whole.len() / 2]).unwrap();
    let host = home.serve().await;
    for stream in [false, true] {
        let answer = ask(&host, "/v1/chat/completions", &chat(TINY, stream)).await;
        assert_eq!(answer.status, 500, "{}", answer.text());
        let error: Value = serde_json::from_str(&answer.text()).unwrap();
        assert_eq!(error["error"]["code"], "model_truncated", "{error}");
        // Asking again at once, as the official clients do after a 5xx, cannot help.
        assert_eq!(answer.header("x-should-retry"), Some("false"));
    }
    let answer = ask(&host, "/v1/messages", &chat(TINY, true)).await;
    let error: Value = serde_json::from_str(&answer.text()).unwrap();
    assert_eq!(
        (&error["type"], &error["error"]["type"]),
        (&json!("error"), &json!("api_error"))
    );
    host.end(Signal::TERM).await;
}

/// Once the head is out, the error is the stream's last event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_fails_late_ends_the_stream_in_an_error() {
    let home = Home::new();
    home.add_engine(&engines::that_hangs(&home.file("hanging")))
        .await;
    home.add_tiny().await;
    home.edit_settings(|settings| settings["limits"]["loadTimeoutSeconds"] = json!(3));
    let host = home.serve().await;
    for (path, begin) in [
        ("/v1/chat/completions", "data: {\"error\":"),
        ("/v1/messages", "event: error\ndata: {\"type\":\"error\""),
        ("/v1/responses", "event: error\ndata: {\"type\":\"error\""),
    ] {
        let answer = ask(&host, path, &chat(TINY, true)).await;
        assert_eq!(answer.status, 200, "{}", answer.head);
        assert!(answer.is_whole, "{path}");
        let text = answer.text();
        let events: Vec<&str> = text
            .split("\n\n")
            .filter(|event| !event.is_empty() && !event.starts_with(':'))
            .collect();
        assert_eq!(events.len(), 1, "{text}");
        assert!(events[0].starts_with(begin), "{text}");
        assert!(!text.contains("[DONE]"), "{text}");
        let data = events[0].split_once("data: ").unwrap().1;
        let error: Value = serde_json::from_str(data).unwrap();
        assert_eq!(error["error"]["code"], "not_ready", "{error}");
    }
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_while_the_model_loads_is_no_longer_counted() {
    let home = slow_home(3_000).await;
    let host = home.serve().await;
    let request = wire::post("/v1/chat/completions", &[], &chat(MODEL, true));
    let asking = tokio::spawn({
        let port = host.gateway().port();
        async move { wire::exchange(port, &request).await }
    });
    let traffic = async || host.control().get("/api/v1/traffic").await.json();
    until("it to wait", Duration::from_secs(3), async || {
        (traffic().await["total"]["waiting"] == 1).then_some(())
    })
    .await;
    asking.abort();
    until("it to be gone", Duration::from_secs(3), async || {
        let total = traffic().await["total"].clone();
        (total["waiting"] == 0 && total["inFlight"] == 0).then_some(())
    })
    .await;
    host.end(Signal::TERM).await;
}

/// Models come when the user says so, and only then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_requests_may_not_load_they_are_told_so() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    let manual = json!({"loadOnDemand": false});
    let set = host.control().post("/api/v1/gateway", &manual).await;
    assert_eq!(set.json()["loadOnDemand"], false, "{}", set.text);
    let answer = ask(&host, "/v1/chat/completions", &chat(TINY, true)).await;
    assert_eq!(answer.status, 404, "{}", answer.text());
    assert!(
        answer.text().contains("model_not_loaded"),
        "{}",
        answer.text()
    );
    host.load(TINY, json!({})).await;
    let answer = ask(&host, "/v1/chat/completions", &chat(TINY, false)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    host.end(Signal::TERM).await;
}

/// Told to end by somebody else, an engine takes no connections any more and lives on: it must not stay ready for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_closed_its_door_gives_way_to_another() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    host.load(TINY, json!({})).await;
    for _ in 0..2 {
        let engine = host.wait_for_pid(TINY).await;
        let url = host.model(TINY).await.unwrap()["serverUrl"].clone();
        let door = url.as_str().unwrap().strip_prefix("http://").unwrap();
        processes::send(engine, Signal::TERM);
        until("its door to close", Duration::from_secs(5), async || {
            let connected = tokio::net::TcpStream::connect(door).await;
            connected.is_err().then_some(())
        })
        .await;
        for stream in [false, true] {
            let answer = ask(&host, "/v1/chat/completions", &chat(TINY, stream)).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert!(answer.is_whole && !answer.text().contains("\"error\""));
        }
        assert_ne!(host.wait_for_pid(TINY).await, engine);
        assert!(!processes::is_alive(engine), "it is gone");
    }
    host.end(Signal::TERM).await;
}
