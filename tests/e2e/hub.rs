//! From a search on the hub to a model that answers, in the window.

use std::time::Duration;

use test_support::hub::{STARTER, STARTER_FILE};
use test_support::{Home, HubDouble, environment};

use crate::machine::{Machine, free_port};
use crate::window::Window;

/// 253 MB from this machine to itself, on a machine that may be busy.
const FETCHED_WITHIN: Duration = Duration::from_secs(120);

/// A machine with an engine and no model, whose hub is the double.
async fn machine(hub: &HubDouble) -> Machine {
    let home = Home::with_hub(hub);
    home.add_engine(&environment::engine()).await;
    home.edit_settings(|settings| {
        settings["hub"]["endpoint"] = serde_json::json!(hub.url());
    });
    Machine::new(home)
}

/// Opens the starter model's page from a search.
async fn finds_the_starter(window: &Window) {
    window.goes_to("Discover").await;
    window
        .types("input[aria-label='Search the hub']", "gemma")
        .await;
    let row = window.finds(&format!("[id='hub:{STARTER}']")).await;
    row.click().await.unwrap();
    window.sees("Q4_K_M").await;
}

/// Search, pick, download, load, answer; and the models page has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_is_searched_picked_downloaded_and_loaded() {
    let hub = HubDouble::start().await;
    let machine = machine(&hub).await;
    let window = machine.open().await;
    finds_the_starter(&window).await;
    window.picture("discover-repository").await;

    // Slow enough that the bar can be seen.
    hub.faults(|faults| faults.bytes_per_second = Some(6_000_000));
    window.presses_starting("Download Q4_K_M").await;
    window.sees("%").await;
    window.picture("discover-downloading").await;
    hub.faults(|faults| faults.bytes_per_second = None);
    window
        .until("the model to be here", FETCHED_WITHIN, async || {
            Ok(window
                .has("button[aria-label='Load Q4_K_M']")
                .await
                .then_some(()))
        })
        .await;
    window.presses("Load Q4_K_M").await;
    window.goes_to("Models").await;
    window.is("ready").await;
    window.picture("downloaded-and-loaded").await;
    let answer = machine.gateway().chat("Say hello.", 4).await;
    assert_eq!(answer.status, 200, "{}", answer.text);

    let fetched = machine
        .home
        .data()
        .join("models")
        .join(STARTER)
        .join(STARTER_FILE);
    assert_eq!(
        std::fs::metadata(&fetched).unwrap().len(),
        std::fs::metadata(environment::model()).unwrap().len()
    );
    window.closes(&machine).await;
}

/// The app is ended in the middle of a download; the next start offers to go on, and does where it was (LM Studio
/// #1031, #184).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_goes_on_after_the_app_was_ended() {
    let hub = HubDouble::start().await;
    let machine = machine(&hub).await;
    let window = machine.open().await;
    finds_the_starter(&window).await;
    hub.faults(|faults| faults.bytes_per_second = Some(1_000_000));
    window.presses_starting("Download Q4_K_M").await;
    window.sees("%").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    window.closes(&machine).await;
    hub.faults(|faults| faults.bytes_per_second = None);

    let window = machine.open().await;
    window.presses_starting("Downloads").await;
    window.sees("Interrupted").await;
    window.picture("downloads-interrupted").await;
    window.presses_starting("Resume ").await;
    window.sees_within("Done", FETCHED_WITHIN).await;
    window.picture("downloads-done").await;
    window.closes(&machine).await;
}

/// With no network there is a sentence and a way on, and what is here goes on working.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_hub_is_said() {
    let home = Home::new();
    home.add_engine(&environment::engine()).await;
    let nobody = free_port();
    home.edit_settings(|settings| {
        settings["hub"]["endpoint"] = serde_json::json!(format!("http://127.0.0.1:{nobody}"));
    });
    let machine = Machine::new(home);
    let window = machine.open().await;
    window.goes_to("Discover").await;
    window.sees("The hub cannot be reached").await;
    window.picture("discover-offline").await;
    window.closes(&machine).await;
}

/// A `paddock://` link opens the repository's page and fetches nothing by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_opens_a_page_and_downloads_nothing() {
    let hub = HubDouble::start().await;
    let machine = machine(&hub).await;
    let window = machine.open().await;
    window.goes_to("Settings").await;
    let link = format!("paddock://models/huggingface/{STARTER}");
    let mut second = machine.command(&crate::machine::app_binary());
    let status = second.arg(link).status().unwrap();
    assert!(status.success(), "{status}");
    window.sees("Q4_K_M").await;
    let parts = std::fs::read_dir(machine.home.data().join("downloads"));
    let left = parts.map_or(0, |entries| entries.count());
    assert_eq!(left, 0, "something is being downloaded");
    window.closes(&machine).await;
}
