//! `cargo xtask bench`: the programs `bench-*` of the tests' package, on release builds.

use crate::error::{Error, Result};
use crate::nginx;
use crate::test::JOURNEYS;
use crate::test_environment::TestEnvironment;
use crate::workspace::{Profile, Workspace};
use crate::{command, packages, say, ui};

const PREFIX: &str = "bench-";
/// The bench that has nginx beside it.
const WITH_NGINX: &str = "bench-gateway";
/// The bench that has the window in it, and an empty one beside it.
const WITH_WINDOW: &str = "bench-app";

/// Runs one bench, by its name with or without `bench-`, or all of them.
pub fn run(workspace: &Workspace, name: Option<&str>) -> Result<()> {
    let benches = choose(&workspace.binaries_of(JOURNEYS), name)?;
    let environment = TestEnvironment::prepare(workspace, Profile::Release)?;
    let has_window = benches.iter().any(|bench| bench == WITH_WINDOW);
    if has_window {
        packages::ensure(&[packages::WINDOW, packages::WINDOW_TESTS])?;
        ui::build(workspace)?;
        workspace.build_empty_window()?;
    }
    workspace.build(Profile::Release, has_window)?;
    for bench in benches {
        say!("{bench}");
        let mut run = command::cargo(&workspace.root);
        run.args(["run", "--release", "--package", JOURNEYS, "--bin", &bench]);
        environment.apply(&mut run);
        if bench == WITH_NGINX {
            nginx::apply(&mut run, environment.cache());
        }
        command::run(&mut run)?;
    }
    Ok(())
}

fn choose(binaries: &[&str], name: Option<&str>) -> Result<Vec<String>> {
    let all: Vec<String> = binaries
        .iter()
        .filter(|binary| binary.starts_with(PREFIX))
        .map(|&binary| binary.to_owned())
        .collect();
    let chosen: Vec<String> = match name {
        Some(name) => {
            let full = if name.starts_with(PREFIX) {
                name.to_owned()
            } else {
                format!("{PREFIX}{name}")
            };
            all.iter()
                .filter(|bench| **bench == full)
                .cloned()
                .collect()
        }
        None => all.clone(),
    };
    if !chosen.is_empty() {
        return Ok(chosen);
    }
    let there = if all.is_empty() {
        "none".to_owned()
    } else {
        all.join(", ")
    };
    Err(Error::Message(match name {
        Some(name) => format!("there is no bench {name}; there are: {there}"),
        None => "there is no bench yet".to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BINARIES: [&str; 3] = ["stub-engine", "bench-lifecycle", "bench-gateway"];

    #[test]
    fn a_bench_is_found_by_its_short_name() {
        assert_eq!(
            choose(&BINARIES, Some("lifecycle")).unwrap(),
            ["bench-lifecycle"]
        );
        assert_eq!(
            choose(&BINARIES, Some("bench-gateway")).unwrap(),
            ["bench-gateway"]
        );
        assert_eq!(
            choose(&BINARIES, None).unwrap(),
            ["bench-lifecycle", "bench-gateway"]
        );
    }

    #[test]
    fn an_unknown_bench_is_told_which_there_are() {
        let text = choose(&BINARIES, Some("stub-engine"))
            .unwrap_err()
            .to_string();
        assert!(text.contains("bench-lifecycle, bench-gateway"), "{text}");
        assert!(choose(&[], None).is_err());
    }
}
