//! The two ways to the core: over the control listener of the running host, or, where there is none, opened here.
//! One host alone writes in a data folder, so what runs here holds its lock.

mod doctor;
mod estimate;
mod keys;
mod library;
mod policy;
mod presets;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use gateway::{
    AddEngine, DownloadModel, LoadModel, PinModel, ProveEngine, SetEngine, ShowParams, UnloadModel,
    UseEngine, add_engine, listed_models, show_params, start_download,
};
use paddock_core::{Core, HostInfo, HubSearch, InstallRequest, InstanceLock, WireError, find_host};
use serde::Serialize;
use serde_json::{Value, json};
use settings::{DataDir, FileStore};

use crate::failure::Failure;

/// A host that has the lock publishes its address within this time.
const HOST_APPEARS_WITHIN: Duration = Duration::from_secs(3);

pub(crate) enum Door {
    Host(HostClient),
    Own { core: Core, _lock: InstanceLock },
}

/// Opens the core on the data folder, telling the user what was done to the settings.
pub(crate) fn open_core(data: &DataDir) -> Result<(Core, InstanceLock), Failure> {
    let lock = InstanceLock::acquire(data)?;
    let notices = settings::repair(&data.settings())?;
    let opened = Core::open(
        data.clone(),
        &lock,
        Box::new(FileStore::new(data.settings())),
        notices,
    )?;
    for notice in opened.core.notices() {
        let kept = notice
            .kept_at
            .as_ref()
            .map(|path| format!(" What was there is at {}.", path.display()));
        crate::output::note(&format!("{}{}", notice.message, kept.unwrap_or_default()));
    }
    for reaped in &opened.reaped {
        crate::output::note(&format!(
            "Ended the engine of {} (pid {}), which an earlier Paddock had left running.",
            reaped.key, reaped.identity.pid
        ));
    }
    Ok((opened.core, lock))
}

/// As [`open_core`], in turn after a verb that is in the folder for a moment. A host that is there is not waited for.
pub(crate) async fn open_core_in_turn(data: &DataDir) -> Result<(Core, InstanceLock), Failure> {
    let deadline = Instant::now() + HOST_APPEARS_WITHIN;
    loop {
        match open_core(data) {
            Err(failure)
                if failure.0.code == "occupied"
                    && find_host(data).is_none()
                    && Instant::now() < deadline =>
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            result => return result,
        }
    }
}

