//! A web server that misbehaves as told, and counts what it sent.
#![allow(dead_code)]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use download::{Downloader, FileSpec, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What to do with one request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Serve,
    /// Answer after this long.
    Late(Duration),
    /// A status, further headers, and no body.
    Status(u16, Vec<(&'static str, String)>),
    /// Close after so many bytes of the body.
    Truncate(u64),
    /// Say nothing more after so many bytes of the body.
    Stall(u64),
    /// Close before an answer.
    Hang,
    /// Ignore the range.
    Whole,
    /// Ignore the range, and say no length.
    WholeWithoutLength,
    /// Another part than was asked for.
    WrongPart,
    /// The right part with this byte of the file changed.
    Corrupt(u64),
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) range: Option<Range<u64>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Content {
    pub(crate) bytes: Arc<Vec<u8>>,
    pub(crate) etag: String,
}

type Behaviour = Box<dyn Fn(&Request, usize) -> Act + Send + Sync>;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) state: Arc<State>,
    task: tokio::task::JoinHandle<()>,
}

pub(crate) struct State {
    pub(crate) content: Mutex<Content>,
    pub(crate) behaviour: Mutex<Behaviour>,
    pub(crate) requests: Mutex<Vec<Request>>,
    pub(crate) sent: AtomicU64,
    pub(crate) open: AtomicUsize,
    pub(crate) most_open: AtomicUsize,
    /// Bytes a second and connection.
    pub(crate) speed: AtomicU64,
}

impl Server {
    pub(crate) async fn start(bytes: Vec<u8>) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), bytes).await
    }

    pub(crate) async fn start_at(address: SocketAddr, bytes: Vec<u8>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            content: Mutex::new(Content {
                bytes: Arc::new(bytes),
                etag: "\"one\"".into(),
            }),
            behaviour: Mutex::new(Box::new(|_, _| Act::Serve)),
            requests: Mutex::default(),
            sent: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
            speed: AtomicU64::new(0),
        });
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let state = Arc::clone(&shared);
                connections.spawn(async move {
                    let _ = converse(stream, &state).await;
                });
            }
        });
        Self {
            address,
            state,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/file.bin", self.address)
    }

    pub(crate) fn behave(
        &self,
        behaviour: impl Fn(&Request, usize) -> Act + Send + Sync + 'static,
    ) {
        *self.state.behaviour.lock().unwrap() = Box::new(behaviour);
    }

    pub(crate) fn replace(&self, bytes: Vec<u8>, etag: &str) {
        *self.state.content.lock().unwrap() = Content {
            bytes: Arc::new(bytes),
            etag: etag.into(),
        };
    }

    pub(crate) fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }

    /// The cable is out: no connection lives, and none can be made.
    pub(crate) async fn stop(self) -> SocketAddr {
        self.task.abort();
        let _ = self.task.await;
        self.address
    }
}

async fn converse(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0; 1];
            if stream.read(&mut byte).await? == 0 {
                return Ok(());
            }
            head.push(byte[0]);
        }
        let request = parse(&String::from_utf8_lossy(&head));
        let number = {
            let mut requests = state.requests.lock().unwrap();
            requests.push(request.clone());
            requests.len() - 1
        };
        let act = (state.behaviour.lock().unwrap())(&request, number);
        let open = state.open.fetch_add(1, Ordering::SeqCst) + 1;
        state.most_open.fetch_max(open, Ordering::SeqCst);
        let done = answer(&mut stream, state, &request, act).await;
        state.open.fetch_sub(1, Ordering::SeqCst);
        if !done? {
            return Ok(());
        }
    }
}

fn parse(head: &str) -> Request {
    let mut lines = head.lines();
    let path = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let range = headers.get("range").and_then(|range| {
        let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        let first = first.parse().ok()?;
        Some(first..last.parse::<u64>().map_or(u64::MAX, |last| last + 1))
    });
    Request {
        path: path.unwrap_or_default().to_owned(),
        headers,
        range,
    }
}

