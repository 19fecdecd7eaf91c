//! Model files under a folder, whatever its layout: shards counted as one, projectors and partial files left out.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use gguf::shard;
use walkdir::WalkDir;

/// Deep enough for every known layout, shallow enough for a home folder that was added by mistake.
const MAX_DEPTH: usize = 8;

/// A model on disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoundModel {
    /// The file, or the first of its shards.
    pub path: PathBuf,
    /// The publisher's folder, where the layout has one: `<publisher>/<repo>/<file>.gguf`.
    pub publisher: Option<String>,
    /// What the model is called where its file's name does not tell, as in the stores of other apps.
    pub name: Option<String>,
    /// Its vision projector where that does not lie beside it.
    pub projector: Option<PathBuf>,
}

/// The models under `folder`, in order of their paths. A folder that is not there holds none: drives come and go.
/// What cannot be read is passed over, as is what no document can name, and loops of links end.
#[must_use]
pub fn scan_folder(folder: &Path) -> Vec<FoundModel> {
    let mut seen = HashSet::new();
    WalkDir::new(folder)
        .follow_links(true)
        .max_depth(MAX_DEPTH)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.file_name()))
        .flatten()
        .filter(|entry| entry.file_type().is_file() && is_model(entry.file_name()))
        .map(|entry| first_shard(entry.path()))
        .filter(|path| seen.insert(path.clone()))
        .filter(|path| can_be_named(path))
        .map(|path| FoundModel {
            publisher: publisher_in(folder, &path),
            path,
            ..FoundModel::default()
        })
        .collect()
}

/// The model that a path given by hand means: the file as it is, or the first shard of the set that it belongs to.
#[must_use]
pub fn model_at(path: &Path) -> FoundModel {
    FoundModel {
        path: first_shard(path),
        ..FoundModel::default()
    }
}

/// Where models are is kept in the settings, and told to programs, as text.
fn can_be_named(path: &Path) -> bool {
    let named = path.to_str().is_some();
    if !named {
        tracing::warn!(path = %path.display(), "passed over: the name is not UTF-8; rename it");
    }
    named
}

fn is_hidden(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with('.')
}

/// GGUF files that are models by themselves: no projector, no importance matrix.
pub(crate) fn is_model(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    name.ends_with(".gguf") && !name.contains("mmproj") && !name.contains("imatrix")
}

pub(crate) fn first_shard(path: &Path) -> PathBuf {
    shard::siblings(path)
        .into_iter()
        .next()
        .unwrap_or_else(|| path.to_owned())
}

fn publisher_in(folder: &Path, path: &Path) -> Option<String> {
    let inside = path.strip_prefix(folder).ok()?;
    let parts: Vec<&OsStr> = inside
        .components()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name),
            _ => None,
        })
        .collect();
    (parts.len() >= 3).then(|| parts[0].to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "GGUF").unwrap();
    }

    fn names(folder: &Path) -> Vec<(Option<String>, String)> {
        scan_folder(folder)
            .into_iter()
            .map(|model| {
                (
                    model.publisher,
                    model
                        .path
                        .strip_prefix(folder)
                        .unwrap()
                        .to_string_lossy()
                        .replace('\\', "/"),
                )
            })
            .collect()
    }

    /// One such file must not keep the others out of the library.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_no_text_is_passed_over() {
        use std::os::unix::ffi::OsStrExt;

        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "good.gguf");
        let odd = folder.path().join(OsStr::from_bytes(b"caf\xe9.gguf"));
        std::fs::write(odd, "GGUF").unwrap();
        assert_eq!(names(folder.path()), [(None, "good.gguf".to_owned())]);
    }

    /// Any layout: LM Studio #478, Jan #7953, Ollama #7997.
    #[test]
    fn every_layout_is_found_and_shards_are_one_model() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "flat.gguf",
            "one/inner.GGUF",
            "Google/gemma/gemma-Q4_K_M.gguf",
            "Google/gemma/mmproj-gemma-f16.gguf",
            "Google/gemma/imatrix.gguf",
            "big/repo/big-00001-of-00002.gguf",
            "big/repo/big-00002-of-00002.gguf",
            "big/repo/readme.md",
            ".cache/hidden.gguf",
        ] {
            write(folder.path(), name);
        }
        assert_eq!(
            names(folder.path()),
            [
                (
                    Some("Google".to_owned()),
                    "Google/gemma/gemma-Q4_K_M.gguf".to_owned()
                ),
                (
                    Some("big".to_owned()),
                    "big/repo/big-00001-of-00002.gguf".to_owned()
                ),
                (None, "flat.gguf".to_owned()),
                (None, "one/inner.GGUF".to_owned()),
            ]
        );
    }

    #[test]
    #[cfg(unix)]
    fn loops_of_links_end() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a/b/model.gguf");
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/again")).unwrap();
        assert_eq!(names(folder.path()).len(), 1);
    }

    /// An unplugged drive must not block the app: LM Studio #76.
    #[test]
    fn a_folder_that_is_gone_holds_nothing() {
        assert_eq!(scan_folder(Path::new("/nowhere/at/all")), []);
    }
}
