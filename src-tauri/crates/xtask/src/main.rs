//! `cargo xtask`: build, run, test, check and measure Paddock.
//!
//! One module per verb. Everything that a fresh machine lacks is installed or fetched from here, so that two commands
//! suffice: `cargo xtask run` and `cargo xtask test`.

use std::process::{ExitCode, ExitStatus};

use clap::{Parser, Subcommand};

use crate::error::Result;
use crate::workspace::Workspace;

mod bench;
mod check;
mod command;
mod counts;
mod error;
mod fuzz;
mod host;
mod icons;
mod nginx;
mod node_clients;
mod package;
mod packages;
mod progress;
mod python;
mod python_clients;
mod run;
mod soak;
mod starter;
mod test;
mod test_environment;
mod ui;
#[cfg(test)]
mod workflows;
mod workspace;

/// Tells the user what is being done. Results go to stdout, words to stderr.
macro_rules! say {
    ($($words:tt)*) => { eprintln!("xtask: {}", format_args!($($words)*)) };
}
pub(crate) use say;

#[derive(Parser)]
#[command(
    name = "xtask",
    bin_name = "cargo xtask",
    about = "Build, run, test, check and measure Paddock",
    version
)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Build and run Paddock, with an engine and a model to begin with
    Run {
        /// Build with optimizations
        #[arg(long)]
        release: bool,
        /// Open no window, even where there is a display
        #[arg(long)]
        headless: bool,
        /// Arguments for `paddock serve`, after `--`; with any, no window is opened
        #[arg(last = true, value_name = "ARGUMENT")]
        serve_arguments: Vec<String>,
    },
    /// Run every test
    Test {
        /// Only Rust tests whose names contain this
        filter: Option<String>,
    },
    /// Check format, lints, dependencies and types
    Check {
        /// Leave out licences and bans, which need cargo-deny
        #[arg(long)]
        no_deny: bool,
    },
    /// Measure release builds
    Bench {
        /// One bench rather than all
        name: Option<String>,
    },
    /// Run the long rounds of the journeys
    Soak {
        /// Only rounds whose names contain this
        name: Option<String>,
    },
    /// Look for bytes that break a parser's promises; needs cargo-fuzz and a nightly compiler
    Fuzz {
        /// One target rather than all
        target: Option<String>,
        /// How long each is run
        #[arg(long, default_value_t = 600)]
        seconds: u64,
    },
    /// Fetch the starter engine and model without running anything
    Starter,
    /// Draw all icons from icons/icon.svg
    Icons,
    /// Make the packages that people install
    Package {
        /// Kinds of packages (deb, rpm, appimage, nsis, dmg) rather than this platform's own
        #[arg(long, value_delimiter = ',')]
        bundles: Vec<String>,
        /// Another target, such as universal-apple-darwin
        #[arg(long)]
        target: Option<String>,
        /// Leave out the packages with an engine inside
        #[arg(long)]
        slim: bool,
        /// Install them in a clean root and try them; needs root
        #[arg(long)]
        verify: bool,
        /// Try those that were made before, and make none
        #[arg(long, conflicts_with_all = ["bundles", "target", "slim", "verify"])]
        verify_only: bool,
    },
}

fn main() -> ExitCode {
    match perform(Arguments::parse().verb) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn perform(verb: Verb) -> Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match verb {
        Verb::Run {
            release,
            headless,
            serve_arguments,
        } => {
            let options = run::Options {
                release,
                headless,
                serve_arguments,
            };
            run::run(&Workspace::find()?, &options).map(exit_code)
        }
        Verb::Test { filter } => Ok(test::run(filter.as_deref())),
        Verb::Check { no_deny } => check::run(&Workspace::find()?, !no_deny).map(done),
        Verb::Bench { name } => bench::run(&Workspace::find()?, name.as_deref()).map(done),
        Verb::Soak { name } => soak::run(&Workspace::find()?, name.as_deref()).map(done),
        Verb::Fuzz { target, seconds } => {
            fuzz::run(&Workspace::find()?, target.as_deref(), seconds).map(done)
        }
        Verb::Starter => starter::fetch_all().map(done),
        Verb::Icons => icons::run(&Workspace::find()?).map(done),
        Verb::Package {
            bundles,
            target,
            slim,
            verify,
            verify_only,
        } => {
            if verify_only {
                return package::verify_made(&Workspace::find()?).map(done);
            }
            let options = package::Options {
                bundles,
                target,
                slim,
                verify,
            };
            package::run(&Workspace::find()?, &options).map(done)
        }
    }
}

/// Ends as the program did that was run in the foreground.
fn exit_code(status: ExitStatus) -> ExitCode {
    match status.code() {
        Some(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        None => ExitCode::FAILURE,
    }
}
