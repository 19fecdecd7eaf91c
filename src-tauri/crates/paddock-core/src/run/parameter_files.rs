//! Files that parameters name: put in the place of words, and checked to be there, and to be what they are taken for, before
//! an engine is started. Some builds crash without a word on a projector or an adapter that is none.

use std::path::{Path, PathBuf};

use gguf::ModelInfo;
use load_params::{LoadParams, Template, adapter};
use settings::SettingsDocument;

use crate::list_models::what_else_it_is;
use crate::params_error::ParamsError;

/// The parameters as the engine is told them: the paired projector for `auto`, and a model's file for its key.
/// `architecture` is the model's, where it is known.
///
/// # Errors
/// [`ParamsError::FileMissing`] and [`ParamsError::DraftUnknown`]. Reads the disk.
pub(crate) fn resolved(
    params: &LoadParams,
    projector: Option<&Path>,
    architecture: Option<&str>,
    settings: &SettingsDocument,
) -> Result<LoadParams, ParamsError> {
    let mut params = params.clone();
    if params.mmproj.as_deref() == Some("auto") {
        params.mmproj = projector.map(|path| path.display().to_string());
    }
    if let Some(path) = params.projector() {
        let path = Path::new(path);
        check("mmproj", path)?;
        // The paired one is known to be one.
        if projector != Some(path) {
            check_kind("mmproj", path, |info| {
                let is_projector = info.file_kind.as_deref() == Some("mmproj")
                    || info.architecture.as_deref() == Some("clip");
                (!is_projector).then(|| format!("it is {}, not a vision projector", kind(info)))
            })?;
        }
    }
    for item in params.lora.iter().flatten() {
        let path = Path::new(adapter(item).0);
        check("lora", path)?;
        check_kind("lora", path, |info| {
            if info.file_kind.as_deref() != Some("adapter") {
                return Some(format!("it is {}, not a LoRA adapter", kind(info)));
            }
            match (info.architecture.as_deref(), architecture) {
                (Some(made_for), Some(model)) if made_for != model => Some(format!(
                    "it was made for models of the architecture {made_for}, and this one is {model}"
                )),
                _ => None,
            }
        })?;
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
    if path.is_absolute() {
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
    // The engine has another working folder than whoever asks.
    if !path.is_absolute() {
        return missing("it is not a whole path, from the root on");
    }
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

/// What is wrong with a file, by its header. One that we cannot read is left to the engine's judgement.
fn check_kind(
    param: &'static str,
    path: &Path,
    wrong: impl FnOnce(&ModelInfo) -> Option<String>,
) -> Result<(), ParamsError> {
    let Ok(header) = gguf::read_header(path) else {
        return Ok(());
    };
    match wrong(&header.model_info(&path.display().to_string())) {
        Some(reason) => Err(ParamsError::FileMissing {
            param,
            path: path.to_owned(),
            reason,
        }),
        None => Ok(()),
    }
}

fn kind(info: &ModelInfo) -> &'static str {
    what_else_it_is(info).map_or("a model", |what| what.split(',').next().unwrap_or(what))
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
            let error = resolved(&read(wish), None, None, &settings).unwrap_err();
            assert_eq!(error.code(), "parameter_file_missing");
            assert!(error.to_string().contains(&format!("`{param}`")), "{error}");
            assert!(error.to_string().contains("/nowhere/"), "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        let wish = read(json!({ "mmproj": folder.path().display().to_string() }));
        let error = resolved(&wish, None, None, &settings).unwrap_err();
        assert!(error.to_string().ends_with("it is a folder"), "{error}");
    }

    /// b10068 ends with a memory fault on both adapters, and says of the projector that the model's file is missing.
    #[test]
    fn a_file_of_another_kind_and_a_path_from_nowhere_are_named_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: Vec<u8>| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path.display().to_string()
        };
        let model = file("model.gguf", gguf::tiny::bytes());
        let adapter = file("adapter.gguf", gguf::companions::adapter("llama"));
        let other = file("other.gguf", gguf::companions::adapter("gemma3"));
        let projector = file("projector.gguf", gguf::companions::projector());
        let settings = SettingsDocument::default();
        let ask = |wish: Value| resolved(&read(wish), None, Some("llama"), &settings);
        for (wish, reason) in [
            (
                json!({ "mmproj": model }),
                "it is a model, not a vision projector",
            ),
            (
                json!({ "mmproj": adapter }),
                "it is a LoRA adapter, not a vision projector",
            ),
            (
                json!({ "lora": [projector] }),
                "it is a vision projector, not a LoRA adapter",
            ),
            (
                json!({ "lora": [other] }),
                "it was made for models of the architecture gemma3, and this one is llama",
            ),
            (
                json!({ "lora": ["adapter.gguf"] }),
                "it is not a whole path, from the root on",
            ),
        ] {
            let error = ask(wish).unwrap_err().to_string();
            assert!(error.ends_with(reason), "{error}");
        }
        ask(json!({ "mmproj": projector, "lora": [adapter] })).unwrap();
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
        let done = resolved(&wish, Some(&file), None, &settings).unwrap();
        let file = file.display().to_string();
        assert_eq!(done.draft_model.as_deref(), Some(file.as_str()));
        assert_eq!(done.mmproj.as_deref(), Some(file.as_str()));
        assert_eq!(resolved(&wish, None, None, &settings).unwrap().mmproj, None);
        let error =
            resolved(&read(json!({ "draftModel": "b" })), None, None, &settings).unwrap_err();
        assert_eq!(error.code(), "draft_model_not_found");
    }
}
