//! What can go wrong with a hub, each in words of its own with something to do about it: "download failed" helps nobody
//! (LM Studio #474, #256, #315, #1770).

use std::time::Duration;

/// Why the hub gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was typed names no repository. Nothing was asked.
    #[error("{text:?} names no repository: {reason}")]
    InvalidReference {
        /// As it was typed.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The address of the hub is no URL.
    #[error("{endpoint:?} is no address of a hub")]
    InvalidEndpoint {
        /// As it was given.
        endpoint: String,
    },
    /// No such repository, or one that the token may not see: the hub does not tell these apart.
    #[error("there is no repository {repo} on {host}")]
    NotFound {
        /// The repository.
        repo: String,
        /// The hub.
        host: String,
    },
    /// The repository has no such branch, tag or commit.
    #[error("{repo} has no revision {revision:?}")]
    RevisionNotFound {
        /// The repository.
        repo: String,
        /// The revision asked for.
        revision: String,
    },
    /// The repository has no such file.
    #[error("{repo} has no file {path:?}")]
    FileNotFound {
        /// The repository.
        repo: String,
        /// The path asked for.
        path: String,
    },
    /// No token was sent, and without one the hub does not show it.
    #[error("{repo} does not exist on {host}, or is private")]
    Unauthorized {
        /// The repository.
        repo: String,
        /// The hub.
        host: String,
    },
    /// The token itself is wrong or expired.
    #[error("{host} refuses the token")]
    TokenRefused {
        /// The hub.
        host: String,
    },
    /// Its author wants terms accepted first.
    #[error("{repo} is gated: its author wants the terms of use accepted first")]
    Gated {
        /// The repository.
        repo: String,
        /// Its page, where terms are accepted.
        page: String,
        /// A token was sent, whose owner has not been let in.
        with_token: bool,
    },
    /// Too many requests.
    #[error("{host} allows no more requests for now{}", wait(*retry_after))]
    RateLimited {
        /// The hub.
        host: String,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
        /// A token was sent.
        with_token: bool,
    },
    /// No connection, or silence.
    #[error("{host} cannot be reached: {reason}")]
    Offline {
        /// The hub.
        host: String,
        /// What the network said, in short.
        reason: String,
        /// All of it.
        #[source]
        source: reqwest::Error,
    },
    /// The hub is in trouble itself.
    #[error("{host} answered HTTP {status}{}", said(message.as_deref()))]
    Server {
        /// The hub.
        host: String,
        /// The status.
        status: u16,
        /// Its own words.
        message: Option<String>,
    },
    /// The answer is none that a hub gives.
    #[error("{host} answered something that is no hub's answer: {reason}")]
    NotAHub {
        /// The hub.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Longer quotations say no more.
const LONGEST_QUOTE: usize = 300;

/// Foreign words for a sentence of ours: not without end, and none that speak to a terminal.
pub(crate) fn quotable(text: &str) -> String {
    let mut letters = text.chars().filter(|letter| !letter.is_control());
    let mut quote: String = letters.by_ref().take(LONGEST_QUOTE).collect();
    if letters.next().is_some() {
        quote.push('…');
    }
    quote
}

fn wait(retry_after: Option<Duration>) -> String {
    retry_after
        .map(|time| format!("; it asks to wait {} s", time.as_secs()))
        .unwrap_or_default()
}

fn said(message: Option<&str>) -> String {
    message
        .map(|message| format!(": {message}"))
        .unwrap_or_default()
}

impl Error {
    /// The stable name on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidReference { .. } => "hub_invalid_reference",
            Self::InvalidEndpoint { .. } => "hub_invalid_endpoint",
            Self::NotFound { .. } => "hub_not_found",
            Self::RevisionNotFound { .. } => "hub_revision_not_found",
            Self::FileNotFound { .. } => "hub_file_not_found",
            Self::Unauthorized { .. } => "hub_unauthorized",
            Self::TokenRefused { .. } => "hub_token_refused",
            Self::Gated { .. } => "hub_gated",
            Self::RateLimited { .. } => "hub_rate_limited",
            Self::Offline { .. } => "hub_offline",
            Self::Server { .. } => "hub_server",
            Self::NotAHub { .. } => "hub_not_a_hub",
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::InvalidReference { .. } => {
                "Name it as owner/repository, owner/repository:Q4_K_M, or paste the page's address.".to_owned()
            }
            Self::InvalidEndpoint { .. } => {
                "Correct the hub's address in the settings or in HF_ENDPOINT; it begins with https://.".to_owned()
            }
            Self::NotFound { .. } => {
                "Check the name. If it is private, the token must be of an account that may read it.".to_owned()
            }
            Self::RevisionNotFound { .. } => "Leave the revision out for the newest one.".to_owned(),
            Self::FileNotFound { repo, .. } => format!("`paddock files {repo}` lists its files."),
            Self::Unauthorized { .. } => {
                "Check the name. If it is private, set a token in the settings or in HF_TOKEN.".to_owned()
            }
            Self::TokenRefused { .. } => {
                "Make a new token on the hub's settings page and set it in the settings or in HF_TOKEN; without any token public models still work.".to_owned()
            }
            Self::Gated { page, with_token: false, .. } => {
                format!("Accept the terms at {page}, then set a token of that account in the settings or in HF_TOKEN.")
            }
            Self::Gated { page, with_token: true, .. } => {
                format!("Accept the terms at {page} with the account that the token belongs to; some authors decide by hand, which takes time.")
            }
            Self::RateLimited { with_token: false, .. } => {
                "Wait a little. With a token (settings or HF_TOKEN) the hub allows more.".to_owned()
            }
            Self::RateLimited { with_token: true, .. } => "Wait a little and try again.".to_owned(),
            Self::Offline { .. } => {
                "Check the network connection. Behind a proxy, set HTTPS_PROXY; where the hub is blocked, set a mirror in the settings or in HF_ENDPOINT. Models that are here work without it.".to_owned()
            }
            Self::Server { .. } => "Try again in a while.".to_owned(),
            Self::NotAHub { .. } => {
                "Check the hub's address in the settings or in HF_ENDPOINT; a login page of the network may be in between.".to_owned()
            }
        }
    }
}

/// The innermost cause, which is what the system said: the layers above it repeat the address.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it does not answer".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
