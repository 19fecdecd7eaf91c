//! Tells when files in models folders come, go or change. Bursts are one event: a copied folder, a download.
//!
//! What cannot be watched (a network share, too many folders for the system) is no failure: whoever lists the library
//! scans anyway. Being read is no change; else every scan would cause the next one.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// After this long without a change, a burst is over.
const QUIET: Duration = Duration::from_millis(400);
/// A burst that goes on, such as a file that grows, is told this often.
const LONGEST_BURST: Duration = Duration::from_secs(5);

/// Watches folders. Dropping it ends its thread.
pub struct LibraryWatcher {
    watcher: Option<RecommendedWatcher>,
    watched: Vec<PathBuf>,
}

impl LibraryWatcher {
    /// Calls `changed` from a thread of its own after each burst of changes. Nothing is watched yet.
    pub fn new(changed: impl Fn() + Send + 'static) -> Self {
        let (send, receive) = mpsc::channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let relevant =
                event.is_ok_and(|event| matters(&event.kind) && !is_hidden(&event.paths));
            if relevant {
                let _ = send.send(());
            }
        });
        let watcher = watcher
            .inspect_err(|error| tracing::warn!(%error, "model folders are not watched"))
            .ok();
        // Ends when the watcher, which holds the other end, is dropped.
        let spawned = std::thread::Builder::new()
            .name("library-watch".to_owned())
            .spawn(move || tell_bursts(&receive, &changed));
        if let Err(error) = spawned {
            tracing::warn!(%error, "model folders are not watched");
        }
        Self {
            watcher,
            watched: Vec::new(),
        }
    }

    /// Watches those of `folders` that are there, and no others. True if that is another set than before: a drive
    /// came or went.
    pub fn watch(&mut self, folders: &[PathBuf]) -> bool {
        let Some(watcher) = &mut self.watcher else {
            return false;
        };
        let present: Vec<PathBuf> = folders
            .iter()
            .filter(|folder| folder.is_dir())
            .cloned()
            .collect();
        if present == self.watched {
            return false;
        }
        let gone = |folder: &&PathBuf| !present.contains(folder);
        for folder in self.watched.iter().filter(gone) {
            let _ = watcher.unwatch(folder);
        }
        for folder in &present {
            if !self.watched.contains(folder) {
                start(watcher, folder);
            }
        }
        self.watched = present;
        true
    }
}

fn start(watcher: &mut RecommendedWatcher, folder: &Path) {
    if let Err(error) = watcher.watch(folder, RecursiveMode::Recursive) {
        tracing::warn!(%error, folder = %folder.display(), "a model folder is not watched");
    }
}

fn matters(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(_) => false,
        EventKind::Modify(ModifyKind::Metadata(_)) => false,
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) => true,
        EventKind::Other => true,
    }
}

/// Parts of downloads and half copies, which grow for hours and are no models yet. The name that they get in the end is
/// another.
fn is_hidden(paths: &[PathBuf]) -> bool {
    let hidden = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
    };
    !paths.is_empty() && paths.iter().all(hidden)
}

fn tell_bursts(events: &Receiver<()>, changed: &dyn Fn()) {
    while events.recv().is_ok() {
        let begin = Instant::now();
        loop {
            match events.recv_timeout(QUIET) {
                Ok(()) if begin.elapsed() < LONGEST_BURST => {}
                Ok(()) | Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        changed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn a_burst_is_told_once_and_reading_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let (send, told) = mpsc::channel();
        let mut watcher = LibraryWatcher::new(move || {
            let _ = send.send(());
        });
        let folders = [folder.path().to_owned(), folder.path().join("not there")];
        assert!(watcher.watch(&folders));
        assert!(!watcher.watch(&folders), "nothing is new");
        std::fs::create_dir(folder.path().join("new")).unwrap();
        for index in 0..20 {
            std::fs::write(folder.path().join(format!("new/{index}.gguf")), "GGUF").unwrap();
        }
        told.recv_timeout(LONG).unwrap();
        // What came late of the burst.
        while told.recv_timeout(Duration::from_secs(1)).is_ok() {}
        for index in 0..20 {
            std::fs::read(folder.path().join(format!("new/{index}.gguf"))).unwrap();
        }
        assert!(
            told.recv_timeout(Duration::from_secs(1)).is_err(),
            "reading"
        );
        std::fs::remove_file(folder.path().join("new/3.gguf")).unwrap();
        told.recv_timeout(LONG).unwrap();
    }

    /// A download beside its target would have the library scanned every five seconds, for hours.
    #[test]
    fn a_part_that_grows_is_no_news_until_it_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (send, told) = mpsc::channel();
        let mut watcher = LibraryWatcher::new(move || {
            let _ = send.send(());
        });
        assert!(watcher.watch(&[folder.path().to_owned()]));
        let part = folder.path().join(".a.gguf.part");
        for length in 1..20 {
            std::fs::write(&part, vec![0; length]).unwrap();
        }
        assert!(told.recv_timeout(Duration::from_secs(1)).is_err());
        std::fs::rename(&part, folder.path().join("a.gguf")).unwrap();
        told.recv_timeout(LONG).unwrap();
    }

    #[test]
    fn a_folder_that_comes_is_watched_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let drive = folder.path().join("drive");
        let (send, told) = mpsc::channel();
        let mut watcher = LibraryWatcher::new(move || {
            let _ = send.send(());
        });
        let folders = [drive.clone()];
        assert!(!watcher.watch(&folders));
        std::fs::create_dir(&drive).unwrap();
        assert!(watcher.watch(&folders), "it came");
        std::fs::write(drive.join("a.gguf"), "GGUF").unwrap();
        told.recv_timeout(LONG).unwrap();
        std::fs::remove_dir_all(&drive).unwrap();
        assert!(watcher.watch(&folders), "it went");
    }
}
