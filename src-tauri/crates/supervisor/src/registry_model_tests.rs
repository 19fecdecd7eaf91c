//! Servers that are started, replaced and ended at random, with puppets and a clock that nobody waits for: one engine at
//! a time for each key, none in the end, and nobody's server is taken for another's. `PROPTEST_CASES` raises the number.

use std::time::Duration;

use proptest::prelude::*;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::*;
use crate::exit_report::ExitKind;
use crate::launch::Listen;
use crate::puppets::{Part, Puppets};

const KEYS: [&str; 2] = ["local/a", "local/b"];

#[derive(Debug, Clone)]
enum Step {
    /// Of which model, with which arguments; what its engine does.
    Start(usize, u8, Part),
    Stop(usize),
    StopAll,
    /// One of those that were ever started.
    End(prop::sample::Index),
    Crash(usize),
    Wait(u64),
}

fn some_part() -> impl Strategy<Value = Part> {
    let time = |most: u64| (0..most).prop_map(Duration::from_millis);
    (
        time(200),
        prop::option::weighted(0.9, time(2_000)),
        prop::option::weighted(0.3, time(3_000)),
        prop::option::weighted(0.7, time(1_500)),
        time(650),
    )
        .prop_map(|(spawns, ready, ends, heeds_after, dies_after)| Part {
            spawns_after: spawns,
            ready_after: ready,
            ends_after: ends.map(|after| (after, ExitKind::Signal(11))),
            heeds_after,
            dies_after,
            ..Part::default()
        })
}

fn some_steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0..KEYS.len();
    let step = prop_oneof![
        4 => (key.clone(), 0..2_u8, some_part()).prop_map(|(key, args, part)| Step::Start(key, args, part)),
        2 => key.clone().prop_map(Step::Stop),
        1 => Just(Step::StopAll),
        2 => any::<prop::sample::Index>().prop_map(Step::End),
        1 => key.prop_map(Step::Crash),
        5 => prop_oneof![0..5_u64, 0..300_u64, 0..4_000_u64].prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..30)
}

struct World {
    registry: Registry,
    puppets: Puppets,
    files: tempfile::TempDir,
    started: Vec<Server>,
    /// Keys of servers that somebody ordered to end.
    ordered: Vec<String>,
    ends: JoinSet<()>,
}

