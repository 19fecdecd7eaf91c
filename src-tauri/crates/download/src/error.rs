//! Why a download failed: what failed, on what, and what to try.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::part::disk::is_full;

/// Why a download failed. What can pass by itself (no network, a busy server, a full disk in the middle) is not here:
/// it is waited for.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file name that leaves its folder, or that some system gives another meaning.
    #[error("the file name {name:?} is refused: {problem}")]
    BadName {
        /// The name as it came.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Not an `http` or `https` address.
    #[error("{url} is not an address that can be fetched")]
    BadUrl {
        /// The address.
        url: String,
    },
    /// Another file is at the target.
    #[error("another file is already at {}", path.display())]
    TargetExists {
        /// The target.
        path: PathBuf,
    },
    /// The same file is being fetched already, perhaps by another program.
    #[error("{} is being downloaded already", path.display())]
    Busy {
        /// The target.
        path: PathBuf,
    },
    /// Status 401.
    #[error("{host} asks for a token for {url}{}", said(message))]
    Unauthorized {
        /// Who asked.
        host: String,
        /// The address.
        url: String,
        /// What the server said about it.
        message: Option<String>,
    },
    /// Status 403.
    #[error("{host} refuses {url}{}", said(message))]
    Forbidden {
        /// Who refused.
        host: String,
        /// The address.
        url: String,
        /// What the server said about it.
        message: Option<String>,
    },
    /// Status 404 or 410.
    #[error("{host} has no {url}{}", said(message))]
    NotFound {
        /// Who was asked.
        host: String,
        /// The address.
        url: String,
        /// What the server said about it.
        message: Option<String>,
    },
    /// A status that no retry helps against.
    #[error("{host} answered {status} to {url}{}", said(message))]
    Refused {
        /// Who answered.
        host: String,
        /// The status.
        status: u16,
        /// The address.
        url: String,
        /// What the server said about it.
        message: Option<String>,
    },
    /// Redirected in a circle, or to something that is no address.
    #[error("{url} redirects without end")]
    Redirects {
        /// Where it began.
        url: String,
    },
    /// The server's certificate is not trusted.
    #[error("the connection to {host} is not trusted: {problem}")]
    Untrusted {
        /// The server.
        host: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Tried many times, and never a new byte.
    #[error("{host} did not deliver {url} in {tries} tries: {problem}")]
    ServerFailing {
        /// The server.
        host: String,
        /// The address.
        url: String,
        /// How many tries in a row.
        tries: u32,
        /// What the last one ended with.
        problem: String,
    },
    /// The file on the server is not the one that was asked for.
    #[error("{url} is another file now: {problem}")]
    Changed {
        /// The address.
        url: String,
        /// What differs.
        problem: String,
    },
    /// The server's file is longer or shorter than it should be.
    #[error("{url} has {actual_bytes} bytes where {expected_bytes} were expected")]
    WrongLength {
        /// The address.
        url: String,
        /// The length that was asked for.
        expected_bytes: u64,
        /// The length that is there.
        actual_bytes: u64,
    },
    /// A length that no file has.
    #[error("{url} says that it has {bytes} bytes, which no file has")]
    TooLong {
        /// The address.
        url: String,
        /// What was said.
        bytes: u64,
    },
    /// The drive that a download was begun on is not here.
    #[error("the folder {} is missing, where this download was begun", folder.display())]
    FolderMissing {
        /// The folder.
        folder: PathBuf,
    },
    /// Fetched twice, and the SHA-256 is still another.
    #[error("{url} is damaged: its SHA-256 is {actual}, not {expected}")]
    Checksum {
        /// The address.
        url: String,
        /// What was asked for.
        expected: String,
        /// What came.
        actual: String,
    },
    /// Not enough space to begin.
    #[error("not enough space in {}: {} more needed", folder.display(), crate::words::size(*missing_bytes))]
    DiskFull {
        /// The folder.
        folder: PathBuf,
        /// How much must be freed.
        missing_bytes: u64,
    },
    /// A file of ours could not be read or written.
    #[error("could not {action} {}: {source}", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: Arc<io::Error>,
    },
    /// The caller's cancellation token fired. The parts are kept.
    #[error("the download was stopped")]
    Cancelled,
    /// No download has this id.
    #[error("there is no download {id}")]
    NoSuchDownload {
        /// The id.
        id: String,
    },
    /// The download is in a state that this cannot be done in.
    #[error("the download {label} is {state}")]
    WrongState {
        /// Its label.
        label: String,
        /// Its state.
        state: &'static str,
    },
    /// A bug of this crate: one of its threads ended before its time.
    #[error("the download of {} ended unexpectedly", path.display())]
    Internal {
        /// The target.
        path: PathBuf,
    },
}

