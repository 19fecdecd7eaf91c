//! What runs: `ps`, `status`, `logs`.

use serde_json::{Value, json};
use settings::DataDir;

use crate::door::{Door, HostClient, with_query};
use crate::failure::Failure;
use crate::output::{self, cell, duration, size};

/// The host's status; where there is none, one that says so.
async fn host_status() -> Result<Value, Failure> {
    match Door::of_host() {
        Ok(host) => host.get("/api/v1/status").await,
        Err(failure) if failure.0.code == "no_host" => {
            let data_dir = DataDir::of_user()?.root().to_owned();
            Ok(json!({"running": false, "endpoint": null, "dataDir": data_dir, "models": []}))
        }
        Err(failure) => Err(failure),
    }
}

pub(super) async fn ps(json: bool) -> Result<(), Failure> {
    let status = host_status().await?;
    let models = &status["models"];
    if json {
        output::document(models);
    } else if models.as_array().is_none_or(Vec::is_empty) {
        output::note("No model is loaded.");
    } else {
        models_table(models);
    }
    Ok(())
}

pub(super) async fn status(json: bool) -> Result<(), Failure> {
    let status = host_status().await?;
    if json {
        output::document(&status);
        return Ok(());
    }
    if status["running"] == false {
        output::line(&format!(
            "No Paddock is running on {}.",
            cell(&status["dataDir"])
        ));
        return Ok(());
    }
    let listening = match &status["endpointError"] {
        Value::Null => String::new(),
        error => format!("  ({})", cell(error)),
    };
    output::line(&format!(
        "endpoint  {}/v1{listening}",
        cell(&status["endpoint"])
    ));
    output::line(&format!(
        "host      Paddock {}, pid {}",
        cell(&status["version"]),
        cell(&status["pid"])
    ));
    output::line(&format!("data      {}", cell(&status["dataDir"])));
    let (free, total) = (
        size(&status["memoryAvailableBytes"]),
        size(&status["memoryTotalBytes"]),
    );
    output::line(&format!("memory    {free} free of {total}"));
    if status["models"]
        .as_array()
        .is_some_and(|models| !models.is_empty())
    {
        output::line("");
        models_table(&status["models"]);
    }
    Ok(())
}

fn models_table(models: &Value) {
    let models = models.as_array().map_or(&[][..], Vec::as_slice);
    let now = paddock_core::milliseconds_since_epoch();
    let rows = models
        .iter()
        .map(|model| {
            vec![
                cell(&model["key"]),
                state(model),
                requests(model),
                ends(model, now),
                cell(&model["pid"]),
                size(&model["memory"]["measuredBytes"]),
                cell(&model["endpoint"]),
            ]
        })
        .collect();
    let heads = [
        "key", "state", "requests", "ends", "pid", "memory", "endpoint",
    ];
    output::table(&heads, rows);
    for model in models.iter().filter(|model| !model["lastCrash"].is_null()) {
        output::line("");
        let crash = cell(&model["lastCrash"]["message"]);
        output::line(&format!("{} crashed before: {crash}", cell(&model["key"])));
    }
    for model in models.iter().filter(|model| !model["error"].is_null()) {
        output::line("");
        output::line(&format!(
            "{}: {}",
            cell(&model["key"]),
            cell(&model["error"]["message"])
        ));
        output::line(&format!("hint: {}", cell(&model["error"]["hint"])));
    }
}

/// The state, with how far it is, what it waits for and how often it had to be started again.
fn state(model: &Value) -> String {
    let mut text = cell(&model["state"]);
    if let Some(progress) = model["progress"].as_f64() {
        text.push_str(&format!(" {:.0} %", progress * 100.0));
    }
    if model["waitingForRoom"] == true {
        text.push_str(", waits for room");
    }
    if model["makingRoom"] == true {
        text.push_str(", makes room");
    }
    match model["restarts"].as_u64() {
        None | Some(0) => {}
        Some(1) => text.push_str(", restarted once"),
        Some(times) => text.push_str(&format!(", restarted {times} times")),
    }
    text
}

/// `2`, or `2 + 3 waiting`.
fn requests(model: &Value) -> String {
    let count = |name: &str| model[name].as_u64().unwrap_or(0);
    match (count("requestsInFlight"), count("requestsWaiting")) {
        (running, 0) => running.to_string(),
        (running, waiting) => format!("{running} + {waiting} waiting"),
    }
}

/// When it ends by itself if nobody asks for it.
fn ends(model: &Value, now: u64) -> String {
    let ttl = model["ttlSeconds"].as_i64().unwrap_or(-1);
    if model["keepLoaded"] == true {
        return "kept".to_owned();
    }
    if ttl < 0 {
        return "never".to_owned();
    }
    let idle = match model["idleSince"].as_u64() {
        Some(since) => i64::try_from(now.saturating_sub(since) / 1000).unwrap_or(i64::MAX),
        // Somebody uses it.
        None => return format!("{} after use", duration(ttl)),
    };
    format!("in {}", duration((ttl - idle).max(0)))
}

pub(super) async fn logs(key: Option<String>, follow: bool, json: bool) -> Result<(), Failure> {
    let path = with_query("/api/v1/logs", &json!({"model": key, "follow": follow}));
    if !follow {
        let log = Door::open().await?.text(&path).await?;
        let lines: Vec<&str> = log.lines().collect();
        if json {
            output::document(&json!({"key": key, "lines": lines}));
        } else {
            lines.iter().for_each(|line| output::line(line));
        }
        return Ok(());
    }
    let mut response = HostClient::find()?.ask(&path, None).await?;
    let mut pending = Vec::new();
    // An end of the stream is the host's end.
    while let Ok(Some(chunk)) = response.chunk().await {
        pending.extend_from_slice(&chunk);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line[..end]).into_owned();
            if json {
                output::document(&json!({"line": line}));
            } else {
                output::line(&line);
            }
        }
    }
    Ok(())
}
