//! Downloading a model: which files, where to, and what happens when they are there.
//!
//! The set's id is made of repository and variant, so asking again goes on with what is there. When the last file is at
//! its place the model is in the library at once, with where it is from, by whatever door it was asked for.

use std::path::{Path, PathBuf};

use download::{FileSpec, JobId, SetSpec, safe_join};
use hub::{Reference, RepoId, Variant};
use serde::{Deserialize, Serialize};
use settings::ModelSource;

use crate::core::{Core, same_path};
use crate::error::Error;
use crate::hub_repo::{FoundRepo, is_meant};

/// What to download.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DownloadRequest {
    /// `owner/repo`, with or without `:QUANT`, or a pasted address.
    pub repo: String,
    /// A quantization or a variant's name; the recommended one where nothing is named.
    pub quantization: Option<String>,
    /// A file's path or name.
    pub file: Option<String>,
    /// A branch, tag or commit; the newest where none is named.
    pub revision: Option<String>,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum DownloadStarted {
    /// It is in the queue, or was already.
    Queued {
        /// The job.
        id: JobId,
        /// The variant that was chosen.
        variant: String,
        /// Why this one, where nobody said which.
        why: Option<String>,
    },
    /// Every file of it is here.
    AlreadyHere {
        /// The model.
        key: String,
        /// The variant that was chosen.
        variant: String,
        /// Bytes of all its files.
        size_bytes: u64,
    },
}

/// What is kept with a set, to finish it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModelTag {
    pub(crate) kind: String,
    pub(crate) repo: String,
    pub(crate) variant: String,
    pub(crate) revision: String,
    pub(crate) file: String,
    pub(crate) sha256: Option<String>,
    /// Index of the projector among the set's files.
    pub(crate) projector: Option<usize>,
}

/// The value of [`ModelTag::kind`].
pub(crate) const MODEL: &str = "model";

impl Core {
    /// Begins a download, or goes on with it. What is there already is not fetched again.
    ///
    /// # Errors
    /// What is asked for is not on the hub or may not be had, a file name is not safe, or another file is in the way.
    pub async fn download_model(
        &self,
        request: &DownloadRequest,
    ) -> Result<DownloadStarted, Error> {
        let _writing = self.write_to_models_folder()?;
        self.check_own_folder()?;
        let mut reference = self.hub_reference(&request.repo)?;
        if request.quantization.is_some() {
            reference.quantization.clone_from(&request.quantization);
        }
        if request.file.is_some() {
            reference.file.clone_from(&request.file);
        }
        let revision = request
            .revision
            .as_deref()
            .or(reference.revision.as_deref());
        let (found, index, why) = if reference.file.is_none() && reference.quantization.is_none() {
            self.recommended(&reference, revision).await?
        } else {
            let found = self.find_on_hub(&reference.repo, revision).await?;
            let index = found
                .variants
                .iter()
                .position(|variant| is_meant(variant, &reference));
            let index = index.ok_or_else(|| no_such_variant(&found, &reference))?;
            (found, index, None)
        };
        let variant = &found.variants[index];
        let id = &found.repo.id;
        if !variant.missing.is_empty() {
            return Err(Error::ShardsMissing {
                repo: id.to_string(),
                missing: variant.missing.clone(),
            });
        }
        // Files may have been put there by hand, or the library's entry been lost.
        self.blocking(Self::scan_library).await??;
        let targets = targets_in(&self.models_folder(), id, &found.variants, variant)?;
        // A file that lies there by itself stays the user's own: where it is from is not claimed.
        if let Some(key) = self.local_key(id, &found.variants, variant) {
            return Ok(DownloadStarted::AlreadyHere {
                key,
                variant: variant.name.clone(),
                size_bytes: variant.size_bytes,
            });
        }
        // Asking costs a request, and tells before anything is begun what the file host would only call forbidden.
        found
            .hub
            .range(id, &found.repo.sha, &variant.first().path, 0, 4)
            .await?;
        let job = self.queue()?.add(self.set(&found, variant, targets))?;
        Ok(DownloadStarted::Queued {
            id: job,
            variant: variant.name.clone(),
            why,
        })
    }

