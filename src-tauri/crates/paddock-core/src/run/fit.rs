//! Whether a model that is not here yet would fit this machine, and which of its quantizations to take.

use gguf::ModelShape;
use gguf::estimate::{EstimateInput, Projector, estimate};
use hub::Variant;
use serde::{Deserialize, Serialize};

use crate::run::default_context::{USUAL_TOKENS, contexts};

/// Compute buffers and whatever else the engine takes.
const OVERHEAD_BYTES: u64 = 500_000_000;
/// Of a Q4_K_M file, which is what most people take; for guesses from the number of parameters alone.
const USUAL_BITS_PER_WEIGHT: f64 = 4.9;

/// Whether something fits this machine's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fit {
    /// With room to spare.
    Fits,
    /// Only if nothing else needs memory.
    Tight,
    /// More than there is.
    TooBig,
    /// Its header could not be read.
    Unknown,
}

impl Fit {
    /// By what is needed and what is free.
    pub(crate) fn of(predicted_bytes: u64, available_bytes: u64) -> Self {
        let with_room = predicted_bytes
            .saturating_add(predicted_bytes / 10)
            .saturating_add(OVERHEAD_BYTES);
        if with_room <= available_bytes {
            Self::Fits
        } else if predicted_bytes <= available_bytes {
            Self::Tight
        } else {
            Self::TooBig
        }
    }
}

/// The most bytes that are [`Fit::Fits`].
pub(crate) fn largest_that_fits(available_bytes: u64) -> u64 {
    available_bytes.saturating_sub(OVERHEAD_BYTES) / 11 * 10
}

/// What the usual quantization of a model of this many parameters takes on disk.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
pub(crate) fn usual_size_bytes(parameters: u64) -> u64 {
    (parameters as f64 * USUAL_BITS_PER_WEIGHT / 8.0) as u64
}

/// The most parameters that a model of this size on disk has, in the usual quantization.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]
pub(crate) fn usual_parameters(size_bytes: u64) -> u64 {
    (size_bytes as f64 * 8.0 / USUAL_BITS_PER_WEIGHT) as u64
}

/// What a variant needs, at the context that Paddock would choose for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) bytes: u64,
    pub(crate) context: u32,
}

/// All of it, wherever it is: the longest context up to the usual one that fits, else the shortest.
pub(crate) fn need(shape: &ModelShape, variant: &Variant, available_bytes: u64) -> Option<Need> {
    let weights = variant.model_size_bytes();
    let shape = shape.clone().with_weights(weights);
    let of = |context: u64| {
        let input = EstimateInput {
            context_tokens: context,
            projector: (variant.size_bytes > weights).then(|| Projector {
                bytes: variant.size_bytes - weights,
                on_gpu: false,
            }),
            ..EstimateInput::default()
        };
        Need {
            bytes: estimate(&shape, &input).total(),
            context: u32::try_from(context).unwrap_or(u32::MAX),
        }
    };
    let contexts = contexts(shape.training_context);
    let offered = contexts.iter().filter(|tokens| **tokens <= USUAL_TOKENS);
    let mut needs = offered.map(|tokens| of(*tokens));
    let shortest = contexts.last().map(|tokens| of(*tokens));
    needs
        .find(|need| Fit::of(need.bytes, available_bytes) == Fit::Fits)
        .or(shortest)
}

/// Bytes as people say them: 5.9 GB.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn words(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{} MB", (bytes / 1_000_000).max(1)),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// One sentence about a fit.
pub(crate) fn sentence(fit: Fit, need: Option<Need>, available_bytes: u64) -> String {
    let Some(need) = need else {
        return "Its header could not be read, so whether it fits is not known.".to_owned();
    };
    let (needs, free) = (words(need.bytes), words(available_bytes));
    let context = grouped(u64::from(need.context));
    match fit {
        Fit::Fits => {
            format!("Needs about {needs} with {context} tokens of context; {free} are free.")
        }
        Fit::Tight => {
            format!(
                "Needs about {needs} with {context} tokens of context, of {free} that are free: close other programs."
            )
        }
        Fit::TooBig => format!("Needs about {needs}; only {free} are free."),
        Fit::Unknown => String::new(),
    }
}

pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Ranks of [`hub::rank`] in the order in which they are taken.
const SMALL: &[&str] = &[
    "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "MXFP4", "F16", "Q4_K_S", "Q3_K_M",
];
const MIDDLE: &[&str] = &[
    "Q6_K", "Q5_K_M", "Q4_K_M", "MXFP4", "Q8_0", "Q4_K_S", "F16", "Q3_K_M",
];
const LARGE: &[&str] = &[
    "Q4_K_M", "MXFP4", "Q5_K_M", "Q6_K", "Q4_K_S", "Q3_K_M", "Q3_K_S", "Q8_0", "Q2_K",
];

