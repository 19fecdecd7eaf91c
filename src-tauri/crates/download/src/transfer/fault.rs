//! What ends a request, sorted by what is to be done about it.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};

use crate::error::Error;

/// A server that asks for a longer pause is asked again after this one.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

#[derive(Debug)]
pub(crate) enum Fault {
    /// No retry helps.
    Fatal(Error),
    /// No way to the server: goes on when there is one.
    Offline(String),
    /// The server wants fewer requests, and said for how long.
    Pause { wait: Duration, problem: String },
    /// A try that failed; the next may not.
    Broken(String),
    /// Refused by where a fresh redirect led: perhaps a clock, perhaps for good.
    Refusing(Error),
    /// The file is another one now.
    Changed(String),
    /// The server answered with the whole file where a part was asked for.
    NoRanges,
    /// The writer ended; it knows why.
    Writer,
}

/// What a request that got no answer ended with.
pub(crate) fn of_request(error: &reqwest::Error, url: &Url) -> Fault {
    let problem = innermost(error);
    let lower = problem.to_ascii_lowercase();
    if lower.contains("certificate") {
        return Fault::Fatal(Error::Untrusted {
            host: host(url),
            problem,
        });
    }
    if error.is_builder() {
        return Fault::Fatal(Error::BadUrl {
            url: presentable(url),
        });
    }
    if error.is_connect() {
        return Fault::Offline(format!("{} cannot be reached: {problem}", host(url)));
    }
    Fault::Broken(problem)
}

/// What a status other than success means; `redirected` is whether a fresh redirect led there.
pub(crate) async fn of_status(response: Response, redirected: bool) -> Fault {
    let status = response.status();
    let url = presentable(response.url());
    let host = host(response.url());
    let wait = retry_after(response.headers());
    let message = message(&response);
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE if wait.is_some() => {
            let wait = wait.unwrap_or_default().min(LONGEST_PAUSE);
            Fault::Pause {
                wait,
                problem: format!("{host} asks for a pause of {} s", wait.as_secs().max(1)),
            }
        }
        StatusCode::TOO_MANY_REQUESTS => Fault::Broken(format!("{host} gets too many requests")),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => {
            Fault::Broken(format!("{host} answered {}", status.as_u16()))
        }
        _ if status.is_server_error() => {
            Fault::Broken(format!("{host} answered {}", status.as_u16()))
        }
        _ => {
            let error = match status {
                StatusCode::UNAUTHORIZED => Error::Unauthorized { host, url, message },
                StatusCode::FORBIDDEN => Error::Forbidden { host, url, message },
                StatusCode::NOT_FOUND | StatusCode::GONE => Error::NotFound { host, url, message },
                _ => Error::Refused {
                    host,
                    status: status.as_u16(),
                    url,
                    message,
                },
            };
            if redirected {
                Fault::Refusing(error)
            } else {
                Fault::Fatal(error)
            }
        }
    }
}

/// The address without query and user, which may be secrets.
pub(crate) fn presentable(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

pub(crate) fn host(url: &Url) -> String {
    url.host_str().unwrap_or("the server").to_owned()
}

fn message(response: &Response) -> Option<String> {
    let header = |name: &str| response.headers().get(name)?.to_str().ok();
    let text = header("x-error-message").or_else(|| header("x-error-code"))?;
    Some(text.chars().filter(|c| !c.is_control()).take(300).collect())
}

/// `Retry-After` in seconds or as a date; else the reset of an IETF `RateLimit` header.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    if let Some(value) = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
    {
        if let Ok(seconds) = value.trim().parse() {
            return Some(Duration::from_secs(seconds));
        }
        if let Ok(date) = httpdate::parse_http_date(value.trim()) {
            let now = std::time::SystemTime::now();
            return Some(date.duration_since(now).unwrap_or_default());
        }
    }
    let limit = headers.get("ratelimit")?.to_str().ok()?;
    let reset = limit.split([';', ',', ' ']).find_map(|part| {
        part.trim()
            .strip_prefix("t=")
            .or(part.trim().strip_prefix("reset="))
    })?;
    Some(Duration::from_secs(reset.parse().ok()?))
}

/// The last cause: the outer ones only say that something failed.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if std::ptr::addr_eq(cause, error) {
        return error
            .source()
            .map_or_else(|| "the request failed".to_owned(), ToString::to_string);
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn pauses_are_read_in_every_form() {
        let seconds = |name, value| retry_after(&headers(name, value)).map(|wait| wait.as_secs());
        assert_eq!(seconds("retry-after", "7"), Some(7));
        assert_eq!(
            seconds("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"),
            Some(0)
        );
        assert_eq!(seconds("ratelimit", "\"api\";r=0;t=41"), Some(41));
        assert_eq!(
            seconds("ratelimit", "limit=10, remaining=0, reset=9"),
            Some(9)
        );
        assert_eq!(seconds("retry-after", "soon"), None);
        assert_eq!(seconds("etag", "x"), None);
    }

    #[test]
    fn secrets_in_addresses_are_not_shown() {
        let url = Url::parse("https://me:secret@example.org/a/b?X-Sig=secret#secret").unwrap();
        assert_eq!(presentable(&url), "https://example.org/a/b");
    }
}
