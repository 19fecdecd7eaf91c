//! The program: `recorded-engine`, with `llama-server`'s flags.
//!
//! HTTP by hand, because what is sent when, in which chunk, and how it breaks off is the point of it.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Asked, End, Framing, Recorded, Recording};

/// The variable that names the engine's folder.
pub const FOLDER: &str = "RECORDED_ENGINE_FOLDER";
/// The recording in that folder.
pub const RECORDING: &str = "recording.json";
/// What was asked, a JSON document a line; where the file is missing nothing is kept.
pub const ASKED: &str = "asked.jsonl";
/// When clients went away before their answer was whole: microseconds since 1970, one a line.
pub const LEFT: &str = "left.txt";

/// As `llama-server --help` looks, with what Paddock may give a small model.
const HELP: &str = "\
----- common params -----

-h,    --help, --usage                  print usage and exit
--version                               show version and build info
-t,    --threads N                      number of CPU threads to use during generation (default: -1)
                                        (env: LLAMA_ARG_THREADS)
-c,    --ctx-size N                     size of the prompt context (default: 0, 0 = loaded from model)
                                        (env: LLAMA_ARG_CTX_SIZE)
-ngl,  --gpu-layers, --n-gpu-layers N   max. number of layers to store in VRAM (default: -1)
                                        (env: LLAMA_ARG_N_GPU_LAYERS)
-m,    --model FNAME                    model path to load
                                        (env: LLAMA_ARG_MODEL)
-lv,   --verbosity, --log-verbosity N   Set the verbosity threshold. (default: 3)
                                        (env: LLAMA_LOG_VERBOSITY)
--list-devices                          print list of available devices and exit

----- example-specific params -----

-np,   --parallel N                     number of server slots (default: -1, -1 = auto)
                                        (env: LLAMA_ARG_N_PARALLEL)
-a,    --alias STRING                   set alias for model name (to be used by REST API)
                                        (env: LLAMA_ARG_ALIAS)
--host HOST                             ip address to listen (default: 127.0.0.1)
                                        (env: LLAMA_ARG_HOST)
--port PORT                             port to listen (default: 8080)
                                        (env: LLAMA_ARG_PORT)
--embedding, --embeddings               restrict to only support embedding use case (default: disabled)
                                        (env: LLAMA_ARG_EMBEDDINGS)
--api-key KEY                           API key to use for authentication (default: none)
                                        (env: LLAMA_API_KEY)
--metrics                               enable prometheus compatible metrics endpoint (default: disabled)
                                        (env: LLAMA_ARG_ENDPOINT_METRICS)
--slots, --no-slots                     expose slots monitoring endpoint (default: enabled)
                                        (env: LLAMA_ARG_ENDPOINT_SLOTS)
";

/// When a file was written, and its number.
type Stamp = (SystemTime, u64);

struct Engine {
    model: String,
    key: Option<String>,
    folder: PathBuf,
    keeps_asked: bool,
    started: Instant,
    recording: Mutex<(Option<Stamp>, Arc<Recording>)>,
}

/// Runs as `llama-server` would with these arguments, until it is ended.
#[allow(clippy::print_stdout)]
pub async fn main(arguments: &[String]) {
    if arguments.iter().any(|argument| argument == "--help") {
        print!("{HELP}");
        return;
    }
    if arguments.iter().any(|argument| argument == "--version") {
        println!("version: 1 (recorded)");
        return;
    }
    if arguments
        .iter()
        .any(|argument| argument == "--list-devices")
    {
        println!("Available devices:");
        return;
    }
    let given: HashMap<&str, &str> = arguments
        .windows(2)
        .map(|pair| (pair[0].as_str(), pair[1].as_str()))
        .collect();
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("a folder"));
    let engine = Arc::new(Engine {
        model: given.get("--alias").copied().unwrap_or("model").to_owned(),
        key: std::env::var("LLAMA_API_KEY").ok(),
        keeps_asked: folder.join(ASKED).exists(),
        folder,
        started: Instant::now(),
        recording: Mutex::default(),
    });
    let host = given.get("--host").copied().unwrap_or("127.0.0.1");
    let port = given.get("--port").copied().unwrap_or("8080");
    let listener = match TcpListener::bind(format!("{host}:{port}")).await {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("couldn't bind HTTP server socket, hostname: {host}, port: {port}: {error}");
            std::process::exit(1);
        }
    };
    while let Ok((stream, _)) = listener.accept().await {
        let engine = Arc::clone(&engine);
        tokio::spawn(async move {
            // A client that went away is no fault.
            let _ = engine.serve(stream).await;
        });
    }
}

