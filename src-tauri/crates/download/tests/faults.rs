//! Everything that a server, a network or a disk does to a download.
#![allow(clippy::unwrap_used)]

mod server;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use download::{Error, Fetched, FileProgress, FileSpec, FileState};
use server::{Act, Server, client, downloader, names, noise, options, sha256, spec};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const MEBIBYTE: usize = 1 << 20;

struct Lab {
    folder: TempDir,
    server: Server,
    bytes: Vec<u8>,
    told: Mutex<Vec<FileProgress>>,
}

impl Lab {
    async fn new(length: usize) -> Self {
        let bytes = noise(length, 7);
        Self {
            folder: tempfile::tempdir().unwrap(),
            server: Server::start(bytes.clone()).await,
            bytes,
            told: Mutex::default(),
        }
    }

    /// What is asked for, its SHA-256 known.
    fn spec(&self) -> FileSpec {
        FileSpec {
            sha256: Some(sha256(&self.bytes)),
            ..spec(&self.server, self.folder.path())
        }
    }

    async fn fetch(&self, spec: &FileSpec) -> Result<Fetched, Error> {
        self.fetch_until(spec, &CancellationToken::new()).await
    }

    async fn fetch_until(
        &self,
        spec: &FileSpec,
        cancel: &CancellationToken,
    ) -> Result<Fetched, Error> {
        let tell = |progress| self.told.lock().unwrap().push(progress);
        let downloader = downloader(self.folder.path());
        let fetching = downloader.fetch(spec, &tell, cancel);
        tokio::time::timeout(Duration::from_secs(60), fetching)
            .await
            .expect("a download hangs")
    }

    /// Fetches, and looks that the bytes are right and nothing is left over.
    async fn succeeds(&self, spec: &FileSpec) -> Fetched {
        let fetched = self.fetch(spec).await.unwrap();
        self.is_right(&fetched);
        fetched
    }

    fn is_right(&self, fetched: &Fetched) {
        assert!(
            std::fs::read(&fetched.path).unwrap() == self.bytes,
            "wrong bytes"
        );
        assert_eq!(fetched.sha256, sha256(&self.bytes));
        assert_eq!(names(&self.folder.path().join("downloads")), [""; 0]);
    }

