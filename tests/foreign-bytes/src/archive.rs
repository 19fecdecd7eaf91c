//! An engine's archive: tar.gz and zip, as they are or made from what the bytes describe.
//!
//! Promises: nothing lies outside the folder, whether the archive is refused or not; the bounds on entries and bytes
//! hold; of what was unpacked every link ends inside.
//!
//! A compressed stream with its checksums hides its content from a fuzzer, so there are two more ways in. After `tar:`
//! come the bytes of a tar, whose checksums are put right and which is compressed here. After `entries:` come lines,
//! each a kind (`d` folder, `f` file, `x` program, `s` symbolic link, `h` hard link, `p` pipe), a name, and after a tab the link's
//! target or the file's content; they are made into a tar and into a zip.

use std::fs;
use std::io::{Cursor, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use engines::{Limits, Unpacked, unpack};
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const LIMITS: Limits = Limits {
    entries: 64,
    total_bytes: 1 << 20,
    expansion: 200,
};
/// What climbs out is still to be found below the folder that is looked at.
const DEPTH: &str = "1/2/3/4/5/6/7/8/here";
const BLOCK: usize = 512;

/// Unpacks the bytes, or what they describe.
pub fn check(bytes: &[u8]) {
    if let Some(content) = bytes.strip_prefix(b"tar:") {
        is_contained(&compressed(&with_checksums(content)));
    } else if let Some(lines) = bytes.strip_prefix(b"entries:") {
        let entries: Vec<Entry<'_>> = lines
            .split(|byte| *byte == b'\n')
            .filter_map(Entry::read)
            .take(2 * LIMITS.entries)
            .collect();
        if let Some(tar) = tar_of(&entries) {
            is_contained(&compressed(&tar));
        }
        if let Some(zip) = zip_of(&entries) {
            is_contained(&zip);
        }
    } else {
        is_contained(bytes);
    }
}

fn is_contained(archive: &[u8]) {
    let root = world();
    let file = root.path().join("archive");
    fs::write(&file, archive).unwrap();
    let folder = root.path().join(DEPTH);
    let result = unpack(&file, &folder, &LIMITS, &mut |_| ControlFlow::Continue(()));
    nothing_escaped(root.path());
    let found = Found::below(&folder);
    // What is written before the bound is noticed is one buffer.
    assert!(found.bytes <= LIMITS.total_bytes + (1 << 18));
    match result {
        Ok(unpacked) => is_sound(&folder, &found, unpacked),
        Err(error) => assert!(!error.code().is_empty() && !error.hint().is_empty()),
    }
}

/// In memory where that can be had: unpacking waits for the disk.
pub(crate) fn world() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// Each folder down to the one that was unpacked into holds the next one alone.
fn nothing_escaped(root: &Path) {
    let mut folder = root.to_owned();
    for name in Path::new(DEPTH) {
        for entry in fs::read_dir(&folder).unwrap() {
            let found = entry.unwrap().file_name();
            let is_ours = found == name || (folder == root && found == "archive");
            assert!(is_ours, "{} is outside", folder.join(found).display());
        }
        folder.push(name);
        if !folder.exists() {
            return;
        }
    }
}

/// What lies below a folder; links are not followed.
#[derive(Default)]
struct Found {
    entries: usize,
    bytes: u64,
    links: Vec<PathBuf>,
}

impl Found {
    fn below(folder: &Path) -> Self {
        let mut found = Self::default();
        found.add(folder);
        found
    }

    fn add(&mut self, folder: &Path) {
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries.map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                self.add(&entry.path());
                continue;
            }
            self.entries += 1;
            if kind.is_symlink() {
                self.links.push(entry.path());
            } else {
                assert!(kind.is_file(), "{}", entry.path().display());
                self.bytes += entry.metadata().unwrap().len();
            }
        }
    }
}

fn is_sound(folder: &Path, found: &Found, unpacked: Unpacked) {
    assert!(unpacked.entries <= LIMITS.entries && unpacked.total_bytes <= LIMITS.total_bytes);
    assert!(found.entries <= unpacked.entries);
    let root = folder.canonicalize().unwrap();
    for link in &found.links {
        let end = link.canonicalize().unwrap();
        assert!(end.starts_with(&root), "{}", link.display());
    }
}

/// One line.
struct Entry<'a> {
    kind: u8,
    name: &'a [u8],
    content: &'a [u8],
}

impl<'a> Entry<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let [kind, b' ', rest @ ..] = line else {
            return None;
        };
        let mut parts = rest.splitn(2, |byte| *byte == b'\t');
        Some(Self {
            kind: *kind,
            name: parts.next()?,
            content: parts.next().unwrap_or_default(),
        })
    }
}

fn tar_of(entries: &[Entry<'_>]) -> Option<Vec<u8>> {
    let mut builder = Builder::new(Vec::new());
    for entry in entries {
        let (kind, is_link) = match entry.kind {
            b'd' => (EntryType::Directory, false),
            b'f' | b'x' => (EntryType::Regular, false),
            b's' => (EntryType::Symlink, true),
            b'h' => (EntryType::Link, true),
            b'p' => (EntryType::Fifo, false),
            _ => continue,
        };
        let mut header = Header::new_gnu();
        let old = header.as_old_mut();
        let length = entry.name.len().min(old.name.len());
        old.name[..length].copy_from_slice(&entry.name[..length]);
        if is_link {
            let length = entry.content.len().min(old.linkname.len());
            old.linkname[..length].copy_from_slice(&entry.content[..length]);
        }
        let body = if is_link { &[][..] } else { entry.content };
        header.set_entry_type(kind);
        header.set_mode(if entry.kind == b'x' { 0o755 } else { 0o644 });
        header.set_size(body.len() as u64);
        header.set_cksum();
        builder.append(&header, body).ok()?;
    }
    builder.into_inner().ok()
}

/// `None` where the writer refuses to make such an archive.
fn zip_of(entries: &[Entry<'_>]) -> Option<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        let name = std::str::from_utf8(entry.name).ok()?;
        let options = SimpleFileOptions::default();
        match entry.kind {
            b'd' => writer.add_directory(name, options).ok()?,
            b's' => {
                let target = std::str::from_utf8(entry.content).ok()?;
                writer.add_symlink(name, target, options).ok()?;
            }
            b'f' | b'x' => {
                let mode = if entry.kind == b'x' { 0o755 } else { 0o644 };
                writer
                    .start_file(name, options.unix_permissions(mode))
                    .ok()?;
                writer.write_all(entry.content).ok()?;
            }
            _ => {}
        }
    }
    Some(writer.finish().ok()?.into_inner())
}

/// The blocks of a tar, in which each header has the checksum that it should.
fn with_checksums(content: &[u8]) -> Vec<u8> {
    let mut tar = content.to_vec();
    tar.resize(content.len().next_multiple_of(BLOCK), 0);
    let mut at = 0;
    while let Some(block) = tar.get_mut(at..at + BLOCK) {
        let mut header = Header::new_old();
        header.as_mut_bytes().copy_from_slice(block);
        if block.iter().any(|byte| *byte != 0) {
            header.set_cksum();
            block.copy_from_slice(header.as_bytes());
        }
        let size = header.entry_size().unwrap_or(0).min(tar.len() as u64);
        let size = usize::try_from(size).unwrap_or(0);
        at += BLOCK + size.next_multiple_of(BLOCK);
    }
    tar
}

fn compressed(tar: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(tar).unwrap();
    encoder.finish().unwrap()
}
