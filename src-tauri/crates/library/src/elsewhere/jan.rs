//! Jan: `llamacpp/models/<id>/model.yml` in its data folder names `model_path` and, for vision, `mmproj_path`, absolute
//! or relative to the data folder. The files are all called `model.gguf`, so the id names the model.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::{Found, Places};
use crate::scan::{FoundModel, first_shard};

/// An id is a folder or two: `Menlo/Jan-nano`, `gemma-3-4b-it-IQ4_XS`.
const MAX_DEPTH: usize = 4;

pub(super) fn find(places: &Places) -> Vec<Found> {
    let data = places.folders(&[
        ".local/share/Jan/data",
        "Library/Application Support/Jan/data",
        "AppData/Roaming/Jan/data",
        "jan",
    ]);
    data.iter().flat_map(|data| find_in(data)).collect()
}

fn find_in(data: &Path) -> Vec<Found> {
    let models = data.join("llamacpp/models");
    let folders = WalkDir::new(&models)
        .max_depth(MAX_DEPTH)
        .sort_by_file_name();
    folders
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_name() == "model.yml" || entry.file_name() == "model.gguf")
        .filter_map(|entry| {
            let folder = entry.path().parent()?;
            let described = folder.join("model.yml");
            // A folder with both is told by its description.
            if entry.file_name() == "model.gguf" && described.is_file() {
                return None;
            }
            model(data, &models, folder)
        })
        .collect()
}

fn model(data: &Path, models: &Path, folder: &Path) -> Option<Found> {
    let text = std::fs::read_to_string(folder.join("model.yml")).unwrap_or_default();
    let path = named(&text, "model_path", data).unwrap_or_else(|| folder.join("model.gguf"));
    if !path.is_file() {
        return None;
    }
    let beside = folder.join("mmproj.gguf");
    let projector = named(&text, "mmproj_path", data).or(Some(beside));
    let title = folder
        .strip_prefix(models)
        .ok()?
        .to_string_lossy()
        .replace('\\', "/");
    let (publisher, name) = match title.rsplit_once('/') {
        Some((publisher, name)) => (publisher.to_owned(), name.to_owned()),
        None => ("jan".to_owned(), title.clone()),
    };
    let found = FoundModel {
        path: first_shard(&path),
        publisher: Some(publisher),
        name: Some(name),
        projector: projector.filter(|path| path.is_file()),
    };
    Some((title, found))
}

/// A top-level text of a YAML document as Jan writes it: `key: value`, at times in quotes.
fn named(yaml: &str, key: &str, data: &Path) -> Option<PathBuf> {
    let value = yaml.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name == key).then(|| value.trim().trim_matches(['"', '\'']))
    })?;
    (!value.is_empty()).then(|| data.join(value))
}
