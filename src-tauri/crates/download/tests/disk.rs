//! A full disk: a real one, a small tmpfs. Where none can be mounted these tests say so and do nothing.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod server;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use download::{
    Downloader, FileProgress, FileSpec, FileState, JobState, Limits, Options, Queue, SetSpec,
};
use server::{Server, client, names, noise, options, sha256};
use tokio_util::sync::CancellationToken;

const MEBIBYTE: usize = 1 << 20;

struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: &Path, mebibytes: u32) -> Option<Self> {
        let path = folder.join("disk");
        std::fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"])
            .arg(&path)
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("not tested: no tmpfs can be mounted here");
        }
        mounted.then_some(Self(path))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn spec(server: &Server, disk: &Path, bytes: &[u8]) -> FileSpec {
    FileSpec {
        url: server.url(),
        target: disk.join("models/file.bin"),
        sha256: Some(sha256(bytes)),
        ..FileSpec::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_does_not_fit_is_refused_before_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), 16) else {
        return;
    };
    let bytes = noise(40 * MEBIBYTE, 1);
    let server = Server::start(bytes.clone()).await;
    let downloader = Downloader::new(client(), disk.0.join("downloads"), options());
    let spec = spec(&server, &disk.0, &bytes);
    let error = downloader
        .fetch(&spec, &|_| {}, &CancellationToken::new())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "disk_full");
    let text = error.to_string();
    assert!(text.contains("25") && text.contains("MB"), "{text}");
    downloader.remove_parts(&spec).unwrap();
    assert_eq!(names(&disk.0.join("downloads")), [""; 0]);
}

/// Each shard alone would fit: without one sum for all, the last fails when the others are here.
#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_does_not_fit_as_a_whole_is_refused_before_its_first_byte() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), 64) else {
        return;
    };
    let bytes = noise(24 * MEBIBYTE, 4);
    let server = Server::start(bytes.clone()).await;
    let state = disk.0.join("downloads");
    let downloader = Downloader::new(client(), state.clone(), options());
    let limits = Limits {
        parallel_files: 1,
        ..Limits::default()
    };
    let queue = Queue::open(downloader, state.join("sets"), limits).unwrap();
    let set = |names: &[&str]| SetSpec {
        id: Some("a".into()),
        label: "Model a".into(),
        files: names
            .iter()
            .map(|name| FileSpec {
                target: disk.0.join("models").join(name),
                size_bytes: Some(bytes.len() as u64),
                ..spec(&server, &disk.0, &bytes)
            })
            .collect(),
        tag: serde_json::Value::Null,
    };
    let id = queue.add(set(&["one", "two", "three"])).unwrap();
    let view = queue.wait(&id).await.unwrap();
    assert_eq!(view.state, JobState::Failed);
    assert_eq!(view.error.unwrap().code, "disk_full");
    assert_eq!(server.requests().len(), 0);
    // What is here already needs no room.
    queue.add(set(&["one", "two"])).unwrap();
    assert_eq!(queue.wait(&id).await.unwrap().state, JobState::Done);
    std::fs::remove_file(disk.0.join("models/one")).unwrap();
    queue.add(set(&["two", "three"])).unwrap();
    assert_eq!(queue.wait(&id).await.unwrap().state, JobState::Done);
}

/// LMS#703 #1067: a full disk ends the app silently.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_on_the_way_is_waited_for_and_the_parts_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), 40) else {
        return;
    };
    let bytes = noise(30 * MEBIBYTE, 2);
    let server = Server::start(bytes.clone()).await;
    server.state.speed.store(3 << 20, Ordering::SeqCst);
    let options = Options {
        preallocate: false,
        ..options()
    };
    let downloader = Downloader::new(client(), disk.0.join("downloads"), options);
    let spec = spec(&server, &disk.0, &bytes);
    let told: Mutex<Vec<FileProgress>> = Mutex::default();
    let filler = disk.0.join("filler");
    let others = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        // Somebody else takes what is left; the last pages may already be gone.
        let _ = std::fs::write(&filler, vec![1; 30 * MEBIBYTE]);
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let last = told.lock().unwrap().last().cloned().unwrap();
            if last.state == FileState::Waiting {
                let reason = last.reason.unwrap();
                assert!(reason.starts_with("The disk is full: "), "{reason}");
                assert!(reason.contains("more needed in"), "{reason}");
                break;
            }
        }
        server.state.speed.store(0, Ordering::SeqCst);
        std::fs::remove_file(&filler).unwrap();
    };
    let tell = |progress| told.lock().unwrap().push(progress);
    let cancel = CancellationToken::new();
    let both = async { tokio::join!(downloader.fetch(&spec, &tell, &cancel), others) };
    let (fetched, ()) = tokio::time::timeout(Duration::from_secs(60), both)
        .await
        .expect("it hangs");
    let fetched = fetched.unwrap();
    assert!(std::fs::read(&fetched.path).unwrap() == bytes);
    assert!(
        fetched.fetched_bytes < 34 << 20,
        "{}",
        fetched.fetched_bytes
    );
}

/// Without its drive a target seems to be on the system's disk: the download must not begin anew there.
#[tokio::test(flavor = "multi_thread")]
async fn a_download_waits_for_the_drive_that_it_was_begun_on() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), 64) else {
        return;
    };
    let bytes = noise(30 * MEBIBYTE, 3);
    let server = Server::start(bytes.clone()).await;
    server.state.speed.store(4 << 20, Ordering::SeqCst);
    let state = folder.path().join("downloads");
    let downloader = Downloader::new(client(), state.clone(), options());
    let spec = spec(&server, &disk.0, &bytes);
    let cancel = CancellationToken::new();
    let stop = |progress: FileProgress| {
        if progress.downloaded_bytes > 8 << 20 {
            cancel.cancel();
        }
    };
    let error = downloader.fetch(&spec, &stop, &cancel).await.unwrap_err();
    assert_eq!(error.code(), "download_cancelled");
    let had = downloader.bytes_on_disk(&spec);
    assert!(had > 8 << 20);

    let away = folder.path().join("away");
    std::fs::create_dir(&away).unwrap();
    let moved = Command::new("mount")
        .arg("--move")
        .args([&disk.0, &away])
        .output()
        .is_ok_and(|output| output.status.success());
    if !moved {
        eprintln!("not tested: a mount cannot be moved here");
        return;
    }
    let away = SmallDisk(away);
    let sent = server.sent();
    let error = downloader
        .fetch(&spec, &|_| {}, &CancellationToken::new())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "folder_missing");
    assert_eq!(server.sent(), sent);
    assert_eq!(downloader.bytes_on_disk(&spec), had);
    downloader.remove_parts(&spec).unwrap();
    assert_eq!(names(&state).len(), 1);

    let back = Command::new("mount")
        .arg("--move")
        .args([&away.0, &disk.0])
        .status();
    assert!(back.unwrap().success());
    let limits = download::Limits::default();
    let _queue = download::Queue::open(downloader, state.join("sets"), limits).unwrap();
    assert_eq!(names(&disk.0.join("models")), [""; 0]);
    assert_eq!(names(&state), ["sets"]);
}
