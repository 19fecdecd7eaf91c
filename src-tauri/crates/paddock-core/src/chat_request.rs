//! What a chat asks an engine: messages and sampling settings, and the body that says them to `/v1/chat/completions`.
//!
//! What is not set is not sent: the engine's default holds then, which is also the one that the model's load parameters
//! set.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ChatRole {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// What a chat sets; what is `None` is the engine's default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChatSettings {
    /// Said before all messages.
    pub system_prompt: Option<String>,
    /// Randomness: 0 takes the likeliest token each time.
    pub temperature: Option<f64>,
    /// Only the likeliest tokens that together reach this probability.
    pub top_p: Option<f64>,
    /// Only so many of the likeliest tokens; 0 takes all.
    pub top_k: Option<i32>,
    /// Only tokens at least this likely, as a share of the likeliest.
    pub min_p: Option<f64>,
    /// An answer ends after so many tokens.
    pub max_tokens: Option<u32>,
    /// The same seed and messages give the same answer.
    pub seed: Option<u32>,
    /// Whether the model thinks before it answers, where its template can be told.
    pub thinking: Option<bool>,
}

/// A message as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatLine {
    /// Who wrote it.
    pub role: ChatRole,
    /// Its text.
    pub content: String,
    /// Images as data URLs.
    pub images: Vec<String>,
}

/// The body of the request.
#[must_use]
pub fn chat_body(lines: &[ChatLine], settings: &ChatSettings) -> Value {
    let mut body = Map::new();
    body.insert(
        "messages".to_owned(),
        Value::Array(messages(lines, settings)),
    );
    body.insert("stream".to_owned(), true.into());
    body.insert(
        "stream_options".to_owned(),
        json!({ "include_usage": true }),
    );
    // An answer that is stopped has figures too; engines that do not know these two ignore them.
    body.insert("timings_per_token".to_owned(), true.into());
    body.insert("return_progress".to_owned(), true.into());
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set("temperature", settings.temperature.map(Value::from));
    set("top_p", settings.top_p.map(Value::from));
    set("top_k", settings.top_k.map(Value::from));
    set("min_p", settings.min_p.map(Value::from));
    set("max_tokens", settings.max_tokens.map(Value::from));
    set("seed", settings.seed.map(Value::from));
    let thinking = settings.thinking;
    set(
        "chat_template_kwargs",
        thinking.map(|thinking| json!({ "enable_thinking": thinking })),
    );
    Value::Object(body)
}

/// Many templates refuse two messages of one side in a row, which an answer that failed leaves behind: they become one.
fn messages(lines: &[ChatLine], settings: &ChatSettings) -> Vec<Value> {
    let mut joined: Vec<ChatLine> = Vec::new();
    for line in lines {
        if line.content.trim().is_empty() && line.images.is_empty() {
            continue;
        }
        match joined.last_mut().filter(|last| last.role == line.role) {
            Some(last) => {
                last.content = format!("{}\n\n{}", last.content, line.content);
                last.images.extend_from_slice(&line.images);
            }
            None => joined.push(line.clone()),
        }
    }
    let system = settings.system_prompt.as_deref().map(str::trim);
    let system = system
        .filter(|text| !text.is_empty())
        .map(|text| json!({ "role": "system", "content": text }));
    system
        .into_iter()
        .chain(joined.iter().map(message))
        .collect()
}

fn message(line: &ChatLine) -> Value {
    if line.images.is_empty() {
        return json!({ "role": line.role, "content": line.content });
    }
    let images = line
        .images
        .iter()
        .map(|url| json!({ "type": "image_url", "image_url": { "url": url } }));
    let text = Some(json!({ "type": "text", "text": line.content }))
        .filter(|_| !line.content.trim().is_empty());
    let parts: Vec<Value> = images.chain(text).collect();
    json!({ "role": line.role, "content": parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(role: ChatRole, content: &str) -> ChatLine {
        ChatLine {
            role,
            content: content.to_owned(),
            images: Vec::new(),
        }
    }

    /// What is not set is the engine's business: no default of ours overrides the model's.
    #[test]
    fn sends_what_is_set_and_nothing_else() {
        let lines = [line(ChatRole::User, "Hi")];
        let body = chat_body(&lines, &ChatSettings::default());
        let names: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(
            names,
            [
                "messages",
                "stream",
                "stream_options",
                "timings_per_token",
                "return_progress"
            ]
        );
        let settings = ChatSettings {
            system_prompt: Some("Be brief.".to_owned()),
            temperature: Some(0.0),
            top_k: Some(0),
            max_tokens: Some(64),
            seed: Some(7),
            thinking: Some(false),
            ..ChatSettings::default()
        };
        let body = chat_body(&lines, &settings);
        assert_eq!(
            body["messages"][0],
            json!({ "role": "system", "content": "Be brief." })
        );
        assert_eq!(body["temperature"], json!(0.0));
        assert_eq!(body["top_k"], json!(0));
        assert_eq!(body["max_tokens"], json!(64));
        assert_eq!(body["seed"], json!(7));
        assert_eq!(
            body["chat_template_kwargs"],
            json!({ "enable_thinking": false })
        );
        assert!(body.get("top_p").is_none() && body.get("min_p").is_none());
    }

    /// Gemma's template, for one, refuses roles that do not alternate.
    #[test]
    fn an_empty_answer_leaves_no_two_questions_in_a_row() {
        let lines = [
            line(ChatRole::User, "One"),
            line(ChatRole::Assistant, "  "),
            line(ChatRole::User, "Two"),
        ];
        let body = chat_body(&lines, &ChatSettings::default());
        assert_eq!(
            body["messages"],
            json!([{ "role": "user", "content": "One\n\nTwo" }])
        );
    }

    #[test]
    fn images_come_before_their_question() {
        let lines = [ChatLine {
            images: vec!["data:image/png;base64,AA==".to_owned()],
            ..line(ChatRole::User, "What is this?")
        }];
        let body = chat_body(&lines, &ChatSettings::default());
        assert_eq!(
            body["messages"][0]["content"],
            json!([
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,AA==" } },
                { "type": "text", "text": "What is this?" }
            ])
        );
    }
}
