//! The ways to a model: direct, through Paddock, through nginx, through llama.cpp's router.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use supervisor::{EphemeralPorts, PortSource};
use test_support::home::TINY;
use test_support::host::{engine_key, pid_in};
use test_support::recorded::{End, Piece, Recorded, Recording};
use test_support::{Home, Host, RecordedEngine, environment, models, processes, until};

use crate::client::Target;

/// The stub's model.
pub(crate) const STUB: &str = "local/stub";
/// Tokens of the stub's stream.
pub(crate) const STREAM_TOKENS: u64 = 1_000;
/// The key of engines that are started by hand.
const KEY: &str = "bench";

/// A way, and the processes that it consists of beside the engine.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) target: Target,
    pub(crate) pids: Vec<u32>,
}

/// Ends with its owner.
pub(crate) struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // In their own way first: both have children.
        processes::send(self.0.id(), Signal::TERM);
        for _ in 0..300 {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the stub says: a short document, a stream of a token a millisecond, and a stream that stays open.
fn recording() -> Recording {
    let text = json!({
        "choices": [{"finish_reason": "stop", "index": 0, "message": {"role": "assistant", "content": "Hello there!"}}],
        "created": 1, "id": "chatcmpl-1", "model": STUB, "object": "chat.completion",
        "usage": {"completion_tokens": 3, "prompt_tokens": 9, "total_tokens": 12},
    });
    let token = "data: {\"choices\":[{\"finish_reason\":null,\"index\":0,\"delta\":{\"content\":\" word\"}}],\"created\":1,\
                 \"id\":\"chatcmpl-1\",\"model\":\"local/stub\",\"object\":\"chat.completion.chunk\"}\n\n";
    let stream = Recorded::stream(vec![
        Piece::text(token).after(1).times(STREAM_TOKENS),
        Piece::text("data: [DONE]\n\n"),
    ]);
    let open = Recorded {
        end: End::Hold,
        ..Recorded::stream(vec![Piece::text(token)])
    };
    let on = |path: &str, answer: Recorded| Recorded {
        path: Some(path.to_owned()),
        ..answer
    };
    Recording::of(vec![
        on("/v1/chat/completions", Recorded::json(&text)).for_stream(false),
        on("/v1/chat/completions", stream).for_stream(true),
        on("/v1/completions", open),
    ])
}

/// A home with the stub as an engine of one model and the real engine for the tiny one; this program is the stub.
pub(crate) async fn home() -> Home {
    let home = Home::with_tiny().await;
    let program = std::env::current_exe().unwrap();
    let stub = RecordedEngine::new(
        &home,
        "stub",
        &[&program.to_string_lossy(), "stub"],
        &recording(),
    )
    .keeping_nothing();
    home.edit_settings(|settings| {
        let file = settings["models"][TINY]["path"].clone();
        settings["engines"]["installed"]["stub"] = json!({"path": stub.path()});
        settings["models"][STUB] = json!({"path": file, "engine": "stub"});
        settings["models"][TINY]["params"] = json!({"ctxSize": 2048, "parallel": 4});
        settings["limits"]["maxLoaded"] = json!(2);
    });
    home
}

/// Paddock, and its engine direct.
pub(crate) async fn paddock(host: &Host, key: &str) -> (Way, Way) {
    let status = host.load(key, json!({})).await;
    let engine = pid_in(&status).unwrap();
    let target = |port, secret: &str| Target {
        port,
        model: key.to_owned(),
        key: secret.to_owned(),
    };
    let direct = target(host.engine(key).await.port(), &engine_key(engine));
    (
        Way {
            name: "direct",
            target: direct,
            pids: Vec::new(),
        },
        Way {
            name: "Paddock",
            target: target(host.gateway().port(), "any"),
            pids: vec![host.pid()],
        },
    )
}

/// nginx in front of an engine; `None` where there is none.
pub(crate) async fn nginx(home: &Home, direct: &Way) -> Option<(Started, Way)> {
    let program = nginx_program()?;
    let folder = home.file(&format!("nginx-{}", direct.target.port));
    std::fs::create_dir_all(&folder).unwrap();
    let port = EphemeralPorts.free_port().unwrap();
    let Target {
        port: upstream,
        key,
        ..
    } = &direct.target;
    // As it is set up in front of a model: nothing held back, connections kept.
    let configuration = format!(
        "daemon off; worker_processes 1; pid nginx.pid; error_log stderr error; worker_rlimit_nofile 8192;\n\
         events {{ worker_connections 4096; }}\n\
         http {{ access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;\n\
         scgi_temp_path t5; client_body_buffer_size 1m;\n\
         upstream engine {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000; }}\n\
         server {{ listen 127.0.0.1:{port}; keepalive_requests 1000000; tcp_nodelay on;\n\
         location / {{ proxy_pass http://engine; proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
         proxy_set_header Authorization \"Bearer {key}\"; proxy_buffering off; proxy_read_timeout 600s; }} }} }}\n"
    );
    let file = folder.join("nginx.conf");
    std::fs::File::create(&file)
        .unwrap()
        .write_all(configuration.as_bytes())
        .unwrap();
    let child = Command::new(program)
        .arg("-p")
        .arg(&folder)
        .arg("-c")
        .arg(&file)
        .args(["-e", "stderr"])
        .env(processes::MARKER, home.marker())
        .stdin(Stdio::null())
        .spawn()
        .ok()?;
    let master = child.id();
    let started = Started(child);
    listens(port).await;
    // It listens before it has a worker.
    let workers = until("nginx's worker", Duration::from_secs(10), async || {
        Some(children_of(master)).filter(|workers| !workers.is_empty())
    })
    .await;
    let pids = std::iter::once(master).chain(workers).collect();
    let target = Target {
        port,
        ..direct.target.clone()
    };
    Some((
        started,
        Way {
            name: "nginx",
            target,
            pids,
        },
    ))
}

fn nginx_program() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("PADDOCK_BENCH_NGINX").filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join("nginx"))
        .find(|program| program.is_file())
}

