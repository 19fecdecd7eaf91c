//! llama.cpp's cache of older builds: one flat folder with `<org>_<repo>_<file>.gguf` and, beside it,
//! `manifest=<org>=<repo>=<tag>.json`, which tells where organisation and repository end.

use std::path::Path;

use gguf::shard;

use super::{Found, Places};
use crate::scan::scan_folder;

pub(super) fn find(places: &Places) -> Vec<Found> {
    let mut folders = places.folders(&[
        ".cache/llama.cpp",
        "Library/Caches/llama.cpp",
        "AppData/Local/llama.cpp",
    ]);
    folders.extend(places.llama_cache.clone());
    let mut found = Vec::new();
    for folder in &folders {
        let repos = repos(folder);
        for mut model in scan_folder(folder) {
            let file = model.path.file_name().unwrap_or_default().to_string_lossy();
            let stem = shard::stem(&file).to_owned();
            let known = repos.iter().find_map(|(organisation, repo)| {
                let rest = stem.strip_prefix(&format!("{organisation}_{repo}_"))?;
                Some((organisation, repo, rest.to_owned()))
            });
            let title = match known {
                Some((organisation, repo, rest)) => {
                    model.publisher = Some(organisation.clone());
                    model.name = Some(rest);
                    format!("{organisation}/{repo}")
                }
                None => stem,
            };
            found.push((title, model));
        }
    }
    found
}

/// Organisation and repository of every manifest, the longest first: one may begin as another does.
fn repos(folder: &Path) -> Vec<(String, String)> {
    let mut repos: Vec<(String, String)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let mut parts = name.strip_prefix("manifest=")?.split('=');
            Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
        })
        .collect();
    repos.sort_by_key(|(organisation, repo)| std::cmp::Reverse(organisation.len() + repo.len()));
    repos
}
