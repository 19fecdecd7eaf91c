//! A repository's page: what it is, and its files as what a person chooses between, with whether each fits this machine,
//! which one to take, and what is here already. Nothing is downloaded but the beginning of one file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gguf::{ModelInfo, ModelShape};
use hub::{Gating, Hub, Reference, Repo, RepoId, Variant};
use serde::Serialize;

use crate::core::Core;
use crate::download_model::targets_in;
use crate::downloads::job_among;
use crate::error::Error;
use crate::run::fit::{self, Fit};

/// A file of a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HubFile {
    /// Its path in the repository.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
}

/// One quantization: shards and projector are part of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HubVariant {
    /// What it is called; unique in the repository.
    pub name: String,
    /// Such as `Q4_K_M`.
    pub quantization: Option<String>,
    /// What that means for quality.
    pub quality_words: String,
    /// Bytes of all its files.
    pub size_bytes: u64,
    /// Bits per weight, from size and parameters.
    pub bits_per_weight: Option<f64>,
    /// Its files, first shard first, the projector last.
    pub files: Vec<HubFile>,
    /// The vision projector among them.
    pub projector: Option<String>,
    /// Whether it fits this machine.
    pub fit: Fit,
    /// The same in a sentence with numbers.
    pub fit_sentence: String,
    /// Bytes of weights, projector and KV cache at the context that Paddock would choose.
    pub predicted_bytes: Option<u64>,
    /// This is the one to take.
    pub recommended: bool,
    /// Why.
    pub why: Option<String>,
    /// The key of the model in the library, where it is here already.
    pub local_key: Option<String>,
    /// The download that is under way.
    pub job_id: Option<String>,
    /// Shards that the repository lacks; it cannot be loaded.
    pub missing: Vec<String>,
}

/// A repository's page.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HubRepo {
    /// `owner/name`.
    pub id: String,
    /// The commit.
    pub sha: String,
    /// The first paragraph of its card.
    pub summary: Option<String>,
    /// Such as `apache-2.0`.
    pub licence: Option<String>,
    /// Whether terms must be accepted, and who decides.
    pub gated: Gating,
    /// Only some may see it.
    pub private: bool,
    /// In the last month.
    pub downloads: u64,
    /// Likes.
    pub likes: u64,
    /// When it last changed, ISO 8601.
    pub last_modified: Option<String>,
    /// Its page, for people.
    pub url: String,
    /// Such as `gemma3`.
    pub architecture: Option<String>,
    /// Elements of all tensors.
    pub parameters: Option<u64>,
    /// Tokens it was trained for.
    pub context_length: Option<u64>,
    /// Its files bring a chat template.
    pub chat_template: bool,
    /// Such as `text-generation`.
    pub task: Option<String>,
    /// Largest first.
    pub variants: Vec<HubVariant>,
    /// The variant that a pasted address named.
    pub named_variant: Option<String>,
}

/// Headers read over the network, by repository, commit and path.
#[derive(Default)]
pub(crate) struct RemoteHeaders {
    known: Mutex<HashMap<(String, String, String), Arc<RemoteModel>>>,
}

/// What the beginning of a file on the hub says.
pub(crate) struct RemoteModel {
    info: ModelInfo,
    /// None where it does not tell.
    shape: Option<ModelShape>,
}

/// A repository with its variants, before anything is said about this machine.
pub(crate) struct FoundRepo {
    pub(crate) hub: Hub,
    pub(crate) repo: Repo,
    pub(crate) variants: Vec<Variant>,
}

impl Core {
    /// A repository's page. `text` is `owner/repo`, with or without `:QUANT`, or a pasted address.
    ///
    /// # Errors
    /// It is missing, gated or private, the hub cannot be reached, or `text` names no repository.
    pub async fn hub_repo(&self, text: &str, revision: Option<&str>) -> Result<HubRepo, Error> {
        let reference = self.hub_reference(text)?;
        let revision = revision.or(reference.revision.as_deref());
        let found = self.find_on_hub(&reference.repo, revision).await?;
        let (summary, page) = tokio::join!(
            found.hub.summary(&found.repo.id, &found.repo.sha),
            self.page_of(&found, &reference)
        );
        Ok(HubRepo { summary, ..page })
    }

