//! Named presets, and the defaults for all models.
//!
//! A model that uses a preset takes from it what its own parameters leave open; a load may name another for once. Presets are
//! kept as they were saved, for any engine: what one cannot honour is told when a model is loaded.

use load_params::{LoadParams, Severity, TABLE};
use serde::Serialize;
use serde_json::{Map, Value};
use settings::SettingsDocument;

use crate::core::Core;
use crate::error::Error;
use crate::params_error::ParamsError;

const LONGEST_NAME: usize = 64;

/// A preset in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PresetView {
    /// Its name.
    pub name: String,
    /// What it sets.
    pub params: LoadParams,
    /// The models that use it, by key.
    pub used_by: Vec<String>,
}

impl Core {
    /// All presets, in the order in which they were made. One that cannot be read is shown empty.
    #[must_use]
    pub fn presets(&self) -> Vec<PresetView> {
        let settings = self.settings();
        settings
            .presets
            .keys()
            .map(|name| PresetView {
                name: name.clone(),
                params: preset_params(&settings, name).unwrap_or_default(),
                used_by: users(&settings, name),
            })
            .collect()
    }

    /// The preset of this name.
    ///
    /// # Errors
    /// There is none of the name, or it cannot be read.
    pub fn preset(&self, name: &str) -> Result<PresetView, Error> {
        let settings = self.settings();
        Ok(PresetView {
            name: name.to_owned(),
            params: preset_params(&settings, name)?,
            used_by: users(&settings, name),
        })
    }

    /// Saves a preset; one of this name is replaced.
    ///
    /// # Errors
    /// The name or a parameter is not allowed, or the settings cannot be saved.
    pub fn save_preset(&self, name: &str, params: &LoadParams) -> Result<PresetView, Error> {
        let name = checked_name(name)?;
        check_params(params)?;
        let json = Value::Object(to_map(params));
        self.update_settings(|settings| settings.presets.insert(name.to_owned(), json))?;
        Ok(PresetView {
            name: name.to_owned(),
            params: params.clone(),
            used_by: users(&self.settings(), name),
        })
    }

    /// Removes a preset. Models that used it go on with their own parameters.
    ///
    /// # Errors
    /// There is none of the name, or the settings cannot be saved.
    pub fn remove_preset(&self, name: &str) -> Result<(), Error> {
        known(&self.settings(), name)?;
        self.update_settings(|settings| {
            settings.presets.shift_remove(name);
            for entry in settings.models.values_mut() {
                entry.preset.take_if(|used| used == name);
            }
        })
    }

    /// Gives a preset another name; models that use it follow.
    ///
    /// # Errors
    /// There is none of the name, the new one is taken or not allowed, or the settings cannot be saved.
    pub fn rename_preset(&self, name: &str, to: &str) -> Result<(), Error> {
        let to = checked_name(to)?;
        let settings = self.settings();
        known(&settings, name)?;
        if to == name {
            return Ok(());
        }
        if settings.presets.contains_key(to) {
            return Err(ParamsError::PresetName {
                name: to.to_owned(),
                reason: "another preset has this name",
            }
            .into());
        }
        self.update_settings(|settings| {
            // Its place in the list stays.
            settings.presets = std::mem::take(&mut settings.presets)
                .into_iter()
                .map(|(old, params)| {
                    let name = if old == name { to.to_owned() } else { old };
                    (name, params)
                })
                .collect();
            for entry in settings.models.values_mut() {
                if entry.preset.as_deref() == Some(name) {
                    entry.preset = Some(to.to_owned());
                }
            }
        })
    }

    /// Lets a model use a preset from now on; none where none is named.
    ///
    /// # Errors
    /// Model or preset are unknown, or the settings cannot be saved.
    pub async fn use_preset(&self, request: &str, preset: Option<&str>) -> Result<(), Error> {
        if let Some(name) = preset {
            known(&self.settings(), name)?;
        }
        let (key, _) = self.find_model(request).await?;
        self.update_settings(|settings| {
            if let Some(entry) = settings.models.get_mut(&key) {
                entry.preset = preset.map(str::to_owned);
            }
        })
    }

    /// The defaults for all models.
    ///
    /// # Errors
    /// What is saved cannot be read.
    pub fn model_defaults(&self) -> Result<LoadParams, Error> {
        default_params(&self.settings())
    }

    /// Saves the defaults for all models, replacing what was saved.
    ///
    /// # Errors
    /// A parameter is not allowed, or the settings cannot be saved.
    pub fn save_model_defaults(&self, params: &LoadParams) -> Result<(), Error> {
        check_params(params)?;
        let map = to_map(params);
        self.update_settings(|settings| settings.model_defaults = map)
    }

    /// Changes the defaults for all models: `over` wins over what is there, and the parameters named in `cleared` go.
    /// What they are then.
    ///
    /// # Errors
    /// As [`Core::save_model_defaults`].
    pub fn change_model_defaults(
        &self,
        over: &LoadParams,
        cleared: &[String],
    ) -> Result<LoadParams, Error> {
        let mut params = self.model_defaults()?.merged(over);
        for name in cleared {
            load_params::set(&mut params, name, "")
                .map_err(|source| Error::Params { key: None, source })?;
        }
        // Reading alone writes nothing.
        if !over.is_empty() || !cleared.is_empty() {
            self.save_model_defaults(&params)?;
        }
        Ok(params)
    }
}

