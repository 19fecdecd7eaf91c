//! Search: what is asked, and the rows of the answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::{About, Hub};
use crate::error::Error;
use crate::reference::RepoId;
use crate::repo::Gating;

/// Rows in a page.
const LIMIT: &str = "30";
/// What a row is made of. `gguf` is worth its cost: it holds the number of parameters.
const EXPAND: &[&str] = &[
    "author",
    "createdAt",
    "downloads",
    "gated",
    "gguf",
    "lastModified",
    "likes",
    "pipeline_tag",
    "private",
    "tags",
];

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Sort {
    /// What people look at these days.
    #[default]
    Trending,
    /// Most downloaded in the last month.
    Downloads,
    /// Most liked.
    Likes,
    /// Newest first.
    Newest,
}

impl Sort {
    fn on_the_hub(self) -> &'static str {
        match self {
            Self::Trending => "trendingScore",
            Self::Downloads => "downloads",
            Self::Likes => "likes",
            Self::Newest => "createdAt",
        }
    }
}

/// What to search for. Only repositories with GGUF files are found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Query {
    /// Words in the name.
    pub text: String,
    /// In which order.
    pub sort: Sort,
    /// Of this owner alone.
    pub author: Option<String>,
    /// Of this task alone, such as `text-generation`.
    pub task: Option<String>,
    /// With at most this many parameters.
    pub max_parameters: Option<u64>,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// Some rows, and where the next begin.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// For the next page; `None` at the end.
    pub cursor: Option<String>,
}

/// A repository in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RepoSummary {
    /// `owner/name`.
    pub id: RepoId,
    /// Downloads in the last month.
    pub downloads: u64,
    /// Likes.
    pub likes: u64,
    /// When it last changed, ISO 8601.
    pub last_modified: Option<String>,
    /// Whether terms must be accepted.
    pub gated: Gating,
    /// Whether only some may see it.
    pub private: bool,
    /// Such as `gemma3`.
    pub architecture: Option<String>,
    /// Elements of all tensors.
    pub parameters: Option<u64>,
    /// Tokens it was trained for.
    pub context_length: Option<u64>,
    /// Such as `text-generation`.
    pub task: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
}

impl Hub {
    /// A page of repositories.
    ///
    /// # Errors
    /// The hub cannot be reached, refuses, or answers no list.
    pub async fn search(&self, query: &Query) -> Result<Page<RepoSummary>, Error> {
        let text = query.text.trim();
        let parameters = query.max_parameters.map(|most| format!("max:{most}"));
        let mut pairs = vec![
            ("filter", "gguf"),
            ("sort", query.sort.on_the_hub()),
            ("direction", "-1"),
            ("limit", LIMIT),
        ];
        if !text.is_empty() {
            pairs.push(("search", text));
        }
        for (name, value) in [
            ("author", &query.author),
            ("pipeline_tag", &query.task),
            ("num_parameters", &parameters),
            ("cursor", &query.cursor),
        ] {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                pairs.push((name, value));
            }
        }
        pairs.extend(EXPAND.iter().map(|field| ("expand", *field)));
        let (items, cursor) = self
            .json(
                "/api/models",
                &pairs,
                &About::Search,
                RepoSummary::parse_list,
            )
            .await?;
        Ok(Page { items, cursor })
    }
}

impl RepoSummary {
    /// Reads the hub's list of repositories. A row that names none that could be asked for is left out.
    ///
    /// # Errors
    /// It is no list in JSON.
    pub fn parse_list(body: &[u8]) -> Result<Vec<Self>, serde_json::Error> {
        let rows = serde_json::from_slice::<Vec<Value>>(body)?;
        Ok(rows.iter().filter_map(summary).collect())
    }
}

fn summary(row: &Value) -> Option<RepoSummary> {
    let id = row["id"].as_str().or_else(|| row["modelId"].as_str())?;
    Some(RepoSummary {
        id: RepoId::parse(id).ok()?,
        downloads: row["downloads"].as_u64().unwrap_or(0),
        likes: row["likes"].as_u64().unwrap_or(0),
        last_modified: text(&row["lastModified"]),
        gated: Gating::from_json(&row["gated"]),
        private: row["private"] == true,
        architecture: text(&row["gguf"]["architecture"]),
        parameters: row["gguf"]["total"].as_u64(),
        context_length: row["gguf"]["context_length"].as_u64(),
        task: text(&row["pipeline_tag"]),
        tags: strings(&row["tags"]),
    })
}

pub(crate) fn text(value: &Value) -> Option<String> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

pub(crate) fn strings(value: &Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}
