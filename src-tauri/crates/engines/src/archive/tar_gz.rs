//! tar.gz, read from front to back.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read};

use flate2::read::GzDecoder;
use tar::{Archive, EntryType};

use super::ArchiveError;
use super::entry::Sink;

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

pub(super) fn unpack(
    file: File,
    sink: &mut Sink<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<(), ArchiveError> {
    let read = Cell::new(0);
    let counting = Counting {
        inner: BufReader::with_capacity(1 << 18, file),
        read: &read,
    };
    let mut archive = Archive::new(GzDecoder::new(counting));
    for entry in archive.entries().map_err(|error| sink.broken(error))? {
        let mut entry = entry.map_err(|error| sink.broken(error))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let link = entry
            .link_name_bytes()
            .map(|target| String::from_utf8_lossy(&target).into_owned());
        let kind = entry.header().entry_type();
        match kind {
            EntryType::Directory => sink.folder(&name)?,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let is_program = entry.header().mode().is_ok_and(|mode| mode & 0o111 != 0);
                sink.file(&name, &mut entry, is_program)?;
            }
            EntryType::Symlink | EntryType::Link => {
                let target = link.ok_or_else(|| sink.broken(format!("{name} links nowhere")))?;
                sink.link(&name, &target, kind == EntryType::Link)?;
            }
            // Words about the archive itself.
            EntryType::XGlobalHeader => {}
            _ => return Err(sink.refuse(&name, "is neither file, folder nor link")),
        }
        progress(read.get());
    }
    // The end of the archive may come before the end of the stream, whose checksum comes last.
    let mut rest = archive.into_inner();
    let copied = io::copy(&mut (&mut rest).take(1 << 20), &mut io::sink());
    copied.map_err(|error| sink.broken(error))?;
    progress(read.get());
    Ok(())
}
