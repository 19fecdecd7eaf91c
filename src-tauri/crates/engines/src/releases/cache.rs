//! Answers kept on disk, one file for each address. Losing one costs a question, so nothing here fails.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::record::{read_record, write_record};

/// One answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry<T> {
    pub(super) url: String,
    pub(super) etag: Option<String>,
    pub(super) checked_at: u64,
    pub(super) value: T,
}

pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn file(&self, url: &str) -> PathBuf {
        let name: String = Sha256::digest(url.as_bytes())
            .iter()
            .take(12)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.folder.join(format!("{name}.json"))
    }

    pub(super) fn read<T: DeserializeOwned>(&self, url: &str) -> Option<Entry<T>> {
        read_record::<Entry<T>>(&self.file(url)).filter(|entry| entry.url == url)
    }

    pub(super) fn write<T: Serialize>(&self, entry: &Entry<T>) {
        let written = std::fs::create_dir_all(&self.folder)
            .and_then(|()| write_record(&self.file(&entry.url), entry));
        if let Err(error) = written {
            tracing::warn!(%error, url = entry.url, "the answer could not be kept");
        }
    }
}
