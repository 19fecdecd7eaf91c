//! Files that parameters name: put in the place of words, and checked to be there before an engine is started.

use std::path::{Path, PathBuf};

use load_params::{LoadParams, Template, adapter};
use settings::SettingsDocument;

use crate::params_error::ParamsError;

/// The parameters as the engine is told them: the paired projector for `auto`, and a model's file for its key.
///
/// # Errors
/// [`ParamsError::FileMissing`] and [`ParamsError::DraftUnknown`]. Reads the disk.
pub(crate) fn resolved(
    params: &LoadParams,
    projector: Option<&Path>,
    settings: &SettingsDocument,
) -> Result<LoadParams, ParamsError> {
    let mut params = params.clone();
    if params.mmproj.as_deref() == Some("auto") {
        params.mmproj = projector.map(|path| path.display().to_string());
    }
    if let Some(path) = params.projector() {
        check("mmproj", Path::new(path))?;
    }
    for item in params.lora.iter().flatten() {
        check("lora", Path::new(adapter(item).0))?;
    }
    if let Some(Template::File(path)) = params.chat_template.as_deref().map(Template::of) {
        check("chatTemplate", Path::new(path))?;
    }
    if let Some(draft) = params.draft_model.take() {
        let path = draft_file(&draft, settings)?;
        params.draft_model = Some(path.display().to_string());
    }
    Ok(params)
}

/// A path, or the file of a model with this key.
fn draft_file(draft: &str, settings: &SettingsDocument) -> Result<PathBuf, ParamsError> {
    let path = Path::new(draft);
    if path.is_absolute() || path.is_file() {
        check("draftModel", path)?;
        return Ok(path.to_owned());
    }
    let keys = settings.models.keys().map(String::as_str);
    let unknown = |reason: String| ParamsError::DraftUnknown {
        draft: draft.to_owned(),
        reason,
    };
    let key = library::resolve_key(draft, keys).map_err(|source| unknown(source.to_string()))?;
    let entry = settings.models.get(key);
    let path = entry.map(|entry| entry.path.clone()).unwrap_or_default();
    check("draftModel", &path)?;
    Ok(path)
}

fn check(param: &'static str, path: &Path) -> Result<(), ParamsError> {
    let missing = |reason: &str| {
        Err(ParamsError::FileMissing {
            param,
            path: path.to_owned(),
            reason: reason.to_owned(),
        })
    };
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => missing("it is a folder"),
        Ok(_) => match std::fs::File::open(path) {
            Ok(_) => Ok(()),
            Err(error) => missing(&error.to_string()),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            missing("there is no such file")
        }
        Err(error) => missing(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use settings::ModelEntry;

    fn read(json: Value) -> LoadParams {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_file_that_is_not_there_is_named_before_the_engine_starts() {
        let settings = SettingsDocument::default();
        for (wish, param) in [
            (json!({ "mmproj": "/nowhere/p.gguf" }), "mmproj"),
            (json!({ "lora": ["/nowhere/a.gguf:0.5"] }), "lora"),
            (json!({ "draftModel": "/nowhere/d.gguf" }), "draftModel"),
            (
                json!({ "chatTemplate": "/nowhere/t.jinja" }),
                "chatTemplate",
            ),
        ] {
            let error = resolved(&read(wish), None, &settings).unwrap_err();
            assert_eq!(error.code(), "parameter_file_missing");
            assert!(error.to_string().contains(&format!("`{param}`")), "{error}");
            assert!(error.to_string().contains("/nowhere/"), "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        let wish = read(json!({ "mmproj": folder.path().display().to_string() }));
        let error = resolved(&wish, None, &settings).unwrap_err();
        assert!(error.to_string().ends_with("it is a folder"), "{error}");
    }

    #[test]
    fn words_become_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("d.gguf");
        std::fs::write(&file, b"x").unwrap();
        let mut settings = SettingsDocument::default();
        let entry = ModelEntry::new(file.clone());
        settings.models.insert("a/draft".to_owned(), entry);
        let wish = read(json!({ "draftModel": "draft", "mmproj": "auto" }));
        let done = resolved(&wish, Some(&file), &settings).unwrap();
        let file = file.display().to_string();
        assert_eq!(done.draft_model.as_deref(), Some(file.as_str()));
        assert_eq!(done.mmproj.as_deref(), Some(file.as_str()));
        assert_eq!(resolved(&wish, None, &settings).unwrap().mmproj, None);
        let error = resolved(&read(json!({ "draftModel": "b" })), None, &settings).unwrap_err();
        assert_eq!(error.code(), "draft_model_not_found");
    }
}