/// llama.cpp's own router with the tiny model, and the engine behind it direct; `None` where the engine has no router.
pub(crate) async fn router(home: &Home) -> Option<(Started, Way, Way)> {
    let folder = home.file("router");
    std::fs::create_dir_all(folder.join("tiny")).unwrap();
    models::tiny(&folder.join("tiny/tiny.gguf"));
    let port = EphemeralPorts.free_port().unwrap();
    let child = Command::new(environment::engine())
        .arg("--models-dir")
        .arg(&folder)
        .args([
            "--host",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--models-max",
            "1",
        ])
        .args(["--ctx-size", "2048", "--parallel", "4"])
        .env("LLAMA_API_KEY", KEY)
        .env(processes::MARKER, home.marker())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let pid = child.id();
    let mut started = Started(child);
    // An engine without a router ends at once.
    tokio::time::sleep(Duration::from_millis(300)).await;
    if !matches!(started.0.try_wait(), Ok(None)) {
        return None;
    }
    listens(port).await;
    let target = Target {
        port,
        model: "tiny".to_owned(),
        key: KEY.to_owned(),
    };
    let api = test_support::Api::new(&format!("http://127.0.0.1:{port}")).with_key(KEY);
    let body =
        json!({"model": "tiny", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]});
    assert_eq!(
        api.post("/v1/chat/completions", &body).await.status,
        200,
        "the router loads the model"
    );
    let behind = children_of(pid).into_iter().find_map(|child| {
        let argv = processes::Process::of(child)?.argv;
        let at = argv.iter().position(|word| word == "--port")?;
        argv.get(at + 1)?.parse().ok()
    })?;
    let direct = Way {
        name: "direct",
        target: Target {
            port: behind,
            ..target.clone()
        },
        pids: Vec::new(),
    };
    Some((
        started,
        direct,
        Way {
            name: "llama.cpp's router",
            target,
            pids: vec![pid],
        },
    ))
}

/// By their parent, not by the marker: nginx writes over its environment.
fn children_of(parent: u32) -> Vec<u32> {
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(processes::Process::of)
        .filter(|process| process.parent == parent)
        .map(|process| process.pid)
        .collect()
}

async fn listens(port: u16) {
    until("the proxy to listen", Duration::from_secs(10), async || {
        tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .ok()
    })
    .await;
}

/// The stub, where this program was started as one.
pub(crate) async fn stub(arguments: &[String]) {
    test_support::recorded::engine::main(arguments).await;
}

/// User and system time of a process.
pub(crate) fn processor_time(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"))
        .unwrap_or_default();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .and_then(|field| field.parse::<u64>().ok())
            .unwrap_or(0)
    };
    // A hundredth of a second each, on every Linux that there is.
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}
