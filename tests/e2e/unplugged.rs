//! The window reaches nobody that its user did not ask for, from its start to its end.

use std::time::Duration;

use test_support::connections::{self, OUTSIDE};
use test_support::until;

use crate::desktop::Ended;
use crate::machine::{Machine, app_binary};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_window_reaches_nobody_by_itself() {
    let machine = Machine::with_tiny().await;
    let trace = machine.home.file("trace");
    let words = connections::tracer(&trace);
    let log = machine.log();
    let mut app = Ended(
        machine
            .command(words[0].as_ref())
            .args(&words[1..])
            .arg(app_binary())
            .env("HF_ENDPOINT", OUTSIDE)
            .env("PADDOCK_RELEASES_URL", OUTSIDE)
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
    machine.paddock(&["load", "local/tiny"]).await;
    assert_eq!(machine.gateway().chat("Hello", 4).await.status, 200);
    // What the page asks for when it is there, it has asked for by then.
    tokio::time::sleep(Duration::from_secs(3)).await;
    machine.close_window();
    until("the app to end", Duration::from_secs(20), async || {
        app.0.try_wait().unwrap()
    })
    .await;
    let seen = connections::read(&trace);
    assert!(seen.to_loopback > 0, "the trace is of the app: {seen:?}");
    assert_eq!(seen.elsewhere, [""; 0]);
}
