//! The tables.

use std::fmt::Write as _;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use test_support::home::TINY;
use test_support::measure::{Samples, machine};
use test_support::{Home, Host, processes};

use crate::client::{Client, load};
use crate::ways::{self, STREAM_TOKENS, STUB, Way, processor_time};

const CHAT: &str = "/v1/chat/completions";
/// Cheap for the engine: no slot is taken.
const COUNT: &str = "/v1/messages/count_tokens";
const BODY: &str = r#"{"model":"MODEL","max_tokens":1,"temperature":0,"messages":[{"role":"user","content":"Hi"}]}"#;
const STREAM_BODY: &str = r#"{"model":"MODEL","max_tokens":1000,"temperature":0,"stream":true,"ignore_eos":true,"messages":[{"role":"user","content":"Go on."}]}"#;
const OPEN_BODY: &str = r#"{"model":"MODEL","max_tokens":9,"stream":true,"prompt":"Hi"}"#;

/// How much is measured.
#[derive(Clone, Copy)]
struct Amount {
    rounds: usize,
    alone: usize,
    each_of_many: usize,
    streams: usize,
    open: usize,
}

const MUCH: Amount = Amount {
    rounds: 8,
    alone: 500,
    each_of_many: 40,
    streams: 32,
    open: 1_000,
};
const LITTLE: Amount = Amount {
    rounds: 3,
    alone: 100,
    each_of_many: 5,
    streams: 8,
    open: 200,
};
const MANY: usize = 64;

pub(crate) fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    if let Some(("stub", rest)) = arguments
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    {
        runtime.block_on(ways::stub(rest));
        return;
    }
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let report = runtime.block_on(report(if has("--quick") { LITTLE } else { MUCH }));
    println!("{report}");
    if has("--save") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/results/gateway.md");
        std::fs::create_dir_all(std::path::Path::new(path).parent().unwrap()).unwrap();
        std::fs::write(path, report).unwrap();
    }
}

async fn report(amount: Amount) -> String {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    );
    let home = ways::home().await;
    let host = home.serve().await;
    let load_average = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let mut text = format!(
        "# The endpoint: Paddock beside nginx and llama.cpp's router\n\n{}, load average {} at the start, {build} build. \
         One run, the ways in turns, {} rounds. The clients, the proxies and the upstream share the cores.\n\n",
        machine(),
        load_average.split(' ').next().unwrap_or("unknown"),
        amount.rounds,
    );
    text += &stub(&home, &host, amount).await;
    text += &engine(&home, &host, amount).await;
    host.end(Signal::TERM).await;
    text
}

/// An upstream that answers at once.
async fn stub(home: &Home, host: &Host, amount: Amount) -> String {
    let (direct, paddock) = ways::paddock(host, STUB).await;
    let nginx = ways::nginx(home, &direct).await;
    let mut ways = vec![direct, paddock];
    let mut text = "## A stub that answers at once\n\n".to_owned();
    let _nginx = nginx.map(|(started, way)| {
        ways.push(way);
        started
    });
    if ways.len() == 2 {
        text += "nginx is not here: install nginx-light, or set PADDOCK_BENCH_NGINX.\n\n";
    }
    text += "A chat of 330 bytes.\n\n";
    text += &latencies(&ways, CHAT, amount).await;
    writeln!(
        text,
        "\n| streams of {STREAM_TOKENS} tokens, one a millisecond, {} at once | processor time per 1,000 tokens | memory before | with {} streams open |\n|---|---:|---:|---:|",
        amount.streams, amount.open
    )
    .unwrap();
    for way in &ways[1..] {
        let before = way.resident();
        let cost = streams(way, amount.streams, STREAM_TOKENS).await;
        let open = held_open(way, amount.open).await;
        writeln!(
            text,
            "| {} | {} | {} | {} |",
            way.name,
            micros(cost),
            mebibytes(before),
            mebibytes(open)
        )
        .unwrap();
    }
    text.push('\n');
    text
}

