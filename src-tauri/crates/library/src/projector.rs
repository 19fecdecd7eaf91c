//! The vision projector that belongs to a model: a file whose name holds `mmproj`, in the model's folder.
//!
//! In a folder of one model, whatever its quantizations, any projector is its own. In a folder of many (a flat
//! collection of downloads) only one that carries the model's name is. Left out: what is in the files.

use std::path::{Path, PathBuf};

use gguf::{label_from_file_name, shard};

use crate::scan::is_model;

/// The projectors and models of one folder, read once for all models in it.
#[derive(Debug, Clone, Default)]
pub struct FolderNames {
    projectors: Vec<PathBuf>,
    /// Names without quantization, one for each model.
    bases: Vec<String>,
}

impl FolderNames {
    /// Reads a folder; one that cannot be read holds nothing.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let mut names = Self::default();
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let text = name.to_string_lossy().to_lowercase();
            if is_model(&name) {
                names.bases.push(base(&text));
            } else if text.ends_with(".gguf") && text.contains("mmproj") {
                names.projectors.push(entry.path());
            }
        }
        names.bases.sort();
        names.bases.dedup();
        // Half precision first: what engines are tested with, and what fits.
        names.projectors.sort_by_key(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let rank = match label_from_file_name(&name).as_deref() {
                Some("F16") => 0,
                Some("BF16") => 1,
                Some("F32") => 3,
                _ => 2,
            };
            (rank, path.clone())
        });
        names
    }

    /// The projector of the model at `path`, which lies in this folder.
    #[must_use]
    pub fn projector_of(&self, path: &Path) -> Option<&Path> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        let base = base(&name);
        let own = self.projectors.iter().find(|projector| {
            let name = projector.file_name().unwrap_or_default().to_string_lossy();
            let named = self::base(&name.to_lowercase().replace("mmproj", ""));
            named.len() >= 3 && (named.contains(&base) || base.contains(&named))
        });
        let only_model = self.bases.len() <= 1;
        own.or_else(|| self.projectors.first().filter(|_| only_model))
            .map(PathBuf::as_path)
    }
}

/// A lower-case file name without folders, extension, shard suffix, quantization and punctuation.
fn base(name: &str) -> String {
    let stem = shard::stem(name);
    let stem = match label_from_file_name(stem) {
        Some(label) => {
            let label = label.to_lowercase();
            stem.rfind(&label).map_or(stem, |at| &stem[..at])
        }
        None => stem,
    };
    let mut base: String = stem
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect();
    // Left of labels in a spelling of their own: `model-fp16`.
    for ending in ["fp16", "fp32"] {
        if let Some(rest) = base.strip_suffix(ending) {
            base = rest.to_owned();
        }
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    fn projector(files: &[&str], model: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(folder.path().join(file), "GGUF").unwrap();
        }
        FolderNames::of(folder.path())
            .projector_of(&folder.path().join(model))
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
    }

    #[test]
    fn a_repositorys_folder_has_one_for_all_its_quantizations() {
        let files = [
            "gemma-3-4b-it-Q4_K_M.gguf",
            "gemma-3-4b-it-UD-Q8_K_XL.gguf",
            "mmproj-F32.gguf",
            "mmproj-BF16.gguf",
            "mmproj-F16.gguf",
        ];
        for model in &files[..2] {
            assert_eq!(projector(&files, model).as_deref(), Some("mmproj-F16.gguf"));
        }
        assert_eq!(projector(&["a-Q8_0.gguf"], "a-Q8_0.gguf"), None);
    }

    #[test]
    fn in_a_flat_collection_the_name_decides() {
        let files = [
            "qwen3-8b-q4_k_m.gguf",
            "gemma-3-4b-it-q4_k_m.gguf",
            "mmproj-gemma-3-4b-it-f16.gguf",
        ];
        assert_eq!(projector(&files, files[1]).as_deref(), Some(files[2]));
        assert_eq!(projector(&files, files[0]), None);
    }

    #[test]
    fn shards_have_one_too() {
        let files = [
            "big-Q8_0-00001-of-00002.gguf",
            "big-Q8_0-00002-of-00002.gguf",
            "mmproj-big.gguf",
        ];
        assert_eq!(projector(&files, files[0]).as_deref(), Some(files[2]));
    }
}
