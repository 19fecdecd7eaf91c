//! LM Studio: `~/.lmstudio/models/<publisher>/<repo>/<file>.gguf`, in older versions `~/.cache/lm-studio/models`, or the
//! folder that its settings name.

use std::path::PathBuf;

use super::{Found, Places};
use crate::scan::scan_folder;

pub(super) fn find(places: &Places) -> Vec<Found> {
    let mut folders = places.folders(&[".lmstudio/models", ".cache/lm-studio/models"]);
    for settings in [".lmstudio/settings.json", ".cache/lm-studio/settings.json"] {
        let text = std::fs::read(places.home.join(settings)).unwrap_or_default();
        let settings: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
        if let Some(folder) = settings["downloadsFolder"].as_str() {
            folders.push(PathBuf::from(folder));
        }
    }
    let scanned = folders.iter().flat_map(|folder| {
        scan_folder(folder).into_iter().map(move |model| {
            let inside = model.path.strip_prefix(folder).ok();
            let repo = inside.and_then(|inside| inside.parent());
            let title = repo.map(|repo| repo.to_string_lossy().replace('\\', "/"));
            (title.unwrap_or_default(), model)
        })
    });
    scanned.collect()
}
