//! A double of GitHub's release API as llama.cpp uses it, and of the host that its files are on.
//!
//! Builds are prereleases, `latest` is a version whose one file names the build, files are behind a redirect to another
//! host, answers have ETags, and there is a limit on questions. What is served is made in [`archives`] from the real
//! engine; what goes wrong is set in [`Faults`].
//!
//! It runs in the test's process, or by itself (`release-double`) for a window or a person.

pub mod archives;
mod files;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

/// A file of a release.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its name.
    pub name: String,
    /// Its content.
    pub content: Bytes,
    /// What the API says of its content.
    pub digest: Told,
}

/// Which digest the API gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The right one.
    Right,
    /// Another file's.
    Wrong,
    /// None at all.
    Nothing,
}

impl Asset {
    /// A file with its right digest.
    #[must_use]
    pub fn new(name: &str, content: impl Into<Bytes>) -> Self {
        Self {
            name: name.to_owned(),
            content: content.into(),
            digest: Told::Right,
        }
    }

    /// The same file, with another digest in the API.
    #[must_use]
    pub fn telling(mut self, digest: Told) -> Self {
        self.digest = digest;
        self
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// The API takes connections and never answers.
    pub api_is_silent: bool,
    /// The file host takes connections and never answers.
    pub files_are_silent: bool,
    /// The API allows no more questions until then, seconds since the epoch.
    pub limited_until: Option<u64>,
    /// A download is cut off after so many bytes of each answer.
    pub cut_after: Option<usize>,
    /// How fast files come.
    pub bytes_per_second: Option<usize>,
}

/// The double. Dropping it ends it.
pub struct ReleasesDouble {
    world: Arc<World>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

pub(crate) struct World {
    /// By tag.
    releases: Mutex<BTreeMap<String, Vec<Asset>>>,
    /// The build that `latest` leads to.
    newest: Mutex<Option<String>>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) seen: Mutex<Vec<String>>,
    api: SocketAddr,
    files: SocketAddr,
}

/// Below which path the API is.
const REPOSITORY: &str = "/repos/ggml-org/llama.cpp";

impl ReleasesDouble {
    /// Starts one on free ports, without a release.
    pub async fn start() -> Self {
        Self::start_on(0).await
    }

    /// Starts one whose API is on this port.
    pub async fn start_on(port: u16) -> Self {
        let api = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let files = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let world = Arc::new(World {
            releases: Mutex::default(),
            newest: Mutex::default(),
            faults: Mutex::default(),
            seen: Mutex::default(),
            api: api.local_addr().unwrap(),
            files: files.local_addr().unwrap(),
        });
        let questions = Router::new()
            .route(&format!("{REPOSITORY}/releases/latest"), get(latest))
            .route(&format!("{REPOSITORY}/releases/tags/{{tag}}"), get(tag))
            .route(&format!("{REPOSITORY}/releases"), get(list))
            .route(
                "/ggml-org/llama.cpp/releases/download/{tag}/{name}",
                get(files::redirect),
            )
            .with_state(Arc::clone(&world));
        let content = Router::new()
            .route("/assets/{tag}/{name}", get(files::content))
            .with_state(Arc::clone(&world));
        let tasks = vec![
            tokio::spawn(async move { axum::serve(api, questions).await.unwrap() }),
            tokio::spawn(async move { axum::serve(files, content).await.unwrap() }),
        ];
        Self { world, tasks }
    }

    /// What `PADDOCK_RELEASES_URL` is set to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.world.api)
    }

    /// Publishes a release with these files; `latest` leads to it from now on.
    pub fn publish(&self, tag: &str, assets: Vec<Asset>) {
        lock(&self.world.releases).insert(tag.to_owned(), assets);
        *lock(&self.world.newest) = Some(tag.to_owned());
    }

    /// Publishes a release without `latest` leading to it.
    pub fn publish_beside(&self, tag: &str, assets: Vec<Asset>) {
        lock(&self.world.releases).insert(tag.to_owned(), assets);
    }

    /// What goes wrong from now on.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut lock(&self.world.faults));
    }

    /// What was asked so far, and forgets it: `api /repos/…`, `files /assets/…`, with the status behind.
    #[must_use]
    pub fn take_seen(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.world.seen))
    }
}

impl Drop for ReleasesDouble {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl World {
    fn release(&self, tag: &str) -> Option<Value> {
        let releases = lock(&self.releases);
        let assets = releases.get(tag)?;
        Some(self.document(tag, true, assets))
    }

