//! What is asked for, and what is told about it while it is fetched.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One file to fetch.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileSpec {
    /// Where it is; redirects are followed from here, and again when what they led to has expired.
    pub url: String,
    /// A token that is sent to the origin of `url` alone, never to where that redirects, and never written to disk.
    /// After a restart it comes from [`crate::Downloader::with_bearer_source`].
    #[serde(skip)]
    pub bearer: Option<String>,
    /// The path of the finished file. Nothing is there until all of it is right.
    pub target: PathBuf,
    /// The length, where it is known beforehand; another one on the server is an error.
    pub size_bytes: Option<u64>,
    /// The SHA-256 in hex, where it is known beforehand.
    pub sha256: Option<String>,
    /// Whether another file at `target` may be replaced, which else is an error.
    #[serde(default)]
    pub replace_existing: bool,
}

impl std::fmt::Debug for FileSpec {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("FileSpec")
            .field("url", &self.url)
            .field("bearer", &self.bearer.as_ref().map(|_| "(hidden)"))
            .field("target", &self.target)
            .field("size_bytes", &self.size_bytes)
            .field("sha256", &self.sha256)
            .field("replace_existing", &self.replace_existing)
            .finish()
    }
}

/// What bounds the downloads of one [`crate::Downloader`]; can be changed while they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Limits {
    /// Requests at a time, of all files together. A small file uses fewer.
    pub connections: usize,
    /// Files at a time.
    pub parallel_files: usize,
    /// Bytes a second, of all files together.
    pub bytes_per_second: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8,
            parallel_files: 2,
            bytes_per_second: None,
        }
    }
}

/// How a [`crate::Downloader`] works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Requests at a time, of all files together; [`Limits::connections`] of a queue replaces it.
    pub connections: usize,
    /// Bytes a second, of all files together; [`Limits::bytes_per_second`] of a queue replaces it.
    pub bytes_per_second: Option<u64>,
    /// A connection that sent nothing for so long is given up and its bytes are asked for again.
    pub stall_timeout: Duration,
    /// The longest wait between two tries; the first is much shorter.
    pub longest_back_off: Duration,
    /// So many tries in a row without one new byte, with a server that answers, end in an error. A missing network
    /// never does.
    pub fruitless_tries: u32,
    /// How often a full disk is looked at again.
    pub disk_full_poll: Duration,
    /// Whether space for the whole file is set aside at once, so that others cannot fill the disk meanwhile.
    pub preallocate: bool,
    /// Whether the computer is kept from sleeping while a download runs.
    pub keep_awake: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 8,
            bytes_per_second: None,
            stall_timeout: Duration::from_secs(20),
            longest_back_off: Duration::from_secs(30),
            fruitless_tries: 40,
            disk_full_poll: Duration::from_secs(5),
            preallocate: true,
            keep_awake: true,
        }
    }
}

/// What a file is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FileState {
    /// Not begun.
    Queued,
    /// Bytes come.
    Running,
    /// Bytes do not come now, and it goes on by itself; the progress says why.
    Waiting,
    /// All bytes are here and are being checked.
    Verifying,
    /// At its target.
    Done,
    /// Ended with an error.
    Failed,
}

/// How far a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileProgress {
    /// What it is at.
    pub state: FileState,
    /// Bytes that are on disk, those of earlier runs included.
    pub downloaded_bytes: u64,
    /// The length, once it is known.
    pub total_bytes: Option<u64>,
    /// Bytes that came over the network in this run.
    pub fetched_bytes: u64,
    /// Why it waits or began anew, in a sentence.
    pub reason: Option<String>,
}

/// A file that is complete, verified and at its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it is.
    pub path: PathBuf,
    /// Its length.
    pub size_bytes: u64,
    /// Its SHA-256 in hex.
    pub sha256: String,
    /// Bytes that came over the network this time; 0 where the file was there already.
    pub fetched_bytes: u64,
}
