//! A chat as a Markdown document, for other programs.

use std::fmt::Write as _;

use crate::chat_request::ChatRole;
use crate::chats::{Chat, Ending};

/// The whole chat: a heading for each message, thinking folded, images named and not put in.
#[must_use]
pub fn chat_markdown(chat: &Chat) -> String {
    let mut text = format!("# {}\n", chat.title);
    let system = chat.settings.system_prompt.as_deref().unwrap_or_default();
    if !system.trim().is_empty() {
        let _ = write!(text, "\n## System\n\n{}\n", system.trim());
    }
    for message in &chat.messages {
        let who = match (message.role, &message.model) {
            (ChatRole::User, _) => "You",
            (ChatRole::Assistant, Some(model)) => model,
            (ChatRole::Assistant, None) => "Assistant",
        };
        let _ = write!(text, "\n## {who}\n");
        let thoughts = message.reasoning.as_deref().unwrap_or_default().trim();
        if !thoughts.is_empty() {
            let _ = write!(
                text,
                "\n<details>\n<summary>Thinking</summary>\n\n{thoughts}\n\n</details>\n"
            );
        }
        match message.images.len() {
            0 => {}
            1 => text.push_str("\n*(1 image)*\n"),
            count => drop(write!(text, "\n*({count} images)*\n")),
        }
        let content = message.content.trim();
        if !content.is_empty() {
            let _ = write!(text, "\n{content}\n");
        }
        match message.ending {
            Ending::Complete => {}
            Ending::CutOff => text.push_str("\n*(cut off)*\n"),
            Ending::Stopped => text.push_str("\n*(stopped)*\n"),
            Ending::Failed => text.push_str("\n*(broke off)*\n"),
        }
    }
    text
}
