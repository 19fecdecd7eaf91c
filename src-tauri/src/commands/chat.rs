//! Chats: kept ones, and answers as they come.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use paddock_core::{ChatEvent as CoreEvent, ChatStream, chat_body, chat_markdown};
use tauri::ipc::Channel;
use tauri::{AppHandle, Runtime, State};
use tauri_plugin_shell::ShellExt;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{ask, local_path};
use crate::app_state::AppState;
use crate::ipc_error::IpcError;
use crate::ipc_types::chat::{Chat, ChatEvent, ChatHead, ChatModel, ChatRequest, Ending};

/// Pieces are handed on so often: more than can be read, less than a web view minds.
const HAND_ON: Duration = Duration::from_millis(40);

/// Larger ones are none that anybody took for a chat.
const LARGEST_IMAGE_BYTES: u64 = 20_000_000;

/// The answers that are coming, by the ids that the page gave them.
#[derive(Default)]
pub(crate) struct Answers(Mutex<HashMap<String, CancellationToken>>);

impl Answers {
    fn with<T>(&self, what: impl FnOnce(&mut HashMap<String, CancellationToken>) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// All chats, or those that have `text` in them; the one that changed last first.
#[tauri::command]
#[specta::specta]
pub(crate) async fn list_chats(
    state: State<'_, AppState>,
    text: Option<String>,
) -> Result<Vec<ChatHead>, IpcError> {
    let heads = state.core()?.chats(text.as_deref()).await?;
    Ok(heads.into_iter().map(Into::into).collect())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn get_chat(state: State<'_, AppState>, id: String) -> Result<Chat, IpcError> {
    Ok(state.core()?.chat(&id).await?.into())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn save_chat(
    state: State<'_, AppState>,
    chat: Chat,
) -> Result<ChatHead, IpcError> {
    Ok(state.core()?.save_chat(chat.into()).await?.into())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn rename_chat(
    state: State<'_, AppState>,
    id: String,
    title: String,
) -> Result<ChatHead, IpcError> {
    Ok(state.core()?.rename_chat(&id, &title).await?.into())
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn delete_chat(state: State<'_, AppState>, id: String) -> Result<(), IpcError> {
    Ok(state.core()?.delete_chat(&id).await?)
}

/// Asks for a file and writes the chat there as Markdown; false if none was chosen.
#[tauri::command]
#[specta::specta]
pub(crate) async fn export_chat<R: Runtime>(
    app: AppHandle<R>,
    state: State<'_, AppState>,
    id: String,
) -> Result<bool, IpcError> {
    let chat = state.core()?.chat(&id).await?;
    let name = file_name(&chat.title);
    let picked = ask(&app, |dialog, tell| {
        dialog
            .set_title("Export the chat")
            .set_file_name(name)
            .add_filter("Markdown", &["md"])
            .save_file(tell)
    })
    .await;
    let Some(path) = picked.and_then(local_path) else {
        return Ok(false);
    };
    tokio::fs::write(&path, chat_markdown(&chat))
        .await
        .map_err(|error| cannot_write(&path, &error))?;
    Ok(true)
}

/// What a running model says of itself; null for one that is not loaded.
#[tauri::command]
#[specta::specta]
pub(crate) async fn chat_model(
    state: State<'_, AppState>,
    key: String,
) -> Result<Option<ChatModel>, IpcError> {
    Ok(state.core()?.chat_model(&key).await?.map(Into::into))
}

/// Asks a model, which is loaded if it is not. Answers when the last event was sent.
#[tauri::command]
#[specta::specta]
pub(crate) async fn start_chat(
    state: State<'_, AppState>,
    answers: State<'_, Answers>,
    request: ChatRequest,
    on_event: Channel<ChatEvent>,
) -> Result<(), IpcError> {
    let core = state.core()?;
    let lines: Vec<_> = request.messages.into_iter().map(Into::into).collect();
    let body = chat_body(&lines, &request.settings.into());
    let stop = CancellationToken::new();
    answers.with(|all| all.insert(request.id.clone(), stop.clone()));
    let begun = tokio::select! {
        () = stop.cancelled() => None,
        stream = core.chat_stream(&request.key, &body) => Some(stream),
    };
    let outcome = match begun {
        None => {
            let _ = on_event.send(stopped(None));
            Ok(())
        }
        Some(Err(error)) => Err(error.into()),
        Some(Ok(stream)) => {
            hand_on(stream, &stop, &on_event).await;
            Ok(())
        }
    };
    answers.with(|all| all.remove(&request.id));
    outcome
}

/// Ends an answer; one that is over is fine.
#[tauri::command]
#[specta::specta]
pub(crate) async fn stop_chat(answers: State<'_, Answers>, id: String) -> Result<(), IpcError> {
    if let Some(stop) = answers.with(|all| all.get(&id).cloned()) {
        stop.cancel();
    }
    Ok(())
}

/// Shows a web address in the user's browser.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_link<R: Runtime>(app: AppHandle<R>, url: String) -> Result<(), IpcError> {
    let cannot = |reason: String| {
        IpcError::new("cannot_open", format!("could not open {url}: {reason}"), "")
    };
    // What a model writes may name programs and files too.
    let parsed = tauri::Url::parse(&url).map_err(|error| cannot(error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(cannot("only web addresses are opened".to_owned()));
    }
    #[allow(deprecated)] // As in `settings`.
    let opened = app.shell().open(parsed.as_str(), None);
    opened.map_err(|error| cannot(error.to_string()))
}

/// An image file that was dropped on the window, as a data URL.
#[tauri::command]
#[specta::specta]
pub(crate) async fn read_image(path: String) -> Result<String, IpcError> {
    let refused = |reason: String| {
        let hint = "Use a PNG, JPEG, WebP or GIF file of at most 20 MB.";
        IpcError::new(
            "not_an_image",
            format!("could not use {path}: {reason}"),
            hint,
        )
    };
    let size = tokio::fs::metadata(&path).await;
    let size = size.map_err(|error| refused(error.to_string()))?.len();
    if size > LARGEST_IMAGE_BYTES {
        return Err(refused(format!("it has {} MB", size.div_ceil(1_000_000))));
    }
    let bytes = tokio::fs::read(&path).await;
    let bytes = bytes.map_err(|error| refused(error.to_string()))?;
    let kind = image_kind(&bytes).ok_or_else(|| refused("it is no image".to_owned()))?;
    Ok(format!(
        "data:{kind};base64,{}",
        BASE64_STANDARD.encode(bytes)
    ))
}

/// Hands on what comes until it ends, is stopped, or nobody listens any more.
async fn hand_on(mut stream: ChatStream, stop: &CancellationToken, to: &Channel<ChatEvent>) {
    let mut ticks = tokio::time::interval(HAND_ON);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pending: Option<ChatEvent> = None;
    loop {
        let event = tokio::select! {
            biased;
            () = stop.cancelled() => stopped(Some(&stream)),
            _ = ticks.tick(), if pending.is_some() => {
                if let Some(event) = pending.take() && to.send(event).is_err() {
                    return;
                }
                continue;
            }
            event = stream.next() => match event {
                Some(event) => converted(event, &stream),
                None => return,
            },
        };
        let Some(event) = joined(&mut pending, event) else {
            continue;
        };
        let last = matches!(event, ChatEvent::Done { .. } | ChatEvent::Failed { .. });
        if let Some(before) = pending.take()
            && to.send(before).is_err()
        {
            return;
        }
        match event {
            ChatEvent::Content { .. } | ChatEvent::Reasoning { .. } => pending = Some(event),
            event => {
                if to.send(event).is_err() || last {
                    return;
                }
            }
        }
    }
}

/// Puts a piece to those that wait; hands it back where it is of another kind.
fn joined(pending: &mut Option<ChatEvent>, event: ChatEvent) -> Option<ChatEvent> {
    match (pending, event) {
        (Some(ChatEvent::Content { text: all }), ChatEvent::Content { text })
        | (Some(ChatEvent::Reasoning { text: all }), ChatEvent::Reasoning { text }) => {
            all.push_str(&text);
            None
        }
        (_, event) => Some(event),
    }
}

fn converted(event: CoreEvent, stream: &ChatStream) -> ChatEvent {
    match event {
        CoreEvent::Reading { tokens, of } => ChatEvent::Reading { tokens, of },
        CoreEvent::Content(text) => ChatEvent::Content { text },
        CoreEvent::Reasoning(text) => ChatEvent::Reasoning { text },
        CoreEvent::Done { cut_off, facts } => ChatEvent::Done {
            ending: if cut_off {
                Ending::CutOff
            } else {
                Ending::Complete
            },
            facts: facts.into(),
        },
        CoreEvent::Failed(error) => ChatEvent::Failed {
            error: error.into(),
            facts: stream.facts().into(),
        },
    }
}

fn stopped(stream: Option<&ChatStream>) -> ChatEvent {
    ChatEvent::Done {
        ending: Ending::Stopped,
        facts: stream.map(ChatStream::facts).unwrap_or_default().into(),
    }
}

/// A title that every file system takes as a name.
fn file_name(title: &str) -> String {
    let plain: String = title
        .chars()
        .map(|letter| match letter {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
            letter if letter.is_control() => '-',
            letter => letter,
        })
        .take(80)
        .collect();
    let plain = plain.trim_matches(['.', ' ']);
    let plain = if plain.is_empty() { "Chat" } else { plain };
    format!("{plain}.md")
}

fn cannot_write(path: &Path, error: &std::io::Error) -> IpcError {
    let message = format!("could not write {}: {error}", path.display());
    IpcError::new("export_failed", message, "Choose another folder.")
}

/// By its first bytes: a name says little.
fn image_kind(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'B', b'M', ..] => Some("image/bmp"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_file_names() {
        assert_eq!(file_name("What is a/b: \"c\"?"), "What is a-b- -c--.md");
        assert_eq!(file_name(" .. "), "Chat.md");
        assert_eq!(file_name(&"x".repeat(300)).len(), 83);
    }

    #[test]
    fn pieces_of_one_kind_are_put_together() {
        let piece = |text: &str| ChatEvent::Content {
            text: text.to_owned(),
        };
        let mut pending = Some(piece("a"));
        assert_eq!(joined(&mut pending, piece("b")), None);
        assert_eq!(pending, Some(piece("ab")));
        let thought = ChatEvent::Reasoning {
            text: String::new(),
        };
        assert_eq!(joined(&mut pending, thought.clone()), Some(thought));
    }

    #[test]
    fn images_are_known_by_their_bytes() {
        assert_eq!(image_kind(b"\x89PNG\r\n"), Some("image/png"));
        assert_eq!(image_kind(b"RIFF....WEBPVP8 "), Some("image/webp"));
        assert_eq!(image_kind(b"<svg>"), None);
        assert_eq!(image_kind(b""), None);
    }
}
