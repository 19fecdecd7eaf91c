//! zip, whose table of contents is at its end.

use std::cell::Cell;
use std::fs::File;
use std::io::{BufReader, Read};

use zip::ZipArchive;

use super::ArchiveError;
use super::entry::Sink;

/// A link's target is its content.
const MOST_LINK_BYTES: u64 = 4096;

pub(super) fn unpack(
    file: File,
    sink: &mut Sink<'_>,
    read: &Cell<u64>,
) -> Result<(), ArchiveError> {
    let mut archive = ZipArchive::new(BufReader::with_capacity(1 << 18, file))
        .map_err(|error| sink.broken(error))?;
    for index in 0..archive.len() {
        let mut entry = archive
            .by_index(index)
            .map_err(|error| sink.broken(error))?;
        let name = entry
            .name()
            .map_err(|error| sink.broken(error))?
            .into_owned();
        let mode = entry.unix_mode();
        if entry.is_symlink() {
            let mut target = String::new();
            (&mut entry)
                .take(MOST_LINK_BYTES)
                .read_to_string(&mut target)
                .map_err(|error| sink.broken(error))?;
            sink.link(&name, &target, false)?;
        } else if entry.is_dir() {
            sink.folder(&name)?;
        } else {
            let is_program = mode.is_some_and(|mode| mode & 0o111 != 0);
            sink.file(&name, &mut entry, is_program)?;
        }
        read.set(read.get() + entry.compressed_size());
        sink.tell()?;
    }
    Ok(())
}
