//! The hub and downloads on the control listener. `POST /api/v1/models/download` and its status have the shape of LM
//! Studio's REST API v1, with our own fields beside.

use std::convert::Infallible;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::sse::Event;
use axum::routing::{get, post};
use futures_util::stream::{self, Stream};
use paddock_core::{
    Core, DownloadRequest, DownloadStarted, DownloadView, HubSearch, JobState,
    milliseconds_since_epoch,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Answer, Body, Context, Failure, answer, wire};
use crate::time::iso_8601;

/// Body of `POST /api/v1/models/download`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DownloadModel {
    /// `owner/repo`, with or without `:QUANT`, or a pasted address.
    pub model: String,
    /// A quantization or a variant's name; the recommended one where nothing is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantization: Option<String>,
    /// A file's path or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// A branch, tag or commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

impl From<DownloadModel> for DownloadRequest {
    fn from(body: DownloadModel) -> Self {
        Self {
            repo: body.model,
            quantization: body.quantization,
            file: body.file,
            revision: body.revision,
        }
    }
}

/// A download in LM Studio's words, with ours beside.
fn download_status(view: &DownloadView) -> Value {
    let job = &view.job;
    let status = match job.state {
        JobState::Done => "completed",
        JobState::Failed | JobState::Cancelled => "failed",
        JobState::Paused | JobState::Interrupted => "paused",
        JobState::Queued | JobState::Running | JobState::Waiting | JobState::Verifying => {
            "downloading"
        }
    };
    let now = job.started_at.max(milliseconds_since_epoch());
    json!({
        "job_id": job.id,
        "status": status,
        "total_size_bytes": job.total_bytes,
        "downloaded_bytes": job.downloaded_bytes,
        "bytes_per_second": job.bytes_per_second,
        "started_at": iso_8601(job.started_at),
        "completed_at": job.finished_at.map(iso_8601),
        "estimated_completion": job.seconds_left.map(|seconds| iso_8601(now + seconds * 1000)),
        "state": job.state,
        "label": job.label,
        "reason": job.reason,
        "error": job.error,
        "secondsLeft": job.seconds_left,
        "key": view.key,
    })
}

/// The downloads now, and again whenever they change.
pub(super) fn events(
    core: Core,
    stop: CancellationToken,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let watching = core.watch_downloads().ok().map(|mut jobs| {
        jobs.mark_changed();
        (jobs, core, stop)
    });
    stream::unfold(watching, |watching| async move {
        let (mut jobs, core, stop) = watching?;
        tokio::select! {
            changed = jobs.changed() => changed.ok()?,
            () = stop.cancelled() => return None,
        }
        jobs.mark_unchanged();
        let data = json!(core.downloads().unwrap_or_default()).to_string();
        let event = Event::default().event("downloads").data(data);
        Some((Ok(event), Some((jobs, core, stop))))
    })
}

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/api/v1/hub", get(settings))
        .route("/api/v1/hub/search", get(search))
        .route("/api/v1/hub/repo", get(repo))
        .route("/api/v1/models/download", post(download))
        .route("/api/v1/models/download/status/{id}", get(status))
        .route("/api/v1/downloads", get(list))
        .route("/api/v1/downloads/{id}", get(show))
        .route("/api/v1/downloads/{id}/{action}", post(act))
}

async fn settings(State(context): State<Context>) -> Answer {
    answer(Ok(context.core.hub_settings()))
}

async fn search(State(context): State<Context>, Query(search): Query<HubSearch>) -> Answer {
    answer(context.core.search_hub(&search).await)
}

#[derive(Deserialize)]
struct RepoQuery {
    id: String,
    revision: Option<String>,
}

async fn repo(State(context): State<Context>, Query(query): Query<RepoQuery>) -> Answer {
    let revision = query.revision.as_deref();
    answer(context.core.hub_repo(&query.id, revision).await)
}

async fn download(State(context): State<Context>, Body(body): Body<DownloadModel>) -> Answer {
    let core = &context.core;
    match core.download_model(&body.into()).await? {
        DownloadStarted::AlreadyHere {
            key,
            variant,
            size_bytes,
        } => answer(Ok(json!({
            "status": "already_downloaded",
            "total_size_bytes": size_bytes,
            "downloaded_bytes": size_bytes,
            "key": key,
            "variant": variant,
        }))),
        DownloadStarted::Queued { id, variant, why } => {
            let mut status = download_status(&core.show_download(&id).await?);
            status["variant"] = json!(variant);
            status["why"] = json!(why);
            answer(Ok(status))
        }
    }
}

async fn status(State(context): State<Context>, Path(id): Path<String>) -> Answer {
    let view = context.core.show_download(&id).await;
    answer(view.map(|view| download_status(&view)))
}

async fn list(State(context): State<Context>) -> Answer {
    let downloads = context.core.downloads();
    answer(downloads.map(|downloads| json!({ "downloads": downloads })))
}

async fn show(State(context): State<Context>, Path(id): Path<String>) -> Answer {
    answer(context.core.show_download(&id).await)
}

async fn act(State(context): State<Context>, Path((id, action)): Path<(String, String)>) -> Answer {
    let core = &context.core;
    let done = match action.as_str() {
        "pause" => core.pause_download(&id),
        "resume" => core.resume_download(&id),
        "cancel" => core.cancel_download(&id),
        "dismiss" => core.dismiss_download(&id),
        _ => {
            return Err(Failure(
                StatusCode::NOT_FOUND,
                wire(
                    "not_found",
                    "a download can be told to pause, resume, cancel or dismiss",
                ),
            ));
        }
    };
    answer(done.map(|()| json!({"id": id, "done": action})))
}
