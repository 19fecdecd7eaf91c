//! Several models under load: one spawn for many first requests, room made without a loss, engines killed in mid-request.
//! The long rounds are for `cargo xtask soak`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::home::TINY;
use test_support::host::pid_in;
use test_support::random::Random;
use test_support::recorded::{Framing, Piece, Recorded, Recording};
use test_support::wire::{self, WireAnswer};
use test_support::{Home, Host, RecordedEngine, processes, soak_rounds, until};

const RECORDED: &str = "local/recorded";
/// Entries of the tiny model's file, each with parameters of its own.
const THREE: [&str; 3] = ["local/one", "local/two", "local/three"];

fn chat(model: &str, max_tokens: u64, stream: bool) -> Value {
    json!({
        "model": model,
        "messages": [{"role": "user", "content": "Go on."}],
        "max_tokens": max_tokens,
        "temperature": 0,
        "ignore_eos": true,
        "stream": stream,
    })
}

async fn ask(port: u16, body: &Value) -> std::io::Result<WireAnswer> {
    wire::exchange(
        port,
        &wire::post("/v1/chat/completions", &[], &body.to_string()),
    )
    .await
}

/// The data of all events.
#[track_caller]
fn events(answer: &WireAnswer) -> Vec<String> {
    let text = answer.text();
    assert!(
        answer.is_whole && (text.is_empty() || text.ends_with("\n\n")),
        "{text:?}"
    );
    text.split("\n\n")
        .filter_map(|event| event.strip_prefix("data: "))
        .map(str::to_owned)
        .collect()
}

/// A home with the tiny model three times, whose engine's memory holds two of them.
async fn home_for_two_of_three() -> Home {
    let home = Home::with_tiny().await;
    home.edit_settings(|settings| {
        let file = settings["models"][TINY]["path"].clone();
        for (index, key) in THREE.iter().enumerate() {
            settings["models"][key] = json!({
                "path": file,
                "aliasOf": TINY,
                "params": {"ctxSize": 512, "parallel": 2 + index, "cacheRam": 0},
            });
        }
        settings["limits"]["maxLoaded"] = json!(0);
    });
    // What one of them really takes: more than its weights, for a model as small as this.
    let host = home.serve().await;
    let loaded = host.load(THREE[2], json!({})).await;
    let status = host.model(THREE[2]).await.unwrap_or(loaded);
    let bytes = |of: &str| {
        status["memory"][of]
            .as_u64()
            .unwrap_or_else(|| panic!("{status}"))
    };
    let (measured, predicted) = (bytes("measuredBytes"), bytes("predictedBytes"));
    host.end(Signal::TERM).await;
    // Two by what they take, and one by its estimate, which is high for a model that is hardly there.
    let limit = (measured * 14 / 5).max(predicted * 21 / 20);
    home.edit_settings(|settings| settings["limits"]["memoryBytes"] = json!(limit));
    home
}

/// What a counter says of each model.
async fn counted(host: &Host, counter: &str) -> BTreeMap<String, u64> {
    let metrics = host.gateway().get("/metrics").await.text;
    let prefix = format!("{counter}{{model=\"");
    let counts = metrics.lines().filter_map(|line| {
        let (model, count) = line.strip_prefix(&prefix)?.split_once("\"} ")?;
        Some((model.to_owned(), count.parse().ok()?))
    });
    counts.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_first_requests_at_once_are_one_spawn_and_fifty_answers() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    let port = host.gateway().port();
    let asking: Vec<_> = (0..50)
        .map(|index| {
            let body = chat(TINY, 2, index % 2 == 0);
            tokio::spawn(async move { ask(port, &body).await.unwrap() })
        })
        .collect();
    let mut pids = Vec::new();
    for answer in asking {
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        if answer.header("content-type") == Some("text/event-stream") {
            assert_eq!(events(&answer).last().map(String::as_str), Some("[DONE]"));
        }
        pids.extend(host.model(TINY).await.as_ref().and_then(pid_in));
    }
    pids.dedup();
    assert_eq!(pids.len(), 1, "one engine answered all");
    assert_eq!(counted(&host, "paddock_loads_total").await[TINY], 1);
    host.end(Signal::TERM).await;
}