impl Door {
    /// The host's, else our own.
    pub(crate) async fn open() -> Result<Self, Failure> {
        let data = DataDir::of_user()?;
        let deadline = Instant::now() + HOST_APPEARS_WITHIN;
        loop {
            if let Some(host) = find_host(&data) {
                return Ok(Self::Host(HostClient::new(host)?));
            }
            match open_core(&data) {
                Ok((core, lock)) => return Ok(Self::Own { core, _lock: lock }),
                // A host that has just started, or another `paddock` that is about to end.
                Err(failure) if failure.0.code == "occupied" && Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    pub(crate) async fn engines(&self) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.get("/api/v1/engines").await,
            Self::Own { core, .. } => Ok(json!(core.engines())),
        }
    }

    pub(crate) async fn add_engine(&self, body: AddEngine) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/engines/add", &body).await,
            Self::Own { core, .. } => Ok(add_engine(core, body).await?),
        }
    }

    pub(crate) async fn set_engine(&self, body: SetEngine) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/engines/set", &body).await,
            Self::Own { core, .. } => {
                Ok(json!(core.set_engine_options(&body.name, &body.options)?))
            }
        }
    }

    pub(crate) async fn available_engines(
        &self,
        refresh: bool,
        build: Option<&str>,
    ) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => {
                let query = query_of(&json!({"refresh": refresh, "build": build}));
                host.get(&format!("/api/v1/engines/available{query}")).await
            }
            Self::Own { core, .. } => Ok(json!(core.available_engines(refresh, build).await)),
        }
    }

    /// Begins an installation; [`Self::engine_job`] tells how it goes on.
    pub(crate) async fn install_engine(&self, request: InstallRequest) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/engines/install", &request).await,
            Self::Own { core, .. } => Ok(json!(core.begin_install(request)?)),
        }
    }

    pub(crate) async fn cancel_engine_install(&self) -> Result<(), Failure> {
        match self {
            Self::Host(host) => host
                .post("/api/v1/engines/install/cancel", &json!({}))
                .await
                .map(drop),
            Self::Own { core, .. } => {
                core.cancel_engine_install();
                Ok(())
            }
        }
    }

    pub(crate) async fn engine_job(&self) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.get("/api/v1/engines/jobs").await,
            Self::Own { core, .. } => Ok(json!(*core.engine_jobs().borrow())),
        }
    }

    pub(crate) async fn roll_back_engine(&self) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/engines/rollback", &json!({})).await,
            Self::Own { core, .. } => Ok(json!(core.roll_back_engine()?)),
        }
    }

    pub(crate) async fn remove_engine(&self, name: String) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => {
                host.post("/api/v1/engines/remove", &UseEngine { name })
                    .await
            }
            Self::Own { core, .. } => Ok(json!(core.remove_engine(&name).await?)),
        }
    }

    pub(crate) async fn engine_devices(&self) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.get("/api/v1/engines/devices").await,
            Self::Own { core, .. } => Ok(json!(core.engine_devices().await?)),
        }
    }

    pub(crate) async fn prove_engine(&self, path: PathBuf) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => {
                host.post("/api/v1/engines/prove", &ProveEngine { path })
                    .await
            }
            Self::Own { core, .. } => Ok(json!(core.prove_engine(&path).await?)),
        }
    }

    pub(crate) async fn use_engine(&self, name: String) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/engines/use", &UseEngine { name }).await,
            Self::Own { core, .. } => Ok(json!(core.use_engine(&name)?)),
        }
    }

    pub(crate) async fn pin_model(
        &self,
        model: String,
        engine: Option<String>,
    ) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => {
                let body = PinModel { model, engine };
                host.post("/api/v1/engines/pin", &body).await
            }
            Self::Own { core, .. } => Ok(json!(core.pin_model(&model, engine.as_deref()).await?)),
        }
    }

    pub(crate) async fn show_engine(&self, name: &str) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.get(&format!("/api/v1/engines/{}", encode(name))).await,
            Self::Own { core, .. } => Ok(json!(core.show_engine(name).await?)),
        }
    }

    pub(crate) async fn models(&self) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => Ok(host.get("/api/v1/models").await?["models"].take()),
            Self::Own { core, .. } => Ok(listed_models(core).await?),
        }
    }

    pub(crate) async fn params(&self, request: ShowParams) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/models/params", &request).await,
            Self::Own { core, .. } => Ok(json!(show_params(core, request).await?)),
        }
    }

    pub(crate) async fn search_hub(&self, search: &HubSearch) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => {
                let query = query_of(&json!(search));
                host.get(&format!("/api/v1/hub/search{query}")).await
            }
            Self::Own { core, .. } => Ok(json!(core.search_hub(search).await?)),
        }
    }

    pub(crate) async fn hub_repo(&self, text: &str) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => {
                host.get(&format!("/api/v1/hub/repo?id={}", encode(text)))
                    .await
            }
            Self::Own { core, .. } => Ok(json!(core.hub_repo(text, None).await?)),
        }
    }

    pub(crate) async fn start_download(&self, body: DownloadModel) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.post("/api/v1/models/download", &body).await,
            Self::Own { core, .. } => Ok(start_download(core, body).await?),
        }
    }

    pub(crate) async fn download(&self, id: &str) -> Result<Value, Failure> {
        match self {
            Self::Host(host) => host.get(&format!("/api/v1/downloads/{}", encode(id))).await,
            Self::Own { core, .. } => Ok(json!(core.show_download(id).await?)),
        }
    }

    pub(crate) async fn pause_download(&self, id: &str) -> Result<(), Failure> {
        match self {
            Self::Host(host) => {
                let path = format!("/api/v1/downloads/{}/pause", encode(id));
                host.post(&path, &json!({})).await.map(drop)
            }
            Self::Own { core, .. } => Ok(core.pause_download(id)?),
        }
    }

    /// The log so far.
    pub(crate) async fn log(&self, key: Option<&str>) -> Result<Vec<String>, Failure> {
        match self {
            Self::Host(host) => {
                let mut response = host.log(key, false).await?;
                let mut text = Vec::new();
                while let Some(chunk) = response.chunk().await.map_err(lost)? {
                    text.extend_from_slice(&chunk);
                }
                Ok(String::from_utf8_lossy(&text)
                    .lines()
                    .map(str::to_owned)
                    .collect())
            }
            Self::Own { core, .. } => Ok(core.engine_log(key).await?.lines()),
        }
    }
}

