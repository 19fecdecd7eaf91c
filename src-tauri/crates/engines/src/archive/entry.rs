//! Where entries go: names checked, bounds kept, files written.

use std::cell::Cell;
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::{Component, Path, PathBuf};

use super::links::{Link, make_links};
use super::{ArchiveError, Limits, Unpacked};

const BUFFER_BYTES: usize = 1 << 18;
/// A small archive of zeros is no bomb yet.
const ALWAYS_ALLOWED_BYTES: u64 = 64 << 20;

/// Bytes of the archive that were read, and who hears of them.
pub(super) type Progress<'a> = (&'a Cell<u64>, &'a mut dyn FnMut(u64) -> ControlFlow<()>);

/// Takes entries one by one.
pub(super) struct Sink<'a> {
    archive: &'a Path,
    folder: &'a Path,
    limits: Limits,
    allowed_bytes: u64,
    select: &'a dyn Fn(&Path) -> Option<PathBuf>,
    progress: Progress<'a>,
    taken: HashSet<PathBuf>,
    links: Vec<Link>,
    unpacked: Unpacked,
    buffer: Vec<u8>,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        archive: &'a Path,
        folder: &'a Path,
        limits: Limits,
        archive_bytes: u64,
        select: &'a dyn Fn(&Path) -> Option<PathBuf>,
        progress: Progress<'a>,
    ) -> Self {
        let by_size = archive_bytes
            .saturating_mul(limits.expansion)
            .max(ALWAYS_ALLOWED_BYTES);
        Self {
            archive,
            folder,
            limits,
            allowed_bytes: limits.total_bytes.min(by_size),
            select,
            progress,
            taken: HashSet::new(),
            links: Vec::new(),
            unpacked: Unpacked::default(),
            buffer: vec![0; BUFFER_BYTES],
        }
    }

    pub(super) fn broken(&self, reason: impl ToString) -> ArchiveError {
        ArchiveError::Broken {
            path: self.archive.to_owned(),
            reason: reason.to_string(),
        }
    }

    /// Tells how far it is.
    pub(super) fn tell(&mut self) -> Result<(), ArchiveError> {
        let (read, progress) = &mut self.progress;
        match progress(read.get()) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(self.broken("unpacking it was stopped")),
        }
    }

    /// Bytes that files may still have.
    pub(super) fn bytes_left(&self) -> u64 {
        self.allowed_bytes.saturating_sub(self.unpacked.total_bytes)
    }

    pub(super) fn refuse(&self, entry: &str, reason: &'static str) -> ArchiveError {
        ArchiveError::Unsafe {
            path: self.archive.to_owned(),
            entry: entry.to_owned(),
            reason,
        }
    }

    /// Counts the entry, checks its name, and says where it goes; `None` where it is not wanted.
    fn place(&mut self, name: &str) -> Result<Option<PathBuf>, ArchiveError> {
        self.unpacked.entries += 1;
        if self.unpacked.entries > self.limits.entries {
            return Err(self.too_much(format!("{} entries", self.limits.entries)));
        }
        let path = inside(name).map_err(|reason| self.refuse(name, reason))?;
        let Some(path) = (self.select)(&path).filter(|path| !path.as_os_str().is_empty()) else {
            return Ok(None);
        };
        Ok(Some(path))
    }

    pub(super) fn too_much(&self, what: String) -> ArchiveError {
        ArchiveError::TooMuch {
            path: self.archive.to_owned(),
            what,
        }
    }

    /// No two entries have one name, also where the file system does not tell cases apart.
    fn claim(&mut self, name: &str, path: &Path) -> Result<(), ArchiveError> {
        let folded = PathBuf::from(path.to_string_lossy().to_lowercase());
        if self.taken.insert(folded) {
            Ok(())
        } else {
            Err(self.refuse(name, "is there twice"))
        }
    }

    pub(super) fn folder(&mut self, name: &str) -> Result<(), ArchiveError> {
        let Some(path) = self.place(name)? else {
            return Ok(());
        };
        self.make_folder(&self.folder.join(path))
    }

    fn make_folder(&self, path: &Path) -> Result<(), ArchiveError> {
        std::fs::create_dir_all(path).map_err(|source| ArchiveError::Write {
            path: path.to_owned(),
            source,
        })
    }

    /// Writes a file. `is_program` as the archive says it; what looks like a program becomes one too.
    pub(super) fn file(
        &mut self,
        name: &str,
        content: &mut dyn Read,
        is_program: bool,
    ) -> Result<(), ArchiveError> {
        let Some(path) = self.place(name)? else {
            return Ok(());
        };
        self.claim(name, &path)?;
        let target = self.folder.join(&path);
        if let Some(parent) = target.parent() {
            self.make_folder(parent)?;
        }
        let failed = |source: io::Error| ArchiveError::Write {
            path: target.clone(),
            source,
        };
        // Never through something that is there already.
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&target)
            .map_err(failed)?;
        let mut first = [0_u8; 4];
        let mut written = 0_usize;
        loop {
            let count = match content.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.broken(error)),
            };
            self.unpacked.total_bytes += count as u64;
            if self.unpacked.total_bytes > self.allowed_bytes {
                let megabytes = self.allowed_bytes / 1_000_000;
                return Err(self.too_much(format!("{megabytes} MB")));
            }
            if written < first.len() {
                let wanted = count.min(first.len() - written);
                first[written..written + wanted].copy_from_slice(&self.buffer[..wanted]);
            }
            file.write_all(&self.buffer[..count]).map_err(failed)?;
            written += count;
            self.tell()?;
        }
        set_mode(&file, is_program || looks_like_program(first)).map_err(failed)?;
        // The rename that follows must not reach the disk before the contents do.
        file.sync_all().map_err(failed)
    }

    /// Notes a link, to be made when everything is there.
    pub(super) fn link(
        &mut self,
        name: &str,
        target: &str,
        is_hard: bool,
    ) -> Result<(), ArchiveError> {
        let Some(path) = self.place(name)? else {
            return Ok(());
        };
        self.claim(name, &path)?;
        let target = if is_hard {
            // A hard link names its target from the archive's root.
            let checked =
                inside(target).map_err(|_| self.refuse(name, "links out of the folder"))?;
            (self.select)(&checked)
                .ok_or_else(|| self.refuse(name, "links to something that is not there"))?
        } else {
            PathBuf::from(target)
        };
        self.links.push(Link {
            name: name.to_owned(),
            path,
            target,
            is_hard,
        });
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Unpacked, ArchiveError> {
        make_links(self.archive, self.folder, &self.links)?;
        Ok(self.unpacked)
    }
}

/// The entry's path below the folder that it is unpacked into, on every platform.
fn inside(name: &str) -> Result<PathBuf, &'static str> {
    const OUT: &str = "leads out of the folder";
    if name.contains('\0') {
        return Err("has a name that no file can have");
    }
    // A backslash is a separator on Windows and a letter elsewhere; a colon begins a drive or a hidden stream.
    if name.contains('\\') || name.contains(':') {
        return Err(OUT);
    }
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return Err(OUT),
        }
    }
    Ok(path)
}

/// ELF, Mach-O in its forms, or a script.
fn looks_like_program(first: [u8; 4]) -> bool {
    first == *b"\x7fELF"
        || first.starts_with(b"#!")
        || [
            [0xcf, 0xfa, 0xed, 0xfe],
            [0xce, 0xfa, 0xed, 0xfe],
            [0xca, 0xfe, 0xba, 0xbe],
        ]
        .contains(&first)
}

#[cfg(unix)]
fn set_mode(file: &File, is_program: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = if is_program { 0o755 } else { 0o644 };
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: bool) -> io::Result<()> {
    Ok(())
}
