//! Everything that a model's files say, for those who want to know: all metadata, the chat template, the types of the
//! tensors. Read anew each time; lists use what is kept.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gguf::{Array, GgmlType, Header, Value, ValueType};
use library::ModelFiles;
use serde::Serialize;
use settings::ModelSource;

use crate::core::Core;
use crate::error::Error;
use crate::list_models::{Surroundings, projector_of};

/// Longer texts are cut; the chat template is given by itself.
const MOST_LETTERS: usize = 2_000;
/// Longer arrays are counted only.
const MOST_ITEMS: usize = 24;
const CHAT_TEMPLATE: &str = "tokenizer.chat_template";

/// What a model's files say.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelDetails {
    /// The model.
    pub key: String,
    /// Its files, shards in order.
    pub files: Vec<FileDetail>,
    /// Its vision projector.
    pub projector: Option<FileDetail>,
    /// Where Paddock fetched it.
    pub source: Option<ModelSource>,
    /// The other app whose file it is, in words.
    pub found_in: Option<String>,
    /// The format's version.
    pub gguf_version: Option<u32>,
    /// All pairs of the first file's header, in its order.
    pub metadata: Vec<MetadataPair>,
    /// The chat template, whole.
    pub chat_template: Option<String>,
    /// Types of the tensors of all files, most bytes first.
    pub tensor_types: Vec<TensorTypeCount>,
    /// Why the header could not be read.
    pub problem: Option<String>,
}

/// A file of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileDetail {
    /// Where it is.
    pub path: PathBuf,
    /// Bytes; none where it is missing.
    pub size_bytes: Option<u64>,
}

/// A pair of the header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MetadataPair {
    /// Such as `gemma3.block_count`.
    pub key: String,
    /// `number`, `text`, `boolean`, or what an array is of: `texts`.
    pub kind: String,
    /// The value in words; long ones are cut or counted.
    pub value: String,
}

/// How many tensors are stored in a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TensorTypeCount {
    /// Such as `Q4_K`.
    pub name: String,
    /// Tensors.
    pub count: u64,
    /// Their bytes; none for a type that is not known here.
    pub size_bytes: Option<u64>,
}

impl Core {
    /// What the files of a model say. A model that is missing or broken has as much as there is.
    ///
    /// # Errors
    /// The model is unknown.
    pub async fn model_details(&self, request: &str) -> Result<ModelDetails, Error> {
        let (key, entry) = self.find_model(request).await?;
        self.blocking(move |_| {
            let files = ModelFiles::of(&entry.path).all;
            let (mut headers, mut problem) = (Vec::new(), None);
            for file in &files {
                match gguf::read_header(file) {
                    Ok(header) => headers.push(header),
                    Err(error) => {
                        problem.get_or_insert(error.to_string());
                    }
                }
            }
            let projector = projector_of(&entry, &mut Surroundings::default());
            let first = headers.first();
            ModelDetails {
                key,
                files: files.into_iter().map(file_detail).collect(),
                projector: projector.map(file_detail),
                found_in: entry.found_in.map(|app| {
                    let known = app.parse::<library::App>();
                    known.map_or(app, |app| app.title().to_owned())
                }),
                source: entry.source,
                gguf_version: first.map(|header| header.version),
                metadata: first.map(pairs).unwrap_or_default(),
                chat_template: first
                    .and_then(|header| header.metadata.get_str(CHAT_TEMPLATE))
                    .map(str::to_owned),
                tensor_types: tensor_types(&headers),
                problem,
            }
        })
        .await
    }
}

fn file_detail(path: PathBuf) -> FileDetail {
    FileDetail {
        size_bytes: path.metadata().ok().map(|metadata| metadata.len()),
        path,
    }
}

fn pairs(header: &Header) -> Vec<MetadataPair> {
    let pairs = header.metadata.iter();
    pairs
        .map(|(key, value)| MetadataPair {
            key: key.to_owned(),
            kind: kind(value).to_owned(),
            value: words(value),
        })
        .collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Unsigned(_) | Value::Signed(_) | Value::Float(_) => "number",
        Value::Bool(_) => "boolean",
        Value::String(_) => "text",
        Value::Array(array) => match array.element_type {
            ValueType::String => "texts",
            ValueType::Bool => "booleans",
            _ => "numbers",
        },
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Unsigned(number) => number.to_string(),
        Value::Signed(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::String(text) => cut(text),
        Value::Array(array) => list(array),
    }
}

fn list(array: &Array) -> String {
    match &array.items {
        Some(items) if items.len() <= MOST_ITEMS => {
            cut(&items.iter().map(words).collect::<Vec<_>>().join(", "))
        }
        _ => format!("{} values", array.len),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn tensor_types(headers: &[Header]) -> Vec<TensorTypeCount> {
    let mut types: BTreeMap<GgmlType, (u64, Option<u64>)> = BTreeMap::new();
    for tensor in headers.iter().flat_map(|header| &header.tensors) {
        let (count, size) = types.entry(tensor.ggml_type).or_insert((0, Some(0)));
        *count += 1;
        *size = size
            .zip(tensor.size_bytes())
            .and_then(|(sum, size)| sum.checked_add(size));
    }
    let mut counts: Vec<TensorTypeCount> = types
        .into_iter()
        .map(|(ggml_type, (count, size_bytes))| TensorTypeCount {
            name: ggml_type.to_string(),
            count,
            size_bytes,
        })
        .collect();
    counts.sort_by_key(|one| std::cmp::Reverse((one.size_bytes, one.count)));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_told_whole_and_long_arrays_are_counted() {
        let header = gguf::parse_prefix(&gguf::tiny::bytes()).unwrap();
        let pairs = pairs(&header);
        let find = |key: &str| pairs.iter().find(|pair| pair.key == key).unwrap();
        assert_eq!(find("general.architecture").value, "llama");
        assert_eq!(
            (
                find("llama.context_length").kind.as_str(),
                find("llama.context_length").value.as_str()
            ),
            ("number", "2048")
        );
        assert!(
            find("tokenizer.ggml.tokens").value.ends_with(" values"),
            "{:?}",
            find("tokenizer.ggml.tokens")
        );
        assert_eq!(find("tokenizer.ggml.tokens").kind, "texts");
        let types = tensor_types(&[header.clone(), header]);
        assert_eq!(types.iter().map(|one| one.count).sum::<u64>() % 2, 0);
        assert!(types.iter().all(|one| one.size_bytes.is_some()));
        assert!(
            types
                .windows(2)
                .all(|pair| pair[0].size_bytes >= pair[1].size_bytes)
        );
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let long = "é".repeat(MOST_LETTERS + 1);
        assert_eq!(cut(&long).chars().count(), MOST_LETTERS + 1);
        assert!(cut(&long).ends_with('…'));
        assert_eq!(cut("short"), "short");
    }
}
