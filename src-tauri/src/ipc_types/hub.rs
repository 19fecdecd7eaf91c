//! The model hub as the page sees it.
#![allow(missing_docs)] // The fields are the core's, and documented there.

use paddock_core as core;
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri_specta::Event;

/// In which order results come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum HubSort {
    Trending,
    Downloads,
    Likes,
    Newest,
}

/// Whether a model fits this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Fit {
    Fits,
    Tight,
    TooBig,
    Unknown,
}

/// What to search for.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct HubQuery {
    /// Words, `owner/repo`, or a pasted address.
    pub text: String,
    pub sort: HubSort,
    pub author: Option<String>,
    pub task: Option<String>,
    /// Only what this machine has memory for, that of its GPUs included.
    pub fits: bool,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A repository in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct HubRepoRow {
    pub id: String,
    pub author: String,
    pub name: String,
    pub downloads: u64,
    pub likes: u64,
    /// ISO 8601.
    pub last_modified: Option<String>,
    pub gated: bool,
    pub private: bool,
    pub architecture: Option<String>,
    pub parameters: Option<u64>,
    pub context_length: Option<u64>,
    pub size_bytes: Option<u64>,
    pub fit: Fit,
    pub task: Option<String>,
    pub tags: Vec<String>,
}

/// A page of results.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct HubPage {
    pub repos: Vec<HubRepoRow>,
    /// For the next page; null at the end.
    pub cursor: Option<String>,
}

/// A file of a variant.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct HubFile {
    pub path: String,
    pub size_bytes: u64,
}

/// One quantization: shards and projector are part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct HubVariant {
    /// Unique in the repository.
    pub name: String,
    pub quantization: Option<String>,
    pub quality_words: String,
    pub size_bytes: u64,
    pub bits_per_weight: Option<f64>,
    pub files: Vec<HubFile>,
    pub projector: Option<String>,
    pub fit: Fit,
    pub fit_sentence: String,
    pub recommended: bool,
    pub why: Option<String>,
    /// The model in the library, where it is here already.
    pub local_key: Option<String>,
    pub job_id: Option<String>,
    /// Shards that the repository lacks.
    pub missing: Vec<String>,
}

/// Whether terms must be accepted, and who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum HubGating {
    No,
    Auto,
    Manual,
}

/// A repository's page.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct HubRepo {
    pub id: String,
    pub sha: String,
    pub summary: Option<String>,
    pub licence: Option<String>,
    pub gated: HubGating,
    pub private: bool,
    pub downloads: u64,
    pub likes: u64,
    pub last_modified: Option<String>,
    pub url: String,
    pub architecture: Option<String>,
    pub parameters: Option<u64>,
    pub context_length: Option<u64>,
    pub chat_template: bool,
    pub task: Option<String>,
    /// Largest first.
    pub variants: Vec<HubVariant>,
    /// The variant that a pasted address named.
    pub named_variant: Option<String>,
}

/// Where the hub's token is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum TokenSource {
    Settings,
    Environment,
    File,
}

/// Where a token that was set in Paddock is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum TokenKept {
    Keychain,
    File,
}

impl From<paddock_core::TokenKept> for TokenKept {
    fn from(kept: paddock_core::TokenKept) -> Self {
        match kept {
            paddock_core::TokenKept::Keychain => Self::Keychain,
            paddock_core::TokenKept::File => Self::File,
        }
    }
}

/// What is set of the hub; the token itself never crosses.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct HubSettings {
    /// A mirror that was set; null is the hub itself.
    pub endpoint: Option<String>,
    pub token_set: bool,
    pub token_source: Option<TokenSource>,
    /// Where it is kept; null where none was set in Paddock.
    pub token_kept: Option<TokenKept>,
    pub connections: usize,
    pub parallel_files: usize,
    pub bytes_per_second: Option<u64>,
}

