//! The parameters saved for a model: read, changed, replaced. They are what every way to load it begins with.

use load_params::{LoadParams, Severity};
use serde_json::Value;
use settings::ModelEntry;

use crate::core::Core;
use crate::error::Error;
use crate::params::limits;
use crate::presets::to_map;

impl Core {
    /// The parameters saved for a model.
    ///
    /// # Errors
    /// The model is unknown, or what is saved cannot be read.
    pub async fn saved_params(&self, request: &str) -> Result<LoadParams, Error> {
        let (key, entry) = self.find_model(request).await?;
        saved_params(&key, &entry)
    }

    /// Changes what is saved for a model: `over` wins over what is there, and the parameters named in `cleared` go.
    ///
    /// # Errors
    /// As [`Core::save_params`].
    pub async fn change_saved_params(
        &self,
        request: &str,
        over: &LoadParams,
        cleared: &[String],
    ) -> Result<(), Error> {
        let mut params = self.saved_params(request).await?.merged(over);
        for name in cleared {
            load_params::set(&mut params, name, "")
                .map_err(|source| Error::Params { key: None, source })?;
        }
        self.save_params(request, &params).await
    }

    /// Saves parameters for a model: all of them, replacing what was saved.
    ///
    /// # Errors
    /// A parameter is out of range, the model is unknown, or the settings cannot be saved.
    pub async fn save_params(&self, request: &str, params: &LoadParams) -> Result<(), Error> {
        let (key, entry) = self.find_model(request).await?;
        let path = entry.path;
        let facts = self
            .blocking(move |core| core.check_model_file(&path).ok().flatten())
            .await?;
        let mut problems = load_params::validate(params, &limits(facts.as_ref()));
        problems.retain(|problem| problem.severity == Severity::Error);
        if !problems.is_empty() {
            return Err(Error::InvalidParams { problems });
        }
        let map = to_map(params);
        self.update_settings(|settings| {
            if let Some(entry) = settings.models.get_mut(&key) {
                entry.params = map;
            }
        })
    }
}

/// What the settings hold for a model.
///
/// # Errors
/// It cannot be read.
pub(crate) fn saved_params(key: &str, entry: &ModelEntry) -> Result<LoadParams, Error> {
    parse_params(&entry.params).map_err(|reason| Error::SavedParams {
        key: key.to_owned(),
        reason,
    })
}

fn parse_params(map: &serde_json::Map<String, Value>) -> Result<LoadParams, String> {
    serde_json::from_value(Value::Object(map.clone())).map_err(|error| error.to_string())
}