    /// Fetches at a leisurely speed, and stops when so many bytes are on disk.
    async fn fetch_partly(&self, spec: &FileSpec, bytes: u64) {
        self.server.state.speed.store(8 << 20, Ordering::SeqCst);
        let cancel = CancellationToken::new();
        let tell = |progress: FileProgress| {
            if progress.downloaded_bytes >= bytes {
                cancel.cancel();
            }
        };
        let error = downloader(self.folder.path())
            .fetch(spec, &tell, &cancel)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "download_cancelled");
        self.server.state.speed.store(0, Ordering::SeqCst);
    }

    fn reasons(&self) -> String {
        let told = self.told.lock().unwrap();
        told.iter()
            .filter_map(|progress| progress.reason.clone())
            .collect::<Vec<_>>()
            .join(" | ")
    }

    fn part(&self) -> std::path::PathBuf {
        let downloads = self.folder.path().join("downloads");
        let name = names(&downloads)
            .into_iter()
            .find(|name| name.ends_with(".part"))
            .expect("no part");
        downloads.join(name)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_comes_over_several_connections_and_each_byte_once() {
    let lab = Lab::new(70 * MEBIBYTE + 13).await;
    lab.server.state.speed.store(20 << 20, Ordering::SeqCst);
    let fetched = lab.succeeds(&lab.spec()).await;
    assert_eq!(fetched.fetched_bytes, lab.bytes.len() as u64);
    assert!(lab.server.sent() <= lab.bytes.len() as u64 + 8 * (4 << 20));
    let most = lab.server.state.most_open.load(Ordering::SeqCst);
    assert!((4..=8).contains(&most), "{most} connections");
    let told = lab.told.lock().unwrap();
    let bytes: Vec<u64> = told
        .iter()
        .map(|progress| progress.downloaded_bytes)
        .collect();
    assert!(bytes.is_sorted(), "{bytes:?}");
    assert_eq!(told.last().unwrap().state, FileState::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_takes_one_request() {
    let lab = Lab::new(MEBIBYTE).await;
    lab.succeeds(&lab.spec()).await;
    assert_eq!(lab.server.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_is_a_file() {
    let lab = Lab::new(0).await;
    lab.succeeds(&lab.spec()).await;
    let lab = Lab::new(0).await;
    lab.server.behave(|_, _| Act::Whole);
    lab.succeeds(&lab.spec()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_ranges_gets_one_connection() {
    let lab = Lab::new(20 * MEBIBYTE).await;
    lab.server.behave(|_, _| Act::Whole);
    lab.succeeds(&lab.spec()).await;
    assert_eq!(lab.server.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_ranges_or_length_that_breaks_is_begun_anew() {
    let lab = Lab::new(9 * MEBIBYTE).await;
    lab.server.behave(|_, number| match number {
        0 => Act::Hang,
        _ => Act::WholeWithoutLength,
    });
    lab.succeeds(&lab.spec()).await;

    let lab = Lab::new(9 * MEBIBYTE).await;
    let breaks = AtomicUsize::new(2);
    lab.server.behave(move |_, _| {
        if breaks.load(Ordering::SeqCst) > 0 {
            breaks.fetch_sub(1, Ordering::SeqCst);
            return Act::Stall(5 << 20);
        }
        Act::Whole
    });
    lab.succeeds(&lab.spec()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_loses_its_ranges_on_the_way_is_begun_anew() {
    let lab = Lab::new(30 * MEBIBYTE).await;
    lab.server.behave(|_, number| match number {
        0..3 => Act::Serve,
        _ => Act::Whole,
    });
    lab.succeeds(&lab.spec()).await;
    assert!(lab.reasons().contains("starting over"), "{}", lab.reasons());
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_answers_are_asked_for_again_from_the_same_byte() {
    for act in [
        Act::Truncate(3 << 20),
        Act::Stall(100_000),
        Act::Status(500, vec![]),
        Act::Status(503, vec![]),
        Act::Hang,
        Act::WrongPart,
    ] {
        let lab = Lab::new(40 * MEBIBYTE).await;
        let bad = act.clone();
        lab.server.behave(move |_, number| {
            if number % 3 == 1 {
                bad.clone()
            } else {
                Act::Serve
            }
        });
        let fetched = lab.succeeds(&lab.spec()).await;
        assert_eq!(fetched.fetched_bytes, lab.bytes.len() as u64, "{act:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_delivers_is_named_in_the_error() {
    let lab = Lab::new(MEBIBYTE).await;
    lab.server.behave(|_, _| Act::Status(502, vec![]));
    let error = lab.fetch(&lab.spec()).await.unwrap_err();
    assert_eq!(error.code(), "server_failing");
    let text = error.to_string();
    assert!(text.contains("127.0.0.1") && text.contains("502"), "{text}");
    assert!(error.hint().is_some());
    assert_eq!(names(&lab.folder.path().join("downloads")), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_is_kept_to_and_said() {
    let lab = Lab::new(40 * MEBIBYTE).await;
    lab.server.behave(|_, number| match number {
        2 | 3 => Act::Status(429, vec![("Retry-After", "1".into())]),
        _ => Act::Serve,
    });
    let start = std::time::Instant::now();
    lab.succeeds(&lab.spec()).await;
    assert!(
        start.elapsed() >= Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    let reasons = lab.reasons();
    assert!(reasons.contains("asks for a pause of 1 s"), "{reasons}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_stays_with_its_host_and_an_expired_redirect_is_asked_for_again() {
    let lab = Lab::new(50 * MEBIBYTE).await;
    // The store: every address is good for four requests.
    let served: Mutex<std::collections::HashMap<String, u32>> = Mutex::default();
    lab.server.behave(move |request, _| {
        let mut served = served.lock().unwrap();
        let count = served.entry(request.path.clone()).or_default();
        *count += 1;
        if *count > 4 {
            return Act::Status(403, vec![]);
        }
        Act::Serve
    });
    let hub = Server::start(Vec::new()).await;
    let (store, digest) = (lab.server.address, sha256(&lab.bytes));
    hub.behave(move |request, number| {
        if request.headers.get("authorization").map(String::as_str) != Some("Bearer secret") {
            return Act::Status(401, vec![]);
        }
        let headers = vec![
            ("Location", format!("http://{store}/signed?sig={number}")),
            ("X-Linked-Etag", format!("\"{digest}\"")),
        ];
        Act::Status(302, headers)
    });
    let spec = FileSpec {
        url: hub.url(),
        bearer: Some("secret".into()),
        ..lab.spec()
    };
    let fetched = lab.succeeds(&spec).await;
    assert_eq!(fetched.fetched_bytes, lab.bytes.len() as u64);
    assert!(hub.requests().len() > 1);
    let leaked = lab.server.requests();
    assert!(
        leaked
            .iter()
            .all(|request| !request.headers.contains_key("authorization"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_refuses_for_good_is_an_error() {
    let lab = Lab::new(MEBIBYTE).await;
    lab.server.behave(|_, _| Act::Status(403, vec![]));
    let hub = Server::start(Vec::new()).await;
    let store = lab.server.url();
    hub.behave(move |_, _| Act::Status(302, vec![("Location", store.clone())]));
    let spec = FileSpec {
        url: hub.url(),
        ..lab.spec()
    };
    assert_eq!(
        lab.fetch(&spec).await.unwrap_err().code(),
        "download_forbidden"
    );

    let circle = hub.url();
    hub.behave(move |_, _| Act::Status(302, vec![("Location", circle.clone())]));
    assert_eq!(
        lab.fetch(&spec).await.unwrap_err().code(),
        "download_redirects"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_typed_and_say_what_the_server_said() {
    for (status, code) in [
        (401, "download_unauthorized"),
        (403, "download_forbidden"),
        (404, "download_not_found"),
        (410, "download_not_found"),
        (451, "download_refused"),
    ] {
        let lab = Lab::new(10).await;
        lab.server.behave(move |_, _| {
            let said = "Access to this model is restricted".to_owned();
            Act::Status(status, vec![("X-Error-Message", said)])
        });
        let error = lab.fetch(&lab.spec()).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.to_string().contains("restricted"), "{error}");
        assert!(!lab.spec().target.exists());
        assert_eq!(names(&lab.folder.path().join("downloads")), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_on_the_way_is_begun_anew_and_that_is_said() {
    let lab = Lab::new(40 * MEBIBYTE).await;
    let new = noise(41 * MEBIBYTE, 8);
    let spec = FileSpec {
        sha256: None,
        ..lab.spec()
    };
    lab.fetch_partly(&spec, 10 << 20).await;
    lab.server.replace(new.clone(), "\"two\"");
    let fetched = lab.fetch(&spec).await.unwrap();
    assert!(std::fs::read(fetched.path).unwrap() == new);
    assert!(
        lab.reasons().contains("changed on the server"),
        "{}",
        lab.reasons()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_under_the_connections_is_begun_anew() {
    let lab = Lab::new(100 * MEBIBYTE).await;
    let new = noise(100 * MEBIBYTE, 9);
    let spec = FileSpec {
        sha256: None,
        ..lab.spec()
    };
    lab.server.state.speed.store(8 << 20, Ordering::SeqCst);
    let changing = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        lab.server.replace(new.clone(), "\"two\"");
        lab.server.state.speed.store(0, Ordering::SeqCst);
    };
    let (fetched, ()) = tokio::join!(lab.fetch(&spec), changing);
    assert!(std::fs::read(fetched.unwrap().path).unwrap() == new);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_wrong_length_or_digest_is_refused_before_it_is_fetched() {
    let lab = Lab::new(40 * MEBIBYTE).await;
    let spec = FileSpec {
        size_bytes: Some(5),
        ..lab.spec()
    };
    let error = lab.fetch(&spec).await.unwrap_err();
    assert_eq!(error.code(), "wrong_length");

    let hub = Server::start(Vec::new()).await;
    let store = lab.server.url();
    hub.behave(move |_, _| {
        let headers = vec![
            ("Location", store.clone()),
            ("X-Linked-Etag", format!("\"{}\"", "0".repeat(64))),
        ];
        Act::Status(302, headers)
    });
    let spec = FileSpec {
        url: hub.url(),
        ..lab.spec()
    };
    let error = lab.fetch(&spec).await.unwrap_err();
    assert_eq!(error.code(), "file_changed");
    assert!(lab.server.sent() < 20 << 20, "{}", lab.server.sent());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_wrong_is_fetched_once_more_and_then_given_up() {
    let lab = Lab::new(20 * MEBIBYTE).await;
    let first = AtomicBool::new(true);
    lab.server.behave(move |request, _| {
        let range = request.range.clone().unwrap();
        if range.contains(&(9 << 20)) && first.swap(false, Ordering::SeqCst) {
            return Act::Corrupt(9 << 20);
        }
        Act::Serve
    });
    lab.succeeds(&lab.spec()).await;
    assert!(lab.reasons().contains("once more"), "{}", lab.reasons());

    let lab = Lab::new(20 * MEBIBYTE).await;
    lab.server.behave(|_, _| Act::Corrupt(9 << 20));
    let error = lab.fetch(&lab.spec()).await.unwrap_err();
    assert_eq!(error.code(), "checksum_mismatch");
    assert!(!lab.spec().target.exists());
    assert_eq!(names(&lab.folder.path().join("downloads")), [""; 0]);
}

/// LMS#1222: a resumed download failed its checksum.
#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_where_it_was_and_a_piece_that_the_disk_lost_is_fetched_alone() {
    let lab = Lab::new(60 * MEBIBYTE).await;
    lab.fetch_partly(&lab.spec(), 30 << 20).await;
    let before = lab.server.sent();
    let part = lab.part();
    let fetched = {
        use std::io::{Seek, SeekFrom, Write};
        let mut file = std::fs::File::options().write(true).open(&part).unwrap();
        file.seek(SeekFrom::Start(1000)).unwrap();
        file.write_all(&[0; 512]).unwrap();
        drop(file);
        lab.succeeds(&lab.spec()).await
    };
    let again = before + fetched.fetched_bytes - lab.bytes.len() as u64;
    // The damaged piece, and what was on its way when it was stopped.
    assert!(
        ((4 << 20)..(12 << 20)).contains(&again),
        "{again} bytes again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_part_or_a_torn_state_only_costs_time() {
    for which in [".part", ".state"] {
        let lab = Lab::new(30 * MEBIBYTE).await;
        lab.fetch_partly(&lab.spec(), 10 << 20).await;
        let path = lab.part().with_extension(&which[1..]);
        if which == ".part" {
            std::fs::remove_file(path).unwrap();
        } else {
            let mut bytes = std::fs::read(&path).unwrap();
            bytes.truncate(4096 + 8);
            std::fs::write(&path, bytes).unwrap();
        }
        lab.succeeds(&lab.spec()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_is_there_needs_no_network() {
    let lab = Lab::new(MEBIBYTE).await;
    let spec = FileSpec {
        url: "http://127.0.0.1:1/nothing".into(),
        ..lab.spec()
    };
    std::fs::create_dir_all(spec.target.parent().unwrap()).unwrap();
    std::fs::write(&spec.target, &lab.bytes).unwrap();
    let fetched = lab.succeeds(&spec).await;
    assert_eq!(fetched.fetched_bytes, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_file_at_the_target_is_replaced_only_if_asked() {
    let lab = Lab::new(MEBIBYTE).await;
    let mut spec = lab.spec();
    std::fs::create_dir_all(spec.target.parent().unwrap()).unwrap();
    std::fs::write(&spec.target, b"mine").unwrap();
    let error = lab.fetch(&spec).await.unwrap_err();
    assert_eq!(error.code(), "target_exists");
    assert_eq!(std::fs::read(&spec.target).unwrap(), b"mine");
    spec.replace_existing = true;
    lab.succeeds(&spec).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_target_is_fetched_by_one_at_a_time() {
    let lab = Lab::new(30 * MEBIBYTE).await;
    lab.server.state.speed.store(4 << 20, Ordering::SeqCst);
    let spec = lab.spec();
    let cancel = CancellationToken::new();
    let second = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let error = lab.fetch(&spec).await.unwrap_err();
        cancel.cancel();
        error
    };
    let (first, second) = tokio::join!(lab.fetch_until(&spec, &cancel), second);
    assert_eq!(second.code(), "already_downloading");
    assert_eq!(first.unwrap_err().code(), "download_cancelled");
}

/// LMS#1031, J#5001, O#8484: downloads stall and must be resumed by hand.
#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_by_itself_when_the_network_is_back() {
    let lab = Lab::new(40 * MEBIBYTE).await;
    let Lab {
        folder,
        server,
        bytes,
        ..
    } = lab;
    let spec = FileSpec {
        sha256: Some(sha256(&bytes)),
        ..spec(&server, folder.path())
    };
    server.state.speed.store(8 << 20, Ordering::SeqCst);
    let told: Arc<Mutex<Vec<FileProgress>>> = Arc::default();
    let heard = Arc::clone(&told);
    let downloader = downloader(folder.path());
    let running = tokio::spawn(async move {
        let tell = move |progress| heard.lock().unwrap().push(progress);
        downloader
            .fetch(&spec, &tell, &CancellationToken::new())
            .await
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let address = server.stop().await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let last = told.lock().unwrap().last().unwrap().clone();
    assert_eq!(last.state, FileState::Waiting, "{last:?}");
    assert!(last.reason.unwrap().contains("cannot be reached"));

    let back = Server::start_at(address, bytes.clone()).await;
    let fetched = running.await.unwrap().unwrap();
    assert!(std::fs::read(fetched.path).unwrap() == bytes);
    assert!(back.sent() < bytes.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_follows_redirects_by_itself_works_as_well() {
    let lab = Lab::new(20 * MEBIBYTE).await;
    let hub = Server::start(Vec::new()).await;
    let store = lab.server.url();
    hub.behave(move |_, _| Act::Status(302, vec![("Location", store.clone())]));
    let client = http_client::loopback().build().unwrap();
    let folder = lab.folder.path().join("downloads");
    let spec = FileSpec {
        url: hub.url(),
        ..lab.spec()
    };
    let fetched = download::Downloader::new(client, folder, options())
        .fetch(&spec, &|_| {}, &CancellationToken::new())
        .await
        .unwrap();
    lab.is_right(&fetched);
    assert_eq!(hub.requests().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for url in ["", "file:///etc/passwd", "no address"] {
        let spec = FileSpec {
            url: url.into(),
            target: folder.path().join("a"),
            ..FileSpec::default()
        };
        let downloader =
            download::Downloader::new(client(), folder.path().join("downloads"), options());
        let error = downloader
            .fetch(&spec, &|_| {}, &CancellationToken::new())
            .await
            .unwrap_err();
        assert_eq!(error.code(), "bad_url", "{url}");
    }
}

/// A hostile mirror's length must not take all memory for its bookkeeping.
#[tokio::test(flavor = "multi_thread")]
async fn a_length_that_no_file_has_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(noise(1000, 1)).await;
    let mut spec = spec(&server, folder.path());
    spec.size_bytes = Some((1 << 63) - 1);
    for _ in 0..2 {
        let error = downloader(folder.path())
            .fetch(&spec, &|_| {}, &CancellationToken::new())
            .await
            .unwrap_err();
        assert_eq!(error.code(), "file_too_long");
    }
    assert_eq!(server.sent(), 0);
}
