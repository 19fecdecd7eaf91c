//! `estimate`: what a model would take in memory, by device, and whether it fits.

use gateway::EstimateModel;
use serde_json::{Value, json};

use crate::arguments::Estimate;
use crate::door::Door;
use crate::failure::Failure;
use crate::output::{self, cell, size};

/// The parts of a device's memory, and what each is called.
const PARTS: &[(&str, &str)] = &[
    ("weights", "weights"),
    ("repackedBytes", "repacked"),
    ("kvCache", "KV cache"),
    ("compute", "compute"),
    ("output", "output"),
    ("projector", "projector"),
    ("draft", "draft"),
];

pub(super) async fn estimate(estimate: Estimate, json: bool) -> Result<(), Failure> {
    // A file is named as this shell sees it; the host may be elsewhere.
    let path = std::path::Path::new(&estimate.model);
    let model = match std::path::absolute(path) {
        Ok(path) if path.is_file() => path.display().to_string(),
        _ => estimate.model,
    };
    let request = EstimateModel {
        model,
        params: estimate.params.params,
    };
    let door = Door::open().await?;
    let found = match estimate.fit_for_me {
        true => door.post("/api/v1/models/fit", &request).await?,
        false => door.post("/api/v1/models/estimate", &request).await?,
    };
    if json {
        output::document(&found);
        return Ok(());
    }
    if estimate.fit_for_me {
        output::line(&cell(&found["sentence"]));
        for (name, value) in found["params"].as_object().into_iter().flatten() {
            output::line(&format!("  {name} = {}", cell(value)));
        }
        show(&found["estimate"]);
    } else {
        show(&found);
    }
    Ok(())
}

fn show(found: &Value) {
    let empty = Vec::new();
    let devices = found["devices"].as_array().unwrap_or(&empty);
    let parts: Vec<_> = PARTS
        .iter()
        .filter(|(name, _)| devices.iter().any(|device| device[*name] != json!(0)))
        .collect();
    let mut heads = vec!["device"];
    heads.extend(parts.iter().map(|(_, word)| *word));
    heads.extend(["total", "free"]);
    let rows = devices
        .iter()
        .map(|device| {
            let mut row = vec![cell(&device["name"])];
            row.extend(parts.iter().map(|(name, _)| size(&device[*name])));
            row.extend([size(&device["totalBytes"]), size(&device["freeBytes"])]);
            row
        })
        .collect();
    output::table(&heads, rows);
    output::line(&cell(&found["sentence"]));
    let notes = found["notes"].as_array().into_iter().flatten();
    notes.for_each(|note| output::line(&cell(note)));
    for remedy in found["remedies"].as_array().into_iter().flatten() {
        output::line(&format!("  - {}", cell(&remedy["sentence"])));
    }
}
