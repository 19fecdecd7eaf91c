//! The control listener: a loopback port of its own, with a token, by which the CLI and other programs of the same
//! user talk to the running host. Its paths are those of the management API.

mod doctor;
mod engines;
mod hub;
mod keys;
mod library;
mod policies;

use std::convert::Infallible;

use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream::{self, Stream};
use paddock_core::{Core, Error, LoadParams, LoadPlan, LoadRequest, Unsupported, WireError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use self::engines::{AddEngine, PinModel, ProveEngine, SetEngine, UseEngine, add_engine};
pub use self::hub::{DownloadModel, download_status, start_download};
pub use self::keys::{AddKey, RemoveKey};
pub use self::library::{ImportModels, ModelsFolder, RemoveModel, remove_model};
pub use self::policies::{AddAlias, RemoveAlias, SetModelPolicy, add_alias, set_model_policy};
use crate::admission::same;
use crate::gateway::ManagementDoor;
use crate::host::Hooks;

/// Body of `POST /api/v1/models/load`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadModel {
    /// The model.
    pub model: String,
    /// Parameters for this load.
    #[serde(default)]
    pub params: LoadParams,
    /// Go on without parameters that this engine cannot honour.
    #[serde(default)]
    pub skip_unsupported: bool,
    /// Seconds without a request after which it ends: 0 at once, -1 never; as is saved for it where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
}

/// Body of `POST /api/v1/models/unload`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnloadModel {
    /// The model; all of them where there is none.
    #[serde(alias = "instance_id")]
    pub model: Option<String>,
}

/// Body of `POST /api/v1/models/params`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShowParams {
    /// The model and what is asked on top of what is saved.
    #[serde(flatten)]
    pub load: LoadModel,
    /// Save them, on top of what is saved.
    #[serde(default)]
    pub save: bool,
    /// Names of saved parameters to take away.
    #[serde(default)]
    pub cleared: Vec<String>,
}

/// Body of `POST /api/v1/window/show`, which may have none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ShowWindow {
    /// A `paddock://` link to show.
    link: Option<String>,
}

/// The effective parameters of a model, and what will run.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParamsView {
    /// The model.
    pub key: String,
    /// The engine's name.
    pub engine: String,
    /// Every parameter that has a value.
    pub params: LoadParams,
    /// Where each is from.
    pub sources: Value,
    /// The whole command line, program first.
    pub argv: Vec<String>,
    /// Parameters that will not be passed, with the reason.
    pub skipped: Value,
    /// What may not be meant.
    pub warnings: Vec<String>,
}

/// Saves what is to be saved, and shows what would run.
///
/// # Errors
/// What [`Core::change_saved_params`] and [`Core::plan_load`] refuse.
pub async fn show_params(core: &Core, request: ShowParams) -> Result<ParamsView, Error> {
    let unsupported = request.load.unsupported();
    let LoadModel { model, params, .. } = request.load;
    if request.save {
        core.change_saved_params(&model, &params, &request.cleared)
            .await?;
    }
    Ok(params_view(
        core.plan_load(&model, &params, unsupported).await?,
    ))
}

/// What a plan looks like from outside.
fn params_view(plan: LoadPlan) -> ParamsView {
    ParamsView {
        argv: plan.command_line(),
        key: plan.spec.key,
        engine: plan.engine,
        params: plan.effective,
        sources: json!(plan.sources),
        skipped: plan
            .skipped
            .iter()
            .map(|skipped| json!({"name": skipped.name, "reason": skipped.reason}))
            .collect(),
        warnings: plan
            .doubtful
            .into_iter()
            .map(|problem| problem.message)
            .collect(),
    }
}

/// The running listener. Dropping it ends it.
pub(crate) struct Control {
    url: String,
    token: String,
    open: Router,
    stop: CancellationToken,
}

#[derive(Clone)]
struct Context {
    core: Core,
    token: String,
    stop: CancellationToken,
    hooks: Hooks,
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
        let stop = CancellationToken::new();
        let context = Context {
            core,
            token: token.clone(),
            stop: stop.clone(),
            hooks,
        };
        let open = routes().with_state(context.clone());
        let router = open
            .clone()
            .layer(axum::middleware::from_fn_with_state(context, check_token));
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
        .route("/api/v1/events", get(events))
        .route("/api/v1/models", get(list_models))
        .route("/api/v1/models/load", post(load_model))
        .route("/api/v1/models/unload", post(unload_model))
        .route("/api/v1/models/params", post(params))
        .merge(doctor::routes())
        .merge(engines::routes())
        .merge(hub::routes())
        .merge(keys::routes())
        .merge(library::routes())
        .merge(policies::routes())
        .route("/api/v1/logs", get(logs))
        .route("/api/v1/window/show", post(show_window))
        .route("/api/v1/shutdown", post(shut_down))
        .fallback(|| async {
            Failure(
                StatusCode::NOT_FOUND,
                wire("not_found", "there is nothing at this path"),
            )
        })
}

