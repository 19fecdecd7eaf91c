//! The hub: `search`, `files`, `get`.
//!
//! Ctrl-C pauses a download, also one that the running host works on: who interrupts a command wants it to stop, and
//! nothing is lost by it. The same command goes on.

use std::time::Duration;

use gateway::DownloadModel;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use paddock_core::HubSearch;
use serde_json::{Value, json};

use crate::arguments::{Get, Search};
use crate::door::{Door, encode, with_query};
use crate::failure::Failure;
use crate::output::{self, cell, size};

/// How often progress is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A pause is written to disk within this time.
const PAUSES_WITHIN: Duration = Duration::from_secs(3);

pub(super) async fn search(search: Search, json: bool) -> Result<(), Failure> {
    let path = with_query("/api/v1/hub/search", &json!(HubSearch::from(search)));
    let page = Door::open().await?.get(&path).await?;
    if json {
        output::document(&page);
        return Ok(());
    }
    let repos = rows_of(&page["repos"]);
    if repos.is_empty() {
        output::note("Nothing found. Fewer words find more.");
        return Ok(());
    }
    let rows = repos
        .iter()
        .map(|repo| {
            let about = match (repo["private"] == true, repo["gated"] == true) {
                (true, _) => "private",
                (false, true) => "gated",
                _ => "",
            };
            vec![
                cell(&repo["id"]),
                count(&repo["parameters"]),
                size(&repo["sizeBytes"]),
                fit_words(&repo["fit"]).to_owned(),
                count(&repo["downloads"]),
                count(&repo["likes"]),
                about.to_owned(),
            ]
        })
        .collect();
    let heads = [
        "repository",
        "params",
        "size",
        "this machine",
        "downloads",
        "likes",
        "",
    ];
    output::table(&heads, rows);
    if let Some(cursor) = page["cursor"].as_str() {
        output::note(&format!(
            "There are more: add --cursor {}",
            output::quoted(cursor)
        ));
    }
    Ok(())
}

pub(super) async fn files(repo: String, json: bool) -> Result<(), Failure> {
    let path = with_query("/api/v1/hub/repo", &json!({"id": repo}));
    let repo = Door::open().await?.get(&path).await?;
    if json {
        output::document(&repo);
        return Ok(());
    }
    let facts = [
        repo["licence"]
            .as_str()
            .map(|licence| format!("licence {licence}")),
        repo["architecture"].as_str().map(str::to_owned),
        repo["parameters"]
            .as_u64()
            .map(|_| format!("{} parameters", count(&repo["parameters"]))),
        repo["contextLength"]
            .as_u64()
            .map(|tokens| format!("{tokens} tokens of context")),
        (repo["gated"] != "no").then(|| "gated: its terms must be accepted".to_owned()),
        (repo["private"] == true).then(|| "private".to_owned()),
    ];
    output::line(&format!("{}  {}", cell(&repo["id"]), cell(&repo["url"])));
    output::line(&facts.into_iter().flatten().collect::<Vec<_>>().join(", "));
    if let Some(summary) = repo["summary"].as_str() {
        output::line(summary);
    }
    output::line("");
    let variants = rows_of(&repo["variants"]);
    if variants.is_empty() {
        output::note("It has no GGUF file.");
        return Ok(());
    }
    let rows = variants
        .iter()
        .map(|variant| {
            let files = variant["files"].as_array().map_or(0, Vec::len);
            let state = match (&variant["localKey"], &variant["jobId"], &variant["missing"]) {
                (Value::String(key), _, _) => format!("here: {key}"),
                (_, Value::String(_), _) => "downloading".to_owned(),
                (_, _, Value::Array(missing)) if !missing.is_empty() => "incomplete".to_owned(),
                _ if variant["recommended"] == true => "recommended".to_owned(),
                _ => String::new(),
            };
            vec![
                cell(&variant["name"]),
                size(&variant["sizeBytes"]),
                variant["bitsPerWeight"]
                    .as_f64()
                    .map_or("-".to_owned(), |bits| format!("{bits:.1}")),
                files.to_string(),
                fit_words(&variant["fit"]).to_owned(),
                cell(&variant["qualityWords"]),
                state,
            ]
        })
        .collect();
    output::table(
        &[
            "name",
            "size",
            "bits",
            "files",
            "this machine",
            "quality",
            "",
        ],
        rows,
    );
    if let Some(taken) = variants
        .iter()
        .find(|variant| variant["recommended"] == true)
    {
        output::line("");
        output::line(&format!(
            "Recommended: {}. {} {}",
            cell(&taken["name"]),
            cell(&taken["why"]),
            cell(&taken["fitSentence"])
        ));
    }
    Ok(())
}

