//! `cargo xtask fuzz`: the targets of tests/fuzz, each for a while, with what came of it in one line.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::error::{Error, Result};
use crate::workspace::Workspace;
use crate::{command, say};

/// One input may be so long, take so much memory, and so many seconds.
const LIMITS: [&str; 4] = [
    "-max_len=65536",
    "-rss_limit_mb=1024",
    "-malloc_limit_mb=64",
    "-timeout=20",
];
const COMPILER: &str =
    "fuzzing needs a nightly compiler\n  try: rustup toolchain install nightly --profile minimal";
const RUNNER: &str = "fuzzing needs cargo-fuzz\n  try: cargo install cargo-fuzz --locked";

/// Runs one target, or all, each for so many seconds.
pub fn run(workspace: &Workspace, target: Option<&str>, seconds: u64) -> Result<()> {
    for (words, missing) in [
        (["--version"].as_slice(), COMPILER),
        (&["fuzz", "--version"], RUNNER),
    ] {
        if !command::succeeds(command::nightly_cargo(&workspace.root).args(words)) {
            return Err(Error::Message(missing.to_owned()));
        }
    }
    let all = command::output(command::nightly_cargo(&workspace.root).args([
        "fuzz",
        "list",
        "--fuzz-dir",
        "tests/fuzz",
    ]))?;
    let chosen: Vec<&str> = all
        .lines()
        .filter(|name| target.is_none_or(|one| one == *name))
        .collect();
    if chosen.is_empty() {
        let there = all.split_whitespace().collect::<Vec<_>>().join(", ");
        return Err(Error::Message(format!(
            "there is no such target; there are: {there}"
        )));
    }
    let mut lines = Vec::new();
    let mut broken = Vec::new();
    for target in chosen {
        let (line, is_whole) = fuzz(workspace, target, seconds)?;
        lines.push(line);
        broken.extend((!is_whole).then_some(target));
    }
    println!("\n{}", lines.join("\n"));
    if broken.is_empty() {
        return Ok(());
    }
    Err(Error::Message(format!(
        "findings in {}; the inputs are in tests/fuzz/artifacts",
        broken.join(", ")
    )))
}

/// What came of it in words, and whether that is nothing.
fn fuzz(workspace: &Workspace, target: &str, seconds: u64) -> Result<(String, bool)> {
    // What is found on the way is kept for the next run; the corpus in the repository stays small.
    let found = workspace.target_dir().join("fuzz-corpus").join(target);
    std::fs::create_dir_all(&found).map_err(|source| Error::Io {
        action: "create",
        path: found.clone(),
        source,
    })?;
    let mut run = command::nightly_cargo(&workspace.root);
    run.args(["fuzz", "run", "--fuzz-dir", "tests/fuzz", target])
        .arg(found);
    run.arg(format!("tests/fuzz/corpus/{target}"))
        .arg("--")
        .args(LIMITS);
    run.args([
        format!("-max_total_time={seconds}"),
        "-print_final_stats=1".to_owned(),
    ]);
    say!("{}", command::line(&run));
    let spawned = run.stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|source| command::start_error(&run, source))?;
    let (mut executions, mut coverage) = (String::from("no"), String::from("none"));
    for line in child
        .stderr
        .take()
        .into_iter()
        .flat_map(|pipe| BufReader::new(pipe).split(b'\n'))
        .map_while(|line| line.ok())
    {
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        executions = after(&line, "stat::number_of_executed_units: ").unwrap_or(executions);
        coverage = after(&line, " cov: ").unwrap_or(coverage);
    }
    let is_whole = child.wait().is_ok_and(|status| status.success());
    let findings = if is_whole {
        "nothing found"
    } else {
        "a FINDING"
    };
    Ok((
        format!(
            "{target}: {executions} executions in {seconds} s, coverage {coverage}, {findings}"
        ),
        is_whole,
    ))
}

/// The word behind `label`.
fn after(line: &str, label: &str) -> Option<String> {
    Some(
        line.split_once(label)?
            .1
            .split_whitespace()
            .next()?
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libfuzzer_says_is_read() {
        let line = "#1048576\tNEW    cov: 1234 ft: 5678 corp: 90/12Kb exec/s: 4000 rss: 90Mb";
        assert_eq!(after(line, " cov: ").as_deref(), Some("1234"));
        let line = "stat::number_of_executed_units: 42";
        assert_eq!(
            after(line, "stat::number_of_executed_units: ").as_deref(),
            Some("42")
        );
        assert_eq!(after("INFO: seed corpus", " cov: "), None);
    }
}
