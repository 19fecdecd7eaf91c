//! The headless host: opens the core, the control listener and the gateway, loads a model if asked, and ends all of it
//! in order.

use std::net::SocketAddr;

use gateway::{Hooks, Host, HostError};
use paddock_core::{Core, InstanceLock, LoadParams, LoadRequest, Unsupported, WireError};
use serde_json::json;
use settings::DataDir;

use crate::arguments::Serve;
use crate::door::open_core_in_turn;
use crate::failure::Failure;
use crate::output;

pub(crate) async fn serve(arguments: Serve, json: bool) -> Result<(), Failure> {
    // Before anything is started: a signal from now on ends it in order.
    let mut signals = Signals::new()
        .map_err(|error| Failure::new("signals", format!("no signals: {error}"), ""))?;
    let data = DataDir::of_user()?;
    // Whatever is going on: an engine that is asked for its flags may take half a minute over it.
    let opened = tokio::select! {
        opened = open_core_in_turn(&data) => opened,
        () = signals.next() => return Ok(()),
    };
    let (core, lock) = opened?;
    let started = tokio::select! {
        started = start(&core, lock, &arguments) => started,
        () = signals.next() => {
            core.shut_down().await;
            return Ok(());
        }
    };
    let Started {
        host,
        request,
        hooks,
    } = started?;

    let work = async {
        // A port that is taken is no reason to make the model wait.
        tokio::join!(announce(&core, json), async {
            if let Some(request) = &request {
                load(&core, request, json).await;
            }
        });
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = work => {}
        () = signals.next() => {}
        () = hooks.shutdown.cancelled() => {
            // Who asked may wait for the last answers; who sends a signal does not.
            tokio::select! {
                () = host.drain() => {}
                () = signals.next() => {}
            }
        }
    }
    host.shut_down().await;
    Ok(())
}

/// A host that runs, and what it was started for.
struct Started {
    host: Host,
    request: Option<LoadRequest>,
    /// By which others ask it to end.
    hooks: Hooks,
}

async fn start(core: &Core, lock: InstanceLock, arguments: &Serve) -> Result<Started, Failure> {
    let settings = core.settings();
    let address = SocketAddr::new(
        arguments.host.unwrap_or(settings.gateway.host),
        arguments.port.unwrap_or(settings.gateway.port),
    );
    // A window starts all the same and shows it; here nobody would see that nothing listens.
    if !address.ip().is_loopback() && !core.has_keys() {
        return Err(needs_key(format!(
            "listening on {} opens the endpoint to other machines, which needs an API key, and there is none",
            address.ip()
        )));
    }
    let request = arguments.model.clone().map(|model| LoadRequest {
        model,
        overrides: LoadParams::default(),
        unsupported: Unsupported::Refuse,
        ttl_seconds: None,
        preset: None,
    });
    if let Some(request) = &request {
        // A name that is wrong is wrong now; a load that fails later leaves the endpoint up.
        let planned = core
            .plan_load(&request.model, &request.overrides, request.unsupported)
            .await;
        match planned {
            // The load fetches it, or says why not.
            Err(error) if matches!(error.code(), "no_engine" | "engine_missing") => {}
            planned => drop(planned?),
        }
    }
    let hooks = Hooks::default();
    let host = Host::start(core.clone(), lock, address, hooks.clone())
        .await
        .map_err(failed)?;
    Ok(Started {
        host,
        request,
        hooks,
    })
}

fn failed(error: HostError) -> Failure {
    match error {
        HostError::Core(error) => error.into(),
        HostError::Control(_) => Failure::new("no_control_listener", error.to_string(), ""),
        HostError::NeedsKey(_) => needs_key(error.to_string()),
    }
}

fn needs_key(message: String) -> Failure {
    Failure::new(
        "needs_key",
        message,
        "Make a key first with `paddock key add NAME`, or listen on 127.0.0.1: leave out --host, and check gateway.host in settings.json.",
    )
}

/// Says where the endpoint is, as soon as it listens.
async fn announce(core: &Core, json: bool) {
    let mut endpoint = core.endpoint().subscribe();
    let state = endpoint.borrow_and_update().clone();
    if let Some(error) = state.error {
        output::note(&format!("{}: {error}", state.url));
    }
    let Ok(state) = endpoint
        .wait_for(|state| state.listening)
        .await
        .map(|state| state.clone())
    else {
        return;
    };
    if json {
        output::document(&json!({"endpoint": state.url, "pid": std::process::id()}));
    } else {
        output::line(&format!("Paddock is listening on {}/v1", state.url));
    }
}

async fn load(core: &Core, request: &LoadRequest, json: bool) {
    match core.load_model(request).await {
        Ok(status) => output::note(&format!("{} is ready.", status.server.key)),
        Err(error) => {
            let error = WireError::from(&error);
            if json {
                output::note(&json!({"error": error}).to_string());
            } else {
                output::complain(&error.message, &error.hint, &error.details);
            }
        }
    }
}

/// What asks a host to end.
struct Signals {
    #[cfg(unix)]
    received: [tokio::signal::unix::Signal; 3],
}

impl Signals {
    #[cfg(unix)]
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let received = [
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ];
        Ok(Self { received })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.received;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }

    #[cfg(not(unix))]
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
