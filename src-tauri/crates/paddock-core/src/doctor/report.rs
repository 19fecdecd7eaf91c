//! A checkup as a text for strangers: everything that helps, no paths, no keys.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

use super::{Checkup, Finding, Severity};

impl Checkup {
    /// All that was found, as lines. Of a path only its last part is left; keys are gone from a checkup anyway.
    #[must_use]
    pub fn report(&self) -> String {
        let mut lines: Vec<String> = vec![
            line("version", &format!("Paddock {}", self.version)),
            line("machine", &self.machine),
            line(
                "memory",
                &format!(
                    "{} free of {}",
                    gigabytes(Some(self.memory_available_bytes)),
                    gigabytes(Some(self.memory_total_bytes))
                ),
            ),
            line(
                "data",
                &format!("{} free on its disk", gigabytes(self.data.free_bytes)),
            ),
        ];
        if let Some(endpoint) = &self.endpoint {
            let state = match (&endpoint.problem, endpoint.listening) {
                (_, true) => "listening".to_owned(),
                (Some(problem), false) => problem.clone(),
                (None, false) => "free".to_owned(),
            };
            lines.push(line("endpoint", &format!("{} ({state})", endpoint.url)));
        }
        lines.extend(self.engines.iter().map(|engine| {
            let mut words = vec![engine.name.clone()];
            words.extend(engine.build.clone());
            words.extend(engine.version.clone());
            words.extend(engine.current.then(|| "current".to_owned()));
            let proved = if engine.proved {
                "proved"
            } else {
                "not proved"
            };
            words.push(proved.to_owned());
            words.extend(engine.devices.iter().cloned());
            words.extend(engine.problem.clone());
            line("engine", &words.join(", "))
        }));
        lines.extend(self.model_folders.iter().map(|folder| {
            let there = if folder.present { "" } else { ", not there" };
            let free = gigabytes(folder.free_bytes);
            line(
                "models in",
                &format!("a folder with {free} free on its disk{there}"),
            )
        }));
        lines.push(line("models", &self.model_count.to_string()));
        lines.push(line("API keys", &self.key_count.to_string()));
        lines.extend(self.environment.iter().map(|variable| {
            let value = variable.value.as_deref().unwrap_or("(set)");
            line("variable", &format!("{}={value}", variable.name))
        }));
        lines.push(String::new());
        if self.findings.is_empty() {
            lines.push("Nothing is wrong.".to_owned());
        }
        lines.extend(self.findings.iter().flat_map(told));
        lines.push(String::new());
        let known = self.known_paths();
        let lines = lines.iter().map(|line| without_paths(line, &known));
        lines.collect::<Vec<String>>().join("\n")
    }

    /// Paths that are in a report by all likelihood, longest first: a folder must not hide what is in it.
    fn known_paths(&self) -> Vec<&str> {
        let engines = self.engines.iter().map(|engine| &engine.path);
        let folders = self.model_folders.iter().map(|folder| &folder.path);
        let all = [&self.data.path].into_iter().chain(engines).chain(folders);
        let mut known: Vec<&str> = all.map(String::as_str).collect();
        known.sort_by_key(|path| std::cmp::Reverse(path.len()));
        known
    }
}

fn told(finding: &Finding) -> Vec<String> {
    let word = match finding.severity {
        Severity::Broken => "broken",
        Severity::Warning => "warning",
    };
    let mut lines = vec![format!("{word}: {}: {}", finding.about, finding.message)];
    lines.extend((!finding.hint.is_empty()).then(|| format!("  {}", finding.hint)));
    lines
}

fn line(name: &str, text: &str) -> String {
    format!("{name:<12}{text}")
}

#[allow(clippy::cast_precision_loss)]
fn gigabytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(
        || "an unknown amount".to_owned(),
        |bytes| format!("{:.1} GB", bytes as f64 / 1e9),
    )
}

/// A model's path, blanks and all: from where it begins to where `.gguf` ends it. After a blank no other path begins.
const MODEL: &str = r#"(^|file://|[\s=;,"'`(\[])((?:[A-Za-z]:[/\\]|~[/\\]|/)[^/\\\s:;,"'`()\[\]](?:[^\s:;"`]|\s+[^\s/\\~:;"'`])*?\.gguf)"#;

/// An absolute path, with what is in front of it: the start, a blank, a quote, `NAME=/path`, an error's `file:/path`, or
/// the path before it in a list. An address (`http://host/x`) is none, and a name with a blank ends at it.
const ANY: &str = r#"(^|file://|[\s=:;,"'`(\[])((?:[A-Za-z]:[/\\]|~[/\\]|/)[^/\\\s:;,"'`()\[\]][^\s:;,"'`()\[\]]*)"#;

/// In this order.
static PATHS: LazyLock<Option<[Regex; 2]>> =
    LazyLock::new(|| Some([Regex::new(MODEL).ok()?, Regex::new(ANY).ok()?]));

