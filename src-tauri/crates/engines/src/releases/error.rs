//! Why releases could not be asked for.

use std::error::Error as _;

use super::seconds_since_epoch;

/// Why releases could not be asked for. Cheap to clone: it is shown beside what is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
    /// There is no connection, or no answer on it.
    #[error("could not reach {host}: {reason}")]
    Offline {
        /// The server.
        host: String,
        /// Why not.
        reason: String,
    },
    /// Too many questions in an hour.
    #[error("the release server allows no more questions for now; it does again {}", in_words(*until_seconds))]
    RateLimited {
        /// Seconds since the epoch.
        until_seconds: u64,
    },
    /// There is nothing at this address. Callers say what that means.
    #[error("there is nothing at {url}")]
    Missing {
        /// The address.
        url: String,
    },
    /// No release has this tag.
    #[error("llama.cpp has no release {tag:?}")]
    NotFound {
        /// The tag.
        tag: String,
    },
    /// Neither the latest release nor the list has a build.
    #[error("{url} lists no release with builds")]
    NoBuilds {
        /// The API's address.
        url: String,
    },
    /// The server refuses or fails.
    #[error("{url} answered HTTP {status}")]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: u16,
    },
    /// The answer is not what the API answers.
    #[error("{url} answered something that is no release: {reason}")]
    Malformed {
        /// The address.
        url: String,
        /// What is wrong.
        reason: String,
    },
}

impl ReleaseError {
    pub(super) fn offline(url: &str, error: &reqwest::Error) -> Self {
        let host = reqwest::Url::parse(url)
            .ok()
            .and_then(|url| {
                let host = url.host_str()?.to_owned();
                Some(match url.port() {
                    Some(port) => format!("{host}:{port}"),
                    None => host,
                })
            })
            .unwrap_or_else(|| url.to_owned());
        let reason = if error.is_timeout() {
            "it did not answer in time".to_owned()
        } else {
            innermost(error)
        };
        Self::Offline { host, reason }
    }

    /// The stable name of this error on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Offline { .. } => "releases_offline",
            Self::RateLimited { .. } => "releases_rate_limited",
            Self::Missing { .. } | Self::NotFound { .. } => "release_not_found",
            Self::NoBuilds { .. } | Self::Status { .. } | Self::Malformed { .. } => {
                "releases_unusable"
            }
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Offline { .. } => {
                "Check the network or the proxy. Engines that are installed work without it."
            }
            Self::RateLimited { .. } => "Wait until then, or add an engine by its path.",
            Self::Missing { .. } | Self::NotFound { .. } => {
                "Builds are called b and a number, such as b10434; `latest` is the newest."
            }
            Self::NoBuilds { .. } | Self::Status { .. } | Self::Malformed { .. } => {
                "Check `engines.releasesUrl` in the settings and PADDOCK_RELEASES_URL, or try again later."
            }
        }
    }
}

/// The last of an error's causes: the first ones only say that sending failed.
fn innermost(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    text
}

/// `in 12 minutes (at 14:05 UTC)`.
fn in_words(until_seconds: u64) -> String {
    let minutes = until_seconds
        .saturating_sub(seconds_since_epoch())
        .div_ceil(60)
        .max(1);
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    let of_day = until_seconds % 86_400;
    format!(
        "in {minutes} {unit} (at {:02}:{:02} UTC)",
        of_day / 3600,
        of_day % 3600 / 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_limit_is_told() {
        let until = seconds_since_epoch() + 601;
        let text = ReleaseError::RateLimited {
            until_seconds: until,
        }
        .to_string();
        assert!(text.contains("in 11 minutes (at "), "{text}");
        assert!(text.ends_with(" UTC)"), "{text}");
        assert!(in_words(14 * 3600 + 5 * 60).contains("(at 14:05 UTC)"));
    }
}