/// The parameters of the preset with this name.
pub(crate) fn preset_params(settings: &SettingsDocument, name: &str) -> Result<LoadParams, Error> {
    let json = known(settings, name)?;
    serde_json::from_value(json.clone()).map_err(|source| {
        ParamsError::UnreadablePreset {
            name: name.to_owned(),
            reason: source.to_string(),
        }
        .into()
    })
}

/// The defaults for all models, as they are saved.
pub(crate) fn default_params(settings: &SettingsDocument) -> Result<LoadParams, Error> {
    let json = Value::Object(settings.model_defaults.clone());
    serde_json::from_value(json).map_err(|source| Error::SavedParams {
        key: "all models".to_owned(),
        reason: source.to_string(),
    })
}

/// What no model and no engine could take is refused when it is saved.
pub(crate) fn check_params(params: &LoadParams) -> Result<(), Error> {
    let mut problems = load_params::validate(params, &load_params::Limits::default());
    problems.retain(|problem| problem.severity == Severity::Error);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::InvalidParams { problems })
    }
}

/// As the settings keep them.
pub(crate) fn to_map(params: &LoadParams) -> Map<String, Value> {
    match serde_json::to_value(params) {
        Ok(Value::Object(map)) => map,
        // Parameters are an object.
        _ => Map::with_capacity(TABLE.len()),
    }
}

/// The name without blanks around it, if a preset may have it.
pub(crate) fn checked_name(name: &str) -> Result<&str, ParamsError> {
    let trimmed = name.trim();
    let reason = if trimmed.is_empty() {
        "it is empty"
    } else if trimmed.chars().count() > LONGEST_NAME {
        "it is too long"
    } else if trimmed.chars().any(char::is_control) {
        "it has characters that cannot be shown"
    } else {
        return Ok(trimmed);
    };
    Err(ParamsError::PresetName {
        name: name.to_owned(),
        reason,
    })
}

fn known<'a>(settings: &'a SettingsDocument, name: &str) -> Result<&'a Value, ParamsError> {
    let unknown = || ParamsError::UnknownPreset {
        name: name.to_owned(),
        known: settings.presets.keys().cloned().collect(),
    };
    settings.presets.get(name).ok_or_else(unknown)
}

fn users(settings: &SettingsDocument, name: &str) -> Vec<String> {
    let models = settings.models.iter();
    models
        .filter(|(_, entry)| entry.preset.as_deref() == Some(name))
        .map(|(key, _)| key.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::open_for_test;
    use serde_json::json;

    fn read(json: Value) -> LoadParams {
        serde_json::from_value(json).unwrap()
    }

    #[tokio::test]
    async fn models_follow_a_preset_that_is_renamed_and_lose_one_that_is_removed() {
        let home = tempfile::tempdir().unwrap();
        let core = open_for_test(home.path());
        let folder = core.models_folder();
        std::fs::create_dir_all(&folder).unwrap();
        gguf::tiny::write(&folder.join("m.gguf")).unwrap();
        let key = core.list_models().await.unwrap()[0].key.clone();

        core.save_preset("other", &LoadParams::default()).unwrap();
        let long = read(json!({ "ctxSize": 4096 }));
        core.save_preset(" long ", &long).unwrap();
        core.use_preset("m", Some("long")).await.unwrap();
        core.rename_preset("long", "far").unwrap();
        let presets = core.presets();
        assert_eq!(
            presets,
            [
                PresetView {
                    name: "other".into(),
                    params: LoadParams::default(),
                    used_by: vec![]
                },
                PresetView {
                    name: "far".into(),
                    params: long,
                    used_by: vec![key.clone()]
                },
            ]
        );
        for (error, code) in [
            (core.rename_preset("far", "other"), "invalid_preset_name"),
            (core.rename_preset("none", "new"), "preset_not_found"),
            (core.remove_preset("none"), "preset_not_found"),
            (core.use_preset("m", Some("none")).await, "preset_not_found"),
        ] {
            let error = error.unwrap_err();
            assert_eq!(error.code(), code);
            assert!(!error.hint().is_empty());
        }
        core.remove_preset("far").unwrap();
        assert_eq!(core.settings().models[&key].preset, None);
    }

    #[test]
    fn what_cannot_work_is_not_saved() {
        let home = tempfile::tempdir().unwrap();
        let core = open_for_test(home.path());
        let wrong = read(json!({ "cpuMoe": true, "nCpuMoe": 3 }));
        assert!(core.save_preset("x", &wrong).is_err());
        assert!(core.save_model_defaults(&wrong).is_err());
        for name in ["", "  ", "a\nb", &"x".repeat(65)] {
            let saved = core.save_preset(name, &LoadParams::default());
            assert_eq!(saved.unwrap_err().code(), "invalid_preset_name");
        }
        assert!(core.presets().is_empty());
        let fine = read(json!({ "threads": 2 }));
        core.save_model_defaults(&fine).unwrap();
        assert_eq!(core.model_defaults().unwrap(), fine);
    }
}
