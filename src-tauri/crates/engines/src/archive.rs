//! Unpacks an engine's archive, tar.gz or zip, into a folder of its own.
//!
//! Archives come from the network, so nothing in one is believed: names may not lead out of the folder, links may not
//! point out of it, and there is a bound on entries and bytes. The first pass writes files and folders, each under a
//! name that was not there before; links are made last, when nothing more is written, and each must end inside. An
//! archive that breaks a rule is refused as a whole, and what was written of it is the caller's to remove: unpack into
//! a staging folder.
//!
//! Put right on the way: programs that come without execute permission (wheels, zips made on Windows).
//! Left out: owners, times, and everything that is neither file, folder nor link.

mod entry;
mod links;
mod tar_gz;
mod zipped;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use self::entry::Sink;

/// Why an archive was not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It cannot be read to the end, or is no archive at all.
    #[error("{} is not a whole archive: {reason}", path.display())]
    Broken {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An entry breaks a rule; nothing of the archive is used.
    #[error("{} was refused: its entry {entry:?} {reason}", path.display())]
    Unsafe {
        /// The archive.
        path: PathBuf,
        /// The entry, as the archive names it.
        entry: String,
        /// What is wrong with it: `leads out of the folder`.
        reason: &'static str,
    },
    /// It holds more than an engine does.
    #[error("{} was refused: it holds more than {what}", path.display())]
    TooMuch {
        /// The archive.
        path: PathBuf,
        /// The bound: `20000 files`.
        what: String,
    },
    /// The disk refused.
    #[error("could not write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ArchiveError {
    /// The stable name of this error on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Broken { .. } => "archive_broken",
            Self::Unsafe { .. } | Self::TooMuch { .. } => "archive_refused",
            Self::Write { source, .. } if is_full(source) => "disk_full",
            Self::Write { .. } => "folder_unusable",
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Broken { .. } => {
                "Install it again; if it stays so, the release itself is broken: take another build."
            }
            Self::Unsafe { .. } | Self::TooMuch { .. } => {
                "No sound release looks like this. Check where it was fetched from."
            }
            Self::Write { source, .. } if is_full(source) => "Free some space, then try again.",
            Self::Write { .. } => "Check that the folder can be written.",
        }
    }
}

fn is_full(source: &io::Error) -> bool {
    matches!(
        source.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Bounds against archives that are made to do harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files, folders and links.
    pub entries: usize,
    /// Bytes of all files unpacked.
    pub total_bytes: u64,
    /// How many times larger than the archive its content may be.
    pub expansion: u64,
}

impl Default for Limits {
    /// Ten times what the largest engine of 2026 has.
    fn default() -> Self {
        Self {
            entries: 20_000,
            total_bytes: 16_000_000_000,
            expansion: 200,
        }
    }
}

/// What was unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unpacked {
    /// Files, folders and links.
    pub entries: usize,
    /// Bytes of all files.
    pub total_bytes: u64,
}

/// Unpacks all of `archive` into `folder`, which is made where it is not there. `progress` hears, many times in a file,
/// how many bytes of the archive were read so far, and ends it where it says so; the archive is [`Broken`] then.
///
/// [`Broken`]: ArchiveError::Broken
///
/// # Errors
/// [`ArchiveError`]; then the folder holds what was unpacked before.
pub fn unpack(
    archive: &Path,
    folder: &Path,
    limits: &Limits,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Unpacked, ArchiveError> {
    let select = |name: &Path| Some(name.to_owned());
    unpack_into(archive, folder, limits, &select, progress)
}

/// As [`unpack`], of those entries for which `select` says where they go: from the entry's checked name to a path
/// within the folder.
///
/// # Errors
/// As [`unpack`].
pub fn unpack_selected(
    archive: &Path,
    folder: &Path,
    limits: &Limits,
    select: &dyn Fn(&Path) -> Option<PathBuf>,
    progress: &mut dyn FnMut(u64),
) -> Result<Unpacked, ArchiveError> {
    let mut tell = |read| {
        progress(read);
        ControlFlow::Continue(())
    };
    unpack_into(archive, folder, limits, select, &mut tell)
}

fn unpack_into(
    archive: &Path,
    folder: &Path,
    limits: &Limits,
    select: &dyn Fn(&Path) -> Option<PathBuf>,
    progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Unpacked, ArchiveError> {
    let broken = |source: io::Error| ArchiveError::Broken {
        path: archive.to_owned(),
        reason: source.to_string(),
    };
    let mut file = File::open(archive).map_err(broken)?;
    let size_bytes = file.metadata().map_err(broken)?.len();
    let mut magic = [0_u8; 4];
    let read = read_up_to(&mut file, &mut magic).map_err(broken)?;
    file.rewind().map_err(broken)?;
    std::fs::create_dir_all(folder).map_err(|source| ArchiveError::Write {
        path: folder.to_owned(),
        source,
    })?;
    let read_so_far = Cell::new(0);
    let mut sink = Sink::new(
        archive,
        folder,
        *limits,
        size_bytes,
        select,
        (&read_so_far, progress),
    );
    match &magic[..read] {
        [0x1f, 0x8b, ..] => tar_gz::unpack(file, &mut sink, &read_so_far)?,
        [b'P', b'K', ..] => zipped::unpack(file, &mut sink, &read_so_far)?,
        [] => return Err(broken(io::Error::other("it is empty"))),
        _ => return Err(broken(io::Error::other("it is neither tar.gz nor zip"))),
    }
    sink.finish()
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
