use serde_json::json;

use super::*;

fn read(lines: &[&str]) -> (Vec<ChatEvent>, Reader) {
    let mut reader = Reader::new(Instant::now());
    for line in lines {
        reader.take("a/b", line);
    }
    (reader.ready.drain(..).collect(), reader)
}

/// As b10068 says it, shortened.
#[test]
fn an_answer_with_its_figures() {
    let (events, _) = read(&[
        r#"{"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}],"timings":{"cache_n":4,"prompt_n":0,"predicted_n":0,"predicted_per_second":null},"prompt_progress":{"total":26,"cache":4,"processed":22,"time_ms":1206}}"#,
        r#"{"choices":[{"finish_reason":null,"index":0,"delta":{"reasoning_content":"Hm"}}]}"#,
        r#"{"choices":[{"finish_reason":null,"index":0,"delta":{"content":"Say"}}],"timings":{"cache_n":4,"prompt_n":22,"predicted_n":1,"predicted_per_second":1000000.0}}"#,
        r#"{"choices":[{"finish_reason":"length","index":0,"delta":{}}]}"#,
        r#"{"choices":[],"usage":{"completion_tokens":3,"prompt_tokens":26},"timings":{"cache_n":4,"prompt_n":22,"predicted_n":3,"predicted_per_second":4.5}}"#,
        "[DONE]",
    ]);
    assert_eq!(events[0], ChatEvent::Reading { tokens: 22, of: 26 });
    assert_eq!(events[1], ChatEvent::Reasoning("Hm".to_owned()));
    assert_eq!(events[2], ChatEvent::Content("Say".to_owned()));
    let [ChatEvent::Done { cut_off, facts }] = &events[3..] else {
        panic!("{events:?}");
    };
    assert!(cut_off);
    assert_eq!(facts.prompt_tokens, Some(26));
    assert_eq!(facts.completion_tokens, Some(3));
    assert_eq!(facts.tokens_per_second, Some(4.5));
    assert!(facts.first_token_milliseconds.is_some());
}

#[test]
fn an_answer_that_is_stopped_has_figures_too() {
    let (_, reader) = read(&[
        r#"{"choices":[{"delta":{"content":"a"}}],"timings":{"prompt_n":5,"predicted_n":1,"predicted_per_second":1000000.0}}"#,
    ]);
    assert_eq!(reader.facts.tokens_per_second, None);
    assert_eq!(reader.facts.completion_tokens, Some(1));
}

#[test]
fn an_error_in_the_stream_keeps_what_came() {
    let (events, reader) = read(&[
        r#"{"choices":[{"delta":{"content":"Half"}}]}"#,
        r#"{"error":{"message":"context shift is disabled","type":"server_error","code":500}}"#,
    ]);
    assert_eq!(events[0], ChatEvent::Content("Half".to_owned()));
    let ChatEvent::Failed(error) = &events[1] else {
        panic!("{events:?}");
    };
    assert_eq!(error.code, "chat_refused");
    assert_eq!(
        error.message,
        "a/b gave no answer: context shift is disabled"
    );
    assert!(reader.ended);
}

#[test]
fn an_end_without_a_reason_is_a_broken_answer() {
    let (_, mut reader) = read(&[r#"{"choices":[{"delta":{"content":"Half"}}]}"#]);
    reader.end_of_stream("a/b", "the engine ended".to_owned());
    let Some(ChatEvent::Failed(error)) = reader.ready.pop_back() else {
        panic!("no failure");
    };
    assert_eq!(error.code, "chat_broken");
    // Some engines close without a last word, but with a reason.
    let (_, mut reader) = read(&[r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#]);
    reader.end_of_stream("a/b", String::new());
    assert!(matches!(
        reader.ready.pop_back(),
        Some(ChatEvent::Done { cut_off: false, .. })
    ));
}

#[test]
fn what_is_no_json_is_no_answer() {
    let (events, reader) = read(&["<html>"]);
    assert!(matches!(&events[..], [ChatEvent::Failed(_)]));
    assert!(reader.ended);
}

#[test]
fn a_models_own_defaults() {
    let props = json!({
        "default_generation_settings": {
            "params": { "temperature": 0.800_000_011_920_929, "top_k": 40, "top_p": 0.949_999_988_079_071, "min_p": 0.05 },
            "n_ctx": 2048,
        },
        "modalities": { "vision": true },
    });
    let model = model_of(&props);
    assert_eq!(model.temperature, Some(0.8));
    assert_eq!(model.top_p, Some(0.95));
    assert_eq!(model.top_k, Some(40));
    assert_eq!(model.context_tokens, Some(2048));
    assert!(model.vision);
    assert_eq!(model_of(&json!({})), ChatModel::default());
}