/// The real engine, and its own router.
async fn engine(home: &Home, host: &Host, amount: Amount) -> String {
    let (behind, paddock) = ways::paddock(host, TINY).await;
    let nginx = ways::nginx(home, &behind).await;
    let router = ways::router(home).await;
    let mut text = "## The real engine with a tiny model\n\n".to_owned();
    let mut ways = vec![behind, paddock];
    let mut running = Vec::new();
    if let Some((started, way)) = nginx {
        running.push(started);
        ways.push(way);
    }
    match router {
        Some((started, _, way)) => {
            running.push(started);
            ways.push(way);
        }
        None => text += "This engine has no router.\n\n",
    }
    text += "Counting the tokens of a message, which takes no slot.\n\n";
    text += &latencies(&ways, COUNT, amount).await;
    text += "\nA chat of one token.\n\n";
    text += &latencies(&ways, CHAT, amount).await;
    text +=
        "\n| 4 streams of 1,000 tokens at once | processor time per 1,000 tokens |\n|---|---:|\n";
    for way in &ways[1..] {
        let cost = streams(way, 4, 1_000).await;
        writeln!(text, "| {} | {} |", way.name, micros(cost)).unwrap();
    }
    text
}

/// What each way takes and adds, for one client and for many. The first way is what the others are compared with.
async fn latencies(ways: &[Way], path: &str, amount: Amount) -> String {
    let mut text = format!(
        "| | p50, 1 client | added | p99 | added | p50, {MANY} clients | added | p99 | added | requests/s |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
    );
    let mut alone: Vec<Vec<Duration>> = ways.iter().map(|_| Vec::new()).collect();
    let mut many = alone.clone();
    let mut took = vec![Duration::ZERO; ways.len()];
    for round in 0..amount.rounds {
        for turn in 0..ways.len() {
            // Another one begins each round.
            let index = (turn + round) % ways.len();
            let target = &ways[index].target;
            let request = target.request(path, BODY);
            alone[index].extend(load(target.port, &request, 1, amount.alone).await.0);
            let (times, wall) = load(target.port, &request, MANY, amount.each_of_many).await;
            many[index].extend(times);
            took[index] += wall;
        }
    }
    let rates: Vec<f64> = many
        .iter()
        .zip(&took)
        .map(|(times, wall)| times.len() as f64 / wall.as_secs_f64())
        .collect();
    let all = |times: Vec<Vec<Duration>>| -> Vec<Samples> {
        times
            .into_iter()
            .map(|times| times.into_iter().collect())
            .collect()
    };
    let (alone, many) = (all(alone), all(many));
    for (index, way) in ways.iter().enumerate() {
        write!(text, "| {} |", way.name).unwrap();
        for samples in [&alone, &many] {
            for share in [0.5, 0.99] {
                let time = samples[index].quantile(share);
                let direct = samples[0].quantile(share);
                let added = (time.as_secs_f64() - direct.as_secs_f64()) * 1e6;
                let added = if index == 0 {
                    String::new()
                } else {
                    format!("{added:+.0} µs")
                };
                write!(text, " {} | {added} |", micros(time)).unwrap();
            }
        }
        writeln!(text, " {:.0} |", rates[index]).unwrap();
    }
    text
}

/// Processor time of the way's own processes for a thousand streamed tokens.
async fn streams(way: &Way, count: usize, tokens: u64) -> Duration {
    let request = way.target.request(CHAT, STREAM_BODY);
    let before = way.processor_time();
    let asking: Vec<_> = (0..count)
        .map(|_| {
            let (request, port) = (request.clone(), way.target.port);
            tokio::spawn(async move { Client::connect(port).await.ask(&request).await })
        })
        .collect();
    for stream in asking {
        stream.await.unwrap();
    }
    let cost = way.processor_time().saturating_sub(before);
    let thousands = (count as u64 * tokens) as f64 / 1_000.0;
    cost.div_f64(thousands)
}

/// Memory with this many streams open.
async fn held_open(way: &Way, count: usize) -> u64 {
    let request = way.target.request("/v1/completions", OPEN_BODY);
    let mut open = Vec::new();
    for _ in 0..count {
        let mut client = Client::connect(way.target.port).await;
        client.open(&request).await;
        open.push(client);
    }
    way.resident()
}

impl Way {
    fn processor_time(&self) -> Duration {
        self.pids.iter().map(|pid| processor_time(*pid)).sum()
    }

    fn resident(&self) -> u64 {
        self.pids
            .iter()
            .map(|pid| processes::resident_bytes(*pid))
            .sum()
    }
}

fn micros(time: Duration) -> String {
    format!("{:.0} µs", time.as_secs_f64() * 1e6)
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
