//! Scans that give up waiting: a network drive that hangs answers neither yes nor no, and must not hold up the rest.
//!
//! A folder that does not answer in time is asked by a thread that stays until the system lets it go; meanwhile nobody
//! waits for that folder again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::scan::{FoundModel, scan_folder};

/// A local disk with thousands of files answers in less.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

type Scan = dyn Fn(&Path) -> Vec<FoundModel> + Send + Sync;

enum Asked {
    Now(Receiver<Vec<FoundModel>>),
    Answered(Vec<FoundModel>),
    Silent,
}

/// Scans folders, each in a thread of its own.
pub struct Scanner {
    scan: Arc<Scan>,
    longest_wait: Duration,
    /// What has not answered yet.
    silent: Mutex<HashMap<PathBuf, Receiver<Vec<FoundModel>>>>,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::with(LONGEST_WAIT, scan_folder)
    }
}

impl Scanner {
    /// A scanner that waits for `longest_wait`, and scans by `scan`.
    pub fn with(
        longest_wait: Duration,
        scan: impl Fn(&Path) -> Vec<FoundModel> + Send + Sync + 'static,
    ) -> Self {
        Self {
            scan: Arc::new(scan),
            longest_wait,
            silent: Mutex::default(),
        }
    }

    /// The models under `folders`, in their order, of those that answer. All are scanned at once; one that did not
    /// answer earlier is not waited for.
    pub fn scan(&self, folders: &[PathBuf]) -> Vec<FoundModel> {
        let asked: Vec<(&PathBuf, Asked)> = folders
            .iter()
            .map(|folder| (folder, self.ask(folder)))
            .collect();
        let deadline = Instant::now() + self.longest_wait;
        let mut found = Vec::new();
        for (folder, asked) in asked {
            match asked {
                Asked::Answered(models) => found.extend(models),
                Asked::Silent => {}
                Asked::Now(answer) => {
                    let wait = deadline.saturating_duration_since(Instant::now());
                    match answer.recv_timeout(wait) {
                        Ok(models) => found.extend(models),
                        Err(RecvTimeoutError::Timeout) => {
                            let folder = folder.clone();
                            tracing::warn!(folder = %folder.display(), "does not answer");
                            self.silent().insert(folder, answer);
                        }
                        Err(RecvTimeoutError::Disconnected) => {}
                    }
                }
            }
        }
        found
    }

    /// Whether what is at `path` lies in a folder that did not answer: asking for it would take as long.
    pub fn is_silent(&self, path: &Path) -> bool {
        let silent = self.silent();
        silent.keys().any(|folder| path.starts_with(folder))
    }

    fn ask(&self, folder: &Path) -> Asked {
        {
            let mut silent = self.silent();
            match silent.get(folder).map(Receiver::try_recv) {
                Some(Err(TryRecvError::Empty)) => return Asked::Silent,
                // Not newer than what was there when it was asked, which a later scan makes up for.
                Some(Ok(models)) => {
                    silent.remove(folder);
                    return Asked::Answered(models);
                }
                Some(Err(TryRecvError::Disconnected)) => {
                    silent.remove(folder);
                }
                None => {}
            }
        }
        let (send, receive) = mpsc::channel();
        let (scan, owned) = (Arc::clone(&self.scan), folder.to_owned());
        let spawned = std::thread::Builder::new()
            .name("library-scan".to_owned())
            .spawn(move || {
                let _ = send.send(scan(&owned));
            });
        if let Err(error) = spawned {
            tracing::warn!(%error, folder = %folder.display(), "not scanned");
        }
        Asked::Now(receive)
    }

    fn silent(&self) -> MutexGuard<'_, HashMap<PathBuf, Receiver<Vec<FoundModel>>>> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An unplugged or hanging drive must not block the app: LM Studio #76.
    #[test]
    fn a_folder_that_hangs_holds_up_nobody_and_is_there_again_when_it_answers() {
        let (let_go, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        let scanner = Scanner::with(Duration::from_millis(200), move |folder| {
            if folder == Path::new("/hangs") {
                let _ = held.lock().unwrap().recv();
            }
            vec![crate::model_at(&folder.join("m.gguf"))]
        });
        let folders = ["/hangs".into(), "/fine".into()];
        let paths = || -> Vec<PathBuf> {
            let found = scanner.scan(&folders);
            found.into_iter().map(|model| model.path).collect()
        };
        let fine = [PathBuf::from("/fine/m.gguf")];
        assert_eq!(paths(), fine);
        assert!(scanner.is_silent(Path::new("/hangs/deep/m.gguf")));
        assert!(!scanner.is_silent(Path::new("/fine/m.gguf")));
        assert_eq!(paths(), fine, "asked once");

        let_go.send(()).unwrap();
        drop(let_go);
        let begin = Instant::now();
        while paths().len() < 2 {
            assert!(begin.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(!scanner.is_silent(Path::new("/hangs/m.gguf")));
    }
}
