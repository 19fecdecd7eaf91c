//! `cargo xtask run`: from a fresh clone to a model that answers.
//!
//! Builds, sees to it that there is an engine and a model, and starts the desktop app where there is a display and it has
//! been written, else the headless host. What the user has already is used: the starter engine and model are fetched only
//! where there is none.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::starter::{self, Dead, Home, StarterState};
use crate::workspace::{Profile, Workspace};
use crate::{command, host, packages, say, ui};

/// A host listens within milliseconds, unless its port is taken.
const LISTENS_WITHIN: Duration = Duration::from_secs(3);

/// What `cargo xtask run` was told.
#[derive(Debug)]
pub struct Options {
    /// Build what is shipped rather than what is quick to build.
    pub release: bool,
    /// No window, even where there is a display.
    pub headless: bool,
    /// Passed on to `paddock serve`. Where there are any, no window is opened.
    pub serve_arguments: Vec<String>,
}

/// One row of `paddock engine ls --json`, and what `paddock engine add --json` prints.
#[derive(Deserialize)]
struct EngineRow {
    name: String,
    path: PathBuf,
    current: bool,
    present: bool,
}

/// One row of `paddock ls --json`.
#[derive(Deserialize)]
struct ModelRow {
    key: String,
    present: bool,
    /// Why it cannot be loaded; nothing where it can.
    problem: Option<serde_json::Value>,
}

/// What `paddock serve --json` prints: once it listens, or why it does not go on.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Listening { endpoint: String, pid: u32 },
    Failed { error: HostError },
}

/// A host's error, as far as it is for people.
#[derive(Deserialize)]
struct HostError {
    message: String,
    #[serde(default)]
    hint: String,
}

/// Runs Paddock in the foreground and returns how it ended.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitStatus> {
    let profile = if options.release {
        Profile::Release
    } else {
        Profile::Debug
    };
    let wants_window = !options.headless && options.serve_arguments.is_empty();
    let window = workspace.window_exists() && wants_window && has_display();
    let home = Home::of_paddock()?;
    if !home.dir.join("settings.json").exists() {
        // Nobody has used this folder yet, so the starter files will be fetched: better to ask for pip now than after
        // minutes of building.
        packages::ensure(&[packages::FETCH])?;
    }
    if window {
        packages::ensure(&[packages::WINDOW])?;
        ui::build(workspace)?;
    }
    say!(
        "building{}",
        if options.release { " for release" } else { "" }
    );
    workspace.build(profile, window)?;

    let paddock = workspace.binary(profile, "paddock");
    let paddock = || Command::new(&paddock);
    ensure_engine(&home, &paddock, profile)?;
    let model = ensure_model(&home, &paddock)?;
    if window {
        say!("opening the window");
        return host::run(
            &mut Command::new(workspace.binary(profile, "paddock-desktop")),
            |line| println!("{line}"),
        );
    }
    if workspace.window_exists() && wants_window {
        say!(
            "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set): starting without a window"
        );
    }
    serve(&paddock, &model, &options.serve_arguments)
}

fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(windows, target_os = "macos")) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

fn ensure_engine(home: &Home, paddock: &dyn Fn() -> Command, profile: Profile) -> Result<()> {
    let engines: Vec<EngineRow> = command::json(paddock().args(["engine", "ls", "--json"]))?;
    if !needs_starter(&engines, &|path| starter::state_of(home, path)) {
        return Ok(());
    }
    let server = starter::ensure_engine(home, Dead::Removed, profile)?;
    say!("adding the engine {}", server.display());
    let added: EngineRow = command::json(paddock().args(["engine", "add", "--json"]).arg(&server))?;
    if !added.current {
        command::run(paddock().args(["engine", "use", &added.name]))?;
    }
    Ok(())
}

/// Whether an engine is wanted from us: where there is none, and where the current one is ours and is gone or was never
/// proved on this processor.
fn needs_starter(engines: &[EngineRow], state_of: &dyn Fn(&Path) -> StarterState) -> bool {
    let current = engines.iter().find(|engine| engine.current);
    match current.map(|engine| state_of(&engine.path)) {
        Some(StarterState::Proved) => false,
        Some(StarterState::Unproved) => true,
        Some(StarterState::NotOurs) | None => !engines.iter().any(|engine| engine.present),
    }
}

