//! The library's files: `import`, `show`, `rm`, `folder`.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use gateway::{ImportModels, ModelsFolder, RemoveModel};
use serde_json::{Value, json};

use super::model::{absolute, list_rows};
use crate::arguments::{Folder, Import, Remove};
use crate::door::{Door, with_query};
use crate::failure::Failure;
use crate::output::{self, cell, size};

pub(super) async fn import(import: Import, json: bool) -> Result<(), Failure> {
    // The host has another working folder.
    let paths = import
        .paths
        .into_iter()
        .map(absolute)
        .collect::<Result<Vec<_>, _>>()?;
    let body = ImportModels {
        paths,
        from: import.from,
        only: None,
        copy: import.copy,
    };
    let from = body.from.join(", ");
    let door = Door::open().await?;
    let models = door.post("/api/v1/models/import", &body).await?;
    if json {
        output::document(&models);
    } else if models.as_array().is_none_or(Vec::is_empty) {
        output::note(&format!("No models were found in {from}."));
    } else {
        list_rows(&models);
    }
    Ok(())
}

/// What other apps hold; nothing is added.
pub(super) async fn found(json: bool) -> Result<(), Failure> {
    let door = Door::open().await?;
    let found = door.get("/api/v1/library/found-elsewhere").await?["models"].take();
    if json {
        output::document(&found);
        return Ok(());
    }
    let rows: Vec<_> = found
        .as_array()
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .map(|model| {
            vec![
                cell(&model["app"]),
                cell(&model["title"]),
                size(&model["sizeBytes"]),
                cell(&model["key"]),
                cell(&model["path"]),
            ]
        })
        .collect();
    if rows.is_empty() {
        output::note("No other app holds models here.");
    } else {
        output::table(&["app", "model", "size", "key", "path"], rows);
    }
    Ok(())
}

pub(super) async fn show(key: &str, json: bool) -> Result<(), Failure> {
    let path = with_query("/api/v1/models/details", &json!({"model": key}));
    let details = Door::open().await?.get(&path).await?;
    if json {
        output::document(&details);
        return Ok(());
    }
    output::line(&cell(&details["key"]));
    let items = |name: &str| details[name].as_array().cloned().unwrap_or_default();
    for file in items("files") {
        let there = match &file["sizeBytes"] {
            Value::Null => "missing".to_owned(),
            bytes => size(bytes),
        };
        output::line(&format!("  {} ({there})", cell(&file["path"])));
    }
    if let Some(path) = details["projector"]["path"].as_str() {
        output::line(&format!("  {path} (vision projector)"));
    }
    if let Some(repo) = details["source"]["repo"].as_str() {
        let revision = cell(&details["source"]["revision"]);
        output::line(&format!("  from {repo} at {revision}"));
    }
    if let Some(app) = details["foundIn"].as_str() {
        output::line(&format!("  a file of {app}"));
    }
    if let Some(problem) = details["problem"].as_str() {
        output::line(&format!("  {problem}"));
    }
    let types = items("tensorTypes");
    if !types.is_empty() {
        let types: Vec<String> = types
            .iter()
            .map(|one| format!("{} {}", cell(&one["count"]), cell(&one["name"])))
            .collect();
        output::line(&format!("  tensors: {}", types.join(", ")));
    }
    let rows = items("metadata")
        .iter()
        .map(|pair| {
            let first = cell(&pair["value"]);
            let first = first.lines().next().unwrap_or_default().to_owned();
            vec![cell(&pair["key"]), first]
        })
        .collect();
    output::table(&["metadata", "value"], rows);
    Ok(())
}

