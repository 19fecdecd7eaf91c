//! A data folder of its own, and the command line working on it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::processes::{self, MARKER};
use crate::{ORPHAN_BOUND, environment, models};

/// No verb of the command line takes longer than this in a test.
const VERB_LIMIT: Duration = Duration::from_secs(90);

/// The key of the real model in a [`Home::with_gemma`].
pub const GEMMA: &str = "local/gemma";
/// The key of the tiny model in a [`Home::with_tiny`].
pub const TINY: &str = "local/tiny";

/// A data folder, and a marker that everything started on it carries.
pub struct Home {
    folder: TempDir,
    marker: String,
    variables: Vec<(String, String)>,
    /// A `paddock` elsewhere than where it was built.
    program: Option<PathBuf>,
    /// What the command runs under, with its arguments.
    under: Vec<String>,
}

impl Home {
    /// An empty one: a machine on which Paddock never ran.
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let folder = tempfile::Builder::new()
            .prefix("paddock-test-")
            .tempdir()
            .unwrap();
        // The folder's name is unique on this machine already.
        let name = folder.path().file_name().unwrap().to_string_lossy();
        Self {
            marker: format!("{name}-{number}"),
            variables: Vec::new(),
            program: None,
            under: Vec::new(),
            folder,
        }
    }

    /// An empty one whose engines come from this double.
    #[must_use]
    pub fn with_releases(releases: &crate::ReleasesDouble) -> Self {
        Self::new().with_variable("PADDOCK_RELEASES_URL", &releases.url())
    }

    /// With the real engine, and the real model as [`GEMMA`].
    pub async fn with_gemma() -> Self {
        let home = Self::new();
        home.add_engine(&environment::engine()).await;
        home.add_gemma().await;
        home
    }

    /// With the real engine, and the tiny model as [`TINY`]: loads in a tenth of a second, and with
    /// `--set context-shift` answers without end.
    pub async fn with_tiny() -> Self {
        let home = Self::new();
        home.add_engine(&environment::engine()).await;
        home.add_tiny().await;
        home
    }

    /// An empty one that takes this double for the hub.
    #[must_use]
    pub fn with_hub(hub: &crate::HubDouble) -> Self {
        Self::new().with_variable("HF_ENDPOINT", &hub.url())
    }

    /// With the real engine and both models.
    pub async fn with_both() -> Self {
        let home = Self::with_gemma().await;
        home.add_tiny().await;
        home
    }

    /// Adds an engine.
    pub async fn add_engine(&self, path: &Path) {
        self.paddock(&["engine", "add", &path.to_string_lossy()])
            .await
            .succeeded();
    }

    /// Imports the real model, by a link in this folder so that its key is the same on every machine.
    pub async fn add_gemma(&self) {
        let link = self.file("gemma.gguf");
        std::os::unix::fs::symlink(environment::model(), &link).unwrap();
        self.import(&link).await;
    }

    /// Imports the tiny model.
    pub async fn add_tiny(&self) {
        let path = self.file("tiny.gguf");
        models::tiny(&path);
        self.import(&path).await;
    }

    /// Imports a model and returns its key.
    pub async fn import(&self, path: &Path) -> String {
        let models = self
            .paddock(&["import", &path.to_string_lossy(), "--json"])
            .await
            .succeeded()
            .json();
        models[0]["key"].as_str().unwrap().to_owned()
    }

    /// A variable for everything that is started from now on.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// One whose `paddock` is this program from now on.
    #[must_use]
    pub fn with_program(mut self, program: PathBuf) -> Self {
        self.program = Some(program);
        self
    }

    /// One in which everything started from now on is traced into this file; see [`crate::connections`].
    #[must_use]
    pub fn traced_into(mut self, trace: &Path) -> Self {
        self.under = crate::connections::tracer(trace);
        self
    }

    /// The data folder, `PADDOCK_HOME`.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `settings.json`.
    #[must_use]
    pub fn settings_file(&self) -> PathBuf {
        self.data().join("settings.json")
    }

    /// The settings on disk.
    #[must_use]
    pub fn settings(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.settings_file()).unwrap()).unwrap()
    }

    /// Changes the settings on disk, as a user with an editor does. No host may be running.
    pub fn edit_settings(&self, change: impl FnOnce(&mut Value)) {
        let mut settings = self.settings();
        change(&mut settings);
        std::fs::write(self.settings_file(), settings.to_string()).unwrap();
    }

    /// A path for a file of the test's, outside the data folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder that holds all of it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What everything started here has in its environment.
    #[must_use]
    pub fn marker(&self) -> &str {
        &self.marker
    }

    /// The `paddock` command with this home's environment.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let program = self.program.clone();
        let program = program.unwrap_or_else(environment::paddock);
        let mut command = match self.under.split_first() {
            None => Command::new(program),
            Some((under, words)) => {
                let mut command = Command::new(under);
                command.args(words).arg(program);
                command
            }
        };
        command
            .args(arguments)
            .env("PADDOCK_HOME", self.data())
            .env(MARKER, &self.marker)
            .env_remove("PADDOCK_LOG")
            // Whoever runs the tests may have a token of their own, and a mirror.
            .env_remove("HF_TOKEN")
            .env_remove("HF_ENDPOINT")
            // Nothing listens there: no test asks GitHub for anything.
            .env("PADDOCK_RELEASES_URL", "http://127.0.0.1:9")
            .env("HF_HOME", self.folder.path().join("no-hugging-face"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs a verb to its end.
    pub async fn paddock(&self, arguments: &[&str]) -> Ran {
        let begin = Instant::now();
        let output = self
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output();
        let output = tokio::time::timeout(VERB_LIMIT, output)
            .await
            .unwrap_or_else(|_| panic!("paddock {arguments:?} did not end within {VERB_LIMIT:?}"))
            .unwrap();
        Ran {
            line: format!("paddock {}", arguments.join(" ")),
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            took: begin.elapsed(),
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let left = processes::wait_until_none(&self.marker, ORPHAN_BOUND);
        if let Err(left) = left {
            processes::kill_marked(&self.marker);
            if !std::thread::panicking() {
                panic!("left alive after the test: {left:#?}");
            }
        }
    }
}

/// A verb that ran.
#[derive(Debug)]
pub struct Ran {
    line: String,
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it said beside.
    pub stderr: String,
    /// From start to end.
    pub took: Duration,
}

impl Ran {
    /// Demands exit code 0.
    #[must_use = "or drop it on purpose"]
    #[track_caller]
    pub fn checked(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "{}\nstdout: {}\nstderr: {}",
            self.line,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Demands exit code 0.
    #[track_caller]
    #[allow(clippy::must_use_candidate)]
    pub fn succeeded(self) -> Self {
        self.checked(0)
    }

    /// Demands exit code 1.
    #[track_caller]
    #[allow(clippy::must_use_candidate)]
    pub fn failed(self) -> Self {
        self.checked(1)
    }

    /// The one JSON document on stdout.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        let mut documents = serde_json::Deserializer::from_str(&self.stdout).into_iter::<Value>();
        let first = documents.next().and_then(Result::ok);
        let first = first.unwrap_or_else(|| {
            panic!(
                "{} printed no JSON\nstdout: {}\nstderr: {}",
                self.line, self.stdout, self.stderr
            )
        });
        assert!(
            documents.next().is_none(),
            "{} printed more than one document: {}",
            self.line,
            self.stdout
        );
        first
    }

    /// The code of the error that it failed with under `--json`.
    #[must_use]
    #[track_caller]
    pub fn error_code(&self) -> String {
        let document = self.json();
        document["error"]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("{}: no error in {document}", self.line))
            .to_owned()
    }
}