impl Error {
    /// Which error it is, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadName { .. } => "bad_file_name",
            Self::BadUrl { .. } => "bad_url",
            Self::TargetExists { .. } => "target_exists",
            Self::Busy { .. } => "already_downloading",
            Self::Unauthorized { .. } => "download_unauthorized",
            Self::Forbidden { .. } => "download_forbidden",
            Self::NotFound { .. } => "download_not_found",
            Self::Refused { .. } => "download_refused",
            Self::Redirects { .. } => "download_redirects",
            Self::Untrusted { .. } => "server_untrusted",
            Self::ServerFailing { .. } => "server_failing",
            Self::Changed { .. } => "file_changed",
            Self::WrongLength { .. } => "wrong_length",
            Self::TooLong { .. } => "file_too_long",
            Self::FolderMissing { .. } => "folder_missing",
            Self::Checksum { .. } => "checksum_mismatch",
            Self::DiskFull { .. } => "disk_full",
            Self::File { source, .. } if is_full(source) => "disk_full",
            Self::File { .. } => "file_error",
            Self::Cancelled => "download_cancelled",
            Self::NoSuchDownload { .. } => "no_such_download",
            Self::WrongState { .. } => "download_state",
            Self::Internal { .. } => "download_internal",
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::BadName { .. } => "Do not use this repository: its file names are not safe.",
            Self::BadUrl { .. } => "Check the address; it begins with https://.",
            Self::TargetExists { .. } => {
                "Move the file away or delete it, then download again; or ask to replace it."
            }
            Self::Busy { .. } => "Wait for the other download, or cancel it.",
            Self::Unauthorized { .. } => "Set an access token in the settings, then try again.",
            Self::Forbidden { .. } => {
                "If the model is gated, accept its terms on its page and set a token of the same account."
            }
            Self::NotFound { .. } => "Check the name; the file may have been renamed or removed.",
            Self::Refused { .. } => "Check the address, or try again later.",
            Self::Redirects { .. } => "Check the address, a mirror's settings, or a proxy.",
            Self::Untrusted { .. } => {
                "Check the computer's date, and whether a proxy or a virus scanner opens connections."
            }
            Self::ServerFailing { .. } => {
                "Try again later; what was fetched is kept, and the download goes on from there."
            }
            Self::Changed { .. } | Self::WrongLength { .. } => {
                "Look at the model's page again and choose the file anew."
            }
            Self::TooLong { .. } => "Do not use this server or mirror: its answers are wrong.",
            Self::FolderMissing { .. } => {
                "Connect the drive again and go on, where nothing is lost; or cancel the download and begin it anew."
            }
            Self::Checksum { .. } => {
                "Try again; if it stays so, a proxy changes what passes, or the server's copy is damaged."
            }
            Self::DiskFull { .. } => FREE_SPACE,
            Self::File { source, .. } if is_full(source) => FREE_SPACE,
            Self::File { .. } => "Check that the folder is there and may be written to.",
            Self::Internal { .. } => "Go on with the download; what was fetched is kept.",
            Self::Cancelled | Self::NoSuchDownload { .. } | Self::WrongState { .. } => return None,
        })
    }

    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            action,
            path,
            source: Arc::new(source),
        }
    }
}

const FREE_SPACE: &str =
    "Free some space or choose another folder, then go on; what was fetched is kept.";

fn said(message: &Option<String>) -> String {
    message
        .as_ref()
        .map_or_else(String::new, |message| format!(" ({message})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that is full is called so, whichever file it was that did not fit.
    #[test]
    fn a_full_disk_is_told_from_a_broken_one() {
        let failed = |kind: io::ErrorKind| Error::file("write", "/x/queue.json")(kind.into());
        assert_eq!(failed(io::ErrorKind::StorageFull).code(), "disk_full");
        assert_eq!(failed(io::ErrorKind::StorageFull).hint(), Some(FREE_SPACE));
        assert_eq!(failed(io::ErrorKind::PermissionDenied).code(), "file_error");
    }
}
