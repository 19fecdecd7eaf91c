//! Where the endpoint listens, and taking connections.
//!
//! A taken port never keeps the host from starting: it is asked for again until it is free. An address beyond loopback
//! is listened at only while there is an API key; without one, the endpoint is open to this machine alone.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use paddock_core::{Core, EndpointState};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::connections::Connections;
use crate::port_owner;
use crate::proxy::Proxy;

/// How often a port that is taken is asked for again.
const ASK_AGAIN_EVERY: Duration = Duration::from_secs(2);
/// From one request's end, or the connection's beginning, to the end of the next request's head.
const HEAD_WITHIN: Duration = Duration::from_secs(60);
/// A request's head may have this many bytes, and this many fields.
const LONGEST_HEAD: usize = 64 << 10;
const MOST_FIELDS: usize = 100;
/// A machine that vanished is noticed by then: this long idle, then this often asked.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new().with_time(Duration::from_secs(30));
const ALL_BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Listens wherever `target` says, from one place to the next. Connections that were made at the last one live on,
/// except those of other machines where only this one may come in.
pub(crate) async fn listen(
    proxy: Arc<Proxy>,
    mut target: watch::Receiver<SocketAddr>,
    connections: Connections,
) {
    let core = proxy.core.clone();
    loop {
        let wanted = *target.borrow_and_update();
        let has_keys = core.has_keys();
        let (address, closed_because) = open_to(wanted, has_keys);
        if address.ip().is_loopback() {
            connections.close_remote();
        }
        tokio::select! {
            () = listen_at(&proxy, address, closed_because, &connections) => {}
            moved = target.changed() => {
                if moved.is_err() {
                    return;
                }
                let url = url(*target.borrow());
                core.endpoint().send_modify(|state| *state = EndpointState { url, listening: false, error: None });
            }
            () = until_keys_change(&core, wanted, has_keys) => {}
        }
    }
}

/// Where to listen, and why not where it was wanted.
fn open_to(wanted: SocketAddr, has_keys: bool) -> (SocketAddr, Option<String>) {
    if wanted.ip().is_loopback() || has_keys {
        return (wanted, None);
    }
    let loopback = match wanted.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    let reason = format!(
        "only this machine can reach the endpoint: listening on {} needs an API key, and there is none; make one, and it opens",
        wanted.ip()
    );
    (SocketAddr::new(loopback, wanted.port()), Some(reason))
}

async fn until_keys_change(core: &Core, wanted: SocketAddr, has_keys: bool) {
    if wanted.ip().is_loopback() {
        std::future::pending::<()>().await;
    }
    let mut changes = core.settings_changes();
    // The settings end with the core, which this task is part of.
    while core.has_keys() == has_keys && changes.changed().await.is_ok() {}
}

async fn listen_at(
    proxy: &Arc<Proxy>,
    address: SocketAddr,
    closed_because: Option<String>,
    connections: &Connections,
) {
    let core = &proxy.core;
    let listener = loop {
        match TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(error) => {
                let reason = describe(address, &error).await;
                core.endpoint().send_if_modified(|state| {
                    let is_new = state.error.as_ref() != Some(&reason) || state.listening;
                    state.listening = false;
                    state.error = Some(reason);
                    // Where it will be, which need not be what the settings say.
                    state.url = url(address);
                    is_new
                });
                sleep(ASK_AGAIN_EVERY).await;
            }
        }
    };
    // Port 0 means any; tests use it.
    let port = listener
        .local_addr()
        .map_or(address.port(), |bound| bound.port());
    core.endpoint().send_modify(|state| {
        state.listening = true;
        state.error = closed_because;
        state.url = url(SocketAddr::new(address.ip(), port));
    });
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => take(proxy, stream, peer, connections),
            Err(error) => {
                // Out of descriptors, most likely: let some connections end first.
                tracing::debug!(%error, "no connection could be taken");
                connections.close_one();
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Serves one connection, in a task of its own.
fn take(proxy: &Arc<Proxy>, stream: TcpStream, peer: SocketAddr, connections: &Connections) {
    let local = stream
        .local_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
    let Some(admitted) = connections.admit(peer, local) else {
        let _ = stream.try_write(ALL_BUSY);
        return;
    };
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_tcp_keepalive(&KEEPALIVE);
    let proxy = Arc::clone(proxy);
    tokio::spawn(async move {
        let connection = Arc::clone(&admitted.0);
        let service = service_fn(|request| {
            let (proxy, connection) = (Arc::clone(&proxy), Arc::clone(&connection));
            async move { Ok::<_, Infallible>(proxy.serve(request, &connection).await) }
        });
        let mut server = hyper::server::conn::http1::Builder::new();
        server
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .max_headers(MOST_FIELDS)
            .max_header_size(LONGEST_HEAD);
        tokio::select! {
            // A client that goes away in mid-request ends the request.
            served = server.serve_connection(TokioIo::new(stream), service) => {
                if let Err(error) = served {
                    tracing::debug!(%error, "connection ended");
                }
            }
            () = admitted.0.closing.cancelled() => {}
        }
    });
}

/// How a client writes the address: an unspecified one is reached by loopback.
fn url(address: SocketAddr) -> String {
    let host = match address.ip() {
        IpAddr::V4(host) if host.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(host) if host.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        host => host,
    };
    format!("http://{}", SocketAddr::new(host, address.port()))
}

/// Windows answers "access denied" for a port in a reserved range (lmstudio-js #336).
async fn describe(address: SocketAddr, error: &std::io::Error) -> String {
    let port = address.port();
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            let owner = port_owner::of(address).await;
            format!("port {port} is taken by {owner}; waiting until it is free")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_key_only_this_machine_comes_in() {
        let lan: SocketAddr = "0.0.0.0:8421".parse().unwrap();
        assert_eq!(open_to(lan, true), (lan, None));
        let (address, reason) = open_to(lan, false);
        assert_eq!(address, "127.0.0.1:8421".parse().unwrap());
        assert!(reason.unwrap().contains("API key"));
        let six = open_to("[::]:8421".parse().unwrap(), false).0;
        assert_eq!(six, "[::1]:8421".parse().unwrap());
        let loopback: SocketAddr = "127.0.0.2:1".parse().unwrap();
        assert_eq!(open_to(loopback, false), (loopback, None));
    }

    #[test]
    fn an_address_is_written_as_clients_reach_it() {
        assert_eq!(url("0.0.0.0:1".parse().unwrap()), "http://127.0.0.1:1");
        assert_eq!(url("[::]:1".parse().unwrap()), "http://127.0.0.1:1");
        assert_eq!(url("[::1]:1".parse().unwrap()), "http://[::1]:1");
        assert_eq!(
            url("192.168.1.5:1".parse().unwrap()),
            "http://192.168.1.5:1"
        );
    }
}