    /// The page of a repository that was found, without what its card says.
    pub(crate) async fn page_of(&self, found: &FoundRepo, reference: &Reference) -> HubRepo {
        let model = self.remote_header(found).await;
        let jobs = self.download_jobs();
        let available = self.memory_for_a_model().await;
        let parameters = found.repo.parameters;
        let measured: Vec<_> = found
            .variants
            .iter()
            .map(|variant| {
                let shape = model.as_ref().and_then(|model| model.shape.as_ref());
                let need = shape.and_then(|shape| fit::need(shape, variant, available));
                let fits = need.map_or(Fit::Unknown, |need| Fit::of(need.bytes, available));
                (variant, fits, need)
            })
            .collect();
        let choices: Vec<_> = measured
            .iter()
            .map(|(variant, fits, _)| (*variant, *fits))
            .collect();
        let recommended = fit::recommend(&choices, parameters);
        let variants = measured
            .iter()
            .enumerate()
            .map(|(index, (variant, fits, need))| {
                let why = recommended
                    .as_ref()
                    .filter(|(place, _)| *place == index)
                    .map(|(_, why)| why.clone());
                HubVariant {
                    quality_words: quality(variant).to_owned(),
                    bits_per_weight: bits_per_weight(variant, parameters),
                    fit: *fits,
                    fit_sentence: fit::sentence(*fits, *need, available),
                    predicted_bytes: need.map(|need| need.bytes),
                    recommended: why.is_some(),
                    why,
                    local_key: self.local_key(&found.repo.id, &found.variants, variant),
                    job_id: job_among(&jobs, &found.repo.id, &variant.name),
                    ..view(variant)
                }
            })
            .collect();
        let named_variant = found
            .variants
            .iter()
            .find(|variant| is_meant(variant, reference))
            .map(|variant| variant.name.clone());
        let info = model.as_ref().map(|model| &model.info);
        let repo = found.repo.clone();
        HubRepo {
            id: repo.id.to_string(),
            sha: repo.sha,
            summary: None,
            licence: repo.licence,
            gated: repo.gated,
            private: repo.private,
            downloads: repo.downloads,
            likes: repo.likes,
            last_modified: repo.last_modified,
            url: repo.url,
            architecture: repo
                .architecture
                .or_else(|| info.and_then(|info| info.architecture.clone())),
            parameters,
            context_length: repo
                .context_length
                .or_else(|| info.and_then(|info| info.context_length)),
            chat_template: repo.chat_template,
            task: repo.task,
            variants,
            named_variant,
        }
    }

    /// Reads what was typed, pasted, or opened as a link. Asks nothing.
    ///
    /// # Errors
    /// It names no repository.
    pub fn hub_reference(&self, text: &str) -> Result<Reference, Error> {
        Ok(hub::parse_reference(text, self.hub()?.endpoint())?)
    }

    pub(crate) async fn find_on_hub(
        &self,
        id: &RepoId,
        revision: Option<&str>,
    ) -> Result<FoundRepo, Error> {
        let hub = self.hub()?;
        let repo = hub.repo(id, revision).await?;
        // By its commit, so that an upload in between does not mix two versions.
        let files = hub.files(&repo.id, &repo.sha).await?;
        Ok(FoundRepo {
            variants: hub::variants(&files),
            hub,
            repo,
        })
    }

