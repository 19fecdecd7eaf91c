//! Searching the hub, with what a row tells about this machine.

use hub::{Gating, Query, RepoId, RepoSummary, Sort, parse_reference};
use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::error::Error;
use crate::run::fit::{Fit, largest_that_fits, usual_parameters, usual_size_bytes};

/// What to search for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HubSearch {
    /// Words, `owner/repo`, or a pasted address. A query may call it `q`.
    #[serde(alias = "q")]
    pub text: String,
    /// In which order.
    pub sort: Sort,
    /// Of this owner alone.
    pub author: Option<String>,
    /// Of this task alone.
    pub task: Option<String>,
    /// Only what fits this machine in the usual quantization.
    pub fits: bool,
    /// Only what takes at most so many bytes in the usual quantization.
    pub max_bytes: Option<u64>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A repository in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HubRepoRow {
    /// `owner/name`.
    pub id: String,
    /// Its owner.
    pub author: String,
    /// Its name.
    pub name: String,
    /// In the last month.
    pub downloads: u64,
    /// Likes.
    pub likes: u64,
    /// When it last changed, ISO 8601.
    pub last_modified: Option<String>,
    /// Terms must be accepted.
    pub gated: bool,
    /// Only some may see it.
    pub private: bool,
    /// Such as `gemma3`.
    pub architecture: Option<String>,
    /// Elements of all tensors.
    pub parameters: Option<u64>,
    /// Tokens it was trained for.
    pub context_length: Option<u64>,
    /// About what the usual quantization takes; the files tell exactly.
    pub size_bytes: Option<u64>,
    /// Whether the usual quantization fits this machine.
    pub fit: Fit,
    /// Such as `text-generation`.
    pub task: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
}

/// A page of results.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HubPage {
    /// The rows.
    pub repos: Vec<HubRepoRow>,
    /// For the next page; `None` at the end.
    pub cursor: Option<String>,
}

impl Core {
    /// Searches the hub. A name or an address in the place of words finds that repository alone.
    ///
    /// # Errors
    /// The hub cannot be reached or refuses; a pasted address is none of the hub's.
    pub async fn search_hub(&self, search: &HubSearch) -> Result<HubPage, Error> {
        let hub = self.hub()?;
        let available = self.memory_for_a_model().await;
        if search.cursor.is_none()
            && let Some(repo) = self.repo_in_text(&search.text)?
        {
            match hub.repo(&repo, None).await {
                Ok(repo) => {
                    let row = RepoSummary {
                        id: repo.id,
                        downloads: repo.downloads,
                        likes: repo.likes,
                        last_modified: repo.last_modified,
                        gated: repo.gated,
                        private: repo.private,
                        architecture: repo.architecture,
                        parameters: repo.parameters,
                        context_length: repo.context_length,
                        task: repo.task,
                        tags: repo.tags,
                    };
                    return Ok(HubPage {
                        repos: vec![row_of(row, available)],
                        cursor: None,
                    });
                }
                // Two words with a slash between may be part of a name.
                Err(hub::Error::NotFound { .. } | hub::Error::Unauthorized { .. })
                    if !search.text.contains("://") => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut max_bytes = search.max_bytes;
        if search.fits {
            let most = largest_that_fits(available);
            max_bytes = Some(max_bytes.map_or(most, |given| given.min(most)));
        }
        let query = Query {
            text: search.text.clone(),
            sort: search.sort,
            author: search.author.clone(),
            task: search.task.clone(),
            max_parameters: max_bytes.map(usual_parameters),
            cursor: search.cursor.clone(),
        };
        let page = hub.search(&query).await?;
        let fits = |row: &HubRepoRow| match (max_bytes, row.size_bytes) {
            // A mirror may not know the filter.
            (Some(most), Some(size)) => size <= most,
            _ => true,
        };
        Ok(HubPage {
            repos: page
                .items
                .into_iter()
                .map(|row| row_of(row, available))
                .filter(fits)
                .collect(),
            cursor: page.cursor,
        })
    }

    /// The repository that a text names rather than describes.
    fn repo_in_text(&self, text: &str) -> Result<Option<RepoId>, Error> {
        let endpoint = self.hub()?.endpoint().to_owned();
        match parse_reference(text, &endpoint) {
            Ok(reference) => Ok(Some(reference.repo)),
            Err(error) if text.contains("://") => Err(error.into()),
            Err(_) => Ok(None),
        }
    }
}

fn row_of(row: RepoSummary, available_bytes: u64) -> HubRepoRow {
    let size_bytes = row.parameters.map(usual_size_bytes);
    HubRepoRow {
        id: row.id.to_string(),
        author: row.id.owner().to_owned(),
        name: row.id.name().to_owned(),
        downloads: row.downloads,
        likes: row.likes,
        last_modified: row.last_modified,
        gated: row.gated != Gating::No,
        private: row.private,
        architecture: row.architecture,
        parameters: row.parameters,
        context_length: row.context_length,
        fit: size_bytes.map_or(Fit::Unknown, |size| Fit::of(size, available_bytes)),
        size_bytes,
        task: row.task,
        tags: row.tags,
    }
}
