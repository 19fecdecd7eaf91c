//! A checkup as a text for strangers: everything that helps, no paths, no keys.

use super::{Checkup, Finding, Severity};

/// What a path may be in front of or behind.
const AROUND: &[char] = &['"', '\'', '`', '(', ')', '[', ']', ',', ';'];

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

/// `/media/ada/models/x.gguf` is `…/x.gguf`. Words are looked at one by one, so a name with a blank loses what is before
/// its last folder only up to that blank.
fn without_paths(text: &str) -> String {
    text.split_inclusive(' ').map(without_path).collect()
}

fn without_path(word: &str) -> String {
    let bare = word.trim_end();
    let core = bare.trim_matches(AROUND).trim_end_matches([':', '.']);
    // `NAME=/path` of a variable, `file:/path` of an error.
    let value = core.rsplit(['=', ':']).next().unwrap_or(core);
    let is_windows = core.len() > 3 && core.as_bytes()[1] == b':' && core.as_bytes()[2] == b'\\';
    let path = if is_windows { core } else { value };
    let is_path = is_windows || path.starts_with("~/") || (path.starts_with('/') && path.len() > 1);
    // `http://host/x` is an address.
    if !is_path || path.starts_with("//") {
        return word.to_owned();
    }
    let last = path
        .trim_end_matches(['/', '\\', '.'])
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or_default();
    word.replacen(path, &format!("…/{last}"), 1)
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
