//! The files of releases: a redirect on the API's host, the content on another, in ranges, and the ways in which it
//! comes badly.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::{World, lock, sha256};

const CHUNK_BYTES: usize = 64 * 1024;

pub(super) async fn redirect(
    State(world): State<Arc<World>>,
    Path((tag, name)): Path<(String, String)>,
) -> Response {
    let found = world.find(&tag, &name).is_some();
    let status = if found { 302 } else { 404 };
    lock(&world.seen).push(format!("api download/{name} {status}"));
    if !found {
        return StatusCode::NOT_FOUND.into_response();
    }
    let place = format!("http://{}/assets/{tag}/{name}?signature=x", world.files);
    (StatusCode::FOUND, [(header::LOCATION, place)]).into_response()
}

pub(super) async fn content(
    State(world): State<Arc<World>>,
    Path((tag, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let faults = lock(&world.faults).clone();
    if faults.files_are_silent {
        lock(&world.seen).push(format!("files {name} silence"));
        std::future::pending::<()>().await;
    }
    let Some(asset) = world.find(&tag, &name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let length = asset.content.len();
    let range = headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| parse_range(text, length));
    let (begin, end) = range.unwrap_or((0, length));
    lock(&world.seen).push(format!("files {name} {begin}-{end}"));
    let body = asset.content.slice(begin..end);
    let mut response = Response::new(slowly(body, faults.bytes_per_second, faults.cut_after));
    let head = response.headers_mut();
    let value = |text: String| text.parse().unwrap();
    head.insert(header::ACCEPT_RANGES, value("bytes".to_owned()));
    head.insert(header::CONTENT_LENGTH, value((end - begin).to_string()));
    head.insert(
        header::ETAG,
        value(format!("\"{}\"", &sha256(&asset.content)[..16])),
    );
    if range.is_some() {
        head.insert(
            header::CONTENT_RANGE,
            value(format!("bytes {begin}-{}/{length}", end.saturating_sub(1))),
        );
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    response
}

/// `bytes=0-99`, `bytes=100-`; half open.
fn parse_range(text: &str, length: usize) -> Option<(usize, usize)> {
    let (begin, end) = text.strip_prefix("bytes=")?.split_once('-')?;
    let begin: usize = begin.parse().ok()?;
    let end = end.parse::<usize>().map_or(length, |last| last + 1);
    (begin < length).then_some((begin, end.min(length)))
}

/// In chunks, at this speed, and cut off in the middle where that is wanted.
fn slowly(body: Bytes, bytes_per_second: Option<usize>, cut_after: Option<usize>) -> Body {
    let pause = bytes_per_second
        .map(|speed| Duration::from_secs_f64(CHUNK_BYTES as f64 / speed.max(1) as f64));
    let chunks = stream::unfold((body, 0), move |(mut rest, sent)| async move {
        if rest.is_empty() {
            return None;
        }
        if cut_after.is_some_and(|most| sent >= most) {
            return Some((
                Err(std::io::Error::other("cut off as told")),
                (Bytes::new(), sent),
            ));
        }
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        let chunk = rest.split_to(rest.len().min(CHUNK_BYTES));
        let sent = sent + chunk.len();
        Some((Ok(chunk), (rest, sent)))
    });
    Body::from_stream(chunks)
}