/// The key of the model to load: the starter if it is there, else the user's first that is whole.
fn ensure_model(home: &Home, paddock: &dyn Fn() -> Command) -> Result<String> {
    let models = || command::json::<Vec<ModelRow>>(paddock().args(["ls", "--json"]));
    if let Some(key) = choose(models()?) {
        return Ok(key);
    }
    let path = starter::ensure_model(home)?;
    choose(models()?).ok_or_else(|| {
        Error::Message(format!(
            "`paddock ls` does not list the model at {}",
            path.display()
        ))
    })
}

fn choose(models: Vec<ModelRow>) -> Option<String> {
    let mut keys: Vec<String> = models
        .into_iter()
        .filter(|model| model.present && model.problem.is_none())
        .map(|model| model.key)
        .collect();
    let index = keys
        .iter()
        .position(|key| key == starter::MODEL_KEY)
        .unwrap_or(0);
    (!keys.is_empty()).then(|| keys.swap_remove(index))
}

fn serve(paddock: &dyn Fn() -> Command, model: &str, extra: &[String]) -> Result<ExitStatus> {
    let arguments = serve_arguments(model, extra);
    let model = arguments.model;
    let ended = Arc::new(AtomicBool::new(false));
    let listening = Arc::new(AtomicBool::new(false));
    {
        let (listening, ended) = (Arc::clone(&listening), Arc::clone(&ended));
        std::thread::spawn(move || hint_at_ports(&listening, &ended));
    }
    let status = host::run(
        paddock().args(arguments.words),
        |line| match serde_json::from_str(line) {
            Ok(Said::Listening { endpoint, pid }) if !listening.swap(true, Ordering::Relaxed) => {
                say!("Paddock listens on {endpoint} (process {pid}); Ctrl-C ends it");
                say!("loading {model}");
                let (load, model, ended) = (paddock(), model.clone(), Arc::clone(&ended));
                std::thread::spawn(move || load_and_announce(load, &endpoint, &model, &ended));
            }
            Ok(Said::Failed { error }) => {
                eprintln!("error: {}", error.message);
                if !error.hint.is_empty() {
                    eprintln!("  try: {}", error.hint);
                }
            }
            _ => println!("{line}"),
        },
    );
    ended.store(true, Ordering::Relaxed);
    status
}

/// The host says itself that its port is taken, and waits for it; how to choose another from here is ours to say.
fn hint_at_ports(listening: &AtomicBool, ended: &AtomicBool) {
    std::thread::sleep(LISTENS_WITHIN);
    if !listening.load(Ordering::Relaxed) && !ended.load(Ordering::Relaxed) {
        say!("Paddock does not listen yet; `cargo xtask run -- --port 8422` uses another port");
    }
}

/// The words after `paddock`, and the model to load.
struct ServeArguments {
    words: Vec<String>,
    model: String,
}

/// The user's own arguments win over ours. Our model is loaded by a call of its own, which tells in words how it went.
fn serve_arguments(model: &str, extra: &[String]) -> ServeArguments {
    let own_model =
        extra
            .iter()
            .enumerate()
            .find_map(|(index, word)| match word.strip_prefix("--model") {
                Some("") => extra.get(index + 1).cloned(),
                Some(rest) => rest.strip_prefix('=').map(str::to_owned),
                None => None,
            });
    let words = ["serve", "--json"]
        .into_iter()
        .chain(
            extra
                .iter()
                .map(String::as_str)
                .filter(|word| *word != "--json"),
        )
        .map(str::to_owned)
        .collect();
    ServeArguments {
        words,
        model: own_model.unwrap_or_else(|| model.to_owned()),
    }
}

/// Loads the model and prints a line to try it with.
fn load_and_announce(mut paddock: Command, endpoint: &str, model: &str, ended: &AtomicBool) {
    let loaded = command::output(paddock.args(["load", model]));
    if ended.load(Ordering::Relaxed) {
        return;
    }
    match loaded {
        Ok(said) => say!(
            "{}; from another terminal:\n\n{}\n",
            said.trim(),
            curl_line(endpoint, model)
        ),
        // It has been told why in words for people, and Paddock goes on: another model may load.
        Err(Error::CommandSaid { stderr, .. }) if !stderr.is_empty() => eprintln!("{stderr}"),
        Err(error) => eprintln!("error: {error}"),
    }
}

