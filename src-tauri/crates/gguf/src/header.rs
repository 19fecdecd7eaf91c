//! The header of a GGUF file: what the model says about itself and where its tensors lie.
//!
//! Layout, little endian (specification: `docs/gguf.md` of ggml): `"GGUF"`, u32 version, u64 number of
//! tensors, u64 number of pairs; per pair a string, u32 type, value; per tensor a string, u32 number of
//! dimensions, u64 each, u32 type, u64 offset from `data_offset`. Strings are a u64 length and bytes.
//! Versions 2 and 3 are the same here.
//!
//! Invariants: every tensor has at most four dimensions and an element count within 64 bits; names and
//! keys are unique. Left out: whether offsets overlap (the engine checks); big-endian content.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, ErrorKind, Read},
    path::Path,
};

use crate::{
    Error, GgmlType, ModelInfo,
    cursor::{Cursor, Extent, MAX_NAME_BYTES},
    value::{Array, Metadata, Value, ValueType},
};

/// Arrays up to this length are kept: one value per layer, tags. Vocabularies are skipped.
const MAX_KEPT_ELEMENTS: u64 = 1024;
/// As in ggml (`GGML_MAX_DIMS`).
const MAX_DIMENSIONS: u32 = 4;
/// As in ggml, where the file does not say otherwise.
const DEFAULT_ALIGNMENT: u64 = 32;
/// Least size of a pair and of a tensor description in the file; what they cost in memory besides text, while the lists
/// that they are in grow.
const PAIR_BYTES: (u64, u64) = (13, 288);
const TENSOR_BYTES: (u64, u64) = (24, 272);
/// What an element of an array costs while the array grows.
const ELEMENT_BYTES: u64 = 2 * size_of::<Value>() as u64;

/// Everything before the tensor data.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// What the header was read from, for messages: the path as displayed.
    pub file: String,
    /// Version of the format, 2 or 3.
    pub version: u32,
    /// Key/value pairs.
    pub metadata: Metadata,
    /// Tensors, in the file's order.
    pub tensors: Vec<TensorInfo>,
    /// Where the tensor data begin, in bytes from the start of the file.
    pub data_offset: u64,
    /// Bytes; tensors begin at multiples of this.
    pub alignment: u64,
}

/// One tensor's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Such as `blk.0.attn_q.weight`.
    pub name: String,
    /// Elements per dimension, the fastest-changing first (a row's length).
    pub dims: Vec<u64>,
    /// How elements are stored.
    pub ggml_type: GgmlType,
    /// Where its data begin, in bytes from [`Header::data_offset`].
    pub offset: u64,
}

/// Reads the header of the file at `path`.
///
/// # Errors
/// Every [`Error`] but `NeedMoreBytes` and `IncompleteTensors`: whether the tensor data are all there
/// is [`check_file`]'s question.
pub fn read_header(path: &Path) -> Result<Header, Error> {
    open(path).map(|(header, _)| header)
}

/// Reads the header of the file at `path` and checks that its tensor data are all there: the check
/// to make before a model is loaded.
///
/// # Errors
/// As [`read_header`], and [`Error::IncompleteTensors`].
pub fn check_file(path: &Path) -> Result<Header, Error> {
    let (header, size_bytes) = open(path)?;
    header.check_complete(size_bytes)?;
    Ok(header)
}

/// Reads a header from the beginning of `reader`, which need not be buffered and is read a little
/// past the header. `file` names it in errors.
///
/// # Errors
/// `Empty`, `TruncatedHeader` and all that can be wrong with content, or `Io`.
pub fn read_header_from(reader: impl Read, file: &str) -> Result<Header, Error> {
    parse(Cursor::new(reader, Extent::Stream, file))
}

/// Reads a header from the first bytes of a file that is not here, such as one on a server.
///
/// # Errors
/// [`Error::NeedMoreBytes`] if the header goes on after `bytes`; else what is wrong with the content.
/// Errors call the file "the data": see [`Error::in_file`].
pub fn parse_prefix(bytes: &[u8]) -> Result<Header, Error> {
    parse(Cursor::new(
        bytes,
        Extent::Prefix(bytes.len() as u64),
        "the data",
    ))
}

