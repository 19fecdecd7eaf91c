//! Settings outlive everything: windows, versions, full disks, editors.

use serde_json::{Value, json};
use test_support::Home;

use crate::machine::{Machine, free_port};

/// A machine with parameters saved for its model, whose settings then become `broken`.
async fn with_broken_settings(broken: &[u8]) -> Machine {
    let machine = Machine::with_tiny().await;
    machine
        .home
        .paddock(&["params", "tiny", "--save", "--ctx-size", "768"])
        .await
        .succeeded();
    std::fs::write(machine.home.settings_file(), broken).unwrap();
    machine
}

/// The window opens, says what was done, has lost nothing, and the broken file is kept.
async fn nothing_is_lost(broken: &[u8]) {
    let machine = with_broken_settings(broken).await;
    let window = machine.open().await;
    window.sees("The settings were unreadable").await;
    window.sees("the last good copy was put back").await;
    window.sees("The old file was kept at").await;
    window.chooses("local/tiny").await;
    window.shows("ctxSize", "768").await;
    let kept = machine.home.data().join("settings.broken-1.json");
    assert_eq!(std::fs::read(kept).unwrap(), broken);
    assert_eq!(machine.home.settings()["gateway"]["port"], machine.port());

    window.presses("Dismiss").await;
    window.sees_no_more("The settings were unreadable").await;
    window.closes(&machine).await;

    let window = machine.open().await;
    window.chooses("local/tiny").await;
    window.shows("ctxSize", "768").await;
    assert!(!window.text().await.contains("unreadable"));
    window.closes(&machine).await;
}

#[tokio::test]
async fn truncated_settings_come_back_from_the_last_good_copy() {
    nothing_is_lost(b"{\n  \"version\": 1,\n  \"engines\": {\n    \"cur").await;
}

#[tokio::test]
async fn emptied_settings_come_back_from_the_last_good_copy() {
    nothing_is_lost(b"").await;
}

#[tokio::test]
async fn settings_that_are_something_else_come_back_from_the_last_good_copy() {
    nothing_is_lost(b"[1,2]").await;
}

#[tokio::test]
async fn unreadable_settings_without_a_copy_give_fresh_ones_and_keep_the_file() {
    let home = Home::new();
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(home.settings_file(), b"[1,2]").unwrap();
    let machine = Machine::bare(home, 8421);
    let window = machine.open().await;
    window.sees("Paddock starts with fresh ones").await;
    window.sees("No models yet").await;
    let kept = machine.home.data().join("settings.broken-1.json");
    assert_eq!(std::fs::read(kept).unwrap(), b"[1,2]");
    window.closes(&machine).await;
}

#[tokio::test]
async fn a_part_that_cannot_be_read_is_named_and_the_rest_stays() {
    let machine = Machine::with_tiny().await;
    machine
        .home
        .edit_settings(|settings| settings["limits"] = json!({"maxLoaded": "many"}));
    let before = std::fs::read(machine.home.settings_file()).unwrap();
    let window = machine.open().await;
    window.sees("Parts of the settings could not be read").await;
    window.sees("limits").await;
    window.chooses("local/tiny").await;
    let kept = machine.home.data().join("settings.broken-1.json");
    assert_eq!(std::fs::read(kept).unwrap(), before);
    window.closes(&machine).await;
}

#[tokio::test]
async fn settings_of_a_newer_paddock_are_left_alone_and_the_window_says_so() {
    let machine = Machine::with_tiny().await;
    machine
        .home
        .edit_settings(|settings| settings["version"] = json!(99));
    let before = std::fs::read(machine.home.settings_file()).unwrap();
    let window = machine.open().await;
    window.sees("Paddock could not start").await;
    window.sees("newer Paddock").await;
    window.sees("move the file away").await;
    window.picture("newer-settings").await;
    assert_eq!(std::fs::read(machine.home.settings_file()).unwrap(), before);

    window.leaves_by("Quit").await;
    assert_eq!(std::fs::read(machine.home.settings_file()).unwrap(), before);
}

