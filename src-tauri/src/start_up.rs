//! From a double-click to an open core: who has the data folder, and what to do about it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway::{Hooks, Host};
use paddock_core::{Core, Error, HostInfo, InstanceLock, find_host};
use serde_json::{Value, json};
use settings::DataDir;
use tauri::{AppHandle, Manager, Runtime};

use crate::app_state::{AppState, Phase};
use crate::event_bridge;
use crate::ipc_error::IpcError;
use crate::plugin_store::PluginSettingsStore;
use crate::{deep_link, download_events, notifications, shutdown, tray, window};

/// Between taking the folder and being found, and between being found no more and giving the folder back, a host needs
/// a moment.
const FOUND_WITHIN: Duration = Duration::from_secs(3);

/// Brings up a host's window, where it has one.
const SHOW_WINDOW: &str = "/api/v1/window/show";

/// A host that was asked to end drains its requests first.
const TAKE_OVER_WITHIN: Duration = Duration::from_secs(15);

/// Where another desktop app has the data folder, brings up its window. True if that is done and this start is over.
pub(crate) fn showed_the_other_window() -> bool {
    let Ok(data) = DataDir::of_user() else {
        return false;
    };
    let Some(host) = find_host(&data) else {
        return false;
    };
    tauri::async_runtime::block_on(show_window_of(&host)).is_ok()
}

/// Opens the core in the background; the window shows a skeleton until then.
pub(crate) fn begin<R: Runtime>(app: &AppHandle<R>) {
    for link in deep_link::of_this_start() {
        deep_link::open(app, &link);
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        // In a task of its own: a fault there must end the skeleton with a word, not leave it for ever.
        let opening = tauri::async_runtime::spawn({
            let app = app.clone();
            async move { open(&app).await }
        });
        let opened = opening.await.unwrap_or_else(|error| {
            Err(IpcError::new(
                "internal",
                error.to_string(),
                "Report this with the log.",
            ))
        });
        let phase = match opened {
            // Started at the same moment as this one, and was faster.
            Ok(Phase::Occupied(host)) if show_window_of(&host).await.is_ok() => {
                return shutdown::request(&app);
            }
            Ok(phase) => phase,
            Err(error) => Phase::Failed { error, told: false },
        };
        // Started without a window, and there is something to decide.
        if !matches!(phase, Phase::Ready { .. }) {
            window::show(&app);
        }
        app.state::<AppState>().enter(phase);
    });
}

/// Asks the headless host to end, waits until it has, and opens the core.
pub(crate) async fn take_over<R: Runtime>(app: &AppHandle<R>) -> Result<(), IpcError> {
    let host = match &*app.state::<AppState>().phase() {
        Phase::Occupied(host) => host.clone(),
        _ => return Ok(()),
    };
    let asked = post(&host, "/api/v1/shutdown", &json!({})).await;
    // It may have ended by itself while the user thought about it.
    if asked.is_err() && DataDir::of_user().is_ok_and(|data| find_host(&data).is_some()) {
        return asked;
    }
    let deadline = Instant::now() + TAKE_OVER_WITHIN;
    loop {
        match open(app).await? {
            Phase::Occupied(_) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(100)).await
            }
            Phase::Occupied(host) => {
                let message = format!("the other Paddock (pid {}) has not ended", host.pid);
                return Err(IpcError::new(
                    "take_over_failed",
                    message,
                    "End it by hand, then try again.",
                ));
            }
            phase => {
                app.state::<AppState>().enter(phase);
                return Ok(());
            }
        }
    }
}

async fn open<R: Runtime>(app: &AppHandle<R>) -> Result<Phase, IpcError> {
    let data =
        DataDir::of_user().map_err(|error| IpcError::new("no_data_dir", error.to_string(), ""))?;
    let deadline = Instant::now() + FOUND_WITHIN;
    let lock = loop {
        match InstanceLock::acquire(&data) {
            Ok(lock) => break lock,
            Err(error @ Error::Occupied { .. }) => match find_host(&data) {
                Some(host) => return Ok(Phase::Occupied(host)),
                None if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                None => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        }
    };
    let notices = settings::repair(&data.settings()).map_err(Error::from)?;
    let store = PluginSettingsStore::open(app, data.settings()).map_err(Error::from)?;
    let core = Core::open(data, &lock, Box::new(store), notices)?.core;
    let settings = core.settings();
    let address = SocketAddr::new(settings.gateway.host, settings.gateway.port);
    let host = Host::start(core.clone(), lock, address, hooks(app)).await?;
    event_bridge::start(app, &core);
    download_events::start(app, &core);
    notifications::start(app, &core);
    tray::start(app, &core);
    Ok(Phase::Ready {
        core,
        host: Some(host),
    })
}

/// What other programs may ask of the app.
fn hooks<R: Runtime>(app: &AppHandle<R>) -> Hooks {
    let handle = app.clone();
    let hooks = Hooks {
        show_window: Some(Arc::new(move |link| match link {
            Some(link) => deep_link::open(&handle, link),
            None => window::show(&handle),
        })),
        ..Hooks::default()
    };
    let asked_to_end = hooks.shutdown.clone();
    let handle = app.clone();
    tauri::async_runtime::spawn(async move {
        asked_to_end.cancelled().await;
        shutdown::request(&handle);
    });
    hooks
}

/// Passes the links and files on that this start was made with.
async fn show_window_of(host: &HostInfo) -> Result<(), IpcError> {
    post(host, SHOW_WINDOW, &json!({})).await?;
    for link in deep_link::of_this_start() {
        post(host, SHOW_WINDOW, &json!({ "link": link })).await?;
    }
    Ok(())
}

async fn post(host: &HostInfo, path: &str, body: &Value) -> Result<(), IpcError> {
    let lost = |error: reqwest::Error| {
        IpcError::new(
            "host_lost",
            format!("the other Paddock did not answer: {error}"),
            "",
        )
    };
    let client = http_client::loopback()
        .timeout(Duration::from_secs(3))
        .build()
        .map_err(lost)?;
    let url = format!("{}{path}", host.control_url);
    let answer = client
        .post(url)
        .bearer_auth(&host.token)
        .json(body)
        .send()
        .await
        .map_err(lost)?;
    answer.error_for_status().map_err(lost)?;
    Ok(())
}
