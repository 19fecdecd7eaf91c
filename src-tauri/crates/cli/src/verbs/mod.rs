//! The verbs, by what they are about.

mod engine;
mod engine_install;
mod hub;
mod library;
mod model;
mod status;

use crate::arguments::Verb;
use crate::failure::Failure;

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
        Verb::Params(params) => model::params(params, json).await,
        Verb::Ps => status::ps(json).await,
        Verb::Status => status::status(json).await,
        Verb::Logs { key, follow } => status::logs(key, follow, json).await,
    }
}
