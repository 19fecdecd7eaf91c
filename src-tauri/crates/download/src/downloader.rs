//! The door to single files, and what all files of one downloader share.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use crate::awake::Awake;
use crate::bandwidth::Bandwidth;
use crate::error::Error;
use crate::one_file::{Held, OneFile};
use crate::place::Place;
use crate::spec::{Fetched, FileProgress, FileSpec, Limits, Options};
use crate::sync::{Seats, lock};
use crate::transfer::source::Bearer;

/// Fetches files; clones share their limits.
#[derive(Clone)]
pub struct Downloader {
    shared: Arc<Common>,
}

/// What all files share.
pub(crate) struct Common {
    pub(crate) client: reqwest::Client,
    pub(crate) state_folder: PathBuf,
    pub(crate) options: Options,
    pub(crate) bandwidth: Bandwidth,
    pub(crate) connections: Arc<Seats>,
    pub(crate) awake: Awake,
    bearer: Mutex<Option<Bearer>>,
}

impl Common {
    /// Where a file's token comes from.
    pub(crate) fn bearer_of(self: &Arc<Self>, spec: &FileSpec) -> Bearer {
        if let Some(token) = spec.bearer.clone() {
            return Arc::new(move |_| Some(token.clone()));
        }
        let common = Arc::clone(self);
        Arc::new(move |url| {
            let source = lock(&common.bearer).clone()?;
            source(url)
        })
    }
}

impl Downloader {
    /// One that keeps its parts in `state_folder`. The client is best built without redirects
    /// (`reqwest::redirect::Policy::none()`): this crate follows them, to keep tokens at home and to know what expires.
    /// One that follows them by itself works as well, but hides what the hub says of the file before it redirects.
    #[must_use]
    pub fn new(client: reqwest::Client, state_folder: PathBuf, options: Options) -> Self {
        Self {
            shared: Arc::new(Common {
                client,
                state_folder,
                bandwidth: Bandwidth::new(options.bytes_per_second),
                connections: Seats::new(options.connections),
                awake: Awake::default(),
                bearer: Mutex::new(None),
                options,
            }),
        }
    }

    /// Fetches one file, going on from what is on disk of it. Returns when it is at its target, verified; what can
    /// pass by itself is waited for, and `progress` says so, four times a second.
    ///
    /// # Errors
    /// What cannot pass by itself, and [`Error::Cancelled`]; the parts are kept.
    pub async fn fetch(
        &self,
        spec: &FileSpec,
        progress: &(dyn Fn(FileProgress) + Send + Sync),
        cancel: &CancellationToken,
    ) -> Result<Fetched, Error> {
        let file = OneFile::new(&self.shared, spec, progress, cancel)?;
        Ok(run(file).await?.0)
    }

    /// As [`Self::fetch`], but a file that was fetched gets its name only with [`Held::finish`].
    pub(crate) async fn fetch_held(
        &self,
        spec: &FileSpec,
        progress: &(dyn Fn(FileProgress) + Send + Sync),
        cancel: &CancellationToken,
    ) -> Result<Option<Held>, Error> {
        let file = OneFile::new(&self.shared, spec, progress, cancel)?.held();
        Ok(run(file).await?.1)
    }

    /// A source of tokens for files whose [`FileSpec::bearer`] is absent, such as those of an earlier run: asked with the
    /// file's address before each request to its origin. Clones get it, too.
    #[must_use]
    pub fn with_bearer_source(
        self,
        source: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        *lock(&self.shared.bearer) = Some(Arc::new(source));
        self
    }

    /// Changes connections and bandwidth of what runs and what will; the number of files is a queue's matter.
    pub fn set_limits(&self, limits: Limits) {
        self.shared.connections.set(limits.connections);
        self.shared.bandwidth.set(limits.bytes_per_second);
    }

    /// Removes what is on disk of an unfinished download of `spec`; its target is left alone.
    ///
    /// # Errors
    /// [`Error::File`], and [`Error::Busy`] while it is being fetched.
    pub fn remove_parts(&self, spec: &FileSpec) -> Result<(), Error> {
        Place::of(&spec.target, &self.shared.state_folder)?.remove()
    }

    /// Removes parts that were given up while their drives were away.
    pub(crate) fn remove_left(&self) {
        crate::place::remove_left(&self.shared.state_folder);
    }

    /// An error where what is still to come of `files` does not fit all together. What has no known size is not counted,
    /// nor what seems to be at its target.
    pub(crate) fn check_space<'a>(
        &self,
        files: impl Iterator<Item = &'a FileSpec>,
    ) -> Result<(), Error> {
        let mut coming = Vec::new();
        for spec in files {
            let Some(size) = spec.size_bytes else {
                continue;
            };
            let place = Place::of(&spec.target, &self.shared.state_folder)?;
            let there = std::fs::metadata(&place.target).is_ok_and(|there| there.len() == size);
            // Of a drive that is away another error tells.
            if !there && place.away.is_none() {
                coming.push((place, size));
            }
        }
        crate::place::check_space_of_all(&coming)
    }

    /// How many bytes of an unfinished download of `spec` are on disk.
    #[must_use]
    pub fn bytes_on_disk(&self, spec: &FileSpec) -> u64 {
        crate::one_file::bytes_on_disk(&self.shared, spec)
    }
}

async fn run(file: OneFile<'_>) -> Result<(Fetched, Option<Held>), Error> {
    let place = file.place.clone();
    let outcome = file.run().await;
    if outcome.is_err() {
        place.remove_if_empty();
    }
    outcome
}
