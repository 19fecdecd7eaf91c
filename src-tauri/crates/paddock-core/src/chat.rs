//! A chat with a model: asks the engine itself, past the endpoint and with the engine's own key, and hands on what comes
//! as typed events.
//!
//! The lease is held as long as the stream is: dropping it ends the request, and the engine's slot is free. Left out:
//! what becomes of the answer; that is the page's, and `chats`'.

use std::pin::Pin;
use std::time::{Duration, Instant};

use eventsource_stream::{Event, EventStreamError, Eventsource};
use futures_util::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use supervisor::Server;

use crate::chat_error::ChatError;
use crate::chat_reader::Reader;
use crate::core::Core;
use crate::error::{Error, WireError};
use crate::load_model::LoadRequest;
use crate::schedule::lease::{Lease, Wanted};

/// What an engine that is up says of itself within.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(5);

/// What happens while an answer comes.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatEvent {
    /// The engine reads the messages: so many tokens of so many.
    Reading {
        /// Read, or known from before.
        tokens: u32,
        /// All of them.
        of: u32,
    },
    /// A piece of the answer.
    Content(String),
    /// A piece of what the model thinks before it answers.
    Reasoning(String),
    /// The answer is complete.
    Done {
        /// It was cut off: at `max_tokens`, or because the context is full.
        cut_off: bool,
        /// Its figures.
        facts: AnswerFacts,
    },
    /// There will be no more of it.
    Failed(WireError),
}

/// The figures of an answer, as far as they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AnswerFacts {
    /// The messages before it, those that were known from before included.
    pub prompt_tokens: Option<u32>,
    /// The answer itself.
    pub completion_tokens: Option<u32>,
    /// How fast it came.
    pub tokens_per_second: Option<f64>,
    /// From the request to its first token; loading is not part of it.
    pub first_token_milliseconds: Option<u32>,
}

/// What a running model says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChatModel {
    /// Room for one chat.
    pub context_tokens: Option<u32>,
    /// It can see images.
    pub vision: bool,
    /// Sampling where nothing is set.
    pub temperature: Option<f64>,
    /// See [`crate::ChatSettings`].
    pub top_p: Option<f64>,
    /// See [`crate::ChatSettings`].
    pub top_k: Option<i32>,
    /// See [`crate::ChatSettings`].
    pub min_p: Option<f64>,
}

type Events = Pin<Box<dyn Stream<Item = Result<Event, EventStreamError<reqwest::Error>>> + Send>>;

/// An answer that is coming.
pub struct ChatStream {
    events: Events,
    reader: Reader,
    lease: Lease,
}

impl ChatStream {
    /// What comes next; `None` after [`ChatEvent::Done`] or [`ChatEvent::Failed`].
    pub async fn next(&mut self) -> Option<ChatEvent> {
        loop {
            if let Some(event) = self.reader.ready.pop_front() {
                return Some(event);
            }
            if self.reader.ended {
                return None;
            }
            match self.events.next().await {
                Some(Ok(event)) => self.reader.take(self.lease.key(), &event.data),
                Some(Err(error)) => {
                    let reason = self.reason(&error.to_string());
                    self.reader.fail(self.lease.key(), reason);
                }
                None => {
                    let reason = self.reason("the engine closed the connection");
                    self.reader.end_of_stream(self.lease.key(), reason);
                }
            }
        }
    }

    /// The figures up to now, for an answer that is stopped.
    #[must_use]
    pub fn facts(&self) -> AnswerFacts {
        self.reader.facts
    }

    /// An engine that died is a better reason than what the connection says.
    fn reason(&self, otherwise: &str) -> String {
        let server = self.lease.server();
        if server.closing().is_cancelled() {
            "the model was stopped".to_owned()
        } else if let Some(error) = server.error() {
            error.to_string()
        } else {
            otherwise.to_owned()
        }
    }
}

