//! What is in a file: from disk, from memory, or a header with nothing real behind it.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use sha2::{Digest, Sha256};

/// A file's bytes.
#[derive(Debug, Clone)]
pub enum Content {
    /// On disk.
    Disk(PathBuf),
    /// In memory.
    Bytes(Arc<Vec<u8>>),
    /// A beginning, and as much behind it as the size says. Its SHA-256 is made up: nobody downloads it.
    Sparse {
        /// The first bytes.
        head: Arc<Vec<u8>>,
        /// The size of all.
        size_bytes: u64,
    },
}

impl Content {
    /// In memory.
    #[must_use]
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Bytes(Arc::new(bytes.into()))
    }

    /// Its size.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        match self {
            Self::Disk(path) => std::fs::metadata(path).unwrap().len(),
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Sparse { size_bytes, .. } => *size_bytes,
        }
    }

    /// Its SHA-256 in hex.
    #[must_use]
    pub fn sha256(&self) -> String {
        match self {
            Self::Disk(path) => sha256_of_file(path),
            Self::Bytes(bytes) => hex(&Sha256::digest(bytes.as_slice())),
            Self::Sparse { head, size_bytes } => {
                let mut hasher = Sha256::new();
                hasher.update(head.as_slice());
                hasher.update(size_bytes.to_le_bytes());
                hex(&hasher.finalize())
            }
        }
    }

    /// Bytes `offset..offset + len`, which must be there. Reads the disk.
    #[must_use]
    pub fn read(&self, offset: u64, len: usize) -> Vec<u8> {
        match self {
            Self::Disk(path) => {
                let mut file = std::fs::File::open(path).unwrap();
                file.seek(SeekFrom::Start(offset)).unwrap();
                let mut bytes = vec![0; len];
                file.read_exact(&mut bytes).unwrap();
                bytes
            }
            Self::Bytes(bytes) => {
                let from = usize::try_from(offset).unwrap();
                bytes[from..from + len].to_vec()
            }
            Self::Sparse { head, .. } => (offset..offset + len as u64)
                .map(|at| {
                    let at = usize::try_from(at).unwrap();
                    head.get(at).copied().unwrap_or(0)
                })
                .collect(),
        }
    }
}

/// The starter model is hashed once a process.
fn sha256_of_file(path: &PathBuf) -> String {
    static KNOWN: OnceLock<Mutex<HashMap<PathBuf, String>>> = OnceLock::new();
    let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap();
    if let Some(digest) = known.get(path) {
        return digest.clone();
    }
    let mut hasher = Sha256::new();
    let mut file = std::fs::File::open(path).unwrap();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    let digest = hex(&hasher.finalize());
    known.insert(path.clone(), digest.clone());
    digest
}

/// Bytes as hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
