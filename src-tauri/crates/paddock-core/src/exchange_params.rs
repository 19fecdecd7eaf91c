//! Parameters as a document, to keep or to give to others: one preset, what is saved for one model, or all.
//!
//! Importing is all or nothing: the whole document is read and checked before anything is saved. Left out: files that
//! parameters name; a path of one machine may mean nothing on another, and is checked when a model is loaded.

use indexmap::IndexMap;
use load_params::LoadParams;
use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::error::Error;
use crate::params_error::ParamsError;
use crate::presets::{check_params, checked_name, default_params, preset_params, to_map};
use crate::saved_params::saved_params;

const FORMAT: &str = "paddock-parameters";
const VERSION: u32 = 1;

/// What is to be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportWhat<'a> {
    /// The preset of this name.
    Preset(&'a str),
    /// What is saved for this model, with the preset that it uses.
    Model(&'a str),
    /// Every preset, every model's parameters, and the defaults.
    All,
}

/// The document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParamsExport {
    /// What this is, for who finds the file.
    pub format: String,
    /// Which shape of it.
    pub version: u32,
    /// Presets by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub presets: IndexMap<String, LoadParams>,
    /// Models by key.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub models: IndexMap<String, ModelParams>,
    /// The defaults for all models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defaults: Option<LoadParams>,
}

/// What is saved for one model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelParams {
    /// Its own parameters.
    #[serde(default)]
    pub params: LoadParams,
    /// The preset that it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
}

/// What an import changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParamsImported {
    /// Presets that are saved now, by name.
    pub presets: Vec<String>,
    /// Models whose parameters are other ones now, by key.
    pub models: Vec<String>,
    /// The defaults are other ones now.
    pub defaults: bool,
    /// Models of the document that are not here.
    pub missing_models: Vec<String>,
}

impl Core {
    /// Parameters as a document.
    ///
    /// # Errors
    /// Preset or model are unknown, or what is saved cannot be read.
    pub async fn export_params(&self, what: ExportWhat<'_>) -> Result<ParamsExport, Error> {
        let mut export = ParamsExport {
            format: FORMAT.to_owned(),
            version: VERSION,
            presets: IndexMap::new(),
            models: IndexMap::new(),
            defaults: None,
        };
        let settings = self.settings();
        let preset = |name: &str| preset_params(&settings, name);
        match what {
            ExportWhat::Preset(name) => {
                export.presets.insert(name.to_owned(), preset(name)?);
            }
            ExportWhat::Model(request) => {
                let (key, entry) = self.find_model(request).await?;
                if let Some(name) = &entry.preset {
                    export.presets.insert(name.clone(), preset(name)?);
                }
                let params = saved_params(&key, &entry)?;
                let preset = entry.preset;
                export.models.insert(key, ModelParams { params, preset });
            }
            ExportWhat::All => {
                for name in settings.presets.keys() {
                    export.presets.insert(name.clone(), preset(name)?);
                }
                for (key, entry) in &settings.models {
                    let params = saved_params(key, entry)?;
                    if params.is_empty() && entry.preset.is_none() {
                        continue;
                    }
                    let preset = entry.preset.clone();
                    export
                        .models
                        .insert(key.clone(), ModelParams { params, preset });
                }
                let defaults = default_params(&settings)?;
                export.defaults = Some(defaults).filter(|params| !params.is_empty());
            }
        }
        Ok(export)
    }

    /// Takes over a document: its presets, its models' parameters, its defaults, replacing what has the same name. With
    /// `into`, the one model of the document is that one here, and bare parameters, as the window copies them, are its.
    ///
    /// # Errors
    /// The text is no such document, something in it is not allowed, or the settings cannot be saved. Then nothing
    /// changed.
    pub async fn import_params(
        &self,
        text: &str,
        into: Option<&str>,
    ) -> Result<ParamsImported, Error> {
        let target = match into {
            Some(request) => Some(self.find_model(request).await?),
            None => None,
        };
        let mut export = match target.as_ref().and_then(|_| bare_params(text)) {
            Some(params) => {
                let preset = target.as_ref().and_then(|(_, entry)| entry.preset.clone());
                ParamsExport::of_model(params?, preset)?
            }
            None => ParamsExport::parse(text)?,
        };
        if let Some((key, _)) = target {
            let one = (export.models.len() == 1).then(|| export.models.shift_remove_index(0));
            let Some((_, params)) = one.flatten() else {
                return Err(not_an_export(
                    "it is not about one model, so it cannot be taken for this one".to_owned(),
                ));
            };
            export.models.insert(key, params);
        }
        let settings = self.settings();
        for (key, model) in &export.models {
            if let Some(name) = &model.preset
                && !export.presets.contains_key(name)
                && !settings.presets.contains_key(name)
            {
                return Err(not_an_export(format!(
                    "{key} uses the preset {name:?}, which is neither in it nor here"
                )));
            }
        }
        let (here, missing): (Vec<_>, Vec<_>) = export
            .models
            .into_iter()
            .partition(|(key, _)| settings.models.contains_key(key));
        let done = ParamsImported {
            presets: export.presets.keys().cloned().collect(),
            models: here.iter().map(|(key, _)| key.clone()).collect(),
            defaults: export.defaults.is_some(),
            missing_models: missing.into_iter().map(|(key, _)| key).collect(),
        };
        self.update_settings(|settings| {
            for (name, params) in &export.presets {
                let json = serde_json::Value::Object(to_map(params));
                settings.presets.insert(name.clone(), json);
            }
            for (key, model) in here {
                if let Some(entry) = settings.models.get_mut(&key) {
                    entry.params = to_map(&model.params);
                    entry.preset = model.preset;
                }
            }
            if let Some(defaults) = &export.defaults {
                settings.model_defaults = to_map(defaults);
            }
        })?;
        Ok(done)
    }
}

