//! What is wrong, on what, and what to do about it.

use serde::{Deserialize, Serialize};
use settings::{DataDir, Notice, SettingsDocument};

use super::{CheckedEndpoint, CheckedEngine, CheckedFolder};
use crate::downloads::DownloadView;
use crate::error::{Error, WireError};
use crate::list_models::ModelView;
use crate::models_folders::FolderView;
use crate::status::ModelStatus;

/// Below this nothing works for long: settings and logs are not written.
const BROKEN_FREE_BYTES: u64 = 50_000_000;
/// Below this no download can begin.
const LOW_FREE_BYTES: u64 = 1_000_000_000;
/// A library on a drive that is not plugged in would fill the page.
const MOST_MODELS: usize = 10;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Something that everyone needs does not work.
    Broken,
    /// A part does not work, or soon will not.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Stable name, where it is an error's the same.
    pub code: String,
    /// What it is about: `engine b10434`, `data folder`.
    pub about: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    /// Worst first, else in the order in which they were found.
    pub(super) fn sorted(mut self) -> Vec<Finding> {
        self.0.sort_by_key(|finding| finding.severity);
        self.0
    }

    fn add(&mut self, severity: Severity, code: &str, about: &str, message: String, hint: &str) {
        self.0.push(Finding {
            severity,
            code: code.to_owned(),
            about: about.to_owned(),
            message,
            hint: hint.to_owned(),
        });
    }

    pub(super) fn of_error(&mut self, about: &str, error: &WireError) {
        let message = error.message.clone();
        self.add(Severity::Broken, &error.code, about, message, &error.hint);
    }

    pub(super) fn of_folder(&mut self, folder: &CheckedFolder, data: &DataDir) {
        let about = "data folder";
        let writable = tempfile::Builder::new()
            .prefix(".doctor-")
            .tempfile_in(data.root());
        if let Err(error) = writable {
            let message = format!("{} cannot be written: {error}", folder.path);
            let hint = "Check its permissions, or set PADDOCK_HOME to another folder.";
            self.add(Severity::Broken, "folder_unusable", about, message, hint);
        }
        let Some(free) = folder.free_bytes.filter(|free| *free < LOW_FREE_BYTES) else {
            return;
        };
        let severity = if free < BROKEN_FREE_BYTES {
            Severity::Broken
        } else {
            Severity::Warning
        };
        let message = format!("its disk has {} MB left", free / 1_000_000);
        let hint = "Delete what is not needed; `paddock ls` shows how large each model is.";
        self.add(severity, "disk_full", about, message, hint);
    }

    /// What was done to the settings when they were opened.
    pub(super) fn of_notices(&mut self, notices: &[Notice]) {
        for notice in notices {
            let hint = notice.kept_at.as_ref().map_or_else(String::new, |path| {
                format!("What was there is kept at {}.", path.display())
            });
            let message = notice.message.clone();
            self.add(
                Severity::Warning,
                "settings_repaired",
                "settings",
                message,
                &hint,
            );
        }
    }

    pub(super) fn of_endpoint(&mut self, endpoint: &CheckedEndpoint, hosted: bool) {
        if let Some(problem) = &endpoint.problem {
            // A host's own words say who has it.
            let owner = endpoint.taken_by.as_ref().filter(|_| !hosted);
            let owner =
                owner.map_or_else(String::new, |owner| format!("; it is {owner} that has it"));
            let message = format!("{}: {problem}{owner}", endpoint.url);
            let hint = "End that program, or set another port in Settings or with `paddock serve --port N`.";
            self.add(Severity::Broken, "port_taken", "endpoint", message, hint);
        } else if hosted && !endpoint.listening {
            let message = format!("{} is not listened on", endpoint.url);
            self.add(
                Severity::Broken,
                "not_listening",
                "endpoint",
                message,
                "Restart Paddock.",
            );
        }
    }

    pub(super) fn of_network(&mut self, settings: &SettingsDocument) {
        let host = settings.gateway.host;
        if !host.is_loopback() && settings.keys.is_empty() {
            let message =
                format!("it is set to {host}, which other machines reach, and there is no API key");
            let hint = "Make a key with `paddock key add NAME`, or set gateway.host to 127.0.0.1.";
            self.add(Severity::Broken, "needs_key", "endpoint", message, hint);
        }
    }

    /// The guard lies beside the program, or nothing can be started.
    pub(super) fn of_program(&mut self) {
        let Some(program) = std::env::current_exe().ok().filter(|_| cfg!(unix)) else {
            return;
        };
        let guard = program.with_file_name("paddock-guard");
        // A test's own program has none.
        if !guard.is_file() && !cfg!(test) {
            let message = format!("{} is not there", guard.display());
            let hint = "Install Paddock again: this program ends engines that outlive their host, and none is started without it.";
            self.add(
                Severity::Broken,
                "guard_missing",
                "installation",
                message,
                hint,
            );
        }
    }

    pub(super) fn of_engines(&mut self, engines: &[CheckedEngine]) {
        if !engines.iter().any(|engine| engine.current) {
            let error = Error::NoEngine;
            self.add(
                Severity::Broken,
                error.code(),
                "engines",
                error.to_string(),
                &error.hint(),
            );
        }
        for engine in engines {
            let about = format!("engine {}", engine.name);
            let severity = if engine.current {
                Severity::Broken
            } else {
                Severity::Warning
            };
            if let Some(problem) = &engine.problem {
                let hint = if engine.current {
                    "Use another with `paddock engine use NAME`, or install one with `paddock engine install`."
                } else {
                    "Remove it with `paddock engine rm NAME`, or install it again."
                };
                self.add(severity, "engine_unusable", &about, problem.clone(), hint);
            } else if engine.current && !engine.proved {
                let message = "nobody has seen it run a model on this machine yet".to_owned();
                let hint = format!(
                    "`paddock engine prove {}` tries it with a tiny model.",
                    engine.path
                );
                self.add(Severity::Warning, "engine_unproved", &about, message, &hint);
            }
        }
    }

    pub(super) fn of_models(&mut self, models: &[ModelView]) {
        let mut wrong = models
            .iter()
            .filter(|model| !model.present || model.problem.is_some());
        for model in wrong.by_ref().take(MOST_MODELS) {
            let about = format!("model {}", model.key);
            let (code, message, hint) = match &model.problem {
                Some(problem) if model.present => (
                    "model_unusable",
                    problem.clone(),
                    "Fetch it again, or forget it with `paddock rm KEY`.",
                ),
                _ => (
                    "model_missing",
                    format!("{} is not there", model.path.display()),
                    "Plug its drive in, or forget it with `paddock rm KEY --keep-file`.",
                ),
            };
            self.add(Severity::Warning, code, &about, message, hint);
        }
        let more = wrong.count();
        if more > 0 {
            let message = format!("{more} more are missing or cannot be loaded");
            let hint = "`paddock ls` lists them all.";
            self.add(
                Severity::Warning,
                "models_unusable",
                "models",
                message,
                hint,
            );
        }
    }

    pub(super) fn of_model_folders(&mut self, folders: &[FolderView]) {
        for folder in folders.iter().filter(|folder| folder.missing) {
            let what = if folder.silent {
                "does not answer"
            } else {
                "is not there"
            };
            let message = format!("{} {what}", folder.path.display());
            let hint = "Plug its drive in, or take it out with `paddock folder rm PATH`.";
            self.add(
                Severity::Warning,
                "folder_missing",
                "models folder",
                message,
                hint,
            );
        }
    }

    /// What failed and is still shown.
    pub(super) fn of_failures(&mut self, models: &[ModelStatus], downloads: &[DownloadView]) {
        for status in models {
            if let Some(error) = &status.server.error {
                let about = format!("model {}", status.server.key);
                let message = error.message.clone();
                self.add(Severity::Warning, &error.code, &about, message, &error.hint);
            }
        }
        for download in downloads {
            if let Some(error) = &download.job.error {
                let about = format!("download {}", download.job.label);
                let message = error.message.clone();
                let hint = error.hint.as_deref().unwrap_or_default();
                self.add(Severity::Warning, &error.code, &about, message, hint);
            }
        }
    }
}
