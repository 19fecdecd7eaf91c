//! What goes wrong is said: what, why, and what to try. What takes long can be ended.

use std::fs::File;

use test_support::{Home, STOP_BOUND, engines, environment, models};

use crate::machine::Machine;

/// A machine whose engine, the current one, is the one that `make` makes at a path.
async fn with_engine(make: impl FnOnce(&std::path::Path) -> std::path::PathBuf) -> Machine {
    let home = Home::new();
    let engine = make(&home.file("llama-server"));
    home.add_engine(&engine).await;
    home.add_tiny().await;
    Machine::new(home)
}

#[tokio::test]
async fn a_file_that_is_cut_off_is_listed_with_the_reason_and_offers_no_load() {
    let home = Home::with_tiny().await;
    let folder = home.data().join("models/google/gemma-3-270m-it");
    std::fs::create_dir_all(&folder).unwrap();
    models::truncated(&folder.join("gemma-3-270m-it-Q4_K_M.gguf"), 100_000_000);
    let machine = Machine::new(home);
    let window = machine.open().await;

    window.sees("Unreadable").await;
    window.chooses("google/gemma-3-270m-it-q4_k_m").await;
    window.sees("cannot be read").await;
    window
        .sees("is incomplete: 100.0 MB of 253.1 MB are there")
        .await;
    assert!(window.has("main header button[aria-disabled='true']").await);
    window.closes(&machine).await;
}

#[tokio::test]
async fn a_file_that_was_cut_off_since_fails_with_cause_and_remedy() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    window.sees("--ctx-size").await;
    let file = File::options()
        .write(true)
        .open(machine.home.file("tiny.gguf"))
        .unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();

    window.presses_main("Load").await;
    window.is("failed").await;
    window.sees("Could not load").await;
    window.sees("cut off: fetch the file again").await;
    window.presses("Dismiss").await;
    window.sees_no_more("Could not load").await;
    window.closes(&machine).await;
}

#[tokio::test]
async fn an_engine_that_gives_up_is_shown_with_cause_remedy_and_its_last_words() {
    let home = Home::new();
    home.add_engine(&environment::engine()).await;
    let file = home.file("future.gguf");
    models::of_the_future(&file);
    home.import(&file).await;
    let machine = Machine::new(home);
    let window = machine.open().await;
    window.chooses("local/future").await;
    window.presses_main("Load").await;
    window.is("failed").await;
    window.sees("nexty").await;
    window.sees("need a newer llama-server").await;
    window.finds("[aria-label='Last lines of the log']").await;
    // The remedy is one press away.
    window
        .presses_in("//main//section[@data-state='failed']", "Choose an engine")
        .await;
    window.finds("main[aria-label='Engines']").await;
    window.closes(&machine).await;
}

#[tokio::test]
async fn a_load_that_hangs_is_cancelled_from_the_window() {
    let machine = with_engine(engines::that_hangs).await;
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    window.presses_main("Load").await;
    window.is("starting").await;
    window
        .until("the engine to be there", STOP_BOUND * 3, async || {
            Ok((!machine.processes("sleep").is_empty()).then_some(()))
        })
        .await;

    window.presses_main("Cancel").await;
    window.is("stopped").await;
    assert_eq!(machine.processes("sleep"), []);
    assert_eq!(machine.processes("paddock-guard"), []);
    // Cancelled is not failed.
    assert!(!window.text().await.contains("Could not load"));
    window.closes(&machine).await;
}

#[tokio::test]
async fn an_engine_that_is_killed_is_shown_and_loads_again() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    window.presses_main("Load").await;
    window.is("ready").await;

    machine.kills_until_given_up(&window).await;
    window.sees("killed").await;
    window.presses_main("Load").await;
    window.is("ready").await;
    window.closes(&machine).await;
}

#[tokio::test]
async fn without_an_engine_the_window_says_what_to_do() {
    let home = Home::new();
    home.add_engine(&environment::engine()).await;
    home.add_tiny().await;
    home.edit_settings(|settings| settings["engines"] = serde_json::json!({}));
    let machine = Machine::new(home);
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    window.sees("No engine").await;
    window.presses("Choose an engine").await;
    window.finds("main[aria-label='Engines']").await;
    window.sees("No engine yet").await;
    window.closes(&machine).await;
}
