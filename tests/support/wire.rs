//! HTTP as it is on the wire: what a client library hides, as chunks, their times, and a broken end.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// No answer in a test takes longer than this.
const LIMIT: Duration = Duration::from_secs(90);

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct WireAnswer {
    /// The status code.
    pub status: u16,
    /// Status line and headers.
    pub head: String,
    /// The chunks of a chunked body, or the whole body as one, each with the time since the request.
    pub chunks: Vec<(Duration, Vec<u8>)>,
    /// The body ended as its framing says; else the connection broke.
    pub is_whole: bool,
}

impl WireAnswer {
    /// The body.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.chunks
            .iter()
            .flat_map(|(_, bytes)| bytes.iter().copied())
            .collect()
    }

    /// The body as text.
    #[must_use]
    #[track_caller]
    pub fn text(&self) -> String {
        String::from_utf8(self.body()).unwrap()
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, wanted: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    }
}

/// A POST of JSON, whole.
#[must_use]
pub fn post(path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut head =
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Sends bytes to a port of this machine and reads one answer.
///
/// # Errors
/// No connection, or none long enough for a head.
pub async fn exchange(port: u16, request: &[u8]) -> std::io::Result<WireAnswer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    // The other side may refuse before it read everything.
    let _ = stream.write_all(request).await;
    tokio::time::timeout(LIMIT, read_answer(&mut stream))
        .await
        .expect("an answer comes")
}

/// Reads one answer from a connection.
///
/// # Errors
/// The connection ended before the head did.
pub async fn read_answer(stream: &mut TcpStream) -> std::io::Result<WireAnswer> {
    let begin = Instant::now();
    let mut pending = Vec::new();
    let end = loop {
        if let Some(at) = find(&pending, b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut pending).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let head = String::from_utf8_lossy(&pending[..end]).into_owned();
    pending.drain(..end);
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| std::io::Error::other(format!("no status in {head:?}")))?;
    let mut answer = WireAnswer {
        status,
        head,
        chunks: Vec::new(),
        is_whole: false,
    };
    let is_chunked = answer
        .header("transfer-encoding")
        .is_some_and(|coding| coding.contains("chunked"));
    if is_chunked {
        read_chunks(stream, &mut pending, begin, &mut answer).await;
        return Ok(answer);
    }
    let length = answer
        .header("content-length")
        .and_then(|length| length.parse::<usize>().ok());
    let length = if status == 204 || status == 304 {
        Some(0)
    } else {
        length
    };
    while length.is_none_or(|length| pending.len() < length) {
        match stream.read_buf(&mut pending).await {
            Ok(1..) => {}
            Ok(0) => {
                answer.is_whole = length.is_none();
                break;
            }
            Err(_) => break,
        }
    }
    answer.is_whole |= length.is_some_and(|length| pending.len() >= length);
    answer.chunks.push((begin.elapsed(), pending));
    Ok(answer)
}

async fn read_chunks(
    stream: &mut TcpStream,
    pending: &mut Vec<u8>,
    begin: Instant,
    answer: &mut WireAnswer,
) {
    loop {
        while let Some((size, from)) = chunk_head(pending) {
            if pending.len() < from + size + 2 {
                break;
            }
            let chunk = pending[from..from + size].to_vec();
            pending.drain(..from + size + 2);
            if size == 0 {
                answer.is_whole = true;
                return;
            }
            answer.chunks.push((begin.elapsed(), chunk));
        }
        if !matches!(stream.read_buf(pending).await, Ok(1..)) {
            return;
        }
    }
}

/// A chunk's size, and where its bytes begin.
fn chunk_head(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = find(bytes, b"\r\n")?;
    let size = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((usize::from_str_radix(size.trim(), 16).ok()?, end + 2))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|part| part == wanted)
}
