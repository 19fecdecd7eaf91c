//! Who may call: programs on this machine, and no web page that the user did not list.
//!
//! A page that the user visits can send requests to loopback; the engine itself echoes any `Origin`. And a foreign name
//! that resolves to 127.0.0.1 makes a page's requests same-origin, so `Host` is checked too (DNS rebinding; Jan #8453).

use std::net::IpAddr;

use http::{HeaderMap, Uri, header};
use paddock_core::RefusalKind;
use settings::GatewaySettings;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the request names no host")]
    NoHost,
    #[error(
        "the request is addressed to {0}, which is not a name of this endpoint; to allow it, use Paddock's Server page, or add it to gateway.allowedHosts in its settings"
    )]
    Host(String),
    #[error(
        "the web page {0} may not use this endpoint; to allow it, use Paddock's Server page, or add it to gateway.allowedOrigins in its settings"
    )]
    Origin(String),
}

impl Refused {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoHost | Self::Host(_) => "host_not_allowed",
            Self::Origin(_) => "origin_not_allowed",
        }
    }

    /// What would have to be let in.
    pub(crate) fn subject(&self) -> Option<(RefusalKind, &str)> {
        match self {
            Self::NoHost => None,
            Self::Host(host) => Some((RefusalKind::Host, without_port(host))),
            Self::Origin(origin) => Some((RefusalKind::Origin, origin)),
        }
    }
}

/// Lets a request in, or says why not. `local` is our end of its connection: a name that resolves to anything else
/// cannot be an address, so the address that the client really came to is a name of ours.
pub(crate) fn check(
    headers: &HeaderMap,
    uri: &Uri,
    settings: &GatewaySettings,
    local: IpAddr,
) -> Result<(), Refused> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| uri.authority().map(|name| name.as_str()));
    let host = host.ok_or(Refused::NoHost)?;
    let name = without_port(host);
    let known = is_loopback(name)
        || name.parse() == Ok(local)
        || name.parse() == Ok(settings.host)
        || settings
            .allowed_hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name));
    if !known {
        return Err(Refused::Host(host.to_owned()));
    }
    for origin in headers.get_all(header::ORIGIN) {
        let origin = origin.to_str().unwrap_or("with an unreadable name");
        if !origin_allowed(origin, settings) {
            return Err(Refused::Origin(origin.to_owned()));
        }
    }
    Ok(())
}

/// Only what the user listed: a page on a port of this machine is whatever program serves it, which may be anybody's.
fn origin_allowed(origin: &str, settings: &GatewaySettings) -> bool {
    settings
        .allowed_origins
        .iter()
        .any(|allowed| allowed.eq_ignore_ascii_case(origin))
}

fn is_loopback(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// `[::1]:80` is `::1`, `localhost:80` is `localhost`.
fn without_port(authority: &str) -> &str {
    if let Some(rest) = authority.strip_prefix('[') {
        return rest.split(']').next().unwrap_or(rest);
    }
    authority
        .rsplit_once(':')
        .map_or(authority, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(host: Option<&str>, origin: Option<&str>) -> Result<(), Refused> {
        let mut headers = HeaderMap::new();
        if let Some(host) = host {
            headers.insert(header::HOST, host.parse().unwrap());
        }
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        let mut settings = GatewaySettings::default();
        settings.allowed_hosts.push("box.lan".to_owned());
        settings
            .allowed_origins
            .push("https://chat.example".to_owned());
        let local = "127.0.0.1".parse().unwrap();
        check(&headers, &Uri::from_static("/v1/models"), &settings, local)
    }

    /// A client in the network names the machine by the address that it came to, and by no other.
    #[test]
    fn the_address_that_a_client_came_to_is_ours() {
        let check_at = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            let settings = GatewaySettings::default();
            let local = "192.168.1.5".parse().unwrap();
            check(&headers, &Uri::from_static("/v1/models"), &settings, local)
        };
        assert_eq!(check_at("192.168.1.5:8421"), Ok(()));
        for other in [
            "192.168.1.6:8421",
            "192.168.1.5.evil.example",
            "evil.example",
        ] {
            assert!(check_at(other).is_err(), "{other}");
        }
    }

    #[test]
    fn what_was_refused_can_be_let_in_by_its_name() {
        let refused = verdict(Some("host.docker.internal:8421"), None).unwrap_err();
        assert_eq!(
            refused.subject(),
            Some((RefusalKind::Host, "host.docker.internal"))
        );
    }

    #[test]
    fn this_machine_may_call() {
        for host in [
            "127.0.0.1:8421",
            "localhost:8421",
            "LOCALHOST",
            "[::1]:8421",
            "127.0.0.1",
            "box.lan:8421",
        ] {
            assert_eq!(verdict(Some(host), None), Ok(()), "{host}");
        }
        for origin in ["https://chat.example", "HTTPS://chat.example"] {
            assert_eq!(verdict(Some("localhost"), Some(origin)), Ok(()), "{origin}");
        }
    }

    #[test]
    fn foreign_names_and_pages_may_not() {
        for host in [
            "evil.example",
            "evil.example:8421",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.168.1.5:8421",
            "",
        ] {
            assert_eq!(
                verdict(Some(host), None),
                Err(Refused::Host(host.to_owned())),
                "{host}"
            );
        }
        assert_eq!(verdict(None, None), Err(Refused::NoHost));
        for origin in [
            "https://evil.example",
            "null",
            "http://localhost.evil.example",
            "file://",
            "http://127.0.0.1.evil.example",
            // Of this machine, but of whichever program: the user says which.
            "http://localhost:3000",
            "http://127.0.0.1",
            "http://[::1]:1",
            "tauri://localhost",
            // Listed is the page, not what else its server has.
            "https://chat.example:8443",
            "http://chat.example",
        ] {
            assert_eq!(
                verdict(Some("localhost"), Some(origin)),
                Err(Refused::Origin(origin.to_owned())),
                "{origin}"
            );
        }
    }
}
