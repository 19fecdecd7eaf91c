//! The life of a server against a model of it: what an engine does and what others order, at random times, with puppets
//! and a clock that nobody waits for. `PROPTEST_CASES` raises the number of lives.

#[path = "server_foretold.rs"]
mod foretold;

use std::sync::{OnceLock, Weak};

use proptest::prelude::*;

use self::foretold::{Expected, Life, Order, foretell, some_life};
use super::*;
use crate::puppets::Puppets;

/// The only ways from one state to another.
fn may_follow(before: ServerState, after: ServerState) -> bool {
    use ServerState::{Failed, Ready, Starting, Stopped, Stopping};
    match before {
        Starting => after != Starting,
        Ready => matches!(after, Stopping | Failed),
        // The ceiling was reached: it is ended, and has failed.
        Stopping => matches!(after, Stopped | Failed),
        Stopped | Failed => false,
    }
}

/// What was seen of a life.
#[derive(Debug)]
struct Seen {
    states: Vec<ServerStatus>,
    code: &'static str,
    was_ready: bool,
}

async fn live(folder: &std::path::Path, life: &Life) -> Seen {
    let puppets = Puppets::default();
    for _ in 0..=PORT_ATTEMPTS {
        puppets.cast("local/m", life.part.clone());
    }
    let spec = LaunchSpec {
        key: "local/m".to_owned(),
        binary: "/engine".into(),
        model_path: "/m.gguf".into(),
        args: Vec::new(),
        env: Vec::new(),
        speaks_child_protocol: false,
        load_timeout: life.load_timeout,
        listen: crate::launch::Listen::default(),
    };
    let states = Arc::new(Mutex::new(Vec::new()));
    // Not the server itself, which would live for ever then.
    let seen = Arc::new(OnceLock::<Weak<Shared>>::new());
    let on_change = {
        let (states, seen) = (Arc::clone(&states), Arc::clone(&seen));
        Arc::new(move || {
            if let Some(shared) = seen.get().and_then(Weak::upgrade) {
                states.lock().unwrap().push(shared.status.borrow().clone());
            }
        })
    };
    let server = Server::start(
        spec,
        Surroundings::with_puppets(folder, &puppets),
        None,
        on_change,
    );
    let _ = seen.set(Arc::downgrade(&server.shared));
    let waits = tokio::spawn({
        let server = server.clone();
        async move { server.ready().await }
    });
    let begin = Instant::now();
    let mut stops = Vec::new();
    for (at, order) in &life.orders {
        sleep_until(begin + Duration::from_millis(*at)).await;
        match order {
            Order::Stop => stops.push(tokio::spawn(stop_within_its_time(server.clone()))),
            Order::GiveUp => server.give_up_on(),
            Order::Crash => {
                let alive = puppets.alive("local/m");
                alive.iter().for_each(|puppet| puppet.crash(life.exit.kind));
            }
            Order::DropHandle => drop(server.clone()),
        }
    }
    // One that would serve for ever has had time enough to get ready.
    let _ = timeout(Duration::from_secs(200), server.ended()).await;
    let is_over = server.status().state.is_final();
    let was_ready = waits_agree(waits, &states, is_over).await;
    if !is_over {
        stop_within_its_time(server.clone()).await;
    }
    for stop in stops {
        stop.await.unwrap();
    }
    assert_eq!(
        stop_within_its_time(server.clone()).await,
        StopOutcome::NotRunning
    );
    // What was ordered to end in a while, and whatever else is due.
    sleep(Duration::from_secs(10)).await;
    assert!(puppets.alive("local/m").is_empty(), "an engine is left");
    assert!(!puppets.had_a_double("local/m"), "two engines at once");
    assert!(server.closing().is_cancelled());
    let code = server.error().map_or("", |error| error.code());
    let expected = foretell(life);
    if let Some(spawns) = expected.spawns {
        assert_eq!(puppets.spawns("local/m"), spawns, "{expected:?}");
    }
    let states = states.lock().unwrap().clone();
    Seen {
        states,
        code,
        was_ready,
    }
}

/// Whoever waited for it to get ready is told, and what is true.
async fn waits_agree(
    waits: tokio::task::JoinHandle<Result<ServerStatus, StartError>>,
    states: &Mutex<Vec<ServerStatus>>,
    is_over: bool,
) -> bool {
    let was_ready = |states: &[ServerStatus]| {
        let mut all = states.iter();
        all.any(|status| status.state == ServerState::Ready)
    };
    let was_ready = was_ready(&states.lock().unwrap());
    assert!(was_ready || is_over, "it neither got ready nor ended");
    match waits.await.unwrap() {
        Ok(status) => assert!(was_ready && status.server_url.is_some()),
        // One that was ready for an instant only is not told of as ready.
        Err(_) => assert!(is_over),
    }
    was_ready
}

async fn stop_within_its_time(server: Server) -> StopOutcome {
    let begin = Instant::now();
    let was_over = server.status().state.is_final();
    let outcome = server.stop().await;
    assert!(
        begin.elapsed() <= Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(outcome == StopOutcome::NotRunning, was_over);
    assert!(server.status().state.is_final());
    outcome
}

fn check(life: &Life, seen: &Seen) {
    let mut before = ServerState::Starting;
    for status in &seen.states {
        let after = status.state;
        let is_same = after == before && !after.is_final();
        assert!(
            is_same || may_follow(before, after),
            "{before:?} -> {after:?}"
        );
        assert_eq!(status.running, !after.is_final());
        assert_eq!(status.error.is_some(), after == ServerState::Failed);
        assert!(after != ServerState::Ready || status.server_url.is_some());
        assert!(!after.is_final() || status.server_url.is_none());
        before = after;
    }
    assert!(before.is_final(), "it never ended");
    let last = seen.states.last().unwrap();
    let code = last.error.as_ref().map_or("", |failure| &failure.code);
    assert_eq!(code, seen.code);
    let Expected { codes, .. } = foretell(life);
    let is_expected = codes.is_empty() || codes.contains(&seen.code);
    assert!(is_expected, "{:?}, not one of {codes:?}", seen.code);
    assert!(seen.was_ready || !matches!(seen.code, "engine_unresponsive"));
}

fn cases(usually: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    ProptestConfig {
        cases: asked
            .and_then(|cases| cases.parse().ok())
            .unwrap_or(usually),
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..ProptestConfig::default()
    }
}

#[test]
fn a_life_goes_as_foretold() {
    let folder = tempfile::tempdir().unwrap();
    proptest!(cases(2_000), |(life in some_life())| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let seen = runtime.block_on(live(folder.path(), &life));
        check(&life, &seen);
    });
}