    fn document(&self, tag: &str, prerelease: bool, assets: &[Asset]) -> Value {
        let page = format!("http://{}/ggml-org/llama.cpp/releases", self.api);
        let files: Vec<Value> = assets
            .iter()
            .map(|asset| {
                let digest = match asset.digest {
                    Told::Right => json!(format!("sha256:{}", sha256(&asset.content))),
                    Told::Wrong => json!(format!("sha256:{}", sha256(b"another file"))),
                    Told::Nothing => Value::Null,
                };
                json!({
                    "name": asset.name,
                    "size": asset.content.len(),
                    "state": "uploaded",
                    "digest": digest,
                    "browser_download_url": format!("{page}/download/{tag}/{}", asset.name),
                })
            })
            .collect();
        json!({
            "tag_name": tag,
            "prerelease": prerelease,
            "published_at": "2026-11-20T10:00:00Z",
            "html_url": format!("{page}/tag/{tag}"),
            "assets": files,
        })
    }

    /// The version whose one file names the build.
    fn pointer(&self) -> Option<(&'static str, Vec<Asset>)> {
        let tag = lock(&self.newest).clone()?;
        let asset = Asset::new("nightly-tag.txt", format!("{tag}\n"));
        Some(("v0.4.0", vec![asset]))
    }

    pub(crate) fn find(&self, tag: &str, name: &str) -> Option<Asset> {
        if let Some((version, assets)) = self.pointer()
            && version == tag
        {
            return assets.into_iter().find(|asset| asset.name == name);
        }
        let releases = lock(&self.releases);
        releases
            .get(tag)?
            .iter()
            .find(|asset| asset.name == name)
            .cloned()
    }

    /// Answers a question, as GitHub does: with an ETag, within the limit, or not at all.
    async fn answer(&self, path: &str, headers: &HeaderMap, document: Option<Value>) -> Response {
        let faults = lock(&self.faults).clone();
        if faults.api_is_silent {
            lock(&self.seen).push(format!("api {path} silence"));
            std::future::pending::<()>().await;
        }
        let body = document.as_ref().map(ToString::to_string);
        let etag = body
            .as_ref()
            .map(|body| format!("\"{}\"", &sha256(body.as_bytes())[..16]));
        let asked = headers
            .get(header::IF_NONE_MATCH)
            .and_then(|value| value.to_str().ok());
        let response = match (faults.limited_until, body, etag) {
            (Some(until), _, _) if until > now() => (
                StatusCode::FORBIDDEN,
                [
                    ("x-ratelimit-remaining", "0".to_owned()),
                    ("x-ratelimit-reset", until.to_string()),
                ],
                json!({"message": "API rate limit exceeded"}).to_string(),
            )
                .into_response(),
            (_, None, _) | (_, _, None) => (
                StatusCode::NOT_FOUND,
                json!({"message": "Not Found"}).to_string(),
            )
                .into_response(),
            (_, _, Some(etag)) if asked == Some(etag.as_str()) => {
                StatusCode::NOT_MODIFIED.into_response()
            }
            (_, Some(body), Some(etag)) => ([(header::ETAG, etag)], body).into_response(),
        };
        lock(&self.seen).push(format!("api {path} {}", response.status().as_u16()));
        response
    }
}

async fn latest(State(world): State<Arc<World>>, headers: HeaderMap) -> Response {
    let document = world
        .pointer()
        .map(|(version, assets)| world.document(version, false, &assets));
    world.answer("latest", &headers, document).await
}

async fn tag(
    State(world): State<Arc<World>>,
    Path(tag): Path<String>,
    headers: HeaderMap,
) -> Response {
    let document = world.release(&tag);
    world
        .answer(&format!("tags/{tag}"), &headers, document)
        .await
}

async fn list(
    State(world): State<Arc<World>>,
    Query(query): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let most = query
        .get("per_page")
        .and_then(|number| number.parse().ok())
        .unwrap_or(30);
    let tags: Vec<String> = lock(&world.releases).keys().rev().cloned().collect();
    let mut all: Vec<Value> = world
        .pointer()
        .map(|(version, assets)| world.document(version, false, &assets))
        .into_iter()
        .collect();
    all.extend(tags.iter().filter_map(|tag| world.release(tag)));
    all.truncate(most);
    world.answer("list", &headers, Some(json!(all))).await
}

/// In hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Seconds since the epoch.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}