pub(super) async fn get(get: Get, json: bool) -> Result<(), Failure> {
    let mut interrupted = Interrupt::new()?;
    let door = Door::open().await?;
    let request = DownloadModel {
        model: get.repo.clone(),
        quantization: None,
        file: get.file,
        revision: get.revision,
    };
    let started = tokio::select! {
        started = door.post("/api/v1/models/download", &request) => started?,
        () = interrupted.next() => return Err(Failure::new("interrupted", "interrupted before anything was fetched", "")),
    };
    if started["status"] == "already_downloaded" {
        let text = format!("{} is here already.", cell(&started["key"]));
        print_end(&started, &text, json);
        return Ok(());
    }
    let id = cell(&started["job_id"]);
    if !json && let Some(why) = started["why"].as_str() {
        output::note(&format!("Taking {}. {why}", cell(&started["variant"])));
    }
    let bar = if json {
        ProgressBar::hidden()
    } else {
        progress_bar()
    };
    let watching = watch(&door, &id, &bar, json);
    let ended = tokio::select! {
        ended = watching => ended?,
        () = interrupted.next() => {
            bar.abandon();
            return Err(pause(&door, &id, &get.repo).await);
        }
    };
    bar.finish_and_clear();
    match ended["state"].as_str() {
        Some("done") => {
            let (key, bytes) = (cell(&ended["key"]), size(&ended["downloadedBytes"]));
            print_end(
                &shape(&ended),
                &format!("{key} is here ({bytes}). Load it with `paddock load {key}`."),
                json,
            );
            Ok(())
        }
        Some("failed") => {
            let error = &ended["error"];
            Err(Failure::new(
                error["code"].as_str().unwrap_or("download_failed"),
                cell(&error["message"]),
                error["hint"].as_str().unwrap_or_default(),
            ))
        }
        state => {
            let state = state.unwrap_or("gone").to_owned();
            Err(Failure::new(
                "download_stopped",
                format!("the download was stopped by another window or command: it is {state}"),
                &again(&get.repo),
            ))
        }
    }
}

/// Where a download is asked about.
fn path_of(id: &str) -> String {
    format!("/api/v1/downloads/{}", encode(id))
}