impl World {
    fn new() -> Self {
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("m.gguf"), b"GGUF....").unwrap();
        let puppets = Puppets::default();
        let surroundings = Surroundings::with_puppets(files.path(), &puppets);
        Self {
            registry: Registry::new(surroundings),
            puppets,
            files,
            started: Vec::new(),
            ordered: Vec::new(),
            ends: JoinSet::new(),
        }
    }

    fn start(&mut self, key: &str, args: u8, part: Part) {
        let spec = LaunchSpec {
            key: key.to_owned(),
            binary: std::env::current_exe().unwrap(),
            model_path: self.files.path().join("m.gguf"),
            args: vec![args.to_string()],
            env: Vec::new(),
            speaks_child_protocol: false,
            load_timeout: Duration::from_secs(5),
            listen: Listen::default(),
        };
        let same = self.registry.get(key).filter(|server| {
            let state = server.status().state;
            let will_serve = matches!(state, ServerState::Starting | ServerState::Ready);
            *server.spec() == spec && will_serve && !server.closing().is_cancelled()
        });
        let before = self.registry.get(key);
        self.puppets.cast(key, part);
        let server = self.registry.start(spec).unwrap();
        if let Some(same) = same {
            assert_eq!(server.api_key(), same.api_key(), "it runs already");
            return;
        }
        if let Some(before) = before {
            assert_ne!(server.api_key(), before.api_key());
            assert!(before.closing().is_cancelled(), "it makes room");
        }
        self.started.push(server);
    }

    /// Ends this very server while others go on; whoever has its place by then keeps it.
    fn end(&mut self, server: Server) {
        self.ordered.push(server.api_key().to_owned());
        let registry = self.registry.clone();
        self.ends.spawn(async move {
            let begin = Instant::now();
            registry.end(&server).await;
            assert!(begin.elapsed() <= Duration::from_secs(2));
            assert!(server.status().state.is_final());
        });
    }

    fn stop(&mut self, key: &'static str) {
        let current = self.registry.get(key);
        let current = current.map(|server| server.api_key().to_owned());
        self.ordered.extend(current);
        let registry = self.registry.clone();
        self.ends.spawn(async move {
            let begin = Instant::now();
            registry.stop(key).await;
            assert!(begin.elapsed() <= Duration::from_secs(2));
        });
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Start(key, args, part) => self.start(KEYS[key], args, part),
            Step::Stop(key) => self.stop(KEYS[key]),
            Step::StopAll => {
                let all = self
                    .started
                    .iter()
                    .map(|server| server.api_key().to_owned());
                self.ordered.extend(all);
                let registry = self.registry.clone();
                self.ends
                    .spawn(async move { drop(registry.stop_all().await) });
            }
            Step::End(index) if !self.started.is_empty() => {
                self.end(index.get(&self.started).clone());
            }
            Step::Crash(key) => {
                let alive = self.puppets.alive(KEYS[key]);
                alive
                    .iter()
                    .for_each(|puppet| puppet.crash(ExitKind::Signal(6)));
            }
            Step::Wait(milliseconds) => sleep(Duration::from_millis(milliseconds)).await,
            Step::End(_) => {}
        }
    }

    fn check(&self) {
        for key in KEYS {
            assert!(!self.puppets.had_a_double(key), "two engines of {key}");
            let of_key = |server: &&Server| server.spec().key == key;
            let newest = self.started.iter().rfind(of_key);
            if let (Some(newest), Some(known)) = (newest, self.registry.get(key)) {
                assert_eq!(known.api_key(), newest.api_key(), "an older one came back");
            }
            // One that nobody ended is known, failed or not.
            let is_ordered =
                |server: &Server| self.ordered.iter().any(|key| key == server.api_key());
            if let Some(newest) = newest.filter(|server| !is_ordered(server)) {
                assert!(
                    self.registry.get(key).is_some(),
                    "{:?} is forgotten",
                    newest.status()
                );
            }
        }
    }

    async fn end_all(mut self) {
        while let Some(end) = self.ends.join_next().await {
            end.unwrap();
        }
        let begin = Instant::now();
        self.registry.stop_all().await;
        assert!(begin.elapsed() <= Duration::from_secs(2));
        assert!(self.registry.list().is_empty());
        for server in &self.started {
            assert!(server.status().state.is_final());
        }
        sleep(Duration::from_secs(10)).await;
        for key in KEYS {
            assert!(
                self.puppets.alive(key).is_empty(),
                "an engine of {key} is left"
            );
            assert!(!self.puppets.had_a_double(key), "two engines of {key}");
        }
    }
}

#[test]
fn whatever_is_ordered_each_model_has_one_engine_and_in_the_end_none() {
    let asked = std::env::var("PROPTEST_CASES").ok();
    let config = ProptestConfig {
        cases: asked.and_then(|cases| cases.parse().ok()).unwrap_or(600),
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..ProptestConfig::default()
    };
    proptest!(config, |(steps in some_steps())| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for step in steps {
                world.take(step).await;
                tokio::task::yield_now().await;
                world.check();
            }
            world.end_all().await;
        });
    });
}

/// What fails after it took another's place is shown, though the other's end is only seen to then.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_predecessor_does_not_hide_why_its_successor_failed() {
    let mut world = World::new();
    world.start(KEYS[0], 0, Part::default());
    let before = world.started[0].clone();
    before.ready().await.unwrap();
    let ends = Part {
        ends_after: Some((Duration::ZERO, ExitKind::Signal(11))),
        ..Part::default()
    };
    world.start(KEYS[0], 1, ends);
    world.started[1].ready().await.unwrap_err();

    world.registry.end(&before).await;

    let shown = world.registry.statuses();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].state, ServerState::Failed);
}
