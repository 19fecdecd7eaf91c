//! The downloads: one queue for all doors, opened when it is first needed, and what becomes of a set that is done.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use download::{Downloader, JobId, JobState, JobView, Limits, Options, Queue};
use serde::Serialize;
use tokio::sync::watch;

use crate::core::{Core, Inner};
use crate::download_model::{MODEL, ModelTag, set_id};
use crate::error::Error;

/// A download, as doors show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DownloadView {
    /// As the queue has it. Its `tag` has `kind`, `repo` and `variant`.
    #[serde(flatten)]
    pub job: JobView,
    /// The model's key, once it is in the library.
    pub key: Option<String>,
}

/// The queue once it is open.
#[derive(Default)]
pub(crate) struct Downloads {
    queue: Mutex<Option<Queue>>,
    /// When the sets that were put into the library were done: one that is fetched again is put there again.
    finished: Mutex<HashMap<JobId, Option<u64>>>,
    /// The keys of these. A lock of its own, for what is shown: the other is held while the library is looked through.
    keys: Mutex<HashMap<JobId, String>>,
}

impl Core {
    /// The queue; opens it, with what an earlier run left in it.
    ///
    /// # Errors
    /// The folder for downloads cannot be used.
    pub(crate) fn queue(&self) -> Result<Queue, Error> {
        let mut queue = self
            .inner
            .downloads
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = &*queue {
            return Ok(queue.clone());
        }
        let folder = self.data().downloads();
        let weak = Arc::downgrade(&self.inner);
        // Tokens are not kept on disk; a set of an earlier run gets the one that counts now.
        let downloader = Downloader::new(
            self.http_for_downloads(),
            folder.clone(),
            Options::default(),
        )
        .with_bearer_source(move |url| bearer(&weak, url));
        let opened = Queue::open(downloader, folder, self.download_limits())?;
        tokio::spawn(finish_what_is_done(
            Arc::downgrade(&self.inner),
            opened.subscribe(),
        ));
        Ok(queue.insert(opened).clone())
    }

    /// All downloads, now and whenever they change, at most four times a second.
    ///
    /// # Errors
    /// The folder for downloads cannot be used.
    pub fn watch_downloads(&self) -> Result<watch::Receiver<Arc<Vec<JobView>>>, Error> {
        Ok(self.queue()?.subscribe())
    }

    /// All downloads as they are.
    ///
    /// # Errors
    /// The folder for downloads cannot be used.
    pub fn downloads(&self) -> Result<Vec<DownloadView>, Error> {
        Ok(self
            .queue()?
            .views()
            .into_iter()
            .map(|job| self.view_of(job))
            .collect())
    }

    /// One download; a model that is done is in the library by then.
    ///
    /// # Errors
    /// There is none of this id, or the settings cannot be saved.
    pub async fn show_download(&self, id: &str) -> Result<DownloadView, Error> {
        let found = self.queue()?.views().into_iter().find(|job| job.id == id);
        let job = found.ok_or_else(|| download::Error::NoSuchDownload { id: id.to_owned() })?;
        if job.state == JobState::Done {
            let finished = job.clone();
            self.blocking(move |core| core.finish(&finished)).await??;
        }
        Ok(self.view_of(job))
    }

    /// Stops a download; what is there of it is kept.
    ///
    /// # Errors
    /// There is none of this id, or it is over.
    pub fn pause_download(&self, id: &str) -> Result<(), Error> {
        Ok(self.queue()?.pause(id)?)
    }

    /// Goes on with a download.
    ///
    /// # Errors
    /// There is none of this id, or it is done.
    pub fn resume_download(&self, id: &str) -> Result<(), Error> {
        let _writing = self.write_to_models_folder()?;
        self.check_own_folder()?;
        Ok(self.queue()?.resume(id)?)
    }

    /// Gives a download up and removes what is there of it, and nothing else.
    ///
    /// # Errors
    /// There is none of this id, or it is done.
    pub fn cancel_download(&self, id: &str) -> Result<(), Error> {
        Ok(self.queue()?.cancel(id)?)
    }

    /// Takes a download that is over off the list.
    ///
    /// # Errors
    /// There is none of this id, or it is not over.
    pub fn dismiss_download(&self, id: &str) -> Result<(), Error> {
        Ok(self.queue()?.dismiss(id)?)
    }

    /// Waits until a download is over and, where it is done, in the library.
    ///
    /// # Errors
    /// There is none of this id, or the settings cannot be saved.
    pub async fn wait_for_download(&self, id: &str) -> Result<DownloadView, Error> {
        self.queue()?.wait(id).await?;
        self.show_download(id).await
    }