impl Core {
    /// Asks a model, which is loaded if it is not; `body` is that of [`crate::chat_body`]. Dropping the future or the
    /// stream ends the request.
    ///
    /// # Errors
    /// What loading refuses, and what the engine refuses before its answer begins.
    pub async fn chat_stream(&self, key: &str, body: &Value) -> Result<ChatStream, Error> {
        let lease = self.lease_for_chat(key).await?;
        let asked = Instant::now();
        let request = to_server(lease.server(), key, None)?
            .post("/v1/chat/completions")
            .json(body);
        let unreachable = |source| ChatError::Unreachable {
            key: key.to_owned(),
            source,
        };
        let response = request.send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            let text = response.text().await.map_err(unreachable)?;
            let body: Value = serde_json::from_str(&text).unwrap_or_default();
            return Err(ChatError::told(key, &body, &text).into());
        }
        Ok(ChatStream {
            events: Box::pin(response.bytes_stream().eventsource()),
            reader: Reader::new(asked),
            lease,
        })
    }

    /// Somebody who writes to a model wants it loaded, whatever requests of programs may do.
    async fn lease_for_chat(&self, key: &str) -> Result<Lease, Error> {
        let wanted = Wanted {
            key,
            ttl_seconds: None,
        };
        match self.lease(&wanted).await {
            Err(error) if error.code() == "model_not_loaded" => {
                self.load_model(&LoadRequest::of(key)).await?;
                self.lease(&wanted).await
            }
            answer => answer,
        }
    }

    /// What a running model says of itself; `None` for one that is not loaded.
    ///
    /// # Errors
    /// When its engine does not answer.
    pub async fn chat_model(&self, key: &str) -> Result<Option<ChatModel>, Error> {
        let Some(server) = self.registry().get(key) else {
            return Ok(None);
        };
        if server.status().server_url.is_none() {
            return Ok(None);
        }
        let request = to_server(&server, key, Some(QUESTION_TIMEOUT))?.get("/props");
        let answer = async {
            request
                .send()
                .await?
                .error_for_status()?
                .json::<Value>()
                .await
        };
        let props = answer.await.map_err(|source| ChatError::Unreachable {
            key: key.to_owned(),
            source,
        })?;
        Ok(Some(model_of(&props)))
    }
}

fn model_of(props: &Value) -> ChatModel {
    let settings = &props["default_generation_settings"];
    // Older engines have them one level higher.
    let params = settings.get("params").unwrap_or(settings);
    // They are kept as f32: 0.800000011920929.
    let number = |name: &str| {
        params[name]
            .as_f64()
            .map(|value| (value * 1e4).round() / 1e4)
    };
    ChatModel {
        context_tokens: settings["n_ctx"]
            .as_u64()
            .and_then(|count| u32::try_from(count).ok()),
        vision: props["modalities"]["vision"] == true,
        temperature: number("temperature"),
        top_p: number("top_p"),
        top_k: params["top_k"]
            .as_i64()
            .and_then(|count| i32::try_from(count).ok()),
        min_p: number("min_p"),
    }
}

/// Requests to one engine.
struct ToServer {
    client: reqwest::Client,
    base: String,
    api_key: String,
}

impl ToServer {
    fn post(&self, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.post(format!("{}{path}", self.base));
        request.bearer_auth(&self.api_key)
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.get(format!("{}{path}", self.base));
        request.bearer_auth(&self.api_key)
    }
}

fn to_server(server: &Server, key: &str, timeout: Option<Duration>) -> Result<ToServer, ChatError> {
    let mut builder = http_client::loopback();
    if let Some(timeout) = timeout {
        builder = builder.timeout(timeout);
    }
    let client = builder.build().map_err(|source| ChatError::Unreachable {
        key: key.to_owned(),
        source,
    })?;
    let base = server
        .status()
        .server_url
        .ok_or_else(|| ChatError::Broken {
            key: key.to_owned(),
            reason: "its engine has ended".to_owned(),
        })?;
    Ok(ToServer {
        client,
        base,
        api_key: server.api_key().to_owned(),
    })
}

#[cfg(test)]
#[path = "chat_tests.rs"]
mod tests;
