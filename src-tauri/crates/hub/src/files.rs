//! The files of a repository, and where each is fetched from.

use serde::Serialize;
use serde_json::Value;

use crate::client::{About, Hub, encoded};
use crate::error::Error;
use crate::reference::RepoId;

/// A repository with more pages of files than this is read no further: a thousand files a page.
const MAX_PAGES: usize = 20;
/// So does one whose pages are longer.
const MOST_FILES: usize = 20_000;

/// No file is longer: an answer that says so is wrong, or means harm.
const MOST_BYTES: u64 = 16 << 40;

/// A file in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RepoFile {
    /// Its path, as the hub writes it. Foreign: it may climb.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 in hex; small files, which lie in git itself, have none.
    pub sha256: Option<String>,
}

impl Hub {
    /// All files at a revision.
    ///
    /// # Errors
    /// As [`Hub::repo`].
    pub async fn files(&self, id: &RepoId, revision: &str) -> Result<Vec<RepoFile>, Error> {
        let path = format!("/api/models/{id}/tree/{}", encoded(revision));
        let about = About::Revision(id, revision);
        let mut files = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut query = vec![("recursive", "true"), ("expand", "false")];
            query.extend(cursor.iter().map(|cursor| ("cursor", cursor.as_str())));
            let (page, next) = self
                .json(&path, &query, &about, RepoFile::parse_list)
                .await?;
            files.extend(page);
            if next.is_none() {
                return Ok(files);
            }
            if files.len() >= MOST_FILES {
                break;
            }
            cursor = next;
        }
        tracing::warn!(%id, "this repository has more files than are read");
        Ok(files)
    }

    /// Where a file is fetched from; the hub redirects to the host that has it.
    #[must_use]
    pub fn resolve_url(&self, id: &RepoId, revision: &str, path: &str) -> String {
        let path: Vec<String> = path.split('/').map(encoded).collect();
        format!(
            "{}/{id}/resolve/{}/{}",
            self.endpoint(),
            encoded(revision),
            path.join("/")
        )
    }

    /// Bytes `offset..offset + len` of a file, fewer where it ends before.
    ///
    /// # Errors
    /// As [`Hub::repo`], or there is no such file.
    pub async fn range(
        &self,
        id: &RepoId,
        revision: &str,
        path: &str,
        offset: u64,
        len: u64,
    ) -> Result<Vec<u8>, Error> {
        let url = self.resolve_url(id, revision, path);
        self.bytes(&url, offset, len, &About::File(id, revision, path))
            .await
    }
}

impl RepoFile {
    /// Reads a page of the hub's list of files. What is no file is left out.
    ///
    /// # Errors
    /// It is no list in JSON.
    pub fn parse_list(body: &[u8]) -> Result<Vec<Self>, serde_json::Error> {
        let rows = serde_json::from_slice::<Vec<Value>>(body)?;
        Ok(rows.iter().filter_map(file).collect())
    }
}

fn file(row: &Value) -> Option<RepoFile> {
    if row["type"] != "file" {
        return None;
    }
    let sha256 = row["lfs"]["oid"]
        .as_str()
        // Some mirrors write the algorithm too.
        .map(|oid| oid.strip_prefix("sha256:").unwrap_or(oid).to_lowercase())
        .filter(|oid| oid.len() == 64 && oid.bytes().all(|byte| byte.is_ascii_hexdigit()));
    Some(RepoFile {
        path: row["path"].as_str()?.to_owned(),
        size_bytes: row["lfs"]["size"]
            .as_u64()
            .or_else(|| row["size"].as_u64())
            .filter(|size| *size <= MOST_BYTES)?,
        sha256,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_end_is_none() {
        let row = |size: u64| serde_json::json!({"type": "file", "path": "a.gguf", "size": size});
        assert_eq!(file(&row(5)).map(|file| file.size_bytes), Some(5));
        assert_eq!(file(&row(i64::MAX as u64)), None);
    }
}
