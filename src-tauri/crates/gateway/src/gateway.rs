//! The endpoint's thread and runtime, on which nothing but passing bytes on happens.
//!
//! Measured on a bare pass-through: a current-thread runtime of its own adds 1.2 times what nginx adds, two worker
//! threads 1.8 times.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use paddock_core::{Core, EndpointState};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::admission::Admission;
use crate::asking::Asking;
use crate::bodies::Bodies;
use crate::connections::Connections;
use crate::control::Target;
use crate::in_flight::InFlight;
use crate::listener::listen;
use crate::management::Management;
use crate::meters::Meters;
use crate::proxy::Proxy;
use crate::request_log::RequestLog;

/// How long `start` waits for the first answer about the port.
const FIRST_ANSWER: Duration = Duration::from_secs(2);

/// Listening beyond this machine without a key.
#[derive(Debug, thiserror::Error)]
#[error(
    "listening on {0} opens the endpoint to other machines, which needs an API key, and there is none"
)]
pub struct NeedsKey(std::net::IpAddr);

/// The management API, for those whom the gateway lets in.
pub(crate) struct ManagementDoor {
    pub(crate) router: Router,
    /// Opens it too, on this machine.
    pub(crate) control_token: String,
    /// Where it leaves its address, for the API to change.
    pub(crate) target: Target,
}

/// The running endpoint. Dropping it ends the listener and its connections.
pub(crate) struct Gateway {
    target: watch::Sender<SocketAddr>,
    in_flight: InFlight,
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Gateway {
    /// Listens at `address`, and tells the core how that goes. Returns when it listens or knows that it
    /// cannot for now. Loads run on the runtime that this is called on.
    ///
    /// # Errors
    /// [`NeedsKey`] for an address beyond loopback, where no key exists and the settings do not say that address:
    /// where they do, the endpoint is opened to this machine alone, and the core's endpoint state says so.
    pub(crate) async fn start(
        core: Core,
        address: SocketAddr,
        door: ManagementDoor,
    ) -> Result<Self, NeedsKey> {
        let is_set = core.settings().gateway.host == address.ip();
        if !is_set {
            check(&core, address)?;
        }
        let stop = CancellationToken::new();
        let in_flight = InFlight::new();
        let meters = Meters::default();
        let main = Handle::current();
        tokio::spawn(meters.clone().tell(core.clone(), stop.clone()));
        let proxy = Proxy {
            in_flight: in_flight.clone(),
            log: RequestLog::in_folder(&core.data().logs()),
            admission: Admission::new(core.clone(), door.control_token),
            management: Management::new(door.router, main.clone()),
            asking: Asking::new(core.clone(), main.clone()),
            bodies: Bodies::default(),
            core: core.clone(),
            meters,
            main,
        };
        let mut endpoint = core.endpoint().subscribe();
        let (target, moved) = watch::channel(address);
        let _ = door.target.set(target.clone());
        let thread = std::thread::Builder::new()
            .name("gateway".to_owned())
            .spawn({
                let stop = stop.clone();
                move || run(proxy, moved, &stop)
            });
        let known = endpoint.wait_for(|state| state.listening || state.error.is_some());
        let _ = tokio::time::timeout(FIRST_ANSWER, known).await;
        Ok(Self {
            target,
            in_flight,
            stop,
            thread: thread.ok(),
        })
    }

    /// Listens at another address from now on; at loopback's for as long as there is no key for one beyond it.
    pub(crate) fn move_to(&self, address: SocketAddr) {
        self.target.send_replace(address);
    }

    /// Takes no new requests and waits for those that are being answered, `limit` at most.
    pub(crate) async fn drain(&self, limit: Duration) {
        self.in_flight.drain(limit).await;
    }
}

fn check(core: &Core, address: SocketAddr) -> Result<(), NeedsKey> {
    if address.ip().is_loopback() || core.has_keys() {
        Ok(())
    } else {
        Err(NeedsKey(address.ip()))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(proxy: Proxy, target: watch::Receiver<SocketAddr>, stop: &CancellationToken) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = format!("the endpoint could not start: {error}");
            proxy
                .core
                .endpoint()
                .send_modify(|state: &mut EndpointState| state.error = Some(error));
            return;
        }
    };
    runtime.block_on(async {
        let connections = Connections::new(proxy.meters.clone());
        tokio::select! {
            () = listen(Arc::new(proxy), target, connections) => {}
            () = stop.cancelled() => {}
        }
    });
}
