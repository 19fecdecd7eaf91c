//! Who listens on a port.

use std::net::{SocketAddr, TcpListener};

use serde::{Deserialize, Serialize};

/// A program that listens on a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PortOwner {
    /// Its pid.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for PortOwner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} (pid {})", self.name, self.pid)
    }
}

/// The program that listens on a TCP port of this machine; `None` where nobody does, and where the system does not tell
/// this user. Reads much: keep it off the async threads.
#[must_use]
pub fn port_owner(port: u16) -> Option<PortOwner> {
    let process = listeners::get_process_by_port(port, listeners::Protocol::TCP).ok()?;
    Some(PortOwner {
        pid: process.pid,
        name: process.name,
    })
}

/// Why nobody could listen there now.
pub(super) fn problem(address: SocketAddr) -> Option<String> {
    let error = TcpListener::bind(address).err()?;
    Some(match error.kind() {
        std::io::ErrorKind::AddrInUse => format!("port {} is taken", address.port()),
        _ => format!("nobody can listen on {address}: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_a_port_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(
            problem(address),
            Some(format!("port {} is taken", address.port()))
        );
        if cfg!(target_os = "linux") {
            let owner = port_owner(address.port()).unwrap();
            assert_eq!(owner.pid, std::process::id());
        }
        drop(listener);
        // A child that another test is just starting may hold it for a moment.
        let freed = (0..100).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            problem(address).is_none() && port_owner(address.port()).is_none()
        });
        assert!(freed);
    }
}
