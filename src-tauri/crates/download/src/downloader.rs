//! One file, from asking to its place.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::spec::{Fetched, FileProgress, FileSpec, Options};

/// Fetches files; clones share their limits.
#[derive(Clone)]
pub struct Downloader {}

impl Downloader {
    /// One that keeps its parts in `state_folder`. The client is best built without redirects
    /// (`reqwest::redirect::Policy::none()`): this crate follows them, to keep tokens at home and to know what expires.
    #[must_use]
    pub fn new(client: reqwest::Client, state_folder: PathBuf, options: Options) -> Self {
        let _ = (client, state_folder, options);
        todo!()
    }

    /// Fetches one file, going on from what is on disk of it. Returns when it is at its target, verified; what can
    /// pass by itself is waited for, and `progress` says so.
    ///
    /// # Errors
    /// What cannot pass by itself, and [`Error::Cancelled`]; the parts are kept.
    pub async fn fetch(
        &self,
        spec: &FileSpec,
        progress: &(dyn Fn(FileProgress) + Send + Sync),
        cancel: &CancellationToken,
    ) -> Result<Fetched, Error> {
        let _ = (spec, progress, cancel);
        todo!()
    }

    /// A source of tokens for files whose [`FileSpec::bearer`] is absent, such as those of an earlier run: asked with the
    /// file's address before each request to its origin.
    #[must_use]
    pub fn with_bearer_source(
        self,
        source: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let _ = source;
        self
    }

    /// Removes what is on disk of an unfinished download of `spec`; its target is left alone.
    ///
    /// # Errors
    /// [`Error::File`], and [`Error::Busy`] while it is being fetched.
    pub fn remove_parts(&self, spec: &FileSpec) -> Result<(), Error> {
        let _ = spec;
        todo!()
    }
}
