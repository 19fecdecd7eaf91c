//! The verbs, by what they are about.

mod doctor;
mod engine;
mod engine_install;
mod estimate;
mod hub;
mod key;
mod library;
mod model;
mod policy;
mod preset;
mod status;

use clap::CommandFactory;

use crate::arguments::Verb;
use crate::failure::Failure;
use crate::output;

/// Runs a verb; `serve` is not among these.
pub(crate) async fn run(verb: Verb, json: bool) -> Result<(), Failure> {
    match verb {
        Verb::Serve(serve) => crate::serve::serve(serve, json).await,
        Verb::Engine(engine) => engine::run(engine, json).await,
        Verb::Import(import) => library::import(import, json).await,
        Verb::Found => library::found(json).await,
        Verb::Show { key } => library::show(&key, json).await,
        Verb::Rm(remove) => library::remove(remove, json).await,
        Verb::Folder(folder) => library::folder(folder, json).await,
        Verb::Search(search) => hub::search(search, json).await,
        Verb::Files { repo } => hub::files(repo, json).await,
        Verb::Get(get) => hub::get(get, json).await,
        Verb::Ls => model::list(json).await,
        Verb::Load(load) => model::load(load, json).await,
        Verb::Unload(unload) => model::unload(unload, json).await,
        Verb::Key(key) => key::run(key, json).await,
        Verb::Doctor => doctor::doctor(json).await,
        Verb::Completions { shell } => completions(shell),
        Verb::Estimate(estimate) => estimate::estimate(estimate, json).await,
        Verb::Params(params) => model::params(params, json).await,
        Verb::Preset(preset) => preset::run(preset, json).await,
        Verb::Keep(keep) => policy::keep(keep, json).await,
        Verb::Alias(alias) => policy::alias(alias, json).await,
        Verb::Ps => status::ps(json).await,
        Verb::Status => status::status(json).await,
        Verb::Logs { key, follow } => status::logs(key, follow, json).await,
    }
}

/// What a shell reads to complete this command; the same with `--json`, because no program reads it but a shell.
#[allow(clippy::unnecessary_wraps)]
fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut command = crate::arguments::Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "paddock", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end());
    Ok(())
}