/// Reads what the first bytes of a file tell, however few: the pairs that are whole, and no tensors. Writers put
/// what tells a model's shape before its vocabulary, which is megabytes, so a few kilobytes say most.
///
/// # Errors
/// [`Error::NeedMoreBytes`] if not even the counts are there; else what is wrong with the content. Errors call
/// the file "the data": see [`Error::in_file`].
pub fn parse_beginning(bytes: &[u8]) -> Result<Header, Error> {
    let extent = Extent::Prefix(bytes.len() as u64);
    let mut cursor = Cursor::new(bytes, extent, "the data");
    let version = parse_magic(&mut cursor)?;
    let _tensor_count = cursor.read_u64()?;
    let pair_count = cursor.read_u64()?;
    let mut metadata = Metadata::default();
    match parse_metadata(&mut cursor, pair_count, &mut metadata) {
        Ok(()) | Err(Error::NeedMoreBytes { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(Header {
        file: cursor.file().to_owned(),
        version,
        alignment: parse_alignment(&cursor, &metadata)?,
        data_offset: cursor.position(),
        metadata,
        tensors: Vec::new(),
    })
}

impl Header {
    /// `general.architecture`, such as "llama" or "gemma3".
    pub fn architecture(&self) -> Option<&str> {
        self.metadata.get_str("general.architecture")
    }

    /// The value of `<architecture>.<key>`.
    pub fn architecture_value(&self, key: &str) -> Option<&Value> {
        self.metadata
            .get(&format!("{}.{key}", self.architecture()?))
    }

    /// What a person wants to know of this model. `file_name` (a name or a path) tells the
    /// quantization, and the model's name where the metadata have none. For a model in shards, see
    /// [`ModelInfo::of_shards`].
    pub fn model_info(&self, file_name: &str) -> ModelInfo {
        ModelInfo::of_shards(std::slice::from_ref(self), file_name)
    }

    /// Bytes of all tensors, without padding: what the weights of this file take in memory. `None` if
    /// a type is unknown here (then the file's size less [`Header::data_offset`] is a good guess).
    pub fn weights_size_bytes(&self) -> Option<u64> {
        self.tensors
            .iter()
            .try_fold(0_u64, |sum, tensor| sum.checked_add(tensor.size_bytes()?))
    }

    /// Checks that a file of `file_size` bytes holds all tensors. Passes if it cannot be told, because
    /// a type is unknown here.
    ///
    /// # Errors
    /// [`Error::IncompleteTensors`].
    pub fn check_complete(&self, file_size: u64) -> Result<(), Error> {
        let end = self
            .tensors
            .iter()
            .map(|tensor| {
                tensor
                    .offset
                    .saturating_add(tensor.size_bytes().unwrap_or(0))
            })
            .max();
        let expected_bytes = self.data_offset.saturating_add(end.unwrap_or(0));
        // A file without tensors (a vocabulary alone) may end unpadded, before `data_offset`.
        if end.is_none() || file_size >= expected_bytes {
            return Ok(());
        }
        Err(Error::IncompleteTensors {
            file: self.file.clone(),
            expected_bytes,
            actual_bytes: file_size,
        })
    }
}

impl TensorInfo {
    /// Number of elements, over all dimensions.
    pub fn elements(&self) -> u64 {
        // Cannot saturate in a header that was read: `parse` refuses such dimensions.
        self.dims
            .iter()
            .fold(1, |product: u64, dim| product.saturating_mul(*dim))
    }

    /// Bytes of its data, without padding; `None` if the type is unknown here.
    pub fn size_bytes(&self) -> Option<u64> {
        self.ggml_type.size_bytes(&self.dims)
    }
}

fn open(path: &Path) -> Result<(Header, u64), Error> {
    let name = path.display().to_string();
    let failed = |source: io::Error| match source.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Error::NotFound { file: name.clone() },
        _ => Error::Io {
            file: name.clone(),
            action: "read",
            source,
        },
    };
    // Asked before opening: opening a pipe would wait for a writer.
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(Error::NotAFile { file: name });
    }
    let file = File::open(path).map_err(failed)?;
    let header = parse(Cursor::new(file, Extent::File(metadata.len()), &name))?;
    Ok((header, metadata.len()))
}

fn parse<R: Read>(mut cursor: Cursor<R>) -> Result<Header, Error> {
    let version = parse_magic(&mut cursor)?;
    let tensor_count = cursor.read_u64()?;
    let pair_count = cursor.read_u64()?;
    // Counts are checked one against the other's least size, so that absurd ones fail at once.
    let least = tensor_count
        .saturating_mul(TENSOR_BYTES.0)
        .saturating_add(pair_count.saturating_mul(PAIR_BYTES.0));
    cursor.require(least)?;

    let mut metadata = Metadata::default();
    parse_metadata(&mut cursor, pair_count, &mut metadata)?;
    let alignment = parse_alignment(&cursor, &metadata)?;
    let tensors = parse_tensors(&mut cursor, tensor_count)?;
    let data_offset = cursor.position().next_multiple_of(alignment);
    Ok(Header {
        file: cursor.file().to_owned(),
        version,
        metadata,
        tensors,
        data_offset,
        alignment,
    })
}

fn parse_magic<R: Read>(cursor: &mut Cursor<R>) -> Result<u32, Error> {
    const MAGIC: &[u8; 4] = b"GGUF";
    let mut magic = [0; 4];
    let count = cursor.read_up_to(&mut magic)?;
    let file = cursor.file().to_owned();
    if !MAGIC.starts_with(&magic[..count]) {
        return Err(Error::NotGguf {
            file,
            magic: magic[..count].to_vec(),
        });
    }
    if count < MAGIC.len() {
        // A prefix of no bytes is a question for more of them, not an empty file.
        return Err(match cursor.cut(MAGIC.len() as u64) {
            Error::TruncatedHeader {
                actual_bytes: 0, ..
            } => Error::Empty { file },
            error => error,
        });
    }
    match cursor.read_u32()? {
        version @ (2 | 3) => Ok(version),
        swapped if matches!(swapped.swap_bytes(), 1..=3) => Err(Error::BigEndian { file }),
        version => Err(Error::UnsupportedVersion { file, version }),
    }
}

/// What was read before an error stays in `metadata`.
fn parse_metadata<R: Read>(
    cursor: &mut Cursor<R>,
    count: u64,
    metadata: &mut Metadata,
) -> Result<(), Error> {
    for _ in 0..count {
        cursor.keep(PAIR_BYTES.1)?;
        let key = cursor.read_string(MAX_NAME_BYTES, "a metadata key")?;
        let kind = read_type(cursor, &key)?;
        let value = match kind {
            ValueType::Array => Value::Array(parse_array(cursor, &key)?),
            kind => cursor.read_scalar(kind, &key)?,
        };
        if !metadata.insert_new(key.clone(), value) {
            return Err(cursor.malformed(format!("its key {key:?} is there twice")));
        }
    }
    Ok(())
}

fn parse_array<R: Read>(cursor: &mut Cursor<R>, key: &str) -> Result<Array, Error> {
    let element_type = read_type(cursor, key)?;
    let len = cursor.read_u64()?;
    if element_type == ValueType::Array {
        return Err(cursor.malformed(format!("{key} is an array of arrays")));
    }
    if len > MAX_KEPT_ELEMENTS {
        cursor.skip_values(element_type, len)?;
        return Ok(Array {
            element_type,
            len,
            items: None,
        });
    }
    let mut items = Vec::new();
    for _ in 0..len {
        cursor.keep(ELEMENT_BYTES)?;
        items.push(cursor.read_scalar(element_type, key)?);
    }
    Ok(Array {
        element_type,
        len,
        items: Some(items),
    })
}

fn read_type<R: Read>(cursor: &mut Cursor<R>, key: &str) -> Result<ValueType, Error> {
    let number = cursor.read_u32()?;
    ValueType::from_number(number)
        .ok_or_else(|| cursor.malformed(format!("its key {key:?} has the unknown type {number}")))
}

fn parse_alignment<R: Read>(cursor: &Cursor<R>, metadata: &Metadata) -> Result<u64, Error> {
    match metadata.get("general.alignment") {
        None => Ok(DEFAULT_ALIGNMENT),
        // ggml's field is 32 bits wide, which also keeps sums with it far from overflow.
        Some(value) => value
            .as_u64()
            .filter(|alignment| alignment.is_power_of_two() && *alignment <= u32::MAX.into())
            .ok_or_else(|| cursor.malformed("its general.alignment is no power of two")),
    }
}

fn parse_tensors<R: Read>(cursor: &mut Cursor<R>, count: u64) -> Result<Vec<TensorInfo>, Error> {
    let mut tensors = Vec::new();
    for _ in 0..count {
        cursor.keep(TENSOR_BYTES.1)?;
        let name = cursor.read_string(MAX_NAME_BYTES, "a tensor name")?;
        let dimensions = cursor.read_u32()?;
        if dimensions > MAX_DIMENSIONS {
            return Err(
                cursor.malformed(format!("its tensor {name:?} has {dimensions} dimensions"))
            );
        }
        let mut dims = Vec::with_capacity(dimensions as usize);
        for _ in 0..dimensions {
            dims.push(cursor.read_u64()?);
        }
        // ggml counts elements in an i64.
        let elements = dims
            .iter()
            .try_fold(1_u64, |product, dim| product.checked_mul(*dim));
        if elements.is_none_or(|elements| i64::try_from(elements).is_err()) {
            return Err(cursor.malformed(format!("its tensor {name:?} has impossible dimensions")));
        }
        let ggml_type = GgmlType(cursor.read_u32()?);
        let offset = cursor.read_u64()?;
        tensors.push(TensorInfo {
            name,
            dims,
            ggml_type,
            offset,
        });
    }
    let mut names = HashSet::with_capacity(tensors.len());
    match tensors.iter().find(|tensor| !names.insert(&tensor.name)) {
        None => Ok(tensors),
        Some(TensorInfo { name, .. }) => {
            Err(cursor.malformed(format!("its tensor {name:?} is there twice")))
        }
    }
}

#[cfg(test)]
#[path = "header_tests.rs"]
mod tests;
