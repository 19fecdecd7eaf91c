//! What the tray shows, as data: title, lines of the tooltip, entries of the menu. The platforms draw it.
//!
//! Left out: what entries do (`act`).

use paddock_core::{EndpointState, JobState, JobView, Overall, ServerState};

/// Models that the menu offers; more is a list, for which there is the window.
pub(crate) const MOST_MODELS: usize = 6;

/// All that is shown. Equal views need no drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// Which icon.
    pub(crate) overall: Overall,
    /// `Paddock: ready`.
    pub(crate) title: String,
    /// What runs, and where it is reached.
    pub(crate) lines: Vec<String>,
    /// The menu.
    pub(crate) entries: Vec<Entry>,
}

/// One entry of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A line between groups.
    Separator,
    /// Something to choose.
    Item {
        /// Its words.
        label: String,
        /// What it does; none where it is only to be read.
        act: Option<Act>,
    },
}

/// What an entry does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Shows the window.
    Open,
    /// Loads a model with what is saved for it.
    Start(String),
    /// Ends a model, or cancels its load.
    Stop(String),
    /// Ends all models.
    StopAll,
    /// Puts this address on the clipboard.
    Copy(String),
    /// Ends the app.
    Quit,
}

/// A model that is not simply stopped.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    /// Its key.
    pub(crate) key: String,
    /// What it is at.
    pub(crate) state: ServerState,
    /// Why it failed.
    pub(crate) error: Option<String>,
}

/// What there is to show.
pub(crate) struct Facts {
    pub(crate) overall: Overall,
    pub(crate) running: Vec<Running>,
    /// Keys, the latest first.
    pub(crate) recent: Vec<String>,
    pub(crate) endpoint: EndpointState,
    pub(crate) downloads: Vec<JobView>,
}

impl View {
    pub(crate) fn of(facts: &Facts) -> Self {
        let address = format!("{}/v1", facts.endpoint.url);
        Self {
            overall: facts.overall,
            title: format!("Paddock: {}", word(facts.overall)),
            lines: lines(facts, &address),
            entries: entries(facts, address),
        }
    }
}

fn word(overall: Overall) -> &'static str {
    match overall {
        Overall::Stopped => "no model loaded",
        Overall::Busy => "busy",
        Overall::Ready => "ready",
        Overall::Failed => "a model failed",
    }
}

fn lines(facts: &Facts, address: &str) -> Vec<String> {
    let models = facts.running.iter().map(|model| {
        let name = name_of(&model.key, facts);
        match (model.state, &model.error) {
            (ServerState::Starting, _) => format!("{name} is loading"),
            (ServerState::Ready, _) => format!("{name} is ready"),
            (ServerState::Stopping, _) => format!("{name} is stopping"),
            (ServerState::Stopped, _) => format!("{name} is stopped"),
            (ServerState::Failed, Some(error)) => format!("{name} failed: {error}"),
            (ServerState::Failed, None) => format!("{name} failed"),
        }
    });
    let endpoint = match (&facts.endpoint.error, facts.endpoint.listening) {
        (None, true) => address.to_owned(),
        (Some(error), _) => format!("Endpoint is down: {error}"),
        (None, false) => "Endpoint is down".to_owned(),
    };
    models.chain([endpoint]).collect()
}

fn entries(facts: &Facts, address: String) -> Vec<Entry> {
    let mut entries = vec![item("Open Paddock", Act::Open), Entry::Separator];
    let models = models(facts);
    if models.is_empty() {
        entries.push(note("No models yet"));
    }
    entries.extend(models);
    let runs = |model: &Running| !matches!(model.state, ServerState::Failed | ServerState::Stopped);
    entries.push(Entry::Item {
        label: "Stop all".to_owned(),
        act: facts.running.iter().any(runs).then_some(Act::StopAll),
    });
    entries.push(Entry::Separator);
    entries.push(Entry::Item {
        label: format!("Copy {address}"),
        act: facts.endpoint.listening.then_some(Act::Copy(address)),
    });
    if let Some(label) = downloads(&facts.downloads) {
        entries.push(item(&label, Act::Open));
    }
    entries.extend([Entry::Separator, item("Quit Paddock", Act::Quit)]);
    entries
}

