//! SHA-256 of files and streams.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::{At, Error, Result};

const BUFFER_BYTES: usize = 1 << 20;

/// Hashes what passes through on its way to a writer.
pub(super) struct HashingWriter<W> {
    inner: W,
    hasher: Sha256,
}

impl<W: Write> HashingWriter<W> {
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
        }
    }

    /// The writer, and the digest of all that went through, in hex.
    pub(super) fn finish(self) -> (W, String) {
        (self.inner, hex(&self.hasher.finalize()))
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Copies all of `from`, telling `moved` how many bytes went with each step.
pub(super) fn copy(
    from: &mut impl Read,
    to: &mut impl Write,
    mut moved: impl FnMut(u64),
) -> Result<(), CopyError> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CopyError::Read(error)),
        };
        to.write_all(&buffer[..count]).map_err(CopyError::Write)?;
        moved(count as u64);
    }
}

/// Which side of a copy failed: the two have different names on disk and different remedies.
#[derive(Debug)]
pub(super) enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

impl CopyError {
    /// Names the two sides.
    pub(super) fn between(self, from: &Path, to: &Path) -> Error {
        match self {
            Self::Read(source) => Error::Archive {
                path: from.to_owned(),
                reason: source.to_string(),
            },
            Self::Write(source) => Error::io("write", to, source),
        }
    }
}

/// The SHA-256 of a file, in hex.
pub fn of_file(path: &Path) -> Result<String> {
    let mut file = File::open(path).at("open", path)?;
    let mut hashing = HashingWriter::new(io::sink());
    match copy(&mut file, &mut hashing, |_| {}) {
        Ok(()) => Ok(hashing.finish().1),
        Err(CopyError::Read(source) | CopyError::Write(source)) => {
            Err(Error::io("read", path, source))
        }
    }
}

/// The SHA-256 of bytes, in hex.
#[cfg(test)]
pub(super) fn of_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as two lower-case digits each.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_file_has_the_known_digest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(of_file(&path).unwrap(), ABC);
        assert_eq!(of_bytes(b"abc"), ABC);
    }

    #[test]
    fn a_stream_is_hashed_as_it_is_written() {
        let mut writer = HashingWriter::new(Vec::new());
        let mut steps = 0;
        copy(&mut &b"abc"[..], &mut writer, |bytes| steps += bytes).unwrap();
        assert_eq!(writer.finish(), (b"abc".to_vec(), ABC.to_owned()));
        assert_eq!(steps, 3);
    }
}
