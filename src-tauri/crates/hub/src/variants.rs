//! From a repository's files to what a person chooses between. Shards and the vision projector are one thing with one
//! size: counted apart, they are the usual way to end up with half a model.

use std::collections::{BTreeMap, HashMap, HashSet};

use gguf::shard::{self, Shard};
use serde::Serialize;

use crate::files::RepoFile;

/// Model files that are looked at: a repository is anybody's, and what it costs to show it must have an end.
const MOST_FILES: usize = 2_000;
/// A name that speaks of more shards is no shard's. The largest models have a few hundred.
const MOST_SHARDS: u32 = 1_000;
/// Shards that are lacking and called by name.
const MOST_NAMED: usize = 5;

/// One quantization of a model: all the files of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// What it is called, unique in its repository: the quantization where that is unique, else the file's stem.
    pub name: String,
    /// Such as `Q4_K_M`.
    pub quantization: Option<String>,
    /// The model's files, first shard first, then the projector.
    pub files: Vec<RepoFile>,
    /// The projector among them.
    pub projector: Option<String>,
    /// Bytes of all files.
    pub size_bytes: u64,
    /// Names of shards that the repository lacks; then it cannot be loaded. After the first few, how many more.
    pub missing: Vec<String>,
}

impl Variant {
    /// The file that an engine is given.
    #[must_use]
    pub fn first(&self) -> &RepoFile {
        &self.files[0]
    }

    /// Bytes of the model alone, without projector.
    #[must_use]
    pub fn model_size_bytes(&self) -> u64 {
        self.files
            .iter()
            .filter(|file| Some(&file.path) != self.projector.as_ref())
            .map(|file| file.size_bytes)
            .sum()
    }

    /// Whether `word` names this variant: its name, its quantization (with or without `UD-`), or one of its files.
    #[must_use]
    pub fn is_named(&self, word: &str) -> bool {
        let same = |name: &str| name.eq_ignore_ascii_case(word);
        let plain = |name: &str| same(name) || name.strip_prefix("UD-").is_some_and(same);
        same(&self.name)
            || self.quantization.as_deref().is_some_and(plain)
            || self.files.iter().any(|file| {
                Some(&file.path) != self.projector.as_ref()
                    && (file.path == word || same(base(&file.path)))
            })
    }
}

/// The quantization that a file's name tells.
#[must_use]
pub fn quantization(file_name: &str) -> Option<String> {
    gguf::label_from_file_name(file_name)
}

/// The variants that these files are, largest first. Projectors, importance matrices and what is no GGUF are none.
#[must_use]
pub fn variants(files: &[RepoFile]) -> Vec<Variant> {
    let mut sets: BTreeMap<(String, Option<u32>), Vec<&RepoFile>> = BTreeMap::new();
    let mut projectors = Vec::new();
    let looked_at = files
        .iter()
        .filter(|file| is_gguf(&file.path))
        .take(MOST_FILES);
    for file in looked_at {
        let name = base(&file.path).to_lowercase();
        if name.contains("mmproj") {
            projectors.push(file);
        } else if !name.contains("imatrix") {
            let shard = shard_of(&file.path);
            let stem = match &shard {
                Some(shard) => format!("{}{}", folder(&file.path), shard.stem),
                None => file.path.clone(),
            };
            sets.entry((stem, shard.map(|shard| shard.count)))
                .or_default()
                .push(file);
        }
    }
    let projectors = Projectors::of(projectors);
    let mut variants: Vec<Variant> = sets
        .into_values()
        .map(|files| variant(files, &projectors))
        .collect();
    name_apart(&mut variants);
    variants.sort_by(|one, other| {
        (other.model_size_bytes(), &one.name).cmp(&(one.model_size_bytes(), &other.name))
    });
    variants
}

