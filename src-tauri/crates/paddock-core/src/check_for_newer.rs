//! Whether the hub has a newer upload of a model that was fetched from it (LM Studio #2121, #1607, #835).

use hub::RepoId;
use serde::Serialize;

use crate::core::Core;
use crate::error::Error;

/// What the hub has in the place of a model's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum Newer {
    /// The same bytes.
    Same,
    /// Another upload under the same path.
    Newer {
        /// The commit that it is in.
        revision: String,
        /// Its size.
        size_bytes: u64,
    },
    /// No file of this path any more.
    Gone,
    /// It is not known where the model is from, or what was fetched.
    Unknown,
}

impl Core {
    /// Asks the hub for the file that a model was fetched from; downloads nothing.
    ///
    /// # Errors
    /// The model is unknown, or the hub cannot be reached or refuses.
    pub async fn check_for_newer(&self, request: &str) -> Result<Newer, Error> {
        let (_, entry) = self.find_model(request).await?;
        let Some(source) = entry.source else {
            return Ok(Newer::Unknown);
        };
        let Some(had) = source.sha256 else {
            return Ok(Newer::Unknown);
        };
        let id = RepoId::parse(&source.repo)?;
        let found = self.find_on_hub(&id, None).await?;
        let file = found
            .variants
            .iter()
            .flat_map(|variant| &variant.files)
            .find(|file| file.path == source.file);
        Ok(match file {
            None => Newer::Gone,
            Some(file) => match &file.sha256 {
                None => Newer::Unknown,
                Some(now) if *now == had => Newer::Same,
                Some(_) => Newer::Newer {
                    revision: found.repo.sha.clone(),
                    size_bytes: file.size_bytes,
                },
            },
        })
    }
}
