//! From the core's state to the page: the only place that emits. The page takes a snapshot when it mounts and then
//! applies newer revisions only, so a missed or doubled event does no harm.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use paddock_core::Core;
use tauri::{AppHandle, Runtime};
use tauri_specta::Event;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;

use crate::ipc_types::serving::{GatewayChanged, GatewayStats};
use crate::ipc_types::{
    Endpoint, LibraryChanged, LogLine, Memory, Notice, Snapshot, SnapshotChanged,
};
use crate::window;

/// Memory moves by itself; while something runs it is looked at this often.
const MEMORY_EVERY: Duration = Duration::from_secs(2);

static REVISION: AtomicU64 = AtomicU64::new(1);

/// Everything that changes, as it is now.
pub(crate) fn snapshot(core: &Core) -> Snapshot {
    let revision = REVISION.fetch_add(1, Ordering::SeqCst);
    let status = core.host_status();
    let engines_bytes = status
        .models
        .iter()
        .filter_map(|model| model.memory.measured_bytes)
        .sum();
    Snapshot {
        revision,
        endpoint: Endpoint {
            url: status.endpoint,
            listening: status.listening,
            error: status.endpoint_error,
        },
        memory: Memory {
            total_bytes: status.memory_total_bytes,
            available_bytes: status.memory_available_bytes,
            engines_bytes,
        },
        servers: status.models.into_iter().map(Into::into).collect(),
        notices: core
            .notices()
            .iter()
            .map(|notice| Notice {
                message: notice.message.clone(),
                kept_at: notice
                    .kept_at
                    .as_ref()
                    .map(|path| path.display().to_string()),
            })
            .collect(),
        version: status.version,
        data_dir: status.data_dir.display().to_string(),
        engine: core
            .engines()
            .into_iter()
            .find(|engine| engine.current)
            .map(|engine| engine.name),
        engine_job: core.engine_jobs().borrow().clone().map(Into::into),
        announcements: core
            .announcements()
            .borrow()
            .iter()
            .map(Into::into)
            .collect(),
    }
}

/// Emits from now on, until the app ends.
pub(crate) fn start<R: Runtime>(app: &AppHandle<R>, core: &Core) {
    let (app, core) = (app.clone(), core.clone());
    tauri::async_runtime::spawn(async move {
        let mut revision = core.registry().revision();
        let mut endpoint = core.endpoint().subscribe();
        let mut engine_jobs = core.engine_jobs();
        let mut announcements = core.announcements();
        let mut library = core.library_revision();
        let mut traffic = core.gateway_stats().subscribe();
        let mut ticks = tokio::time::interval(MEMORY_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut followed = HashSet::new();
        let mut last: Option<Snapshot> = None;
        let mut hidden = window::hidden();
        loop {
            let is_hidden = *hidden.borrow_and_update();
            tokio::select! {
                changed = revision.changed() => if changed.is_err() { return },
                changed = endpoint.changed() => if changed.is_err() { return },
                changed = engine_jobs.changed() => if changed.is_err() { return },
                changed = announcements.changed() => if changed.is_err() { return },
                // Twice a second at most. Who is idle, and who is asked what, is in the snapshot.
                changed = traffic.changed() => {
                    if changed.is_err() { return }
                    let now = GatewayStats::from(&*traffic.borrow_and_update());
                    let _ = GatewayChanged(now).emit(&app);
                }
                changed = library.changed() => {
                    if changed.is_err() { return }
                    let _ = LibraryChanged.emit(&app);
                    continue;
                }
                // Whoever comes to look sees what is.
                changed = hidden.changed() => if changed.is_err() { return },
                // Nobody sees a bar move in the tray; what matters there has its own signal.
                _ = ticks.tick(), if !is_hidden => {
                    let now = snapshot(&core);
                    // An idle page is left alone: it repaints for every event.
                    if last.as_ref().is_none_or(|last| has_moved(last, &now)) {
                        let _ = SnapshotChanged(now.clone()).emit(&app);
                        last = Some(now);
                    }
                    continue;
                }
            }
            follow_logs(&app, &core, &mut followed);
            let now = snapshot(&core);
            let _ = SnapshotChanged(now.clone()).emit(&app);
            last = Some(now);
        }
    });
}

/// Whether memory differs by what can be seen in a bar. All else that changes has its own signal.
fn has_moved(last: &Snapshot, now: &Snapshot) -> bool {
    const SEEN_BYTES: u64 = 32 << 20;
    let moved = |then: u64, now: u64| then.abs_diff(now) >= SEEN_BYTES;
    last.engine != now.engine
        || moved(last.memory.available_bytes, now.memory.available_bytes)
        || moved(last.memory.engines_bytes, now.memory.engines_bytes)
}

/// Follows the log of every server that is new.
fn follow_logs<R: Runtime>(app: &AppHandle<R>, core: &Core, followed: &mut HashSet<String>) {
    let servers = core.registry().list();
    // A server is the same while its key and API key are; the key itself is secret but stays in this process.
    let now: HashSet<_> = servers
        .iter()
        .map(|server| server.api_key().to_owned())
        .collect();
    followed.retain(|server| now.contains(server));
    for server in servers {
        if !followed.insert(server.api_key().to_owned()) {
            continue;
        }
        let app = app.clone();
        let key = server.spec().key.clone();
        let (past, mut live) = server.log().follow();
        tauri::async_runtime::spawn(async move {
            for line in past {
                let _ = LogLine {
                    key: key.clone(),
                    line,
                }
                .emit(&app);
            }
            loop {
                match live.recv().await {
                    Ok(line) => drop(
                        LogLine {
                            key: key.clone(),
                            line,
                        }
                        .emit(&app),
                    ),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        });
    }
}