/// Parameters without a document around them; none where it is one, or neither.
fn bare_params(text: &str) -> Option<Result<LoadParams, Error>> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let is_bare = value
        .as_object()
        .is_some_and(|object| !object.is_empty() && !object.contains_key("format"));
    is_bare.then(|| serde_json::from_value(value).map_err(|error| not_an_export(error.to_string())))
}

impl ParamsExport {
    /// About one model whose name does not matter.
    fn of_model(params: LoadParams, preset: Option<String>) -> Result<Self, Error> {
        check_params(&params)?;
        let model = ModelParams { params, preset };
        Ok(Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            presets: IndexMap::new(),
            models: std::iter::once((String::new(), model)).collect(),
            defaults: None,
        })
    }

    /// Reads a document, and checks every name and parameter in it.
    ///
    /// # Errors
    /// The text is no such document, or something in it is not allowed.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut export: Self =
            serde_json::from_str(text).map_err(|error| not_an_export(error.to_string()))?;
        if export.format != FORMAT {
            return Err(not_an_export(format!("its format is {:?}", export.format)));
        }
        if export.version != VERSION {
            return Err(not_an_export(format!(
                "it is of version {}, and this Paddock reads version {VERSION}",
                export.version
            )));
        }
        for (name, params) in &export.presets {
            checked_name(name)?;
            check_params(params)?;
        }
        for model in export.models.values() {
            check_params(&model.params)?;
        }
        export.defaults.iter().try_for_each(check_params)?;
        // Presets are saved without the blanks around their names; whoever uses one must mean the same.
        let presets = std::mem::take(&mut export.presets).into_iter();
        export.presets = presets
            .map(|(name, params)| (name.trim().to_owned(), params))
            .collect();
        for model in export.models.values_mut() {
            model.preset = model.preset.take().map(|name| name.trim().to_owned());
        }
        Ok(export)
    }

    /// What in it reaches further than the models, each once; see [`LoadParams::reach`].
    #[must_use]
    pub fn reach(&self) -> Vec<String> {
        let presets = self.presets.values();
        let models = self.models.values().map(|model| &model.params);
        let all = presets.chain(models).chain(&self.defaults);
        let mut reach: Vec<String> = all.flat_map(LoadParams::reach).collect();
        reach.sort_unstable();
        reach.dedup();
        reach
    }
}

