use super::*;
use crate::synthetic::{self, Family, Shape};

fn shape(family: Family) -> ModelShape {
    of(&family.usual())
}

fn of(shape: &Shape) -> ModelShape {
    let header = synthetic::header(shape).unwrap();
    ModelShape::of_shards(&[header]).unwrap()
}

#[test]
fn what_a_file_is_made_of_is_seen_in_its_tensors() {
    for family in Family::ALL {
        let shape = shape(family);
        assert_eq!(shape.layers.len(), 12, "{family:?}");
        assert_eq!(shape.embedding, 512);
        assert_eq!(shape.vocabulary, 8_192);
        assert!(shape.weights_bytes > 50_000_000, "{family:?}");
    }
    let of = |family, part: fn(&Layer) -> bool| {
        shape(family)
            .layers
            .iter()
            .filter(|layer| part(layer))
            .count()
    };
    assert_eq!(of(Family::Llama, |layer| layer.keys == 128), 12);
    assert_eq!(of(Family::Mamba, |layer| layer.keys > 0), 0);
    assert_eq!(of(Family::Mamba, |layer| layer.state == 19_456), 12);
    assert_eq!(of(Family::Jamba, |layer| layer.keys > 0), 4);
    assert_eq!(of(Family::Jamba, |layer| layer.state > 0), 8);
    assert_eq!(of(Family::Lfm2, |layer| layer.state == 1_024), 8);
    assert_eq!(of(Family::Gemma3, |layer| layer.windowed), 10);
    assert_eq!(of(Family::GptOss, |layer| layer.windowed), 6);
    assert_eq!(of(Family::Deepseek2, |layer| layer.keys == 160), 12);
    assert!(shape(Family::Deepseek2).latent);
    assert!(shape(Family::Gemma3).ties_output);
    assert!(!shape(Family::Llama).ties_output);
    assert_eq!(shape(Family::Qwen3Moe).feed_forward.inner, 2 * 1_408);
}

/// The beginning of a file on a server has no tensors: rules of architectures tell the same.
#[test]
fn a_beginning_tells_the_same_caches() {
    for family in Family::ALL {
        let whole = synthetic::header(&family.usual()).unwrap();
        let mut beginning = whole.clone();
        beginning.tensors.clear();
        let whole = ModelShape::of_shards(&[whole]).unwrap();
        let beginning = ModelShape::of_shards(&[beginning]).unwrap();
        assert_eq!(whole.layers, beginning.layers, "{family:?}");
        let scaled = beginning.with_weights(1 << 30);
        assert_eq!(scaled.weights_bytes, 1 << 30);
    }
}

/// A file may claim any width; the estimate is made before anybody trusts it.
#[test]
fn widths_beyond_all_sense_saturate() {
    let file = include_bytes!("../../../../tests/fuzz/corpus/header/vast-widths");
    let header = crate::parse_prefix(file).unwrap();
    let shape = ModelShape::of_shards(&[header]).unwrap();
    assert_eq!(shape.feed_forward.inner, u64::MAX);
}

#[test]
fn what_is_no_language_model_has_no_shape() {
    let mut header = synthetic::header(&Family::Llama.usual()).unwrap();
    assert!(ModelShape::of_shards(&[]).is_none());
    header.metadata = crate::Metadata::default();
    assert!(ModelShape::of_shards(&[header]).is_none());
}

#[test]
fn experts_are_known_by_their_names() {
    let shape = shape(Family::Qwen3Moe);
    let experts = shape.tensors.iter().filter(|tensor| tensor.is_of_experts());
    assert_eq!(experts.count(), 3 * 12);
}
