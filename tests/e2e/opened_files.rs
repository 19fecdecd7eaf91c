//! GGUF files that are opened with Paddock: by a file manager, or as an argument.

use std::path::PathBuf;
use std::time::Duration;

use test_support::{models, until};

use crate::desktop::Ended;
use crate::machine::{Machine, app_binary};

/// A model file in a folder that needs quoting.
fn model(machine: &Machine) -> PathBuf {
    let folder = machine.home.file("from a friend");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("friendly.gguf");
    models::tiny(&path);
    path
}

async fn is_in_the_library(machine: &Machine, path: &std::path::Path) {
    until(
        "the model to be added",
        Duration::from_secs(30),
        async || {
            let models = machine.paddock(&["ls"]).await;
            let mut models = models.as_array().unwrap().iter();
            models
                .any(|model| model["path"] == path.to_str().unwrap())
                .then_some(())
        },
    )
    .await;
}

/// A double-click while the window is open somewhere else: it comes forward and shows the model.
#[tokio::test]
async fn a_file_opened_elsewhere_is_added_and_shown() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.goes_to("Settings").await;
    let path = model(&machine);
    let status = machine
        .command(&app_binary())
        .arg("friendly.gguf")
        .current_dir(path.parent().unwrap())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    is_in_the_library(&machine, &path).await;
    // The card of the chosen model is on another screen than the settings.
    window.is("stopped").await;
    window.closes(&machine).await;
}

/// The app is started by the double-click, with the URL that desktops pass.
#[tokio::test]
async fn a_file_that_starts_the_app_is_added() {
    let machine = Machine::with_tiny().await;
    let path = model(&machine);
    let url = format!("file://{}", path.to_str().unwrap().replace(' ', "%20"));
    let log = machine.log();
    let mut app = Ended(
        machine
            .command(&app_binary())
            .arg(url)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap(),
    );
    let info = machine.home.data().join("run/host.json");
    until("a host to be there", Duration::from_secs(30), async || {
        info.is_file().then_some(())
    })
    .await;
    is_in_the_library(&machine, &path).await;
    machine.close_window();
    until("the app to end", Duration::from_secs(20), async || {
        app.0.try_wait().unwrap()
    })
    .await;
}
