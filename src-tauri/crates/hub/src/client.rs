//! One hub and how it is asked: the address, the token, and from an answer's status and headers to a typed error.

use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use reqwest::{Client, Response, StatusCode, Url, header};

use crate::error::{Error, innermost, quotable};
use crate::reference::RepoId;
use crate::token::Token;

/// The hub itself.
pub const DEFAULT_ENDPOINT: &str = "https://huggingface.co";
/// No answer of the API is longer; a tree page of a thousand files is about 300 kB.
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// What is read of a refusal, for the sentence in it.
const MAX_REFUSAL_BYTES: usize = 64 << 10;
/// The header that has the sentence.
const MESSAGE: &str = "x-error-message";
/// What must not stand in one part of a path as it is.
const PART: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Which hub, and as whom.
#[derive(Debug, Clone)]
pub struct HubSettings {
    /// Its address: [`DEFAULT_ENDPOINT`] or a mirror's.
    pub endpoint: String,
    /// The access token.
    pub token: Option<Token>,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self {
            endpoint: DEFAULT_ENDPOINT.to_owned(),
            token: None,
        }
    }
}

/// A hub. Cheap to make, and to clone.
#[derive(Debug, Clone)]
pub struct Hub {
    client: Client,
    endpoint: Url,
    token: Option<Token>,
}

/// What a question is about, for its errors.
#[derive(Debug, Clone, Copy)]
pub enum About<'a> {
    /// The list of repositories.
    Search,
    /// A repository at a revision.
    Revision(&'a RepoId, &'a str),
    /// A file of a repository at a revision, by its path.
    File(&'a RepoId, &'a str, &'a str),
}

impl Hub {
    /// A hub at `settings.endpoint`, asked through `client`.
    ///
    /// # Errors
    /// [`Error::InvalidEndpoint`].
    pub fn new(client: Client, settings: HubSettings) -> Result<Self, Error> {
        let text = settings.endpoint.trim().trim_end_matches('/');
        let invalid = || Error::InvalidEndpoint {
            endpoint: settings.endpoint.clone(),
        };
        let endpoint = Url::parse(text).map_err(|_| invalid())?;
        if !matches!(endpoint.scheme(), "http" | "https") || endpoint.host_str().is_none() {
            return Err(invalid());
        }
        Ok(Self {
            client,
            endpoint,
            token: settings.token,
        })
    }

