//! Where the bytes come from: the address that was given, and the signed one that it redirects to.
//!
//! Redirects are followed here, hop by hop: the token goes to the origin of the first address alone, and the last address
//! is kept for the requests to come. When that one refuses, it has expired: the first is asked again, by one
//! connection for all.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, LOCATION, RANGE};
use reqwest::{Client, Response, StatusCode, Url};

use super::answer::{self, Answer, Linked};
use super::fault::{self, Fault};
use crate::error::Error;
use crate::sync::lock;

const MOST_REDIRECTS: usize = 10;

/// Gives the token for an address.
pub(crate) type Bearer = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

pub(crate) struct Source {
    client: Client,
    url: Url,
    bearer: Bearer,
    stall_timeout: Duration,
    resolved: Mutex<Option<Resolved>>,
    /// Held while the first address is asked anew.
    resolving: tokio::sync::Mutex<u64>,
}

#[derive(Clone)]
struct Resolved {
    url: Url,
    linked: Linked,
    number: u64,
}

impl Source {
    pub(crate) fn new(
        client: Client,
        url: &str,
        bearer: Bearer,
        stall_timeout: Duration,
    ) -> Result<Self, Error> {
        let bad = || Error::BadUrl {
            url: url.split(['?', '#']).next().unwrap_or(url).to_owned(),
        };
        let url = Url::parse(url).map_err(|_| bad())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(bad());
        }
        Ok(Self {
            client,
            url,
            bearer,
            stall_timeout,
            resolved: Mutex::new(None),
            resolving: tokio::sync::Mutex::new(0),
        })
    }

    /// For words to the user: the host, and the address without secrets.
    pub(crate) fn names(&self) -> (String, String) {
        (fault::host(&self.url), fault::presentable(&self.url))
    }

    /// Asks for a range; an end of `u64::MAX` is that of the file.
    pub(crate) async fn open(&self, asked: &Range<u64>) -> Result<Answer, Fault> {
        let known = lock(&self.resolved).clone();
        let mut tried = 0;
        if let Some(known) = known {
            let response = self.send(&known.url, asked).await?;
            if !has_expired(response.status()) {
                return finish(response, asked, &known.linked, known.number, false).await;
            }
            tracing::debug!(status = %response.status(), "the redirect has expired; asking anew");
            tried = known.number;
        }
        let mut number = self.resolving.lock().await;
        let newer = lock(&self.resolved)
            .clone()
            .filter(|resolved| resolved.number > tried);
        if let Some(newer) = newer {
            drop(number);
            let response = self.send(&newer.url, asked).await?;
            return finish(response, asked, &newer.linked, newer.number, true).await;
        }
        *number += 1;
        self.resolve(asked, *number).await
    }

    async fn resolve(&self, asked: &Range<u64>, number: u64) -> Result<Answer, Fault> {
        *lock(&self.resolved) = None;
        let mut url = self.url.clone();
        let mut linked = Linked::default();
        for hop in 0..=MOST_REDIRECTS {
            let response = self.send(&url, asked).await?;
            linked.read(response.headers());
            if !response.status().is_redirection() {
                // A client that follows redirects by itself ends up elsewhere, too.
                let redirected = hop > 0 || *response.url() != url;
                if redirected && response.status().is_success() {
                    *lock(&self.resolved) = Some(Resolved {
                        url: response.url().clone(),
                        linked: linked.clone(),
                        number,
                    });
                }
                return finish(response, asked, &linked, number, redirected).await;
            }
            let next = response
                .headers()
                .get(LOCATION)
                .and_then(|location| location.to_str().ok())
                .and_then(|location| response.url().join(location).ok())
                .filter(|next| matches!(next.scheme(), "http" | "https"));
            match next {
                Some(next) => url = next,
                None => break,
            }
        }
        Err(Fault::Fatal(Error::Redirects {
            url: fault::presentable(&self.url),
        }))
    }

    async fn send(&self, url: &Url, asked: &Range<u64>) -> Result<Response, Fault> {
        let range = match asked.end {
            u64::MAX => format!("bytes={}-", asked.start),
            end => format!("bytes={}-{}", asked.start, end - 1),
        };
        let mut request = self
            .client
            .get(url.clone())
            .header(RANGE, range)
            .header(ACCEPT_ENCODING, "identity");
        if url.origin() == self.url.origin()
            && let Some(token) = (self.bearer)(self.url.as_str())
        {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        match tokio::time::timeout(self.stall_timeout, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(fault::of_request(&error, url)),
            Err(_) => Err(Fault::Broken(format!(
                "{} does not answer",
                fault::host(url)
            ))),
        }
    }
}

/// What stores say of a signature that is out of date; some call it a bad request.
fn has_expired(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 401 | 403 | 404 | 410)
}

async fn finish(
    response: Response,
    asked: &Range<u64>,
    linked: &Linked,
    number: u64,
    redirected: bool,
) -> Result<Answer, Fault> {
    if matches!(response.status().as_u16(), 200 | 206) {
        return answer::read(response, asked, linked, number);
    }
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        return match answer::unsatisfied_length(response.headers()) {
            Some(0) if asked.start == 0 => Ok(Answer {
                bytes: 0..0,
                total: Some(0),
                ranged: true,
                version: answer::Version::default(),
                sender: number,
                response,
            }),
            Some(length) if length > asked.start => {
                Err(Fault::Broken("the server refuses a range".into()))
            }
            _ => Err(Fault::Changed("it is shorter than it was".into())),
        };
    }
    Err(fault::of_status(response, redirected).await)
}
