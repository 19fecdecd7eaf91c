//! What strangers try on the endpoint, on the wire: names and paths that are not theirs, floods, bodies without end,
//! connections without end, and the network. And that nothing tells a key.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use serde_json::{Value, json};
use test_support::home::TINY;
use test_support::host::engine_key;
use test_support::recorded::{Recorded, Recording};
use test_support::wire::{self, WireAnswer};
use test_support::{Api, Home, Host, RecordedEngine, processes, until};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const RECORDED: &str = "local/recorded";

/// Sends a request without a body, as it is written here, and returns what came.
async fn say(port: u16, request: &str) -> std::io::Result<WireAnswer> {
    wire::exchange(port, request.replace('\n', "\r\n").as_bytes()).await
}

/// A host whose model says `LEAK` to whatever it is asked.
async fn leaking_host() -> (Home, RecordedEngine, Host) {
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_recorded-engine");
    let leak = Recording::of(vec![Recorded::json(&json!("LEAK"))]);
    let recorded = RecordedEngine::new(&home, "recorded", &[program], &leak);
    home.add_engine(recorded.path()).await;
    let file = home.file("recorded.gguf");
    test_support::models::tiny(&file);
    assert_eq!(home.import(&file).await, RECORDED);
    let host = home.serve().await;
    host.load(RECORDED, json!({})).await;
    (home, recorded, host)
}

/// What any user of the endpoint gets.
async fn assert_served(port: u16) {
    let body = json!({"model": RECORDED, "messages": []}).to_string();
    let answer = wire::exchange(port, &wire::post("/v1/chat/completions", &[], &body)).await;
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (200, "\"LEAK\""),
        "{}",
        answer.head
    );
}

/// A page asks before it sends what a form could not: nothing in the answer lets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_pages_question_is_answered_with_no() {
    let (_home, recorded, host) = leaking_host().await;
    let port = host.gateway().port();
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "chrome-extension://abcdef",
    ] {
        for path in [
            "/v1/chat/completions",
            "/v1/models",
            "/api/v1/status",
            "/metrics",
        ] {
            let asked = format!(
                "OPTIONS {path} HTTP/1.1\nHost: localhost:{port}\nOrigin: {origin}\nAccess-Control-Request-Method: POST\n\
                 Access-Control-Request-Headers: content-type, authorization\nAccess-Control-Request-Private-Network: true\n\n"
            );
            let answer = say(port, &asked).await.unwrap();
            assert_eq!(answer.status, 403, "{origin} {path}");
            let head = answer.head.to_ascii_lowercase();
            assert!(
                !head.contains("access-control-allow"),
                "{origin} {path}: {head}"
            );
            // What forms can send without asking is refused itself, and reaches no model.
            let simple = wire::post(path, &[("Origin", origin)], "{}");
            let answer = wire::exchange(port, &simple).await.unwrap();
            assert_eq!(answer.status, 403, "{origin} {path}: {}", answer.text());
        }
    }
    assert!(recorded.asked().is_empty());
    assert_served(port).await;
    host.end(Signal::TERM).await;
}

/// Names that a page makes resolve to this machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_for_another_host_reaches_nothing() {
    let (_home, recorded, host) = leaking_host().await;
    let port = host.gateway().port();
    for request in [
        format!("GET /v1/models HTTP/1.1\nHost: evil.example:{port}\n\n"),
        "GET /v1/models HTTP/1.1\nHost: localhost.evil.example\n\n".to_owned(),
        "GET /v1/models HTTP/1.1\nHost: localhost@evil.example\n\n".to_owned(),
        "GET /v1/models HTTP/1.1\nHost: evil.example#localhost\n\n".to_owned(),
        "GET /v1/models HTTP/1.1\nHost: 169.254.169.254\n\n".to_owned(),
        "GET /v1/models HTTP/1.1\nHost: \n\n".to_owned(),
        "GET /v1/models HTTP/1.1\n\n".to_owned(),
        "GET http://evil.example/v1/models HTTP/1.1\n\n".to_owned(),
    ] {
        let answer = say(port, &request).await.unwrap();
        assert!(
            matches!(answer.status, 400 | 403),
            "{request:?}: {} {}",
            answer.status,
            answer.text()
        );
        assert!(!answer.text().contains(RECORDED), "{request:?}");
    }
    assert!(recorded.asked().is_empty());
    host.end(Signal::TERM).await;
}

