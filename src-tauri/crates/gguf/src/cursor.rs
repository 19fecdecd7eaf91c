//! Reads little-endian primitives from an untrusted stream, forward only, within limits.
//!
//! Invariants:
//! - A claimed length is believed only as far as bytes for it are really there: buffers grow with
//!   what was read, and a length that ends behind the file is refused before anything is read.
//! - At most [`MAX_HEADER_BYTES`] are consumed, at most [`MAX_KEPT_BYTES`] of content are kept, so that a header never
//!   takes more than 64 MB of memory (proved in `tests/memory.rs`).
//! - The end of the input is always [`Error::TruncatedHeader`] or [`Error::NeedMoreBytes`], never
//!   [`Error::Malformed`]: cut files and damaged files have different remedies.
//!
//! Left out: what the values mean (see `header`), seeking (skipping a vocabulary in 64 KiB steps
//! takes milliseconds, and works on any `Read`).

use std::io::{BufRead, BufReader, ErrorKind, Read};

use crate::{Error, Value, ValueType};

/// Longer headers are refused. The longest known (256,000 tokens with merges) have about 25 MB.
pub(crate) const MAX_HEADER_BYTES: u64 = 256 << 20;
/// Keys, values and tensor descriptions kept in memory, all together. Real headers keep under 1 MB. What grows takes
/// up to three times its content for a moment; the callers of [`Cursor::keep`] count that.
pub(crate) const MAX_KEPT_BYTES: u64 = 32 << 20;
/// Longest single string that is kept; chat templates have up to 100 kB.
pub(crate) const MAX_STRING_BYTES: u64 = 2 << 20;
/// Longest key or tensor name, by the format's specification.
pub(crate) const MAX_NAME_BYTES: u64 = u16::MAX as u64;

const BUFFER_BYTES: usize = 64 << 10;

/// What is known of where the input ends, which decides how its end is reported.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Extent {
    /// A file of this many bytes.
    File(u64),
    /// The first bytes of something longer.
    Prefix(u64),
    /// Unknown until it ends.
    Stream,
}

pub(crate) struct Cursor<R> {
    reader: BufReader<R>,
    extent: Extent,
    file: String,
    position: u64,
    kept_bytes: u64,
}

impl<R: Read> Cursor<R> {
    pub(crate) fn new(reader: R, extent: Extent, file: &str) -> Self {
        Self {
            reader: BufReader::with_capacity(BUFFER_BYTES, reader),
            extent,
            file: file.to_owned(),
            position: 0,
            kept_bytes: 0,
        }
    }