/// Whether the connection can serve another request.
async fn answer(
    stream: &mut TcpStream,
    state: &State,
    request: &Request,
    act: Act,
) -> std::io::Result<bool> {
    let content = state.content.lock().unwrap().clone();
    let size = content.bytes.len() as u64;
    let mut status = 206;
    let mut headers = vec![("ETag", content.etag.clone())];
    let mut range = request.range.clone().unwrap_or(0..size);
    range.end = range.end.min(size);
    let mut limit = u64::MAX;
    let mut corrupt = None;
    let mut length = true;
    match &act {
        Act::Serve => {}
        Act::Late(wait) => tokio::time::sleep(*wait).await,
        Act::Status(code, more) => {
            let mut head = format!("HTTP/1.1 {code} X\r\nContent-Length: 0\r\n");
            for (name, value) in more {
                head += &format!("{name}: {value}\r\n");
            }
            stream.write_all((head + "\r\n").as_bytes()).await?;
            return Ok(true);
        }
        Act::Truncate(after) | Act::Stall(after) => limit = *after,
        Act::Hang => return Ok(false),
        Act::Whole | Act::WholeWithoutLength => {
            status = 200;
            range = 0..size;
            length = matches!(act, Act::Whole);
        }
        Act::WrongPart => {
            let width = range.end - range.start;
            range.start = (range.start + 1) % size;
            range.end = (range.start + width).min(size);
        }
        Act::Corrupt(at) => corrupt = Some(*at),
    }
    if range.start >= range.end && status == 206 {
        let head =
            format!("HTTP/1.1 416 X\r\nContent-Range: bytes */{size}\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        return Ok(true);
    }
    if status == 206 {
        headers.push((
            "Content-Range",
            format!("bytes {}-{}/{size}", range.start, range.end - 1),
        ));
    }
    let mut head = format!("HTTP/1.1 {status} X\r\n");
    if length {
        headers.push(("Content-Length", (range.end - range.start).to_string()));
    } else {
        headers.push(("Connection", "close".into()));
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all((head + "\r\n").as_bytes()).await?;

    let mut position = range.start;
    while position < range.end {
        let speed = state.speed.load(Ordering::Relaxed);
        let step = if speed > 0 {
            (speed / 50).max(1)
        } else {
            64 << 10
        };
        let left = limit.saturating_sub(position - range.start);
        let end = (position + step.min(left)).min(range.end);
        if end == position {
            if matches!(act, Act::Stall(_)) {
                // Until the other side has enough.
                let mut byte = [0; 1];
                let _ = stream.read(&mut byte).await;
            }
            return Ok(false);
        }
        let at = |offset| usize::try_from(offset).unwrap();
        let part = &content.bytes[at(position)..at(end)];
        match corrupt {
            Some(bad) if (position..end).contains(&bad) => {
                let mut part = part.to_vec();
                part[at(bad - position)] ^= 0x55;
                stream.write_all(&part).await?;
            }
            _ => stream.write_all(part).await?,
        }
        state.sent.fetch_add(end - position, Ordering::SeqCst);
        position = end;
        if speed > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(length)
}

/// Bytes that look like nothing in particular.
pub(crate) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(crate) fn client() -> reqwest::Client {
    http_client::loopback()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

/// Impatient, so that tests are quick.
pub(crate) fn options() -> Options {
    Options {
        stall_timeout: Duration::from_millis(400),
        longest_back_off: Duration::from_millis(300),
        disk_full_poll: Duration::from_millis(100),
        fruitless_tries: 12,
        keep_awake: false,
        ..Options::default()
    }
}

pub(crate) fn downloader(folder: &Path) -> Downloader {
    Downloader::new(client(), folder.join("downloads"), options())
}

pub(crate) fn spec(server: &Server, folder: &Path) -> FileSpec {
    FileSpec {
        url: server.url(),
        target: folder.join("models/file.bin"),
        ..FileSpec::default()
    }
}

/// Names in a folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .map(|entries| {
            entries
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}