    /// Takes over what the settings say of connections and bandwidth.
    pub(crate) fn apply_download_limits(&self) {
        let queue = self
            .inner
            .downloads
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = &*queue {
            queue.set_limits(self.download_limits());
        }
    }

    /// How much downloads may take, as it is set.
    #[must_use]
    pub fn download_limits(&self) -> Limits {
        let settings = self.settings();
        let default = Limits::default();
        Limits {
            connections: settings
                .hub
                .connections
                .unwrap_or(default.connections)
                .clamp(1, 32),
            parallel_files: settings
                .hub
                .parallel_files
                .unwrap_or(default.parallel_files)
                .clamp(1, 8),
            bytes_per_second: settings.hub.bytes_per_second.filter(|rate| *rate > 0),
        }
    }

    /// What the queue has; nothing where it cannot be opened.
    pub(crate) fn download_jobs(&self) -> Vec<JobView> {
        self.queue().map(|queue| queue.views()).unwrap_or_default()
    }

    fn view_of(&self, job: JobView) -> DownloadView {
        let done = job.state == JobState::Done;
        let key = done.then(|| self.key_of_job(&job.id)).flatten();
        DownloadView { key, job }
    }

    /// As it was found when the set was done: doors ask often, and paths are on disks that may be slow.
    fn key_of_job(&self, id: &str) -> Option<String> {
        let keys = &self.inner.downloads.keys;
        let key = keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()?;
        self.settings().models.contains_key(&key).then_some(key)
    }

    /// Puts all sets that are done into the library.
    pub(crate) fn finish_downloads(&self) -> Result<(), Error> {
        // A queue that cannot be opened has finished nothing.
        let jobs = self.download_jobs();
        let mut done = jobs.iter().filter(|job| job.state == JobState::Done);
        done.try_for_each(|job| self.finish(job))
    }

    /// Puts a set that is done into the library, once.
    fn finish(&self, job: &JobView) -> Result<(), Error> {
        let mut finished = self
            .inner
            .downloads
            .finished
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let tag: Option<ModelTag> = serde_json::from_value(job.tag.clone()).ok();
        let Some(tag) =
            tag.filter(|tag| tag.kind == MODEL && finished.get(&job.id) != Some(&job.finished_at))
        else {
            return Ok(());
        };
        let files: Vec<PathBuf> = job.files.iter().map(|file| file.path.clone()).collect();
        let key = self.add_downloaded(&tag, &files)?;
        let mut keys = self
            .inner
            .downloads
            .keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match key {
            Some(key) => keys.insert(job.id.clone(), key),
            None => keys.remove(&job.id),
        };
        finished.insert(job.id.clone(), job.finished_at);
        Ok(())
    }
}

/// The id of the download of a variant that is under way, paused or interrupted.
pub(crate) fn job_among(jobs: &[JobView], id: &hub::RepoId, variant: &str) -> Option<JobId> {
    let wanted = set_id(id, variant);
    let over = |job: &JobView| matches!(job.state, JobState::Done | JobState::Cancelled);
    jobs.iter()
        .find(|job| job.id == wanted && !over(job))
        .map(|job| job.id.clone())
}

/// The token, for addresses of the hub alone.
fn bearer(core: &Weak<Inner>, url: &str) -> Option<String> {
    let core = Core {
        inner: core.upgrade()?,
    };
    let hub = core.hub().ok()?;
    let rest = url.strip_prefix(hub.endpoint())?;
    rest.starts_with('/')
        .then(|| hub.token().map(|token| token.secret().to_owned()))?
}

/// Until the core or the queue is gone.
async fn finish_what_is_done(core: Weak<Inner>, mut jobs: watch::Receiver<Arc<Vec<JobView>>>) {
    loop {
        let done: Vec<JobView> = {
            let jobs = jobs.borrow_and_update();
            jobs.iter()
                .filter(|job| job.state == JobState::Done)
                .cloned()
                .collect()
        };
        let Some(inner) = core.upgrade() else { return };
        let core = Core { inner };
        for job in done {
            let outcome = core.blocking(move |core| core.finish(&job)).await;
            if let Ok(Err(error)) | Err(error) = outcome {
                tracing::warn!(%error, "a downloaded model could not be put into the library");
            }
        }
        drop(core);
        if jobs.changed().await.is_err() {
            return;
        }
    }
}