/// Shows a download until it is over or stopped.
async fn watch(door: &Door, id: &str, bar: &ProgressBar, json: bool) -> Result<Value, Failure> {
    let mut last = Value::Null;
    let mut said = None;
    loop {
        let view = door.get(&path_of(id)).await?;
        bar.set_prefix(output::harmless(&cell(&view["label"])).into_owned());
        if let Some(total) = view["totalBytes"].as_u64() {
            bar.set_length(total);
        }
        bar.set_position(view["downloadedBytes"].as_u64().unwrap_or(0));
        bar.set_message(output::harmless(&message(&view)).into_owned());
        let notice = notice(&view).map(str::to_owned);
        if !json && notice.is_some() && notice != said {
            bar.suspend(|| output::note(notice.as_deref().unwrap_or_default()));
            said = notice;
        }
        match view["state"].as_str() {
            Some("queued" | "running" | "waiting" | "verifying") => {}
            _ => return Ok(view),
        }
        let line = shape(&view);
        if json && line != last {
            output::document(&line);
            last = line;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A line of `--json`.
fn shape(view: &Value) -> Value {
    let mut line = json!({
        "downloaded": view["downloadedBytes"],
        "total": view["totalBytes"],
        "bytesPerSecond": view["bytesPerSecond"],
        "state": view["state"],
    });
    for name in ["reason", "key"] {
        if !view[name].is_null() {
            line[name] = view[name].clone();
        }
    }
    line
}

fn print_end(document: &Value, text: &str, json: bool) {
    if json {
        output::document(document);
    } else {
        output::line(text);
    }
}

async fn pause(door: &Door, id: &str, repo: &str) -> Failure {
    if let Err(failure) = door
        .post(&format!("{}/pause", path_of(id)), &json!({}))
        .await
    {
        return failure;
    }
    let deadline = tokio::time::Instant::now() + PAUSES_WITHIN;
    let mut view = Value::Null;
    while tokio::time::Instant::now() < deadline {
        view = door.get(&path_of(id)).await.unwrap_or_default();
        if !matches!(
            view["state"].as_str(),
            Some("running" | "waiting" | "verifying")
        ) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let total = size(&view["totalBytes"]);
    Failure::new(
        "download_paused",
        format!(
            "paused with {} of {total} here",
            size(&view["downloadedBytes"])
        ),
        &again(repo),
    )
}

fn again(repo: &str) -> String {
    format!("`paddock get {}` goes on from there.", output::quoted(repo))
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let template = "{prefix}  {bar:24} {bytes}/{total_bytes}  {msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// What happened to a download that goes on all the same, such as that it began anew.
fn notice(view: &Value) -> Option<&str> {
    let goes_on = matches!(view["state"].as_str(), Some("running" | "verifying"));
    view["reason"].as_str().filter(|_| goes_on)
}

/// Speed and time left, or why there is none.
fn message(view: &Value) -> String {
    match (view["state"].as_str(), view["reason"].as_str()) {
        (Some("verifying"), _) => return "checking".to_owned(),
        (Some("running"), _) => {}
        (_, Some(reason)) => return reason.to_owned(),
        (Some("queued"), None) => return "waiting for its turn".to_owned(),
        _ => {}
    }
    let speed = format!("{}/s", size(&view["bytesPerSecond"]));
    match view["secondsLeft"].as_u64() {
        Some(seconds @ 0..60) => format!("{speed}, {seconds} s left"),
        Some(seconds @ 60..3600) => format!("{speed}, {} min left", seconds / 60),
        Some(seconds) => format!(
            "{speed}, {} h {} min left",
            seconds / 3600,
            seconds / 60 % 60
        ),
        None => speed,
    }
}

fn rows_of(value: &Value) -> &[Value] {
    value.as_array().map_or(&[][..], Vec::as_slice)
}

fn fit_words(fit: &Value) -> &'static str {
    match fit.as_str() {
        Some("fits") => "fits",
        Some("tight") => "tight",
        Some("tooBig") => "too big",
        _ => "-",
    }
}

/// Numbers as people say them: 8.0B, 268M, 90k.
#[allow(clippy::cast_precision_loss)]
fn count(value: &Value) -> String {
    let Some(number) = value.as_u64() else {
        return "-".to_owned();
    };
    let exact = number as f64;
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => format!("{:.0}k", exact / 1e3),
        1_000_000..1_000_000_000 => format!("{:.0}M", exact / 1e6),
        _ => format!("{:.1}B", exact / 1e9),
    }
}

/// Ctrl-C, and on Unix the polite request to end.
struct Interrupt {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Interrupt {
    #[cfg(unix)]
    fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |error| Failure::new("signals", format!("no signals: {error}"), "");
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    #[cfg(not(unix))]
    fn new() -> Result<Self, Failure> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A download that began anew says so, and its speed still.
    #[test]
    fn what_goes_on_shows_its_speed_beside_what_happened() {
        let reason = "The file changed on the server; starting over.";
        let view = |state: &str| json!({"state": state, "reason": reason, "bytesPerSecond": 5_000_000, "secondsLeft": 7});
        assert_eq!(message(&view("running")), "5.0 MB/s, 7 s left");
        assert_eq!(notice(&view("running")), Some(reason));
        assert_eq!(message(&view("verifying")), "checking");
        assert_eq!(message(&view("waiting")), reason);
        assert_eq!(notice(&view("waiting")), None);
    }

    #[test]
    fn numbers_are_said_as_people_say_them() {
        for (number, said) in [
            (7_u64, "7"),
            (90_123, "90k"),
            (268_098_176, "268M"),
            (8_030_000_000, "8.0B"),
        ] {
            assert_eq!(count(&json!(number)), said);
        }
        assert_eq!(count(&Value::Null), "-");
    }
}
