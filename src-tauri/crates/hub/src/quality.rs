//! What a quantization costs in quality, in words: one table for window and command line.
//!
//! The words go by bits per weight and by what the field has measured (perplexity and divergence from the original, in
//! llama.cpp's `quantize` notes and the cards of the common uploaders); a mixture made tensor by tensor (`UD-`) counts as
//! its plain sister.

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QualityRow {
    /// Labels it is for.
    pub labels: &'static [&'static str],
    /// The words.
    pub words: &'static str,
}

/// From the best to the worst.
static TABLE: &[QualityRow] = &[
    QualityRow {
        labels: &["F32"],
        words: "Unquantized, twice the size it needs",
    },
    QualityRow {
        labels: &["BF16", "F16"],
        words: "Unquantized, as its author made it",
    },
    QualityRow {
        labels: &["Q8_K_XL", "Q8_0"],
        words: "As good as the original",
    },
    QualityRow {
        labels: &["Q6_K_XL", "Q6_K_L", "Q6_K"],
        words: "Hardly any loss",
    },
    QualityRow {
        labels: &[
            "Q5_K_XL", "Q5_K_L", "Q5_K_M", "Q5_K_S", "Q5_K", "Q5_1", "Q5_0",
        ],
        words: "Very small loss",
    },
    QualityRow {
        labels: &["Q4_K_XL", "Q4_K_L", "Q4_K_M", "Q4_K"],
        words: "Small loss, the usual choice",
    },
    QualityRow {
        labels: &["MXFP4", "MXFP4_MOE", "NVFP4"],
        words: "Small loss; as the model was trained, where it was trained so",
    },
    QualityRow {
        labels: &[
            "Q4_K_S", "IQ4_NL", "IQ4_XS", "Q4_1", "Q4_0", "Q4_0_4_4", "Q4_0_4_8", "Q4_0_8_8",
        ],
        words: "Some loss, smaller",
    },
    QualityRow {
        labels: &["Q3_K_XL", "Q3_K_L", "Q3_K_M", "IQ3_M", "Q3_K"],
        words: "Clear loss",
    },
    QualityRow {
        labels: &["Q3_K_S", "IQ3_S", "IQ3_XS", "IQ3_XXS"],
        words: "High loss",
    },
    QualityRow {
        labels: &[
            "Q2_K_XL", "Q2_K_L", "Q2_K", "Q2_K_S", "Q2_0", "IQ2_M", "IQ2_S",
        ],
        words: "Very high loss; for large models only",
    },
    QualityRow {
        labels: &[
            "IQ2_XS", "IQ2_XXS", "TQ2_0", "IQ1_M", "IQ1_S", "TQ1_0", "Q1_0",
        ],
        words: "Extreme loss; a last resort",
    },
];

/// What is known of a quantization's quality, in words.
#[must_use]
pub fn quality_words(label: &str) -> &'static str {
    rank(label).map_or("Unknown", |rank| TABLE[rank].words)
}

/// The place of a quantization among all, 0 being the best.
#[must_use]
pub fn rank(label: &str) -> Option<usize> {
    let plain = label.strip_prefix("UD-").unwrap_or(label);
    TABLE.iter().position(|row| row.labels.contains(&plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_that_is_known_has_words() {
        for label in gguf::LABELS {
            assert_ne!(quality_words(label), "Unknown", "{label}");
        }
        assert_eq!(quality_words("UD-Q4_K_XL"), quality_words("Q4_K_XL"));
        assert_eq!(quality_words("x"), "Unknown");
    }
}