/// What is not simply stopped comes first, then what was loaded last.
fn models(facts: &Facts) -> Vec<Entry> {
    let others = facts.recent.iter();
    let others = others.filter(|key| facts.running.iter().all(|model| model.key != **key));
    let running = facts.running.iter().map(|model| {
        let (name, key) = (name_of(&model.key, facts), model.key.clone());
        match model.state {
            ServerState::Starting => item(&format!("Cancel loading {name}"), Act::Stop(key)),
            ServerState::Ready => item(&format!("Stop {name}"), Act::Stop(key)),
            ServerState::Stopping => note(&format!("{name} is stopping")),
            ServerState::Failed => item(&format!("Start {name} again"), Act::Start(key)),
            ServerState::Stopped => item(&format!("Start {name}"), Act::Start(key)),
        }
    });
    let others = others.map(|key| {
        let name = name_of(key, facts);
        item(&format!("Start {name}"), Act::Start(key.clone()))
    });
    // What runs can always be stopped here, however much it is.
    let most = MOST_MODELS.max(facts.running.len());
    running.chain(others).take(most).collect()
}

/// The key's last part; the whole key where another model of the menu has the same.
fn name_of<'key>(key: &'key str, facts: &Facts) -> &'key str {
    let last = |key: &'key str| key.rsplit('/').next().unwrap_or(key);
    let mut all = facts.running.iter().map(|model| model.key.as_str());
    let same = |other: &str| other != key && other.rsplit('/').next() == Some(last(key));
    if all.any(same) || facts.recent.iter().any(|other| same(other)) {
        key
    } else {
        last(key)
    }
}

fn downloads(jobs: &[JobView]) -> Option<String> {
    let under_way = |job: &&JobView| {
        matches!(
            job.state,
            JobState::Queued | JobState::Running | JobState::Waiting | JobState::Verifying
        )
    };
    let jobs: Vec<&JobView> = jobs.iter().filter(under_way).collect();
    let what = match jobs.as_slice() {
        [] => return None,
        [one] => format!("Downloading {}", one.label),
        more => format!("{} downloads", more.len()),
    };
    let totals: Option<u64> = jobs.iter().map(|job| job.total_bytes).sum();
    let done: u64 = jobs.iter().map(|job| job.downloaded_bytes).sum();
    Some(match totals.filter(|total| *total > 0) {
        // Whole ones: the menu is sent anew for each change.
        Some(total) => format!("{what}, {} %", done.min(total) * 100 / total),
        None => what,
    })
}

fn item(label: &str, act: Act) -> Entry {
    Entry::Item {
        label: label.to_owned(),
        act: Some(act),
    }
}

