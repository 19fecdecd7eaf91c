//! `paddock engine …`

use gateway::{AddEngine, PinModel, ProveEngine, SetEngine, UseEngine};
use paddock_core::InstallRequest;
use serde_json::{Value, json};

use crate::arguments::Engine;
use crate::door::{Door, encode, with_query};
use crate::failure::Failure;
use crate::output::{self, cell, size};

pub(super) async fn run(engine: Engine, json: bool) -> Result<(), Failure> {
    let door = Door::open().await?;
    let print = |value: Value, show: fn(&Value)| {
        if json {
            output::document(&value);
        } else {
            show(&value);
        }
    };
    match engine {
        Engine::Ls => print(door.get("/api/v1/engines").await?, list),
        Engine::Available { build, refresh } => {
            let query = json!({"refresh": refresh, "build": build});
            let path = with_query("/api/v1/engines/available", &query);
            print(door.get(&path).await?, super::engine_install::available);
        }
        Engine::Install {
            build,
            variant,
            without_digest,
        } => {
            let request = InstallRequest {
                build,
                variant,
                without_digest,
            };
            super::engine_install::install(&door, request, json).await?;
        }
        Engine::Add {
            path,
            name,
            options,
        } => {
            let body = AddEngine {
                path: super::model::absolute(path)?,
                name,
                options: options.into(),
            };
            let engine = door.post("/api/v1/engines/add", &body).await?;
            changed(&engine, "added", json);
        }
        Engine::Set { name, options } => {
            let body = SetEngine {
                name,
                options: options.into(),
            };
            let engine = door.post("/api/v1/engines/set", &body).await?;
            changed(&engine, "set up", json);
        }
        Engine::Use { name } => {
            let body = UseEngine { name };
            let engine = door.post("/api/v1/engines/use", &body).await?;
            changed(&engine, "models run on it from now on", json);
        }
        Engine::Pin { key, name } => {
            let body = PinModel {
                model: key,
                engine: name,
            };
            let model = door.post("/api/v1/engines/pin", &body).await?;
            if json {
                output::document(&model);
            } else {
                let engine = match &model["engine"] {
                    Value::Null => "the current engine".to_owned(),
                    name => cell(name),
                };
                output::line(&format!(
                    "{} runs on {engine} from its next load on.",
                    cell(&model["key"])
                ));
            }
        }
        Engine::Rollback => {
            let engine = door.post("/api/v1/engines/rollback", &json!({})).await?;
            changed(&engine, "models run on it again", json);
        }
        Engine::Rm { name } => {
            let body = UseEngine { name };
            let engine = door.post("/api/v1/engines/remove", &body).await?;
            changed(&engine, "removed", json);
        }
        Engine::Show { name } => {
            let path = format!("/api/v1/engines/{}", encode(&name));
            print(door.get(&path).await?, show);
        }
        Engine::Devices => print(door.get("/api/v1/engines/devices").await?, devices),
        Engine::Prove { path } => {
            let path = super::model::absolute(path)?;
            let proof = door
                .post("/api/v1/engines/prove", &ProveEngine { path })
                .await?;
            print(proof, proved);
        }
    }
    Ok(())
}

fn proved(proof: &Value) {
    output::line(&format!(
        "{} works here: it loaded a tiny model and answered rightly ({} ms)",
        cell(&proof["path"]),
        cell(&proof["tookMilliseconds"])
    ));
}

fn devices(answer: &Value) {
    output::line(&cell(&answer["machine"]["sentence"]));
    output::line(&format!("{} can compute on:", cell(&answer["engine"])));
    device_lines(&answer["devices"]);
}

fn device_lines(devices: &Value) {
    let devices = devices.as_array().map_or(&[][..], Vec::as_slice);
    if devices.is_empty() {
        output::line("devices            CPU only");
    }
    for device in devices {
        let memory = match &device["totalBytes"] {
            Value::Null => String::new(),
            total => format!("  {} free of {}", size(&device["freeBytes"]), size(total)),
        };
        output::line(&format!(
            "device             {}  {}{memory}",
            cell(&device["name"]),
            cell(&device["description"])
        ));
    }
}

fn changed(engine: &Value, what: &str, json: bool) {
    if json {
        output::document(engine);
        return;
    }
    let current = if engine["current"] == true {
        " (current)"
    } else {
        ""
    };
    output::line(&format!(
        "{}: {what}{current}\n{}",
        cell(&engine["name"]),
        cell(&engine["path"])
    ));
}

fn list(engines: &Value) {
    let engines = engines.as_array().map_or(&[][..], Vec::as_slice);
    if engines.is_empty() {
        output::note(
            "There is no engine yet. `paddock engine install` fetches one; `paddock engine add PATH` adds your own.",
        );
        return;
    }
    let rows = engines
        .iter()
        .map(|engine| {
            let state = match (engine["present"] == true, engine["current"] == true) {
                (false, _) => "missing",
                (true, true) => "current",
                (true, false) if engine["state"] == "failed" => "failed",
                (true, false) if engine["previous"] == true => "previous",
                (true, false) => "",
            };
            vec![
                cell(&engine["name"]),
                state.to_owned(),
                size(&engine["sizeBytes"]),
                cell(&engine["source"]),
                cell(&engine["path"]),
            ]
        })
        .collect();
    output::table(&["name", "state", "size", "source", "path"], rows);
    for engine in engines {
        if let Some(problem) = engine["problem"].as_str() {
            output::note(&format!("{}: {problem}", cell(&engine["name"])));
        }
    }
}

fn show(details: &Value) {
    output::line(&format!(
        "{}  {}",
        cell(&details["name"]),
        cell(&details["path"])
    ));
    output::line(&format!("version            {}", cell(&details["version"])));
    let progress = if details["speaksChildProtocol"] == true {
        "reported while loading"
    } else {
        "not reported"
    };
    output::line(&format!("load progress      {progress}"));
    if let Some(dialect) = details["dialect"].as_object() {
        for (name, value) in dialect {
            output::line(&format!("{:<18} {}", words(name), cell(value)));
        }
    }
    device_lines(&details["devices"]);
    for param in details["unsupported"].as_array().into_iter().flatten() {
        output::line(&format!(
            "cannot take        {}: {}",
            cell(&param["name"]),
            cell(&param["reason"])
        ));
    }
    let flags = details["flags"].as_array().map_or(0, Vec::len);
    output::line(&format!(
        "flags              {flags} (all of them with --json)"
    ));
}

/// `flashAttention` as `flash attention`.
fn words(name: &str) -> String {
    name.chars().fold(String::new(), |mut words, letter| {
        if letter.is_uppercase() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
        words
    })
}