pub(super) async fn remove(remove: Remove, json: bool) -> Result<(), Failure> {
    let door = Door::open().await?;
    let mut body = RemoveModel {
        model: remove.key,
        keep_file: remove.keep_file,
        delete_file: remove.delete_file,
        permanently: remove.permanently,
        dry_run: true,
    };
    let path = "/api/v1/models/remove";
    let plan = door.post(path, &body).await?;
    // From now on exactly what was shown is meant.
    body.model = cell(&plan["key"]);
    body.dry_run = false;
    if !remove.yes && !confirmed(&plan)? {
        return Err(Failure::new("cancelled", "nothing was removed", ""));
    }
    let removed = match door.post(path, &body).await {
        Err(failure) if failure.0.code == "no_trash" && !remove.yes && can_ask() => {
            output::complain(&failure.0.message, "", &[]);
            if !asked(&format!("Delete {} for good?", cell(&plan["path"])))? {
                return Err(Failure::new("cancelled", "nothing was removed", ""));
            }
            body.permanently = true;
            door.post(path, &body).await?
        }
        answer => answer?,
    };
    if json {
        output::document(&removed);
    } else {
        output::line(&said(&removed));
    }
    Ok(())
}

/// What was done, in a line.
fn said(removed: &Value) -> String {
    let (key, path) = (cell(&removed["key"]), cell(&removed["path"]));
    let bytes = size(&removed["sizeBytes"]);
    match removed["files"].as_str() {
        Some("trash") => format!("{key} is in the trash ({bytes})"),
        Some("delete") => format!("{key} is deleted ({bytes} are free)"),
        _ => format!("{key} is forgotten; its file stays at {path}"),
    }
}

/// Asks on a terminal. Elsewhere only what costs no file goes without `--yes`.
fn confirmed(plan: &Value) -> Result<bool, Failure> {
    let (path, bytes) = (cell(&plan["path"]), size(&plan["sizeBytes"]));
    let question = match plan["files"].as_str() {
        Some("trash") => format!("Move {path} ({bytes}) to the trash?"),
        Some("delete") => format!("Delete {path} ({bytes}) for good?"),
        _ => {
            let key = cell(&plan["key"]);
            format!("Forget {key} and its settings? Its file stays.")
        }
    };
    if can_ask() {
        return asked(&question);
    }
    if plan["files"] == "keep" {
        return Ok(true);
    }
    Err(Failure::new(
        "not_confirmed",
        format!("{path} was not deleted: there is no terminal to ask on"),
        "Say --yes to delete it without being asked.",
    ))
}

fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn asked(question: &str) -> Result<bool, Failure> {
    let mut out = std::io::stderr();
    let _ = write!(out, "{question} [y/N] ");
    let _ = out.flush();
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::new("no_answer", format!("no answer: {error}"), ""))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

pub(super) async fn folder(folder: Folder, json: bool) -> Result<(), Failure> {
    let door = Door::open().await?;
    let of = |path: PathBuf| -> Result<ModelsFolder, Failure> {
        Ok(ModelsFolder {
            path: absolute(path)?,
            to: None,
        })
    };
    let folders = match folder {
        Folder::Ls => door.get("/api/v1/library/folders").await?["folders"].take(),
        Folder::Add { path } => door.post("/api/v1/library/folders/add", &of(path)?).await?,
        Folder::Rm { path } => {
            door.post("/api/v1/library/folders/remove", &of(path)?)
                .await?
        }
        Folder::Move { path, to } => {
            let to = Some(absolute(to)?);
            let body = ModelsFolder { to, ..of(path)? };
            door.post("/api/v1/library/folders/move", &body).await?
        }
    };
    if json {
        output::document(&folders);
        return Ok(());
    }
    let rows = folders
        .as_array()
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .map(|folder| {
            let state = match (&folder["missing"], &folder["own"]) {
                (Value::Bool(true), _) if folder["silent"] == true => "does not answer",
                (Value::Bool(true), _) => "missing",
                (_, Value::Bool(true)) => "downloads go here",
                _ => "",
            };
            vec![
                cell(&folder["path"]),
                cell(&folder["modelCount"]),
                size(&folder["sizeBytes"]),
                size(&folder["freeBytes"]),
                state.to_owned(),
            ]
        });
    output::table(
        &["folder", "models", "size", "free", "state"],
        rows.collect(),
    );
    Ok(())
}
