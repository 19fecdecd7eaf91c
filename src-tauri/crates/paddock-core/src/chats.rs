//! Chats, kept one file each in the data folder's `chats`, so that one that breaks takes no other with it.
//!
//! A file that cannot be read is listed as such and stays where it is until somebody deletes it. What a list needs to
//! know of a file is remembered while the file stays the same. Left out: asking a model, which is `chat`'s.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use supervisor::milliseconds_since_epoch;

use crate::chat::AnswerFacts;
use crate::chat_error::ChatError;
use crate::chat_request::{ChatRole, ChatSettings};
use crate::core::Core;
use crate::error::{Error, WireError};

/// Images are in it, so this is some dozens of them.
const LARGEST_BYTES: u64 = 64_000_000;
const LONGEST_ID: usize = 64;
const LONGEST_TITLE: usize = 120;
/// What is shown around something found.
const AROUND: usize = 40;

/// A chat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    /// Names its file.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// The model that is asked next.
    pub model: Option<String>,
    /// Milliseconds since 1970; set when it is saved.
    #[serde(default)]
    pub updated_at: u64,
    /// What is set for it.
    #[serde(default)]
    pub settings: ChatSettings,
    /// From the first to the last.
    pub messages: Vec<ChatMessage>,
}

/// A message of a chat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessage {
    /// Unique in its chat.
    pub id: String,
    /// Who wrote it.
    pub role: ChatRole,
    /// Its text; Markdown.
    pub content: String,
    /// What the model thought before.
    #[serde(default)]
    pub reasoning: Option<String>,
    /// Images as data URLs.
    #[serde(default)]
    pub images: Vec<String>,
    /// The model that wrote it.
    #[serde(default)]
    pub model: Option<String>,
    /// Its figures.
    #[serde(default)]
    pub facts: AnswerFacts,
    /// Why it is not complete.
    #[serde(default)]
    pub ending: Ending,
    /// What went wrong.
    #[serde(default)]
    pub error: Option<WireError>,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// By itself.
    #[default]
    Complete,
    /// At `max_tokens`, or because the context is full.
    CutOff,
    /// Somebody stopped it.
    Stopped,
    /// Something broke.
    Failed,
}

/// A chat in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatHead {
    /// Its name for commands.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Its model.
    pub model: Option<String>,
    /// Milliseconds since 1970.
    pub updated_at: u64,
    /// How many messages it has.
    pub message_count: u32,
    /// What was found in it, with some words around.
    pub found: Option<String>,
    /// Why it cannot be read.
    pub problem: Option<String>,
}

/// What is known of files that stay the same.
#[derive(Default)]
pub(crate) struct ChatHeads {
    known: Mutex<HashMap<PathBuf, (Stamp, ChatHead)>>,
}

type Stamp = (SystemTime, u64);

impl Core {
    /// All chats, the one that changed last first. With `text`, those that have it in their title or messages.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn chats(&self, text: Option<&str>) -> Result<Vec<ChatHead>, Error> {
        let wanted = text.map(|text| text.trim().to_lowercase());
        let wanted = wanted.filter(|text| !text.is_empty());
        let listed = self.blocking(move |core| core.list_chats(wanted.as_deref()));
        listed.await?
    }

    /// A chat.
    ///
    /// # Errors
    /// `chat_not_found`, `chat_unreadable`.
    pub async fn chat(&self, id: &str) -> Result<Chat, Error> {
        let path = self.chat_file(id)?;
        self.blocking(move |_| Ok(read(&path)?)).await?
    }

    /// Keeps a chat, all of it or as it was.
    ///
    /// # Errors
    /// `chat_too_large`, `chat_not_saved`.
    pub async fn save_chat(&self, mut chat: Chat) -> Result<ChatHead, Error> {
        let path = self.chat_file(&chat.id)?;
        chat.title = title(&chat.title);
        chat.updated_at = milliseconds_since_epoch();
        self.blocking(move |core| Ok(core.inner.chat_heads.write(&path, &chat)?))
            .await?
    }

    /// Gives a chat another title; its place in the list stays.
    ///
    /// # Errors
    /// As of [`Core::chat`] and [`Core::save_chat`].
    pub async fn rename_chat(&self, id: &str, name: &str) -> Result<ChatHead, Error> {
        let path = self.chat_file(id)?;
        let name = title(name);
        self.blocking(move |core| {
            let mut chat = read(&path)?;
            chat.title = name;
            Ok(core.inner.chat_heads.write(&path, &chat)?)
        })
        .await?
    }

    /// Deletes a chat; one that is gone already is fine.
    ///
    /// # Errors
    /// When the file cannot be deleted.
    pub async fn delete_chat(&self, id: &str) -> Result<(), Error> {
        let path = self.chat_file(id)?;
        self.blocking(move |_| match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(ChatError::NotSaved { path, source }.into())
            }
            _ => Ok(()),
        })
        .await?
    }

    fn chats_folder(&self) -> PathBuf {
        self.data().chats()
    }

    /// Ids are made by the page; none of them may name a file elsewhere.
    fn chat_file(&self, id: &str) -> Result<PathBuf, ChatError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(allowed) {
            return Err(ChatError::NotFound { id: id.to_owned() });
        }
        Ok(self.chats_folder().join(format!("{id}.json")))
    }

    fn list_chats(&self, wanted: Option<&str>) -> Result<Vec<ChatHead>, Error> {
        let folder = self.chats_folder();
        let unusable = |source| Error::Folder {
            path: folder.clone(),
            source,
        };
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(unusable)?,
        };
        let mut heads = Vec::new();
        for entry in entries {
            let path = entry.map_err(unusable)?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            // What is half written begins with a dot.
            let Some(id) = stem.filter(|id| self.chat_file(id).is_ok()) else {
                continue;
            };
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let head = match wanted {
                None => Some(self.inner.chat_heads.of(&path, id)),
                Some(text) => find(&path, id, text),
            };
            heads.extend(head);
        }
        heads.sort_by(|a, b| {
            b.updated_at
                .cmp(&a.updated_at)
                .then_with(|| a.id.cmp(&b.id))
        });
        Ok(heads)
    }
}

