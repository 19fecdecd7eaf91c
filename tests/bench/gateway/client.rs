//! The clients: raw sockets that stay open, as cheap as can be, because what they take is taken from what is measured.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What one way was asked: where, and the request for each kind.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) port: u16,
    /// The model as this way names it.
    pub(crate) model: String,
    pub(crate) key: String,
}

impl Target {
    /// A POST of this body, in which `MODEL` stands for the model.
    pub(crate) fn request(&self, path: &str, body: &str) -> Vec<u8> {
        let body = body.replace("MODEL", &self.model);
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        )
        .into_bytes()
    }
}

/// A connection that asks again and again.
pub(crate) struct Client {
    stream: TcpStream,
    port: u16,
    buffer: Vec<u8>,
}

/// Where an answer ends.
enum Ends {
    At(usize),
    WithLastChunk,
}

impl Client {
    pub(crate) async fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            port,
            buffer: Vec::with_capacity(1 << 16),
        }
    }

    /// Asks and reads the whole answer; how long it took.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Duration {
        let mut begin = Instant::now();
        // llama-server ends a connection after a hundred requests. A new one is not what is measured.
        while !self.send(request).await {
            *self = Self::connect(self.port).await;
            begin = Instant::now();
        }
        let ends = self.head().await;
        loop {
            let is_whole = match ends {
                Ends::At(end) => self.buffer.len() >= end,
                Ends::WithLastChunk => self.buffer.ends_with(b"\r\n0\r\n\r\n"),
            };
            if is_whole {
                return begin.elapsed();
            }
            self.read().await;
        }
    }

    /// Asks and returns when the first bytes of the body are there. The rest is never read.
    pub(crate) async fn open(&mut self, request: &[u8]) {
        assert!(self.send(request).await, "refused");
        self.head().await;
        let head = find(&self.buffer, b"\r\n\r\n").unwrap() + 4;
        while self.buffer.len() <= head {
            self.read().await;
        }
    }

    /// Sends and waits for the first bytes; whether there were any.
    async fn send(&mut self, request: &[u8]) -> bool {
        self.buffer.clear();
        self.stream.write_all(request).await.is_ok()
            && matches!(self.stream.read_buf(&mut self.buffer).await, Ok(1..))
    }

    async fn read(&mut self) {
        let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
        assert!(
            read > 0,
            "broken off: {}",
            String::from_utf8_lossy(&self.buffer)
        );
    }

    async fn head(&mut self) -> Ends {
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            self.read().await;
        };
        let head = std::str::from_utf8(&self.buffer[..end]).unwrap();
        assert!(
            head.starts_with("HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(&self.buffer)
        );
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().unwrap())
        });
        length.map_or(Ends::WithLastChunk, |length| Ends::At(end + length))
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}

/// `clients` connections, each asking `requests` times: all times, and how long it took in all.
pub(crate) async fn load(
    port: u16,
    request: &[u8],
    clients: usize,
    requests: usize,
) -> (Vec<Duration>, Duration) {
    let mut connections = Vec::new();
    for _ in 0..clients {
        let mut client = Client::connect(port).await;
        // The first request of a connection makes others.
        client.ask(request).await;
        connections.push(client);
    }
    let begin = Instant::now();
    let asking: Vec<_> = connections
        .into_iter()
        .map(|mut client| {
            let request = request.to_vec();
            tokio::spawn(async move {
                let mut times = Vec::with_capacity(requests);
                for _ in 0..requests {
                    times.push(client.ask(&request).await);
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for client in asking {
        times.extend(client.await.unwrap());
    }
    (times, begin.elapsed())
}
