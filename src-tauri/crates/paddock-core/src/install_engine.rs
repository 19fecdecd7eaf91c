//! Installing an engine: begun here, one at a time, and told about while it goes on. The steps are in `install_steps`.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::engine_error::EngineError;
use crate::engine_jobs::{EngineJob, EngineJobState};
use crate::engines::EngineView;
use crate::error::{Error, WireError};

/// What to install.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InstallRequest {
    /// `latest`, or a release's tag such as `b10434`.
    pub build: String,
    /// Which of the release's builds: an id such as `vulkan`. What fits this machine where there is none.
    pub variant: Option<String>,
    /// Install even what the release has no SHA-256 digest for.
    pub without_digest: bool,
}

impl Default for InstallRequest {
    fn default() -> Self {
        Self {
            build: "latest".to_owned(),
            variant: None,
            without_digest: false,
        }
    }
}

/// What becomes of an engine that was installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Then {
    /// Models run on it from now on.
    MakeCurrent,
    /// It takes the place of this one, whose binary was gone, under that name.
    Replace(String),
}

impl Core {
    /// Begins an installation and returns its job; [`Core::engine_jobs`] tells how it goes on.
    ///
    /// # Errors
    /// Another one is under way.
    pub fn begin_install(&self, request: InstallRequest) -> Result<EngineJob, Error> {
        self.spawn_install(request, Then::MakeCurrent)
            .map(|(job, _)| job)
    }

    /// Installs an engine, proves it, and makes it current.
    ///
    /// # Errors
    /// What is in the way; what was current stays so.
    pub async fn install_engine(&self, request: InstallRequest) -> Result<EngineView, Error> {
        self.install_then(request, Then::MakeCurrent).await
    }

    pub(crate) async fn install_then(
        &self,
        request: InstallRequest,
        then: Then,
    ) -> Result<EngineView, Error> {
        let (_, outcome) = self.spawn_install(request, then)?;
        outcome.await.map_err(|_| Error::ShuttingDown)?
    }

    /// The installation is a task of its own: whoever asked for it may go away.
    fn spawn_install(
        &self,
        request: InstallRequest,
        then: Then,
    ) -> Result<(EngineJob, oneshot::Receiver<Result<EngineView, Error>>), Error> {
        let store = &self.inner.engine_store;
        let Ok(turn) = std::sync::Arc::clone(&store.installing).try_lock_owned() else {
            let build = store.job.borrow().as_ref().map(|job| job.build.clone());
            return Err(EngineError::Busy {
                build: build.unwrap_or_default(),
            }
            .into());
        };
        let cancel = CancellationToken::new();
        *store.cancel.lock().unwrap_or_else(PoisonError::into_inner) = cancel.clone();
        let id = store.next_id.fetch_add(1, Ordering::Relaxed);
        let job = EngineJob::new(id, &request.build);
        store.job.send_replace(Some(job.clone()));
        let (tell, outcome) = oneshot::channel();
        let core = self.clone();
        let ending = store.shutdown.clone();
        tokio::spawn(async move {
            let work = core.install_steps(&request, &then, &cancel);
            let result = tokio::select! {
                result = work => result,
                () = ending.cancelled() => Err(Error::ShuttingDown),
            };
            core.finish_job(&result);
            // Before anyone hears of it: whoever waited may begin the next one at once.
            drop(turn);
            let _ = tell.send(result);
        });
        Ok((job, outcome))
    }

    /// Ends the installation that is under way, if there is one. What was fetched stays for the next one.
    pub fn cancel_engine_install(&self) {
        let cancel = &self.inner.engine_store.cancel;
        cancel
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .cancel();
    }

    /// Waits until no installation is under way.
    pub(crate) async fn no_install_under_way(&self) {
        drop(self.inner.engine_store.installing.lock().await);
    }

    pub(crate) fn update_job(&self, change: impl FnOnce(&mut EngineJob)) {
        self.inner.engine_store.job.send_modify(|job| {
            if let Some(job) = job {
                change(job);
            }
        });
    }

    fn finish_job(&self, result: &Result<EngineView, Error>) {
        self.update_job(|job| {
            job.bytes_per_second = None;
            job.seconds_left = None;
            match result {
                Ok(engine) => {
                    job.state = EngineJobState::Done;
                    job.step = format!("{} is installed", engine.name);
                    job.engine = Some(engine.name.clone());
                }
                Err(error) => {
                    job.state = EngineJobState::Failed;
                    job.step = "Not installed".to_owned();
                    job.error = Some(WireError::from(error));
                }
            }
        });
    }
}
