//! `cargo xtask test`: every test there is, on a machine without a display.

use std::process::ExitCode;

use crate::counts::{self, Counts};
use crate::error::Result;
use crate::test_environment::TestEnvironment;
use crate::workspace::{Profile, Workspace};
use crate::{command, packages, say, ui};

/// The package of the journeys: tests with real processes and time bounds.
pub const JOURNEYS: &str = "paddock-tests";

/// What is counted, by suite.
type Suites = Vec<(&'static str, Counts)>;

/// Runs all suites, or of the Rust suites the tests whose names contain `filter`.
///
/// Whatever happens, the last line printed is `N passed, N failed`.
pub fn run(filter: Option<&str>) -> ExitCode {
    let mut suites = Suites::new();
    if let Err(error) = run_suites(filter, &mut suites) {
        eprintln!("error: {error}");
        suites.push((
            "what could not be run",
            Counts {
                passed: 0,
                failed: 1,
            },
        ));
    }
    report(&suites)
}

fn run_suites(filter: Option<&str>, suites: &mut Suites) -> Result<()> {
    let workspace = &Workspace::find()?;
    let window = workspace.window_exists();
    let page = workspace.ui_exists() && filter.is_none();
    // All of this before anything of the window is compiled: it needs its libraries and the built page for that.
    install_packages(window, page)?;
    let environment = TestEnvironment::prepare(workspace, Profile::Debug)?;
    if workspace.ui_exists() && (window || page) {
        ui::build(workspace)?;
    }
    let build = || workspace.build(Profile::Debug, window);
    build()?;

    let mut cargo_suite = |name, words: &[&str], after_filter: &[&str]| -> Result<()> {
        let mut suite = command::cargo(&workspace.root);
        suite
            .arg("test")
            .args(words)
            .arg("--no-fail-fast")
            .args(filter)
            .args(after_filter);
        environment.apply(&mut suite);
        suites.push((name, counts::run(&mut suite)?));
        Ok(())
    };
    cargo_suite("unit", &["--workspace", "--exclude", JOURNEYS], &[])?;
    // The tests of a package build its binaries their own way; the journeys get those that a user would get.
    build()?;
    // Journeys measure: they need the machine to themselves.
    cargo_suite(
        "journeys",
        &["--package", JOURNEYS],
        &["--", "--test-threads=2"],
    )?;
    if page {
        suites.push(("page", counts::run(ui::npm(workspace).arg("test"))?));
    } else if workspace.ui_exists() {
        say!("the page's tests are left out: a filter was given");
    }
    Ok(())
}

fn install_packages(window: bool, page: bool) -> Result<()> {
    let mut groups = vec![packages::NETWORK_TESTS];
    if window {
        groups.extend([packages::WINDOW, packages::WINDOW_TESTS]);
    }
    if window || page {
        groups.push(packages::UI_TESTS);
    }
    packages::ensure(&groups)
}

fn report(suites: &Suites) -> ExitCode {
    let mut all = Counts::default();
    println!();
    for (name, counts) in suites {
        println!("{name}: {counts}");
        all += *counts;
    }
    if all == Counts::default() {
        println!("no test ran");
    }
    println!("{all}");
    if all.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
