//! Real processes: engines of every kind behind the real guard, with random orders. Nothing of an engine is left when its
//! server has ended, whatever it did and whatever was ordered. `PROPTEST_CASES` raises the number of rounds, of eight
//! engines each.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use rustix::process::{Pid, Signal, kill_process, test_kill_process_group};
use supervisor::{LaunchSpec, Listen, Registry, Server, ServerState, Surroundings};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// What a stop may take is 2 s; a busy machine is not what is tried here.
const STOP_WITHIN: Duration = Duration::from_secs(5);
const GONE_WITHIN: Duration = Duration::from_secs(5);
const FLOOD_LINES: usize = 40_000;

/// What the stub does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    Serves,
    NeverReady,
    ExitsEarly,
    DiesEarly,
    Crashes,
    /// Writes megabytes before it answers.
    Floods,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Stop,
    StopTwice,
    Replace,
    /// Somebody else kills the engine.
    Kill,
    /// Nobody orders anything until it is ready or has ended.
    None,
}

#[derive(Debug, Clone)]
struct Life {
    habit: Habit,
    /// Milliseconds until it does what it does.
    after: u64,
    ignores_sigterm: bool,
    has_child: bool,
    order: Order,
    ordered_after: u64,
}

fn some_life() -> impl Strategy<Value = Life> {
    let habit = prop_oneof![
        4 => Just(Habit::Serves),
        1 => Just(Habit::NeverReady),
        2 => Just(Habit::ExitsEarly),
        2 => Just(Habit::DiesEarly),
        2 => Just(Habit::Crashes),
        1 => Just(Habit::Floods),
    ];
    let order = prop_oneof![
        3 => Just(Order::Stop),
        1 => Just(Order::StopTwice),
        2 => Just(Order::Replace),
        2 => Just(Order::Kill),
        2 => Just(Order::None),
    ];
    let one_in_four = || prop::bool::weighted(0.25);
    (
        habit,
        0..300_u64,
        one_in_four(),
        one_in_four(),
        order,
        0..600_u64,
    )
        .prop_map(
            |(habit, after, ignores_sigterm, has_child, order, ordered_after)| Life {
                habit,
                after,
                ignores_sigterm,
                has_child,
                order,
                ordered_after,
            },
        )
}

/// The test's own program, run again as an engine by the script: see `Stage::new`.
#[test]
#[ignore = "it is the engine of the other tests"]
fn stub_engine() {
    let (Ok(args), Ok(habit)) = (std::env::var("STUB_ARGS"), std::env::var("STUB_HABIT")) else {
        return;
    };
    let after = Duration::from_millis(std::env::var("STUB_AFTER").unwrap().parse().unwrap());
    let value = |flag: &str| {
        let mut words = args.split(' ').skip_while(|word| *word != flag);
        words.nth(1).unwrap().to_owned()
    };
    let (port, alias) = (value("--port"), value("--alias"));
    let begin = Instant::now();
    if habit == "Floods" {
        let line = format!("0.01 I {}", "x".repeat(120));
        (0..FLOOD_LINES).for_each(|_| eprintln!("{line}"));
    }
    let Ok(listener) = TcpListener::bind(format!("127.0.0.1:{port}")) else {
        // Somebody was faster, and it is tried on another port.
        eprintln!("0.01 E couldn't bind HTTP server socket, hostname: 127.0.0.1, port: {port}");
        std::process::exit(1);
    };
    let ends = habit.clone();
    std::thread::spawn(move || {
        std::thread::sleep(after);
        let own = rustix::process::getpid();
        match &*ends {
            "ExitsEarly" => {
                eprintln!("0.01 E llama: failed to allocate buffer for kv cache");
                std::process::exit(1);
            }
            // Rust's own handler takes the first one for a full stack's, and swallows it.
            "DiesEarly" => loop {
                kill_process(own, Signal::SEGV).unwrap();
                std::thread::sleep(Duration::from_millis(1));
            },
            "Crashes" => {
                // Late enough that it was seen ready.
                std::thread::sleep(Duration::from_secs(1));
                kill_process(own, Signal::ABORT).unwrap();
            }
            _ => {}
        }
    });
    for stream in listener.incoming() {
        let (habit, alias) = (habit.clone(), alias.clone());
        // One that says nothing must not keep the others waiting.
        std::thread::spawn(move || {
            let may = match &*habit {
                "Serves" | "Floods" => begin.elapsed() >= after,
                "Crashes" => true,
                _ => false,
            };
            answer(stream.unwrap(), may, &alias);
        });
    }
}

