//! `doctor`: what is wrong here, and what a bug report needs.

use paddock_core::{Checkup, Severity};
use serde_json::{Value, json};
use settings::DataDir;

use crate::door::Door;
use crate::failure::Failure;
use crate::output::{self, size};

pub(super) async fn doctor(json: bool) -> Result<(), Failure> {
    let checkup = match Door::open().await {
        Ok(door) => read(door.get("/api/v1/doctor").await?)?,
        // That the folder cannot be opened is what it is asked for.
        Err(failure) => Checkup::without_core(&DataDir::of_user()?, &failure.0),
    };
    if json {
        output::document(&json!(checkup));
    } else {
        facts(&checkup);
        findings(&checkup);
    }
    if checkup.ok {
        Ok(())
    } else {
        Err(Failure::said())
    }
}

fn facts(checkup: &Checkup) {
    let line = |name: &str, text: &str| output::line(&format!("{name:<12}{text}"));
    let bytes = |bytes: Option<u64>| size(&json!(bytes));
    line("version", &format!("Paddock {}", checkup.version));
    line("machine", &checkup.machine);
    line(
        "memory",
        &format!(
            "{} free of {}",
            bytes(Some(checkup.memory_available_bytes)),
            bytes(Some(checkup.memory_total_bytes))
        ),
    );
    let free = bytes(checkup.data.free_bytes);
    line("data", &format!("{} ({free} free)", checkup.data.path));
    match checkup.host_pid {
        Some(pid) => line("host", &format!("running, pid {pid}")),
        None => line("host", "not running"),
    }
    if let Some(endpoint) = &checkup.endpoint {
        let state = match (endpoint.listening, &endpoint.problem) {
            (true, _) => "listening".to_owned(),
            (false, Some(problem)) => problem.clone(),
            (false, None) => "free".to_owned(),
        };
        line("endpoint", &format!("{} ({state})", endpoint.url));
    }
    for engine in &checkup.engines {
        let mut words = vec![engine.path.clone()];
        words.extend(engine.build.clone());
        words.extend(engine.version.clone());
        words.extend(engine.current.then(|| "current".to_owned()));
        words.push(
            if engine.proved {
                "proved"
            } else {
                "not proved"
            }
            .to_owned(),
        );
        words.extend(engine.devices.iter().cloned());
        words.extend(engine.problem.iter().map(|_| "cannot be used".to_owned()));
        line("engine", &format!("{}: {}", engine.name, words.join(", ")));
    }
    for folder in &checkup.model_folders {
        let there = if folder.present { "" } else { ", not there" };
        let free = bytes(folder.free_bytes);
        line(
            "models in",
            &format!("{} ({free} free{there})", folder.path),
        );
    }
    line("models", &checkup.model_count.to_string());
    line("API keys", &checkup.key_count.to_string());
    for variable in &checkup.environment {
        let value = variable.value.as_deref().unwrap_or("(set)");
        line("variable", &format!("{}={value}", variable.name));
    }
}

fn findings(checkup: &Checkup) {
    output::line("");
    if checkup.findings.is_empty() {
        output::line("Nothing is wrong.");
    }
    for finding in &checkup.findings {
        let word = match finding.severity {
            Severity::Broken => "broken",
            Severity::Warning => "warning",
        };
        output::line(&format!("{word}: {}: {}", finding.about, finding.message));
        if !finding.hint.is_empty() {
            output::line(&format!("  {}", finding.hint));
        }
    }
}

/// A document of a host, which may be of another version.
fn read(document: Value) -> Result<Checkup, Failure> {
    serde_json::from_value(document).map_err(|error| {
        Failure::new(
            "other_version",
            format!("the running Paddock's answer cannot be read: {error}"),
            "Restart the older of the two after an update.",
        )
    })
}
