//! How Paddock makes its HTTP clients. Nobody else calls `reqwest::Client::new` or `builder`, tests included: the TLS
//! library needs its cryptography installed first, and a client for loopback must not depend on certificates.
//!
//! TLS is rustls with ring: no system library to find, half the size of the alternative. Trust is the operating
//! system's own, so a company's root certificate works as it does in the browser.
//!
//! Left out: retries, and which host gets which token: that is its callers' knowledge.

use std::sync::Once;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect};

/// A host that does not take a connection by then is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Silence for this long is a broken connection. There is no limit on the whole: files are large.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A client for servers on this machine: past all proxies, and without reading the system's certificates, which takes
/// time and fails where there are none.
pub fn loopback() -> ClientBuilder {
    prepare();
    Client::builder().no_proxy().tls_certs_only([])
}

/// The client for everything beyond this machine: proxies from the environment and the system, HTTP/1.1, no
/// compression (bytes that are counted must be the file's own). It follows redirects and leaves tokens behind where they
/// go to another host or port.
#[must_use]
pub fn internet(user_agent: &str) -> Client {
    with_redirects(user_agent, redirect::Policy::default)
}

/// The same, for who must see redirects: downloads, whose addresses expire.
#[must_use]
pub fn internet_without_redirects(user_agent: &str) -> Client {
    with_redirects(user_agent, redirect::Policy::none)
}

fn with_redirects(user_agent: &str, policy: fn() -> redirect::Policy) -> Client {
    let builder = || {
        prepare();
        Client::builder()
            .user_agent(user_agent)
            .redirect(policy())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .http1_only()
    };
    builder().build().unwrap_or_else(|error| {
        // A container without certificates: mirrors by plain HTTP still work, and HTTPS says what is wrong.
        tracing::warn!(%error, "no certificates of this system; HTTPS will not work");
        builder()
            .tls_certs_only([])
            .build()
            .unwrap_or_else(|_| Client::new())
    })
}

/// Installs the cryptography for TLS, once in a process.
pub fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that one is installed already, which will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_can_be_made() {
        assert!(loopback().build().is_ok());
        let _ = internet("paddock/test");
    }
}
