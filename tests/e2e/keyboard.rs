//! Without a mouse.

use std::time::Duration;

use crate::machine::Machine;
use crate::window::Window;

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

#[tokio::test]
async fn control_and_a_number_goes_to_the_page() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.finds("main[aria-label='Models']").await;
    for (key, page) in [
        ('2', "Discover"),
        ('3', "Server"),
        ('4', "Engines"),
        ('5', "Chat"),
        ('6', "Settings"),
        ('1', "Models"),
    ] {
        window.control(key).await;
        window.finds(&format!("main[aria-label='{page}']")).await;
        window.finds("nav [aria-current='page']").await;
    }
    window.closes(&machine).await;
}

#[tokio::test]
async fn control_f_searches_the_models_from_anywhere() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.finds("[id='row:local/tiny']").await;
    window.control('3').await;
    window.finds("main[aria-label='Server']").await;
    window.control('f').await;
    window.finds("#search-models:focus").await;
    window.keys("no such model").await;
    window.sees("No model matches").await;
    window.closes(&machine).await;
}

#[tokio::test]
async fn control_l_loads_the_chosen_model_and_stops_it() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    window.sees("--ctx-size").await;
    window.control('l').await;
    window.is("ready").await;
    window.control('l').await;
    window.is("stopped").await;
    window.closes(&machine).await;
}

#[tokio::test]
async fn tab_reaches_everything_and_enter_presses_it() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    window.sees("--ctx-size").await;
    let mut reached = Vec::new();
    for _ in 0..100 {
        window.tab().await;
        let script = "const e = document.activeElement;
            return e.id || e.getAttribute('aria-label') || e.innerText || e.tagName";
        let name = window.script(script).await.unwrap();
        reached.push(name.as_str().unwrap_or_default().trim().to_owned());
    }
    for wanted in [
        "Models",
        "Discover",
        "Server",
        "Engines",
        "Chat",
        "Settings",
        "search-models",
        "row:local/tiny",
        "Load",
    ] {
        assert!(
            reached.iter().any(|name| name == wanted),
            "{wanted}: {reached:?}"
        );
    }
    window.closes(&machine).await;
}

/// Runs a command by its name.
async fn commands(window: &Window, name: &str) {
    window.control('k').await;
    window
        .finds("input[placeholder^='Type a command']:focus")
        .await;
    window.keys(name).await;
    window.finds("[role='dialog'] [data-selected]").await;
    window.keys(ENTER).await;
}

/// From the open window to an answer, by keys alone: settings, a parameter, a load, a chat, a stop.
#[tokio::test]
async fn the_way_to_an_answer_needs_no_mouse() {
    let machine = Machine::with_gemma().await;
    let window = machine.open().await;
    window.finds("[id='row:local/gemma']").await;
    window.control('f').await;
    window.finds("#search-models:focus").await;
    window.keys("gemma\u{e015}").await;
    window.finds("[id='row:local/gemma']:focus").await;
    window.keys(ENTER).await;
    window.sees("--ctx-size").await;
    window.control('l').await;
    window.is("ready").await;

    commands(&window, "try the chosen").await;
    window.finds("#chat-box:focus").await;
    window
        .keys(&format!("Write a long story about a horse{ENTER}"))
        .await;
    let coming = "article:nth-of-type(2)[aria-busy='true'] [class*='markdown'] p";
    window
        .until("an answer", Duration::from_secs(90), async || {
            Ok(window.has(coming).await.then_some(()))
        })
        .await;
    window.control('1').await;
    window.finds("main[aria-label='Models']").await;
    commands(&window, "stop all").await;
    window.is("stopped").await;
    assert!(machine.engines_with_a_model().is_empty());

    // What is in the way is closed by Escape.
    window.control('k').await;
    window
        .finds("input[placeholder^='Type a command']:focus")
        .await;
    window.keys(ESCAPE).await;
    window.sees_no_more("Stop all models").await;
    window.closes(&machine).await;
}
