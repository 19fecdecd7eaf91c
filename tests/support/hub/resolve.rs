//! `/{id}/resolve/{revision}/{path}`: small files themselves, large ones by a redirect to a signed address that expires.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::Hub;
use super::cdn::signed_path;
use super::models_api::{Asker, no_revision, refuse};
use super::repos::Access;

/// As the hub's.
const ADDRESS_LIVES_MS: u64 = 3_600_000;

/// GET and HEAD.
pub(super) async fn resolve(
    State(hub): State<Arc<Hub>>,
    Path((owner, name, revision, path)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Response<Body> {
    match answer(&hub, &format!("{owner}/{name}"), &revision, &path, &headers) {
        Ok(response) => response,
        Err(response) => *response,
    }
}

fn answer(
    hub: &Hub,
    id: &str,
    revision: &str,
    path: &str,
    headers: &HeaderMap,
) -> Result<Response<Body>, Box<Response<Body>>> {
    let asker = hub.admit(headers)?;
    let repo = hub.repo(id, asker)?;
    if repo.access == Access::Gated && asker != Asker::Member && path.ends_with(".gguf") {
        let (status, message) = match asker {
            Asker::Nobody => (
                401,
                format!(
                    "Access to model {id} is restricted. You must have access to it and be authenticated to access it. Please log in."
                ),
            ),
            _ => (
                403,
                format!(
                    "Access to model {id} is restricted and you are not in the authorized list. Visit the page to ask for access."
                ),
            ),
        };
        return Err(Box::new(refuse(status, Some("GatedRepo"), &message)));
    }
    let commit = repo.at(revision).ok_or_else(|| no_revision(revision))?;
    let file = commit
        .files
        .iter()
        .find(|file| file.path == path)
        .ok_or_else(|| Box::new(refuse(404, Some("EntryNotFound"), "Entry not found")))?;
    let text = |text: &str| HeaderValue::from_str(text).unwrap();
    let size = file.content.size_bytes();
    let mut response = if file.is_lfs() {
        let lives = hub
            .faults
            .lock()
            .unwrap()
            .address_lives_ms
            .unwrap_or(ADDRESS_LIVES_MS);
        let location = format!(
            "http://{}{}",
            hub.cdn,
            signed_path(hub.secret, &file.sha256, lives)
        );
        let mut response = Response::new(Body::from(format!("Found. Redirecting to {location}")));
        *response.status_mut() = StatusCode::FOUND;
        let headers = response.headers_mut();
        headers.insert(header::LOCATION, text(&location));
        headers.insert("x-linked-size", size.into());
        headers.insert("x-linked-etag", text(&format!("\"{}\"", file.sha256)));
        headers.insert(header::ETAG, text(&format!("\"{}\"", file.git_oid())));
        response
    } else {
        let bytes = file.content.read(0, usize::try_from(size).unwrap());
        let mut response = Response::new(Body::from(bytes));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, text("text/plain; charset=utf-8"));
        headers.insert(header::ETAG, text(&format!("\"{}\"", file.git_oid())));
        response
    };
    let headers = response.headers_mut();
    headers.insert("x-repo-commit", text(&commit.sha));
    headers.insert(header::ACCEPT_RANGES, text("bytes"));
    Ok(response)
}
