//! Which contexts are offered to a model that nobody chose one for.

use crate::run::memory_view::LEAST_CONTEXT;

/// Enough for a conversation with a few files in it.
pub(crate) const USUAL_TOKENS: u64 = 8_192;
/// Enough for a long one; more is a choice.
const MOST_TOKENS: u64 = 32_768;

/// The longest first: the training length up to 32,768, and what half of that is, and so on, down to what is of any
/// use. A model that was trained for less has its length.
pub(crate) fn contexts(training: Option<u64>) -> Vec<u64> {
    let longest = training
        .filter(|length| *length > 0)
        .map_or(USUAL_TOKENS, |length| length.min(MOST_TOKENS));
    std::iter::successors(Some(longest), |tokens| {
        Some(tokens / 2).filter(|tokens| *tokens >= LEAST_CONTEXT)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_what_a_model_was_trained_for_and_less() {
        assert_eq!(
            contexts(Some(131_072)),
            [32_768, 16_384, 8_192, 4_096, 2_048, 1_024]
        );
        assert_eq!(contexts(Some(2_048)), [2_048, 1_024]);
        assert_eq!(contexts(Some(512)), [512]);
        assert_eq!(contexts(None).first(), Some(&8_192));
    }
}