/// As llama-server does, while it loads and afterwards.
fn answer(mut stream: TcpStream, may: bool, alias: &str) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let request = lines.next().and_then(Result::ok).unwrap_or_default();
    while lines
        .next()
        .and_then(Result::ok)
        .is_some_and(|line| !line.is_empty())
    {}
    let (status, body) = match (may, request.contains("/health")) {
        (false, _) => (
            "503 Service Unavailable",
            r#"{"error":{"message":"Loading model"}}"#.to_owned(),
        ),
        (true, true) => ("200 OK", r#"{"status":"ok"}"#.to_owned()),
        (true, false) => ("200 OK", format!(r#"{{"data":[{{"id":"{alias}"}}]}}"#)),
    };
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
}

struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("m.gguf"), b"GGUF....").unwrap();
        let script = folder.path().join("engine");
        let text = format!(
            "#!/bin/sh\n\
             [ -n \"$STUB_IGNORES\" ] && trap '' TERM\n\
             [ -n \"$STUB_CHILD\" ] && sleep 300 &\n\
             STUB_ARGS=\"$*\" exec '{}' --exact stub_engine --ignored --nocapture\n",
            std::env::current_exe().unwrap().display()
        );
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn registry(&self) -> Registry {
        let (records, logs) = (self.path().join("children"), self.path().join("logs"));
        let mut surroundings = Surroundings::new(records, logs).unwrap();
        surroundings.guard = PathBuf::from(env!("CARGO_BIN_EXE_paddock-guard"));
        Registry::new(surroundings)
    }

    fn spec(&self, key: &str, life: &Life) -> LaunchSpec {
        let mut env = vec![
            ("STUB_HABIT".to_owned(), format!("{:?}", life.habit)),
            ("STUB_AFTER".to_owned(), life.after.to_string()),
        ];
        let flags = [
            ("STUB_IGNORES", life.ignores_sigterm),
            ("STUB_CHILD", life.has_child),
        ];
        let set = flags.iter().filter(|(_, is_set)| *is_set);
        env.extend(set.map(|(name, _)| ((*name).to_owned(), "1".to_owned())));
        let never = life.habit == Habit::NeverReady;
        LaunchSpec {
            key: key.to_owned(),
            binary: self.path().join("engine"),
            model_path: self.path().join("m.gguf"),
            args: Vec::new(),
            env,
            speaks_child_protocol: false,
            load_timeout: Duration::from_secs(if never { 1 } else { 60 }),
            listen: Listen::default(),
        }
    }
}

/// The engine, which leads its process group, and the guard above it.
struct Processes {
    engine: Pid,
    guard: Option<PathBuf>,
}

impl Processes {
    fn of(server: &Server) -> Option<Self> {
        let engine = i32::try_from(server.status().pid?).ok()?;
        let status = std::fs::read_to_string(format!("/proc/{engine}/status")).unwrap_or_default();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        Some(Self {
            engine: Pid::from_raw(engine)?,
            guard: parent.map(|parent| PathBuf::from(format!("/proc/{}", parent.trim()))),
        })
    }

    fn is_gone(&self) -> bool {
        test_kill_process_group(self.engine).is_err()
            && self.guard.as_ref().is_none_or(|guard| !guard.exists())
    }

