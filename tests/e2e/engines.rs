//! Engines in the window: fetched when a model is loaded, installed, refused, rolled back.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use test_support::releases::{ReleasesDouble, Told, archives};
use test_support::{Home, environment};

use crate::machine::Machine;
use crate::window::Window;

/// Unpacking and proving an engine on a machine that may be busy.
const INSTALLED_WITHIN: Duration = Duration::from_secs(120);

/// A machine with a model and this release host, and no engine.
async fn machine(releases: &ReleasesDouble) -> Machine {
    let home = Home::new().with_variable("PADDOCK_RELEASES_URL", &releases.url());
    home.import(&environment::model()).await;
    home.edit_settings(|settings| settings["engines"]["releasesUrl"] = json!(releases.url()));
    Machine::new(home)
}

/// Waits until models run on this build.
async fn is_current(machine: &Machine, window: &Window, build: &str) {
    window
        .until(
            format!("{build} to be current"),
            INSTALLED_WITHIN,
            async || {
                let engines = machine.paddock(&["engine", "ls"]).await;
                let is = |engine: &serde_json::Value| {
                    engine["current"] == true && engine["build"] == build
                };
                Ok(engines.as_array().unwrap().iter().any(is).then_some(()))
            },
        )
        .await;
}

/// There is no engine when somebody presses Load: it is fetched, proved, and the model is loaded, in one go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loading_without_an_engine_fetches_it_first() {
    let releases = ReleasesDouble::start().await;
    releases.publish(
        "b20001",
        vec![archives::cpu("b20001", archives::real("b20001"))],
    );
    let machine = machine(&releases).await;
    let window = machine.open().await;
    window.presses_main("Load").await;
    window
        .until("the model to be ready", INSTALLED_WITHIN, async || {
            let css = "[aria-label='Status of this model'][data-state='ready']";
            Ok(window.has(css).await.then_some(()))
        })
        .await;
    let own = machine.home.data().join("engines");
    let engine = &machine.engine().argv[0];
    assert!(Path::new(engine).starts_with(&own), "{engine}");
    window.goes_to("Engines").await;
    window.sees("Current engine").await;
    window.sees("What it found on this machine").await;
    window.picture("engines-one").await;
    window.closes(&machine).await;
}

/// A new build is installed, another that dies is refused with its cause, and one click goes back (LM Studio #2234,
/// Jan #7995).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_is_installed_a_broken_one_refused_and_the_old_one_brought_back() {
    let releases = ReleasesDouble::start().await;
    releases.publish(
        "b20001",
        vec![archives::cpu("b20001", archives::real("b20001"))],
    );
    let machine = machine(&releases).await;
    machine
        .home
        .paddock(&["engine", "install"])
        .await
        .succeeded();
    releases.publish(
        "b20002",
        vec![archives::cpu("b20002", archives::real("b20002"))],
    );
    let window = machine.open().await;
    window.goes_to("Engines").await;
    // It was asked a moment ago, by the command line.
    window.presses("Check now").await;
    window.presses("Install b20002").await;
    is_current(&machine, &window, "b20002").await;
    window.sees("Roll back to").await;
    window.picture("engines-two").await;

    let dead = archives::illegal_instruction("b20003");
    releases.publish("b20003", vec![archives::cpu("b20003", dead)]);
    window.presses("Check now").await;
    window.presses("Install b20003").await;
    window
        .sees_within("Could not install b20003", INSTALLED_WITHIN)
        .await;
    window.picture("engines-refused").await;

    window.presses_starting("Roll back to").await;
    is_current(&machine, &window, "b20001").await;
    window.closes(&machine).await;
}

/// What does not have the bytes that the release tells is not used.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_bytes_are_refused_with_a_sentence() {
    let releases = ReleasesDouble::start().await;
    let asset = archives::cpu("b20001", archives::wrapper("b20001", 1000));
    releases.publish("b20001", vec![asset.telling(Told::Wrong)]);
    let machine = machine(&releases).await;
    let window = machine.open().await;
    window.goes_to("Engines").await;
    window.presses_starting("Install").await;
    window
        .sees_within("Could not install b20001", INSTALLED_WITHIN)
        .await;
    window.sees("SHA-256").await;
    window.picture("engines-wrong-bytes").await;
    window.closes(&machine).await;
}
