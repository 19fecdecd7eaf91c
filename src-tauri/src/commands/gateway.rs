//! The endpoint: where it listens, to whom, what it was asked, and what it refused.

use std::net::IpAddr;

use paddock_core::LimitsChange;
use tauri::State;

use super::settings::view;
use crate::app_state::AppState;
use crate::ipc_error::IpcError;
use crate::ipc_types::Settings;
use crate::ipc_types::serving::{
    EndpointChange, GatewayStats, Refusal, RefusalKind, ServingLimits,
};

/// Changes where the endpoint listens, and to whom; at once.
#[tauri::command]
#[specta::specta]
pub(crate) async fn set_endpoint(
    state: State<'_, AppState>,
    change: EndpointChange,
) -> Result<Settings, IpcError> {
    let core = state.core()?;
    let moved = core.change_endpoint(paddock_core::EndpointChange {
        host: change.host.as_deref().map(address).transpose()?,
        port: change.port,
        load_on_demand: change.load_on_demand,
        request_log: change.request_log,
        allowed_hosts: change.allowed_hosts,
        allowed_origins: change.allowed_origins,
        limits: LimitsChange::default(),
    })?;
    if let Some(address) = moved {
        state.move_endpoint(address);
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
    core.change_endpoint(paddock_core::EndpointChange {
        limits: LimitsChange {
            max_loaded: Some(limits.max_loaded as usize),
            memory_bytes: Some(limits.memory_bytes),
            idle_seconds: Some(limits.idle_seconds.into()),
            ..LimitsChange::default()
        },
        ..paddock_core::EndpointChange::default()
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

fn address(host: &str) -> Result<IpAddr, IpcError> {
    host.parse().map_err(|_| {
        IpcError::new(
            "invalid_address",
            format!("{host} is not an IP address"),
            "",
        )
    })
}
