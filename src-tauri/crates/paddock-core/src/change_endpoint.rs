//! Where the endpoint listens, to whom, and how much runs at once: one use case, so that the window and the API refuse the
//! same and keep the same.
//!
//! What is there already is not checked again: a list without one of its entries can always be saved. Left out: moving
//! the listener, which is its owner's.

use std::net::{IpAddr, SocketAddr};

use crate::core::Core;
use crate::error::Error;
use crate::refusals::{allowable_host, allowable_origin};

/// Those below are the system's.
const LOWEST_PORT: u16 = 1024;

/// Changes of the endpoint; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointChange {
    /// The address; beyond loopback it takes an API key.
    pub host: Option<IpAddr>,
    /// The port, from 1024.
    pub port: Option<u16>,
    /// Whether a request loads its model.
    pub load_on_demand: Option<bool>,
    /// Whether requests are logged.
    pub request_log: Option<bool>,
    /// All names, beside loopback, by which clients may call it.
    pub allowed_hosts: Option<Vec<String>>,
    /// All web pages, beside loopback's, that may use it.
    pub allowed_origins: Option<Vec<String>>,
    /// Bounds on what runs.
    pub limits: LimitsChange,
}

/// Changes of the limits; what is absent stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimitsChange {
    /// Models at once; 0 is as many as memory holds.
    pub max_loaded: Option<usize>,
    /// Bytes for all models together; `Some(None)` is what the machine has.
    pub memory_bytes: Option<Option<u64>>,
    /// Seconds without a request after which what a request loaded ends: 0 at once, -1 never.
    pub idle_seconds: Option<i64>,
    /// Requests that may wait for one model, from 1.
    pub queue_length: Option<usize>,
    /// Seconds after which a load that is not ready is ended, from 1.
    pub load_timeout_seconds: Option<u64>,
}

/// The endpoint cannot be so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Other machines could reach it without a key.
    #[error("other computers may reach the endpoint only with an API key, and there is none")]
    NeedsKey,
    /// The port is the system's, or none.
    #[error("port {port} is not for programs like this one")]
    Port {
        /// The port.
        port: u16,
    },
    /// A limit with which nothing would run.
    #[error("{name} must be 1 or more")]
    Limit {
        /// Its name in the settings.
        name: &'static str,
    },
}

impl EndpointError {
    /// The stable name on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NeedsKey => "needs_key",
            Self::Port { .. } => "invalid_port",
            Self::Limit { .. } => "invalid_limit",
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NeedsKey => "Make one first: `paddock key add NAME`.",
            Self::Port { .. } => "Choose a port from 1024 to 65535.",
            Self::Limit { .. } => "",
        }
    }
}

impl Core {
    /// Changes the endpoint and the limits, at once and all or nothing. Returns where it is to listen from now on, where
    /// that was named: whoever owns the listener moves it.
    ///
    /// # Errors
    /// [`EndpointError`], [`Error::NotAllowable`], or the settings cannot be saved; then nothing changed.
    pub fn change_endpoint(&self, change: EndpointChange) -> Result<Option<SocketAddr>, Error> {
        if let Some(port) = change.port.filter(|port| *port < LOWEST_PORT) {
            return Err(EndpointError::Port { port }.into());
        }
        if change.host.is_some_and(|host| !host.is_loopback()) && !self.has_keys() {
            return Err(EndpointError::NeedsKey.into());
        }
        change.limits.check()?;
        let (hosts, origins) = {
            let now = self.settings();
            let gateway = &now.gateway;
            (
                checked(change.allowed_hosts, &gateway.allowed_hosts, allowable_host)?,
                checked(
                    change.allowed_origins,
                    &gateway.allowed_origins,
                    allowable_origin,
                )?,
            )
        };
        let address = self.update_settings(|settings| {
            let gateway = &mut settings.gateway;
            set(&mut gateway.host, change.host);
            set(&mut gateway.port, change.port);
            set(&mut gateway.load_on_demand, change.load_on_demand);
            set(&mut gateway.request_log, change.request_log);
            set(&mut gateway.allowed_hosts, hosts);
            set(&mut gateway.allowed_origins, origins);
            let address = SocketAddr::new(gateway.host, gateway.port);
            let limits = &mut settings.limits;
            set(&mut limits.max_loaded, change.limits.max_loaded);
            set(&mut limits.memory_bytes, change.limits.memory_bytes);
            set(&mut limits.idle_seconds, change.limits.idle_seconds);
            set(&mut limits.queue_length, change.limits.queue_length);
            set(
                &mut limits.load_timeout_seconds,
                change.limits.load_timeout_seconds,
            );
            address
        })?;
        Ok((change.host.is_some() || change.port.is_some()).then_some(address))
    }
}

impl LimitsChange {
    fn check(&self) -> Result<(), EndpointError> {
        let name = match self {
            Self {
                queue_length: Some(0),
                ..
            } => "queueLength",
            Self {
                load_timeout_seconds: Some(0),
                ..
            } => "loadTimeoutSeconds",
            _ => return Ok(()),
        };
        Err(EndpointError::Limit { name })
    }
}

