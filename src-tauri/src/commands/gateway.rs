//! The endpoint: where it listens, to whom, what it was asked, and what it refused.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use paddock_core::Core;
use tauri::State;

use super::settings::view;
use crate::app_state::AppState;
use crate::ipc_error::IpcError;
use crate::ipc_types::Settings;
use crate::ipc_types::serving::{
    EndpointChange, GatewayStats, Refusal, RefusalKind, ServingLimits,
};

/// Those below are the system's.
const LOWEST_PORT: u16 = 1024;

/// Changes where the endpoint listens, and to whom; at once.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_endpoint(
    state: State<'_, AppState>,
    change: EndpointChange,
) -> Result<Settings, IpcError> {
    let core = state.core()?;
    let host = change.host.as_deref().map(address).transpose()?;
    if let Some(port) = change.port.filter(|port| *port < LOWEST_PORT) {
        let message = format!("port {port} is not for programs like this one");
        let hint = "Choose a port from 1024 to 65535.";
        return Err(IpcError::new("invalid_port", message, hint));
    }
    if host.is_some_and(|host| !host.is_loopback()) && !core.has_keys() {
        return Err(IpcError::new(
            "needs_key",
            "other computers may reach the endpoint only with an API key, and there is none",
            "Make a key first.",
        ));
    }
    core.update_settings(|settings| {
        let gateway = &mut settings.gateway;
        gateway.host = host.unwrap_or(gateway.host);
        gateway.port = change.port.unwrap_or(gateway.port);
        gateway.load_on_demand = change.load_on_demand.unwrap_or(gateway.load_on_demand);
        gateway.request_log = change.request_log.unwrap_or(gateway.request_log);
        if let Some(hosts) = change.allowed_hosts {
            gateway.allowed_hosts = hosts;
        }
        if let Some(origins) = change.allowed_origins {
            gateway.allowed_origins = origins;
        }
    })?;
    if host.is_some() || change.port.is_some() {
        listen_as_set(&state, &core)?;
    }
    Ok(view(&core))
}

#[tauri::command]
#[specta::specta]
pub(crate) async fn set_limits(
    state: State<'_, AppState>,
    limits: ServingLimits,
) -> Result<Settings, IpcError> {
    let core = state.core()?;
    core.update_settings(|settings| {
        settings.limits.max_loaded = limits.max_loaded as usize;
        settings.limits.memory_bytes = limits.memory_bytes;
        settings.limits.idle_seconds = limits.idle_seconds.into();
    })?;
    Ok(view(&core))
}

/// The requests that were refused lately.
#[tauri::command]
#[specta::specta]
pub(crate) async fn list_refusals(state: State<'_, AppState>) -> Result<Vec<Refusal>, IpcError> {
    let refusals = state.core()?.refusals().borrow().clone();
    Ok(refusals.iter().map(Into::into).collect())
}

/// Allows what was refused: a name to call the endpoint by, or a web page's origin.
#[tauri::command]
#[specta::specta]
pub(crate) async fn allow_refused(
    state: State<'_, AppState>,
    kind: RefusalKind,
    value: String,
) -> Result<Settings, IpcError> {
    let core = state.core()?;
    match kind {
        RefusalKind::Host => core.allow_host(&value)?,
        RefusalKind::Origin => core.allow_origin(&value)?,
        // Only a key lets in who had none.
        RefusalKind::Key => {}
    }
    Ok(view(&core))
}

/// What goes through the endpoint, now.
#[tauri::command]
#[specta::specta]
pub(crate) async fn gateway_stats(state: State<'_, AppState>) -> Result<GatewayStats, IpcError> {
    let core = state.core()?;
    let stats = core.gateway_stats().borrow();
    Ok((&*stats).into())
}

/// Listens on loopback only, where it did not.
pub(super) fn close_to_others(state: &AppState, core: &Core) -> Result<(), IpcError> {
    if core.settings().gateway.host.is_loopback() {
        return Ok(());
    }
    core.update_settings(|settings| settings.gateway.host = Ipv4Addr::LOCALHOST.into())?;
    listen_as_set(state, core)
}

fn listen_as_set(state: &AppState, core: &Core) -> Result<(), IpcError> {
    let settings = core.settings();
    let gateway = &settings.gateway;
    state.move_endpoint(SocketAddr::new(gateway.host, gateway.port))
}

fn address(host: &str) -> Result<IpAddr, IpcError> {
    host.parse().map_err(|_| {
        IpcError::new(
            "invalid_address",
            format!("{host} is not an IP address"),
            "",
        )
    })
}