    /// What the beginning of the smallest variant says: all of a repository have the same shape. `None` where it cannot
    /// be read, for whatever reason: gated files are described as far as the hub does.
    async fn remote_header(&self, found: &FoundRepo) -> Option<Arc<RemoteModel>> {
        let file = found
            .variants
            .iter()
            .rev()
            .find(|variant| variant.missing.is_empty())?
            .first();
        let (id, sha) = (&found.repo.id, &found.repo.sha);
        let key = (id.to_string(), sha.clone(), file.path.clone());
        let cache = &self.inner.remote_headers.known;
        if let Some(known) = cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            return Some(Arc::clone(known));
        }
        let header = match found.hub.header(id, sha, &file.path).await {
            Ok(header) => header?,
            Err(error) => {
                tracing::debug!(%id, %error, "no header");
                return None;
            }
        };
        let model = Arc::new(RemoteModel {
            info: header.header.model_info(&file.path),
            shape: ModelShape::of_shards(std::slice::from_ref(&header.header)),
        });
        cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key, Arc::clone(&model));
        Some(model)
    }

    /// The shape of a model that is still on the hub, with the weights of the variant that is named, or of the one to
    /// take; and the bytes of the vision projector that comes with it.
    ///
    /// # Errors
    /// The repository cannot be reached, has no such variant, or its files do not tell their shape.
    pub(crate) async fn remote_shape(
        &self,
        reference: &Reference,
    ) -> Result<(ModelShape, Option<u64>), Error> {
        let found = self
            .find_on_hub(&reference.repo, reference.revision.as_deref())
            .await?;
        let model = self.remote_header(&found).await;
        let named = found
            .variants
            .iter()
            .find(|variant| is_meant(variant, reference));
        let is_named = reference.quantization.is_some() || reference.file.is_some();
        let usual = found
            .variants
            .iter()
            .find(|variant| variant.is_named("Q4_K_M"))
            .or(found.variants.first());
        let variant = if is_named { named } else { usual };
        let repo = reference.repo.to_string();
        let Some(variant) = variant else {
            let wanted = reference.file.as_ref().or(reference.quantization.as_ref());
            return Err(match wanted {
                Some(wanted) if !found.variants.is_empty() => Error::NoSuchVariant {
                    repo,
                    wanted: wanted.clone(),
                    known: found.variants.iter().map(|one| one.name.clone()).collect(),
                },
                _ => Error::NoGguf { repo },
            });
        };
        let shape = model.and_then(|model| model.shape.clone());
        let shape = shape.ok_or_else(|| Error::NotAModel {
            path: PathBuf::from(format!("{repo}/{}", variant.first().path)),
            what: "a file whose beginning does not tell the shape of a language model",
        })?;
        let weights = variant.model_size_bytes();
        let projector = variant.size_bytes.saturating_sub(weights);
        Ok((
            shape.with_weights(weights),
            Some(projector).filter(|bytes| *bytes > 0),
        ))
    }

    /// The model in the library that this variant is, if all its files are here: in Paddock's own folder, or in another
    /// models folder, which LM Studio lays out the same way.
    pub(crate) fn local_key(
        &self,
        id: &RepoId,
        all: &[Variant],
        variant: &Variant,
    ) -> Option<String> {
        let mut folders = self.models_folders();
        folders.retain(|folder| !self.inner.scanner.is_silent(folder));
        folders
            .iter()
            .find_map(|folder| self.local_key_in(folder, id, all, variant))
    }

    fn local_key_in(
        &self,
        folder: &Path,
        id: &RepoId,
        all: &[Variant],
        variant: &Variant,
    ) -> Option<String> {
        let targets = targets_in(folder, id, all, variant).ok()?;
        let whole = targets.iter().zip(&variant.files).all(|(target, file)| {
            std::fs::metadata(target).is_ok_and(|metadata| metadata.len() == file.size_bytes)
        });
        let first: &PathBuf = targets.first().filter(|_| whole)?;
        let settings = self.settings();
        let known = settings
            .models
            .iter()
            .find(|(_, entry)| self.is_at(entry, first));
        known
            .filter(|(_, entry)| {
                // Another upload of the same size is another file.
                let had = entry
                    .source
                    .as_ref()
                    .and_then(|source| source.sha256.as_ref());
                had.is_none()
                    || variant.first().sha256.is_none()
                    || had == variant.first().sha256.as_ref()
            })
            .map(|(key, _)| key.clone())
    }
}