    /// The variant that the repository's page recommends.
    async fn recommended(
        &self,
        reference: &Reference,
        revision: Option<&str>,
    ) -> Result<(FoundRepo, usize, Option<String>), Error> {
        let id = &reference.repo;
        let found = self.find_on_hub(id, revision).await?;
        if found.variants.len() == 1 {
            return Ok((found, 0, None));
        }
        let page = self.page_of(&found, reference).await;
        let chosen = page.variants.iter().find(|variant| variant.recommended);
        let place = chosen.and_then(|chosen| {
            found
                .variants
                .iter()
                .position(|variant| variant.name == chosen.name)
        });
        match (place, found.variants.is_empty()) {
            (Some(index), _) => {
                let why = chosen.and_then(|chosen| chosen.why.clone());
                Ok((found, index, why))
            }
            (None, true) => Err(Error::NoGguf {
                repo: id.to_string(),
            }),
            (None, false) => Err(Error::NothingFits {
                repo: id.to_string(),
                known: names(&found.variants),
            }),
        }
    }

    fn set(&self, found: &FoundRepo, variant: &Variant, targets: Vec<PathBuf>) -> SetSpec {
        let id = &found.repo.id;
        let tag = ModelTag {
            kind: MODEL.to_owned(),
            repo: id.to_string(),
            variant: variant.name.clone(),
            revision: found.repo.sha.clone(),
            file: variant.first().path.clone(),
            sha256: variant.first().sha256.clone(),
            projector: variant
                .projector
                .as_ref()
                .and_then(|path| variant.files.iter().position(|file| file.path == *path)),
        };
        let files = variant
            .files
            .iter()
            .zip(targets)
            .map(|(file, target)| FileSpec {
                url: found.hub.resolve_url(id, &found.repo.sha, &file.path),
                // The queue asks for the token when it is needed: one that was changed meanwhile counts.
                bearer: None,
                size_bytes: Some(file.size_bytes),
                sha256: file.sha256.clone(),
                // A newer upload takes the place of what Paddock itself fetched; the user's own files are left alone.
                replace_existing: self.was_fetched(&target),
                target,
            });
        SetSpec {
            id: Some(set_id(id, &variant.name)),
            label: format!("{id}:{}", variant.name),
            files: files.collect(),
            tag: serde_json::to_value(tag).unwrap_or_default(),
        }
    }

    /// Puts a finished download into the library, with where it is from, and returns its key.
    ///
    /// # Errors
    /// The settings cannot be saved.
    pub(crate) fn add_downloaded(
        &self,
        tag: &ModelTag,
        files: &[PathBuf],
    ) -> Result<Option<String>, Error> {
        // Also at the begin of a move: recorded as finished, it would be looked at no more.
        self.scan_library_now()?;
        let Some(first) = files.first() else {
            return Ok(None);
        };
        let key = self.key_of(first);
        if let Some(key) = &key {
            let source = ModelSource {
                repo: tag.repo.clone(),
                revision: tag.revision.clone(),
                file: tag.file.clone(),
                sha256: tag.sha256.clone(),
                projector: tag.projector.and_then(|index| files.get(index)).cloned(),
                unknown: serde_json::Map::new(),
            };
            self.remember_source(key, source)?;
        }
        Ok(key)
    }

    /// The key of the model whose first file is at `path`.
    pub(crate) fn key_of(&self, path: &Path) -> Option<String> {
        let settings = self.settings();
        let mut models = settings.models.iter();
        models
            .find(|(_, entry)| self.is_at(entry, path))
            .map(|(key, _)| key.clone())
    }

