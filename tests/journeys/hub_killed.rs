//! SIGKILL in the middle of a download of the real model over four connections, wherever that is: the file is right in
//! the end, and little is fetched twice.

use std::time::Duration;

use download::{Downloader, FileSpec, Options};
use serde_json::json;
use test_support::hub::{STARTER, STARTER_FILE};
use test_support::random::Random;
use test_support::{Home, HubDouble, environment};

/// Of each connection: the whole takes some six seconds.
const BYTES_PER_SECOND: u64 = 10_000_000;
const LONGEST: u64 = 3_000;
/// What one kill may cost.
const MOST_AGAIN_BYTES: u64 = 8_000_000;
/// The header is read by itself before a download begins, to tell whether the model fits.
const HEADER_BYTES: u64 = 1 << 20;

async fn rounds(rounds: u32) {
    let model = std::fs::read(environment::model()).unwrap();
    let size = u64::try_from(model.len()).unwrap();
    let hub = HubDouble::start().await;
    hub.faults(|faults| faults.bytes_per_second = Some(BYTES_PER_SECOND));
    let home = Home::with_hub(&hub);
    std::fs::create_dir_all(home.data()).unwrap();
    let settings = json!({"version": 1, "hub": {"connections": 4}});
    std::fs::write(home.settings_file(), settings.to_string()).unwrap();
    let target = home.data().join("models").join(STARTER).join(STARTER_FILE);
    let mut random = Random::from_environment(20_261_122);
    let client = http_client::loopback().build().unwrap();
    let parts = Downloader::new(client, home.data().join("downloads"), Options::default());
    let spec = FileSpec {
        target: target.clone(),
        ..FileSpec::default()
    };
    let on_disk = || match target.metadata() {
        Ok(whole) => whole.len(),
        Err(_) => parts.bytes_on_disk(&spec),
    };
    let (mut killed_in_this_one, mut sent_before, mut most_again) = (0, 0, 0);
    let finished = |killed: u64, sent_before: &mut u64| {
        assert!(std::fs::read(&target).unwrap() == model, "wrong bytes");
        let again = (hub.sent_bytes() - *sent_before).saturating_sub(size);
        assert!(
            again <= killed * MOST_AGAIN_BYTES + HEADER_BYTES,
            "{again} bytes again after {killed} kills"
        );
        std::fs::remove_file(&target).unwrap();
        *sent_before = hub.sent_bytes();
    };
    for number in 1..=rounds {
        let after = Duration::from_millis(random.below(LONGEST));
        eprintln!("round {number} of {rounds}: killed after {after:?}");
        let (sent, here) = (hub.sent_bytes(), on_disk());
        let mut get = home.command(&["get", STARTER]).spawn().unwrap();
        let ended = tokio::time::timeout(after, get.wait()).await;
        if ended.is_err() {
            let _ = get.start_kill();
            let _ = get.wait().await;
            killed_in_this_one += 1;
            // What its sockets still took is counted by then.
            tokio::time::sleep(Duration::from_millis(100)).await;
            // What came in this run and is not on disk. Over all kills one that costs much would hide behind the others.
            let lost = (hub.sent_bytes() - sent).saturating_sub(on_disk().saturating_sub(here));
            assert!(
                lost <= MOST_AGAIN_BYTES + HEADER_BYTES,
                "kill {number} cost {lost} bytes"
            );
            most_again = most_again.max(lost);
        } else if target.exists() {
            finished(killed_in_this_one, &mut sent_before);
            killed_in_this_one = 0;
        }
    }
    // And in peace it gets there, with what is on disk.
    home.paddock(&["get", STARTER]).await.succeeded();
    finished(killed_in_this_one, &mut sent_before);
    eprintln!("at most {most_again} bytes lost by one kill");
}

/// Jan #5001 #7066, LM Studio #1222.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_download_ends_right_and_fetches_little_twice() {
    rounds(5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; `cargo xtask soak downloads`"]
async fn soak_downloads() {
    rounds(test_support::soak_rounds(100)).await;
}
