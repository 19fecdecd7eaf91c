//! Sets of files that are one thing to the user, one after another.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::downloader::Downloader;
use crate::error::Error;
use crate::spec::{FileSpec, Limits};
use crate::view::{JobId, JobView};

/// A set of files that is one thing to the user (shards and projector; engine archive and its runtime).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetSpec {
    /// An id of the caller's; else one is made up.
    pub id: Option<JobId>,
    /// What the user knows it as.
    pub label: String,
    /// What to fetch.
    pub files: Vec<FileSpec>,
    /// The caller's, kept on disk.
    pub tag: serde_json::Value,
}

/// Downloads in order, with a handle for every door. Clones are the same queue.
#[derive(Clone)]
pub struct Queue {}

impl Queue {
    /// Opens the queue of a state folder. Sets of an earlier run are there again: paused and failed ones as they were,
    /// all others as [`crate::JobState::Interrupted`]. Call it within a tokio runtime.
    ///
    /// # Errors
    /// [`Error::File`] where the folder cannot be used.
    pub fn open(
        downloader: Downloader,
        state_folder: PathBuf,
        limits: Limits,
    ) -> Result<Self, Error> {
        let _ = (downloader, state_folder, limits);
        todo!()
    }

    /// Adds a set at the end. A set with the id of one that is there resumes that one, and the new spec replaces the
    /// old, tokens included.
    ///
    /// # Errors
    /// [`Error::File`] where it cannot be kept on disk.
    pub fn add(&self, set: SetSpec) -> Result<JobId, Error> {
        let _ = set;
        todo!()
    }

    /// Stops a set until [`Self::resume`]; no matter if it is stopped already.
    ///
    /// # Errors
    /// [`Error::NoSuchDownload`]; [`Error::WrongState`] if it is over.
    pub fn pause(&self, id: &str) -> Result<(), Error> {
        let _ = id;
        todo!()
    }

    /// Goes on with a set that is paused, interrupted or failed; no matter if it runs already.
    ///
    /// # Errors
    /// [`Error::NoSuchDownload`]; [`Error::WrongState`] if it is done or cancelled.
    pub fn resume(&self, id: &str) -> Result<(), Error> {
        let _ = id;
        todo!()
    }

    /// Gives a set up and removes its own parts; files of it that are at their target stay.
    ///
    /// # Errors
    /// [`Error::NoSuchDownload`]; [`Error::WrongState`] if it is done.
    pub fn cancel(&self, id: &str) -> Result<(), Error> {
        let _ = id;
        todo!()
    }

    /// Takes a set that is over off the list. The parts of a failed one are removed.
    ///
    /// # Errors
    /// [`Error::NoSuchDownload`]; [`Error::WrongState`] if it is not over.
    pub fn dismiss(&self, id: &str) -> Result<(), Error> {
        let _ = id;
        todo!()
    }

    /// All sets in order, published at most four times a second.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<Vec<JobView>>> {
        todo!()
    }

    /// All sets in order, as they are now.
    #[must_use]
    pub fn views(&self) -> Vec<JobView> {
        todo!()
    }

    /// Waits until a set is done, failed or cancelled.
    ///
    /// # Errors
    /// [`Error::NoSuchDownload`], also if it is dismissed meanwhile.
    pub async fn wait(&self, id: &str) -> Result<JobView, Error> {
        let _ = id;
        todo!()
    }

    /// Changes the limits of what runs and what will.
    pub fn set_limits(&self, limits: Limits) {
        let _ = limits;
        todo!()
    }
}
