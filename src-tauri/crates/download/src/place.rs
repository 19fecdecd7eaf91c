//! Where the parts of a file lie, and how a finished one gets to its target.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::part::disk;
use crate::part::hasher::hex;
use crate::part::record::{self, Record};
use crate::spec::FileSpec;

/// The paths of one download.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) target: PathBuf,
    pub(crate) part: PathBuf,
    pub(crate) state: PathBuf,
    /// The folder of the part, where that was on a drive that is not here now.
    pub(crate) away: Option<PathBuf>,
    /// Names a part that was given up while its drive was away.
    left: PathBuf,
}

const LEFT: &str = "left";

impl Place {
    /// Parts lie in the state folder, or beside the target where that is on another volume: a finished file gets to its
    /// target by its name alone.
    pub(crate) fn of(target: &Path, state_folder: &Path) -> Result<Self, Error> {
        let bad = |problem| Error::BadName {
            name: target.display().to_string(),
            problem,
        };
        let target = std::path::absolute(target).map_err(|_| bad("it is no path"))?;
        let name = target
            .file_name()
            .ok_or_else(|| bad("it has no file name"))?;
        let parent = target.parent().ok_or_else(|| bad("it has no folder"))?;
        // Short enough for every file system with the id and its suffix.
        let short: String = name.to_string_lossy().chars().take(60).collect();
        let digest = hex(&Sha256::digest(target.to_string_lossy().as_bytes()));
        let stem = format!("{short}.{}", digest.get(..16).unwrap_or_default());
        let state = state_folder.join(format!("{stem}.state"));
        let here = disk::same_volume(parent, state_folder);
        let was_beside = record::is_beside_target(&state) == Some(true);
        // Without its drive a folder seems to be on the volume of its mount point.
        let away = was_beside && (here || !parent.is_dir());
        let part = if here && !was_beside {
            state_folder.join(format!("{stem}.part"))
        } else {
            parent.join(format!(".{stem}.part"))
        };
        Ok(Self {
            part,
            state,
            away: away.then(|| parent.to_path_buf()),
            left: state_folder.join(format!("{stem}.{LEFT}")),
            target,
        })
    }

    /// Whether the part lies beside its target.
    pub(crate) fn is_beside_target(&self) -> bool {
        self.part.parent() == self.target.parent()
    }

    /// Makes the folders of the parts.
    pub(crate) fn prepare(&self) -> Result<(), Error> {
        for path in [&self.part, &self.state] {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
            }
        }
        // What was given up is wanted again.
        remove(&self.left)
    }

    /// Removes part and state, unless somebody is at them.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        if self.state.exists() {
            drop(Record::open(&self.state, &self.target)?);
        }
        if self.away.is_some() {
            let name = serde_json::to_vec(&self.part).unwrap_or_default();
            fs::write(&self.left, name).map_err(Error::file("write", &self.left))?;
            return remove(&self.state);
        }
        remove(&self.part)?;
        remove(&self.state)
    }

    /// Removes a state that says nothing, and its part.
    pub(crate) fn remove_if_empty(&self) {
        if fs::metadata(&self.state).is_ok_and(|metadata| metadata.len() == 0)
            && let Err(error) = self.remove()
        {
            tracing::debug!(%error, "an empty state file stays");
        }
    }

    /// An error where a file is in the way that may not be replaced.
    pub(crate) fn check_target(&self, spec: &FileSpec) -> Result<(), Error> {
        if self.target.exists() && !spec.replace_existing {
            return Err(Error::TargetExists {
                path: self.target.clone(),
            });
        }
        Ok(())
    }

    /// Gives a complete part, which is on disk for good, its name.
    pub(crate) fn finish(&self, spec: &FileSpec) -> Result<(), Error> {
        if let Some(folder) = self.target.parent() {
            fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
        }
        self.check_target(spec)?;
        fs::rename(&self.part, &self.target).map_err(Error::file("finish", &self.target))?;
        if let Some(folder) = self.target.parent() {
            disk::sync_folder(folder);
        }
        remove(&self.state)
    }
}

