//! What tests, benches and soaks find in their environment: a real engine, a real model and our own binaries.
//!
//! The starter files for tests are kept in the user's cache folder, apart from Paddock's data, so that tests neither
//! change what a developer uses nor fetch anything twice. `PADDOCK_TEST_ENGINE` and `PADDOCK_TEST_MODEL`, where set, are
//! taken as they are: that is the way on a platform with no starter engine.
//!
//! `PADDOCK_TEST_HF_PYTHON`, `PADDOCK_TEST_OPENAI_PYTHON` and `PADDOCK_TEST_ANTHROPIC_PYTHON` are Pythons with the official
//! clients, see `python_clients`; `PADDOCK_TEST_OPENAI_NODE` is a folder in which Node finds OpenAI's, see `node_clients`.
//!
//! The newest packaged engine is there whether or not this processor can run it, as `PADDOCK_TEST_ENGINE_B10434`: what it
//! says of itself is real either way. Where it dies of an illegal instruction, `PADDOCK_TEST_ENGINE_DEAD` names it too.

use std::path::{Path, PathBuf};
use std::process::Command;

use directories::BaseDirs;

use crate::error::{Error, Result};
use crate::node_clients;
use crate::python_clients::{self, PythonClient};
use crate::say;
use crate::starter::{self, Dead, Home};
use crate::workspace::{DATA_DIR_VARIABLE, Profile, Workspace};

const CACHE: &str = "PADDOCK_TEST_CACHE";
const ENGINE: &str = "PADDOCK_TEST_ENGINE";
const ENGINE_B10434: &str = "PADDOCK_TEST_ENGINE_B10434";
const ENGINE_DEAD: &str = "PADDOCK_TEST_ENGINE_DEAD";
const OPENAI_NODE: &str = "PADDOCK_TEST_OPENAI_NODE";
/// The official Python clients, and where tests find them.
const PYTHON_CLIENTS: [(&str, PythonClient); 3] = [
    ("PADDOCK_TEST_HF_PYTHON", python_clients::HUB),
    ("PADDOCK_TEST_OPENAI_PYTHON", python_clients::OPENAI),
    ("PADDOCK_TEST_ANTHROPIC_PYTHON", python_clients::ANTHROPIC),
];
const MODEL: &str = "PADDOCK_TEST_MODEL";
/// The folder with our own binaries.
pub const BINARIES: &str = "PADDOCK_BIN_DIR";

/// The paths that tests need.
#[derive(Debug)]
pub struct TestEnvironment {
    engine: PathBuf,
    engine_b10434: Option<PathBuf>,
    engine_dead: Option<PathBuf>,
    model: PathBuf,
    /// By the variable that names it; `None` where it could not be had.
    clients: Vec<(&'static str, Option<PathBuf>)>,
    binaries: PathBuf,
    cache: PathBuf,
}

impl TestEnvironment {
    /// Sees to it that engines and model are there. The binaries are for the caller to build.
    pub fn prepare(workspace: &Workspace, profile: Profile) -> Result<Self> {
        let home = home()?;
        let engine = given(ENGINE).map_or_else(
            || starter::ensure_engine(&home, Dead::Kept, profile).map_err(with_hint),
            Ok,
        )?;
        let (engine_b10434, engine_dead) = match given(ENGINE_B10434) {
            Some(server) => (Some(server), given(ENGINE_DEAD)),
            None => match starter::ensure_first_engine(&home, profile)? {
                Some(first) => {
                    let dead = first.is_dead.then(|| first.server.clone());
                    (Some(first.server), dead)
                }
                None => (None, None),
            },
        };
        let model = given(MODEL).map_or_else(|| starter::ensure_model(&home), Ok)?;
        Ok(Self {
            engine,
            engine_b10434,
            engine_dead,
            model,
            clients: clients(workspace, &home.dir),
            binaries: workspace.binary_dir(profile),
            cache: home.dir,
        })
    }

    /// Where what tests and benches need is kept.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// Gives the paths to a command, and takes from it what could lead tests to the developer's own data.
    pub fn apply(&self, command: &mut Command) {
        command
            .env(ENGINE, &self.engine)
            .env(MODEL, &self.model)
            .env(BINARIES, &self.binaries)
            .env_remove(DATA_DIR_VARIABLE);
        for (variable, path) in [
            (ENGINE_B10434, &self.engine_b10434),
            (ENGINE_DEAD, &self.engine_dead),
        ]
        .into_iter()
        .chain(
            self.clients
                .iter()
                .map(|(variable, path)| (*variable, path)),
        ) {
            match path {
                Some(path) => command.env(variable, path),
                None => command.env_remove(variable),
            };
        }
    }
}

/// The official clients. One test needs each, and says so where it is missing: everything else goes on without a network.
fn clients(workspace: &Workspace, cache: &Path) -> Vec<(&'static str, Option<PathBuf>)> {
    let ensured = |variable: &'static str, ensure: &dyn Fn() -> Result<PathBuf>| {
        let found = given(variable).or_else(|| match ensure() {
            Ok(path) => Some(path),
            Err(error) => {
                say!("a client for tests ({variable}) could not be installed: {error}");
                None
            }
        });
        (variable, found)
    };
    let mut clients: Vec<_> = PYTHON_CLIENTS
        .iter()
        .map(|(variable, client)| ensured(variable, &|| python_clients::ensure(cache, client)))
        .collect();
    clients.push(ensured(OPENAI_NODE, &|| {
        node_clients::ensure(workspace, cache)
    }));
    clients
}

fn given(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Where tests keep their engine and model, which packages are made of too.
pub fn home() -> Result<Home> {
    Ok(Home {
        dir: cache_dir()?,
        variable: CACHE,
    })
}

fn cache_dir() -> Result<PathBuf> {
    if let Some(dir) = given(CACHE) {
        return std::path::absolute(&dir).map_err(|source| Error::io("resolve", &dir, source));
    }
    let base = BaseDirs::new().ok_or_else(|| {
        Error::Message(format!("this user has no home folder\n  try: set {CACHE} to a folder for the tests' engine and model"))
    })?;
    Ok(base.cache_dir().join("paddock-test"))
}

fn with_hint(mut error: Error) -> Error {
    if let Error::NoStarterEngine { tests, .. } | Error::NoEngineWorks { tests, .. } = &mut error {
        *tests = "; for tests, set PADDOCK_TEST_ENGINE to its path";
    }
    error
}