    /// Its address, without a slash at the end.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.endpoint.as_str().trim_end_matches('/')
    }

    /// The token, which belongs to [`Hub::endpoint`]'s host alone.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// The page of a repository, for people.
    #[must_use]
    pub fn page_url(&self, repo: &RepoId) -> String {
        format!("{}/{repo}", self.endpoint())
    }

    /// The host, for messages.
    pub(crate) fn host(&self) -> String {
        let host = self.endpoint.host_str().unwrap_or_default();
        match self.endpoint.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Asks for JSON that `parse` reads, and for the cursor of the next page where there is one.
    pub(crate) async fn json<T>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        about: &About<'_>,
        parse: impl FnOnce(&[u8]) -> Result<T, serde_json::Error>,
    ) -> Result<(T, Option<String>), Error> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self
            .client
            .get(url)
            .header(header::ACCEPT, "application/json");
        let mut response = self.send(request, about).await?;
        let link = response.headers().get(header::LINK);
        let cursor = link
            .and_then(|link| link.to_str().ok())
            .and_then(next_cursor);
        let mut text = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|source| self.offline(source))?
        {
            text.extend_from_slice(&chunk);
            if text.len() > MAX_ANSWER_BYTES {
                return Err(self.not_a_hub("it does not end".to_owned()));
            }
        }
        let value = parse(&text).map_err(|error| self.malformed(&error))?;
        Ok((value, cursor))
    }

    /// Bytes `offset..offset + len` of a file, fewer where it ends before. Redirects are followed; the token is not
    /// taken along.
    pub(crate) async fn bytes(
        &self,
        url: &str,
        offset: u64,
        len: u64,
        about: &About<'_>,
    ) -> Result<Vec<u8>, Error> {
        let invalid = || self.not_a_hub(format!("{url:?} is no address"));
        let url = Url::parse(url).map_err(|_| invalid())?;
        let last = offset + len.saturating_sub(1);
        let request = self
            .client
            .get(url)
            .header(header::RANGE, format!("bytes={offset}-{last}"));
        let mut response = match self.send(request, about).await {
            Err(Error::Server { status: 416, .. }) => return Ok(Vec::new()),
            response => response?,
        };
        // A server that knows no ranges sends all from the beginning.
        let mut skip = match response.status() {
            StatusCode::PARTIAL_CONTENT => 0,
            _ => offset,
        };
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|source| self.offline(source))?
        {
            let skipped = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
            skip -= skipped as u64;
            bytes.extend_from_slice(&chunk[skipped..]);
            if bytes.len() as u64 >= len {
                bytes.truncate(usize::try_from(len).unwrap_or(usize::MAX));
                break;
            }
        }
        Ok(bytes)
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        // The endpoint is a URL and the path is encoded.
        Url::parse(&format!("{}{path}", self.endpoint())).unwrap_or_else(|_| self.endpoint.clone())
    }

    async fn send(
        &self,
        mut request: reqwest::RequestBuilder,
        about: &About<'_>,
    ) -> Result<Response, Error> {
        // Only addresses of the endpoint are asked; reqwest leaves the header behind where a redirect goes elsewhere.
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.secret());
        }
        let mut response = request
            .send()
            .await
            .map_err(|source| self.offline(source))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = match headers.contains_key(MESSAGE) {
            true => Vec::new(),
            false => beginning(&mut response).await,
        };
        Err(self.refusal(status, &headers, &body, about))
    }

    /// What a refusal means, told by its status, its headers and the beginning of its body.
    #[must_use]
    pub fn refusal(
        &self,
        status: u16,
        headers: &header::HeaderMap,
        body: &[u8],
        about: &About<'_>,
    ) -> Error {
        let text = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        let code = text("x-error-code");
        let message = text(MESSAGE).or_else(|| {
            let body = serde_json::from_slice::<serde_json::Value>(body).ok()?;
            body["error"].as_str().map(str::to_owned)
        });
        let message = message.as_deref().map(quotable);
        let host = self.host();
        let with_token = self.token.is_some();
        let (repo, revision, path) = match about {
            About::Search => (None, "", ""),
            About::Revision(repo, revision) => (Some(*repo), *revision, ""),
            About::File(repo, revision, path) => (Some(*repo), *revision, *path),
        };
        let Some(id) = repo else {
            return match status {
                401 if with_token => Error::TokenRefused { host },
                429 => self.rate_limited(headers),
                404 => self.not_a_hub("it has no list of models (HTTP 404)".to_owned()),
                _ => Error::Server {
                    host,
                    status,
                    message,
                },
            };
        };
        let repo = id.to_string();
        match (status, code.as_deref()) {
            (429, _) => self.rate_limited(headers),
            (401 | 403, Some("GatedRepo")) => Error::Gated {
                page: self.page_url(id),
                repo,
                with_token,
            },
            (404, Some("RevisionNotFound")) => Error::RevisionNotFound {
                repo,
                revision: revision.to_owned(),
            },
            (404, Some("EntryNotFound")) => Error::FileNotFound {
                repo,
                path: path.to_owned(),
            },
            (401, _) if !with_token => Error::Unauthorized { repo, host },
            // For what its owner may not see, the hub answers 404; 401 with a token is about the token.
            (401, code) if code != Some("RepoNotFound") => Error::TokenRefused { host },
            (401 | 403 | 404, _) => Error::NotFound { repo, host },
            _ => Error::Server {
                host,
                status,
                message,
            },
        }
    }

    fn rate_limited(&self, headers: &header::HeaderMap) -> Error {
        let seconds = |name: &str, parse: fn(&str) -> Option<u64>| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .and_then(parse)
        };
        // `RateLimit: "api";r=0;t=120`: nothing left for 120 s.
        let retry_after = seconds("retry-after", |text| text.trim().parse().ok()).or_else(|| {
            seconds("ratelimit", |text| {
                text.split(';')
                    .find_map(|part| part.trim().strip_prefix("t="))
                    .and_then(|time| time.parse().ok())
            })
        });
        Error::RateLimited {
            host: self.host(),
            retry_after: retry_after.map(Duration::from_secs),
            with_token: self.token.is_some(),
        }
    }

    fn offline(&self, source: reqwest::Error) -> Error {
        Error::Offline {
            host: self.host(),
            reason: innermost(&source),
            source,
        }
    }

    /// What an answer is that could not be read.
    #[must_use]
    pub fn malformed(&self, error: &serde_json::Error) -> Error {
        self.not_a_hub(quotable(&error.to_string()))
    }

    pub(crate) fn not_a_hub(&self, reason: String) -> Error {
        Error::NotAHub {
            host: self.host(),
            reason,
        }
    }
}

