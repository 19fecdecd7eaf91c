//! Chats as the page sees them.
#![allow(missing_docs)] // The fields are the core's, and documented there.

use paddock_core as core;
use serde::{Deserialize, Serialize};
use specta::Type;

use crate::ipc_error::IpcError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ChatRole {
    User,
    Assistant,
}

/// What a chat sets; what is null is the engine's default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ChatSettings {
    pub system_prompt: Option<String>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub top_k: Option<i32>,
    pub min_p: Option<f64>,
    pub max_tokens: Option<u32>,
    pub seed: Option<u32>,
    pub thinking: Option<bool>,
}

/// The figures of an answer, as far as they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct AnswerFacts {
    pub prompt_tokens: Option<u32>,
    pub completion_tokens: Option<u32>,
    pub tokens_per_second: Option<f64>,
    pub first_token_milliseconds: Option<u32>,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    Complete,
    CutOff,
    Stopped,
    Failed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessage {
    /// Unique in its chat.
    pub id: String,
    pub role: ChatRole,
    /// Markdown.
    pub content: String,
    pub reasoning: Option<String>,
    /// Data URLs.
    pub images: Vec<String>,
    /// The model that wrote it.
    pub model: Option<String>,
    pub facts: AnswerFacts,
    pub ending: Ending,
    pub error: Option<IpcError>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// Letters, digits, `-` and `_`.
    pub id: String,
    pub title: String,
    /// The key of the model that is asked next.
    pub model: Option<String>,
    /// Milliseconds since 1970; set when it is saved.
    pub updated_at: u64,
    pub settings: ChatSettings,
    pub messages: Vec<ChatMessage>,
}

/// A chat in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ChatHead {
    pub id: String,
    pub title: String,
    pub model: Option<String>,
    /// Milliseconds since 1970.
    pub updated_at: u64,
    pub message_count: u32,
    /// What was found in it, with some words around.
    pub found: Option<String>,
    /// Why it cannot be read.
    pub problem: Option<String>,
}

/// What a running model says of itself; the sampling is what holds where nothing is set.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ChatModel {
    /// Room for one chat.
    pub context_tokens: Option<u32>,
    pub vision: bool,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub top_k: Option<i32>,
    pub min_p: Option<f64>,
}

/// A message as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ChatLine {
    pub role: ChatRole,
    pub content: String,
    pub images: Vec<String>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct ChatRequest {
    /// What it is stopped by.
    pub id: String,
    /// The model.
    pub key: String,
    pub messages: Vec<ChatLine>,
    pub settings: ChatSettings,
}

/// What happens while an answer comes.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum ChatEvent {
    /// The engine reads the messages.
    Reading {
        tokens: u32,
        of: u32,
    },
    Content {
        text: String,
    },
    Reasoning {
        text: String,
    },
    /// The last one, unless it failed.
    Done {
        ending: Ending,
        facts: AnswerFacts,
    },
    /// The last one. What came until then stays.
    Failed {
        error: IpcError,
        facts: AnswerFacts,
    },
}

impl From<core::ChatRole> for ChatRole {
    fn from(role: core::ChatRole) -> Self {
        match role {
            core::ChatRole::User => Self::User,
            core::ChatRole::Assistant => Self::Assistant,
        }
    }
}

impl From<ChatRole> for core::ChatRole {
    fn from(role: ChatRole) -> Self {
        match role {
            ChatRole::User => Self::User,
            ChatRole::Assistant => Self::Assistant,
        }
    }
}

impl From<core::Ending> for Ending {
    fn from(ending: core::Ending) -> Self {
        match ending {
            core::Ending::Complete => Self::Complete,
            core::Ending::CutOff => Self::CutOff,
            core::Ending::Stopped => Self::Stopped,
            core::Ending::Failed => Self::Failed,
        }
    }
}

impl From<Ending> for core::Ending {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Complete => Self::Complete,
            Ending::CutOff => Self::CutOff,
            Ending::Stopped => Self::Stopped,
            Ending::Failed => Self::Failed,
        }
    }
}

/// Both ways between structs with the same fields.
macro_rules! same_fields {
    ($name:ident: $($field:ident),+) => {
        impl From<core::$name> for $name {
            fn from(value: core::$name) -> Self {
                Self { $($field: value.$field.into()),+ }
            }
        }
        impl From<$name> for core::$name {
            fn from(value: $name) -> Self {
                Self { $($field: value.$field.into()),+ }
            }
        }
    };
}

same_fields!(ChatSettings: system_prompt, temperature, top_p, top_k, min_p, max_tokens, seed, thinking);
same_fields!(AnswerFacts: prompt_tokens, completion_tokens, tokens_per_second, first_token_milliseconds);

impl From<core::ChatMessage> for ChatMessage {
    fn from(message: core::ChatMessage) -> Self {
        Self {
            id: message.id,
            role: message.role.into(),
            content: message.content,
            reasoning: message.reasoning,
            images: message.images,
            model: message.model,
            facts: message.facts.into(),
            ending: message.ending.into(),
            error: message.error.map(Into::into),
        }
    }
}

impl From<ChatMessage> for core::ChatMessage {
    fn from(message: ChatMessage) -> Self {
        Self {
            id: message.id,
            role: message.role.into(),
            content: message.content,
            reasoning: message.reasoning,
            images: message.images,
            model: message.model,
            facts: message.facts.into(),
            ending: message.ending.into(),
            error: message.error.map(Into::into),
        }
    }
}

impl From<core::Chat> for Chat {
    fn from(chat: core::Chat) -> Self {
        Self {
            id: chat.id,
            title: chat.title,
            model: chat.model,
            updated_at: chat.updated_at,
            settings: chat.settings.into(),
            messages: chat.messages.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Chat> for core::Chat {
    fn from(chat: Chat) -> Self {
        Self {
            id: chat.id,
            title: chat.title,
            model: chat.model,
            updated_at: chat.updated_at,
            settings: chat.settings.into(),
            messages: chat.messages.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<core::ChatHead> for ChatHead {
    fn from(head: core::ChatHead) -> Self {
        Self {
            id: head.id,
            title: head.title,
            model: head.model,
            updated_at: head.updated_at,
            message_count: head.message_count,
            found: head.found,
            problem: head.problem,
        }
    }
}

impl From<core::ChatModel> for ChatModel {
    fn from(model: core::ChatModel) -> Self {
        Self {
            context_tokens: model.context_tokens,
            vision: model.vision,
            temperature: model.temperature,
            top_p: model.top_p,
            top_k: model.top_k,
            min_p: model.min_p,
        }
    }
}

impl From<ChatLine> for core::ChatLine {
    fn from(line: ChatLine) -> Self {
        Self {
            role: line.role.into(),
            content: line.content,
            images: line.images,
        }
    }
}
