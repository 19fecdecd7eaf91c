//! The one HTTP client for everything beyond this machine, made when it is first needed: reading the system's
//! certificates takes longer than all else at the start.

use std::sync::OnceLock;

use crate::core::Core;

/// The client once it is made.
#[derive(Default)]
pub(crate) struct HttpClient(OnceLock<reqwest::Client>);

/// What Paddock calls itself.
const USER_AGENT: &str = concat!("paddock/", env!("CARGO_PKG_VERSION"));

impl Core {
    /// The client for the hub, downloads and engine releases. Clones share its connections.
    #[must_use]
    pub fn http(&self) -> reqwest::Client {
        self.inner
            .http
            .0
            .get_or_init(|| http_client::internet(USER_AGENT))
            .clone()
    }
}
