//! For how long a model stays, and its further names: `keep`, `alias`.

use gateway::{AddAlias, RemoveAlias, SetModelPolicy};
use serde_json::{Value, json};

use crate::arguments::{Alias, Keep};
use crate::door::Door;
use crate::failure::Failure;
use crate::output::{self, cell, duration};

pub(super) async fn keep(keep: Keep, json: bool) -> Result<(), Failure> {
    let body = SetModelPolicy {
        model: keep.key,
        ttl_seconds: keep.ttl.map(|ttl| ttl.0),
        keep_loaded: keep.keep,
        load_at_start: keep.at_start,
    };
    // With nothing to change it changes nothing, and says what is.
    let door = Door::open().await?;
    let model = door.post("/api/v1/models/policy", &body).await?;
    if json {
        output::document(&json!({
            "key": model["key"],
            "keepLoaded": model["keepLoaded"],
            "ttlSeconds": model["ttlSeconds"],
            "loadAtStart": model["loadAtStart"],
        }));
    } else {
        output::line(&said(&model));
    }
    Ok(())
}

fn said(model: &Value) -> String {
    let stays = if model["keepLoaded"] == true {
        "stays loaded".to_owned()
    } else {
        match model["ttlSeconds"].as_i64() {
            None => "ends when it is idle, as all models do".to_owned(),
            Some(..0) => "does not end when it is idle".to_owned(),
            Some(0) => "ends after each answer".to_owned(),
            Some(seconds) => format!("ends after {} without a request", duration(seconds)),
        }
    };
    let start = if model["loadAtStart"] == true {
        "; it is loaded when the host starts"
    } else {
        ""
    };
    format!("{} {stays}{start}", cell(&model["key"]))
}

pub(super) async fn alias(alias: Alias, json: bool) -> Result<(), Failure> {
    let door = Door::open().await?;
    match alias {
        Alias::Add { key, name } => {
            let body = AddAlias {
                model: key,
                alias: name,
                second_entry: false,
            };
            let model = door.post("/api/v1/models/alias", &body).await?;
            if json {
                output::document(&json!({"key": model["key"], "aliases": model["aliases"]}));
            } else {
                let names = model["aliases"].as_array().map_or(&[][..], Vec::as_slice);
                let names: Vec<String> = names.iter().map(cell).collect();
                output::line(&format!(
                    "{} is also known as {}",
                    cell(&model["key"]),
                    names.join(", ")
                ));
            }
        }
        Alias::Rm { name } => {
            let body = RemoveAlias { alias: name };
            let removed = door.post("/api/v1/models/alias/remove", &body).await?;
            if json {
                output::document(&removed);
            } else {
                output::line(&format!("{} is no name any more", cell(&removed["alias"])));
            }
        }
    }
    Ok(())
}