fn set<T>(value: &mut T, wanted: Option<T>) {
    if let Some(wanted) = wanted {
        *value = wanted;
    }
}

/// A list as it is kept: each entry once, and none that lets everyone in.
fn checked(
    wanted: Option<Vec<String>>,
    now: &[String],
    check: impl Fn(&str) -> Result<String, Error>,
) -> Result<Option<Vec<String>>, Error> {
    let Some(wanted) = wanted else {
        return Ok(None);
    };
    let mut kept: Vec<String> = Vec::new();
    for entry in wanted {
        let entry = if now.contains(&entry) {
            entry
        } else {
            check(&entry)?
        };
        if !kept.iter().any(|known| known.eq_ignore_ascii_case(&entry)) {
            kept.push(entry);
        }
    }
    Ok(Some(kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::open_for_test;

    fn refused(core: &Core, change: EndpointChange) -> &'static str {
        core.change_endpoint(change).unwrap_err().code()
    }

    /// A page without a name, or a star, in the list would let every page in (Jan #8453): also where the whole list is
    /// set at once.
    #[test]
    fn lists_are_checked_as_single_entries_are() {
        let folder = tempfile::tempdir().unwrap();
        let core = open_for_test(folder.path());
        for bad in ["null", "*", "https://*", "example.com"] {
            let change = EndpointChange {
                allowed_origins: Some(vec!["https://chat.example".to_owned(), bad.to_owned()]),
                ..EndpointChange::default()
            };
            assert_eq!(refused(&core, change), "not_allowable", "{bad}");
        }
        for bad in ["", "*", "http://x"] {
            let change = EndpointChange {
                allowed_hosts: Some(vec![bad.to_owned()]),
                ..EndpointChange::default()
            };
            assert_eq!(refused(&core, change), "not_allowable", "{bad:?}");
        }
        assert!(core.settings().gateway.allowed_origins.is_empty());
        let change = EndpointChange {
            allowed_hosts: Some(vec![" Box.LAN".to_owned(), "box.lan".to_owned()]),
            ..EndpointChange::default()
        };
        assert_eq!(core.change_endpoint(change).unwrap(), None);
        assert_eq!(core.settings().gateway.allowed_hosts, ["box.lan"]);
    }

    /// What somebody wrote into the file by hand must not keep the rest of the list from being changed.
    #[test]
    fn what_is_there_already_is_no_reason_to_refuse() {
        let folder = tempfile::tempdir().unwrap();
        let core = open_for_test(folder.path());
        let by_hand = ["null".to_owned(), "https://one.example".to_owned()];
        core.update_settings(|settings| settings.gateway.allowed_origins = by_hand.to_vec())
            .unwrap();
        let change = EndpointChange {
            allowed_origins: Some(vec!["null".to_owned()]),
            ..EndpointChange::default()
        };
        core.change_endpoint(change).unwrap();
        assert_eq!(core.settings().gateway.allowed_origins, ["null"]);
    }

    #[test]
    fn it_is_all_or_nothing_and_says_where_to_listen() {
        let folder = tempfile::tempdir().unwrap();
        let core = open_for_test(folder.path());
        let lan = || EndpointChange {
            host: Some("0.0.0.0".parse().unwrap()),
            load_on_demand: Some(false),
            ..EndpointChange::default()
        };
        assert_eq!(refused(&core, lan()), "needs_key");
        for port in [0, 80, 1023] {
            let change = EndpointChange {
                port: Some(port),
                load_on_demand: Some(false),
                ..EndpointChange::default()
            };
            assert_eq!(refused(&core, change), "invalid_port");
        }
        assert!(core.settings().gateway.load_on_demand);
        core.add_key("laptop", false).unwrap();
        let address = core.change_endpoint(lan()).unwrap();
        assert_eq!(address, Some("0.0.0.0:8421".parse().unwrap()));
        assert!(!core.settings().gateway.load_on_demand);
    }

    #[test]
    fn limits_are_set_and_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let core = open_for_test(folder.path());
        let with = |limits: LimitsChange| EndpointChange {
            limits,
            ..EndpointChange::default()
        };
        let set = LimitsChange {
            max_loaded: Some(2),
            memory_bytes: Some(Some(8_000_000_000)),
            queue_length: Some(5),
            ..LimitsChange::default()
        };
        core.change_endpoint(with(set)).unwrap();
        let limits = core.settings().limits.clone();
        assert_eq!((limits.max_loaded, limits.queue_length), (2, 5));
        assert_eq!(limits.memory_bytes, Some(8_000_000_000));
        assert_eq!(limits.idle_seconds, 3_600, "what is absent stays");
        let back = LimitsChange {
            memory_bytes: Some(None),
            ..LimitsChange::default()
        };
        core.change_endpoint(with(back)).unwrap();
        assert_eq!(core.settings().limits.memory_bytes, None);
        let none = LimitsChange {
            queue_length: Some(0),
            ..LimitsChange::default()
        };
        assert_eq!(refused(&core, with(none)), "invalid_limit");
    }
}
