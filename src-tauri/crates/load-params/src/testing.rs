//! What the tests of several modules share: three generations of engines, and any parameters.
//!
//! The lists are short and in our own words; `tests/real_help.rs` checks the full texts of real builds where they are at hand.

use proptest::{option, prelude::*, sample};

use crate::{EngineFlags, LoadParams, ParamValue, TABLE};

/// Like b4575 of January 2025: bare `--flash-attn`, `--mlock` and `--no-mmap`, layers by number.
pub(crate) const B4575: &str = include_str!("../tests/fixtures/b4575.txt");
/// Like b10434 of August 2026: both `--load-mode` and the deprecated switches.
pub(crate) const B10434: &str = include_str!("../tests/fixtures/b10434.txt");
/// Like b11434 of October 2026: the deprecated switches are gone.
pub(crate) const B11434: &str = include_str!("../tests/fixtures/b11434.txt");

pub(crate) fn engine(help: &str) -> EngineFlags {
    EngineFlags::parse(help)
}

/// Parameters with any of the table's values, and some extra flags, sensible and otherwise.
pub(crate) fn any_params() -> impl Strategy<Value = LoadParams> {
    // A few at a time: of all at once, some pair always excludes the other.
    let values: Vec<(usize, ParamValue)> = TABLE
        .iter()
        .enumerate()
        .flat_map(|(row, spec)| {
            spec.kind
                .samples()
                .into_iter()
                .map(move |value| (row, value))
        })
        .collect();
    let rows = proptest::collection::vec(sample::select(values), 0..7);
    let flag = sample::select(vec![
        "--metrics",
        "--cache-reuse",
        "--jinja",
        "--keep",
        "--draft-max",
        "--frobnicate",
        "-c",
        "--load-mode",
    ]);
    let value = option::of("|true|false|[0-9]{1,3}|[a-z ]{1,5}");
    let extra = proptest::collection::vec((flag, value), 0..3);
    (rows, extra).prop_map(|(values, extra)| {
        let mut params = LoadParams::default();
        for (row, value) in values {
            (TABLE[row].put)(&mut params, Some(value));
        }
        params.extra.extend(
            extra
                .into_iter()
                .map(|(flag, value)| (flag.to_owned(), value)),
        );
        params
    })
}
