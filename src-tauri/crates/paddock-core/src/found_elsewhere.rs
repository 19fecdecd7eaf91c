//! What other apps hold on this machine, to be offered before it is imported.

use std::path::PathBuf;

use library::{App, FoundElsewhere, Places, find_elsewhere};
use serde::Serialize;

use crate::core::Core;
use crate::error::Error;
use crate::list_models::KnownFiles;

/// A model of another app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundView {
    /// The app's name on the command line: `ollama`.
    pub app: String,
    /// Its name for people.
    pub app_title: String,
    /// What the app calls the model.
    pub title: String,
    /// The file, or the first of its shards.
    pub path: PathBuf,
    /// Bytes of all its files.
    pub size_bytes: u64,
    /// It comes with a vision projector.
    pub projector: Option<PathBuf>,
    /// Its key, if it is in the library already.
    pub key: Option<String>,
}

impl Core {
    /// The models that other apps hold; those in Paddock's library already say so.
    ///
    /// # Errors
    /// When Paddock is ending.
    pub async fn found_elsewhere(&self) -> Result<Vec<FoundView>, Error> {
        self.blocking(|core| {
            let known = KnownFiles::of(&core.settings(), &core.inner.scanner);
            all_of(&App::ALL)
                .into_iter()
                .map(|found| FoundView {
                    app: found.app.id().to_owned(),
                    app_title: found.app.title().to_owned(),
                    title: found.title,
                    size_bytes: found.size_bytes,
                    key: known.key_of(&found.model.path).cloned(),
                    path: found.model.path,
                    projector: found.model.projector,
                })
                .collect()
        })
        .await
    }
}

/// What these apps hold, for this user and in the store of Ollama's service.
pub(crate) fn all_of(apps: &[App]) -> Vec<FoundElsewhere> {
    let places = places_of_user();
    let mut found: Vec<_> = apps
        .iter()
        .flat_map(|app| find_elsewhere(*app, &places))
        .collect();
    if apps.contains(&App::Ollama) && cfg!(target_os = "linux") {
        let service = Places::under("/usr/share/ollama");
        found.extend(find_elsewhere(App::Ollama, &service));
    }
    found
}

fn places_of_user() -> Places {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    Places {
        home: std::env::home_dir().unwrap_or_default(),
        ollama_models: variable("OLLAMA_MODELS"),
        hugging_face_hub: variable("HF_HUB_CACHE")
            .or_else(|| variable("HF_HOME").map(|home| home.join("hub"))),
        llama_cache: variable("LLAMA_CACHE"),
    }
}
