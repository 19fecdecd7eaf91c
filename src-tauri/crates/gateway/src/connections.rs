//! The clients' connections: how many there may be, and which one goes when a new client comes.
//!
//! A connection that is answering is never closed. Of those that are idle, and of those that never asked anything, the
//! one that has been so for the longest time makes room: 10,000 idle connections keep no client out.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use crate::meters::Meters;

/// Connections at a time, where the system allows as many files.
const MOST: usize = 4096;
/// Descriptors for everything else: engines, logs, downloads.
const OTHER_FILES: u64 = 512;
/// What the limit of open files is raised to.
#[cfg(unix)]
const FILES_WANTED: u64 = 65_536;

/// All connections. Clones are the same.
#[derive(Clone)]
pub(crate) struct Connections(Arc<Inner>);

struct Inner {
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    most: usize,
    next: AtomicU64,
    epoch: Instant,
    meters: Meters,
}

/// A client's connection.
pub(crate) struct Connection {
    id: u64,
    /// The client's end.
    pub(crate) peer: SocketAddr,
    /// Our end.
    pub(crate) local: IpAddr,
    /// Fires when it has to make room.
    pub(crate) closing: CancellationToken,
    /// Requests that are being answered.
    busy: AtomicU64,
    /// Microseconds since the epoch of the list.
    idle_since: AtomicU64,
    list: Connections,
}

impl Connection {
    /// Both ends are on this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.peer.ip().to_canonical().is_loopback() && self.local.is_loopback()
    }

    /// It answers a request until the guard is dropped.
    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Relaxed);
        Busy(Arc::clone(self))
    }
}

/// A request on a connection.
pub(crate) struct Busy(Arc<Connection>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.list.now(), Relaxed);
        self.0.busy.fetch_sub(1, Relaxed);
    }
}

/// An open connection; dropped when it closes.
pub(crate) struct Admitted(pub(crate) Arc<Connection>);

impl Drop for Admitted {
    fn drop(&mut self) {
        let list = &self.0.list;
        let mut open = list.open();
        open.remove(&self.0.id);
        list.0.meters.set_connections(open.len());
    }
}

impl Connections {
    pub(crate) fn new(meters: Meters) -> Self {
        Self::with_most(meters, most_by_files(raise_file_limit()))
    }

    fn with_most(meters: Meters, most: usize) -> Self {
        Self(Arc::new(Inner {
            open: Mutex::default(),
            most,
            next: AtomicU64::new(0),
            epoch: Instant::now(),
            meters,
        }))
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Takes a new one in; where there are too many, the longest idle one makes room. `None` where all are busy.
    pub(crate) fn admit(&self, peer: SocketAddr, local: IpAddr) -> Option<Admitted> {
        let mut open = self.open();
        if open.len() >= self.0.most && !make_room(&mut open) {
            return None;
        }
        let connection = Arc::new(Connection {
            id: self.0.next.fetch_add(1, Relaxed),
            peer,
            local: local.to_canonical(),
            closing: CancellationToken::new(),
            busy: AtomicU64::new(0),
            idle_since: AtomicU64::new(self.now()),
            list: self.clone(),
        });
        open.insert(connection.id, Arc::clone(&connection));
        self.0.meters.set_connections(open.len());
        Some(Admitted(connection))
    }

    /// Closes the longest idle one, because the system has no descriptors left.
    pub(crate) fn close_one(&self) {
        make_room(&mut self.open());
    }

    /// Closes those from other machines: the endpoint is no longer theirs.
    pub(crate) fn close_remote(&self) {
        for connection in self.open().values() {
            if !connection.is_local() {
                connection.closing.cancel();
            }
        }
    }
}

fn make_room(open: &mut HashMap<u64, Arc<Connection>>) -> bool {
    let longest = open
        .values()
        .filter(|connection| connection.busy.load(Relaxed) == 0)
        .min_by_key(|connection| connection.idle_since.load(Relaxed))
        .map(|connection| connection.id);
    let Some(connection) = longest.and_then(|id| open.remove(&id)) else {
        return false;
    };
    connection.closing.cancel();
    true
}

/// Two descriptors for each: the client's and the engine's.
fn most_by_files(files: u64) -> usize {
    let most = files.saturating_sub(OTHER_FILES) / 2;
    usize::try_from(most).unwrap_or(MOST).clamp(64, MOST)
}

/// Lets this process have as many files as it may, and returns how many.
#[cfg(unix)]
fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let now = limit.current.unwrap_or(u64::MAX);
    let wanted = limit.maximum.unwrap_or(FILES_WANTED).min(FILES_WANTED);
    if now >= wanted {
        return now;
    }
    let raised = Rlimit {
        current: Some(wanted),
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => wanted,
        Err(_) => now,
    }
}

#[cfg(not(unix))]
fn raise_file_limit() -> u64 {
    u64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(connections: &Connections, port: u16) -> Option<Admitted> {
        let peer = SocketAddr::from(([127, 0, 0, 1], port));
        connections.admit(peer, peer.ip())
    }

    #[test]
    fn the_longest_idle_makes_room_and_the_busy_never() {
        let connections = Connections::with_most(Meters::default(), 3);
        let first = connect(&connections, 1).unwrap();
        let busy = connect(&connections, 2).unwrap();
        let answering = busy.0.busy();
        let third = connect(&connections, 3).unwrap();
        // The first was used after the third came.
        std::thread::sleep(std::time::Duration::from_millis(1));
        drop(first.0.busy());
        let fourth = connect(&connections, 4).unwrap();
        assert!(third.0.closing.is_cancelled());
        assert!(!first.0.closing.is_cancelled() && !busy.0.closing.is_cancelled());
        let guards = [first.0.busy(), fourth.0.busy()];
        assert!(connect(&connections, 5).is_none(), "all are busy");
        drop((guards, answering, third));
        assert!(connect(&connections, 6).is_some());
    }

    #[test]
    fn the_limit_follows_what_the_system_allows() {
        assert_eq!(most_by_files(1024), 256);
        assert_eq!(most_by_files(256), 64);
        assert_eq!(most_by_files(1 << 20), MOST);
    }

    #[test]
    fn only_this_machine_is_local() {
        let connections = Connections::with_most(Meters::default(), 3);
        for (peer, local, expected) in [
            ("127.0.0.1:1", "127.0.0.1", true),
            ("[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", true),
            ("[::1]:1", "::1", true),
            ("192.168.1.2:1", "192.168.1.1", false),
            ("192.168.1.1:1", "192.168.1.1", false),
        ] {
            let admitted = connections
                .admit(peer.parse().unwrap(), local.parse().unwrap())
                .unwrap();
            assert_eq!(admitted.0.is_local(), expected, "{peer}");
        }
    }
}
