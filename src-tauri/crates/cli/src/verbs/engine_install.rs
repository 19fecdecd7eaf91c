//! `paddock engine install` and `available`: what there is, and how it comes here.
//!
//! Ctrl-C cancels, also an installation that the running host works on; a second one ends the command at once. What was
//! fetched stays, so the same command goes on from there.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use paddock_core::InstallRequest;
use serde_json::{Value, json};

use crate::door::Door;
use crate::failure::Failure;
use crate::output::{self, cell, size};

/// How often progress is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// As shells say it of a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

pub(super) async fn install(
    door: &Door,
    request: InstallRequest,
    json: bool,
) -> Result<(), Failure> {
    let begun = door.post("/api/v1/engines/install", &request).await?;
    let id = begun["id"].clone();
    let mut shown = Shown::new(json);
    let mut cancelled = false;
    loop {
        let job = door.get("/api/v1/engines/jobs").await?;
        // Another one has begun, so ours is over, and the list tells how.
        if job["id"] != id {
            return Err(Failure::new(
                "install_unknown",
                "another installation has begun since",
                "`paddock engine ls` shows what is there.",
            ));
        }
        shown.update(&job);
        match job["state"].as_str() {
            Some("done") => {
                shown.end();
                return finish(door, &job, json).await;
            }
            Some("failed") => {
                shown.end();
                let error = serde_json::from_value(job["error"].clone());
                return Err(error.map_or_else(
                    |_| Failure::new("install_failed", cell(&job["step"]), ""),
                    Failure,
                ));
            }
            _ => {}
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            interrupted = tokio::signal::ctrl_c() => {
                interrupted.map_err(|error| {
                    Failure::new("signal", format!("Ctrl-C cannot be heard: {error}"), "")
                })?;
                // Whoever asks twice does not wait for the end of it.
                if std::mem::replace(&mut cancelled, true) {
                    shown.end();
                    std::process::exit(INTERRUPTED);
                }
                door.post("/api/v1/engines/install/cancel", &json!({})).await?;
            }
        }
    }
}

async fn finish(door: &Door, job: &Value, json: bool) -> Result<(), Failure> {
    let engines = door.get("/api/v1/engines").await?;
    let engine = engines
        .as_array()
        .into_iter()
        .flatten()
        .find(|engine| engine["name"] == job["engine"]);
    let engine = engine
        .cloned()
        .unwrap_or_else(|| json!({"name": job["engine"]}));
    if json {
        output::document(&engine);
    } else {
        output::line(&format!(
            "{}: installed, proved, and current\n{}",
            cell(&engine["name"]),
            cell(&engine["path"])
        ));
    }
    Ok(())
}

/// What is shown meanwhile: a bar for people, a document a line for programs.
struct Shown {
    json: bool,
    bar: ProgressBar,
    last: Value,
}

impl Shown {
    fn new(json: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let template = "{msg:40!} {bar:24} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if json {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self {
            json,
            bar,
            last: Value::Null,
        }
    }

    fn update(&mut self, job: &Value) {
        if *job == self.last {
            return;
        }
        let step_changed = job["step"] != self.last["step"];
        self.last = job.clone();
        if self.json {
            // The last line of all is the engine; these say so by their state.
            if !matches!(job["state"].as_str(), Some("done" | "failed")) {
                output::document(&json!({
                    "state": job["state"],
                    "build": job["build"],
                    "variant": job["variant"],
                    "step": job["step"],
                    "downloaded": job["downloadedBytes"],
                    "total": job["totalBytes"],
                    "bytesPerSecond": job["bytesPerSecond"],
                }));
            }
            return;
        }
        if let Some(total) = job["totalBytes"].as_u64() {
            self.bar.set_length(total);
        }
        self.bar
            .set_position(job["downloadedBytes"].as_u64().unwrap_or(0));
        let step = cell(&job["step"]);
        self.bar.set_message(output::harmless(&step).into_owned());
        if step_changed && self.bar.is_hidden() && !step.contains('%') {
            output::note(&step);
        }
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}

pub(super) fn available(available: &Value) {
    let rows_of = |name: &str| available[name].as_array().map_or(&[][..], Vec::as_slice);
    output::line(&cell(&available["machine"]["sentence"]));
    if let Some(sentence) = available["sentence"]
        .as_str()
        .filter(|text| !text.is_empty())
    {
        output::line(sentence);
    }
    let variants = rows_of("variants");
    if !variants.is_empty() {
        output::line("");
        let rows = variants
            .iter()
            .map(|variant| {
                let state = match (
                    variant["installed"] == true,
                    variant["recommended"] == true,
                    variant["works"] == true,
                ) {
                    (true, _, _) => "installed",
                    (_, true, _) => "recommended",
                    (_, _, false) => "not here",
                    _ => "",
                };
                vec![
                    cell(&variant["id"]),
                    cell(&variant["label"]),
                    size(&variant["sizeBytes"]),
                    state.to_owned(),
                    variant["reason"].as_str().unwrap_or_default().to_owned(),
                ]
            })
            .collect();
        output::line(&format!("{}:", cell(&available["build"])));
        output::table(&["variant", "kind", "size", "", "why"], rows);
    }
    let builds: Vec<String> = rows_of("builds")
        .iter()
        .map(|build| {
            let mark = if build["installed"] == true { "*" } else { "" };
            format!("{}{mark}", cell(&build["tag"]))
        })
        .collect();
    if !builds.is_empty() {
        output::line(&format!("\nreleases (* installed): {}", builds.join(", ")));
    }
    if let Some(tag) = available["updateAvailable"].as_str() {
        output::line(&format!(
            "{tag} is newer than the current engine: `paddock engine install`"
        ));
    }
    if let Some(problem) = available["problem"]["message"].as_str() {
        output::note(&format!("{problem} (what is shown was known before)"));
    }
}