fn note(label: &str) -> Entry {
    Entry::Item {
        label: label.to_owned(),
        act: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(running: &[(&str, ServerState)], recent: &[&str]) -> Facts {
        let running: Vec<Running> = running
            .iter()
            .map(|(key, state)| Running {
                key: (*key).to_owned(),
                state: *state,
                error: (*state == ServerState::Failed).then(|| "not enough memory".to_owned()),
            })
            .collect();
        Facts {
            overall: Overall::Stopped,
            running,
            recent: recent.iter().map(|key| (*key).to_owned()).collect(),
            endpoint: EndpointState {
                url: "http://127.0.0.1:8421".to_owned(),
                listening: true,
                error: None,
            },
            downloads: Vec::new(),
        }
    }

    fn labels(view: &View) -> Vec<&str> {
        let entries = view.entries.iter();
        entries
            .map(|entry| match entry {
                Entry::Separator => "-",
                Entry::Item { label, act: None } if label == "Stop all" => "(Stop all)",
                Entry::Item { label, .. } => label,
            })
            .collect()
    }

    #[test]
    fn recent_models_can_be_started_and_running_ones_stopped() {
        let view = View::of(&facts(
            &[("a/gemma", ServerState::Ready)],
            &["b/qwen", "a/gemma"],
        ));
        assert_eq!(
            labels(&view),
            [
                "Open Paddock",
                "-",
                "Stop gemma",
                "Start qwen",
                "Stop all",
                "-",
                "Copy http://127.0.0.1:8421/v1",
                "-",
                "Quit Paddock"
            ]
        );
        assert_eq!(view.lines, ["gemma is ready", "http://127.0.0.1:8421/v1"]);
        let start = Entry::Item {
            label: "Start qwen".to_owned(),
            act: Some(Act::Start("b/qwen".to_owned())),
        };
        assert!(view.entries.contains(&start));
    }

    #[test]
    fn nothing_runs_and_nothing_is_there() {
        let mut facts = facts(&[], &[]);
        facts.endpoint.listening = false;
        let view = View::of(&facts);
        assert_eq!(labels(&view)[2..4], ["No models yet", "(Stop all)"]);
        assert_eq!(view.lines, ["Endpoint is down"]);
        let copy = view.entries.iter().any(|entry| {
            matches!(
                entry,
                Entry::Item {
                    act: Some(Act::Copy(_)),
                    ..
                }
            )
        });
        assert!(!copy, "an address at which nothing answers");
    }

    #[test]
    fn each_state_offers_what_can_be_done() {
        let view = View::of(&facts(
            &[
                ("x/loads", ServerState::Starting),
                ("x/fails", ServerState::Failed),
                ("x/stops", ServerState::Stopping),
            ],
            &[],
        ));
        assert_eq!(
            labels(&view)[2..5],
            [
                "Cancel loading loads",
                "Start fails again",
                "stops is stopping"
            ]
        );
        assert_eq!(view.lines[1], "fails failed: not enough memory");
    }

    #[test]
    fn models_of_the_same_name_are_told_apart() {
        let view = View::of(&facts(&[], &["a/gemma", "b/gemma", "b/qwen"]));
        assert_eq!(
            labels(&view)[2..5],
            ["Start a/gemma", "Start b/gemma", "Start qwen"]
        );
    }

    #[test]
    fn what_runs_is_never_cut_off() {
        let keys: Vec<String> = (0..9).map(|number| format!("x/m{number}")).collect();
        let running: Vec<(&str, ServerState)> = keys
            .iter()
            .map(|key| (key.as_str(), ServerState::Ready))
            .collect();
        let count = |view: &View, word: &str| {
            let labels = labels(view);
            labels
                .iter()
                .filter(|label| label.starts_with(word))
                .count()
        };
        let view = View::of(&facts(&running, &["x/other"]));
        assert_eq!((count(&view, "Stop m"), count(&view, "Start")), (9, 0));
        let recent: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(count(&View::of(&facts(&[], &recent)), "Start"), MOST_MODELS);
    }

    #[test]
    fn downloads_under_way_are_told_in_whole_percents() {
        let job = |state, downloaded_bytes, total_bytes| JobView {
            id: "x".into(),
            label: "gemma Q4_K_M".to_owned(),
            state,
            reason: None,
            error: None,
            downloaded_bytes,
            total_bytes,
            bytes_per_second: 0,
            seconds_left: None,
            files: Vec::new(),
            tag: serde_json::Value::Null,
            started_at: 0,
            finished_at: None,
        };
        let one = job(JobState::Running, 435, Some(1_000));
        assert_eq!(
            downloads(&[one.clone(), job(JobState::Done, 9, Some(9))]).as_deref(),
            Some("Downloading gemma Q4_K_M, 43 %")
        );
        let unknown = job(JobState::Queued, 0, None);
        assert_eq!(downloads(&[one, unknown]).as_deref(), Some("2 downloads"));
        assert_eq!(downloads(&[job(JobState::Paused, 1, Some(2))]), None);
    }
}