#[tokio::test]
async fn a_start_that_failed_can_be_tried_again() {
    let machine = Machine::with_tiny().await;
    machine
        .home
        .edit_settings(|settings| settings["version"] = json!(99));
    let window = machine.open().await;
    window.sees("Paddock could not start").await;
    machine
        .home
        .edit_settings(|settings| settings["version"] = json!(1));
    window.presses("Try again").await;
    window.chooses("local/tiny").await;
    window.closes(&machine).await;
}

#[tokio::test]
async fn members_that_this_version_does_not_know_survive_a_save() {
    let machine = Machine::with_tiny().await;
    machine.home.edit_settings(|settings| {
        settings["somethingElse"] = json!({"a": [1]});
        settings["gateway"]["later"] = json!(true);
    });
    let window = machine.open().await;
    window.goes_to("Settings").await;
    window.presses_theme("Dark").await;
    window
        .until("the theme to be saved", crate::window::SOON, async || {
            let theme = &machine.home.settings()["desktop"]["theme"];
            Ok((theme == "dark").then_some(()))
        })
        .await;
    let settings = machine.home.settings();
    assert_eq!(settings["somethingElse"], json!({"a": [1]}));
    assert_eq!(settings["gateway"]["later"], true);
    window.closes(&machine).await;
}

#[tokio::test]
async fn the_theme_that_was_chosen_is_there_after_a_restart() {
    let machine = Machine::with_tiny().await;
    for theme in ["Dark", "Light"] {
        let window = machine.open().await;
        window.goes_to("Settings").await;
        window.presses_theme(theme).await;
        window.is_drawn(&theme.to_lowercase()).await;
        window.closes(&machine).await;
        let window = machine.open().await;
        window.is_drawn(&theme.to_lowercase()).await;
        window.closes(&machine).await;
    }
}

#[tokio::test]
async fn a_new_port_moves_the_endpoint_at_once_and_stays() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    let models = machine.gateway().get("/v1/models").await;
    assert_eq!(models.status, 200);

    let port = free_port();
    window.goes_to("Server").await;
    window.types("#server-port", &port.to_string()).await;
    window.presses("Use this port").await;
    window.sees(&format!("http://127.0.0.1:{port}/v1")).await;
    let moved = test_support::Api::new(&format!("http://127.0.0.1:{port}"));
    assert_eq!(moved.get("/v1/models").await.status, 200);
    let old = machine.gateway().try_post("/v1/models", &Value::Null).await;
    assert!(old.is_err(), "the old port answers: {old:?}");
    window.closes(&machine).await;

    let window = machine.open().await;
    window.sees(&format!("http://127.0.0.1:{port}/v1")).await;
    window.closes(&machine).await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_and_another_mends_it() {
    let machine = Machine::with_tiny().await;
    let _taken = std::net::TcpListener::bind(("127.0.0.1", machine.port())).unwrap();
    let window = machine.open().await;
    window.presses("Endpoint is down").await;
    window.sees(&machine.port().to_string()).await;
    let port = free_port();
    window.types("#server-port", &port.to_string()).await;
    window.presses("Use this port").await;
    window.sees(&format!("http://127.0.0.1:{port}/v1")).await;
    window.closes(&machine).await;
}

#[tokio::test]
async fn parameters_saved_in_the_window_are_what_the_command_line_and_a_headless_host_load() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    window.sets("ctxSize", "640").await;
    window.has_saved().await;

    machine.paddock(&["load", "tiny"]).await;
    let argv = machine.engine().argv.join(" ");
    assert!(argv.contains("--ctx-size 640"), "{argv}");
    window.is("ready").await;
    window.closes(&machine).await;

    let host = machine.home.serve_with(&[]).await;
    assert_eq!(host.gateway().port(), machine.port());
    host.load("local/tiny", json!({})).await;
    let argv = machine.engine().argv.join(" ");
    assert!(argv.contains("--ctx-size 640"), "{argv}");
    assert!(
        host.end(rustix::process::Signal::TERM)
            .await
            .status
            .success()
    );
}