/// `/media/ada/models/x.gguf` is `…/x.gguf`. Only of what is known, and of models, is it seen where a name with a blank
/// ends.
fn without_paths(text: &str, known: &[&str]) -> String {
    let Some(paths) = PATHS.as_ref() else {
        // Rather nothing than what might be private; the tests see that it never comes to this.
        return String::new();
    };
    let mut text = text.to_owned();
    // A name with a blank is no name to the patterns: a stand-in is, until they are done.
    let stand_in = |index: usize| format!("\u{e000}{index}\u{e001}");
    for (index, path) in known.iter().enumerate() {
        if !last(path).is_empty() {
            text = text.replace(path, &format!("/{}", stand_in(index)));
        }
    }
    for pattern in paths {
        let shorter = pattern.replace_all(&text, |found: &Captures<'_>| {
            let full_stop = if found[2].ends_with('.') { "." } else { "" };
            format!("{}…/{}{full_stop}", &found[1], last(&found[2]))
        });
        text = shorter.into_owned();
    }
    for (index, path) in known.iter().enumerate() {
        text = text.replace(&stand_in(index), last(path));
    }
    text
}

/// The last part of a path.
fn last(path: &str) -> &str {
    let path = path.trim_end_matches(['/', '\\', '.']);
    path.rsplit(['/', '\\']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use settings::DataDir;

    use super::*;
    use crate::error::WireError;

    #[test]
    fn paths_are_left_out() {
        for (text, without) in [
            (
                "could not read /media/ada/x.gguf: gone",
                "could not read …/x.gguf: gone",
            ),
            ("(/opt/llama.cpp/llama-server)", "(…/llama-server)"),
            ("PADDOCK_HOME=~/p/data", "PADDOCK_HOME=…/data"),
            ("at C:\\Users\\ada\\x.gguf", "at …/x.gguf"),
            ("PATHS=/home/ada/lib:/usr/lib", "PATHS=…/lib:…/lib"),
            ("PATHS=C:\\ada\\lib;D:\\lib", "PATHS=…/lib;…/lib"),
            ("Look at file:///home/ada/x.log.", "Look at file://…/x.log."),
            ("ask https://hub.test/ada/x", "ask https://hub.test/ada/x"),
            (
                "http://127.0.0.1:8421/v1 and 3/4",
                "http://127.0.0.1:8421/v1 and 3/4",
            ),
        ] {
            assert_eq!(without_paths(text, &[]), without);
        }
    }

    /// Who writes a report with names of their family in it did not mean to.
    #[test]
    fn names_with_blanks_are_left_out() {
        let known = [
            "/media/ada/My Models/own engine (new)/llama-server",
            "/media/ada/My Models",
            "~/Ada's data",
            "C:\\Users\\Ada Byron\\Models",
            "/srv/m",
            "/",
        ];
        for (text, without) in [
            (
                "/media/ada/My Models is not there",
                "…/My Models is not there",
            ),
            (
                "could not read /media/ada/My Models/a b/x y.gguf: gone",
                "could not read …/x y.gguf: gone",
            ),
            (
                "`paddock engine prove /media/ada/My Models/own engine (new)/llama-server` tries",
                "`paddock engine prove …/llama-server` tries",
            ),
            (
                "~/Ada's data/settings.json of ~/Ada's data",
                "…/settings.json of …/Ada's data",
            ),
            ("at C:\\Users\\Ada Byron\\Models\\x.bin", "at …/x.bin"),
            ("/srv/models/x, /srv/m.", "…/x, …/m."),
            (
                "/mnt/Ada's disk/sub folder/x-00001-of-2.gguf is not there",
                "…/x-00001-of-2.gguf is not there",
            ),
            (
                "/mnt/Adas disk/sub folder/x-00001-of-2.gguf is not there",
                "…/x-00001-of-2.gguf is not there",
            ),
            (
                "/opt/llama-server and /mnt/her disk/x.gguf, /y.gguf",
                "…/llama-server and …/x.gguf, …/y.gguf",
            ),
            (
                "https://hub.test/ada/x and x y.gguf",
                "https://hub.test/ada/x and x y.gguf",
            ),
        ] {
            assert_eq!(without_paths(text, &known), without);
        }
    }

    #[test]
    fn a_report_says_what_is_wrong_and_not_where() {
        let error = WireError {
            code: "settings_newer".to_owned(),
            message: "the settings at /nowhere/of/ada/settings.json are of a newer Paddock"
                .to_owned(),
            details: Vec::new(),
            hint: "Start the newer Paddock.".to_owned(),
        };
        let report = Checkup::without_core(&DataDir::at("/nowhere/of/ada"), &error).report();
        assert!(report.contains("broken: "), "{report}");
        assert!(
            report.contains("…/settings.json are of a newer"),
            "{report}"
        );
        assert!(!report.contains("ada"), "{report}");
    }

    /// The paths that the checkup itself tells are those that its findings name.
    #[test]
    fn a_data_folder_with_blanks_is_not_told() {
        let error = WireError {
            code: "settings_newer".to_owned(),
            message: "/nowhere/of ada lovelace/data/settings.json is of a newer Paddock".to_owned(),
            details: Vec::new(),
            hint: "Start the newer Paddock.".to_owned(),
        };
        let data = DataDir::at("/nowhere/of ada lovelace/data");
        let report = Checkup::without_core(&data, &error).report();
        assert!(report.contains("…/settings.json is of"), "{report}");
        assert!(!report.contains("lovelace"), "{report}");
    }
}