    /// Bytes consumed so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    pub(crate) fn malformed(&self, what: impl Into<String>) -> Error {
        Error::Malformed {
            file: self.file.clone(),
            what: what.into(),
        }
    }

    /// Takes what is there of the next `buffer.len()` bytes; fewer only at the end of the input.
    pub(crate) fn read_up_to(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => return Err(self.io(source)),
            }
        }
        self.position += filled as u64;
        Ok(filled)
    }

    pub(crate) fn read_u32(&mut self) -> Result<u32, Error> {
        self.read_bytes().map(u32::from_le_bytes)
    }

    pub(crate) fn read_u64(&mut self) -> Result<u64, Error> {
        self.read_bytes().map(u64::from_le_bytes)
    }

    /// A string; `what` names it in errors.
    pub(crate) fn read_string(&mut self, max_bytes: u64, what: &str) -> Result<String, Error> {
        let length = self.read_u64()?;
        if length > max_bytes {
            return Err(self.malformed(format!("{what} claims to have {length} bytes")));
        }
        self.require(length)?;
        self.keep(length)?;
        let mut bytes = Vec::new();
        let mut missing = length;
        while missing > 0 {
            let chunk = self.peek(missing)?;
            bytes.extend_from_slice(chunk);
            let count = chunk.len();
            missing -= self.consume(count);
        }
        match String::from_utf8(bytes) {
            Ok(mut text) => {
                text.shrink_to_fit();
                Ok(text)
            }
            Err(error) => {
                let mut text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                text.shrink_to_fit();
                // Each byte that is no text became three.
                self.keep((text.len() as u64).saturating_sub(length))?;
                Ok(text)
            }
        }
    }

    /// A value that is not an array.
    pub(crate) fn read_scalar(&mut self, kind: ValueType, what: &str) -> Result<Value, Error> {
        Ok(match kind {
            ValueType::U8 => Value::Unsigned(u8::from_le_bytes(self.read_bytes()?).into()),
            ValueType::I8 => Value::Signed(i8::from_le_bytes(self.read_bytes()?).into()),
            ValueType::U16 => Value::Unsigned(u16::from_le_bytes(self.read_bytes()?).into()),
            ValueType::I16 => Value::Signed(i16::from_le_bytes(self.read_bytes()?).into()),
            ValueType::U32 => Value::Unsigned(self.read_u32()?.into()),
            ValueType::I32 => Value::Signed(i32::from_le_bytes(self.read_bytes()?).into()),
            ValueType::F32 => Value::Float(f32::from_le_bytes(self.read_bytes()?).into()),
            ValueType::Bool => Value::Bool(u8::from_le_bytes(self.read_bytes()?) != 0),
            ValueType::U64 => Value::Unsigned(self.read_u64()?),
            ValueType::I64 => Value::Signed(i64::from_le_bytes(self.read_bytes()?)),
            ValueType::F64 => Value::Float(f64::from_le_bytes(self.read_bytes()?)),
            ValueType::String => Value::String(self.read_string(MAX_STRING_BYTES, what)?),
            ValueType::Array => return Err(self.malformed(format!("{what} is an array of arrays"))),
        })
    }

    /// Passes over `count` values of a type that is not an array.
    pub(crate) fn skip_values(&mut self, kind: ValueType, count: u64) -> Result<(), Error> {
        let least = count.saturating_mul(kind.least_size_bytes());
        self.require(least)?;
        if kind != ValueType::String {
            return self.skip(least);
        }
        for _ in 0..count {
            let length = self.read_u64()?;
            self.skip(length)?;
        }
        Ok(())
    }

    /// Counts content that stays in memory against the limit.
    pub(crate) fn keep(&mut self, bytes: u64) -> Result<(), Error> {
        self.kept_bytes = self.kept_bytes.saturating_add(bytes);
        if self.kept_bytes > MAX_KEPT_BYTES {
            return Err(self.malformed(format!(
                "its metadata are larger than {} MiB",
                MAX_KEPT_BYTES >> 20
            )));
        }
        Ok(())
    }

    /// Fails if `count` more bytes cannot be there, before any of them is read.
    pub(crate) fn require(&self, count: u64) -> Result<(), Error> {
        let end = self.position.saturating_add(count);
        if end > MAX_HEADER_BYTES {
            return Err(self.malformed(format!(
                "its header claims more than {} MiB",
                MAX_HEADER_BYTES >> 20
            )));
        }
        match self.extent {
            Extent::File(size) | Extent::Prefix(size) if end > size => Err(self.cut(end)),
            _ => Ok(()),
        }
    }

    fn skip(&mut self, count: u64) -> Result<(), Error> {
        self.require(count)?;
        let mut missing = count;
        while missing > 0 {
            let available = self.peek(missing)?.len();
            missing -= self.consume(available);
        }
        Ok(())
    }

    fn read_bytes<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        self.require(N as u64)?;
        let end = self.position + N as u64;
        let mut bytes = [0; N];
        if self.read_up_to(&mut bytes)? < N {
            return Err(self.cut(end));
        }
        Ok(bytes)
    }

    /// At least one and at most `wanted` of the next bytes, not yet consumed.
    fn peek(&mut self, wanted: u64) -> Result<&[u8], Error> {
        loop {
            match self.reader.fill_buf() {
                Ok([]) => return Err(self.cut(self.position + wanted)),
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => return Err(self.io(source)),
            }
        }
        let buffer = self.reader.buffer();
        let count = usize::try_from(wanted)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        Ok(&buffer[..count])
    }

    fn consume(&mut self, count: usize) -> u64 {
        self.reader.consume(count);
        self.position += count as u64;
        count as u64
    }

    /// The error for an input that ends before `end`.
    pub(crate) fn cut(&self, end: u64) -> Error {
        let file = self.file.clone();
        match self.extent {
            Extent::Prefix(size) => Error::NeedMoreBytes {
                file,
                available_bytes: size,
                at_least_bytes: end,
            },
            Extent::File(size) => Error::TruncatedHeader {
                file,
                actual_bytes: size,
            },
            Extent::Stream => Error::TruncatedHeader {
                file,
                actual_bytes: self.position,
            },
        }
    }

    fn io(&self, source: std::io::Error) -> Error {
        Error::Io {
            file: self.file.clone(),
            action: "read",
            source,
        }
    }
}
