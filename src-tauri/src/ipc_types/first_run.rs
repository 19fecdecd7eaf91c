//! The first steps as the page sees them.
#![allow(missing_docs)] // The fields are the core's, and documented there.

use paddock_core as core;
use serde::Serialize;
use specta::Type;

/// What a model's size means for its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Pace {
    Quick,
    Balanced,
    Thorough,
}

/// What a model is good at, beside writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum Skill {
    Images,
    Code,
    Reasoning,
}

/// A model to begin with.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct Recommendation {
    pub repo: String,
    pub variant: String,
    pub size_bytes: u64,
    pub parameters: Option<u64>,
    pub pace: Pace,
    pub skills: Vec<Skill>,
    pub fit_sentence: String,
    pub recommended: bool,
    pub local_key: Option<String>,
}

impl From<core::Recommendation> for Recommendation {
    fn from(one: core::Recommendation) -> Self {
        Self {
            repo: one.repo,
            variant: one.variant,
            size_bytes: one.size_bytes,
            parameters: one.parameters,
            pace: match one.pace {
                core::Pace::Quick => Pace::Quick,
                core::Pace::Balanced => Pace::Balanced,
                core::Pace::Thorough => Pace::Thorough,
            },
            skills: one
                .skills
                .into_iter()
                .map(|skill| match skill {
                    core::Skill::Images => Skill::Images,
                    core::Skill::Code => Skill::Code,
                    core::Skill::Reasoning => Skill::Reasoning,
                })
                .collect(),
            fit_sentence: one.fit_sentence,
            recommended: one.recommended,
            local_key: one.local_key,
        }
    }
}