struct Request {
    head: String,
    method: String,
    path: String,
    body: Vec<u8>,
}

impl Engine {
    async fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut pending = Vec::new();
        while let Some(request) = read_request(&mut stream, &mut pending).await? {
            if !self.answer(&mut stream, &request).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether the connection can be used again.
    async fn answer(&self, stream: &mut TcpStream, request: &Request) -> std::io::Result<bool> {
        let recording = self.recording();
        let is_ready = self.started.elapsed() >= Duration::from_millis(recording.load_ms);
        let plain = |status: u16, document: &Value| Recorded {
            status: Some(status),
            ..Recorded::json(document)
        };
        let error = |status: u16, kind: &str, message: &str| {
            let error = json!({"message": message, "type": kind, "code": status});
            plain(status, &json!({ "error": error }))
        };
        let path = request.path.split('?').next().unwrap_or_default();
        let answer = if !is_ready {
            error(503, "unavailable_error", "Loading model")
        } else if path == "/health" {
            plain(200, &json!({"status": "ok"}))
        } else if !self.admits(request) {
            error(401, "authentication_error", "Invalid API Key")
        } else if path == "/v1/models" {
            let model =
                json!({"id": self.model, "object": "model", "created": 0, "owned_by": "llamacpp"});
            plain(200, &json!({"object": "list", "data": [model]}))
        } else {
            self.keep(request);
            let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let stream = asked["stream"] == true;
            let fits = |answer: &&Recorded| {
                answer.path.as_deref().is_none_or(|wanted| wanted == path)
                    && answer.stream.is_none_or(|wanted| wanted == stream)
            };
            match recording.answers.iter().find(fits) {
                Some(answer) => answer.clone(),
                None => error(404, "not_found_error", "File Not Found"),
            }
        };
        match send(stream, &answer, request.method == "HEAD").await {
            Ok(After::Again) => Ok(true),
            Ok(After::Over) => Ok(false),
            left => {
                self.note_leaving();
                left.map(|_| false)
            }
        }
    }

    fn note_leaving(&self) {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let line = format!("{}\n", since.unwrap_or_default().as_micros());
        self.append(LEFT, &line);
    }

    fn append(&self, name: &str, line: &str) {
        let file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.folder.join(name));
        // One write: lines of several engines do not mix.
        if let Ok(mut file) = file {
            let _ = std::io::Write::write_all(&mut file, line.as_bytes());
        }
    }

    fn admits(&self, request: &Request) -> bool {
        let Some(key) = &self.key else {
            return true;
        };
        let wanted = format!("Bearer {key}");
        header(&request.head, "authorization").is_some_and(|given| given == wanted)
    }

    fn recording(&self) -> Arc<Recording> {
        let path = self.folder.join(RECORDING);
        // Two changes may be within one tick of the file system's clock; each makes a new file.
        let changed = std::fs::metadata(&path)
            .and_then(|file| Ok((file.modified()?, file.ino())))
            .ok();
        let mut known = self.recording.lock().unwrap();
        if known.0.is_none() || known.0 != changed {
            let text = std::fs::read(&path).unwrap();
            *known = (changed, Arc::new(serde_json::from_slice(&text).unwrap()));
        }
        Arc::clone(&known.1)
    }

    fn keep(&self, request: &Request) {
        if !self.keeps_asked {
            return;
        }
        let asked = Asked {
            model: self.model.clone(),
            pid: std::process::id(),
            head: request.head.clone(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
        };
        let line = format!("{}\n", serde_json::to_string(&asked).unwrap());
        self.append(ASKED, &line);
    }
}

fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim())
    })
}