    async fn must_go(&self, life: &Life) {
        let begin = Instant::now();
        while !self.is_gone() {
            assert!(
                begin.elapsed() < GONE_WITHIN,
                "something is left of {life:?}"
            );
            sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn stop(registry: &Registry, server: &Server) {
    let begin = Instant::now();
    registry.end(server).await;
    assert!(begin.elapsed() < STOP_WITHIN, "{:?}", begin.elapsed());
    assert!(server.status().state.is_final());
}

/// How one that ends by itself, unasked, is called.
fn own_code(habit: Habit) -> &'static str {
    match habit {
        Habit::Serves | Habit::Floods => "",
        Habit::NeverReady => "not_ready",
        Habit::ExitsEarly => "out_of_memory",
        Habit::DiesEarly => "engine_crashed",
        Habit::Crashes => "engine_aborted",
    }
}

async fn live(registry: Registry, key: String, spec: LaunchSpec, life: Life) {
    let server = registry.start(spec.clone()).unwrap();
    let begin = Instant::now();
    while server.status().pid.is_none() && !server.status().state.is_final() {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "it was not even spawned"
        );
        sleep(Duration::from_millis(2)).await;
    }
    let processes = Processes::of(&server);
    let mut allowed = vec!["", own_code(life.habit)];
    if !matches!(life.order, Order::None) {
        sleep(Duration::from_millis(life.ordered_after)).await;
    }
    match life.order {
        Order::Stop => stop(&registry, &server).await,
        Order::StopTwice => {
            tokio::join!(stop(&registry, &server), stop(&registry, &server));
        }
        Order::Replace => {
            let calm = LaunchSpec {
                args: vec!["other".to_owned()],
                ..spec
            };
            let next = registry.start(calm).unwrap();
            server.ended().await;
            let next_of = Processes::of(&next);
            stop(&registry, &next).await;
            if let Some(next_of) = next_of {
                next_of.must_go(&life).await;
            }
        }
        Order::Kill => {
            allowed = vec!["engine_killed", own_code(life.habit)];
            if let Some(processes) = &processes {
                let _ = kill_process(processes.engine, Signal::KILL);
            }
            server.ended().await;
        }
        Order::None => {
            allowed = vec![own_code(life.habit)];
            let ready = timeout(Duration::from_secs(60), server.ready()).await;
            let is_ready = ready.expect("it gets ready or ends").is_ok();
            assert_eq!(
                is_ready,
                matches!(life.habit, Habit::Serves | Habit::Floods | Habit::Crashes)
            );
            if life.habit == Habit::Crashes {
                server.ended().await;
            } else {
                stop(&registry, &server).await;
            }
        }
    }
    let code = server.error().map_or("", |error| error.code());
    assert!(
        allowed.contains(&code),
        "{key}: {life:?} ended with {code:?}"
    );
    let is_failed = server.status().state == ServerState::Failed;
    assert_eq!(is_failed, !code.is_empty());
    if let Some(processes) = processes {
        processes.must_go(&life).await;
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

fn rounds(usually: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked
            .and_then(|cases| cases.parse().ok())
            .unwrap_or(usually),
        failure_persistence: None,
        // A life takes its time.
        max_shrink_iters: 3,
        ..ProptestConfig::default()
    }
}

#[test]
fn nothing_is_left_of_an_engine_whatever_it_does() {
    let stage = Stage::new();
    let runtime = runtime();
    proptest!(rounds(3), |(lives in prop::collection::vec(some_life(), 8))| {
        runtime.block_on(async {
            let registry = stage.registry();
            let mut all = JoinSet::new();
            for (number, life) in lives.into_iter().enumerate() {
                let key = format!("local/{number}");
                let spec = stage.spec(&key, &life);
                all.spawn(live(registry.clone(), key, spec, life));
            }
            while let Some(ended) = all.join_next().await {
                ended.unwrap();
            }
            registry.stop_all().await;
            prop_assert!(registry.list().is_empty());
            let records = std::fs::read_dir(stage.path().join("children")).unwrap();
            prop_assert_eq!(records.count(), 0, "a record outlives its engine");
            Ok(())
        })?;
    });
}

/// All that the host had goes without a word to anyone, as when it is killed.
#[test]
fn engines_go_with_their_host_in_whatever_state_they_are() {
    let stage = Stage::new();
    let habits = [
        Habit::Serves,
        Habit::NeverReady,
        Habit::Floods,
        Habit::Crashes,
    ];
    let lives = habits.map(|habit| Life {
        habit,
        after: 100,
        ignores_sigterm: habit == Habit::Serves,
        has_child: true,
        order: Order::None,
        ordered_after: 0,
    });
    let host = runtime();
    let left = host.block_on(async {
        let registry = stage.registry();
        let mut left = Vec::new();
        for (number, life) in lives.iter().enumerate() {
            let server = registry
                .start(stage.spec(&format!("local/{number}"), life))
                .unwrap();
            while server.status().pid.is_none() {
                sleep(Duration::from_millis(2)).await;
            }
            left.push(Processes::of(&server).unwrap());
        }
        left
    });
    host.shutdown_background();
    runtime().block_on(async {
        for (processes, life) in left.iter().zip(&lives) {
            processes.must_go(life).await;
        }
    });
}
