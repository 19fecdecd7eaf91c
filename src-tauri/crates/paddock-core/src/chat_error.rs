//! Why a chat did not get its answer, or could not be kept.

use std::path::PathBuf;

/// What failed.
#[derive(Debug, thiserror::Error)]
pub enum ChatError {
    /// The engine took no connection.
    #[error("the engine of {key} does not answer: {source}")]
    Unreachable {
        /// The model.
        key: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The engine answered with an error.
    #[error("{key} gave no answer: {reason}")]
    Refused {
        /// The model.
        key: String,
        /// In the engine's words.
        reason: String,
    },
    /// The messages are longer than the context.
    #[error("this chat is too long for {key}: {}", room(*.prompt_tokens, *.context_tokens))]
    ContextFull {
        /// The model.
        key: String,
        /// What was sent.
        prompt_tokens: Option<u64>,
        /// What there is room for.
        context_tokens: Option<u64>,
    },
    /// The model was not made to see.
    #[error("{key} cannot see images")]
    NoVision {
        /// The model.
        key: String,
    },
    /// The stream ended in the middle.
    #[error("the answer of {key} broke off: {reason}")]
    Broken {
        /// The model.
        key: String,
        /// Why.
        reason: String,
    },
    /// No chat has this name.
    #[error("there is no chat {id:?}")]
    NotFound {
        /// The name.
        id: String,
    },
    /// A chat's file is not one.
    #[error("the chat in {} cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A chat is larger than what is kept.
    #[error("this chat is {megabytes} MB, more than the {most} MB that a chat may have")]
    TooLarge {
        /// How large it is.
        megabytes: u64,
        /// How large it may be.
        most: u64,
    },
    /// A chat could not be written or deleted.
    #[error("the chat could not be saved in {}: {source}", path.display())]
    NotSaved {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

fn room(prompt: Option<u64>, context: Option<u64>) -> String {
    match (prompt, context) {
        (Some(prompt), Some(context)) => {
            format!("it has {prompt} tokens, and the context holds {context}")
        }
        _ => "it has more tokens than the context holds".to_owned(),
    }
}

impl ChatError {
    /// The stable name of this error on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "chat_unreachable",
            Self::Refused { .. } => "chat_refused",
            Self::ContextFull { .. } => "chat_context_full",
            Self::NoVision { .. } => "chat_no_vision",
            Self::Broken { .. } => "chat_broken",
            Self::NotFound { .. } => "chat_not_found",
            Self::Unreadable { .. } => "chat_unreadable",
            Self::TooLarge { .. } => "chat_too_large",
            Self::NotSaved { .. } => "chat_not_saved",
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "Load the model again.",
            Self::Refused { .. } | Self::NotFound { .. } => "",
            Self::ContextFull { .. } => {
                "Begin a new chat, or load the model with a larger context size."
            }
            Self::NoVision { .. } => {
                "Take the image out, or choose a model that has a vision projector."
            }
            Self::Broken { .. } => "What came until then is kept. Ask again.",
            Self::Unreadable { .. } => {
                "The file is kept as it is. Delete it here, or mend it by hand."
            }
            Self::TooLarge { .. } => "Begin a new chat; smaller images help.",
            Self::NotSaved { .. } => {
                "Check that the data folder can be written and that its disk has room."
            }
        }
    }

    /// From what the engine answered instead of an answer: llama.cpp's error object, or any text.
    pub(crate) fn told(key: &str, body: &serde_json::Value, text: &str) -> Self {
        let key = key.to_owned();
        let error = body.get("error").unwrap_or(body);
        let said = error
            .get("message")
            .or(Some(error))
            .and_then(|message| message.as_str());
        let reason = said.unwrap_or(text).trim();
        if error["type"] == "exceed_context_size_error" {
            return Self::ContextFull {
                key,
                prompt_tokens: error["n_prompt_tokens"].as_u64(),
                context_tokens: error["n_ctx"].as_u64(),
            };
        }
        // The engine's words since it can see at all.
        if reason.contains("image input is not supported") {
            return Self::NoVision { key };
        }
        Self::Refused {
            key,
            reason: reason.chars().take(400).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_engines_words_become_errors_that_can_be_acted_on() {
        // As b10068 says them.
        let full = json!({ "error": { "code": 400, "message": "request (12024 tokens) exceeds the available context size (2048 tokens), try increasing it", "type": "exceed_context_size_error", "n_prompt_tokens": 12024, "n_ctx": 2048 } });
        let error = ChatError::told("a/b", &full, "");
        assert_eq!(error.code(), "chat_context_full");
        assert_eq!(
            error.to_string(),
            "this chat is too long for a/b: it has 12024 tokens, and the context holds 2048"
        );
        let blind = json!({ "error": { "code": 500, "message": "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj", "type": "server_error" } });
        assert_eq!(ChatError::told("a/b", &blind, "").code(), "chat_no_vision");
        let other = ChatError::told("a/b", &serde_json::Value::Null, "Bad gateway\n");
        assert_eq!(other.to_string(), "a/b gave no answer: Bad gateway");
    }
}
