//! The Server page: where the endpoint is, who may use it, and what runs.

use serde_json::Value;

use crate::machine::Machine;
use crate::window::Window;

const LAN: &str = "#server-lan";

/// Makes a key in the dialog that is open, and returns it as it is shown.
async fn makes_a_key(window: &Window, name: &str, button: &str) -> String {
    window.types("[role='dialog'] input", name).await;
    window.presses(button).await;
    window.sees("It is kept only as a fingerprint").await;
    let shown = window.finds("[role='dialog'] code").await;
    shown.text().await.unwrap()
}

/// What the settings say of the address.
fn host(machine: &Machine) -> Value {
    machine.home.settings()["gateway"]["host"].clone()
}

#[tokio::test]
async fn the_endpoint_is_copied_with_one_click() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.goes_to("Server").await;
    window.presses_in("//main", "Copy Base URL").await;
    window.control('f').await;
    window.finds("#search-models:focus").await;
    window.control('v').await;
    let url = format!("http://127.0.0.1:{}/v1", machine.port());
    window
        .until(
            "the address to be pasted",
            crate::window::SOON,
            async || {
                let field = window.finds("#search-models").await;
                let pasted = field.prop("value").await?.unwrap_or_default();
                Ok((pasted == url).then_some(()))
            },
        )
        .await;
    window.closes(&machine).await;
}

/// What is shown is the key that works; it is shown once, and nobody else is let in any more (LM Studio #561, #1674,
/// Ollama #1053).
#[tokio::test]
async fn a_key_is_shown_once_and_is_needed_from_then_on() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    assert_eq!(machine.gateway().get("/v1/models").await.status, 200);
    window.goes_to("Server").await;
    window.presses("Add a key…").await;
    let key = makes_a_key(&window, "laptop", "Make key").await;
    assert!(key.starts_with("pk-"), "{key}");
    // Escape must not throw it away.
    window.keys("\u{e00c}").await;
    window.sees(&key).await;
    window.presses("I have copied it").await;
    window.sees_no_more(&key).await;
    window.sees("laptop").await;

    assert_eq!(machine.gateway().get("/v1/models").await.status, 401);
    let with_key = machine.gateway().with_key(&key);
    assert_eq!(with_key.get("/v1/models").await.status, 200);
    let kept = std::fs::read_to_string(machine.home.settings_file()).unwrap();
    assert!(!kept.contains(&key), "the key is kept in the settings");

    window.presses("Remove laptop").await;
    window.presses("Remove key").await;
    window.sees("No key is set").await;
    assert_eq!(machine.gateway().get("/v1/models").await.status, 200);
    window.closes(&machine).await;
}

/// The switch asks for a key first; given up, nothing is opened. After a restart it is as it was left (LM Studio #1334).
#[tokio::test]
async fn other_computers_are_let_in_with_a_key_only() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    let before = host(&machine);
    window.goes_to("Server").await;
    window.finds(LAN).await.click().await.unwrap();
    window.sees("A key is needed first").await;
    window.presses("Cancel").await;
    window.sees_no_more("A key is needed first").await;
    assert_eq!(host(&machine), before);
    assert!(!window.has("#server-lan:checked").await);

    window.finds(LAN).await.click().await.unwrap();
    window.sees("A key is needed first").await;
    let key = makes_a_key(&window, "others", "Make key and open").await;
    window.presses("I have copied it").await;
    window.finds("#server-lan:checked").await;
    window.sees("Other computers can reach it").await;
    assert_eq!(host(&machine), "0.0.0.0");
    assert_eq!(machine.gateway().get("/v1/models").await.status, 401);
    window.picture("server-open").await;
    window.closes(&machine).await;

    let window = machine.open().await;
    window.goes_to("Server").await;
    window.finds("#server-lan:checked").await;
    let with_key = machine.gateway().with_key(&key);
    assert_eq!(with_key.get("/v1/models").await.status, 200);
    window.closes(&machine).await;
}

#[tokio::test]
async fn what_runs_is_there_with_its_memory_and_can_be_stopped() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.goes_to("Server").await;
    window.sees("No model is running").await;
    machine.paddock(&["load", "tiny"]).await;
    window.sees("local/tiny").await;
    // Measured, not only expected.
    window.sees("MB of ").await;
    window.finds("main li [role='img'][aria-label]").await;
    let answer = machine.gateway().chat("Hello", 8).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    window.sees("1 request since the start").await;
    window.presses_starting("Stop ").await;
    window.sees("No model is running").await;
    assert!(machine.engines_with_a_model().is_empty());
    window.closes(&machine).await;
}