    fn remember_source(&self, key: &str, source: ModelSource) -> Result<(), Error> {
        self.update_settings(|settings| {
            if let Some(entry) = settings.models.get_mut(key) {
                entry.source = Some(source);
            }
        })
    }

    /// Whether Paddock itself put the file there, as the first of a model, another shard, or its projector.
    fn was_fetched(&self, path: &Path) -> bool {
        let settings = self.settings();
        settings
            .models
            .values()
            .filter_map(|entry| Some((entry.source.as_ref()?, &entry.path)))
            .filter(|(_, first)| !self.inner.scanner.is_silent(first))
            .any(|(source, first)| is_of(path, first, source.projector.as_deref()))
    }
}

/// Where a variant's files lie in a models folder: `<publisher>/<repo>/<file>`, as LM Studio lays them out. Folders of
/// the repository are kept only where two files would else have one name.
pub(crate) fn targets_in(
    models: &Path,
    id: &RepoId,
    all: &[Variant],
    variant: &Variant,
) -> Result<Vec<PathBuf>, Error> {
    let folder = safe_join(models, &id.to_string())?;
    let mut names = std::collections::HashMap::<String, std::collections::HashSet<&str>>::new();
    for file in all.iter().flat_map(|variant| &variant.files) {
        names
            .entry(base(&file.path).to_lowercase())
            .or_default()
            .insert(&file.path);
    }
    let is_flat = variant.files.iter().all(|file| {
        names
            .get(&base(&file.path).to_lowercase())
            .is_some_and(|paths| paths.len() == 1)
    });
    variant
        .files
        .iter()
        .map(|file| {
            // Checked as a whole: a path that climbs is refused, not cut to what is harmless in it.
            let inside = safe_join(&folder, &file.path)?;
            Ok(if is_flat {
                safe_join(&folder, base(&file.path))?
            } else {
                inside
            })
        })
        .collect()
}

/// Whether `path` is one of the files of the model that begins at `first`.
fn is_of(path: &Path, first: &Path, projector: Option<&Path>) -> bool {
    let same = |file: &Path| file.file_name() == path.file_name() && same_path(file, path);
    // Names are looked at before the disk is asked.
    projector.is_some_and(same) || gguf::shard::siblings(first).iter().any(|shard| same(shard))
}

fn no_such_variant(found: &FoundRepo, reference: &Reference) -> Error {
    let repo = found.repo.id.to_string();
    if found.variants.is_empty() {
        return Error::NoGguf { repo };
    }
    let wanted = reference
        .file
        .clone()
        .or_else(|| reference.quantization.clone());
    Error::NoSuchVariant {
        repo,
        wanted: wanted.unwrap_or_default(),
        known: names(&found.variants),
    }
}

fn names(variants: &[Variant]) -> Vec<String> {
    variants
        .iter()
        .map(|variant| variant.name.clone())
        .collect()
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The id of a variant's download, which can stand in a path and in a file's name. `~` stands in no repository's name.
pub(crate) fn set_id(id: &RepoId, variant: &str) -> JobId {
    format!("{id}/{variant}")
        .to_lowercase()
        .chars()
        .map(|letter| match letter {
            '/' => '~',
            letter if letter.is_ascii_alphanumeric() || "-_.".contains(letter) => letter,
            _ => '-',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_fetched_model_are_its_shards_and_its_own_projector() {
        let first = Path::new("/m/big-00001-of-00002.gguf");
        let projector = Some(Path::new("/m/mmproj-f16.gguf"));
        let is = |path: &str, projector| is_of(Path::new(path), first, projector);
        assert!(is("/m/big-00001-of-00002.gguf", None));
        assert!(is("/m/big-00002-of-00002.gguf", None));
        assert!(is("/m/mmproj-f16.gguf", projector));
        assert!(!is("/m/mmproj-f16.gguf", None));
        assert!(!is("/m/other.gguf", projector));
        assert!(!is("/n/big-00002-of-00002.gguf", projector));
    }
}
