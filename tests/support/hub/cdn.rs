//! The host that has the files: another origin, addresses that are signed and expire, ranges, and all that can go wrong
//! with a transfer.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use futures_util::stream;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Hub;
use super::content::{Content, hex};
use super::faults::Faults;

const CHUNK_BYTES: u64 = 256 << 10;

/// What stands in a signed address.
#[derive(Debug, Deserialize)]
pub(super) struct Signed {
    expires: u64,
    signature: String,
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

/// Of this double alone.
pub(super) fn new_secret() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs() ^ u64::from(now.subsec_nanos()) << 32
}

fn signature(secret: u64, sha256: &str, expires: u64) -> String {
    hex(&Sha256::digest(format!("{secret} {sha256} {expires}")))[..32].to_owned()
}

/// Path and query of a file that can be fetched for a while.
pub(super) fn signed_path(secret: u64, sha256: &str, lives_ms: u64) -> String {
    let expires = now_ms() + lives_ms;
    let signature = signature(secret, sha256, expires);
    format!("/blobs/{sha256}?expires={expires}&signature={signature}")
}

/// GET and HEAD.
pub(super) async fn blob(
    State(hub): State<Arc<Hub>>,
    method: Method,
    Path(sha256): Path<String>,
    Query(signed): Query<Signed>,
    headers: HeaderMap,
) -> Response<Body> {
    if signed.signature != signature(hub.secret, &sha256, signed.expires)
        || signed.expires < now_ms()
    {
        let said = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
        return status(StatusCode::FORBIDDEN, said);
    }
    let content = hub.repos.lock().unwrap().blob(&sha256);
    let Some(content) = content else {
        return status(StatusCode::NOT_FOUND, "NoSuchKey");
    };
    let faults = if method == Method::HEAD {
        hub.faults.lock().unwrap().clone()
    } else {
        hub.faults.lock().unwrap().take_for_body()
    };
    if let Some(delay) = faults.delay_ms {
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    if let Some(code) = faults.status {
        return status(StatusCode::from_u16(code).unwrap(), "as told");
    }
    let size = content
        .size_bytes()
        .saturating_sub(faults.shorter_by.unwrap_or(0));
    let etag = faults.etag.clone().unwrap_or_else(|| sha256.clone());
    let etag = format!("\"{etag}\"");
    let text =
        |header: header::HeaderName| headers.get(header).and_then(|value| value.to_str().ok());
    // A range of what has changed meanwhile is answered with all of it.
    let unchanged = text(header::IF_RANGE).is_none_or(|known| known == etag);
    let asked = text(header::RANGE).filter(|_| unchanged && !faults.no_ranges);
    let range = match asked.map(|range| parse_range(range, size)) {
        Some(None) => {
            let mut response = status(StatusCode::RANGE_NOT_SATISFIABLE, "");
            let total = HeaderValue::from_str(&format!("bytes */{size}")).unwrap();
            response.headers_mut().insert(header::CONTENT_RANGE, total);
            return response;
        }
        Some(range) => range,
        None => None,
    };
    let (from, to) = range.unwrap_or((0, size));
    let mut response = Response::new(body(Arc::clone(&hub), content, from, to, faults));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, (to - from).into());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::ETAG, HeaderValue::from_str(&etag).unwrap());
    if range.is_some() {
        let text = format!("bytes {from}-{}/{size}", to - 1);
        headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(&text).unwrap());
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

fn status(status: StatusCode, said: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(said));
    *response.status_mut() = status;
    response
}

/// `bytes=a-b`, `bytes=a-` or `bytes=-n`, as begin and end. `None` if there is nothing there.
fn parse_range(text: &str, size: u64) -> Option<(u64, u64)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (from, to) = match (from.parse::<u64>().ok(), to.parse::<u64>().ok()) {
        (Some(from), Some(last)) => (from, (last + 1).min(size)),
        (Some(from), None) => (from, size),
        (None, Some(count)) => (size.saturating_sub(count), size),
        (None, None) => return None,
    };
    (from < to).then_some((from, to))
}

/// The bytes `from..to`, with what goes wrong with them.
fn body(hub: Arc<Hub>, content: Content, from: u64, to: u64, faults: Faults) -> Body {
    let chunk = match faults.bytes_per_second {
        // A tenth of a second's worth, so that slow is even.
        Some(rate) => (rate / 10).clamp(1, CHUNK_BYTES),
        None => CHUNK_BYTES,
    };
    let stream = stream::unfold((from, content, faults), move |(at, content, faults)| {
        let hub = Arc::clone(&hub);
        async move {
            if at >= to {
                return None;
            }
            let sent = at - from;
            if faults.cut_after_bytes.is_some_and(|limit| sent >= limit) {
                let broken = std::io::Error::other("cut off as told");
                return Some((Err(broken), (to, content, faults)));
            }
            if faults.stall_after_bytes.is_some_and(|limit| sent >= limit) {
                std::future::pending::<Infallible>().await;
            }
            if let Some(rate) = faults.bytes_per_second {
                tokio::time::sleep(Duration::from_millis(chunk * 1000 / rate.max(1))).await;
            }
            let bounds = [faults.cut_after_bytes, faults.stall_after_bytes];
            let until_fault = bounds.into_iter().flatten().map(|limit| limit - sent).min();
            let len = chunk.min(to - at).min(until_fault.unwrap_or(u64::MAX));
            let reading = content.clone();
            let mut bytes = tokio::task::spawn_blocking(move || {
                reading.read(at, usize::try_from(len).unwrap())
            })
            .await
            .unwrap();
            if let Some(place) = faults
                .corrupt_at
                .filter(|place| (at..at + len).contains(place))
            {
                bytes[usize::try_from(place - at).unwrap()] ^= 0xff;
            }
            hub.sent_bytes.fetch_add(len, Ordering::Relaxed);
            Some((Ok(Bytes::from(bytes)), (at + len, content, faults)))
        }
    });
    Body::from_stream(stream)
}
