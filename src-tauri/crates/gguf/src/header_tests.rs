//! Tests of `header` and, through it, of `cursor`.

use std::{
    io::{Read, repeat},
    path::Path,
};

use proptest::prelude::*;

use super::*;
use crate::{
    tiny,
    writer::{Writer, put_string},
};

/// A hand-made file, byte by byte, as the specification has it.
fn by_hand(version: u32) -> Vec<u8> {
    let mut file = b"GGUF".to_vec();
    file.extend(version.to_le_bytes());
    file.extend(1_u64.to_le_bytes());
    file.extend(2_u64.to_le_bytes());
    put_string(&mut file, "general.architecture");
    file.extend(8_u32.to_le_bytes());
    put_string(&mut file, "llama");
    put_string(&mut file, "llama.attention.head_count_kv");
    file.extend(9_u32.to_le_bytes());
    file.extend(5_u32.to_le_bytes());
    file.extend(2_u64.to_le_bytes());
    file.extend(4_i32.to_le_bytes());
    file.extend(8_i32.to_le_bytes());
    put_string(&mut file, "token_embd.weight");
    file.extend(2_u32.to_le_bytes());
    file.extend(64_u64.to_le_bytes());
    file.extend(3_u64.to_le_bytes());
    file.extend(2_u32.to_le_bytes());
    file.extend(32_u64.to_le_bytes());
    file
}

/// A small file that has every kind of value.
fn varied() -> Vec<u8> {
    let mut writer = Writer::new(3, "llama");
    for (number, width) in [
        (0, 1),
        (1, 1),
        (2, 2),
        (3, 2),
        (4, 4),
        (5, 4),
        (6, 4),
        (7, 1),
        (10, 8),
        (11, 8),
        (12, 8),
    ] {
        let kind = ValueType::from_number(number).unwrap();
        writer.pair(&format!("x.{number}"), kind, &vec![1; width]);
    }
    writer.strings("x.tags", ["a", "b"].into_iter());
    writer.strings("x.tokens", vec![""; 1025].into_iter());
    writer.i32s("x.types", vec![1; 1025].into_iter());
    writer.tensor("a.weight", &[32, 2], GgmlType::F16, &[0; 128]);
    writer.tensor("b.weight", &[3], GgmlType::F32, &[0; 12]);
    writer.finish()
}

