//! The control listener: a loopback port of its own, with a token, by which the CLI and other programs of the same
//! user talk to the running host. Its paths are those of the management API.

mod doctor;
mod endpoint;
mod engines;
mod estimate;
mod failure;
mod hub;
mod in_process;
mod keys;
mod library;
mod live;
mod models;
mod policies;
mod presets;
mod reach;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use paddock_core::Core;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use self::engines::{AddEngine, PinModel, ProveEngine, SetEngine, UseEngine};
pub use self::estimate::EstimateModel;
use self::failure::{Answer, Body, Failure, answer, wire};
pub use self::hub::DownloadModel;
pub use self::in_process::InProcess;
pub use self::keys::{AddKey, RemoveKey};
pub use self::library::{ImportModels, ModelsFolder, RemoveModel};
pub use self::models::{LoadModel, ShowParams, UnloadModel};
pub use self::policies::{AddAlias, RemoveAlias, SetModelPolicy};
pub use self::presets::{
    ExportParams, ImportParams, NamedPreset, SavePreset, SetDefaults, UsePreset,
};
use crate::admission::same;
use crate::gateway::ManagementDoor;
use crate::host::Hooks;

/// Body of `POST /api/v1/window/show`, which may have none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ShowWindow {
    /// A `paddock://` link to show, or the `file://` URL of a model to add.
    link: Option<String>,
}

/// The running listener. Dropping it ends it.
pub(crate) struct Control {
    url: String,
    token: String,
    open: Router,
    target: Target,
    stop: CancellationToken,
}

/// Where the endpoint listens, once there is one.
pub(crate) type Target = Arc<OnceLock<watch::Sender<SocketAddr>>>;

#[derive(Clone)]
struct Context {
    core: Core,
    stop: CancellationToken,
    hooks: Hooks,
    target: Target,
}

impl Context {
    fn new(core: Core, hooks: Hooks) -> Self {
        Self {
            core,
            stop: CancellationToken::new(),
            hooks,
            target: Target::default(),
        }
    }
}

impl Control {
    /// Listens on a free loopback port. `hooks` are what clients may ask of the host itself.
    ///
    /// # Errors
    /// When there is no port to be had.
    pub(crate) async fn start(core: Core, hooks: Hooks) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut random = [0_u8; 24];
        getrandom::fill(&mut random).map_err(|error| std::io::Error::other(error.to_string()))?;
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let context = Context::new(core, hooks);
        let (stop, target) = (context.stop.clone(), Target::clone(&context.target));
        let open = routes().with_state(context);
        let needed = token.clone();
        let router = open
            .clone()
            .layer(axum::middleware::from_fn_with_state(needed, check_token));
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            axum::serve(listener, router)
                .with_graceful_shutdown(stopped)
                .await
        });
        Ok(Self {
            url,
            token,
            open,
            target,
            stop,
        })
    }

    /// `http://127.0.0.1:N`.
    #[must_use]
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What callers must present.
    #[must_use]
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The same routes for those whom the gateway lets in.
    #[must_use]
    pub(crate) fn door(&self) -> ManagementDoor {
        ManagementDoor {
            router: self.open.clone(),
            control_token: self.token.clone(),
            target: Target::clone(&self.target),
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn routes() -> Router<Context> {
    Router::new()
        .route("/api/v1/status", get(status))
        .merge(doctor::routes())
        .merge(endpoint::routes())
        .merge(engines::routes())
        .merge(estimate::routes())
        .merge(hub::routes())
        .merge(keys::routes())
        .merge(library::routes())
        .merge(live::routes())
        .merge(models::routes())
        .merge(policies::routes())
        .merge(presets::routes())
        .route("/api/v1/window/show", post(show_window))
        .route("/api/v1/shutdown", post(shut_down))
        .fallback(|| async {
            Failure(
                StatusCode::NOT_FOUND,
                wire("not_found", "there is nothing at this path"),
            )
        })
}

async fn check_token(State(token): State<String>, request: Request, next: Next) -> Response {
    let presented = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let expected = format!("Bearer {token}");
    // A page in a browser cannot know the token; one that sends an Origin has no business here at all.
    if request.headers().contains_key(header::ORIGIN)
        || !presented.is_some_and(|given| same(given, &expected))
    {
        let error = wire(
            "unauthorized",
            "this listener needs the token from run/host.json",
        );
        return Failure(StatusCode::UNAUTHORIZED, error).into_response();
    }
    next.run(request).await
}

async fn status(State(context): State<Context>) -> Answer {
    answer(Ok(context.core.host_status()))
}

/// A second start of the app shows the first one's window. A headless host has none.
async fn show_window(State(context): State<Context>, body: Option<Json<ShowWindow>>) -> Answer {
    let Some(show) = &context.hooks.show_window else {
        return Err(Failure(
            StatusCode::NOT_FOUND,
            wire("no_window", "this host has no window"),
        ));
    };
    show(body.and_then(|Json(body)| body.link).as_deref());
    answer(Ok(json!({"shown": true})))
}

async fn shut_down(State(context): State<Context>) -> Answer {
    context.hooks.shutdown.cancel();
    answer(Ok(json!({"stopping": true})))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use axum::body::Body as AxumBody;
    use http::{Method, Request};
    use paddock_core::InstanceLock;
    use serde_json::Value;
    use settings::DataDir;
    use tower::ServiceExt;

    use super::*;
    use crate::openapi;

    fn context(folder: &std::path::Path) -> Context {
        let data = DataDir::at(folder);
        let lock = InstanceLock::acquire(&data).unwrap();
        let store = settings::FileStore::new(data.settings());
        let core = Core::open(data, &lock, Box::new(store), Vec::new())
            .unwrap()
            .core;
        Context::new(core, Hooks::default())
    }

    /// The paths that a router has, as its debug form shows them; there is no other way to ask.
    fn paths(router: &Router<Context>) -> BTreeSet<String> {
        let shown = format!("{router:?}");
        shown
            .split('"')
            .filter(|part| part.starts_with("/api/") || *part == "/openapi.json")
            .map(str::to_owned)
            .collect()
    }

    /// Every route is described, with its methods, and nothing else is.
    #[tokio::test]
    async fn the_document_describes_the_routes_there_are() {
        let document: Value = serde_json::from_str(openapi::DOCUMENT).unwrap();
        let described: BTreeMap<String, BTreeSet<String>> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(path, _)| path.starts_with("/api/"))
            .map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys();
                (
                    path.clone(),
                    methods.map(|name| name.to_uppercase()).collect(),
                )
            })
            .collect();
        let mut there = paths(&routes());
        assert!(there.remove("/openapi.json"));
        assert_eq!(there, described.keys().cloned().collect());

        let folder = tempfile::tempdir().unwrap();
        let router = routes().with_state(context(folder.path()));
        for (path, methods) in described {
            let path = path.replace("{id}", "0").replace("{name}", "none");
            let path = path.replace("{action}", "none");
            for method in [
                Method::GET,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ] {
                // Streams do not end, and the network is not asked.
                let is_there = methods.contains(method.as_str());
                if is_there
                    && (path.ends_with("/events")
                        || path.contains("/hub/")
                        || path.ends_with("/available"))
                {
                    continue;
                }
                let request = Request::builder().method(&method).uri(&path);
                let request = request.body(AxumBody::empty()).unwrap();
                let response = router.clone().oneshot(request).await.unwrap();
                let allowed = response.status() != StatusCode::METHOD_NOT_ALLOWED;
                assert_eq!(allowed, is_there, "{method} {path}: {}", response.status());
            }
        }
    }
}