/// Which variant to take, and why in a sentence. `None` where none fits.
pub(crate) fn recommend(
    variants: &[(&Variant, Fit)],
    parameters: Option<u64>,
) -> Option<(usize, String)> {
    let (order, because) = match parameters {
        Some(0..1_000_000_000) => (
            SMALL,
            "Small models lose most by quantization, and this one is small enough to keep nearly all of its quality.",
        ),
        Some(1_000_000_000..3_000_000_000) => (
            MIDDLE,
            "The best quality that still fits well; a model of this size is quick in any case.",
        ),
        _ => (
            LARGE,
            "The usual choice: little quality lost, and half the memory and twice the speed of 8 bits.",
        ),
    };
    for wanted_fit in [Fit::Fits, Fit::Tight, Fit::Unknown] {
        for (place, label) in order.iter().enumerate() {
            let rank = hub::rank(label);
            let best = variants
                .iter()
                .enumerate()
                .filter(|(_, (variant, fit))| {
                    *fit == wanted_fit
                        && variant.missing.is_empty()
                        && variant.quantization.as_deref().and_then(hub::rank) == rank
                })
                .max_by_key(|(_, (variant, _))| variant.size_bytes);
            let Some((index, (variant, _))) = best else {
                continue;
            };
            let better_exists = variants
                .iter()
                .any(|(other, fit)| *fit == Fit::TooBig && other.size_bytes > variant.size_bytes);
            let why = match wanted_fit {
                Fit::Unknown => format!("{because} Whether it fits could not be told."),
                Fit::Tight => {
                    "The smallest loss among those that this machine can just hold.".to_owned()
                }
                _ if place > 0 && better_exists => {
                    "The best quality that fits this machine's free memory.".to_owned()
                }
                _ => because.to_owned(),
            };
            return Some((index, why));
        }
    }
    // Something, rather than nothing, where names tell no quantization.
    let fitting = variants
        .iter()
        .enumerate()
        .filter(|(_, (variant, fit))| *fit == Fit::Fits && variant.missing.is_empty())
        .max_by_key(|(_, (variant, _))| variant.size_bytes)?;
    Some((
        fitting.0,
        "The largest that fits this machine's free memory.".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use hub::RepoFile;

    use super::*;

    const GB: u64 = 1_000_000_000;

    fn variant(label: &str, size_bytes: u64) -> Variant {
        hub::variants(&[RepoFile {
            path: format!("model-{label}.gguf"),
            size_bytes,
            sha256: None,
        }])
        .remove(0)
    }

    fn recommended(sizes: &[(&str, u64)], parameters: u64, available: u64) -> Option<String> {
        let variants: Vec<Variant> = sizes
            .iter()
            .map(|(label, size)| variant(label, *size))
            .collect();
        let with_fit: Vec<(&Variant, Fit)> = variants
            .iter()
            .map(|variant| (variant, Fit::of(variant.size_bytes, available)))
            .collect();
        let (index, why) = recommend(&with_fit, Some(parameters))?;
        assert!(why.ends_with('.'), "{why}");
        Some(variants[index].name.clone())
    }

    #[test]
    fn what_fits_leaves_room() {
        assert_eq!(Fit::of(10 * GB, 12 * GB), Fit::Fits);
        assert_eq!(Fit::of(10 * GB, 11 * GB), Fit::Tight);
        assert_eq!(Fit::of(10 * GB, 10 * GB), Fit::Tight);
        assert_eq!(Fit::of(10 * GB, 9 * GB), Fit::TooBig);
    }

    #[test]
    fn the_recommendation_goes_by_size_and_memory() {
        let eight = [
            ("Q2_K", 3 * GB),
            ("Q3_K_M", 4 * GB),
            ("Q4_K_M", 5 * GB),
            ("Q6_K", 7 * GB),
            ("Q8_0", 9 * GB),
            ("F16", 16 * GB),
        ];
        let pick = |available: u64| recommended(&eight, 8 * GB, available);
        assert_eq!(pick(64 * GB).as_deref(), Some("Q4_K_M"));
        assert_eq!(pick(8 * GB).as_deref(), Some("Q4_K_M"));
        assert_eq!(pick(5 * GB).as_deref(), Some("Q3_K_M"));
        assert_eq!(pick(3 * GB).as_deref(), Some("Q2_K"));
        assert_eq!(pick(2 * GB), None);
        assert_eq!(
            recommended(&eight, GB / 2, 64 * GB).as_deref(),
            Some("Q8_0")
        );
        assert_eq!(
            recommended(&eight, 2 * GB, 64 * GB).as_deref(),
            Some("Q6_K")
        );
        assert_eq!(
            recommended(&[("odd", GB), ("name", 2 * GB)], GB, 64 * GB).as_deref(),
            Some("model-name")
        );
        assert_eq!(
            recommended(
                &[("UD-Q4_K_XL", 5 * GB), ("Q4_K_M", 4 * GB)],
                8 * GB,
                64 * GB
            )
            .as_deref(),
            Some("UD-Q4_K_XL")
        );
    }

    #[test]
    fn sizes_are_said_as_people_say_them() {
        assert_eq!(words(253_113_024), "253 MB");
        assert_eq!(words(5_900_000_000), "5.9 GB");
        assert_eq!(grouped(131_072), "131,072");
        assert_eq!(grouped(512), "512");
    }
}
