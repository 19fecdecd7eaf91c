//! Three models to begin with, of different sizes, that this machine can run: what the hub's users take most.
//!
//! Nothing is listed by hand, so that the choice does not grow old; whoever knows what they want has Discover.

use serde::Serialize;

use crate::core::Core;
use crate::error::Error;
use crate::hub_repo::{HubRepo, HubVariant};
use crate::run::fit::Fit;
use crate::search_hub::{HubRepoRow, HubSearch};

/// Smaller ones do not hold a conversation.
const FEWEST_PARAMETERS: u64 = 100_000_000;
/// Up to here an answer comes at once on any computer.
const QUICK: u64 = 2_500_000_000;
/// Up to here it comes at a good pace on an ordinary one.
const BALANCED: u64 = 6_000_000_000;
/// Repositories of a size that are looked at before the size is given up.
const TRIES: usize = 3;
/// Fewer cores, and only the small ones answer at the pace of a reader.
const CORES_FOR_BALANCED: usize = 6;

/// What a model's size means for its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Pace {
    /// Answers at once, and knows little.
    Quick,
    /// Between the two.
    Balanced,
    /// Knows most, and takes its time.
    Thorough,
}

/// What a model is good at, beside writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Skill {
    /// Reads images.
    Images,
    /// Writes programs.
    Code,
    /// Thinks before it answers.
    Reasoning,
}

/// A model to begin with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recommendation {
    /// `owner/name`.
    pub repo: String,
    /// The quantization to take.
    pub variant: String,
    /// Its size.
    pub size_bytes: u64,
    /// Elements of all tensors.
    pub parameters: Option<u64>,
    /// What its size means.
    pub pace: Pace,
    /// What else it is good at.
    pub skills: Vec<Skill>,
    /// Whether it fits, in a sentence with numbers.
    pub fit_sentence: String,
    /// This is the one to take.
    pub recommended: bool,
    /// Its key, where it is here already.
    pub local_key: Option<String>,
}

impl Core {
    /// Three models of different sizes that fit this machine, or fewer, the smallest first.
    ///
    /// # Errors
    /// The hub cannot be reached or refuses.
    pub async fn recommend_models(&self) -> Result<Vec<Recommendation>, Error> {
        let search = HubSearch {
            sort: hub::Sort::Downloads,
            fits: true,
            ..HubSearch::default()
        };
        let mut rows = self.search_hub(&search).await?.repos;
        rows.retain(is_for_beginners);
        // Those that were made for conversations first; within, what most people take.
        rows.sort_by_key(|row| !row.tags.iter().any(|tag| tag == "conversational"));
        let paces = [Pace::Quick, Pace::Balanced, Pace::Thorough];
        let searches = paces.map(|pace| self.recommend_of(pace, &rows));
        let [quick, balanced, thorough] = searches;
        let (quick, balanced, thorough) = tokio::join!(quick, balanced, thorough);
        let mut found: Vec<Recommendation> =
            [quick, balanced, thorough].into_iter().flatten().collect();
        let machine = self.inner.engine_store.machine().await;
        let strong = !machine.gpus.is_empty() || num_cpus() >= CORES_FOR_BALANCED;
        let wanted = if strong { Pace::Balanced } else { Pace::Quick };
        let best = found.iter().position(|one| one.pace == wanted).unwrap_or(0);
        if let Some(one) = found.get_mut(best) {
            one.recommended = true;
        }
        Ok(found)
    }

    /// The first of this pace whose files are as good as its row.
    async fn recommend_of(&self, pace: Pace, rows: &[HubRepoRow]) -> Option<Recommendation> {
        let of_pace = rows
            .iter()
            .filter(|row| row.parameters.is_some_and(|count| pace_of(count) == pace));
        for row in of_pace.take(TRIES) {
            let Ok(reference) = self.hub_reference(&row.id) else {
                continue;
            };
            let Ok(found) = self.find_on_hub(&reference.repo, None).await else {
                continue;
            };
            let repo = self.page_of(&found, &reference).await;
            let usable = |variant: &&HubVariant| {
                variant.missing.is_empty() && matches!(variant.fit, Fit::Fits | Fit::Tight)
            };
            let variants = || repo.variants.iter().filter(usable);
            // The smallest of a repository that recommends none still runs.
            let Some(variant) = variants()
                .find(|variant| variant.recommended)
                .or_else(|| variants().next_back())
            else {
                continue;
            };
            return Some(Recommendation {
                repo: repo.id.clone(),
                variant: variant.name.clone(),
                size_bytes: variant.size_bytes,
                parameters: row.parameters,
                pace,
                skills: skills(&repo),
                fit_sentence: variant.fit_sentence.clone(),
                recommended: false,
                local_key: variant.local_key.clone(),
            });
        }
        None
    }
}

fn num_cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn pace_of(parameters: u64) -> Pace {
    if parameters <= QUICK {
        Pace::Quick
    } else if parameters <= BALANCED {
        Pace::Balanced
    } else {
        Pace::Thorough
    }
}

/// It answers in words, and everybody may have it.
fn is_for_beginners(row: &HubRepoRow) -> bool {
    let talks = row
        .task
        .as_deref()
        .is_none_or(|task| ["text-generation", "image-text-to-text", "any-to-any"].contains(&task));
    let large_enough = row
        .parameters
        .is_some_and(|count| count >= FEWEST_PARAMETERS);
    talks && large_enough && !row.gated && !row.private && row.fit != Fit::TooBig
}

fn skills(repo: &HubRepo) -> Vec<Skill> {
    let name = repo.id.to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let projector = repo.variants.iter().any(|one| one.projector.is_some());
    let seen = [
        (Skill::Images, projector),
        (Skill::Code, has(&["coder", "code", "devstral"])),
        (Skill::Reasoning, has(&["think", "reason", "-r1", "qwq"])),
    ];
    seen.into_iter()
        .filter(|(_, is)| *is)
        .map(|(skill, _)| skill)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, parameters: u64) -> HubRepoRow {
        HubRepoRow {
            id: id.to_owned(),
            author: String::new(),
            name: String::new(),
            downloads: 0,
            likes: 0,
            last_modified: None,
            gated: false,
            private: false,
            architecture: None,
            parameters: Some(parameters),
            context_length: None,
            size_bytes: None,
            fit: Fit::Fits,
            task: Some("text-generation".to_owned()),
            tags: Vec::new(),
        }
    }

    #[test]
    fn sizes_have_their_pace() {
        assert_eq!(pace_of(268_000_000), Pace::Quick);
        assert_eq!(pace_of(4_000_000_000), Pace::Balanced);
        assert_eq!(pace_of(8_000_000_000), Pace::Thorough);
    }

    #[test]
    fn beginners_get_what_talks_and_what_they_may_have() {
        assert!(is_for_beginners(&row("a/b", 1_000_000_000)));
        assert!(!is_for_beginners(&row("a/tiny", 450_000)));
        let gated = HubRepoRow {
            gated: true,
            ..row("a/b", 1_000_000_000)
        };
        assert!(!is_for_beginners(&gated));
        let embedding = HubRepoRow {
            task: Some("feature-extraction".to_owned()),
            ..row("a/b", 1_000_000_000)
        };
        assert!(!is_for_beginners(&embedding));
        let big = HubRepoRow {
            fit: Fit::TooBig,
            ..row("a/b", 70_000_000_000)
        };
        assert!(!is_for_beginners(&big));
    }
}
