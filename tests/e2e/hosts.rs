//! One data folder, one owner: what a second start does, and how a window takes over from a host without one.

use std::time::{Duration, Instant};

use serde_json::json;
use test_support::{processes, until};

use crate::machine::Machine;

#[tokio::test]
async fn a_second_start_leaves_the_first_window_running_and_ends() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    window.presses_main("Load").await;
    window.is("ready").await;

    let begin = Instant::now();
    let mut second = machine.start_app();
    let status = until(
        "the second start to end",
        Duration::from_secs(5),
        async || second.0.try_wait().unwrap(),
    )
    .await;
    assert!(status.success(), "{status}");
    eprintln!("the second start took {:?}", begin.elapsed());
    assert!(processes::is_alive(window.pid));
    window.is("ready").await;
    assert_eq!(machine.gateway().chat("Still there?", 4).await.status, 200);
    window.closes(&machine).await;
}

#[tokio::test]
async fn two_starts_at_once_give_one_window() {
    let machine = Machine::with_tiny().await;
    let mut starts: Vec<_> = (0..3).map(|_| machine.start_app()).collect();
    let info = machine.home.data().join("run/host.json");
    until("a host to be there", Duration::from_secs(15), async || {
        info.is_file().then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut left = 0;
    for start in &mut starts {
        match start.0.try_wait().unwrap() {
            None => left += 1,
            Some(status) => assert!(status.success(), "{status}"),
        }
    }
    assert_eq!(left, 1, "windows that stay");
}

#[tokio::test]
async fn taking_over_ends_the_headless_host_and_the_window_works() {
    let machine = Machine::with_tiny().await;
    let mut host = machine.home.serve_with(&[]).await;
    host.load("local/tiny", json!({})).await;
    let window = machine.open().await;
    window
        .sees("Paddock is already running in the background")
        .await;
    window.sees(&format!("process {}", host.pid())).await;
    window.picture("take-over").await;

    window.presses("Take over").await;
    assert!(host.ended().await.success());
    window.chooses("local/tiny").await;
    window.is("stopped").await;
    window.presses_main("Load").await;
    window.is("ready").await;
    assert_eq!(machine.gateway().chat("Hello", 4).await.status, 200);
    window.closes(&machine).await;
}

#[tokio::test]
async fn leaving_lets_the_headless_host_run_on() {
    let machine = Machine::with_tiny().await;
    let host = machine.home.serve_with(&[]).await;
    host.load("local/tiny", json!({})).await;
    let window = machine.open().await;
    window.leaves_by("Leave").await;
    assert_eq!(machine.gateway().chat("Hello", 4).await.status, 200);
    host.end(rustix::process::Signal::TERM).await;
}

/// Double-clicked on a server, or over a connection without a screen.
#[tokio::test]
async fn without_a_display_it_says_what_works_without_one() {
    let machine = Machine::with_tiny().await;
    for display in [None, Some(":4711")] {
        let mut command = machine.command(&crate::machine::app_binary());
        match display {
            None => command.env_remove("DISPLAY"),
            Some(display) => command.env("DISPLAY", display),
        };
        let said = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&said.stderr).into_owned();
        assert_eq!(said.status.code(), Some(1), "{stderr}");
        let what = match display {
            None => "error: there is no display to show a window on".to_owned(),
            Some(display) => format!("error: the display cannot be opened (DISPLAY={display})"),
        };
        assert!(stderr.contains(&what), "{stderr}");
        assert!(stderr.contains("`paddock serve`"), "{stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}