fn not_an_export(reason: String) -> Error {
    ParamsError::NotAnExport { reason }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::open_for_test;
    use serde_json::{Value, json};

    fn read(json: Value) -> LoadParams {
        serde_json::from_value(json).unwrap()
    }

    async fn with_model(root: &std::path::Path) -> (Core, String) {
        let core = open_for_test(root);
        let folder = core.models_folder();
        std::fs::create_dir_all(&folder).unwrap();
        gguf::tiny::write(&folder.join("m.gguf")).unwrap();
        let key = core.list_models().await.unwrap()[0].key.clone();
        (core, key)
    }

    #[tokio::test]
    async fn what_is_exported_can_be_imported_elsewhere() {
        let home = tempfile::tempdir().unwrap();
        let (core, key) = with_model(home.path()).await;
        let params = read(json!({ "ctxSize": 2048, "lora": ["/a.gguf:0.5"], "env": { "A": "1" } }));
        core.save_params("m", &params).await.unwrap();
        core.save_preset("fast", &read(json!({ "threads": 2 })))
            .unwrap();
        core.use_preset("m", Some("fast")).await.unwrap();
        core.save_model_defaults(&read(json!({ "mlock": true })))
            .unwrap();
        let all = core.export_params(ExportWhat::All).await.unwrap();
        let text = serde_json::to_string_pretty(&all).unwrap();

        let home = tempfile::tempdir().unwrap();
        let (other, _) = with_model(home.path()).await;
        let done = other.import_params(&text, None).await.unwrap();
        assert_eq!(done.models, std::slice::from_ref(&key));
        assert_eq!(done.presets, ["fast"]);
        assert!(done.defaults && done.missing_models.is_empty());
        assert_eq!(other.export_params(ExportWhat::All).await.unwrap(), all);

        // One preset, one model: also into a model of another name.
        let one = core
            .export_params(ExportWhat::Preset("fast"))
            .await
            .unwrap();
        assert_eq!((one.presets.len(), one.models.len()), (1, 0));
        let mut one = core.export_params(ExportWhat::Model("m")).await.unwrap();
        let model = one.models.shift_remove(&key).unwrap();
        one.models.insert("someone/else".to_owned(), model);
        let text = serde_json::to_string(&one).unwrap();
        let done = other.import_params(&text, None).await.unwrap();
        assert_eq!(done.missing_models, ["someone/else"]);
        let done = other.import_params(&text, Some("m")).await.unwrap();
        assert_eq!(done.models, [key]);
    }

    /// What the window copies as JSON can be imported for a model, which keeps its preset; without a model it is nothing.
    #[tokio::test]
    async fn bare_parameters_are_taken_for_the_model_that_is_named() {
        let home = tempfile::tempdir().unwrap();
        let (core, key) = with_model(home.path()).await;
        core.save_preset("fast", &read(json!({ "threads": 2 })))
            .unwrap();
        core.use_preset("m", Some("fast")).await.unwrap();
        let bare = json!({ "ctxSize": 2048, "flashAttn": true });
        let done = core.import_params(&bare.to_string(), Some("m")).await;
        assert_eq!(done.unwrap().models, [key]);
        assert_eq!(core.saved_params("m").await.unwrap(), read(bare.clone()));
        assert_eq!(core.preset("fast").unwrap().used_by.len(), 1);

        let without = core.import_params(&bare.to_string(), None).await;
        assert_eq!(without.unwrap_err().code(), "invalid_parameters_file");
        for (wrong, words) in [
            (json!({ "ctxSize": "many" }), "ctxSize"),
            (json!({ "noSuchThing": 1 }), "noSuchThing"),
            (json!({ "threads": 0 }), "threads"),
        ] {
            let error = core.import_params(&wrong.to_string(), Some("m")).await;
            let error = error.unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert_eq!(core.saved_params("m").await.unwrap(), read(bare));
    }

    #[tokio::test]
    async fn blanks_around_a_presets_name_part_no_model_from_it() {
        let home = tempfile::tempdir().unwrap();
        let (core, key) = with_model(home.path()).await;
        let text = json!({
            "format": FORMAT, "version": 1, "presets": { " fast ": { "threads": 2 } },
            "models": { &key: { "preset": " fast " } },
        });
        let done = core.import_params(&text.to_string(), None).await.unwrap();
        assert_eq!(done.presets, ["fast"]);
        assert_eq!(core.preset("fast").unwrap().used_by, [key]);
    }

    #[tokio::test]
    async fn what_is_wrong_changes_nothing_and_is_named() {
        let home = tempfile::tempdir().unwrap();
        let (core, _) = with_model(home.path()).await;
        let before = core.settings();
        let document = |change: Value| {
            let mut all =
                json!({ "format": FORMAT, "version": 1, "presets": { "a": { "threads": 1 } } });
            for (name, value) in change.as_object().unwrap() {
                all[name] = value.clone();
            }
            all.to_string()
        };
        for (text, words) in [
            ("nothing".to_owned(), "expected"),
            ("{}".to_owned(), "format"),
            (document(json!({ "format": "x" })), "its format is \"x\""),
            (document(json!({ "version": 2 })), "version 2"),
            (document(json!({ "extra": 1 })), "unknown field"),
            (
                document(json!({ "defaults": { "threads": 0 } })),
                "`threads` cannot be `0`",
            ),
            (
                document(json!({ "defaults": { "cpuMoe": true, "nCpuMoe": 1 } })),
                "cpuMoe",
            ),
            (
                document(json!({ "models": { "m": { "preset": "b" } } })),
                "uses the preset \"b\"",
            ),
        ] {
            let error = core.import_params(&text, None).await.unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
            assert!(!error.hint().is_empty());
        }
        let error = core.import_params(&document(json!({})), Some("m")).await;
        assert_eq!(error.unwrap_err().code(), "invalid_parameters_file");
        assert_eq!(core.settings(), before);
    }
}