/// The engine has more paths than the endpoint, and the management API wants more than being here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tricks_with_paths_lead_nowhere() {
    let (_home, recorded, host) = leaking_host().await;
    let port = host.gateway().port();
    let engine_port = host.engine(RECORDED).await.port();
    for path in [
        "/slots",
        "/props",
        "//slots",
        "/v1/../slots",
        "/v1/./../slots",
        "/v1/%2e%2e/slots",
        "/v1/.%2E/slots",
        "/v1/..%2fslots",
        "/v1/..%5cslots",
        "/v1/%252e%252e/slots",
        "/v1/chat/completions/../../../slots",
        "/v1/models/../../slots",
        "/v1/models/..%2f..%2fslots",
        "/v1\\..\\slots",
        "/v1/x;/../../slots",
        "/v1//../slots",
        "/V1/chat/completions",
        "/v1/chat%2fcompletions",
        "/v1/%00",
        "/api/v1/../../slots",
        "*",
    ] {
        for method in ["GET", "POST"] {
            let request =
                format!("{method} {path} HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n");
            let answer = say(port, &request).await.unwrap();
            assert!(
                matches!(answer.status, 400 | 404 | 405),
                "{method} {path}: {} {}",
                answer.status,
                answer.text()
            );
            assert!(!answer.text().contains("LEAK"), "{method} {path}");
        }
    }
    for request in [
        // The endpoint is no proxy for others.
        format!("GET http://127.0.0.1:{engine_port}/slots HTTP/1.1\nHost: localhost\n\n"),
        format!("CONNECT 127.0.0.1:{engine_port} HTTP/1.1\nHost: localhost\n\n"),
        "TRACE /v1/models HTTP/1.1\nHost: localhost\n\n".to_owned(),
        // A second request in disguise.
        "POST /v1/models HTTP/1.1\nHost: localhost\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n".to_owned(),
    ] {
        let answer = say(port, &request).await.unwrap();
        assert!((400..500).contains(&answer.status), "{request:?}: {} {}", answer.status, answer.text());
        assert!(!answer.text().contains("LEAK"), "{request:?}");
    }
    for (path, method) in [
        ("/api/v1/status", "GET"),
        ("/api/v1/models/load", "POST"),
        ("/api/v1/keys", "POST"),
    ] {
        let request = format!(
            "{method} {path} HTTP/1.1\nHost: localhost\nAuthorization: Bearer guess\nContent-Length: 0\n\n"
        );
        let answer = say(port, &request).await.unwrap();
        assert!(
            matches!(answer.status, 401 | 403),
            "{path}: {} {}",
            answer.status,
            answer.text()
        );
    }
    assert!(recorded.asked().is_empty(), "{:?}", recorded.asked());
    assert_served(port).await;
    host.end(Signal::TERM).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_headers_are_refused_and_others_are_served() {
    let (_home, recorded, host) = leaking_host().await;
    let port = host.gateway().port();
    let before = processes::resident_bytes(host.pid());
    for flood in [
        "X-Header: 1\n".repeat(10_000),
        format!("X-Header: {}\n", "x".repeat(8 << 20)),
        format!("Cookie: {}\n", "a=b; ".repeat(500_000)),
    ] {
        let request = format!("GET /v1/models HTTP/1.1\nHost: localhost\n{flood}\n");
        // Refused in words, or by the end of the connection while it still sends.
        if let Ok(answer) = say(port, &request).await {
            assert!(matches!(answer.status, 400 | 431), "{}", answer.head);
        }
        assert_served(port).await;
    }
    // A path is no better.
    if let Ok(answer) = say(
        port,
        &format!(
            "GET /v1/{} HTTP/1.1\nHost: localhost\n\n",
            "x".repeat(4 << 20)
        ),
    )
    .await
    {
        assert!(
            matches!(answer.status, 400 | 404 | 414 | 431),
            "{}",
            answer.head
        );
    }
    // Heads that never end, from many.
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream
            .write_all(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-")
            .await
            .unwrap();
        slow.push(stream);
    }
    assert_served(port).await;
    let grown = processes::resident_bytes(host.pid()).saturating_sub(before);
    assert!(grown < 64 << 20, "{} MiB more", grown >> 20);
    assert!(
        recorded
            .asked()
            .iter()
            .all(|asked| !asked.head.contains("X-Header"))
    );
    drop(slow);
    host.end(Signal::TERM).await;
}

