//! For how long a model stays: whether it is kept, when it ends for want of requests, whether it is loaded at the start.

use crate::core::Core;
use crate::error::Error;
use crate::list_models::ModelView;

/// What changes; `None` leaves a thing as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ModelPolicy {
    /// Seconds without a request after which it ends: 0 at once, -1 never; `Some(None)` for what the limits say.
    pub ttl_seconds: Option<Option<i64>>,
    /// Never ended to make room for another, and not when it is idle.
    pub keep_loaded: Option<bool>,
    /// Loaded when the host starts.
    pub load_at_start: Option<bool>,
}

impl Core {
    /// Changes for how long a model stays. It counts at once for one that is loaded.
    ///
    /// # Errors
    /// The library has no such model, or the settings cannot be saved.
    pub async fn set_model_policy(
        &self,
        request: &str,
        policy: ModelPolicy,
    ) -> Result<ModelView, Error> {
        let (key, _) = self.find_model(request).await?;
        self.update_settings(|settings| {
            if let Some(entry) = settings.models.get_mut(&key) {
                entry.ttl_seconds = policy.ttl_seconds.unwrap_or(entry.ttl_seconds);
                entry.keep_loaded = policy.keep_loaded.unwrap_or(entry.keep_loaded);
                entry.load_at_start = policy.load_at_start.unwrap_or(entry.load_at_start);
            }
        })?;
        self.scheduling_has_changed();
        self.model_view(key).await
    }
}
