//! The way to the core: the management API of the running host over its control listener, or, where there is none, the
//! same API on a core opened here, in this process. One host alone writes in a data folder, so what runs here holds its
//! lock.

use std::fmt::Display;
use std::time::{Duration, Instant};

use gateway::InProcess;
use paddock_core::{Core, HostInfo, InstanceLock, WireError, find_host};
use reqwest::StatusCode;
use serde::Serialize;
use serde_json::Value;
use settings::{DataDir, FileStore};

use crate::failure::Failure;

/// A host that has the lock publishes its address within this time.
const HOST_APPEARS_WITHIN: Duration = Duration::from_secs(3);

pub(crate) enum Door {
    Host(HostClient),
    Own { api: InProcess, _lock: InstanceLock },
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
                Ok((core, lock)) => {
                    let api = InProcess::new(core);
                    return Ok(Self::Own { api, _lock: lock });
                }
                // A host that has just started, or another `paddock` that is about to end.
                Err(failure) if failure.0.code == "occupied" && Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// The host's, for verbs that make no sense without one.
    pub(crate) fn of_host() -> Result<Self, Failure> {
        HostClient::find().map(Self::Host)
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        let answer = self.ask(path, None).await?;
        serde_json::from_slice(&answer).map_err(lost)
    }

    pub(crate) async fn post(&self, path: &str, body: &impl Serialize) -> Result<Value, Failure> {
        // Of what verbs ask, only a path can be no JSON.
        let body = serde_json::to_value(body).map_err(|error| {
            let message = format!("cannot use the path: {error}");
            Failure::new("invalid_path", message, "Rename what it leads to.")
        })?;
        let answer = self.ask(path, Some(&body)).await?;
        serde_json::from_slice(&answer).map_err(lost)
    }

    /// As [`Self::get`], of what is no JSON.
    pub(crate) async fn text(&self, path: &str) -> Result<String, Failure> {
        let answer = self.ask(path, None).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    async fn ask(&self, path: &str, body: Option<&Value>) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Host(host) => {
                let response = host.ask(path, body).await?;
                Ok(response.bytes().await.map_err(lost)?.into())
            }
            Self::Own { api, .. } => {
                let (status, answer) = api
                    .ask(path, body)
                    .await
                    .map_err(|error| Failure::new("not_asked", error.to_string(), ""))?;
                match status.is_success() {
                    true => Ok(answer),
                    false => Err(refused(status, &answer)),
                }
            }
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

    /// The running host.
    pub(crate) fn find() -> Result<Self, Failure> {
        let data = DataDir::of_user()?;
        Self::new(find_host(&data).ok_or_else(|| Failure::no_host(data.root()))?)
    }

    /// The answer as it comes, to a `POST` where there is a body, else to a `GET`.
    pub(crate) async fn ask(
        &self,
        path: &str,
        body: Option<&Value>,
    ) -> Result<reqwest::Response, Failure> {
        let url = format!("{}{path}", self.host.control_url);
        let request = match body {
            Some(body) => self.client.post(url).json(body),
            None => self.client.get(url),
        };
        let response = request
            .bearer_auth(&self.host.token)
            .send()
            .await
            .map_err(lost)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(refused(status, &response.bytes().await.unwrap_or_default()))
    }
}

/// What the API says when it does not do it.
fn refused(status: StatusCode, answer: &[u8]) -> Failure {
    let body: Value = serde_json::from_slice(answer).unwrap_or_default();
    match serde_json::from_value::<WireError>(body["error"].clone()) {
        Ok(error) => Failure(error),
        Err(_) => Failure::new(
            "host_error",
            format!("the running Paddock answered HTTP {status}"),
            "",
        ),
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

fn lost(error: impl Display) -> Failure {
    Failure::new(
        "host_lost",
        format!("the running Paddock did not answer: {error}"),
        "It may just have ended; try again.",
    )
}

/// A path with those members of an object that have a value as its query.
pub(crate) fn with_query(path: &str, object: &Value) -> String {
    let members = object.as_object().into_iter().flatten();
    let pairs: Vec<String> = members
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| format!("{name}={}", encode(&crate::output::cell(value))))
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

/// Percent-encoding for one part of a path or query. Every byte, so that a name is none of the API's own words: a preset
/// may be called `rename`.
pub(crate) fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
