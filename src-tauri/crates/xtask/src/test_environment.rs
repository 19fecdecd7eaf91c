//! What tests, benches and soaks find in their environment: a real engine, a real model and our own binaries.
//!
//! The starter files for tests are kept in the user's cache folder, apart from Paddock's data, so that tests neither
//! change what a developer uses nor fetch anything twice. `PADDOCK_TEST_ENGINE` and `PADDOCK_TEST_MODEL`, where set, are
//! taken as they are: that is the way on a platform with no starter engine.
//!
//! `PADDOCK_TEST_HF_PYTHON` is a Python with the hub's official client, see `hub_client`.
//!
//! The newest packaged engine is there whether or not this processor can run it, as `PADDOCK_TEST_ENGINE_B10434`: what it
//! says of itself is real either way. Where it dies of an illegal instruction, `PADDOCK_TEST_ENGINE_DEAD` names it too.

use std::path::PathBuf;
use std::process::Command;

use directories::BaseDirs;

use crate::error::{Error, Result};
use crate::hub_client;
use crate::say;
use crate::starter::{self, Dead, Home};
use crate::workspace::{DATA_DIR_VARIABLE, Profile, Workspace};

const CACHE: &str = "PADDOCK_TEST_CACHE";
const ENGINE: &str = "PADDOCK_TEST_ENGINE";
const ENGINE_B10434: &str = "PADDOCK_TEST_ENGINE_B10434";
const ENGINE_DEAD: &str = "PADDOCK_TEST_ENGINE_DEAD";
const HUB_PYTHON: &str = "PADDOCK_TEST_HF_PYTHON";
const MODEL: &str = "PADDOCK_TEST_MODEL";
const BINARIES: &str = "PADDOCK_BIN_DIR";

/// The paths that tests need.
#[derive(Debug)]
pub struct TestEnvironment {
    engine: PathBuf,
    engine_b10434: Option<PathBuf>,
    engine_dead: Option<PathBuf>,
    model: PathBuf,
    hub_python: Option<PathBuf>,
    binaries: PathBuf,
}

impl TestEnvironment {
    /// Sees to it that engines and model are there. The binaries are for the caller to build.
    pub fn prepare(workspace: &Workspace, profile: Profile) -> Result<Self> {
        let home = Home {
            dir: cache_dir()?,
            variable: CACHE,
        };
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
        // One test needs it, and says so where it is missing: everything else goes on without a network.
        let hub_python = given(HUB_PYTHON).or_else(|| match hub_client::ensure(&home.dir) {
            Ok(python) => Some(python),
            Err(error) => {
                say!("the hub's Python client could not be installed: {error}");
                None
            }
        });
        Ok(Self {
            engine,
            engine_b10434,
            engine_dead,
            model,
            hub_python,
            binaries: workspace.binary_dir(profile),
        })
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
            (HUB_PYTHON, &self.hub_python),
        ] {
            match path {
                Some(path) => command.env(variable, path),
                None => command.env_remove(variable),
            };
        }
    }
}

fn given(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
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