/// Talks to the control listener.
pub(crate) struct HostClient {
    client: reqwest::Client,
    host: HostInfo,
}

impl HostClient {
    fn new(host: HostInfo) -> Result<Self, Failure> {
        tell_of_other_version(&host.version);
        // No limit on the whole: a load takes as long as it takes.
        let client = http_client::loopback()
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(|error| Failure::new("http_client", format!("no HTTP client: {error}"), ""))?;
        Ok(Self { client, host })
    }

    /// The running host, for verbs that make no sense without one.
    pub(crate) fn find() -> Result<Self, Failure> {
        let data = DataDir::of_user()?;
        Self::new(find_host(&data).ok_or_else(|| Failure::no_host(data.root()))?)
    }

    pub(crate) async fn status(&self) -> Result<Value, Failure> {
        self.get("/api/v1/status").await
    }

    pub(crate) async fn load(&self, body: &LoadModel) -> Result<Value, Failure> {
        self.post("/api/v1/models/load", body).await
    }

    /// What happened by itself, oldest first.
    pub(crate) async fn announcements(&self) -> Result<Value, Failure> {
        self.get("/api/v1/announcements").await
    }

    pub(crate) async fn unload(&self, model: Option<String>) -> Result<Value, Failure> {
        self.post("/api/v1/models/unload", &UnloadModel { model })
            .await
    }

    /// The log as it comes, a line each.
    pub(crate) async fn log(
        &self,
        key: Option<&str>,
        follow: bool,
    ) -> Result<reqwest::Response, Failure> {
        let mut query = format!("?follow={follow}");
        if let Some(key) = key {
            query.push_str(&format!("&model={}", encode(key)));
        }
        self.send(self.client.get(self.url(&format!("/api/v1/logs{query}"))))
            .await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.host.control_url)
    }

    async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send(self.client.get(self.url(path)))
            .await?
            .json()
            .await
            .map_err(lost)
    }

    async fn post(&self, path: &str, body: &impl Serialize) -> Result<Value, Failure> {
        self.send(self.client.post(self.url(path)).json(body))
            .await?
            .json()
            .await
            .map_err(lost)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, Failure> {
        let response = request
            .bearer_auth(&self.host.token)
            .send()
            .await
            .map_err(lost)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body: Value = response.json().await.unwrap_or_default();
        Err(
            match serde_json::from_value::<WireError>(body["error"].clone()) {
                Ok(error) => Failure(error),
                Err(_) => Failure::new(
                    "host_error",
                    format!("the running Paddock answered HTTP {status}"),
                    "",
                ),
            },
        )
    }
}

/// What one of them knows, the other may not. Said once, beside the answer.
fn tell_of_other_version(host: &str) {
    static TOLD: std::sync::Once = std::sync::Once::new();
    let own = env!("CARGO_PKG_VERSION");
    if host != own {
        TOLD.call_once(|| {
            crate::output::note(&format!(
                "warning: this command is Paddock {own}, the running one is {host}; restart the older of the two after an update"
            ));
        });
    }
}

fn lost(error: reqwest::Error) -> Failure {
    Failure::new(
        "host_lost",
        format!("the running Paddock did not answer: {error}"),
        "It may just have ended; try again.",
    )
}

/// The members of an object that have a value, as a query.
fn query_of(object: &Value) -> String {
    let members = object.as_object().into_iter().flatten();
    let pairs: Vec<String> = members
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| format!("{name}={}", encode(&crate::output::cell(value))))
        .collect();
    format!("?{}", pairs.join("&"))
}

/// Percent-encoding for one part of a path or query.
fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
