//! Requests that the endpoint refused lately, and letting in what they were refused for.
//!
//! The gateway records, the window and the API show. A refused host or origin is let in by adding it to the settings;
//! a refused key only tells that somebody tried, and never what was presented.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use supervisor::milliseconds_since_epoch;
use tokio::sync::watch;

use crate::core::Core;
use crate::error::Error;

/// More than anybody reads; the one that was last seen longest ago goes.
const MOST_KEPT: usize = 50;
/// A name is no longer than this (RFC 1035); an origin is one with a scheme and a port.
const LONGEST: usize = 300;

/// What was wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RefusalKind {
    /// The name that the endpoint was called by.
    Host,
    /// The web page that it came from.
    Origin,
    /// No key, or a wrong one; the value is the caller's address.
    Key,
}

/// Requests that were refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// What was wrong.
    pub kind: RefusalKind,
    /// The host, the origin, or the caller's address.
    pub value: String,
    /// How often.
    pub count: u64,
    /// When the last time was, milliseconds since the epoch.
    pub last_at: u64,
}

/// The refusals of this run.
pub(crate) struct Refusals {
    list: watch::Sender<Arc<Vec<Refusal>>>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self {
            list: watch::Sender::new(Arc::default()),
        }
    }
}

impl Refusals {
    fn change(&self, change: impl FnOnce(&mut Vec<Refusal>)) {
        self.list.send_modify(|list| change(Arc::make_mut(list)));
    }

    fn record(&self, kind: RefusalKind, value: &str, now: u64) {
        let value: String = value
            .chars()
            .filter(|letter| !letter.is_control())
            .take(LONGEST)
            .collect();
        self.change(|list| {
            if let Some(known) = list
                .iter_mut()
                .find(|refusal| refusal.kind == kind && refusal.value == value)
            {
                known.count += 1;
                known.last_at = now;
                return;
            }
            if list.len() == MOST_KEPT
                && let Some(oldest) = (0..list.len()).min_by_key(|index| list[*index].last_at)
            {
                list.remove(oldest);
            }
            list.push(Refusal {
                kind,
                value,
                count: 1,
                last_at: now,
            });
        });
    }
}

impl Core {
    /// What the endpoint refused lately, now and whenever it changes.
    #[must_use]
    pub fn refusals(&self) -> watch::Receiver<Arc<Vec<Refusal>>> {
        self.inner.refusals.list.subscribe()
    }

    /// Keeps a refusal for the user to see.
    pub fn record_refusal(&self, kind: RefusalKind, value: &str) {
        self.inner
            .refusals
            .record(kind, value, milliseconds_since_epoch());
    }

    /// Lets clients call the endpoint by this name from now on.
    ///
    /// # Errors
    /// [`Error::NotAllowable`], or the settings cannot be saved.
    pub fn allow_host(&self, host: &str) -> Result<(), Error> {
        let host = allowable_host(host)?;
        self.update_settings(|settings| add(&mut settings.gateway.allowed_hosts, &host))?;
        self.forget_refusal(RefusalKind::Host, &host);
        Ok(())
    }

    /// Lets this web page, or extension, use the endpoint from now on.
    ///
    /// # Errors
    /// [`Error::NotAllowable`], or the settings cannot be saved.
    pub fn allow_origin(&self, origin: &str) -> Result<(), Error> {
        let origin = allowable_origin(origin)?;
        self.update_settings(|settings| add(&mut settings.gateway.allowed_origins, &origin))?;
        self.forget_refusal(RefusalKind::Origin, &origin);
        Ok(())
    }

    fn forget_refusal(&self, kind: RefusalKind, value: &str) {
        self.inner.refusals.change(|list| {
            list.retain(|refusal| {
                refusal.kind != kind || !refusal.value.eq_ignore_ascii_case(value)
            });
        });
    }
}

/// A name as it is kept.
pub(crate) fn allowable_host(host: &str) -> Result<String, Error> {
    let host = host.trim().to_ascii_lowercase();
    if is_host(&host) {
        return Ok(host);
    }
    Err(Error::NotAllowable {
        value: host,
        reason: "it is no host name",
    })
}

/// An origin as it is kept.
pub(crate) fn allowable_origin(origin: &str) -> Result<String, Error> {
    let origin = origin.trim().to_ascii_lowercase();
    let reason = match origin.split_once("://") {
        _ if origin == "null" => "any page can make itself nameless, so it would let all in",
        Some((scheme, rest)) if !scheme.is_empty() && is_authority(rest) => return Ok(origin),
        _ => "it is no origin, which is written as https://example.com",
    };
    Err(Error::NotAllowable {
        value: origin,
        reason,
    })
}

fn add(list: &mut Vec<String>, value: &str) {
    if !list.iter().any(|known| known.eq_ignore_ascii_case(value)) {
        list.push(value.to_owned());
    }
}

fn is_host(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
}

fn is_authority(rest: &str) -> bool {
    is_host(rest) || rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::open_for_test;

    #[test]
    fn the_same_refusal_is_counted_and_the_oldest_go() {
        let refusals = Refusals::default();
        for time in 0..60 {
            refusals.record(RefusalKind::Host, &format!("{time}.example"), time);
        }
        refusals.record(RefusalKind::Host, "59.example", 100);
        refusals.record(RefusalKind::Origin, "59.example", 101);
        let list = refusals.list.borrow().clone();
        assert_eq!(list.len(), MOST_KEPT);
        assert!(list.iter().all(|refusal| refusal.last_at > 10));
        let twice: Vec<_> = list.iter().filter(|refusal| refusal.count == 2).collect();
        assert_eq!((twice.len(), twice[0].last_at), (1, 100));
    }

    #[test]
    fn what_was_let_in_is_in_the_settings_once_and_refused_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let core = open_for_test(folder.path());
        core.record_refusal(RefusalKind::Host, "host.docker.internal");
        core.record_refusal(RefusalKind::Origin, "chrome-extension://abcdef");
        core.allow_host("Host.Docker.Internal").unwrap();
        core.allow_host("host.docker.internal").unwrap();
        core.allow_origin("chrome-extension://abcdef").unwrap();
        let gateway = &core.settings().gateway;
        assert_eq!(gateway.allowed_hosts, ["host.docker.internal"]);
        assert_eq!(gateway.allowed_origins, ["chrome-extension://abcdef"]);
        assert!(core.refusals().borrow().is_empty());
    }

    /// Trusted names widened by mistake: Jan #8453.
    #[test]
    fn what_would_let_everyone_in_cannot_be_let_in() {
        let folder = tempfile::tempdir().unwrap();
        let core = open_for_test(folder.path());
        for host in ["", "*", "a b", "http://x", "x/y"] {
            assert!(core.allow_host(host).is_err(), "{host}");
        }
        for origin in [
            "null",
            "*",
            "https://*",
            "https://",
            "example.com",
            "https://x/y",
        ] {
            assert!(core.allow_origin(origin).is_err(), "{origin}");
        }
    }
}