/// Writes until the other side has had enough, and returns how much it took.
async fn pour(stream: &mut TcpStream, piece: &[u8], most_bytes: u64) -> u64 {
    let mut sent = 0;
    while sent < most_bytes {
        let write = tokio::time::timeout(Duration::from_secs(10), stream.write_all(piece)).await;
        if !matches!(write, Ok(Ok(()))) {
            break;
        }
        sent += piece.len() as u64;
    }
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_a_gigabyte_is_refused_before_it_is_sent() {
    let (_home, recorded, host) = leaking_host().await;
    let port = host.gateway().port();
    let before = processes::resident_bytes(host.pid());
    // Told beforehand: the answer is there while nothing of the body is.
    for expect in ["", "Expect: 100-continue\r\n"] {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n{expect}Content-Length: 1073741824\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let begin = Instant::now();
        let answer = wire::read_answer(&mut stream).await.unwrap();
        assert_eq!(answer.status, 413, "{expect:?}: {}", answer.head);
        let error: Value = serde_json::from_slice(&answer.body()).unwrap();
        assert!(error["error"]["code"].is_string(), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
    // Not told: it is cut off at some point, long before the end.
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
    let sent = pour(&mut stream, &piece, 1 << 30).await;
    assert!(sent < 512 << 20, "it took {} MiB", sent >> 20);
    if let Ok(answer) = wire::read_answer(&mut stream).await {
        assert_eq!(answer.status, 413, "{}", answer.head);
    }
    drop(stream);
    assert_served(port).await;
    assert!(
        recorded
            .asked()
            .iter()
            .all(|asked| asked.body.len() < 1_000)
    );
    until(
        "the memory to be given back",
        Duration::from_secs(20),
        async || {
            let grown = processes::resident_bytes(host.pid()).saturating_sub(before);
            (grown < 64 << 20).then_some(())
        },
    )
    .await;
    host.end(Signal::TERM).await;
}

/// As many as this process may open, 10,000 at most.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_keep_nobody_out() {
    let limit = getrlimit(Resource::Nofile);
    let may = limit.maximum.unwrap_or(u64::MAX);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    let count = may.saturating_sub(1_000).min(10_000);
    let (_home, _recorded, host) = leaking_host().await;
    let port = host.gateway().port();
    let mut idle = Vec::new();
    for index in 0..count {
        let connect = TcpStream::connect(("127.0.0.1", port));
        let stream = tokio::time::timeout(Duration::from_secs(10), connect).await;
        idle.push(stream.expect("a connection is taken").unwrap());
        if index % 1_000 == 999 {
            let begin = Instant::now();
            assert_served(port).await;
            assert!(
                begin.elapsed() < Duration::from_secs(5),
                "{index}: {:?}",
                begin.elapsed()
            );
        }
    }
    let begin = Instant::now();
    assert_served(port).await;
    eprintln!(
        "{count} idle connections; a new client was answered in {:?}, the host takes {} MiB",
        begin.elapsed(),
        processes::resident_bytes(host.pid()) >> 20
    );
    assert!(processes::resident_bytes(host.pid()) < 256 << 20);
    // The management of the host goes on, too.
    assert_eq!(host.status().await["models"][0]["state"], "ready");
    drop(idle);
    host.end(Signal::TERM).await;
}

/// All text under a folder.
fn written(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            written(&entry.path(), into);
        } else if let Ok(content) = std::fs::read(entry.path()) {
            into.push_str(&String::from_utf8_lossy(&content));
        }
    }
}

/// Any user of the machine reads command lines, and logs are sent around.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_in_no_command_line_log_or_error() {
    let home = Home::with_tiny()
        .await
        .with_variable("PADDOCK_LOG", "debug");
    let host = home.serve().await;
    let added = host
        .control()
        .post("/api/v1/keys", &json!({"name": "editor"}))
        .await;
    let key = added.json()["key"].as_str().unwrap().to_owned();
    let wrong = format!("pk-{}", "w".repeat(43));
    let mut said = String::new();
    let with = |key: &str| Api::new(host.gateway().base()).with_key(key);
    for _ in 0..2 {
        let mut ask = chat();
        assert_eq!(
            with(&key).post("/v1/chat/completions", &ask).await.status,
            200
        );
        let refused = with(&wrong).post("/v1/chat/completions", &ask).await;
        assert_eq!(refused.status, 401);
        said += &refused.text;
        // The engine's own refusal, an unknown model, and what a key for use may not do.
        ask["messages"] = json!("none");
        said += &with(&key).post("/v1/chat/completions", &ask).await.text;
        ask["model"] = json!("no/such");
        said += &with(&key).post("/v1/chat/completions", &ask).await.text;
        let managing = with(&key).get("/api/v1/status").await;
        assert_eq!(managing.status, 403, "{}", managing.text);
        said += &managing.text;
        let in_path = with(&key).get(&format!("/v1/models?key={key}")).await;
        said += &in_path.text;
    }
    let engine = host.model(TINY).await.unwrap()["pid"].as_u64().unwrap();
    let engines_key = engine_key(u32::try_from(engine).unwrap());
    let host_file = std::fs::read_to_string(home.data().join("run/host.json")).unwrap();
    let token: Value = serde_json::from_str(&host_file).unwrap();
    let token = token["token"].as_str().unwrap().to_owned();
    for process in processes::marked(home.marker()) {
        said += &process.argv.join(" ");
    }
    said += &host.status().await.to_string();
    // The one place for the token, which only its user can read.
    written(&home.data(), &mut said);
    said = said.replace(&host_file, "");
    let ended = host.end(Signal::TERM).await;
    said += &ended.stderr;
    for (name, secret) in [
        ("the API key", &key),
        ("the engine's key", &engines_key),
        ("the control token", &token),
        ("a wrong key", &wrong),
    ] {
        assert!(secret.len() > 20);
        assert!(!said.contains(secret.as_str()), "{name} is told: {said}");
    }
}

