//! `kill -9` at random points: the result is right every time, and little is fetched twice.
//!
//! `PADDOCK_KILLS` sets how many kills there are, `PADDOCK_TEST_SEED` which.
#![allow(clippy::unwrap_used)]

mod server;

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use download::FileSpec;
use server::{Server, downloader, names, noise, sha256};
use tokio_util::sync::CancellationToken;

const LENGTH: usize = 96 << 20;
/// Bytes a second of each connection: faster than most, and slow enough for the sockets' buffers to stay small, which the
/// server counts as sent.
const SPEED: u64 = 10 << 20;
const MOST_AGAIN: u64 = 8_000_000;

fn environment<T: std::str::FromStr>(name: &str, default: T) -> T {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

/// The process that is killed: this very test program, told to run this alone.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test below"]
async fn child() {
    let Ok(url) = std::env::var("DOWNLOAD_CHILD_URL") else {
        return;
    };
    let folder = std::path::PathBuf::from(std::env::var("DOWNLOAD_CHILD_FOLDER").unwrap());
    let spec = FileSpec {
        url,
        target: folder.join("models/file.bin"),
        sha256: std::env::var("DOWNLOAD_CHILD_SHA256").ok(),
        ..FileSpec::default()
    };
    downloader(&folder)
        .fetch(&spec, &|_| {}, &CancellationToken::new())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_points_it_ends_right_and_fetches_little_twice() {
    let kills: u32 = environment("PADDOCK_KILLS", 5);
    let seed: u64 = environment("PADDOCK_TEST_SEED", 11);
    eprintln!("PADDOCK_TEST_SEED={seed}");
    let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut below = |end: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % end
    };
    let bytes = noise(LENGTH, seed);
    let digest = sha256(&bytes);
    let server = Server::start(bytes.clone()).await;
    server.state.speed.store(SPEED, Ordering::SeqCst);
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("models/file.bin");

    let (mut killed, mut killed_here, mut sent_before, mut most_again) = (0, 0, 0, 0);
    while killed < kills || !target.exists() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env("DOWNLOAD_CHILD_URL", server.url())
            .env("DOWNLOAD_CHILD_FOLDER", folder.path())
            .env("DOWNLOAD_CHILD_SHA256", &digest)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if killed < kills {
            tokio::time::sleep(Duration::from_millis(40 + below(700))).await;
            child.kill().unwrap();
            killed += 1;
            killed_here += 1;
        }
        let status = tokio::task::block_in_place(|| child.wait().unwrap());
        // What the dead one's sockets still took is counted by then.
        tokio::time::sleep(Duration::from_millis(60)).await;
        if status.success() {
            assert!(std::fs::read(&target).unwrap() == bytes, "wrong bytes");
            assert_eq!(names(&folder.path().join("downloads")), [""; 0]);
            let again = (server.sent() - sent_before).saturating_sub(LENGTH as u64);
            most_again = most_again.max(again / killed_here.max(1));
            assert!(
                again <= killed_here * MOST_AGAIN,
                "{again} bytes again after {killed_here} kills"
            );
            if killed < kills {
                std::fs::remove_file(&target).unwrap();
                sent_before = server.sent();
                killed_here = 0;
            }
        } else if killed == kills && killed_here == 0 {
            let mut said = String::new();
            let _ = child.stderr.take().unwrap().read_to_string(&mut said);
            panic!("the child failed by itself: {said}");
        }
    }
    eprintln!("{killed} kills, at most {most_again} bytes again for each");
}
