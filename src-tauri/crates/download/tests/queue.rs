//! Sets of files: order, limits, pause, cancel, and what is there again after a restart.
#![allow(clippy::unwrap_used)]

mod server;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use download::{Downloader, FileSpec, JobState, JobView, Limits, Options, Queue, SetSpec};
use server::{Act, Server, client, downloader, names, noise, options, sha256};

const MEBIBYTE: usize = 1 << 20;

fn open(folder: &Path) -> Queue {
    open_with(folder, Limits::default())
}

fn open_with(folder: &Path, limits: Limits) -> Queue {
    let sets = folder.join("downloads/sets");
    Queue::open(downloader(folder), sets, limits).unwrap()
}

fn set(server: &Server, folder: &Path, id: &str, files: &[&str]) -> SetSpec {
    let bytes = server.state.content.lock().unwrap().bytes.clone();
    SetSpec {
        id: Some(id.into()),
        label: format!("Model {id}"),
        files: files
            .iter()
            .map(|name| FileSpec {
                url: server.url(),
                bearer: Some("secret-token".into()),
                target: folder.join("models").join(name),
                size_bytes: Some(bytes.len() as u64),
                sha256: Some(sha256(&bytes)),
                ..FileSpec::default()
            })
            .collect(),
        tag: serde_json::json!({"kind": "model", "repo": "a/b"}),
    }
}

