//! Whatever a server and a disk do in whatever order: the right bytes, or a typed error.
#![allow(clippy::unwrap_used)]

mod server;

use std::time::Duration;

use download::{Downloader, FileProgress, FileSpec, Options};
use proptest::prelude::*;
use server::{Act, Server, client, names, noise, sha256};
use tokio_util::sync::CancellationToken;

const SIZES: [usize; 7] = [
    0,
    1,
    100_000,
    (4 << 20) - 1,
    (4 << 20) + 1,
    (9 << 20) + 5,
    26 << 20,
];

/// What can be an error after so many faults.
const TYPED: [&str; 6] = [
    "server_failing",
    "checksum_mismatch",
    "file_changed",
    "download_not_found",
    "download_refused",
    "download_forbidden",
];

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Serve),
        2 => (0_u64..9 << 20).prop_map(Act::Truncate),
        1 => (0_u64..6 << 20).prop_map(Act::Stall),
        1 => Just(Act::Hang),
        1 => Just(Act::Whole),
        1 => Just(Act::WholeWithoutLength),
        1 => Just(Act::WrongPart),
        1 => (0_u64..20 << 20).prop_map(Act::Corrupt),
        2 => prop::sample::select(vec![500, 502, 503, 408, 429])
            .prop_map(|status| Act::Status(status, vec![])),
        1 => Just(Act::Status(429, vec![("Retry-After", "0".into())])),
        1 => prop::sample::select(vec![404_u16, 403, 416])
            .prop_map(|status| Act::Status(status, vec![])),
    ]
}

#[derive(Debug, Clone)]
struct Case {
    size: usize,
    acts: Vec<Act>,
    with_digest: bool,
    /// Stop here, and damage this byte of the part, then go on.
    stop: Option<(u64, u64)>,
}

fn case() -> impl Strategy<Value = Case> {
    (
        prop::sample::select(SIZES.to_vec()),
        prop::collection::vec(act(), 0..14),
        any::<bool>(),
        prop::option::of((0_u64..20 << 20, 0_u64..26 << 20)),
    )
        .prop_map(|(size, acts, with_digest, stop)| Case {
            size,
            acts,
            with_digest,
            stop,
        })
}

async fn run(case: Case) {
    let bytes = noise(case.size, 3);
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(bytes.clone()).await;
    // Bytes that come wrong cannot be told from right ones without a digest.
    let with_digest =
        case.with_digest || case.acts.iter().any(|act| matches!(act, Act::Corrupt(_)));
    let acts = case.acts.clone();
    server.behave(move |_, number| acts.get(number).cloned().unwrap_or(Act::Serve));
    let options = Options {
        stall_timeout: Duration::from_millis(150),
        longest_back_off: Duration::from_millis(20),
        fruitless_tries: 10,
        keep_awake: false,
        ..Options::default()
    };
    let downloads = folder.path().join("downloads");
    let downloader = Downloader::new(client(), downloads.clone(), options);
    let spec = FileSpec {
        url: server.url(),
        target: folder.path().join("models/file.bin"),
        sha256: with_digest.then(|| sha256(&bytes)),
        ..FileSpec::default()
    };
    if let Some((stop, damage)) = case.stop {
        let cancel = CancellationToken::new();
        let tell = |progress: FileProgress| {
            if progress.downloaded_bytes >= stop {
                cancel.cancel();
            }
        };
        if let Ok(fetched) = downloader.fetch(&spec, &tell, &cancel).await {
            assert!(
                std::fs::read(&fetched.path).unwrap() == bytes,
                "wrong bytes"
            );
            return;
        }
        if let Some(part) = names(&downloads)
            .iter()
            .find(|name| name.ends_with(".part"))
        {
            let path = downloads.join(part);
            let mut content = std::fs::read(&path).unwrap();
            if let Some(byte) = content.get_mut(usize::try_from(damage).unwrap()) {
                *byte ^= 0x11;
                std::fs::write(&path, content).unwrap();
            }
        }
    }
    let cancel = CancellationToken::new();
    let fetching = downloader.fetch(&spec, &|_| {}, &cancel);
    let outcome = tokio::time::timeout(Duration::from_secs(60), fetching)
        .await
        .expect("a download hangs");
    match outcome {
        Ok(fetched) => {
            assert!(
                std::fs::read(&fetched.path).unwrap() == bytes,
                "wrong bytes"
            );
            assert_eq!(fetched.sha256, sha256(&bytes));
            assert_eq!(names(&downloads), [""; 0]);
        }
        Err(error) => {
            assert!(TYPED.contains(&error.code()), "{}: {error}", error.code());
            assert!(!spec.target.exists());
        }
    }
}

/// `PROPTEST_CASES` raises the number.
#[test]
fn any_sequence_of_faults_ends_in_the_right_bytes_or_a_typed_error() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(24);
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 30,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(case in case())| runtime.block_on(run(case)));
}
