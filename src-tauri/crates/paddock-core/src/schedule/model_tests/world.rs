//! A core on puppets, its clients and its user.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use load_params::{LoadParams, Unsupported};
use serde_json::Value;
use settings::{DataDir, EngineEntry, ModelEntry, SettingsDocument};
use supervisor::{Puppets, Registry, Surroundings};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep};

use super::laws::Watch;
use super::{KEYS, SIZES, Said, Step};
use crate::core::Core;
use crate::error::Error;
use crate::load_model::LoadRequest;
use crate::schedule::lease::{Lease, Wanted};

/// As much as a plan needs to know of an engine.
const HELP: &str = "\
-m,    --model FNAME                    model path to load
--host HOST                             ip address to listen on
--port PORT                             port to listen on
-a,    --alias STRING                   set alias for model name
-c,    --ctx-size N                     size of the prompt context
";
/// How often everything is looked at while time passes.
const TICK: Duration = Duration::from_millis(25);
/// More than all the waiting, starting and ending that one request can be behind.
const AT_LAST: Duration = Duration::from_secs(600);
/// An engine that never answers is given up on after this.
pub(super) const LOAD_TIMEOUT: u64 = 8;

/// A client that waits.
pub(super) struct Request {
    pub(super) key: usize,
    pub(super) since: Instant,
    task: JoinHandle<()>,
}

/// A client that is being answered.
pub(super) struct Answered {
    pub(super) key: usize,
    pub(super) lease: Lease,
    pub(super) since: Instant,
}

/// A load of the user's that came to nothing.
pub(super) struct Order {
    pub(super) key: usize,
    pub(super) since: Instant,
    pub(super) error: Error,
}

type Told = (u64, Result<Lease, Error>);

pub(super) struct World {
    pub(super) core: Core,
    pub(super) puppets: Puppets,
    /// Requests that wait, in the order in which they came.
    pub(super) waiting: BTreeMap<u64, Request>,
    pub(super) answered: Vec<Answered>,
    last_id: u64,
    tell: UnboundedSender<Told>,
    told: UnboundedReceiver<Told>,
    /// What the user ordered, until it is done.
    orders: JoinSet<Option<Order>>,
    watch: Watch,
    _files: TempDir,
}

/// Settings that no disk slows down.
#[derive(Default)]
struct InMemory(Mutex<Option<Value>>);

impl settings::Store for InMemory {
    fn read(&self) -> Result<Option<Value>, settings::Error> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn write(&self, document: &Value) -> Result<(), settings::Error> {
        *self.0.lock().unwrap() = Some(document.clone());
        Ok(())
    }
}

fn core_on(files: &TempDir, puppets: &Puppets) -> Core {
    let data = DataDir::at(files.path());
    let lock = crate::InstanceLock::acquire(&data).unwrap();
    let store = Box::new(InMemory::default());
    let mut core = Core::open(data, &lock, store, Vec::new()).unwrap().core;
    let inner = Arc::get_mut(&mut core.inner).unwrap();
    inner.registry = Registry::new(Surroundings::with_puppets(files.path(), puppets));
    let binary = std::env::current_exe().unwrap();
    inner.capabilities.know(&binary, HELP);
    core.update_settings(|settings| {
        let entry = EngineEntry::new(binary);
        settings
            .engines
            .installed
            .insert("puppets".to_owned(), entry);
        settings.engines.current = Some("puppets".to_owned());
        settings.limits.load_timeout_seconds = LOAD_TIMEOUT;
    })
    .unwrap();
    core
}

/// A core with the models, on puppets. The folder is to be kept.
pub(crate) async fn core_on_puppets() -> (Core, Puppets, TempDir) {
    let files = tempfile::tempdir().unwrap();
    let puppets = Puppets::default();
    let core = core_on(&files, &puppets);
    // A version that we do not read: nothing is estimated, and the sizes are the test's.
    let header = [b"GGUF".as_slice(), &99_u32.to_le_bytes(), &[0; 16]].concat();
    for (number, key) in KEYS.iter().enumerate() {
        let path = files.path().join(format!("{number}.gguf"));
        std::fs::write(&path, &header).unwrap();
        let change = |settings: &mut SettingsDocument| {
            let entry = ModelEntry::new(path);
            settings.models.insert((*key).to_owned(), entry);
        };
        core.update_settings(change).unwrap();
        let nothing = LoadParams::default();
        let plan = core.plan_load(key, &nothing, Unsupported::Refuse).await;
        let spec = plan.unwrap().spec;
        core.inner.plans.remember_measured(&spec, SIZES[number]);
    }
    (core, puppets, files)
}

impl World {
    pub(super) async fn new(said: &Said) -> Self {
        let (core, puppets, files) = core_on_puppets().await;
        let (tell, told) = unbounded_channel();
        let mut world = Self {
            core,
            puppets,
            waiting: BTreeMap::new(),
            answered: Vec::new(),
            last_id: 0,
            tell,
            told,
            orders: JoinSet::new(),
            watch: Watch::new(),
            _files: files,
        };
        world.settle(said);
        world
    }

    /// Makes the settings what was said.
    fn settle(&mut self, said: &Said) {
        let (bounds, kept) = (said.bounds, said.kept);
        let change = |settings: &mut SettingsDocument| {
            settings.limits.max_loaded = bounds.max_loaded;
            settings.limits.memory_bytes = bounds.memory;
            settings.limits.queue_length = bounds.queue_length;
            settings.limits.idle_seconds = bounds.idle_seconds;
            settings.gateway.load_on_demand = bounds.on_demand;
            for (key, is_kept) in KEYS.iter().zip(kept) {
                settings.models[*key].keep_loaded = is_kept;
            }
        };
        self.core.update_settings(change).unwrap();
        self.core.scheduling_has_changed();
        self.watch.settings_changed(said);
    }

