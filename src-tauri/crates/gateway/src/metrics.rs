//! `/metrics` in Prometheus' text format, version 0.0.4.

use std::fmt::Write as _;
use std::sync::atomic::Ordering::Relaxed;

use paddock_core::{Core, ModelStatus, SchedulingCounts};

use crate::meters::{FIRST_TOKEN_BOUNDS, Meters, ModelMeter};

/// The format's own name.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

#[derive(Default)]
struct Text(String);

impl Text {
    fn about(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        let mut open = '{';
        for (label, text) in labels {
            let text = text
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n");
            let _ = write!(self.0, "{open}{label}=\"{text}\"");
            open = ',';
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }
}

/// Everything that is counted, now.
pub(crate) fn render(core: &Core, meters: &Meters) -> String {
    let mut text = Text::default();
    text.about("paddock_info", "gauge", "The version that runs.");
    text.sample("paddock_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    traffic(&mut text, meters);
    scheduling(&mut text, core);
    models(&mut text, &core.model_statuses());
    text.0
}

fn traffic(text: &mut Text, meters: &Meters) {
    let all = meters.all();
    let name = "paddock_requests_total";
    text.about(name, "counter", "Requests that were answered.");
    for meter in &all {
        for ((path, status), count) in meter.by_status() {
            let status = status.to_string();
            let labels = [
                ("model", meter.key.as_str()),
                ("path", path),
                ("status", &status),
            ];
            text.sample(name, &labels, count);
        }
    }
    type Read = fn(&ModelMeter) -> u64;
    let by_model: [(&str, &str, &str, Read); 5] = [
        (
            "paddock_requests_failed_total",
            "counter",
            "Requests that got an error, or an answer that is not whole.",
            |meter| meter.failed.load(Relaxed),
        ),
        (
            "paddock_requests_in_flight",
            "gauge",
            "Requests that are being answered, waiting ones included.",
            |meter| meter.in_flight.load(Relaxed),
        ),
        (
            "paddock_requests_waiting",
            "gauge",
            "Requests that wait for a model to load.",
            |meter| meter.waiting.load(Relaxed),
        ),
        (
            "paddock_prompt_tokens_total",
            "counter",
            "Tokens read.",
            |meter| meter.prompt_tokens.load(Relaxed),
        ),
        (
            "paddock_completion_tokens_total",
            "counter",
            "Tokens generated.",
            |meter| meter.completion_tokens.load(Relaxed),
        ),
    ];
    for (name, kind, help, read) in by_model {
        text.about(name, kind, help);
        for meter in &all {
            text.sample(name, &[("model", &meter.key)], read(meter));
        }
    }
    let name = "paddock_time_to_first_token_seconds";
    let help = "From a request's arrival to the first event of its stream.";
    text.about(name, "histogram", help);
    for meter in &all {
        let (counts, sum) = meter.first_token.read();
        let mut below = 0;
        for (index, count) in counts.iter().enumerate() {
            below += count;
            let bound = FIRST_TOKEN_BOUNDS
                .get(index)
                .map_or_else(|| "+Inf".to_owned(), f64::to_string);
            let labels = [("model", meter.key.as_str()), ("le", &bound)];
            text.sample(&format!("{name}_bucket"), &labels, below);
        }
        let labels = [("model", meter.key.as_str())];
        text.sample(&format!("{name}_sum"), &labels, sum);
        text.sample(&format!("{name}_count"), &labels, below);
    }
    let name = "paddock_requests_refused_total";
    text.about(
        name,
        "counter",
        "Requests with a wrong key, host or origin.",
    );
    text.sample(name, &[], meters.refused());
    let name = "paddock_connections";
    text.about(name, "gauge", "Connections that clients hold.");
    text.sample(name, &[], meters.connections());
}

fn scheduling(text: &mut Text, core: &Core) {
    let counts = core.scheduling().borrow().clone();
    type Read = fn(&SchedulingCounts) -> u64;
    let kinds: [(&str, &str, Read); 5] = [
        ("paddock_loads_total", "Loads that ended well.", |counts| {
            counts.loads
        }),
        (
            "paddock_load_failures_total",
            "Loads that failed.",
            |counts| counts.load_failures,
        ),
        (
            "paddock_evictions_total",
            "Models that were ended to make room for another.",
            |counts| counts.evictions,
        ),
        (
            "paddock_idle_ends_total",
            "Models that were ended because nobody used them.",
            |counts| counts.idle_ends,
        ),
        (
            "paddock_restarts_total",
            "Engines that were started again after a crash.",
            |counts| counts.restarts,
        ),
    ];
    for (name, help, read) in kinds {
        text.about(name, "counter", help);
        for (key, counts) in counts.by_key.iter() {
            text.sample(name, &[("model", key)], read(counts));
        }
    }
}

fn models(text: &mut Text, statuses: &[ModelStatus]) {
    let name = "paddock_model_ready";
    text.about(name, "gauge", "Whether a model answers.");
    for status in statuses {
        let ready = u8::from(status.server.state == paddock_core::ServerState::Ready);
        text.sample(name, &[("model", &status.server.key)], ready);
    }
    let name = "paddock_model_memory_bytes";
    text.about(name, "gauge", "Memory that a model's engine holds.");
    for status in statuses {
        if let Some(bytes) = status.memory.measured_bytes {
            text.sample(name, &[("model", &status.server.key)], bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_line_is_a_sample_or_about_one() {
        let meters = Meters::default();
        let meter = meters.of("local/\"odd\"\\name");
        meter.count("/v1/chat/completions", 200);
        meter.count("/v1/chat/completions", 200);
        meter.first_token.record(Duration::from_millis(40));
        let mut text = Text::default();
        traffic(&mut text, &meters);
        let text = text.0;
        assert!(text.contains(
            "paddock_requests_total{model=\"local/\\\"odd\\\"\\\\name\",path=\"/v1/chat/completions\",status=\"200\"} 2\n"
        ), "{text}");
        assert!(text.contains("le=\"0.025\"} 0\n") && text.contains("le=\"0.05\"} 1\n"));
        assert!(text.contains("le=\"+Inf\"} 1\n"));
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("paddock_"), "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
}