/// The next request; `None` at the end of the connection.
async fn read_request(
    stream: &mut TcpStream,
    pending: &mut Vec<u8>,
) -> std::io::Result<Option<Request>> {
    let find =
        |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).position(|part| part == wanted);
    let end = loop {
        if let Some(at) = find(pending, b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(pending).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&pending[..end]).into_owned();
    pending.drain(..end);
    let mut body = Vec::new();
    if header(&head, "transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        loop {
            let line = loop {
                match find(pending, b"\r\n") {
                    Some(at) => break at,
                    None if stream.read_buf(pending).await? == 0 => return Ok(None),
                    None => {}
                }
            };
            let size = String::from_utf8_lossy(&pending[..line]).into_owned();
            let size = usize::from_str_radix(size.trim(), 16).map_err(std::io::Error::other)?;
            while pending.len() < line + 2 + size + 2 {
                if stream.read_buf(pending).await? == 0 {
                    return Ok(None);
                }
            }
            body.extend_from_slice(&pending[line + 2..line + 2 + size]);
            pending.drain(..line + 2 + size + 2);
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = header(&head, "content-length") {
        let length: usize = length.parse().map_err(std::io::Error::other)?;
        while pending.len() < length {
            if stream.read_buf(pending).await? == 0 {
                return Ok(None);
            }
        }
        body = pending.drain(..length).collect();
    }
    let mut words = head.split(' ');
    Ok(Some(Request {
        method: words.next().unwrap_or_default().to_owned(),
        path: words.next().unwrap_or_default().to_owned(),
        head,
        body,
    }))
}

/// What follows an answer.
enum After {
    /// The connection can be used again.
    Again,
    /// It is to be closed.
    Over,
    /// The client went away.
    Left,
}

async fn send(
    stream: &mut TcpStream,
    answer: &Recorded,
    head_only: bool,
) -> std::io::Result<After> {
    // Even a pause of nothing is rounded up by the timer.
    if answer.after_ms > 0 {
        tokio::time::sleep(Duration::from_millis(answer.after_ms)).await;
    }
    let status = answer.status.unwrap_or(200);
    let kind = answer
        .content_type
        .as_deref()
        .unwrap_or("text/event-stream");
    let framing = match answer.framing {
        Framing::Chunked => "Transfer-Encoding: chunked\r\n".to_owned(),
        Framing::Length => format!("Content-Length: {}\r\n", answer.body().len()),
        Framing::Close => "Connection: close\r\n".to_owned(),
    };
    let mut bytes = format!(
        "HTTP/1.1 {status} {}\r\nServer: llama.cpp\r\nAccess-Control-Allow-Origin: \r\nContent-Type: {kind}\r\n{framing}\r\n",
        if status == 200 { "OK" } else { "Said" },
    )
    .into_bytes();
    for piece in answer.pieces.iter().filter(|_| !head_only) {
        for _ in 0..piece.times.unwrap_or(1) {
            if piece.after_ms > 0 {
                stream.write_all(&bytes).await?;
                bytes.clear();
                // A client that goes away is seen here and not at the next write only.
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(piece.after_ms)) => {}
                    gone = gone(stream) => return gone.map(|()| After::Left),
                }
            }
            let content = piece.content();
            if answer.framing == Framing::Chunked {
                bytes.extend_from_slice(format!("{:x}\r\n", content.len()).as_bytes());
            }
            bytes.extend_from_slice(content);
            if answer.framing == Framing::Chunked {
                bytes.extend_from_slice(b"\r\n");
            }
        }
    }
    if answer.framing == Framing::Chunked && answer.end == End::Whole && !head_only {
        bytes.extend_from_slice(b"0\r\n\r\n");
    }
    stream.write_all(&bytes).await?;
    match answer.end {
        End::Whole if answer.framing != Framing::Close => Ok(After::Again),
        End::Whole | End::Break => Ok(After::Over),
        End::Hold => gone(stream).await.map(|()| After::Left),
    }
}

/// Waits until the other side ends the connection.
async fn gone(stream: &TcpStream) -> std::io::Result<()> {
    let mut byte = [0];
    loop {
        stream.readable().await?;
        if stream.peek(&mut byte).await? == 0 {
            return Ok(());
        }
        // The next request is there already; it has to wait.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
