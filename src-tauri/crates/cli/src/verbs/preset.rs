//! Presets, the defaults for all models, and parameters as files: `preset …`.

use std::io::Read;
use std::path::Path;

use gateway::{ExportParams, ImportParams, NamedPreset, SavePreset, SetDefaults, UsePreset};
use paddock_core::ParamsExport;
use serde_json::Value;

use crate::door::{Door, encode};
use crate::failure::Failure;
use crate::output::{self, cell};
use crate::preset_arguments::Preset;

pub(super) async fn run(preset: Preset, json: bool) -> Result<(), Failure> {
    // What is not there is told before anything is opened.
    let file = match &preset {
        Preset::Import { file, trust, .. } => Some(trusted(document(file)?, *trust)?),
        _ => None,
    };
    let door = Door::open().await?;
    let (value, text) = match preset {
        Preset::Ls => {
            let presets = door.get("/api/v1/presets").await?["presets"].take();
            if !json {
                list(&presets);
                return Ok(());
            }
            (presets, String::new())
        }
        Preset::Show { name } => {
            let path = format!("/api/v1/presets/{}", encode(&name));
            let preset = door.get(&path).await?;
            if !json {
                table(&preset["params"]);
                return Ok(());
            }
            (preset, String::new())
        }
        Preset::Save { name, from, params } => {
            let params = params.params;
            let body = SavePreset { name, params, from };
            let saved = door.post("/api/v1/presets", &body).await?;
            let text = format!("{} is saved", cell(&saved["name"]));
            (saved, text)
        }
        Preset::Rm { name } => {
            let text = format!("{name} is removed");
            let body = NamedPreset { name, to: None };
            (door.post("/api/v1/presets/remove", &body).await?, text)
        }
        Preset::Rename { name, to } => {
            let text = format!("{name} is {} now", to.trim());
            let body = NamedPreset { name, to: Some(to) };
            (door.post("/api/v1/presets/rename", &body).await?, text)
        }
        Preset::Use { key, name } => {
            let body = UsePreset {
                model: key,
                preset: name,
            };
            let used = door.post("/api/v1/models/preset", &body).await?;
            let text = match used["preset"].as_str() {
                Some(preset) => format!("{} uses {preset} from now on", cell(&used["key"])),
                None => format!("{} uses no preset any more", cell(&used["key"])),
            };
            (used, text)
        }
        Preset::Defaults { params } => {
            let body = SetDefaults {
                params: params.params,
                cleared: params.cleared,
            };
            let defaults = door.post("/api/v1/models/defaults", &body).await?;
            if !json {
                table(&defaults);
                return Ok(());
            }
            (defaults, String::new())
        }
        Preset::Export { name, model } => {
            let body = ExportParams {
                preset: name,
                model,
            };
            let exported = door.post("/api/v1/params/export", &body).await?;
            // A document either way: it is meant for a file.
            (exported.clone(), output::json(&format!("{exported:#}")))
        }
        Preset::Import { model, .. } => {
            let document = file.unwrap_or_default();
            let body = ImportParams { document, model };
            let imported = door.post("/api/v1/params/import", &body).await?;
            let text = told(&imported);
            (imported, text)
        }
    };
    if json {
        output::document(&value);
    } else {
        output::line(&text);
    }
    Ok(())
}

/// What a file holds, or standard input where it is called `-`.
fn document(file: &Path) -> Result<Value, Failure> {
    let text = if file == Path::new("-") {
        let mut text = Vec::new();
        std::io::stdin().read_to_end(&mut text).map(|_| text)
    } else {
        std::fs::read(file)
    };
    let text = text.map_err(|error| {
        let message = format!("{} cannot be read: {error}", file.display());
        Failure::new("invalid_path", message, "Check the path.")
    })?;
    serde_json::from_slice(&text).map_err(|error| {
        Failure::new(
            "invalid_parameters_file",
            format!("{} is no JSON: {error}", file.display()),
            "Take a file that Paddock exported, whole and unchanged.",
        )
    })
}

/// A document that only says how models are loaded, or whose user knows what else it says.
fn trusted(document: Value, trust: bool) -> Result<Value, Failure> {
    // What cannot be read is told by whoever imports it.
    let reach = match ParamsExport::parse(&document.to_string()) {
        Ok(export) if !trust => export.reach(),
        _ => return Ok(document),
    };
    if reach.is_empty() {
        return Ok(document);
    }
    Err(Failure::new(
        "untrusted_parameters",
        format!(
            "it brings {}, and these can make the engine run programs",
            reach.join(", ")
        ),
        "If you know who wrote it and what they do, add --trust.",
    ))
}

fn list(presets: &Value) {
    let presets = presets.as_array().map_or(&[][..], Vec::as_slice);
    if presets.is_empty() {
        output::note("There is no preset. `paddock preset save NAME --ctx-size 8192` makes one.");
        return;
    }
    let rows = presets
        .iter()
        .map(|preset| {
            let params = preset["params"].as_object().into_iter().flatten();
            let set: Vec<String> = params
                .map(|(name, value)| format!("{name} {}", cell(value)))
                .collect();
            let users = preset["usedBy"].as_array().into_iter().flatten();
            let users: Vec<String> = users.map(cell).collect();
            vec![cell(&preset["name"]), set.join(", "), users.join(", ")]
        })
        .collect();
    output::table(&["name", "sets", "used by"], rows);
}

fn table(params: &Value) {
    let params = params.as_object().into_iter().flatten();
    let rows: Vec<_> = params
        .map(|(name, value)| vec![name.clone(), cell(value)])
        .collect();
    if rows.is_empty() {
        output::note("Nothing is set.");
    } else {
        output::table(&["parameter", "value"], rows);
    }
}

/// What an import changed, in a sentence.
fn told(imported: &Value) -> String {
    let names = |member: &str| {
        let all = imported[member].as_array().into_iter().flatten();
        all.map(cell).collect::<Vec<_>>().join(", ")
    };
    let mut parts = Vec::new();
    for (member, what) in [("presets", "presets"), ("models", "models")] {
        let names = names(member);
        if !names.is_empty() {
            parts.push(format!("{what}: {names}"));
        }
    }
    if imported["defaults"] == true {
        parts.push("the defaults for all models".to_owned());
    }
    let missing = names("missingModels");
    if !missing.is_empty() {
        parts.push(format!("left out, because they are not here: {missing}"));
    }
    if parts.is_empty() {
        return "There was nothing in it".to_owned();
    }
    format!("Taken over: {}", parts.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Files with parameters are passed around; one must not bring a program along unseen.
    #[test]
    fn what_could_run_a_program_is_named_and_taken_only_on_the_users_word() {
        let document = |params: Value| json!({"format": "paddock-parameters", "version": 1, "defaults": params});
        let plain = document(json!({"ctxSize": 512}));
        assert_eq!(trusted(plain.clone(), false).unwrap(), plain);
        let hostile = document(json!({
            "env": {"LD_PRELOAD": "/x.gguf"}, "extraArgs": {"--tools": "all"}
        }));
        let Failure(refused) = trusted(hostile.clone(), false).unwrap_err();
        assert_eq!(refused.code, "untrusted_parameters");
        for named in ["LD_PRELOAD", "--tools"] {
            assert!(refused.message.contains(named), "{}", refused.message);
        }
        assert!(refused.hint.contains("--trust"));
        assert_eq!(trusted(hostile.clone(), true).unwrap(), hostile);
    }
}
