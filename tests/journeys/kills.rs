//! SIGKILL to the host, the guard, or both at once, whatever the engine is doing: nothing is left two seconds later.
//!
//! "No orphan, proved by killing the app with SIGKILL": LM Studio #588 #1618, Jan #4206 #5758, Ollama #5642, llama-swap
//! #100 #138. This is the proof for Linux.
#![cfg(target_os = "linux")]
// Tests fail by panicking.
#![allow(clippy::unwrap_used)]

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use supervisor::ProcessIdentity;
use test_support::home::{GEMMA, TINY};
use test_support::host::guard_of;
use test_support::processes::{self, Process};
use test_support::random::Random;
use test_support::{Home, Host, ORPHAN_BOUND, environment};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Host,
    Guard,
    HostThenGuard,
    GuardThenHost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Loading,
    Ready,
    Streaming,
    Answering,
}

const VICTIMS: &[Victim] = &[
    Victim::Host,
    Victim::Guard,
    Victim::HostThenGuard,
    Victim::GuardThenHost,
];
const STATES: &[State] = &[
    State::Loading,
    State::Ready,
    State::Streaming,
    State::Answering,
];

fn endless() -> Value {
    json!({"extraArgs": {"--context-shift": null}})
}

/// Brings a host into `state`, kills `victim`, and looks at what is left.
async fn round(home: &Home, victim: Victim, state: State, random: &mut Random) {
    let what = format!("{victim:?} while {state:?}");
    let host = home.serve().await;
    let key = if state == State::Loading { GEMMA } else { TINY };
    let engine = if state == State::Loading {
        let engine = host.begin_load(GEMMA, json!({"ctxSize": 512})).await;
        tokio::time::sleep(Duration::from_millis(random.below(700))).await;
        engine
    } else {
        let params = endless();
        host.load(TINY, params).await;
        host.wait_for_pid(TINY).await
    };
    let mut stream = None;
    if state == State::Streaming {
        let mut begun = host.gateway().stream_chat("Go on.", -1).await;
        begun.take(3).await;
        stream = Some(begun);
    }
    if state == State::Answering {
        let gateway = host.gateway().clone();
        let body = test_support::http::chat_body("Go on.", -1, false);
        tokio::spawn(async move { gateway.try_post("/v1/chat/completions", &body).await });
        host.engine(TINY).await.wait_for_busy(1).await;
    }
    let guard = guard_of(engine).pid;

    match victim {
        Victim::Host => host.kill(),
        Victim::Guard => drop(processes::send(guard, Signal::KILL)),
        Victim::HostThenGuard => {
            host.kill();
            processes::send(guard, Signal::KILL);
        }
        Victim::GuardThenHost => {
            processes::send(guard, Signal::KILL);
            host.kill();
        }
    }

    if victim == Victim::Guard {
        survives_its_guard(home, host, key, engine, stream, &what).await;
    } else {
        drop(stream);
        let gone = processes::wait_until_none(home.marker(), ORPHAN_BOUND);
        assert!(gone.is_ok(), "{what}: {gone:#?}");
    }
}

