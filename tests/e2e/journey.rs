//! From the open window to a completion and back, with the real engine and the real model.

use crate::machine::Machine;

/// What the README promises, in one go.
#[tokio::test]
async fn a_model_is_chosen_tuned_loaded_asked_reloaded_stopped_and_remembered() {
    let machine = Machine::with_gemma().await;
    let window = machine.open().await;

    window.chooses("local/gemma").await;
    window.sees("Q4_K_M").await;
    window.is("stopped").await;
    window.sets("ctxSize", "4096").await;
    window.presses("Show the whole command line").await;
    window.sees("--ctx-size 4096").await;

    window.presses_main("Load").await;
    window.is("starting").await;
    window.is("ready").await;
    let argv = machine.engine().argv.join(" ");
    assert!(argv.contains("--ctx-size 4096"), "{argv}");

    let answer = machine.gateway().chat("Say hello.", 8).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let words = &answer.json()["choices"][0]["message"]["content"];
    assert!(!words.as_str().unwrap().is_empty(), "{words}");

    window.sets("ctxSize", "2048").await;
    window.sees("applies when the model is reloaded").await;
    let before = machine.engine().pid;
    window.presses_in("//main//footer", "Reload").await;
    window
        .sees_no_more("applies when the model is reloaded")
        .await;
    window.is("ready").await;
    let engine = machine.engine();
    assert_ne!(engine.pid, before);
    let argv = engine.argv.join(" ");
    assert!(argv.contains("--ctx-size 2048"), "{argv}");

    window.presses_main("Stop").await;
    window.is("stopped").await;
    assert!(machine.engines_with_a_model().is_empty());
    window.closes(&machine).await;

    let window = machine.open().await;
    window.chooses("local/gemma").await;
    window.shows("ctxSize", "2,048").await;
    window.sees("--ctx-size 2048").await;
    window.closes(&machine).await;
}
