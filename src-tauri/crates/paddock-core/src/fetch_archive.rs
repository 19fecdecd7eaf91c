//! Fetching one archive of a release, with what the job shows of it.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use download::{Downloader, FileProgress, FileSpec, FileState, Options};
use engines::Asset;
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::engine_error::EngineError;
use crate::error::Error;

/// The download waits for a network as long as it takes; somebody who wants an engine does not.
const MOST_SILENCE: Duration = Duration::from_secs(60);
/// Over how long the speed is smoothed.
const SPEED_WINDOW: Duration = Duration::from_secs(3);

/// What was last heard.
struct Heard {
    bytes: u64,
    reason: Option<String>,
    /// When bytes last came.
    at: Instant,
    window_begin: Instant,
    window_bytes: u64,
    bytes_per_second: Option<u64>,
}

impl Heard {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            bytes: 0,
            reason: None,
            at: now,
            window_begin: now,
            window_bytes: 0,
            bytes_per_second: None,
        }
    }

    fn hear(&mut self, progress: &FileProgress) {
        let now = Instant::now();
        if progress.downloaded_bytes != self.bytes || progress.state == FileState::Verifying {
            self.at = now;
        }
        self.bytes = progress.downloaded_bytes;
        self.reason.clone_from(&progress.reason);
        let window = now.duration_since(self.window_begin);
        if window >= SPEED_WINDOW {
            let came = progress.fetched_bytes.saturating_sub(self.window_bytes);
            let milliseconds = u64::try_from(window.as_millis()).unwrap_or(u64::MAX).max(1);
            self.bytes_per_second = Some(came.saturating_mul(1000) / milliseconds);
            self.window_begin = now;
            self.window_bytes = progress.fetched_bytes;
        }
    }
}

impl Core {
    /// Fetches an archive into `folder`. `before` bytes of `total` are there already.
    pub(crate) async fn fetch_archive(
        &self,
        asset: &Asset,
        folder: &Path,
        before: u64,
        total: u64,
        cancel: &CancellationToken,
    ) -> Result<download::Fetched, Error> {
        let spec = FileSpec {
            url: asset.url.clone(),
            target: download::safe_join(folder, &asset.name)?,
            size_bytes: Some(asset.size_bytes),
            sha256: asset.sha256.clone(),
            replace_existing: true,
            ..FileSpec::default()
        };
        let downloader = Downloader::new(
            self.http(),
            self.data().root().join("downloads").join("engines"),
            Options::default(),
        );
        let heard = Mutex::new(Heard::new());
        let progress = |progress: FileProgress| {
            let mut heard = heard
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            heard.hear(&progress);
            let speed = heard.bytes_per_second;
            self.update_job(|job| {
                job.downloaded_bytes = before + progress.downloaded_bytes;
                job.bytes_per_second = speed;
                job.seconds_left = speed
                    .filter(|speed| *speed > 0)
                    .map(|speed| total.saturating_sub(job.downloaded_bytes) / speed);
                job.step = match (&progress.reason, progress.state) {
                    (Some(reason), FileState::Waiting) => reason.clone(),
                    (_, FileState::Verifying) => format!("Checking {}", asset.name),
                    _ => format!("Fetching {}", asset.name),
                };
            });
        };
        let stop = cancel.child_token();
        let fetch = downloader.fetch(&spec, &progress, &stop);
        let watch = async {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let heard = heard
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                if heard.at.elapsed() > MOST_SILENCE {
                    return heard.reason.clone();
                }
            }
        };
        tokio::pin!(fetch);
        let outcome = tokio::select! {
            outcome = &mut fetch => outcome,
            reason = watch => {
                stop.cancel();
                // Its parts are put in order before anyone else may want them.
                let _ = fetch.await;
                return Err(EngineError::Stalled { file: asset.name.clone(), reason }.into());
            }
        };
        match outcome {
            Ok(fetched) => Ok(fetched),
            Err(download::Error::Cancelled) => Err(EngineError::Cancelled.into()),
            Err(error) => Err(error.into()),
        }
    }
}
