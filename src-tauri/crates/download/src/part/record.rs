//! The state file beside a part: what the file is, and for each piece how much of it is on disk, with its CRC.
//!
//! A header in JSON, then 16 bytes for each piece, written in place: a change costs one small write whatever the size
//! of the file. It is written after the bytes it speaks of; that is enough for `kill -9`. After a power cut it may speak
//! of bytes that never reached the disk: therefore nothing of an earlier run is believed before its CRC was checked,
//! which the hasher does in the one read that the SHA-256 needs anyway.
//!
//! The header holds no address and no token: addresses can be signed.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk::write_all_at;
use super::table::{MOST_BYTES, PIECE_BYTES, Piece, Table};
use crate::error::Error;

const HEADER_BYTES: usize = 4096;
const ENTRY_BYTES: usize = 16;
const FORMAT: u32 = 1;

/// What the bytes are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subject {
    /// A digest of the address.
    pub(crate) address: String,
    pub(crate) sha256: Option<String>,
    pub(crate) size: u64,
    /// What the server calls this version of the file.
    pub(crate) version: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    piece_bytes: u64,
    #[serde(flatten)]
    subject: Subject,
    /// Whether the part lies beside its target instead of with this file; that cannot be seen while a drive is away.
    #[serde(default)]
    beside_target: bool,
    /// Of the subject, so that a torn header is seen.
    crc: u32,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|&byte| byte == 0)?;
        let header: Self = serde_json::from_slice(bytes.get(..end)?).ok()?;
        let known = header.format == FORMAT && header.piece_bytes == PIECE_BYTES;
        let sound = header.crc == crc_of(&header.subject) && header.subject.size <= MOST_BYTES;
        (known && sound).then_some(header)
    }
}

/// Whether the part of an unfinished download lies beside its target; `None` where nothing was begun.
pub(crate) fn is_beside_target(path: &Path) -> Option<bool> {
    let mut header = Vec::new();
    let file = File::open(path).ok()?;
    file.take(HEADER_BYTES as u64)
        .read_to_end(&mut header)
        .ok()?;
    Header::read(&header).map(|header| header.beside_target)
}

/// An open and locked state file: one download of a target at a time, over all processes.
#[derive(Debug)]
pub(crate) struct Record {
    file: File,
    path: PathBuf,
}

impl Record {
    /// Opens or creates it.
    pub(crate) fn open(path: &Path, target: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(Error::file("open", path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Busy {
                    path: target.to_path_buf(),
                });
            }
            // Some network file systems have no locks; the host of a data folder is one process anyway.
            Err(TryLockError::Error(error)) => {
                tracing::debug!(%error, path = %path.display(), "not locked");
            }
        }
        Ok(Self {
            file,
            path: path.to_path_buf(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What it says; `None` where it is new or damaged.
    pub(crate) fn load(&mut self) -> Option<(Subject, Table)> {
        let mut bytes = Vec::new();
        self.file.read_to_end(&mut bytes).ok()?;
        let (header, entries) = bytes.split_at_checked(HEADER_BYTES)?;
        let header = Header::read(header)?;
        let size = header.subject.size;
        let empty = Table::new(Some(size));
        let count = usize::try_from(size.div_ceil(PIECE_BYTES)).ok()?;
        let mut pieces = vec![Piece::default(); count];
        for (index, entry) in entries.chunks_exact(ENTRY_BYTES).take(count).enumerate() {
            if let Some(piece) = decode(index, entry)
                && piece.filled <= empty.length(index)
            {
                pieces[index] = piece;
            }
        }
        Some((header.subject, Table::from_pieces(Some(size), pieces)))
    }

    /// Begins anew, with no piece.
    pub(crate) fn begin(&self, subject: &Subject, beside_target: bool) -> io::Result<()> {
        self.clear()?;
        let header = Header {
            format: FORMAT,
            piece_bytes: PIECE_BYTES,
            subject: subject.clone(),
            beside_target,
            crc: crc_of(subject),
        };
        let mut bytes = serde_json::to_vec(&header)?;
        if bytes.len() >= HEADER_BYTES {
            return Err(io::Error::other("the header of a state file is too long"));
        }
        bytes.resize(HEADER_BYTES, 0);
        write_all_at(&self.file, &bytes, 0)
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) -> io::Result<()> {
        self.file.set_len(0)
    }

    /// Keeps one piece.
    pub(crate) fn save(&self, index: usize, piece: Piece) -> io::Result<()> {
        let offset = (HEADER_BYTES + index * ENTRY_BYTES) as u64;
        write_all_at(&self.file, &encode(index, piece), offset)
    }
}

fn encode(index: usize, piece: Piece) -> [u8; ENTRY_BYTES] {
    let mut entry = [0; ENTRY_BYTES];
    entry[..4].copy_from_slice(&piece.filled.to_le_bytes());
    entry[4..8].copy_from_slice(&piece.crc.to_le_bytes());
    entry[8..12].copy_from_slice(&check(index, piece).to_le_bytes());
    entry
}

fn decode(index: usize, entry: &[u8]) -> Option<Piece> {
    let number = |at: usize| Some(u32::from_le_bytes(entry.get(at..at + 4)?.try_into().ok()?));
    let piece = Piece {
        filled: number(0)?,
        crc: number(4)?,
    };
    (number(8)? == check(index, piece)).then_some(piece)
}

/// Never 0 for an empty entry, so that zeros on disk are no entry.
fn check(index: usize, piece: Piece) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(b"piece");
    hasher.update(&(index as u64).to_le_bytes());
    hasher.update(&piece.filled.to_le_bytes());
    hasher.update(&piece.crc.to_le_bytes());
    hasher.finalize()
}

fn crc_of(subject: &Subject) -> u32 {
    crc32fast::hash(&serde_json::to_vec(subject).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Subject {
        Subject {
            address: "a1".into(),
            sha256: None,
            size: 3 * PIECE_BYTES - 5,
            version: Some("v1".into()),
        }
    }

    #[test]
    fn what_was_saved_is_there_again_and_what_was_torn_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.state");
        let mut record = Record::open(&path, Path::new("x")).unwrap();
        assert!(record.load().is_none());
        record.begin(&subject(), true).unwrap();
        assert_eq!(is_beside_target(&path), Some(true));
        let piece = Piece {
            filled: 77,
            crc: 12345,
        };
        record.save(1, piece).unwrap();
        record.save(2, piece).unwrap();
        drop(record);

        let mut bytes = std::fs::read(&path).unwrap();
        bytes[HEADER_BYTES + 2 * ENTRY_BYTES] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let mut record = Record::open(&path, Path::new("x")).unwrap();
        let (loaded, table) = record.load().unwrap();
        assert_eq!(loaded, subject());
        assert_eq!(table.piece(1), piece);
        assert_eq!(table.piece(2), Piece::default());
        drop(record);

        bytes[30] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(
            Record::open(&path, Path::new("x"))
                .unwrap()
                .load()
                .is_none()
        );
    }

    /// Release builds end where memory is not to be had.
    #[test]
    fn a_record_of_a_file_without_end_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.state");
        let mut record = Record::open(&path, Path::new("x")).unwrap();
        let endless = Subject {
            size: 1 << 62,
            ..subject()
        };
        record.begin(&endless, false).unwrap();
        assert!(record.load().is_none());
    }

    #[test]
    fn one_target_is_fetched_by_one_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.state");
        let _first = Record::open(&path, Path::new("x")).unwrap();
        let error = Record::open(&path, Path::new("x")).unwrap_err();
        assert_eq!(error.code(), "already_downloading");
    }
}
