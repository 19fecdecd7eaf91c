//! Reading and writing at a place, space, and names that last.

use std::fs::File;
use std::io;
use std::path::Path;

#[cfg(unix)]
pub(crate) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(unix)]
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
pub(crate) fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        match file.seek_write(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = &bytes[written..];
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(windows)]
pub(crate) fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        match file.seek_read(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                bytes = &mut bytes[read..];
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether an error means that there is no space, or no more of what this user may have.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Gives the file its length, with space set aside where the file system can.
pub(crate) fn reserve(file: &File, length: u64, preallocate: bool) -> io::Result<()> {
    if preallocate && length > 0 {
        match fs4::FileExt::allocate(file, length) {
            Ok(()) => {}
            Err(error) if is_full(&error) => return Err(error),
            Err(error) => tracing::debug!(%error, "no space can be set aside here"),
        }
    }
    if file.metadata()?.len() == length {
        return Ok(());
    }
    file.set_len(length)
}

/// Bytes that may still be written beside `path`; `None` where the system does not say.
pub(crate) fn available_space(path: &Path) -> Option<u64> {
    path.ancestors()
        .find(|folder| folder.is_dir())
        .and_then(|folder| fs4::available_space(folder).ok())
}

/// What the file takes on disk, which is less than its length while it has holes.
#[cfg(unix)]
pub(crate) fn space_taken(file: &File) -> u64 {
    use std::os::unix::fs::MetadataExt;
    file.metadata()
        .map_or(0, |metadata| metadata.blocks() * 512)
}

#[cfg(not(unix))]
pub(crate) fn space_taken(file: &File) -> u64 {
    file.metadata().map_or(0, |metadata| metadata.len())
}

/// Whether two paths, which need not exist, are on one volume, so that a file can be moved by its name alone.
#[cfg(unix)]
pub(crate) fn same_volume(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| {
        path.ancestors()
            .find_map(|folder| std::fs::metadata(folder).ok())
            .map(|metadata| metadata.dev())
    };
    device(one) == device(other)
}

#[cfg(not(unix))]
pub(crate) fn same_volume(one: &Path, other: &Path) -> bool {
    let volume = |path: &Path| {
        std::path::absolute(path).ok().and_then(|path| {
            path.components()
                .next()
                .map(|first| first.as_os_str().to_ascii_lowercase())
        })
    };
    volume(one) == volume(other)
}

/// Makes a name in a folder outlast a power cut, where the system has a way.
pub(crate) fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::debug!(%error, folder = %folder.display(), "not synced");
    }
    #[cfg(not(unix))]
    let _ = folder;
}
