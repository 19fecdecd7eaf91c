//! How each parameter was shown to work on a real engine, for the documentation.
//!
//! The journey `parameters_all` loads models with every parameter of the table at a value other than the engine's own, and
//! fails where what it sees is not what is said here. So the list can neither forget a parameter nor claim too much.

use crate::spec::ParamSpec;

/// What a real engine showed of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The effect was read back; where.
    Read(&'static str),
    /// It was accepted and the model answered; why the effect could not be seen.
    Accepted(&'static str),
}

const NO_GPU: &str = "it acts on GPUs, and the tests' machine has none";

/// The build that was asked.
pub const EVIDENCE_BUILD: &str = "b10068";

const EVIDENCE: &[(&str, Evidence)] = &[
    ("ctxSize", Evidence::Read("`/props`")),
    ("nGpuLayers", Evidence::Read("log")),
    ("enableThinking", Evidence::Read("`/apply-template`")),
    ("device", Evidence::Accepted(NO_GPU)),
    ("splitMode", Evidence::Accepted(NO_GPU)),
    ("tensorSplit", Evidence::Accepted(NO_GPU)),
    ("mainGpu", Evidence::Accepted(NO_GPU)),
    ("kvOffload", Evidence::Accepted(NO_GPU)),
    ("cpuMoe", Evidence::Read("log")),
    ("nCpuMoe", Evidence::Read("log")),
    ("overrideTensor", Evidence::Read("log")),
    ("fit", Evidence::Read("log")),
    ("rpc", Evidence::Read("log")),
    ("flashAttn", Evidence::Read("log")),
    ("threads", Evidence::Read("log")),
    ("threadsBatch", Evidence::Read("log")),
    ("batchSize", Evidence::Read("log")),
    ("ubatchSize", Evidence::Read("log")),
    ("draftModel", Evidence::Read("`/slots`")),
    (
        "numa",
        Evidence::Accepted("it acts on several memory nodes, and the tests' machine has one"),
    ),
    ("mlock", Evidence::Read("locked memory of the process")),
    ("mmap", Evidence::Read("mapped files of the process")),
    ("cacheTypeK", Evidence::Read("log")),
    ("cacheTypeV", Evidence::Read("log")),
    ("cacheRam", Evidence::Read("log")),
    ("swaFull", Evidence::Read("log")),
    ("parallel", Evidence::Read("`/props`")),
    ("kvUnified", Evidence::Read("log")),
    (
        "ropeScaling",
        Evidence::Read("other vectors for the same text"),
    ),
    ("ropeFreqBase", Evidence::Read("log")),
    ("ropeFreqScale", Evidence::Read("log")),
    (
        "yarnOrigCtx",
        Evidence::Read("other vectors for the same text"),
    ),
    ("seed", Evidence::Read("`/props`")),
    ("mmproj", Evidence::Read("`/props`")),
    ("lora", Evidence::Read("`/lora-adapters`")),
    ("embeddings", Evidence::Read("`/v1/embeddings`")),
    ("pooling", Evidence::Read("log")),
    ("reranking", Evidence::Read("`/v1/rerank`")),
    ("jinja", Evidence::Read("tools are refused")),
    ("chatTemplate", Evidence::Read("`/props`")),
    ("env", Evidence::Read("environment of the process")),
];

/// What a real engine showed of this parameter; nothing where it was not tried.
#[must_use]
pub fn evidence(spec: &ParamSpec) -> Option<Evidence> {
    let known = EVIDENCE.iter().find(|(name, _)| *name == spec.name);
    known.map(|(_, evidence)| *evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TABLE;

    #[test]
    fn every_parameter_was_tried_and_nothing_else() {
        let names: Vec<&str> = EVIDENCE.iter().map(|(name, _)| *name).collect();
        let table: Vec<&str> = TABLE.iter().map(|spec| spec.name).collect();
        assert_eq!(names, table);
    }
}
