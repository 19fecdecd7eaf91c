//! API keys: `key add`, `key ls`, `key rm`.

use gateway::{AddKey, RemoveKey};
use serde_json::Value;

use crate::arguments::Key;
use crate::door::Door;
use crate::failure::Failure;
use crate::output::{self, cell};

pub(super) async fn run(key: Key, json: bool) -> Result<(), Failure> {
    let door = Door::open().await?;
    match key {
        Key::Add { name, manage } => {
            let made = door.post("/api/v1/keys", &AddKey { name, manage }).await?;
            if json {
                output::document(&made);
            } else {
                // Alone on stdout, so that a script can take it.
                output::line(&cell(&made["key"]));
                output::note(&format!(
                    "This is the only time that the key of {} is shown. Programs send it as `Authorization: Bearer …`.",
                    cell(&made["name"])
                ));
            }
        }
        Key::Ls => {
            let keys = door.get("/api/v1/keys").await?;
            if json {
                output::document(&keys);
            } else {
                list(&keys);
            }
        }
        Key::Rm { name } => {
            let body = RemoveKey { name };
            let removed = door.post("/api/v1/keys/remove", &body).await?;
            if json {
                output::document(&removed);
            } else {
                output::line(&format!("{} is removed", cell(&removed["name"])));
            }
        }
    }
    Ok(())
}

fn list(keys: &Value) {
    let keys = keys.as_array().map_or(&[][..], Vec::as_slice);
    if keys.is_empty() {
        output::note(
            "There is no key. On this machine none is needed; `paddock key add NAME` makes one.",
        );
        return;
    }
    let rows = keys
        .iter()
        .map(|key| {
            let rights = if key["manage"] == true {
                "use, manage"
            } else {
                "use"
            };
            vec![
                cell(&key["name"]),
                format!("…{}", cell(&key["lastFour"])),
                rights.to_owned(),
                output::day(&key["createdAt"]),
            ]
        })
        .collect();
    output::table(&["name", "key", "may", "made"], rows);
}
