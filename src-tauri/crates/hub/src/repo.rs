//! One repository: what it is, under which licence, and who may have it.

use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::card;
use crate::client::{About, Hub, encoded};
use crate::error::Error;
use crate::reference::RepoId;
use crate::search::{strings, text};

/// More of a card than any first paragraph needs.
const CARD_BYTES: u64 = 64 << 10;

/// Whether terms must be accepted before files can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Gating {
    /// Anybody may.
    #[default]
    No,
    /// Whoever accepts the terms may.
    Auto,
    /// The author decides.
    Manual,
}

impl Gating {
    pub(crate) fn from_json(value: &Value) -> Self {
        match value {
            Value::Bool(true) => Self::Auto,
            Value::String(text) if text == "manual" => Self::Manual,
            Value::String(text) if text == "auto" => Self::Auto,
            _ => Self::No,
        }
    }
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Repo {
    /// `owner/name`.
    pub id: RepoId,
    /// The commit that the revision asked for is now.
    pub sha: String,
    /// The first paragraph of its card.
    pub summary: Option<String>,
    /// Such as `apache-2.0`.
    pub licence: Option<String>,
    /// Whether terms must be accepted.
    pub gated: Gating,
    /// Whether only some may see it.
    pub private: bool,
    /// Its author took it down.
    pub disabled: bool,
    /// Downloads in the last month.
    pub downloads: u64,
    /// Likes.
    pub likes: u64,
    /// When it last changed, ISO 8601.
    pub last_modified: Option<String>,
    /// Its page, for people.
    pub url: String,
    /// Such as `gemma3`.
    pub architecture: Option<String>,
    /// Elements of all tensors.
    pub parameters: Option<u64>,
    /// Tokens it was trained for.
    pub context_length: Option<u64>,
    /// Whether its files bring a chat template.
    pub chat_template: bool,
    /// Such as `text-generation`.
    pub task: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
}

impl Hub {
    /// A repository at a revision, the newest where none is named. Its summary is left empty: see [`Hub::summary`].
    ///
    /// # Errors
    /// It is missing, gated or private, the token is refused, or the hub cannot be reached.
    pub async fn repo(&self, id: &RepoId, revision: Option<&str>) -> Result<Repo, Error> {
        let path = match revision {
            Some(revision) => format!("/api/models/{id}/revision/{}", encoded(revision)),
            None => format!("/api/models/{id}"),
        };
        let about = About::Revision(id, revision.unwrap_or("main"));
        let (repo, _) = self
            .json(&path, &[], &about, |body| Repo::parse(body, id))
            .await?;
        Ok(Repo {
            url: self.page_url(id),
            ..repo
        })
    }

    /// The first paragraph of a repository's card. What goes wrong with it is nobody's concern.
    pub async fn summary(&self, id: &RepoId, revision: &str) -> Option<String> {
        let url = self.resolve_url(id, revision, "README.md");
        let about = About::File(id, revision, "README.md");
        let bytes = self.bytes(&url, 0, CARD_BYTES, &about).await.ok()?;
        card::summary(&String::from_utf8_lossy(&bytes))
    }
}

impl Repo {
    /// Reads what the hub answers about a repository that was asked for as `asked`. Its page is left empty: the hub
    /// knows its own address.
    ///
    /// # Errors
    /// It is no JSON, or names no commit.
    pub fn parse(body: &[u8], asked: &RepoId) -> Result<Self, serde_json::Error> {
        let answer: Value = serde_json::from_slice(body)?;
        let sha = text(&answer["sha"])
            .filter(|sha| sha.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            .ok_or_else(|| serde_json::Error::custom("it names no commit"))?;
        let tags = strings(&answer["tags"]);
        let licence = licence(&answer["cardData"]).or_else(|| {
            tags.iter()
                .find_map(|tag| tag.strip_prefix("license:").map(str::to_owned))
        });
        let gguf = &answer["gguf"];
        Ok(Self {
            // A repository that was renamed answers under its new name.
            id: text(&answer["id"])
                .and_then(|name| RepoId::parse(&name).ok())
                .unwrap_or_else(|| asked.clone()),
            sha,
            summary: None,
            licence,
            gated: Gating::from_json(&answer["gated"]),
            private: answer["private"] == true,
            disabled: answer["disabled"] == true,
            downloads: answer["downloads"].as_u64().unwrap_or(0),
            likes: answer["likes"].as_u64().unwrap_or(0),
            last_modified: text(&answer["lastModified"]),
            url: String::new(),
            architecture: text(&gguf["architecture"]),
            parameters: gguf["total"].as_u64(),
            context_length: gguf["context_length"].as_u64(),
            chat_template: text(&gguf["chat_template"]).is_some(),
            task: text(&answer["pipeline_tag"]),
            tags,
        })
    }
}

fn licence(card: &Value) -> Option<String> {
    // "other" says nothing; its name does.
    match text(&card["license"]).as_deref() {
        Some("other") => text(&card["license_name"]).or_else(|| Some("other".to_owned())),
        Some(name) => Some(name.to_owned()),
        None => strings(&card["license"]).into_iter().next(),
    }
}