fn variant(mut files: Vec<&RepoFile>, projectors: &Projectors) -> Variant {
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let first = files[0];
    let missing = shard_of(&first.path).map_or_else(Vec::new, |shard| missing(&shard, &files));
    let projector = projectors.best_for(&first.path);
    let mut all: Vec<RepoFile> = files.into_iter().cloned().collect();
    let quantization = quantization(&all[0].path).or_else(|| quantization_of_folder(&all[0].path));
    all.extend(projector.cloned());
    Variant {
        name: quantization
            .clone()
            .unwrap_or_else(|| shard::stem(&all[0].path).to_owned()),
        quantization,
        size_bytes: all.iter().map(|file| file.size_bytes).sum(),
        projector: projector.map(|file| file.path.clone()),
        files: all,
        missing,
    }
}

/// `Q4_K_M/model-00001-of-00002.gguf`.
fn quantization_of_folder(path: &str) -> Option<String> {
    let (folder, _) = path.rsplit_once('/')?;
    quantization(folder)
}

/// The shards that are not among `files`.
fn missing(shard: &Shard, files: &[&RepoFile]) -> Vec<String> {
    let here: HashSet<&str> = files.iter().map(|file| base(&file.path)).collect();
    let mut missing: Vec<String> = (1..=shard.count)
        .map(|index| shard.file_name(index))
        .filter(|name| !here.contains(name.as_str()))
        .collect();
    if let Some(more @ 1..) = missing.len().checked_sub(MOST_NAMED) {
        missing.truncate(MOST_NAMED);
        missing.push(format!("{more} more"));
    }
    missing
}

/// The projectors of a repository, the best first. One from the same folder as the model comes before one from
/// elsewhere; one in 16 bits before others: it is small, and vision suffers first.
struct Projectors<'file> {
    best: Option<&'file RepoFile>,
    by_folder: HashMap<&'file str, &'file RepoFile>,
}

impl<'file> Projectors<'file> {
    fn of(mut files: Vec<&'file RepoFile>) -> Self {
        const BEST: [&str; 4] = ["F16", "BF16", "Q8_0", "F32"];
        files.sort_by_cached_key(|file| {
            let label = quantization(&file.path).unwrap_or_default();
            let place = BEST.iter().position(|best| *best == label);
            (place.unwrap_or(BEST.len()), file.path.clone())
        });
        let mut by_folder = HashMap::new();
        for file in &files {
            by_folder.entry(folder(&file.path)).or_insert(*file);
        }
        Self {
            best: files.first().copied(),
            by_folder,
        }
    }

    fn best_for(&self, model: &str) -> Option<&'file RepoFile> {
        self.by_folder.get(folder(model)).copied().or(self.best)
    }
}

fn shard_of(path: &str) -> Option<Shard> {
    shard::parse(base(path)).filter(|shard| shard.count <= MOST_SHARDS)
}

/// Variants of one quantization are called by their files instead, and by their paths where those are the same too.
fn name_apart(variants: &mut [Variant]) {
    let by_stem = |variant: &Variant| shard::stem(&variant.first().path).to_owned();
    let by_path = |variant: &Variant| variant.first().path.clone();
    for rename in [&by_stem as &dyn Fn(&Variant) -> String, &by_path] {
        let mut count: HashMap<String, usize> = HashMap::new();
        for variant in variants.iter() {
            *count.entry(variant.name.to_lowercase()).or_default() += 1;
        }
        for variant in variants.iter_mut() {
            if count
                .get(&variant.name.to_lowercase())
                .is_some_and(|count| *count > 1)
            {
                variant.name = rename(variant);
            }
        }
    }
}

