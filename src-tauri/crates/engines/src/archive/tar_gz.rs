//! tar.gz, read from front to back. Between two files there may be words about the next one, long names for example,
//! which are read into memory: they have a bound of their own, and each file has what is left of the archive's.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read};

use flate2::read::GzDecoder;
use tar::{Archive, EntryType};

use super::ArchiveError;
use super::entry::Sink;

/// What may lie between two files: headers, names, and the end of the file before.
const MOST_BETWEEN_FILES: u64 = 1 << 20;

/// Counts what is read from the file: that is what can be shown as progress.
struct Counting<'a, R> {
    inner: R,
    read: &'a Cell<u64>,
}

impl<R: Read> Read for Counting<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}

/// Gives no more than it is allowed to, of what is unpacked.
struct Bounded<'a, R> {
    inner: R,
    left: &'a Cell<u64>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 && !buffer.is_empty() {
            return Err(io::Error::other("there is more than an engine has"));
        }
        let most = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let count = self.inner.read(&mut buffer[..most])?;
        self.left.set(left - count as u64);
        Ok(count)
    }
}

pub(super) fn unpack(
    file: File,
    sink: &mut Sink<'_>,
    read: &Cell<u64>,
) -> Result<(), ArchiveError> {
    let counting = Counting {
        inner: BufReader::with_capacity(1 << 18, file),
        read,
    };
    let left = Cell::new(MOST_BETWEEN_FILES);
    let mut archive = Archive::new(Bounded {
        inner: GzDecoder::new(counting),
        left: &left,
    });
    let between = |sink: &Sink<'_>, error: io::Error| {
        if left.get() == 0 {
            sink.too_much("1 MB between two files".to_owned())
        } else {
            sink.broken(error)
        }
    };
    let mut entries = archive.entries().map_err(|error| sink.broken(error))?;
    loop {
        left.set(MOST_BETWEEN_FILES);
        let Some(entry) = entries.next() else { break };
        let mut entry = entry.map_err(|error| between(sink, error))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let link = entry
            .link_name_bytes()
            .map(|target| String::from_utf8_lossy(&target).into_owned());
        let kind = entry.header().entry_type();
        match kind {
            EntryType::Directory => sink.folder(&name)?,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let is_program = entry.header().mode().is_ok_and(|mode| mode & 0o111 != 0);
                // One byte more, so that it is the sink that says what is too much.
                left.set(sink.bytes_left().saturating_add(1));
                sink.file(&name, &mut entry, is_program)?;
                // What is not wanted is read over here: what comes next has its own bound.
                io::copy(&mut entry, &mut io::sink()).map_err(|error| between(sink, error))?;
            }
            EntryType::Symlink | EntryType::Link => {
                let target = link.ok_or_else(|| sink.broken(format!("{name} links nowhere")))?;
                sink.link(&name, &target, kind == EntryType::Link)?;
            }
            // Words about the archive itself.
            EntryType::XGlobalHeader => {}
            _ => return Err(sink.refuse(&name, "is neither file, folder nor link")),
        }
        sink.tell()?;
    }
    // The end of the archive may come before the end of the stream, whose checksum comes last.
    left.set(MOST_BETWEEN_FILES);
    let mut rest = archive.into_inner();
    let copied = io::copy(&mut (&mut rest).take(MOST_BETWEEN_FILES), &mut io::sink());
    copied.map_err(|error| sink.broken(error))?;
    sink.tell()
}
