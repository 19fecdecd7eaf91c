//! The sets of a queue on disk: one JSON document each, so that a broken one takes no other along. No token is in it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::SetSpec;
use super::entry::Entry;
use crate::error::Error;
use crate::part::hasher::hex;
use crate::spec::FileState;
use crate::view::{JobError, JobState};

const VERSION: u32 = 1;

/// A set as it lies on disk.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    version: u32,
    pub(crate) set: SetSpec,
    pub(crate) state: JobState,
    pub(crate) error: Option<JobError>,
    pub(crate) started_at: u64,
    pub(crate) finished_at: Option<u64>,
    /// The length of each file that is at its target.
    pub(crate) done: Vec<Option<u64>>,
}

impl Document {
    pub(crate) fn of(entry: &Entry) -> Self {
        Self {
            version: VERSION,
            set: entry.set.clone(),
            state: entry.state,
            error: entry.error.clone(),
            started_at: entry.started_at,
            finished_at: entry.finished_at,
            done: entry
                .files
                .iter()
                .map(|file| (file.state == FileState::Done).then_some(file.downloaded_bytes))
                .collect(),
        }
    }
}

/// The folder of the documents.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn open(path: PathBuf) -> Result<Self, Error> {
        fs::create_dir_all(&path).map_err(Error::file("create", &path))?;
        Ok(Self(path))
    }

    /// All documents, oldest first. A broken one is set aside.
    pub(crate) fn load(&self) -> Result<Vec<Document>, Error> {
        let entries = fs::read_dir(&self.0).map_err(Error::file("read", &self.0))?;
        let mut documents = Vec::new();
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match read(&path) {
                Ok(document) => documents.push(document),
                Err(error) => {
                    let aside = path.with_extension("broken");
                    tracing::warn!(%error, path = %path.display(), "a broken download is set aside");
                    let _ = fs::rename(&path, aside);
                }
            }
        }
        documents.sort_by_key(|document| document.started_at);
        Ok(documents)
    }

    /// Writes one, whole or not at all.
    pub(crate) fn save(&self, document: &Document) -> Result<(), Error> {
        let path = self.path_of(document.set.id.as_deref().unwrap_or_default());
        let temporary = path.with_extension("new");
        let write = || -> io::Result<()> {
            let mut file = File::create(&temporary)?;
            file.write_all(&serde_json::to_vec_pretty(document)?)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        };
        write().map_err(Error::file("write", &path))
    }

    pub(crate) fn remove(&self, id: &str) {
        let path = self.path_of(id);
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %path.display(), "could not be removed");
        }
    }

    /// An id of the caller's can be anything.
    fn path_of(&self, id: &str) -> PathBuf {
        let plain = !id.is_empty()
            && id.len() <= 64
            && id
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        let stem = if plain {
            id.to_owned()
        } else {
            hex(&Sha256::digest(id.as_bytes()))
        };
        self.0.join(format!("set-{stem}.json"))
    }
}

fn read(path: &Path) -> io::Result<Document> {
    let document: Document = serde_json::from_slice(&fs::read(path)?)?;
    if document.version != VERSION || document.set.id.is_none() {
        return Err(io::Error::other("it is of another version"));
    }
    Ok(document)
}