fn is_gguf(path: &str) -> bool {
    path.to_lowercase().ends_with(".gguf")
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[(&str, u64)]) -> Vec<RepoFile> {
        names
            .iter()
            .map(|(path, size_bytes)| RepoFile {
                path: (*path).to_owned(),
                size_bytes: *size_bytes,
                sha256: None,
            })
            .collect()
    }

    #[test]
    fn shards_and_projector_are_one_thing() {
        let found = variants(&files(&[
            ("README.md", 1),
            ("imatrix.gguf", 5),
            ("mmproj-model-f32.gguf", 40),
            ("mmproj-model-f16.gguf", 20),
            ("model-Q4_K_M.gguf", 100),
            ("Q8_0/model-Q8_0-00002-of-00002.gguf", 90),
            ("Q8_0/model-Q8_0-00001-of-00002.gguf", 110),
        ]));
        let shown: Vec<_> = found
            .iter()
            .map(|variant| {
                let paths: Vec<&str> = variant
                    .files
                    .iter()
                    .map(|file| file.path.as_str())
                    .collect();
                (variant.name.as_str(), variant.size_bytes, paths)
            })
            .collect();
        assert_eq!(
            shown,
            [
                (
                    "Q8_0",
                    220,
                    vec![
                        "Q8_0/model-Q8_0-00001-of-00002.gguf",
                        "Q8_0/model-Q8_0-00002-of-00002.gguf",
                        "mmproj-model-f16.gguf"
                    ]
                ),
                (
                    "Q4_K_M",
                    120,
                    vec!["model-Q4_K_M.gguf", "mmproj-model-f16.gguf"]
                ),
            ]
        );
        assert_eq!(found[1].model_size_bytes(), 100);
        assert_eq!(found[1].projector.as_deref(), Some("mmproj-model-f16.gguf"));
        assert!(found[1].is_named("q4_k_m") && found[1].is_named("MODEL-q4_k_m.gguf"));
        assert!(!found[1].is_named("mmproj-model-f16.gguf") && !found[1].is_named("Q4"));
    }

    #[test]
    fn missing_shards_are_named() {
        let found = variants(&files(&[("big-00002-of-00003.gguf", 1)]));
        assert_eq!(
            found[0].missing,
            ["big-00001-of-00003.gguf", "big-00003-of-00003.gguf"]
        );
    }

    /// A public repository of a few tiny files must not cost more memory than there is.
    #[test]
    fn shards_without_end_cost_nothing() {
        let names: Vec<String> = (0..3_000)
            .map(|number| format!("a{number}-00001-of-99999.gguf"))
            .chain((0..500).map(|number| format!("mmproj-{number}.gguf")))
            .collect();
        let list: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
        let found = variants(&files(&list));
        assert_eq!(found.len(), MOST_FILES);
        assert!(found.iter().all(|variant| variant.missing.is_empty()));

        let found = variants(&files(&[("b-00001-of-01000.gguf", 1)]));
        assert_eq!(found[0].missing.len(), MOST_NAMED + 1);
        assert_eq!(found[0].missing[0], "b-00002-of-01000.gguf");
        assert_eq!(found[0].missing[MOST_NAMED], "994 more");
    }

    #[test]
    fn a_projector_of_the_same_folder_comes_first() {
        let found = variants(&files(&[
            ("mmproj-f16.gguf", 1),
            ("a/mmproj-q8_0.gguf", 1),
            ("a/m-Q4_K_M.gguf", 9),
            ("b/n-Q8_0.gguf", 8),
        ]));
        let projectors: Vec<_> = found
            .iter()
            .map(|variant| variant.projector.as_deref())
            .collect();
        assert_eq!(
            projectors,
            [Some("a/mmproj-q8_0.gguf"), Some("mmproj-f16.gguf")]
        );
    }

    #[test]
    fn names_are_unique() {
        let names = |list: &[(&str, u64)]| -> Vec<String> {
            variants(&files(list))
                .into_iter()
                .map(|variant| variant.name)
                .collect()
        };
        assert_eq!(
            names(&[
                ("a-Q4_K_M.gguf", 3),
                ("b-Q4_K_M.gguf", 2),
                ("b-Q8_0.gguf", 1)
            ]),
            ["a-Q4_K_M", "b-Q4_K_M", "Q8_0"]
        );
        assert_eq!(
            names(&[("x/m.gguf", 2), ("y/m.gguf", 1)]),
            ["x/m.gguf", "y/m.gguf"]
        );
        assert_eq!(
            names(&[("m-UD-Q4_K_XL.gguf", 2), ("m-Q4_K_XL.gguf", 1)]),
            ["UD-Q4_K_XL", "Q4_K_XL"]
        );
        assert_eq!(names(&[("Q6_K/model.gguf", 2)]), ["Q6_K"]);
    }
}
