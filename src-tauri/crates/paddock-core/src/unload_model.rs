//! The one way out.

use serde::Serialize;
use supervisor::StopOutcome;

use crate::core::Core;
use crate::error::Error;

/// What became of a model that was to be unloaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unloaded {
    /// The model.
    pub key: String,
    /// Its state now: always `stopped`.
    pub state: supervisor::ServerState,
    /// There was nothing to unload.
    pub not_running: bool,
}

impl Core {
    /// Ends a model, in whatever state it is; 2 s at most. Nothing to end is no error.
    ///
    /// # Errors
    /// The library has no such model.
    pub async fn unload_model(&self, request: &str) -> Result<Unloaded, Error> {
        let (key, _) = self.find_model(request).await?;
        let outcome = self.end_model(&key).await;
        Ok(unloaded(key, outcome))
    }

    /// Ends all models.
    pub async fn unload_all(&self) -> Vec<Unloaded> {
        let stopped = self.end_all_models().await;
        stopped
            .into_iter()
            .map(|key| unloaded(key, StopOutcome::Stopped))
            .collect()
    }
}

fn unloaded(key: String, outcome: StopOutcome) -> Unloaded {
    Unloaded {
        key,
        state: supervisor::ServerState::Stopped,
        not_running: outcome == StopOutcome::NotRunning,
    }
}