/// How much downloads may take.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct DownloadLimits {
    pub connections: usize,
    pub parallel_files: usize,
    pub bytes_per_second: Option<u64>,
}

/// `paddock://models/huggingface/owner/repo?file=…` was opened.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, Type, Event)]
#[serde(rename_all = "camelCase")]
pub struct OpenHub {
    pub repo: String,
    pub file: Option<String>,
}

impl From<HubQuery> for core::HubSearch {
    fn from(query: HubQuery) -> Self {
        Self {
            text: query.text,
            sort: match query.sort {
                HubSort::Trending => core::Sort::Trending,
                HubSort::Downloads => core::Sort::Downloads,
                HubSort::Likes => core::Sort::Likes,
                HubSort::Newest => core::Sort::Newest,
            },
            author: query.author,
            task: query.task,
            // The page hides what does not fit now, and says how many. What can never fit is not even asked for.
            fits: false,
            max_bytes: None,
            cursor: query.cursor,
        }
    }
}

impl From<core::Fit> for Fit {
    fn from(fit: core::Fit) -> Self {
        match fit {
            core::Fit::Fits => Self::Fits,
            core::Fit::Tight => Self::Tight,
            core::Fit::TooBig => Self::TooBig,
            core::Fit::Unknown => Self::Unknown,
        }
    }
}

impl From<core::HubRepoRow> for HubRepoRow {
    fn from(row: core::HubRepoRow) -> Self {
        Self {
            id: row.id,
            author: row.author,
            name: row.name,
            downloads: row.downloads,
            likes: row.likes,
            last_modified: row.last_modified,
            gated: row.gated,
            private: row.private,
            architecture: row.architecture,
            parameters: row.parameters,
            context_length: row.context_length,
            size_bytes: row.size_bytes,
            fit: row.fit.into(),
            task: row.task,
            tags: row.tags,
        }
    }
}

impl From<core::HubPage> for HubPage {
    fn from(page: core::HubPage) -> Self {
        Self {
            repos: page.repos.into_iter().map(Into::into).collect(),
            cursor: page.cursor,
        }
    }
}

impl From<core::HubVariant> for HubVariant {
    fn from(variant: core::HubVariant) -> Self {
        let files = variant.files.into_iter().map(|file| HubFile {
            path: file.path,
            size_bytes: file.size_bytes,
        });
        Self {
            name: variant.name,
            quantization: variant.quantization,
            quality_words: variant.quality_words,
            size_bytes: variant.size_bytes,
            bits_per_weight: variant.bits_per_weight,
            files: files.collect(),
            projector: variant.projector,
            fit: variant.fit.into(),
            fit_sentence: variant.fit_sentence,
            recommended: variant.recommended,
            why: variant.why,
            local_key: variant.local_key,
            job_id: variant.job_id,
            missing: variant.missing,
        }
    }
}

impl From<core::HubRepo> for HubRepo {
    fn from(repo: core::HubRepo) -> Self {
        Self {
            id: repo.id,
            sha: repo.sha,
            summary: repo.summary,
            licence: repo.licence,
            gated: match repo.gated {
                core::Gating::No => HubGating::No,
                core::Gating::Auto => HubGating::Auto,
                core::Gating::Manual => HubGating::Manual,
            },
            private: repo.private,
            downloads: repo.downloads,
            likes: repo.likes,
            last_modified: repo.last_modified,
            url: repo.url,
            architecture: repo.architecture,
            parameters: repo.parameters,
            context_length: repo.context_length,
            chat_template: repo.chat_template,
            task: repo.task,
            variants: repo.variants.into_iter().map(Into::into).collect(),
            named_variant: repo.named_variant,
        }
    }
}

impl From<core::TokenSource> for TokenSource {
    fn from(source: core::TokenSource) -> Self {
        match source {
            core::TokenSource::Settings => Self::Settings,
            core::TokenSource::Environment => Self::Environment,
            core::TokenSource::File => Self::File,
        }
    }
}