async fn until(queue: &Queue, id: &str, is: impl Fn(&JobView) -> bool) -> JobView {
    let start = Instant::now();
    loop {
        let views = queue.views();
        let view = views.iter().find(|view| view.id == id).expect("gone");
        if is(view) {
            return view.clone();
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{view:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_is_one_download_and_views_come_at_most_four_times_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(noise(12 * MEBIBYTE, 1)).await;
    server.state.speed.store(6 << 20, Ordering::SeqCst);
    let queue = open(folder.path());
    let mut views = queue.subscribe();
    let start = Instant::now();
    let id = queue
        .add(set(&server, folder.path(), "a", &["one", "two", "three"]))
        .unwrap();
    let counting = async {
        let mut count = 0;
        while views.changed().await.is_ok() {
            count += 1;
            let states: Vec<_> = views.borrow().iter().map(|view| view.state).collect();
            if states == [JobState::Done] {
                break;
            }
        }
        count
    };
    let (view, count) = tokio::join!(queue.wait(&id), counting);
    let view = view.unwrap();
    assert_eq!(view.state, JobState::Done);
    assert_eq!(view.downloaded_bytes, 36 << 20);
    assert_eq!(view.total_bytes, Some(36 << 20));
    assert!(view.finished_at.unwrap() >= view.started_at);
    let most = start.elapsed().as_millis() / 250 + 2;
    assert!(count <= most, "{count} views in {:?}", start.elapsed());
    assert_eq!(
        names(&folder.path().join("models")),
        ["one", "three", "two"]
    );

    let json = serde_json::to_value(&view).unwrap();
    assert_eq!(json["state"], "done");
    assert_eq!(json["downloadedBytes"], 36 << 20);
    assert_eq!(json["tag"]["repo"], "a/b");
    assert_eq!(json["files"][0]["state"], "done");
    queue.dismiss(&id).unwrap();
    assert!(queue.views().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_and_resume_go_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(noise(40 * MEBIBYTE, 2)).await;
    server.state.speed.store(4 << 20, Ordering::SeqCst);
    let queue = open(folder.path());
    let id = queue
        .add(set(&server, folder.path(), "a", &["one"]))
        .unwrap();
    let view = until(&queue, &id, |view| view.downloaded_bytes > 24 << 20).await;
    assert_eq!(view.state, JobState::Running);
    assert!(view.bytes_per_second > 1 << 20, "{view:?}");
    assert!(view.seconds_left.is_some());
    queue.pause(&id).unwrap();
    let view = until(&queue, &id, |view| view.state == JobState::Paused).await;
    assert_eq!((view.bytes_per_second, view.seconds_left), (0, None));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let sent = server.sent();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.sent(), sent, "bytes came while paused");

    server.state.speed.store(0, Ordering::SeqCst);
    queue.resume(&id).unwrap();
    assert_eq!(queue.wait(&id).await.unwrap().state, JobState::Done);
    // From the start again would be 64 MiB; what the sockets held at the pause was sent in vain.
    assert!(server.sent() < 60 << 20, "{}", server.sent());
    assert_eq!(queue.pause(&id).unwrap_err().code(), "download_state");
}

/// Jan: cancelling one quant deletes the model's whole folder.
#[tokio::test(flavor = "multi_thread")]
async fn cancel_removes_the_parts_of_this_download_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(noise(20 * MEBIBYTE, 3)).await;
    server.state.speed.store(2 << 20, Ordering::SeqCst);
    let models = folder.path().join("models");
    std::fs::create_dir_all(&models).unwrap();
    std::fs::write(models.join("mine.gguf"), b"mine").unwrap();
    let queue = open(folder.path());
    let one = queue
        .add(set(&server, folder.path(), "a", &["one"]))
        .unwrap();
    let two = queue
        .add(set(&server, folder.path(), "b", &["two"]))
        .unwrap();
    for id in [&one, &two] {
        until(&queue, id, |view| view.downloaded_bytes > 1 << 20).await;
    }
    queue.cancel(&one).unwrap();
    assert_eq!(queue.wait(&one).await.unwrap().state, JobState::Cancelled);
    let downloads = folder.path().join("downloads");
    let left = names(&downloads).join(" ");
    assert!(!left.contains("one.") && left.contains("two."), "{left}");
    assert_eq!(names(&models), ["mine.gguf"]);
    assert_eq!(names(&downloads.join("sets")), ["set-b.json"]);
    server.state.speed.store(0, Ordering::SeqCst);
    assert_eq!(queue.wait(&two).await.unwrap().state, JobState::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_is_interrupted_after_a_restart_and_tokens_are_not_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(noise(30 * MEBIBYTE, 4)).await;
    server.state.speed.store(4 << 20, Ordering::SeqCst);
    let queue = open(folder.path());
    let id = queue
        .add(set(&server, folder.path(), "a", &["one", "two"]))
        .unwrap();
    let paused = queue
        .add(set(&server, folder.path(), "b", &["three"]))
        .unwrap();
    queue.pause(&paused).unwrap();
    let before = until(&queue, &id, |view| view.downloaded_bytes > 8 << 20).await;
    queue.close().await;
    drop(queue);
    let kept = std::fs::read_to_string(folder.path().join("downloads/sets/set-a.json")).unwrap();
    assert!(!kept.contains("secret"), "{kept}");

    server.behave(|request, _| match request.headers.get("authorization") {
        Some(token) if token == "Bearer from-the-settings" => Act::Serve,
        _ => Act::Status(401, vec![]),
    });
    server.state.speed.store(0, Ordering::SeqCst);
    let downloader =
        downloader(folder.path()).with_bearer_source(|_| Some("from-the-settings".into()));
    let sets = folder.path().join("downloads/sets");
    let queue = Queue::open(downloader, sets, Limits::default()).unwrap();
    let states: Vec<_> = queue.views().iter().map(|view| view.state).collect();
    assert_eq!(states, [JobState::Interrupted, JobState::Paused]);
    let view = &queue.views()[0];
    assert!(view.downloaded_bytes >= before.downloaded_bytes, "{view:?}");
    assert_eq!(
        (view.label.as_str(), &view.tag["kind"]),
        ("Model a", &"model".into())
    );
    queue.resume(&id).unwrap();
    assert_eq!(queue.wait(&id).await.unwrap().state, JobState::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_set_says_why_and_can_be_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(noise(MEBIBYTE, 5)).await;
    server.behave(|_, _| Act::Status(404, vec![]));
    let queue = open(folder.path());
    let id = queue
        .add(set(&server, folder.path(), "a", &["one", "two"]))
        .unwrap();
    let view = queue.wait(&id).await.unwrap();
    assert_eq!(view.state, JobState::Failed);
    let error = view.error.unwrap();
    assert_eq!(error.code, "download_not_found");
    assert!(error.hint.is_some());
    server.behave(|_, _| Act::Serve);
    // The same set again, as a user would: by its id.
    let again = queue
        .add(set(&server, folder.path(), "a", &["one", "two"]))
        .unwrap();
    assert_eq!(again, id);
    assert_eq!(queue.wait(&id).await.unwrap().state, JobState::Done);
    assert_eq!(queue.views().len(), 1);
    assert_eq!(
        queue.resume("nothing").unwrap_err().code(),
        "no_such_download"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_and_change_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(noise(12 * MEBIBYTE, 6)).await;
    let limits = Limits {
        connections: 2,
        parallel_files: 1,
        bytes_per_second: Some(4 << 20),
    };
    let queue = open_with(folder.path(), limits);
    let start = Instant::now();
    let one = queue
        .add(set(&server, folder.path(), "a", &["one"]))
        .unwrap();
    let two = queue
        .add(set(&server, folder.path(), "b", &["two"]))
        .unwrap();
    until(&queue, &one, |view| view.downloaded_bytes > 6 << 20).await;
    assert!(
        start.elapsed() > Duration::from_millis(1000),
        "{:?}",
        start.elapsed()
    );
    let view = until(&queue, &two, |_| true).await;
    assert_eq!(view.state, JobState::Queued);
    assert!(server.state.most_open.load(Ordering::SeqCst) <= 2);
    queue.set_limits(Limits::default());
    for id in [&one, &two] {
        assert_eq!(queue.wait(id).await.unwrap().state, JobState::Done);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_document_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let sets = folder.path().join("downloads/sets");
    std::fs::create_dir_all(&sets).unwrap();
    std::fs::write(sets.join("set-x.json"), "{").unwrap();
    let queue = open(folder.path());
    assert!(queue.views().is_empty());
    assert_eq!(names(&sets), ["set-x.broken"]);
}

/// A newer upload in several files: until all of it is here the old model stays whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_replaces_another_takes_its_place_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(noise(12 * MEBIBYTE, 8)).await;
    server.state.speed.store(6 << 20, Ordering::SeqCst);
    let models = folder.path().join("models");
    std::fs::create_dir_all(&models).unwrap();
    for name in ["one", "two"] {
        std::fs::write(models.join(name), b"old").unwrap();
    }
    let one_at_a_time = Limits {
        parallel_files: 1,
        ..Limits::default()
    };
    let queue = open_with(folder.path(), one_at_a_time);
    let mut spec = set(&server, folder.path(), "a", &["one", "two"]);
    for file in &mut spec.files {
        file.replace_existing = true;
    }
    let id = queue.add(spec).unwrap();
    until(&queue, &id, |view| view.downloaded_bytes > 16 << 20).await;
    queue.pause(&id).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    for name in ["one", "two"] {
        assert_eq!(std::fs::read(models.join(name)).unwrap(), b"old");
    }
    server.state.speed.store(0, Ordering::SeqCst);
    queue.resume(&id).unwrap();
    let view = queue.wait(&id).await.unwrap();
    assert_eq!((view.state, view.error), (JobState::Done, None));
    for name in ["one", "two"] {
        assert_eq!(
            std::fs::metadata(models.join(name)).unwrap().len(),
            12 << 20
        );
    }
    assert!(server.sent() < 28 << 20, "{}", server.sent());
}

/// Variants share their projector: one waits for the other, and cancelling one takes nothing from the other.
#[tokio::test(flavor = "multi_thread")]
async fn sets_that_share_a_file_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(noise(12 * MEBIBYTE, 9)).await;
    server.state.speed.store(3 << 20, Ordering::SeqCst);
    let queue = open(folder.path());
    let one = queue
        .add(set(&server, folder.path(), "a", &["shared"]))
        .unwrap();
    until(&queue, &one, |view| view.downloaded_bytes > 4 << 20).await;
    let two = queue
        .add(set(&server, folder.path(), "b", &["shared"]))
        .unwrap();
    let view = until(&queue, &two, |view| view.state == JobState::Waiting).await;
    assert!(view.reason.unwrap().contains("same file"));
    queue.pause(&one).unwrap();
    until(&queue, &two, |view| view.state == JobState::Running).await;
    queue.cancel(&two).unwrap();
    queue.wait(&two).await.unwrap();

    // Asking again is going on, and begins with what is there.
    let sent = server.sent();
    queue
        .add(set(&server, folder.path(), "a", &["shared"]))
        .unwrap();
    let view = until(&queue, &one, |_| true).await;
    assert!(view.downloaded_bytes > 4 << 20, "{view:?}");
    server.state.speed.store(0, Ordering::SeqCst);
    assert_eq!(queue.wait(&one).await.unwrap().state, JobState::Done);
    let again = server.sent() - sent;
    assert!(again < 12 << 20, "{again}");
}

/// A download must not stand at 100 % until another one gives up a connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_complete_is_done_though_another_has_every_connection() {
    let folder = tempfile::tempdir().unwrap();
    // Four requests for three connections. They end one after another, so that the other file gets every connection
    // that is given up, and two of this one's stand in line when the last byte comes.
    let server = Server::start(noise(28 * MEBIBYTE, 10)).await;
    server.state.speed.store(16 << 20, Ordering::SeqCst);
    server.behave(|request, _| {
        let first = request.range.as_ref().map_or(0, |range| range.start);
        match request.path.ends_with("slow") {
            true => Act::Stall(1 << 16),
            false => Act::Late(Duration::from_millis(20 * (first >> 20))),
        }
    });
    let options = Options {
        stall_timeout: Duration::from_secs(60),
        ..options()
    };
    let downloader = Downloader::new(client(), folder.path().join("downloads"), options);
    let limits = Limits {
        connections: 3,
        parallel_files: 2,
        ..Limits::default()
    };
    let sets = folder.path().join("downloads/sets");
    let queue = Queue::open(downloader, sets, limits).unwrap();
    let one = queue
        .add(set(&server, folder.path(), "a", &["one"]))
        .unwrap();
    until(&queue, &one, |_| server.requests().len() == 3).await;
    let mut slow = set(&server, folder.path(), "b", &["two"]);
    slow.files[0].url += "?slow";
    let slow = queue.add(slow).unwrap();
    let waiting = tokio::time::timeout(Duration::from_secs(20), queue.wait(&one));
    let view = waiting.await.expect("it waits for the other").unwrap();
    assert_eq!(view.state, JobState::Done);
    queue.cancel(&slow).unwrap();
    queue.wait(&slow).await.unwrap();
}

/// An app that ends right after a cancel must not leave gigabytes that nobody knows of.
#[tokio::test]
async fn parts_of_what_was_cancelled_are_removed_at_the_next_start_where_there_was_no_time() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(noise(12 * MEBIBYTE, 11)).await;
    server.state.speed.store(3 << 20, Ordering::SeqCst);
    let state = folder.path().join("downloads");
    let queue = open(folder.path());
    let id = queue
        .add(set(&server, folder.path(), "a", &["one", "shared"]))
        .unwrap();
    let other = queue
        .add(set(&server, folder.path(), "b", &["shared"]))
        .unwrap();
    queue.pause(&other).unwrap();
    until(&queue, &id, |view| {
        view.files
            .iter()
            .all(|file| file.downloaded_bytes > 1 << 20)
    })
    .await;
    queue.pause(&id).unwrap();
    queue.close().await;
    // As a kill leaves it between the cancel and the clean-up.
    let document = state.join("sets/set-a.json");
    let text = std::fs::read_to_string(&document).unwrap();
    std::fs::write(&document, text.replace("\"paused\"", "\"cancelled\"")).unwrap();
    drop(queue);

    let queue = open(folder.path());
    let ids: Vec<_> = queue.views().into_iter().map(|view| view.id).collect();
    assert_eq!(ids, std::slice::from_ref(&other));
    assert!(!document.exists());
    let left = names(&state);
    assert!(
        !left.iter().any(|name| name.starts_with("one.")),
        "{left:?}"
    );
    let shared = left.iter().filter(|name| name.starts_with("shared."));
    assert_eq!(shared.count(), 2, "the other one's: {left:?}");

    // It is written down before anything is removed: on this one thread nothing else has run yet.
    queue.cancel(&other).unwrap();
    let text = std::fs::read_to_string(state.join("sets/set-b.json")).unwrap();
    assert!(text.contains("\"cancelled\""), "{text}");
    queue.wait(&other).await.unwrap();
    assert_eq!(names(&state), ["sets"]);
    assert_eq!(names(&state.join("sets")), [""; 0]);
}