/// What a refusal says, as far as it is worth reading.
async fn beginning(response: &mut Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_REFUSAL_BYTES {
            break;
        }
    }
    bytes
}

/// One part of a path.
pub(crate) fn encoded(part: &str) -> String {
    utf8_percent_encode(part, PART).to_string()
}

/// The `cursor` of the address behind `<…>; rel="next"`, which is a `Link` header. The address itself is not used: a
/// mirror's may name the hub that it mirrors.
#[must_use]
pub fn next_cursor(link: &str) -> Option<String> {
    let next = link.split(',').find(|link| link.contains("rel=\"next\""))?;
    let address = next.split_once('<')?.1.split_once('>')?.0;
    let url = Url::parse("http://relative/").ok()?.join(address).ok()?;
    url.query_pairs()
        .find(|(name, _)| name == "cursor")
        .map(|(_, cursor)| cursor.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_read_from_the_link() {
        assert_eq!(
            next_cursor(
                "<https://huggingface.co/api/models?search=x&cursor=ab%3D%3D&limit=30>; rel=\"next\""
            ),
            Some("ab==".to_owned())
        );
        assert_eq!(
            next_cursor("</api/models?cursor=c>; rel=\"next\""),
            Some("c".to_owned())
        );
        assert_eq!(next_cursor("<https://x/?cursor=c>; rel=\"prev\""), None);
        assert_eq!(next_cursor("nonsense"), None);
    }

    #[tokio::test]
    async fn a_refusal_without_end_is_read_no_further_than_its_sentence() {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let settings = HubSettings {
            endpoint: format!("http://{}", listener.local_addr().unwrap()),
            token: None,
        };
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 500 No\r\nConnection: close\r\n\r\n");
            let mut sent = 0_u64;
            // As much as sockets and this side's buffer take is sent, not a gigabyte.
            while sent < 1 << 30 && stream.write_all(&[b' '; 64 << 10]).is_ok() {
                sent += 64 << 10;
            }
            sent
        });
        let hub = Hub::new(http_client::loopback().build().unwrap(), settings).unwrap();
        let id = RepoId::parse("a/b").unwrap();
        let error = hub.repo(&id, None).await.unwrap_err();
        assert!(
            matches!(error, Error::Server { status: 500, .. }),
            "{error}"
        );
        drop(hub);
        // The connection is closed by a task of this runtime, which must go on meanwhile.
        let sent = tokio::task::spawn_blocking(|| server.join().unwrap());
        assert!(sent.await.unwrap() < 1 << 30);
    }

    #[test]
    fn an_endpoint_must_be_an_address() {
        let hub = |endpoint: &str| {
            Hub::new(
                http_client::loopback().build().unwrap(),
                HubSettings {
                    endpoint: endpoint.to_owned(),
                    token: None,
                },
            )
        };
        assert_eq!(
            hub("https://hf-mirror.com/").unwrap().endpoint(),
            "https://hf-mirror.com"
        );
        assert_eq!(
            hub("http://127.0.0.1:81/base/").unwrap().endpoint(),
            "http://127.0.0.1:81/base"
        );
        for wrong in ["", "huggingface.co", "ftp://x", "file:///x"] {
            assert_eq!(
                hub(wrong).unwrap_err().code(),
                "hub_invalid_endpoint",
                "{wrong}"
            );
        }
    }
}