impl ChatHeads {
    /// Writes a chat and knows its head: the list need not read what was just written.
    fn write(&self, path: &Path, chat: &Chat) -> Result<ChatHead, ChatError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        write(path, chat)?;
        let head = head_of(chat);
        if let Some(stamp) = stamp(path) {
            known.insert(path.to_owned(), (stamp, head.clone()));
        }
        Ok(head)
    }

    fn of(&self, path: &Path, id: &str) -> ChatHead {
        let stamp = stamp(path);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, head)) = known.get(path)
            && Some(*then) == stamp
        {
            return head.clone();
        }
        let head = match read(path) {
            Ok(chat) => head_of(&chat),
            Err(error) => broken(path, id, &error),
        };
        if let Some(stamp) = stamp {
            known.insert(path.to_owned(), (stamp, head.clone()));
        }
        head
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = path.metadata().ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn find(path: &Path, id: &str, text: &str) -> Option<ChatHead> {
    let chat = match read(path) {
        Ok(chat) => chat,
        Err(error) => {
            let head = broken(path, id, &error);
            return head.title.to_lowercase().contains(text).then_some(head);
        }
    };
    let found = chat
        .messages
        .iter()
        .find_map(|message| snippet(&message.content, text));
    let titled = chat.title.to_lowercase().contains(text);
    (titled || found.is_some()).then(|| ChatHead {
        found,
        ..head_of(&chat)
    })
}

/// What was found, in one line, with some words around. Lower case may have other lengths than what it is of, so the
/// place is looked for letter by letter.
fn snippet(content: &str, text: &str) -> Option<String> {
    if !content.to_lowercase().contains(text) {
        return None;
    }
    let letters: Vec<char> = content.chars().collect();
    let lower = |at: usize| {
        letters[at..]
            .iter()
            .flat_map(|letter| letter.to_lowercase())
    };
    let at = (0..letters.len())
        .find(|at| {
            let mut here = lower(*at);
            text.chars().all(|letter| here.next() == Some(letter))
        })
        .unwrap_or_default();
    let from = at.saturating_sub(AROUND);
    let to = (at + text.chars().count() + AROUND).min(letters.len());
    let piece: String = letters[from..to].iter().collect();
    let words: Vec<&str> = piece.split_whitespace().collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if to < letters.len() { "…" } else { "" };
    Some(format!("{before}{}{after}", words.join(" ")))
}

fn read(path: &Path) -> Result<Chat, ChatError> {
    let unreadable = |reason: String| ChatError::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let size = match path.metadata() {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let id = path.file_stem().unwrap_or_default();
            let id = id.to_string_lossy().into_owned();
            return Err(ChatError::NotFound { id });
        }
        Err(error) => return Err(unreadable(error.to_string())),
    };
    if size > LARGEST_BYTES {
        return Err(unreadable(format!("it has {size} bytes")));
    }
    let text = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let mut chat: Chat =
        serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
    // A copy by hand is a chat of its own.
    if let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) {
        stem.clone_into(&mut chat.id);
    }
    Ok(chat)
}

fn write(path: &Path, chat: &Chat) -> Result<(), ChatError> {
    let not_saved = |source| ChatError::NotSaved {
        path: path.to_owned(),
        source,
    };
    let text = serde_json::to_vec(chat).map_err(|error| not_saved(error.into()))?;
    let size = text.len() as u64;
    if size > LARGEST_BYTES {
        return Err(ChatError::TooLarge {
            megabytes: size.div_ceil(1_000_000),
            most: LARGEST_BYTES / 1_000_000,
        });
    }
    settings::write_atomically(path, &text).map_err(not_saved)
}

fn head_of(chat: &Chat) -> ChatHead {
    ChatHead {
        id: chat.id.clone(),
        title: chat.title.clone(),
        model: chat.model.clone(),
        updated_at: chat.updated_at,
        message_count: u32::try_from(chat.messages.len()).unwrap_or(u32::MAX),
        found: None,
        problem: None,
    }
}

fn broken(path: &Path, id: &str, error: &ChatError) -> ChatHead {
    let modified = path.metadata().and_then(|metadata| metadata.modified());
    let age = modified
        .ok()
        .and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
    ChatHead {
        id: id.to_owned(),
        title: format!("{id}.json"),
        model: None,
        updated_at: age.map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or_default()),
        message_count: 0,
        found: None,
        problem: Some(error.to_string()),
    }
}

/// One line, not too long.
fn title(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST_TITLE).collect()
}

#[cfg(test)]
#[path = "chats_tests.rs"]
mod tests;