fn chat() -> Value {
    json!({"model": TINY, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1})
}

/// An address that is not loopback, in a network namespace of the test's own.
const ELSEWHERE: &str = "10.211.0.1";

/// What a program in the namespace asks; it prints the statuses.
const ASKS: &str = r#"
import json, sys, urllib.request, urllib.error
base, keys = sys.argv[1], [None] + sys.argv[2:]
def ask(path, key, data=None):
    headers = {"Authorization": "Bearer " + key} if key else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(base + path, data, headers), timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return type(error.reason if hasattr(error, "reason") else error).__name__
print(json.dumps([[ask(path, key) for path in ("/v1/models", "/api/v1/status", "/metrics")] for key in keys]))
"#;

/// `paddock serve` in a network of its own, in which [`ELSEWHERE`] is an address.
fn serve_elsewhere(home: &Home, arguments: &[&str]) -> tokio::process::Child {
    let inner = home.command(arguments);
    let inner = inner.as_std();
    let mut command = tokio::process::Command::new("unshare");
    command
        .args(["--map-root-user", "--net", "sh", "-c"])
        .arg(format!(
            "ip link set lo up && ip addr add {ELSEWHERE}/32 dev lo && exec \"$@\""
        ))
        .arg("sh")
        .arg(inner.get_program())
        .args(inner.get_args())
        .current_dir(inner.get_current_dir().unwrap())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.spawn().unwrap()
}

async fn asked_elsewhere(pid: u32, base: &str, keys: &[&str]) -> Value {
    let output = tokio::process::Command::new("nsenter")
        .args([
            "--user",
            "--net",
            "--preserve-credentials",
            "--target",
            &pid.to_string(),
        ])
        .args(["python3", "-c", ASKS, base])
        .args(keys)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"))
}

/// LM Studio serves the whole network without a key once it is told to serve it; here that takes one, also where the
/// setting is edited by hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_network_gets_nothing_without_a_key() {
    let home = Home::with_tiny().await;
    let address = format!("{ELSEWHERE}:8421");
    // Also where the setting is made by hand.
    home.edit_settings(|settings| settings["gateway"]["host"] = json!(ELSEWHERE));
    let refused = serve_elsewhere(&home, &["serve", "--json"]).wait_with_output();
    let refused = tokio::time::timeout(Duration::from_secs(20), refused)
        .await
        .expect("it ends")
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(said["error"]["code"], "needs_key", "{said}");

    // With a key it is: for those who have it, and no further than its rights go.
    let add = async |name: &str, more: &[&str]| {
        let arguments = [&["key", "add", name, "--json"], more].concat();
        let added = home.paddock(&arguments).await.succeeded().json();
        added["key"].as_str().unwrap().to_owned()
    };
    let (user, manager) = (add("editor", &[]).await, add("boss", &["--manage"]).await);
    let mut host = serve_elsewhere(&home, &["serve", "--json"]);
    let pid = host.id().unwrap();
    let running = || async {
        let text = std::fs::read(home.data().join("run/host.json")).ok()?;
        let info: Value = serde_json::from_slice(&text).ok()?;
        (info["pid"] == pid).then_some(info)
    };
    until("the host to appear", Duration::from_secs(15), async || {
        running().await
    })
    .await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let wrong = format!("pk-{}", "x".repeat(43));
    let got = asked_elsewhere(
        pid,
        &format!("http://{address}"),
        &[&wrong, &user, &manager],
    )
    .await;
    let [none, wrong, user, manager]: [Vec<u16>; 4] = serde_json::from_value(got.clone()).unwrap();
    assert_eq!(none, [401, 401, 401], "{got}");
    assert_eq!(wrong, [401, 401, 401], "{got}");
    assert_eq!((user[0], user[1]), (200, 403), "{got}");
    assert_eq!(
        (manager[0], manager[1], manager[2]),
        (200, 200, 200),
        "{got}"
    );
    processes::send(pid, Signal::TERM);
    host.wait().await.unwrap();
}
