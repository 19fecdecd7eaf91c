//! Models: `ls`, `load`, `unload`, `params`.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

use gateway::{AddAlias, LoadModel, ShowParams, UnloadModel};
use serde_json::Value;

use crate::arguments::{Load, ModelWithParams, Params, Unload};
use crate::door::Door;
use crate::failure::Failure;
use crate::output::{self, cell, quoted, size};

pub(super) async fn list(json: bool) -> Result<(), Failure> {
    let models = Door::open().await?.get("/api/v1/models").await?["models"].take();
    if json {
        output::document(&models);
    } else if models.as_array().is_none_or(Vec::is_empty) {
        output::note("There is no model yet. Add one with `paddock import PATH`.");
    } else {
        list_rows(&models);
    }
    Ok(())
}

pub(super) fn list_rows(models: &Value) {
    let rows = models
        .as_array()
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .map(|model| {
            let state = match (model["present"] == true, &model["problem"]) {
                (false, _) => "missing".to_owned(),
                (true, Value::Null) => String::new(),
                (true, problem) => cell(problem),
            };
            vec![
                cell(&model["key"]),
                size(&model["sizeBytes"]),
                cell(&model["architecture"]),
                cell(&model["quantization"]),
                cell(&model["contextLength"]),
                state,
                cell(&model["path"]),
            ]
        });
    output::table(
        &[
            "key",
            "size",
            "architecture",
            "quant",
            "context",
            "state",
            "path",
        ],
        rows.collect(),
    );
}

pub(super) async fn load(load: Load, json: bool) -> Result<(), Failure> {
    let host = Door::of_host()?;
    if !json && std::io::stderr().is_terminal() {
        output::note(&format!("Loading {} …", load.with.key));
    }
    let begin = Instant::now();
    let before = last_announcement(&host).await;
    let mut wanted = body(load.with);
    wanted.ttl = load.ttl;
    if let Some(alias) = load.alias {
        let entry = AddAlias {
            model: wanted.model,
            alias,
            second_entry: true,
        };
        wanted.model = cell(&host.post("/api/v1/models/alias", &entry).await?["key"]);
    }
    let loaded = host.post("/api/v1/models/load", &wanted).await;
    // An engine that was rolled back for it, or fetched.
    if let Ok(announced) = host.get("/api/v1/announcements").await {
        for announcement in announced.as_array().into_iter().flatten() {
            if announcement["id"].as_u64() > before {
                output::note(&cell(&announcement["message"]));
            }
        }
    }
    let status = loaded?;
    if json {
        output::document(&status);
    } else {
        output::line(&format!(
            "{} is ready at {}/v1 (pid {}, {:.1} s)",
            cell(&status["key"]),
            cell(&status["endpoint"]),
            cell(&status["pid"]),
            begin.elapsed().as_secs_f64()
        ));
    }
    Ok(())
}

async fn last_announcement(host: &Door) -> Option<u64> {
    let announced = host.get("/api/v1/announcements").await.ok()?;
    announced.as_array()?.last()?["id"].as_u64()
}

pub(super) async fn unload(unload: Unload, json: bool) -> Result<(), Failure> {
    let all = unload.all;
    let unloaded = match Door::of_host() {
        Ok(host) => {
            let body = UnloadModel { model: unload.key };
            host.post("/api/v1/models/unload", &body).await?
        }
        // Where nothing runs, nothing has to be unloaded.
        Err(failure) if failure.0.code == "no_host" => match unload.key {
            Some(key) => serde_json::json!({
                "key": key, "instance_id": key, "state": "stopped", "notRunning": true
            }),
            None => Value::Array(Vec::new()),
        },
        Err(failure) => return Err(failure),
    };
    if json {
        output::document(&unloaded);
        return Ok(());
    }
    let one = std::slice::from_ref(&unloaded);
    let models = unloaded.as_array().map_or(one, Vec::as_slice);
    if all && models.is_empty() {
        output::line("notRunning: nothing was loaded");
    }
    for model in models {
        let key = cell(&model["key"]);
        let text = if model["notRunning"] == true {
            format!("notRunning: {key} was not loaded")
        } else {
            format!("{key} is unloaded")
        };
        output::line(&text);
    }
    Ok(())
}

pub(super) async fn params(params: Params, json: bool) -> Result<(), Failure> {
    let cleared = params.with.params.cleared.clone();
    let request = ShowParams {
        load: body(params.with),
        save: params.save,
        cleared,
    };
    let door = Door::open().await?;
    let view = door.post("/api/v1/models/params", &request).await?;
    if json {
        output::document(&view);
        return Ok(());
    }
    if params.argv {
        let argv = view["argv"].as_array().map_or(&[][..], Vec::as_slice);
        let argv: Vec<String> = argv
            .iter()
            .map(|argument| quoted(&cell(argument)))
            .collect();
        output::line(&argv.join(" "));
    } else {
        let values = view["params"].as_object().cloned().unwrap_or_default();
        let rows = values
            .iter()
            .map(|(name, value)| vec![name.clone(), cell(value), cell(&view["sources"][name])])
            .collect();
        output::table(&["parameter", "value", "from"], rows);
    }
    for skipped in view["skipped"].as_array().into_iter().flatten() {
        output::note(&format!(
            "warning: {} is not passed: {}",
            cell(&skipped["name"]),
            cell(&skipped["reason"])
        ));
    }
    for warning in view["warnings"].as_array().into_iter().flatten() {
        output::note(&format!("warning: {}", cell(warning)));
    }
    Ok(())
}

fn body(with: ModelWithParams) -> LoadModel {
    LoadModel {
        model: with.key,
        params: with.params.params,
        preset: with.preset,
        skip_unsupported: with.skip_unsupported,
        ttl: None,
    }
}

pub(super) fn absolute(path: PathBuf) -> Result<PathBuf, Failure> {
    std::path::absolute(&path).map_err(|error| {
        Failure::new(
            "invalid_path",
            format!("cannot use the path {}: {error}", path.display()),
            "",
        )
    })
}
