//! The HTTP clients for everything beyond this machine, made when they are first needed: reading the system's
//! certificates takes longer than all else at the start.

use std::sync::OnceLock;

use crate::core::Core;

/// The clients once they are made.
#[derive(Default)]
pub(crate) struct HttpClient {
    following: OnceLock<reqwest::Client>,
    for_downloads: OnceLock<reqwest::Client>,
}

/// What Paddock calls itself.
const USER_AGENT: &str = concat!("paddock/", env!("CARGO_PKG_VERSION"));

impl Core {
    /// The client for the hub, downloads and engine releases. Clones share its connections.
    #[must_use]
    pub fn http(&self) -> reqwest::Client {
        self.inner
            .http
            .following
            .get_or_init(|| http_client::internet(USER_AGENT))
            .clone()
    }

    /// The client for `download::Downloader`, which follows redirects itself.
    #[must_use]
    pub fn http_for_downloads(&self) -> reqwest::Client {
        self.inner
            .http
            .for_downloads
            .get_or_init(|| http_client::internet_without_redirects(USER_AGENT))
            .clone()
    }
}
