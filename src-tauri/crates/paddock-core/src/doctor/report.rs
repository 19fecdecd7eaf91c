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
        let lines: Vec<String> = lines.iter().map(|line| without_paths(line)).collect();
        lines.join("\n")
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

/// An absolute path, with what is in front of it: the start, a blank, a quote, `NAME=/path`, an error's `file:/path`, or
/// the path before it in a list. An address (`http://host/x`) is none, and a name with a blank ends at it.
static PATH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(^|file://|[\s=:;,"'`(\[])((?:[A-Za-z]:[/\\]|~[/\\]|/)[^/\\\s:;,"'`()\[\]][^\s:;,"'`()\[\]]*)"#,
    )
    .ok()
});

/// `/media/ada/models/x.gguf` is `…/x.gguf`.
fn without_paths(text: &str) -> String {
    let Some(path) = PATH.as_ref() else {
        // Rather nothing than what might be private; the tests see that it never comes to this.
        return String::new();
    };
    let short = path.replace_all(text, |found: &Captures<'_>| {
        let last = found[2]
            .trim_end_matches(['/', '\\', '.'])
            .rsplit(['/', '\\'])
            .next()
            .unwrap_or_default();
        let full_stop = if found[2].ends_with('.') { "." } else { "" };
        format!("{}…/{last}{full_stop}", &found[1])
    });
    short.into_owned()
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
            assert_eq!(without_paths(text), without);
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
}
