//! Makes events of the lines that an engine streams: pieces of the answer, how far it has read, figures, and how it ended.

use std::collections::VecDeque;
use std::time::Instant;

use serde::Deserialize;
use serde_json::Value;

use crate::chat::{AnswerFacts, ChatEvent};
use crate::chat_error::ChatError;
use crate::error::{Error, WireError};

/// Makes events of the stream's lines.
pub(crate) struct Reader {
    asked: Instant,
    pub(crate) facts: AnswerFacts,
    /// The engine gave a reason why the answer is over.
    finished: bool,
    cut_off: bool,
    /// What is to be handed on.
    pub(crate) ready: VecDeque<ChatEvent>,
    /// Nothing more will come.
    pub(crate) ended: bool,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    timings: Option<Timings>,
    prompt_progress: Option<Progress>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    #[serde(alias = "reasoning")]
    reasoning_content: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u32>,
    completion_tokens: Option<u32>,
}

#[derive(Deserialize)]
struct Timings {
    #[serde(default)]
    cache_n: u32,
    #[serde(default)]
    prompt_n: u32,
    #[serde(default)]
    predicted_n: u32,
    predicted_per_second: Option<f64>,
}

#[derive(Deserialize)]
struct Progress {
    total: u32,
    processed: u32,
}

impl Reader {
    pub(crate) fn new(asked: Instant) -> Self {
        Self {
            asked,
            facts: AnswerFacts::default(),
            finished: false,
            cut_off: false,
            ready: VecDeque::new(),
            ended: false,
        }
    }

    pub(crate) fn take(&mut self, key: &str, data: &str) {
        if data.trim() == "[DONE]" {
            return self.done();
        }
        let chunk: Chunk = match serde_json::from_str(data) {
            Ok(chunk) => chunk,
            Err(error) => return self.fail(key, format!("it is not as expected: {error}")),
        };
        if let Some(error) = chunk.error {
            let told = ChatError::told(key, &error, "the engine does not say why");
            return self.failed(told);
        }
        if let Some(Progress { total, processed }) = chunk.prompt_progress {
            let (tokens, of) = (processed.min(total), total);
            self.ready.push_back(ChatEvent::Reading { tokens, of });
        }
        for choice in chunk.choices {
            if let Some(delta) = choice.delta {
                self.piece(delta.reasoning_content, ChatEvent::Reasoning);
                self.piece(delta.content, ChatEvent::Content);
            }
            if let Some(reason) = choice.finish_reason {
                self.finished = true;
                self.cut_off = reason == "length";
            }
        }
        self.figures(chunk.timings, chunk.usage);
    }

    fn piece(&mut self, text: Option<String>, event: fn(String) -> ChatEvent) {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return;
        };
        self.first_token();
        self.ready.push_back(event(text));
    }

    fn first_token(&mut self) {
        if self.facts.first_token_milliseconds.is_none() {
            let passed = self.asked.elapsed().as_millis();
            self.facts.first_token_milliseconds = Some(u32::try_from(passed).unwrap_or(u32::MAX));
        }
    }

    fn figures(&mut self, timings: Option<Timings>, usage: Option<Usage>) {
        // Tokens that may become a tag are counted before their text is told.
        if timings
            .as_ref()
            .is_some_and(|timings| timings.predicted_n > 0)
        {
            self.first_token();
        }
        let facts = &mut self.facts;
        if let Some(timings) = timings.filter(|timings| timings.predicted_n > 0) {
            facts.prompt_tokens = Some(timings.cache_n.saturating_add(timings.prompt_n));
            facts.completion_tokens = Some(timings.predicted_n);
            // One token has no speed: its time is that of reading.
            let speed = timings
                .predicted_per_second
                .filter(|_| timings.predicted_n > 1);
            facts.tokens_per_second = speed.or(facts.tokens_per_second);
        }
        if let Some(usage) = usage {
            facts.prompt_tokens = usage.prompt_tokens.or(facts.prompt_tokens);
            facts.completion_tokens = usage.completion_tokens.or(facts.completion_tokens);
        }
    }

    fn done(&mut self) {
        self.ended = true;
        self.ready.push_back(ChatEvent::Done {
            cut_off: self.cut_off,
            facts: self.facts,
        });
    }

    pub(crate) fn end_of_stream(&mut self, key: &str, reason: String) {
        if self.finished {
            self.done();
        } else {
            self.fail(key, reason);
        }
    }

    pub(crate) fn fail(&mut self, key: &str, reason: String) {
        let key = key.to_owned();
        self.failed(ChatError::Broken { key, reason });
    }

    fn failed(&mut self, error: ChatError) {
        self.ended = true;
        let error = WireError::from(&Error::from(error));
        self.ready.push_back(ChatEvent::Failed(error));
    }
}