async fn check_token(State(context): State<Context>, request: Request, next: Next) -> Response {
    let presented = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let expected = format!("Bearer {}", context.token);
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

fn wire(code: &str, message: &str) -> WireError {
    WireError {
        code: code.to_owned(),
        message: message.to_owned(),
        details: Vec::new(),
        hint: String::new(),
    }
}

struct Failure(StatusCode, WireError);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error.code() {
            "model_not_found"
            | "engine_not_found"
            | "hub_not_found"
            | "hub_revision_not_found"
            | "hub_file_not_found"
            | "variant_not_found"
            | "no_such_download"
            | "key_not_found" => StatusCode::NOT_FOUND,
            "hub_gated" | "hub_unauthorized" | "hub_token_refused" => StatusCode::FORBIDDEN,
            "hub_rate_limited" => StatusCode::TOO_MANY_REQUESTS,
            "hub_offline" | "hub_server" | "hub_not_a_hub" => StatusCode::BAD_GATEWAY,
            "model_ambiguous" | "no_engine" | "occupied" | "cancelled" | "download_state"
            | "model_running" | "folder_busy" | "install_busy" | "engine_in_use"
            | "no_previous_engine" | "key_exists" => StatusCode::CONFLICT,
            "release_not_found" => StatusCode::NOT_FOUND,
            "releases_offline" | "releases_unusable" => StatusCode::BAD_GATEWAY,
            "releases_rate_limited" => StatusCode::TOO_MANY_REQUESTS,
            "settings_not_saved" | "shutting_down" => StatusCode::SERVICE_UNAVAILABLE,
            _ if matches!(error, Error::Load { .. }) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Self(status, WireError::from(&error))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

type Answer = Result<Json<Value>, Failure>;

fn answer<T: Serialize>(value: Result<T, Error>) -> Answer {
    Ok(Json(json!(value?)))
}

/// A JSON body, with our own words for what is wrong with it.
struct Body<T>(T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> axum::extract::FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(Failure(
                rejection.status(),
                wire("invalid_body", &rejection.body_text()),
            )),
        }
    }
}

async fn status(State(context): State<Context>) -> Answer {
    answer(Ok(context.core.host_status()))
}

async fn list_models(State(context): State<Context>) -> Answer {
    answer(
        context
            .core
            .list_models()
            .await
            .map(|models| json!({ "models": models })),
    )
}

impl LoadModel {
    fn unsupported(&self) -> Unsupported {
        if self.skip_unsupported {
            Unsupported::Skip
        } else {
            Unsupported::Refuse
        }
    }
}

async fn load_model(State(context): State<Context>, Body(body): Body<LoadModel>) -> Answer {
    let unsupported = body.unsupported();
    let request = LoadRequest {
        model: body.model,
        overrides: body.params,
        unsupported,
        ttl_seconds: body.ttl,
    };
    answer(context.core.load_model(&request).await)
}

async fn unload_model(State(context): State<Context>, Body(body): Body<UnloadModel>) -> Answer {
    match body.model {
        Some(model) => answer(context.core.unload_model(&model).await),
        None => answer(Ok(context.core.unload_all().await)),
    }
}

async fn params(State(context): State<Context>, Body(body): Body<ShowParams>) -> Answer {
    answer(show_params(&context.core, body).await)
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

/// The status now, and again whenever something changes; the downloads and the engines likewise.
async fn events(
    State(context): State<Context>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    struct Watching {
        core: Core,
        revision: watch::Receiver<u64>,
        endpoint: watch::Receiver<paddock_core::EndpointState>,
        stop: CancellationToken,
    }
    let mut revision = context.core.registry().revision();
    revision.mark_changed();
    let endpoint = context.core.endpoint().subscribe();
    let downloads = hub::events(context.core.clone(), context.stop.clone());
    let engines = engines::events(&context.core, context.stop.clone());
    let watching = Watching {
        core: context.core,
        revision,
        endpoint,
        stop: context.stop,
    };
    let stream = stream::unfold(watching, |mut watching| async move {
        tokio::select! {
            changed = watching.revision.changed() => changed.ok()?,
            changed = watching.endpoint.changed() => changed.ok()?,
            () = watching.stop.cancelled() => return None,
        }
        let data = json!(watching.core.host_status()).to_string();
        Some((Ok(Event::default().event("status").data(data)), watching))
    });
    let beside = stream::select(downloads, engines);
    Sse::new(stream::select(stream, beside)).keep_alive(KeepAlive::default())
}

#[derive(Deserialize)]
struct LogQuery {
    model: Option<String>,
    #[serde(default)]
    follow: bool,
}

/// The engine's log, a line each; with `follow`, what comes too.
async fn logs(
    State(context): State<Context>,
    Query(query): Query<LogQuery>,
) -> Result<Response, Failure> {
    let log = context.core.engine_log(query.model.as_deref()).await?;
    let (lines, live) = log.follow();
    let past = lines
        .into_iter()
        .fold(String::new(), |text, line| text + &line + "\n");
    if !query.follow {
        return Ok(past.into_response());
    }
    let first = stream::once(async move { Ok::<_, Infallible>(past) });
    let rest = stream::unfold((live, context.stop), |(mut live, stop)| async move {
        loop {
            tokio::select! {
                line = live.recv() => match line {
                    Ok(line) => return Some((Ok(line + "\n"), (live, stop))),
                    // A slow reader misses lines rather than holding the engine up.
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return None,
                },
                () = stop.cancelled() => return None,
            }
        }
    });
    use futures_util::StreamExt;
    Ok(axum::body::Body::from_stream(first.chain(rest)).into_response())
}
