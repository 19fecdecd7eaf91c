//! The first steps: from an empty data folder to an answer, with at most four clicks, and without asking anybody
//! outside before the user has said so.

use std::cell::Cell;
use std::time::Duration;

use serde_json::json;
use test_support::releases::{ReleasesDouble, archives};
use test_support::{Home, HubDouble};

use crate::machine::Machine;
use crate::window::Window;

const MOST_CLICKS: u32 = 4;
/// An engine and a quarter of a gigabyte from this machine to itself, on a machine that may be busy.
const FETCHED_WITHIN: Duration = Duration::from_secs(180);
const ANSWERS_WITHIN: Duration = Duration::from_secs(90);
const ENTER: &str = "\u{e007}";

/// A machine on which nothing was ever done; only where hub and releases are is set.
fn machine(hub: &HubDouble, releases: &ReleasesDouble) -> Machine {
    let home = Home::new();
    std::fs::create_dir_all(home.data()).unwrap();
    let settings = json!({
        "version": 1,
        "hub": {"endpoint": hub.url()},
        "engines": {"releasesUrl": releases.url()},
    });
    std::fs::write(home.settings_file(), settings.to_string()).unwrap();
    Machine::new(home)
}

/// A user who counts.
struct Hand<'a> {
    window: &'a Window,
    clicks: Cell<u32>,
}

impl Hand<'_> {
    async fn presses(&self, name: &str) {
        self.clicks.set(self.clicks.get() + 1);
        self.window.presses(name).await;
    }

    async fn presses_starting(&self, name: &str) {
        self.clicks.set(self.clicks.get() + 1);
        self.window.presses_starting(name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_an_empty_folder_to_a_streamed_answer_in_four_clicks() {
    let hub = HubDouble::start().await;
    let releases = ReleasesDouble::start().await;
    let engine = archives::cpu("b20001", archives::real("b20001"));
    releases.publish("b20001", vec![engine]);
    let machine = machine(&hub, &releases);
    let window = machine.open().await;
    let hand = Hand {
        window: &window,
        clicks: Cell::new(0),
    };

    window.sees("What this computer can run").await;
    window.sees("of memory are free").await;
    window.picture("first-run-1-machine").await;
    assert!(hub.seen().is_empty(), "{:#?}", hub.seen());
    assert_eq!(releases.take_seen(), Vec::<String>::new());

    hand.presses("Fetch the engine").await;
    window.sees("A model to begin with").await;
    // Which one is recommended depends on the machine; this is the real one.
    hand.presses("Quick").await;
    window.sees("gemma-3-270m").await;
    window.picture("first-run-2-model").await;

    hub.faults(|faults| faults.bytes_per_second = Some(20_000_000));
    hand.presses_starting("Download ").await;
    window.sees("Nearly there").await;
    window.picture("first-run-3-fetching").await;
    hub.faults(|faults| faults.bytes_per_second = None);
    window.sees_within("Ready to answer", FETCHED_WITHIN).await;
    window.sees("has answered with a small model").await;
    window.sees("/v1/chat/completions").await;
    window.picture("first-run-4-ready").await;

    hand.presses("Try it").await;
    window.finds("main[aria-label='Chat']").await;
    window.finds("#chat-box:focus").await;
    window
        .keys(&format!("Write a story about a paddock{ENTER}"))
        .await;
    let answer = "article:nth-of-type(2)[aria-busy='true'] [class*='markdown'] p";
    window
        .until("an answer that is coming", ANSWERS_WITHIN, async || {
            Ok(window.has(answer).await.then_some(()))
        })
        .await;
    window.picture("first-run-5-answer").await;
    let clicks = hand.clicks.get();
    assert!(clicks <= MOST_CLICKS, "{clicks} clicks");
    window.presses("Stop").await;
    window.sees("Stopped ·").await;
    window.closes(&machine).await;

    // Once is enough.
    let window = machine.open().await;
    window.finds("main[aria-label='Models']").await;
    assert_eq!(
        machine.home.settings()["desktop"]["firstRunDone"],
        json!(true)
    );
    window.closes(&machine).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_skips_everything_has_fetched_nothing_and_is_left_alone() {
    let hub = HubDouble::start().await;
    let releases = ReleasesDouble::start().await;
    let machine = machine(&hub, &releases);
    let window = machine.open().await;
    window.sees("What this computer can run").await;
    window.presses("Skip all").await;
    window.sees("No models yet").await;
    assert!(hub.seen().is_empty(), "{:#?}", hub.seen());
    assert_eq!(releases.take_seen(), Vec::<String>::new());
    window.closes(&machine).await;

    let window = machine.open().await;
    window.sees("No models yet").await;
    window.closes(&machine).await;
}

/// Whoever has a model from another program's use of Paddock is no beginner.
#[tokio::test]
async fn who_has_a_model_sees_no_first_steps() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.finds("main[aria-label='Models']").await;
    window.closes(&machine).await;
}
