//! Resumable, parallel, verified HTTP to file.

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
