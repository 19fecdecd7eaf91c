//! `paddock`: the headless host, and the client of a running one.
//!
//! Every verb exits 0, 1 (failed) or 2 (usage), and prints one JSON document with `--json`, or one a line where it
//! streams. A verb goes through a [`door::Door`]: the running host's, or the core itself where no host is running.

mod arguments;
mod door;
mod failure;
mod output;
mod param_arguments;
mod serve;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Verb};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
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
