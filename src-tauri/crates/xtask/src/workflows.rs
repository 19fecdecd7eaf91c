//! What can be said of `.github/workflows` without running them: actions are pinned, and tasks they call exist.

use std::fs;
use std::path::Path;

use clap::CommandFactory;

use crate::Arguments;

/// File name and text of each workflow.
fn workflows() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3);
    let folder = root.unwrap().join(".github/workflows");
    fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).unwrap();
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect()
}

#[test]
fn every_action_is_pinned_to_a_version() {
    let mut seen = 0;
    for (name, text) in workflows() {
        for line in text.lines() {
            let Some((_, action)) = line.split_once("uses:") else {
                continue;
            };
            let version = action.trim().split_once("@v").map(|(_, version)| version);
            let parts = version.map_or(0, |version| version.split('.').count());
            assert_eq!(parts, 3, "{name}: {line}");
            seen += 1;
        }
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn every_task_that_is_called_is_understood() {
    let mut seen = 0;
    for (name, text) in workflows() {
        for call in text.split("cargo xtask ").skip(1) {
            let line = call.lines().next().unwrap_or_default();
            let words = line.split("&&").next().unwrap_or_default();
            let words = ["xtask"].into_iter().chain(words.split_whitespace());
            let parsed = Arguments::command().try_get_matches_from(words);
            assert!(parsed.is_ok(), "{name}: cargo xtask {line}");
            seen += 1;
        }
    }
    assert!(seen > 4, "{seen}");
}
