//! What a model is good for, by what its file says: what it takes in, what it gives out, and the parameters that follow.

use gguf::{ModelInfo, Pooling};
use load_params::{EngineFlags, LoadParams};
use serde::{Deserialize, Serialize};

/// What a model can do, as a list shows it beside its name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelTraits {
    /// It sees images, with the projector that belongs to it.
    pub vision: bool,
    /// Its template tells it of tools.
    pub tools: bool,
    /// It can think before it answers.
    pub thinking: bool,
    /// It turns texts into vectors.
    pub embedding: bool,
    /// It judges how well texts answer a question.
    pub reranking: bool,
}

/// What a chat template knows of, as its own words show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemplateTraits {
    pub(crate) tools: bool,
    pub(crate) thinking: bool,
}

impl TemplateTraits {
    /// Templates that know tools name them, as a variable or in a message; those that think name the switch for it, the
    /// marks, or the field that thoughts come in.
    pub(crate) fn of(template: &str) -> Self {
        const TOOLS: &[&str] = &["tools", "tool_calls"];
        const THINKING: &[&str] = &[
            "enable_thinking",
            "<think>",
            "</think>",
            "reasoning_content",
            "reasoning_effort",
            "[THINK]",
            "<|START_THINKING|>",
            "<seed:think>",
        ];
        let names = |words: &[&str]| words.iter().any(|word| template.contains(word));
        Self {
            tools: names(TOOLS),
            thinking: names(THINKING),
        }
    }
}

/// What a model can do.
pub(crate) fn traits_of(
    info: &ModelInfo,
    template: TemplateTraits,
    has_projector: bool,
) -> ModelTraits {
    let reranking = info.pooling == Some(Pooling::Rank);
    let embedding = info.is_embedding && !reranking;
    let writes = !reranking && !embedding;
    ModelTraits {
        vision: has_projector,
        tools: writes && template.tools,
        thinking: writes && template.thinking,
        embedding,
        reranking,
    }
}

/// The parameters that follow from what a model is. What the user chose in the same matter is left alone, and what this
/// engine cannot do is left out.
pub(crate) fn parameters(
    traits: ModelTraits,
    chosen: &LoadParams,
    flags: &EngineFlags,
) -> LoadParams {
    let mut params = LoadParams::default();
    let free = chosen.embeddings.is_none()
        && chosen.reranking.is_none()
        && chosen.pooling.is_none()
        && chosen.draft_model.is_none()
        && !chosen.extra.keys().any(|flag| {
            let same = flags.get(flag);
            let mut names = same.into_iter().flat_map(|flag| &flag.names);
            names.any(|name| ["--embeddings", "--reranking", "--pooling"].contains(&name.as_str()))
        });
    if free && traits.embedding && flags.has("--embeddings") {
        params.embeddings = Some(true);
    }
    if free && traits.reranking && flags.has("--reranking") {
        params.reranking = Some(true);
    }
    params
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(change: impl FnOnce(&mut ModelInfo)) -> ModelInfo {
        let header = gguf::parse_prefix(&gguf::tiny::bytes()).unwrap();
        let mut info = header.model_info("m.gguf");
        change(&mut info);
        info
    }

    #[test]
    fn templates_tell_tools_and_thoughts() {
        let qwen3 = "{%- if tools %}{{ tools }}{% endif %}{%- if enable_thinking is false %}<think>\n\n</think>{% endif %}";
        assert_eq!(
            TemplateTraits::of(qwen3),
            TemplateTraits {
                tools: true,
                thinking: true
            }
        );
        let gemma =
            "{{ bos_token }}{% for message in messages %}{{ message['content'] }}{% endfor %}";
        assert_eq!(TemplateTraits::of(gemma), TemplateTraits::default());
        assert!(TemplateTraits::of("{{ reasoning_effort }}").thinking);
    }

    #[test]
    fn an_embedding_model_is_started_as_one_unless_the_user_says_otherwise() {
        let flags = EngineFlags::parse(
            "--embedding, --embeddings               x\n--rerank, --reranking                   y\n",
        );
        let both = TemplateTraits {
            tools: true,
            thinking: true,
        };
        let embedding = traits_of(&info(|info| info.is_embedding = true), both, false);
        assert!(embedding.embedding && !embedding.tools && !embedding.thinking);
        let none = LoadParams::default();
        assert_eq!(parameters(embedding, &none, &flags).embeddings, Some(true));
        let ranker = traits_of(
            &info(|info| info.pooling = Some(Pooling::Rank)),
            both,
            false,
        );
        assert!(ranker.reranking && !ranker.embedding);
        assert_eq!(parameters(ranker, &none, &flags).reranking, Some(true));
        assert!(parameters(ranker, &none, &EngineFlags::parse("")).is_empty());
        let mut chosen = LoadParams {
            embeddings: Some(false),
            ..LoadParams::default()
        };
        assert!(parameters(embedding, &chosen, &flags).is_empty());
        chosen.embeddings = None;
        chosen.extra.insert("--embedding".to_owned(), None);
        assert!(parameters(embedding, &chosen, &flags).is_empty());
    }

    #[test]
    fn a_text_model_with_a_projector_sees() {
        let traits = traits_of(&info(|_| {}), TemplateTraits::default(), true);
        assert!(traits.vision && !traits.embedding && !traits.reranking);
    }
}
