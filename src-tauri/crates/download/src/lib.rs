//! Resumable, parallel, verified HTTP to file.
//!
//! # Theory of operation
//!
//! A [`Downloader`] fetches one file at a time to each caller of [`Downloader::fetch`]; a [`Queue`] calls it for sets of
//! files, remembers them across restarts and publishes what doors show. All files of a downloader share its limits.
//!
//! A file is divided into pieces of 4 MiB. Its connections claim runs of pieces in order, ask for them as ranges, and pass
//! what comes to one writer thread, which writes it where it belongs in the one part file, then notes in the state
//! file beside it how much of the piece is there, with its CRC-32. A second thread follows the beginning of the file as it grows
//! and computes the SHA-256: from memory where bytes land just there, else from the page cache.
//!
//! The state of the SHA-256 is not kept: after a restart the part is read once, beside the download. That costs a read, and
//! buys that nothing of an earlier run is believed unseen: each piece read is checked against its CRC, so that what
//! a power cut or a bad disk took is fetched again alone, and the state file needs no sync of its own to be true.
//!
//! What can pass by itself is waited for: no network, a full disk, a server that asks for a pause. A server that answers but
//! never delivers ends in an error after many tries. A redirect that has expired is asked for anew; a file that is another
//! one by its ETag is begun anew, and that is said.
//!
//! Left out: which files make a model and where they go (the core's), and the hub's API (`hub`).

mod awake;
mod bandwidth;
mod downloader;
mod error;
mod names;
mod one_file;
mod pace;
mod part;
mod place;
mod queue;
mod round;
mod spec;
mod sync;
mod transfer;
mod view;
mod words;

pub use downloader::Downloader;
pub use error::Error;
pub use names::safe_join;
pub use queue::{Queue, SetSpec};
pub use spec::{Fetched, FileProgress, FileSpec, FileState, Limits, Options};
pub use view::{FileView, JobError, JobId, JobState, JobView};