/// The host lives on, says how the model ended, and starts it again.
async fn survives_its_guard(
    home: &Home,
    host: Host,
    key: &str,
    engine: u32,
    stream: Option<test_support::EventStream>,
    what: &str,
) {
    test_support::until(what, ORPHAN_BOUND, async || {
        (!processes::is_alive(engine)).then_some(())
    })
    .await;
    // One that was ready is started again; one that never was is not.
    let report = test_support::until("the end to be seen", Duration::from_secs(2), async || {
        let model = host.model(key).await?;
        let crash = [&model["lastCrash"], &model["error"]];
        crash.into_iter().find(|report| report.is_object()).cloned()
    })
    .await;
    assert_eq!(report["code"], "guard_lost", "{what}: {report}");
    if let Some(stream) = stream {
        let last = stream.last().await;
        assert!(last["error"]["code"].is_string(), "{what}: {last}");
    }
    home.paddock(&["unload", "--all"]).await.succeeded();
    host.until_alone(home).await;
    let again = host.load(TINY, endless()).await;
    assert_eq!(again["state"], "ready", "{what}");
    host.kill();
    let gone = processes::wait_until_none(home.marker(), ORPHAN_BOUND);
    assert!(gone.is_ok(), "{what}: {gone:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kill_in_every_state_leaves_nothing_behind() {
    let home = Home::with_both().await;
    let mut random = Random::from_environment(1);
    for &state in STATES {
        for &victim in VICTIMS {
            round(&home, victim, state, &mut random).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_random_kills_leave_nothing_behind() {
    random_rounds(10).await;
}

/// As many rounds as `PADDOCK_SOAK_ROUNDS` says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; `cargo xtask soak kills`"]
async fn soak_kills() {
    random_rounds(test_support::soak_rounds(100)).await;
}

async fn random_rounds(rounds: u32) {
    let home = Home::with_both().await;
    let mut random = Random::from_environment(20_251_121);
    for number in 1..=rounds {
        let (victim, state) = (random.choose(VICTIMS), random.choose(STATES));
        eprintln!("round {number} of {rounds}: {victim:?} while {state:?}");
        round(&home, victim, state, &mut random).await;
    }
}

/// The kernel wakes a frozen guard whose host is gone, to hang up on it (a stopped process group that became orphaned):
/// it ends, and the engine with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_guard_keeps_no_engine_alive() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    host.load(TINY, json!({})).await;
    let engine = host.wait_for_pid(TINY).await;
    let guard = guard_of(engine).pid;
    processes::send(guard, Signal::STOP);
    test_support::until("the guard to freeze", Duration::from_secs(2), async || {
        (Process::of(guard)?.state == 'T').then_some(())
    })
    .await;
    host.kill();
    let gone = processes::wait_until_none(home.marker(), ORPHAN_BOUND);
    assert!(gone.is_ok(), "{gone:#?}");
}

/// What escapes host and guard, however that came: an engine that runs and is on record. The next start ends it, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_outlived_host_and_guard_is_ended_at_the_next_start() {
    let home = Home::with_tiny().await;
    let mut orphan = tokio::process::Command::new(environment::engine())
        .arg("--model")
        .arg(home.file("tiny.gguf"))
        .args(["--port", "0"])
        .env(processes::MARKER, home.marker())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid = orphan.id().unwrap();
    let identity = ProcessIdentity::of(pid).unwrap();
    let mut record = serde_json::to_value(&identity).unwrap();
    record["key"] = json!(TINY);
    let records = home.data().join("run/children");
    std::fs::create_dir_all(&records).unwrap();
    std::fs::write(records.join(format!("{pid}.json")), record.to_string()).unwrap();

    let host = home.serve().await;

    assert!(
        !processes::is_alive(pid),
        "gone before the host says that it is there"
    );
    assert_eq!(orphan.wait().await.unwrap().signal(), Some(9));
    let said = format!("Ended the engine of {TINY} (pid {pid})");
    host.says(&said).await;
    assert_eq!(std::fs::read_dir(&records).unwrap().count(), 0);
    assert_eq!(host.load(TINY, json!({})).await["state"], "ready");
    host.end(Signal::TERM).await;
}

/// A record whose pid means another process by now is no licence to kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_with_the_pid_of_a_dead_engine_is_left_alone() {
    let home = Home::new();
    let mut stranger = tokio::process::Command::new("sleep")
        .arg("60")
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid = stranger.id().unwrap();
    let records = home.data().join("run/children");
    std::fs::create_dir_all(&records).unwrap();
    let record =
        json!({"key": "local/x", "pid": pid, "startTime": 1, "executable": "/usr/bin/sleep"});
    std::fs::write(records.join(format!("{pid}.json")), record.to_string()).unwrap();
    let host = home.serve().await;
    assert!(stranger.try_wait().unwrap().is_none(), "it must still run");
    assert_eq!(
        std::fs::read_dir(&records).unwrap().count(),
        0,
        "the record is gone"
    );
    host.end(Signal::TERM).await;
    stranger.kill().await.unwrap();
}