fn malformed(bytes: &[u8]) -> String {
    match parse_prefix(bytes) {
        Err(Error::Malformed { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn versions_two_and_three_by_hand() {
    for version in [2, 3] {
        let file = by_hand(version);
        let header = parse_prefix(&file).unwrap();
        assert_eq!(header.version, version);
        assert_eq!(header.architecture(), Some("llama"));
        let heads = header
            .architecture_value("attention.head_count_kv")
            .and_then(Value::as_array)
            .unwrap();
        assert_eq!(
            heads.items.as_deref(),
            Some(&[Value::Signed(4), Value::Signed(8)][..])
        );
        let tensor = TensorInfo {
            name: "token_embd.weight".into(),
            dims: vec![64, 3],
            ggml_type: GgmlType(2),
            offset: 32,
        };
        assert_eq!(tensor.size_bytes(), Some(2 * 3 * 18));
        assert_eq!(header.tensors, [tensor]);
        assert_eq!(header.data_offset, (file.len() as u64).next_multiple_of(32));
    }
}

#[test]
fn other_versions_and_byte_orders_are_named() {
    for version in [0, 1, 4, 99] {
        let error = parse_prefix(&by_hand(version)).unwrap_err();
        assert!(
            matches!(error, Error::UnsupportedVersion { version: named, .. } if named == version)
        );
    }
    let mut file = by_hand(3);
    file[4..8].reverse();
    assert!(matches!(parse_prefix(&file), Err(Error::BigEndian { .. })));
}

#[test]
fn long_arrays_keep_their_length_only() {
    let header = parse_prefix(&varied()).unwrap();
    let tokens = header
        .metadata
        .get("x.tokens")
        .and_then(Value::as_array)
        .unwrap();
    assert_eq!(
        tokens,
        &Array {
            element_type: ValueType::String,
            len: 1025,
            items: None
        }
    );
    let tags = header
        .metadata
        .get("x.tags")
        .and_then(Value::as_array)
        .unwrap();
    assert_eq!(tags.items.as_ref().map(Vec::len), Some(2));
}

#[test]
fn completeness_is_judged_by_the_last_byte_of_data() {
    let header = parse_prefix(&varied()).unwrap();
    // The second tensor begins at 128 and has 12 bytes; the padding behind it may be missing.
    let end = header.data_offset + 128 + 12;
    header.check_complete(end).unwrap();
    match header.check_complete(end - 1).unwrap_err() {
        Error::IncompleteTensors {
            expected_bytes,
            actual_bytes,
            ..
        } => {
            assert_eq!((expected_bytes, actual_bytes), (end, end - 1));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(header.weights_size_bytes(), Some(128 + 12));
}

#[test]
fn unknown_types_cannot_be_judged() {
    let mut writer = Writer::new(3, "llama");
    writer.tensor("a", &[256], GgmlType(777), &[0; 64]);
    let header = parse_prefix(&writer.finish()).unwrap();
    header.check_complete(header.data_offset).unwrap();
    assert_eq!(header.weights_size_bytes(), None);
    // But a file that does not even reach the tensor's beginning is incomplete.
    assert!(header.check_complete(header.data_offset - 1).is_err());
}

#[test]
fn a_file_without_tensors_is_whole() {
    let file = Writer::new(3, "llama").finish();
    let header = parse_prefix(&file).unwrap();
    header.check_complete(60).unwrap();
}

#[test]
fn files_that_are_no_models_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        read_header(&path).unwrap_err()
    };
    assert!(matches!(
        read_header(&folder.path().join("no")),
        Err(Error::NotFound { .. })
    ));
    assert!(matches!(
        read_header(folder.path()),
        Err(Error::NotAFile { .. })
    ));
    assert!(matches!(at("empty.gguf", b""), Error::Empty { .. }));
    assert!(matches!(
        at("two.gguf", b"GG"),
        Error::TruncatedHeader {
            actual_bytes: 2,
            ..
        }
    ));
    let html = at("page.gguf", b"<html><body>Not found");
    assert!(
        html.to_string()
            .ends_with("page.gguf is not a GGUF file (it starts with \"<htm\")"),
        "{html}"
    );
    let short = at("short.gguf", b"no");
    assert!(matches!(short, Error::NotGguf { magic, .. } if magic == b"no"));
    let inside = folder.path().join("page.gguf").join("x.gguf");
    assert!(matches!(read_header(&inside), Err(Error::NotFound { .. })));
}

#[test]
fn a_cut_download_is_incomplete_not_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.gguf");
    let whole = tiny::bytes();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    read_header(&path).unwrap();
    let error = check_file(&path).unwrap_err();
    assert!(error.is_incomplete());
    assert_eq!(error.file(), path.display().to_string());
    std::fs::write(&path, &whole[..100]).unwrap();
    assert!(matches!(
        check_file(&path),
        Err(Error::TruncatedHeader {
            actual_bytes: 100,
            ..
        })
    ));
    std::fs::write(&path, &whole).unwrap();
    check_file(&path).unwrap();
}

#[test]
fn cut_at_every_byte() {
    for file in [varied(), tiny::bytes(), by_hand(2)] {
        let whole = parse_prefix(&file).unwrap();
        // The padding before the data is not needed.
        let padded_end = whole.data_offset as usize;
        let header_end = (padded_end - 31..=padded_end)
            .find(|end| parse_prefix(&file[..*end]).is_ok())
            .unwrap();
        for end in 0..header_end {
            match parse_prefix(&file[..end]) {
                Err(Error::NeedMoreBytes {
                    available_bytes,
                    at_least_bytes,
                    ..
                }) => {
                    assert_eq!(available_bytes, end as u64);
                    assert!(
                        (end + 1..=header_end).contains(&(at_least_bytes as usize)),
                        "{end} {at_least_bytes}"
                    );
                }
                other => panic!("{end}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_stream_may_end_at_every_byte() {
    let file = by_hand(3);
    for end in 0..file.len() {
        match read_header_from(&file[..end], "stream").unwrap_err() {
            Error::Empty { .. } => assert_eq!(end, 0),
            Error::TruncatedHeader { actual_bytes, .. } => assert!(actual_bytes <= end as u64),
            other => panic!("{end}: {other:?}"),
        }
    }
}

#[test]
fn absurd_claims_fail_at_once() {
    let claim = |at: usize, value: u64| {
        let mut file = by_hand(3);
        file[at..at + 8].copy_from_slice(&value.to_le_bytes());
        file
    };
    // Counts of tensors and pairs, the first key's length, the first value's, the array's length.
    for at in [8, 16, 24, 56] {
        assert!(!malformed(&claim(at, u64::MAX)).is_empty());
        assert!(parse_prefix(&claim(at, 1 << 20)).is_err());
    }
    let array_len = 24 + 28 + 4 + 13 + 37 + 4 + 4;
    assert!(malformed(&claim(array_len, u64::MAX)).contains("claims more than 256 MiB"));
    // A stream of unknown length: only what is there is ever held.
    for at in [8, 16, 24, 56, array_len] {
        assert!(read_header_from(&claim(at, 1 << 23)[..], "stream").is_err());
    }
}

#[test]
fn endless_streams_end() {
    // An array that fills the header up to its limit, then one pair more.
    let mut start = b"GGUF\x03\0\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0".to_vec();
    put_string(&mut start, "x");
    start.extend(9_u32.to_le_bytes());
    start.extend(10_u32.to_le_bytes());
    start.extend(((32_u64 << 20) - 7).to_le_bytes());
    let error = read_header_from(start.chain(repeat(0)), "stream").unwrap_err();
    assert!(
        error.to_string().contains("claims more than 256 MiB"),
        "{error}"
    );
    // Many small tensors: bounded by what is kept.
    let error = read_header_from(
        (&b"GGUF\x03\0\0\0\0\0\x80\0\0\0\0\0\0\0\0\0\0\0\0\0"[..]).chain(Names::default()),
        "stream",
    )
    .unwrap_err();
    assert!(error.to_string().contains("larger than 32 MiB"), "{error}");
}

/// Tensor descriptions without end, each named by its number.
#[derive(Default)]
struct Names {
    next: u64,
    rest: Vec<u8>,
}

impl Read for Names {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.rest.is_empty() {
            put_string(&mut self.rest, &self.next.to_string());
            self.rest.extend([0; 4 + 4 + 8]);
            self.next += 1;
        }
        let count = self.rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.rest[..count]);
        self.rest.drain(..count);
        Ok(count)
    }
}

#[test]
fn nonsense_is_named() {
    let with = |key: &str, kind, value: &[u8]| {
        let mut writer = Writer::new(3, "llama");
        writer.pair(key, kind, value);
        writer.finish()
    };
    assert!(malformed(&with("general.architecture", ValueType::Bool, &[1])).contains("twice"));
    assert!(
        malformed(&with("general.alignment", ValueType::U32, &[3, 0, 0, 0]))
            .contains("power of two")
    );
    assert!(
        malformed(&with(
            "general.alignment",
            ValueType::U64,
            &(1_u64 << 40).to_le_bytes()
        ))
        .contains("power of two")
    );
    let nested = [9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    assert!(malformed(&with("x", ValueType::Array, &nested)).contains("array of arrays"));
    let unknown = [99, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    assert!(malformed(&with("x", ValueType::Array, &unknown)).contains("unknown type 99"));
    for (dims, expected) in [
        (&[1; 5][..], "5 dimensions"),
        (&[1 << 40, 1 << 40], "impossible"),
        (&[1 << 63], "impossible"),
    ] {
        let mut writer = Writer::new(3, "llama");
        writer.tensor("a", dims, GgmlType::F32, &[]);
        assert!(malformed(&writer.finish()).contains(expected));
    }
    let mut writer = Writer::new(3, "llama");
    writer.tensor("a", &[1], GgmlType::F32, &[]);
    writer.tensor("a", &[1], GgmlType::F32, &[]);
    assert!(malformed(&writer.finish()).contains("twice"));
}

#[test]
fn text_that_is_not_utf8_is_shown_as_well_as_can_be() {
    let mut writer = Writer::new(3, "llama");
    writer.pair(
        "x",
        ValueType::String,
        &[2, 0, 0, 0, 0, 0, 0, 0, b'a', 0xff],
    );
    let header = parse_prefix(&writer.finish()).unwrap();
    assert_eq!(header.metadata.get_str("x"), Some("a\u{fffd}"));
}

#[test]
fn prefixes_are_about_no_file_in_particular() {
    let error = parse_prefix(b"").unwrap_err();
    assert!(
        matches!(
            error,
            Error::NeedMoreBytes {
                at_least_bytes: 4,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(error.file(), "the data");
    assert_eq!(
        read_header(Path::new("/no/such.gguf"))
            .unwrap_err()
            .to_string(),
        "/no/such.gguf does not exist"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_never_panic(
        from_tiny in any::<bool>(),
        changes in prop::collection::vec((0_usize..10_000, any::<u8>()), 1..8),
    ) {
        let mut file = if from_tiny { tiny_header() } else { varied() };
        for (at, byte) in changes {
            let at = at % file.len();
            file[at] = byte;
        }
        if let Ok(header) = parse_prefix(&file) {
            look_at_everything(&header);
        }
        if let Ok(header) = read_header_from(&file[..], "stream") {
            look_at_everything(&header);
        }
    }

    #[test]
    fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut file = b"GGUF\x03\0\0\0".to_vec();
        file.extend(bytes);
        let _ = parse_prefix(&file);
    }
}

fn tiny_header() -> Vec<u8> {
    static HEADER: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let header = HEADER.get_or_init(|| {
        let mut file = tiny::bytes();
        let end = parse_prefix(&file).unwrap().data_offset;
        file.truncate(end as usize);
        file
    });
    header.clone()
}

fn look_at_everything(header: &Header) {
    let info = header.model_info("x-Q8_0.gguf");
    let _ = header.check_complete(1000);
    let _ = crate::kv_cache_size_bytes(
        &info,
        u64::MAX,
        crate::CacheType::Q4_0,
        crate::CacheType::F32,
    );
    assert!(serde_json::to_string(&info).is_ok());
}

#[test]
fn the_beginning_tells_what_is_whole() {
    let bytes = crate::tiny::bytes();
    let whole = parse_prefix(&bytes).unwrap();
    let vocabulary = whole.metadata.get("tokenizer.ggml.tokens").unwrap();
    assert!(vocabulary.as_array().is_some());
    // Up to the middle of the header, in every place.
    for len in (24..4_000).step_by(7) {
        let beginning = parse_beginning(&bytes[..len]).unwrap();
        assert!(beginning.tensors.is_empty());
        for (key, value) in beginning.metadata.iter() {
            assert_eq!(whole.metadata.get(key), Some(value));
        }
    }
    let most = parse_beginning(&bytes[..1_200]).unwrap();
    assert_eq!(most.architecture(), Some("llama"));
    assert_eq!(
        most.model_info("x").block_count,
        whole.model_info("x").block_count
    );
    assert!(matches!(
        parse_beginning(&bytes[..10]),
        Err(Error::NeedMoreBytes { .. })
    ));
    assert!(matches!(
        parse_beginning(b"<html>"),
        Err(Error::NotGguf { .. })
    ));
}
