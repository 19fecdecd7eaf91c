//! The endpoint's listener: a thread and runtime of its own, on which nothing but passing bytes on happens.
//!
//! Measured on a bare pass-through: a current-thread runtime of its own adds 1.2 times what nginx adds, two worker
//! threads 1.8 times. A taken port never keeps the host from starting: it is asked for again until it is free.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use paddock_core::{Core, EndpointState};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::in_flight::InFlight;
use crate::proxy::Proxy;

/// How often a port that is taken is asked for again.
const ASK_AGAIN_EVERY: Duration = Duration::from_secs(2);
/// How long `start` waits for the first answer about the port.
const FIRST_ANSWER: Duration = Duration::from_secs(2);

/// Listening beyond this machine without a key.
#[derive(Debug, thiserror::Error)]
#[error(
    "listening on {0} opens the endpoint to other machines, which needs an API key, and there is none"
)]
pub struct NeedsKey(std::net::IpAddr);

/// The running endpoint. Dropping it ends the listener and its connections.
pub(crate) struct Gateway {
    target: watch::Sender<SocketAddr>,
    in_flight: InFlight,
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Gateway {
    /// Listens at `address`, and tells the core how that goes. Returns when it listens or knows that it
    /// cannot for now.
    ///
    /// # Errors
    /// [`NeedsKey`] for an address beyond loopback.
    pub(crate) async fn start(core: Core, address: SocketAddr) -> Result<Self, NeedsKey> {
        if !address.ip().is_loopback() {
            return Err(NeedsKey(address.ip()));
        }
        let stop = CancellationToken::new();
        let in_flight = InFlight::new();
        let mut endpoint = core.endpoint().subscribe();
        let (target, moved) = watch::channel(address);
        let thread = std::thread::Builder::new()
            .name("gateway".to_owned())
            .spawn({
                let stop = stop.clone();
                let in_flight = in_flight.clone();
                move || run(core, moved, in_flight, &stop)
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

    /// Listens at another address from now on.
    ///
    /// # Errors
    /// [`NeedsKey`] for an address beyond loopback.
    pub(crate) fn move_to(&self, address: SocketAddr) -> Result<(), NeedsKey> {
        if !address.ip().is_loopback() {
            return Err(NeedsKey(address.ip()));
        }
        self.target.send_replace(address);
        Ok(())
    }

    /// Takes no new requests and waits for those that are being answered, `limit` at most.
    pub(crate) async fn drain(&self, limit: Duration) {
        self.in_flight.drain(limit).await;
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

fn run(
    core: Core,
    target: watch::Receiver<SocketAddr>,
    in_flight: InFlight,
    stop: &CancellationToken,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = format!("the endpoint could not start: {error}");
            core.endpoint()
                .send_modify(|state| state.error = Some(error));
            return;
        }
    };
    runtime.block_on(async {
        tokio::select! {
            () = listen(core, target, in_flight) => {}
            () = stop.cancelled() => {}
        }
    });
}

/// Listens wherever `target` says, from one place to the next. Connections that were made at the last one live on.
async fn listen(core: Core, mut target: watch::Receiver<SocketAddr>, in_flight: InFlight) {
    let proxy = Proxy::new(core.clone(), in_flight);
    loop {
        let address = *target.borrow_and_update();
        tokio::select! {
            () = listen_at(&core, address, &proxy) => {}
            moved = target.changed() => {
                if moved.is_err() {
                    return;
                }
                let url = format!("http://{}", *target.borrow());
                core.endpoint().send_modify(|state| *state = EndpointState { url, listening: false, error: None });
            }
        }
    }
}

async fn listen_at(core: &Core, address: SocketAddr, proxy: &Proxy) {
    let listener = loop {
        match TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(error) => {
                let reason = describe(address, &error);
                core.endpoint().send_if_modified(|state| {
                    // The settings' address was there first, and this host may have been given another.
                    state.url = format!("http://{address}");
                    let is_new = state.error.as_ref() != Some(&reason);
                    state.error = Some(reason);
                    // Where it will be, which need not be what the settings say.
                    state.url = format!("http://{address}");
                    is_new
                });
                tokio::time::sleep(ASK_AGAIN_EVERY).await;
            }
        }
    };
    // Port 0 means any; tests use it.
    let port = listener
        .local_addr()
        .map_or(address.port(), |bound| bound.port());
    core.endpoint().send_modify(|state| {
        state.listening = true;
        state.error = None;
        state.url = format!("http://{}", SocketAddr::new(address.ip(), port));
    });
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors: let some connections end first.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let proxy = proxy.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let proxy = proxy.clone();
                async move { Ok::<_, Infallible>(proxy.serve(request).await) }
            });
            let mut server = hyper::server::conn::http1::Builder::new();
            server
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(30));
            // A client that goes away in mid-request ends the request.
            if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
                tracing::debug!(%error, "connection ended");
            }
        });
    }
}

/// Windows answers "access denied" for a port in a reserved range (lmstudio-js #336).
fn describe(address: SocketAddr, error: &std::io::Error) -> String {
    let port = address.port();
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("port {port} is taken by another program; waiting until it is free")
        }
        std::io::ErrorKind::PermissionDenied => {
            format!(
                "the system does not allow port {port}: it may be reserved; choose another in the settings"
            )
        }
        std::io::ErrorKind::AddrNotAvailable => {
            format!("this machine has no address {}", address.ip())
        }
        _ => format!("cannot listen on {address}: {error}"),
    }
}