/// What became of the traffic.
#[derive(Debug, Default)]
struct Tally {
    answers: BTreeMap<&'static str, usize>,
    longest_wait: BTreeMap<&'static str, Duration>,
}

/// Clients that ask this model again and again until told to stop.
async fn visit(
    port: u16,
    model: &'static str,
    seed: u64,
    pause_ms: u64,
    stop: Arc<AtomicBool>,
) -> Tally {
    let mut random = Random::seeded(seed);
    let mut tally = Tally::default();
    while !stop.load(Ordering::Relaxed) {
        let tokens = 1 + random.below(24);
        let stream = random.below(2) == 0;
        let begin = Instant::now();
        let answer = ask(port, &chat(model, tokens, stream)).await.unwrap();
        let whole = begin.elapsed();
        let text = answer.text();
        assert_eq!(answer.status, 200, "{model}: {text}");
        assert!(answer.is_whole, "{model}: {text}");
        let waited = if stream {
            let events = events(&answer);
            assert_eq!(
                events.last().map(String::as_str),
                Some("[DONE]"),
                "{model}: {text}"
            );
            assert!(!text.contains("\"error\""), "{model}: {text}");
            let first = answer
                .chunks
                .iter()
                .find(|(_, chunk)| !chunk.starts_with(b":"));
            first.map_or(whole, |(time, _)| *time)
        } else {
            let document: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(document["usage"]["completion_tokens"], tokens, "{document}");
            assert_eq!(document["model"], model);
            whole
        };
        *tally.answers.entry(model).or_default() += 1;
        let longest = tally.longest_wait.entry(model).or_default();
        *longest = waited.max(*longest);
        tokio::time::sleep(Duration::from_millis(random.below(pause_ms + 1))).await;
    }
    tally
}