/// Removes parts that were given up while their drives were away, of drives that are here again.
pub(crate) fn remove_left(state_folder: &Path) {
    for path in fs::read_dir(state_folder).into_iter().flatten().flatten() {
        let path = path.path();
        if path.extension().is_none_or(|extension| extension != LEFT) {
            continue;
        }
        let named = fs::read(&path).ok();
        let part: Option<PathBuf> = named.and_then(|name| serde_json::from_slice(&name).ok());
        if part.is_none_or(|part| part.exists() && remove(&part).is_ok()) {
            let _ = remove(&path);
        }
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::file("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// What is at the target already.
pub(crate) enum Existing {
    Nothing,
    /// The very file, with its SHA-256.
    Same {
        size: u64,
        sha256: String,
    },
    Another,
}

/// Looks at the target, and reads it where a SHA-256 is asked for.
pub(crate) fn look(
    target: &Path,
    spec: &FileSpec,
    cancel: &CancellationToken,
) -> Result<Existing, Error> {
    let metadata = match fs::metadata(target) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Existing::Nothing),
        Err(error) => return Err(Error::file("look at", target)(error)),
    };
    let size = metadata.len();
    let fits = spec.size_bytes.is_none_or(|expected| expected == size);
    let known = spec.size_bytes.is_some() || spec.sha256.is_some();
    if !metadata.is_file() || !fits || !known {
        return Ok(Existing::Another);
    }
    let sha256 = sha256_of(target, cancel)?;
    let same = spec
        .sha256
        .as_ref()
        .is_none_or(|expected| expected.eq_ignore_ascii_case(&sha256));
    Ok(if same {
        Existing::Same { size, sha256 }
    } else {
        Existing::Another
    })
}

fn sha256_of(path: &Path, cancel: &CancellationToken) -> Result<String, Error> {
    let mut file = File::open(path).map_err(Error::file("open", path))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hasher.finalize())),
            Ok(read) => hasher.update(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::file("read", path)(error)),
        }
    }
}

/// Opens the part for reading and writing, with its full length where that is known.
pub(crate) fn open_part(
    place: &Place,
    size: Option<u64>,
    preallocate: bool,
) -> Result<Arc<File>, Error> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&place.part)
        .map_err(Error::file("open", &place.part))?;
    if let Some(size) = size {
        if let Some(missing_bytes) = missing_space(place, &file, size) {
            return Err(full(place, missing_bytes));
        }
        match disk::reserve(&file, size, preallocate) {
            Ok(()) => {}
            Err(error) if disk::is_full(&error) => return Err(full(place, size)),
            Err(error) => return Err(Error::file("set aside space for", &place.part)(error)),
        }
    }
    Ok(Arc::new(file))
}

/// An error where a file that is not begun does not fit.
pub(crate) fn check_space(place: &Place, size: u64) -> Result<(), Error> {
    let taken = File::open(&place.part).map_or(0, |part| disk::space_taken(&part));
    let needed = size.saturating_sub(taken);
    match disk::available_space(&place.part) {
        Some(available) if needed > available => Err(full(place, needed - available)),
        _ => Ok(()),
    }
}

/// An error where files of these sizes do not fit all together, those on one disk counted as one.
pub(crate) fn check_space_of_all(files: &[(Place, u64)]) -> Result<(), Error> {
    let mut disks: Vec<(&Place, u64)> = Vec::new();
    for (place, size) in files {
        let taken = File::open(&place.part).map_or(0, |part| disk::space_taken(&part));
        let needed = size.saturating_sub(taken);
        match disks
            .iter_mut()
            .find(|(other, _)| disk::same_volume(&other.part, &place.part))
        {
            Some((_, sum)) => *sum = sum.saturating_add(needed),
            None => disks.push((place, needed)),
        }
    }
    for (place, needed) in disks {
        match disk::available_space(&place.part) {
            Some(available) if needed > available => return Err(full(place, needed - available)),
            _ => {}
        }
    }
    Ok(())
}

/// How much must be freed before the rest of the file fits.
pub(crate) fn missing_space(place: &Place, file: &File, size: u64) -> Option<u64> {
    let needed = size.saturating_sub(disk::space_taken(file));
    let available = disk::available_space(&place.part)?;
    (needed > available).then(|| needed - available)
}

fn full(place: &Place, missing_bytes: u64) -> Error {
    let folder = place.part.parent().unwrap_or(&place.part);
    Error::DiskFull {
        folder: folder.to_path_buf(),
        missing_bytes,
    }
}
