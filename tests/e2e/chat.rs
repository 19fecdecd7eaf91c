//! The chat, in the real window with the real model: an answer comes, is stopped, and is there after a restart.

use std::time::Duration;

use crate::machine::Machine;
use crate::window::Window;

const BOX: &str = "#chat-box";
const ENTER: &str = "\u{e007}";
/// Loading, reading and so many tokens, on two slow cores.
const ANSWERS_WITHIN: Duration = Duration::from_secs(90);

async fn says(window: &Window, text: &str) {
    window.types(BOX, text).await;
    window.keys(ENTER).await;
}

/// An answer ends after so many tokens.
async fn bounds(window: &Window, tokens: &str) {
    window.presses_starting("Chat settings").await;
    window.types("input[placeholder='no limit']", tokens).await;
    window.keys("\u{e00c}").await;
    window.sees("Chat settings, 1 set").await;
}

/// The model is loaded by the first message; what was written is kept.
#[tokio::test]
async fn a_model_is_tried_stopped_and_its_chat_is_there_after_a_restart() {
    let machine = Machine::with_gemma().await;
    let window = machine.open().await;
    window.goes_to("Chat").await;
    window
        .sees("It is loaded when you send the first message")
        .await;
    assert!(machine.engines_with_a_model().is_empty());
    bounds(&window, "12").await;

    says(&window, "Count from one to ten").await;
    window
        .sees_within("first token after", ANSWERS_WITHIN)
        .await;
    window.sees("12 tokens").await;
    window.sees("tokens/s").await;
    machine.engine();

    bounds(&window, "4000").await;
    says(&window, "Write a very long story about a paddock").await;
    let second = "article:nth-of-type(4)[aria-busy='true'] [class*='markdown'] p";
    let limit = ANSWERS_WITHIN;
    window
        .until("a piece of the second answer", limit, async || {
            Ok(window.has(second).await.then_some(()))
        })
        .await;
    window.presses("Stop").await;
    window.sees("Stopped ·").await;
    // The engine's slot is free again, at once.
    let answer = machine.gateway().chat("Hello", 4).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    window.picture("chat").await;
    window.closes(&machine).await;

    let window = machine.open().await;
    window.goes_to("Chat").await;
    window.sees("Write a very long story about a paddock").await;
    window.sees("Stopped ·").await;
    window.sees("Count from one to ten").await;
    window.types("[data-chat-search]", "giraffe").await;
    window.sees("No chat has “giraffe”.").await;
    window.types("[data-chat-search]", "LONG STORY").await;
    window.sees_no_more("No chat has").await;
    window.finds("[data-row]").await;
    window.closes(&machine).await;

    let folder = machine.home.data().join("chats");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:#?}");
}