/// Steady traffic on two models and some on a third, where there is room for two: all are answered, none is ended while it
/// answers, and none waits for ever.
async fn mixed_traffic(duration: Duration, longest_wait_allowed: Duration) {
    let home = home_for_two_of_three().await;
    let host = home.serve().await;
    let port = host.gateway().port();
    // What each really takes is known when it has made room once, and no longer an estimate.
    for key in THREE.iter().chain(&THREE) {
        assert_eq!(ask(port, &chat(key, 1, false)).await.unwrap().status, 200);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mut random = Random::from_environment(6);
    let [one, two, three] = THREE;
    // The first two are hardly ever idle.
    let clients = [
        (one, 0),
        (one, 3),
        (one, 20),
        (two, 0),
        (two, 3),
        (two, 20),
        (three, 100),
        (three, 1_500),
    ];
    let visits: Vec<_> = clients
        .into_iter()
        .map(|(model, pause_ms)| {
            tokio::spawn(visit(
                port,
                model,
                random.number(),
                pause_ms,
                Arc::clone(&stop),
            ))
        })
        .collect();
    let mut most_ready = 0;
    let begin = Instant::now();
    while begin.elapsed() < duration {
        let status = host.status().await;
        let ready = status["models"].as_array().unwrap();
        let ready = ready
            .iter()
            .filter(|model| model["state"] == "ready")
            .count();
        assert!(ready <= 2, "{status}");
        most_ready = ready.max(most_ready);
        if visits.iter().any(tokio::task::JoinHandle::is_finished) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut all = Tally::default();
    for visit in visits {
        let tally = visit.await.unwrap();
        for (model, count) in tally.answers {
            *all.answers.entry(model).or_default() += count;
        }
        for (model, wait) in tally.longest_wait {
            let longest = all.longest_wait.entry(model).or_default();
            *longest = wait.max(*longest);
        }
    }
    let (loads, evictions) = (
        counted(&host, "paddock_loads_total").await,
        counted(&host, "paddock_evictions_total").await,
    );
    eprintln!(
        "answers {:?}, longest waits {:?}, loads {loads:?}, evictions {evictions:?}",
        all.answers, all.longest_wait
    );
    assert_eq!(most_ready, 2, "two fit");
    assert!(
        evictions.values().sum::<u64>() > 1,
        "room was made again and again"
    );
    for model in THREE {
        assert!(all.answers[model] > 0, "{model} starved");
        assert!(
            all.longest_wait[model] < longest_wait_allowed,
            "{model}: {:?}",
            all.longest_wait[model]
        );
    }
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_models_where_two_fit_lose_no_request_and_none_starves() {
    mixed_traffic(Duration::from_secs(60), Duration::from_secs(30)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "ten minutes; for `cargo xtask soak`"]
async fn soak_traffic() {
    mixed_traffic(
        Duration::from_secs(60 * u64::from(soak_rounds(10))),
        Duration::from_secs(30),
    )
    .await;
}

/// Where a request is when its engine is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    BeforeHead,
    BeforeFirstByte,
    InMidStream,
    InMidDocument,
}

const PHASES: [Phase; 4] = [
    Phase::BeforeHead,
    Phase::BeforeFirstByte,
    Phase::InMidStream,
    Phase::InMidDocument,
];

impl Phase {
    /// An answer that is in this phase for a while.
    fn answer(self) -> Recorded {
        let events: Vec<Piece> = (0..12)
            .map(|index| Piece::text(&format!("data: {{\"piece\":{index}}}\n\n")))
            .chain([Piece::text("data: [DONE]\n\n")])
            .collect();
        let document = "{\"choices\":[{\"message\":{\"content\":\"All of it.\"}}]}";
        match self {
            Self::BeforeHead => Recorded {
                after_ms: 150,
                ..Recorded::stream(events)
            },
            Self::BeforeFirstByte => {
                let mut events = events;
                events[0].after_ms = 150;
                Recorded::stream(events)
            }
            Self::InMidStream => {
                Recorded::stream(events.into_iter().map(|event| event.after(15)).collect())
            }
            Self::InMidDocument => Recorded {
                content_type: Some("application/json".to_owned()),
                framing: Framing::Length,
                ..Recorded::stream(vec![
                    Piece::text(&document[..20]),
                    Piece::text(&document[20..]).after(150),
                ])
            },
        }
    }
}

/// What a client got of an answer whose engine was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Got {
    /// The right answer, whole.
    Whole,
    /// A document in OpenAI's envelope and nothing else.
    Error,
    /// Events, the last of which says why there are no more.
    EventThenError,
    /// Half a document, told to be half.
    BrokenOff,
}

/// Judges an answer; panics where a client could take it for what it is not.
#[track_caller]
fn judge(phase: Phase, answer: &std::io::Result<WireAnswer>, right: &Recorded) -> Got {
    let answer = answer
        .as_ref()
        .unwrap_or_else(|error| panic!("{phase:?}: no answer at all: {error}"));
    let text = answer.text();
    let assert_error = |text: &str| {
        let error: Value =
            serde_json::from_str(text).unwrap_or_else(|_| panic!("{phase:?}: {text:?}"));
        let error = &error["error"];
        assert!(
            error["code"].is_string() && error["message"].is_string() && error["type"].is_string(),
            "{phase:?}: {text:?}"
        );
    };
    if answer.status != 200 {
        assert!(
            answer.status >= 500 && answer.is_whole,
            "{phase:?}: {} {text:?}",
            answer.status
        );
        assert_error(&text);
        eprintln!("{phase:?}: {text}");
        return Got::Error;
    }
    if phase == Phase::InMidDocument {
        if answer.is_whole {
            assert_eq!(answer.body(), right.body());
            return Got::Whole;
        }
        return Got::BrokenOff;
    }
    let right = String::from_utf8(right.body()).unwrap();
    let events = events(answer);
    let said: Vec<&str> = right
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("data: "))
        .collect();
    if events == said {
        return Got::Whole;
    }
    let (last, before) = events
        .split_last()
        .unwrap_or_else(|| panic!("{phase:?}: silence"));
    assert_error(last);
    assert_eq!(before, &said[..before.len()], "{phase:?}: {text:?}");
    Got::EventThenError
}

async fn child_kills(rounds: u32) {
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_recorded-engine");
    let recorded = RecordedEngine::new(&home, "recorded", &[program], &Recording::default());
    home.add_engine(recorded.path()).await;
    let file = home.file("recorded.gguf");
    test_support::models::tiny(&file);
    assert_eq!(home.import(&file).await, RECORDED);
    let host = home.serve().await;
    let port = host.gateway().port();
    let mut random = Random::from_environment(1_978);
    let mut got: BTreeMap<(String, Got), u32> = BTreeMap::new();
    for _ in 0..rounds {
        for phase in PHASES {
            let right = phase.answer();
            recorded.record(&Recording::of(vec![right.clone()]));
            // What the breaker would end, a user's own load begins anew.
            let pid = pid_in(&host.load(RECORDED, json!({})).await).unwrap();
            let asked_before = recorded.asked().len();
            let asking: Vec<_> = (0..3)
                .map(|_| {
                    let body = chat(RECORDED, 9, phase != Phase::InMidDocument);
                    tokio::spawn(async move { ask(port, &body).await })
                })
                .collect();
            until(
                "the engine to be asked",
                Duration::from_secs(10),
                async || (recorded.asked().len() >= asked_before + 3).then_some(()),
            )
            .await;
            tokio::time::sleep(Duration::from_millis(random.below(140))).await;
            assert!(processes::send(pid, Signal::KILL));
            for answer in asking {
                let judged = judge(phase, &answer.await.unwrap(), &right);
                *got.entry((format!("{phase:?}"), judged)).or_default() += 1;
            }
        }
    }
    eprintln!("{rounds} kills in each phase, 3 clients each: {got:#?}");
    // Nothing had been said yet: the client need not know.
    for phase in [Phase::BeforeHead, Phase::BeforeFirstByte] {
        let answered = got.get(&(format!("{phase:?}"), Got::Whole));
        assert!(
            answered >= Some(&(rounds * 12 / 5)),
            "{phase:?}: it is asked again"
        );
    }
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_killed_in_any_phase_of_a_request_leaves_a_right_answer_or_a_well_formed_error() {
    child_kills(10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "four hundred kills; for `cargo xtask soak`"]
async fn soak_child_kills() {
    child_kills(soak_rounds(100)).await;
}

/// The same with the real engine, at a moment that chance chooses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_engine_killed_at_any_moment_leaves_a_right_answer_or_a_well_formed_error() {
    real_kills(10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a hundred kills; for `cargo xtask soak`"]
async fn soak_real_kills() {
    real_kills(soak_rounds(100)).await;
}

async fn real_kills(rounds: u32) {
    let home = Home::with_tiny().await;
    let host: Host = home.serve().await;
    let port = host.gateway().port();
    let mut random = Random::from_environment(1_979);
    let mut got: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..rounds {
        let pid = pid_in(&host.load(TINY, json!({})).await).unwrap();
        let asking: Vec<_> = [true, false]
            .into_iter()
            .map(|stream| {
                tokio::spawn(async move { ask(port, &chat(TINY, 200, stream)).await.unwrap() })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(random.below(250))).await;
        processes::send(pid, Signal::KILL);
        for (answer, stream) in asking.into_iter().zip([true, false]) {
            let answer = answer.await.unwrap();
            let text = answer.text();
            let kind = if answer.status != 200 {
                let error: Value = serde_json::from_str(&text).unwrap();
                assert!(error["error"]["code"].is_string(), "{text}");
                "an error"
            } else if stream {
                let events = events(&answer);
                let last = events.last().expect("no silence").clone();
                if last == "[DONE]" {
                    "a whole stream"
                } else {
                    let error: Value = serde_json::from_str(&last).unwrap();
                    assert!(error["error"]["code"].is_string(), "{text}");
                    assert!(!text.contains("[DONE]"), "{text}");
                    "a stream that ends in an error"
                }
            } else if answer.is_whole {
                let document: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(document["usage"]["completion_tokens"], 200);
                "a whole document"
            } else {
                "a document that breaks off"
            };
            *got.entry(kind).or_default() += 1;
        }
    }
    eprintln!("{rounds} kills: {got:?}");
    host.end(Signal::TERM).await;
}