    pub(super) async fn take(&mut self, said: &Said, step: Step) {
        match step {
            Step::Ask { key, ttl } => self.ask(key, ttl),
            Step::Finish(index) => {
                if !self.answered.is_empty() {
                    self.answered.remove(index.index(self.answered.len()));
                }
            }
            Step::Leave(index) => self.leave(index),
            Step::Load { key, is_other } => self.load(key, is_other),
            Step::Unload(key) => {
                self.watch.is_ordered(key, true);
                let core = self.core.clone();
                self.orders.spawn(async move {
                    let begin = Instant::now();
                    core.unload_model(KEYS[key]).await.unwrap();
                    assert!(begin.elapsed() <= Duration::from_secs(2));
                    None
                });
            }
            Step::UnloadAll => {
                (0..KEYS.len()).for_each(|key| self.watch.is_ordered(key, true));
                let core = self.core.clone();
                self.orders.spawn(async move {
                    core.unload_all().await;
                    None
                });
            }
            Step::Cast { key, part, times } => {
                (0..times).for_each(|_| self.puppets.cast(KEYS[key], part.clone()));
            }
            Step::Crash(key) => {
                let alive = self.puppets.alive(KEYS[key]);
                alive
                    .iter()
                    .for_each(|puppet| puppet.crash(supervisor::ExitKind::Signal(6)));
            }
            Step::Keep(..) | Step::Bounds(_) => self.settle(said),
            Step::Wait(milliseconds) => self.pass(said, milliseconds).await,
        }
        tokio::task::yield_now().await;
        self.look(said);
    }

    fn ask(&mut self, key: usize, ttl_seconds: Option<i64>) {
        self.last_id += 1;
        self.watch.is_asked(key, ttl_seconds);
        let (id, core, tell) = (self.last_id, self.core.clone(), self.tell.clone());
        let task = tokio::spawn(async move {
            let wanted = Wanted {
                key: KEYS[key],
                ttl_seconds,
            };
            let told = core.lease(&wanted).await;
            let _ = tell.send((id, told));
        });
        let since = Instant::now();
        self.waiting.insert(id, Request { key, since, task });
    }

    fn leave(&mut self, index: proptest::sample::Index) {
        if self.waiting.is_empty() {
            return;
        }
        let id = *self
            .waiting
            .keys()
            .nth(index.index(self.waiting.len()))
            .unwrap();
        if let Some(request) = self.waiting.remove(&id) {
            request.task.abort();
        }
    }

    fn load(&mut self, key: usize, is_other: bool) {
        self.watch.is_ordered(key, false);
        self.watch.loads(key, is_other);
        let mut request = LoadRequest::of(KEYS[key]);
        request.overrides.ctx_size = is_other.then_some(4_096);
        let (core, since) = (self.core.clone(), Instant::now());
        self.orders.spawn(async move {
            // Why not is the engine's or the bounds' to say; that it is said is what counts.
            let told = core.load_model(&request).await.err();
            told.map(|error| Order { key, since, error })
        });
    }

    async fn pass(&mut self, said: &Said, milliseconds: u64) {
        let end = Instant::now() + Duration::from_millis(milliseconds);
        while Instant::now() < end {
            sleep(TICK.min(end - Instant::now())).await;
            self.look(said);
        }
    }

    /// Hears what clients were told, and checks the laws.
    fn look(&mut self, said: &Said) {
        while let Ok((id, told)) = self.told.try_recv() {
            // Who left does not hear of it; the lease is dropped.
            let Some(request) = self.waiting.remove(&id) else {
                continue;
            };
            let key = request.key;
            match told {
                Ok(lease) => {
                    let mut before = self.waiting.range(..id);
                    let is_passed = before.any(|(_, other)| other.key == key);
                    assert!(!is_passed, "a request for {} was overtaken", KEYS[key]);
                    let since = Instant::now();
                    self.answered.push(Answered { key, lease, since });
                }
                Err(error) => self.watch.refused(said, &request, &error),
            }
        }
        while let Some(done) = self.orders.try_join_next() {
            if let Some(order) = done.unwrap() {
                self.watch.not_loaded(&order);
            }
        }
        let (core, puppets) = (&self.core, &self.puppets);
        self.watch
            .look(said, core, puppets, &self.waiting, &self.answered);
    }

    /// Clients finish as soon as they are answered: everyone who waits is told something in the end, and then all ends.
    pub(super) async fn end(mut self, said: &Said) {
        let deadline = Instant::now() + AT_LAST;
        while !self.waiting.is_empty() || !self.orders.is_empty() {
            assert!(
                Instant::now() < deadline,
                "somebody waits for ever: {}",
                self.watch.tell(&self.core)
            );
            self.answered.clear();
            self.pass(said, 250).await;
        }
        self.answered.clear();
        self.pass(said, 1_000).await;
        let last = self.core.clone();
        let request = tokio::spawn(async move {
            let wanted = Wanted {
                key: KEYS[0],
                ttl_seconds: None,
            };
            last.lease(&wanted).await.map(drop)
        });
        tokio::task::yield_now().await;
        let begin = Instant::now();
        self.core.shut_down().await;
        assert!(begin.elapsed() <= Duration::from_secs(2));
        let told = request.await.unwrap();
        assert!(told.is_ok() || !told.unwrap_err().code().is_empty());
        for key in KEYS {
            assert!(
                self.puppets.alive(key).is_empty(),
                "an engine of {key} is left"
            );
        }
    }
}