/// Whether what was typed means this variant.
pub(crate) fn is_meant(variant: &Variant, reference: &Reference) -> bool {
    let named = |word: &Option<String>| word.as_ref().is_some_and(|word| variant.is_named(word));
    named(&reference.file) || named(&reference.quantization)
}

fn quality(variant: &Variant) -> &'static str {
    variant
        .quantization
        .as_deref()
        .map_or("Unknown", hub::quality_words)
}

#[allow(clippy::cast_precision_loss)]
fn bits_per_weight(variant: &Variant, parameters: Option<u64>) -> Option<f64> {
    let parameters = parameters.filter(|parameters| *parameters > 0)?;
    let bits = variant.model_size_bytes() as f64 * 8.0 / parameters as f64;
    // What is beyond any type is a repository of several models.
    (bits <= 40.0).then(|| (bits * 100.0).round() / 100.0)
}

/// What a variant says of itself.
fn view(variant: &Variant) -> HubVariant {
    HubVariant {
        name: variant.name.clone(),
        quantization: variant.quantization.clone(),
        quality_words: String::new(),
        size_bytes: variant.size_bytes,
        bits_per_weight: None,
        files: variant
            .files
            .iter()
            .map(|file| HubFile {
                path: file.path.clone(),
                size_bytes: file.size_bytes,
            })
            .collect(),
        projector: variant.projector.clone(),
        fit: Fit::Unknown,
        fit_sentence: String::new(),
        predicted_bytes: None,
        recommended: false,
        why: None,
        local_key: None,
        job_id: None,
        missing: variant.missing.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::open_for_test;

    /// A folder shared with LM Studio has what the page offers: it must not be fetched a second time.
    #[tokio::test]
    async fn a_variant_is_here_in_whichever_models_folder_it_lies() {
        let home = tempfile::tempdir().unwrap();
        let core = open_for_test(home.path());
        let shared = home.path().join("lm-studio");
        let folder = shared.join("ada/tiny-GGUF");
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("tiny-Q4_K_M.gguf");
        gguf::tiny::write(&path).unwrap();
        let file = |name: &str, size_bytes| hub::RepoFile {
            path: name.to_owned(),
            size_bytes,
            sha256: Some("a".repeat(64)),
        };
        let size = path.metadata().unwrap().len();
        let variants =
            hub::variants(&[file("tiny-Q4_K_M.gguf", size), file("tiny-Q8_0.gguf", size)]);
        let id = RepoId::parse("ada/tiny-GGUF").unwrap();
        let keys = |core: &Core| -> Vec<Option<String>> {
            let mut keys: Vec<_> = variants
                .iter()
                .map(|variant| core.local_key(&id, &variants, variant))
                .collect();
            keys.sort();
            keys
        };
        assert_eq!(keys(&core), [None, None]);
        core.add_models_folder(&shared).await.unwrap();
        let here = Some("ada/tiny-q4_k_m".to_owned());
        assert_eq!(keys(&core), [None, here.clone()]);

        // Another upload of the same size, where that is known, and a file of another size are not it.
        let other = settings::ModelSource {
            repo: id.to_string(),
            revision: String::new(),
            file: "tiny-Q4_K_M.gguf".to_owned(),
            sha256: Some("b".repeat(64)),
            projector: None,
            unknown: serde_json::Map::new(),
        };
        let set = |source| {
            core.update_settings(|settings| settings.models["ada/tiny-q4_k_m"].source = source)
                .unwrap();
        };
        set(Some(other));
        assert_eq!(keys(&core), [None, None]);
        set(None);
        assert_eq!(keys(&core), [None, here]);
        std::fs::write(&path, "cut off").unwrap();
        assert_eq!(keys(&core), [None, None]);
    }
}
