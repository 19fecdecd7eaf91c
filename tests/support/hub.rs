//! A double of the Hugging Face Hub, as far as a client of models meets it: search, repositories, file lists, and files
//! behind a redirect to another host with signed addresses that expire.
//!
//! The official Python client works against it, which is what proves that it speaks the hub's language (`journeys/hub`).
//! It runs in the test's process, or by itself (`hub-double`) for a window, a bench or a person; then the faults are set
//! over HTTP, see [`control`].
//!
//! Left out: uploads, datasets and spaces, Xet, git.

pub mod cdn;
pub mod content;
pub mod control;
pub mod faults;
pub mod models_api;
pub mod repos;
pub mod resolve;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;
use tokio::net::TcpListener;

use faults::Faults;
use repos::Repos;

/// A token whose owner may read everything.
pub const MEMBER: &str = "hf_member";
/// A token that is valid, and whose owner was let in nowhere.
pub const STRANGER: &str = "hf_stranger";
/// The real starter model.
pub const STARTER: &str = "starter/gemma-3-270m-GGUF";
/// The one GGUF file of [`STARTER`].
pub const STARTER_FILE: &str = "gemma-3-270m-q4_k_m.gguf";
/// Six quantizations of the tiny model.
pub const QUANTS: &str = "tiny/quants-GGUF";
/// Shards, a projector and an importance matrix.
pub const VISION: &str = "tiny/vision-GGUF";
/// An 8B model's sizes, from 3 to 16 GB; only the headers are real.
pub const LARGE: &str = "tiny/large-8B-GGUF";
/// More than any machine has.
pub const HUGE: &str = "tiny/huge-400B-GGUF";
/// Needs terms accepted.
pub const GATED: &str = "gated/model-GGUF";
/// Only [`MEMBER`] sees it.
pub const PRIVATE: &str = "private/model-GGUF";
/// Its file names climb out of folders.
pub const EVIL: &str = "evil/climbing-GGUF";
/// More files than a page of the list holds.
pub const MANY: &str = "tiny/many-files-GGUF";

/// A request that came in.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// `hub` or `cdn`.
    pub on: &'static str,
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The header `Authorization`.
    pub authorization: Option<String>,
    /// The header `Range`.
    pub range: Option<String>,
}

/// The double. Dropping it ends it.
pub struct HubDouble {
    state: Arc<Hub>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

pub(crate) struct Hub {
    pub(crate) repos: Mutex<Repos>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) seen: Mutex<Vec<Seen>>,
    pub(crate) sent_bytes: AtomicU64,
    pub(crate) hub: SocketAddr,
    pub(crate) cdn: SocketAddr,
    /// Makes signatures of one double worthless for another.
    pub(crate) secret: u64,
}

impl HubDouble {
    /// Starts one on free ports, with the starter model from `PADDOCK_TEST_MODEL` where that is set.
    pub async fn start() -> Self {
        let starter = std::env::var_os("PADDOCK_TEST_MODEL").map(PathBuf::from);
        Self::start_on(0, 0, starter).await
    }

    /// Starts one on these ports.
    pub async fn start_on(hub_port: u16, cdn_port: u16, starter: Option<PathBuf>) -> Self {
        let hub = TcpListener::bind(("127.0.0.1", hub_port)).await.unwrap();
        let cdn = TcpListener::bind(("127.0.0.1", cdn_port)).await.unwrap();
        let state = Arc::new(Hub {
            repos: Mutex::new(repos::all(starter)),
            faults: Mutex::new(Faults::default()),
            seen: Mutex::new(Vec::new()),
            sent_bytes: AtomicU64::new(0),
            hub: hub.local_addr().unwrap(),
            cdn: cdn.local_addr().unwrap(),
            secret: cdn::new_secret(),
        });
        let doors = Router::new()
            .route("/api/models", get(models_api::search))
            .route("/api/models/{owner}/{name}", get(models_api::info))
            .route(
                "/api/models/{owner}/{name}/revision/{revision}",
                get(models_api::info_at),
            )
            .route(
                "/api/models/{owner}/{name}/tree/{revision}",
                get(models_api::tree),
            )
            .route(
                "/{owner}/{name}/resolve/{revision}/{*path}",
                get(resolve::resolve),
            )
            .layer(axum::middleware::from_fn_with_state(
                Arc::clone(&state),
                record_hub,
            ))
            .merge(control::routes())
            .with_state(Arc::clone(&state));
        let files = Router::new()
            .route("/blobs/{sha256}", get(cdn::blob))
            .layer(axum::middleware::from_fn_with_state(
                Arc::clone(&state),
                record_cdn,
            ))
            .with_state(Arc::clone(&state));
        let tasks = vec![
            tokio::spawn(async move { axum::serve(hub, doors).await.unwrap() }),
            tokio::spawn(async move { axum::serve(cdn, files).await.unwrap() }),
        ];
        Self { state, tasks }
    }

    /// What `HF_ENDPOINT` is set to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.state.hub)
    }

    /// The host that files come from.
    #[must_use]
    pub fn cdn_url(&self) -> String {
        format!("http://{}", self.state.cdn)
    }

    /// Changes what goes wrong.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.state.faults.lock().unwrap());
    }

    /// All requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    /// Bytes of files that went out so far, to clients that died too.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.state.sent_bytes.load(Ordering::Relaxed)
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.state.seen.lock().unwrap().clear();
    }

    /// The repositories, to look at and to change.
    pub fn repos(&self) -> MutexGuard<'_, Repos> {
        self.state.repos.lock().unwrap()
    }
}

impl Drop for HubDouble {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn record_hub(State(hub): State<Arc<Hub>>, request: Request, next: Next) -> Response {
    hub.record("hub", &request);
    next.run(request).await
}

async fn record_cdn(State(hub): State<Arc<Hub>>, request: Request, next: Next) -> Response {
    hub.record("cdn", &request);
    next.run(request).await
}

impl Hub {
    fn record(&self, on: &'static str, request: &Request) {
        let header = |name: &str| {
            let value = request.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        self.seen.lock().unwrap().push(Seen {
            on,
            method: request.method().to_string(),
            path: request.uri().to_string(),
            authorization: header("authorization"),
            range: header("range"),
        });
    }
}
