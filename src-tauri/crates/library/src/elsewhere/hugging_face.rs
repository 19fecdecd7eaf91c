//! The Hugging Face cache: `models--<org>--<repo>/snapshots/<commit>/<file>`, links into `blobs/`. The commit that
//! `refs/main` names comes first; the same file under other commits is the same model.

use std::path::PathBuf;

use super::{Found, Places, folders_in};
use crate::scan::scan_folder;

pub(super) fn find(places: &Places) -> Vec<Found> {
    let mut hubs = places.folders(&[".cache/huggingface/hub"]);
    hubs.extend(places.hugging_face_hub.clone());
    let mut found = Vec::new();
    for (name, folder) in hubs.iter().flat_map(|hub| folders_in(hub)) {
        let Some(id) = name.strip_prefix("models--") else {
            continue;
        };
        let (publisher, title) = match id.split_once("--") {
            Some((organisation, repo)) => {
                let title = format!("{organisation}/{}", repo.replace("--", "/"));
                (Some(organisation.to_owned()), title)
            }
            None => (None, id.to_owned()),
        };
        for snapshot in snapshots(&folder) {
            for mut model in scan_folder(&snapshot) {
                model.publisher.clone_from(&publisher);
                found.push((title.clone(), model));
            }
        }
    }
    found
}

fn snapshots(repo: &std::path::Path) -> Vec<PathBuf> {
    let main = std::fs::read_to_string(repo.join("refs/main")).unwrap_or_default();
    let mut snapshots = folders_in(&repo.join("snapshots"));
    snapshots.sort_by_key(|(commit, _)| commit != main.trim());
    snapshots.into_iter().map(|(_, path)| path).collect()
}
