//! `paddock`: the headless host, and the client of a running one.
//!
//! Every verb exits 0, 1 (failed) or 2 (usage), and prints one JSON document with `--json`, or one a line where it
//! streams. A verb asks the management API through a [`door::Door`]: the running host's, or its own, in this process,
//! where no host is running.

mod arguments;
mod door;
mod failure;
mod output;
mod param_arguments;
mod preset_arguments;
mod serve;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Verb};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => usage(&error),
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("PADDOCK_LOG")
        .unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(output::colours_on_stderr())
        .init();
    let json = arguments.json;
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            output::complain(&format!("could not start: {error}"), "", &[]);
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(async {
        match arguments.verb {
            Verb::Serve(serve) => serve::serve(serve, json).await,
            verb => verbs::run(verb, json).await,
        }
    });
    // A blocking read that nobody waits for any more must not keep the process.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(json);
            ExitCode::FAILURE
        }
    }
}

/// Says what is wrong with the command line, and ends with 2. Where a parameter's value is, its own words say all: clap would
/// add the usage of every verb.
fn usage(error: &clap::Error) -> ! {
    let own_words = error.kind() == clap::error::ErrorKind::ValueValidation
        && error.get(clap::error::ContextKind::InvalidArg).is_none();
    let text = error.to_string();
    match text.split_once("\n\nUsage:") {
        Some((words, _)) if own_words => {
            let (message, hint) = words.split_once("\nhint: ").unwrap_or((words, ""));
            let message = message.strip_prefix("error: ").unwrap_or(message);
            output::complain(message, hint, &[]);
            std::process::exit(2);
        }
        _ => error.exit(),
    }
}