fn curl_line(endpoint: &str, model: &str) -> String {
    // The starter is a base model: it goes on with a text, and makes nothing of a question.
    let (path, body) = if model == starter::MODEL_KEY {
        let body =
            serde_json::json!({ "model": model, "prompt": "Once upon a time", "max_tokens": 32 });
        ("completions", body)
    } else {
        let messages = [serde_json::json!({ "role": "user", "content": "Say hello." })];
        let body = serde_json::json!({ "model": model, "messages": messages, "max_tokens": 64 });
        ("chat/completions", body)
    };
    // Keys come from file names, which may hold a quote.
    let body = body.to_string().replace('\'', r"'\''");
    format!("curl {endpoint}/v1/{path} -H 'Content-Type: application/json' -d '{body}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, present: bool) -> ModelRow {
        ModelRow {
            key: key.to_owned(),
            present,
            problem: None,
        }
    }

    fn engine(path: &str, current: bool, present: bool) -> EngineRow {
        EngineRow {
            name: path.to_owned(),
            path: path.into(),
            current,
            present,
        }
    }

    #[test]
    fn the_users_engine_is_used_and_ours_is_proved() {
        let needs = |engines: &[EngineRow]| {
            needs_starter(engines, &|path| match path.to_str() {
                Some("proved") => StarterState::Proved,
                Some("unproved") => StarterState::Unproved,
                _ => StarterState::NotOurs,
            })
        };
        assert!(needs(&[]));
        assert!(!needs(&[engine("on path", true, true)]));
        assert!(!needs(&[engine("own", false, true)]));
        assert!(needs(&[engine("own", true, false)]));
        assert!(!needs(&[engine("proved", true, true)]));
        assert!(needs(&[engine("unproved", true, false)]));
        assert!(needs(&[
            engine("unproved", true, true),
            engine("on path", false, true)
        ]));
        assert!(!needs(&[
            engine("unproved", false, true),
            engine("own", true, true)
        ]));
    }

    fn words(extra: &[&str]) -> ServeArguments {
        serve_arguments(
            "ours/m",
            &extra
                .iter()
                .map(|&word| word.to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn the_starter_is_loaded_where_it_is() {
        assert_eq!(
            choose(vec![row("a/b", true), row(starter::MODEL_KEY, true)]).as_deref(),
            Some(starter::MODEL_KEY)
        );
        assert_eq!(
            choose(vec![row("gone/x", false), row("a/b", true)]).as_deref(),
            Some("a/b")
        );
        let broken = ModelRow {
            problem: Some("cut off".into()),
            ..row("broken/x", true)
        };
        assert_eq!(
            choose(vec![broken, row("a/b", true)]).as_deref(),
            Some("a/b")
        );
        assert_eq!(choose(vec![row(starter::MODEL_KEY, false)]), None);
        assert_eq!(choose(vec![]), None);
    }

    #[test]
    fn our_model_gives_way_to_the_users() {
        assert_eq!(
            words(&["--port", "9000"]).words,
            ["serve", "--json", "--port", "9000"]
        );
        assert_eq!(words(&["--port", "9000"]).model, "ours/m");
        for own in [&["--model", "own/m"][..], &["--model=own/m"]] {
            let arguments = words(own);
            assert_eq!(arguments.model, "own/m");
            assert!(arguments.words.ends_with(&[own[own.len() - 1].to_owned()]));
        }
    }

    #[test]
    fn json_is_asked_for_once() {
        assert_eq!(
            words(&["--json"])
                .words
                .iter()
                .filter(|word| *word == "--json")
                .count(),
            1
        );
    }

    #[test]
    fn the_curl_line_holds_whole_json() {
        let line = curl_line("http://127.0.0.1:8421", "a/b'c");
        assert!(
            line.starts_with("curl http://127.0.0.1:8421/v1/chat/completions "),
            "{line}"
        );
        assert!(line.contains(r#""model":"a/b'\''c""#), "{line}");
        let starter = curl_line("http://127.0.0.1:8421", starter::MODEL_KEY);
        assert!(starter.contains("/v1/completions "), "{starter}");
    }

    #[test]
    fn the_agreed_documents_are_read() {
        let listening = r#"{"endpoint":"http://127.0.0.1:8421","pid":7}"#;
        let Said::Listening { endpoint, pid } = serde_json::from_str(listening).unwrap() else {
            panic!()
        };
        assert_eq!((endpoint.as_str(), pid), ("http://127.0.0.1:8421", 7));
        let failed =
            r#"{"error":{"code":"occupied","message":"it is taken","details":[],"hint":"wait"}}"#;
        let Said::Failed { error } = serde_json::from_str(failed).unwrap() else {
            panic!()
        };
        assert_eq!(
            (error.message.as_str(), error.hint.as_str()),
            ("it is taken", "wait")
        );
    }
}
