//! Parameters whose value is one word of a list: a type for each, and the list as the table shows it.

use crate::values::{ParamValue, Stored};

/// Declares an enum, the engine's word for each variant, and the list of words.
macro_rules! words {
    ($(#[$note:meta])* $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$note])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$about])* $variant,)+
        }

        impl $name {
            /// Every value, in the engine's order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];
            /// The words for `ALL`, as the table lists them.
            pub(crate) const WORDS: &'static [&'static str] = &[$($word,)+];

            /// The engine's word for it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)+
                }
            }
        }

        impl Stored for $name {
            fn to_value(&self) -> ParamValue {
                ParamValue::Word(self.as_str())
            }
            fn from_value(value: ParamValue) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.to_value() == value)
            }
        }
    };
}

words! {
    /// How the keys or the values in the KV cache are stored.
    #[allow(missing_docs, reason = "each is the engine's own name for the type")]
    CacheType {
        F32 = "f32",
        F16 = "f16",
        Bf16 = "bf16",
        Q8_0 = "q8_0",
        Q4_0 = "q4_0",
        Q4_1 = "q4_1",
        Iq4Nl = "iq4_nl",
        Q5_0 = "q5_0",
        Q5_1 = "q5_1",
    }
}

words! {
    /// How a model is shared among several GPUs.
    SplitMode {
        /// One GPU has it all.
        None = "none",
        /// By whole layers.
        Layer = "layer",
        /// By rows of each matrix.
        Row = "row",
        /// By tensors, all GPUs at work at once.
        Tensor = "tensor",
    }
}

words! {
    /// How positions are stretched beyond the training length.
    RopeScaling {
        /// Not at all.
        None = "none",
        /// Evenly.
        Linear = "linear",
        /// By YaRN, which keeps near positions sharp.
        Yarn = "yarn",
    }
}

words! {
    /// How the vectors of all tokens become one.
    Pooling {
        /// They do not: each token keeps its own.
        None = "none",
        /// Their mean.
        Mean = "mean",
        /// The first token's.
        Cls = "cls",
        /// The last token's.
        Last = "last",
        /// A score, for reranking.
        Rank = "rank",
    }
}

words! {
    /// How memory is laid out on machines with several memory nodes.
    Numa {
        /// Spread over all nodes.
        Distribute = "distribute",
        /// On the node that it started on.
        Isolate = "isolate",
        /// As `numactl` says.
        Numactl = "numactl",
    }
}

impl CacheType {
    /// Whether it stores less than 16 bits an element.
    #[must_use]
    pub fn is_quantized(self) -> bool {
        !matches!(self, CacheType::F32 | CacheType::F16 | CacheType::Bf16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_cache_types_are_quantized() {
        let quantized = CacheType::ALL.iter().filter(|kind| kind.is_quantized());
        assert_eq!(quantized.count(), 6);
    }

    #[test]
    fn every_word_is_its_value() {
        assert_eq!(
            SplitMode::from_value(ParamValue::Word("row")),
            Some(SplitMode::Row)
        );
        assert_eq!(Pooling::from_value(ParamValue::Word("max")), None);
        assert_eq!(RopeScaling::WORDS.len(), RopeScaling::ALL.len());
        assert_eq!(Numa::Numactl.as_str(), "numactl");
    }
}
