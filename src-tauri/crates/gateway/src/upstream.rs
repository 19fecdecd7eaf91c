//! Connections to the engines, kept alive from one request to the next.
//!
//! A pool of our own: what hyper-util's does for many hosts costs more than passing the bytes on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use http_body::Frame;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use paddock_core::Server;
use tokio::net::TcpStream;

/// llama-server closes a connection that was idle for 5 s; one that is about to be closed is not used again.
const USABLE_FOR: Duration = Duration::from_secs(4);
/// More idle connections than this are closed.
const MOST_IDLE: usize = 64;

/// Headers that belong to one connection and not to the message (RFC 9110, 7.6.1), and what the server did about.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A request that can be sent again.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) method: Method,
    pub(crate) path: PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The head of an engine's answer and the beginning of its body, what is to come, and the connection, to be given back
/// when the body is whole.
pub(crate) struct Answer {
    pub(crate) response: Response<Incoming>,
    /// `None` where the body is empty.
    pub(crate) first: Option<Frame<Bytes>>,
    pub(crate) connection: Borrowed,
}

/// Why the engine could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    #[error("it has no address")]
    NoAddress,
    #[error("no connection: {0}")]
    Connect(#[from] std::io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
}

/// The engines by model.
#[derive(Default)]
pub(crate) struct Upstreams {
    by_key: Mutex<HashMap<String, Arc<Upstream>>>,
}

impl Upstreams {
    /// The engine of this server; a newer server of the same model takes the place of the one before.
    pub(crate) fn of(&self, server: &Server) -> Result<Arc<Upstream>, Lost> {
        let key = &server.spec().key;
        let mut by_key = lock(&self.by_key);
        if let Some(known) = by_key.get(key)
            && known.api_key == server.api_key()
        {
            return Ok(Arc::clone(known));
        }
        let upstream = Arc::new(Upstream::new(server)?);
        by_key.insert(key.clone(), Arc::clone(&upstream));
        Ok(upstream)
    }
}

/// One engine.
pub(crate) struct Upstream {
    /// Random for each start of an engine, so that it tells one from the next.
    api_key: String,
    address: String,
    host: HeaderValue,
    authorization: HeaderValue,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: SendRequest<Full<Bytes>>,
    since: Instant,
}

/// A connection in use. Dropped, it is closed.
pub(crate) struct Borrowed {
    connection: SendRequest<Full<Bytes>>,
    upstream: Arc<Upstream>,
}

impl Borrowed {
    /// The answer was whole: the next request may have it.
    pub(crate) fn give_back(self) {
        if self.connection.is_closed() {
            return;
        }
        let mut idle = lock(&self.upstream.idle);
        if idle.len() < MOST_IDLE {
            idle.push(Idle {
                connection: self.connection,
                since: Instant::now(),
            });
        }
    }
}

impl Upstream {
    fn new(server: &Server) -> Result<Self, Lost> {
        let url = server.status().server_url.ok_or(Lost::NoAddress)?;
        let address = url
            .strip_prefix("http://")
            .unwrap_or(&url)
            .trim_end_matches('/')
            .to_owned();
        let api_key = server.api_key().to_owned();
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {api_key}")).map_err(|_| Lost::NoAddress)?;
        authorization.set_sensitive(true);
        Ok(Self {
            host: HeaderValue::from_str(&address).map_err(|_| Lost::NoAddress)?,
            authorization,
            api_key,
            address,
            idle: Mutex::default(),
        })
    }

    /// Sends a request and waits for the head of the answer. A connection that the engine closed while it was idle is
    /// not the engine's end: another is taken.
    pub(crate) async fn send(self: &Arc<Self>, message: &Message) -> Result<Answer, Lost> {
        while let Some(mut connection) = self.idle_connection() {
            if connection.ready().await.is_err() {
                continue;
            }
            if let Ok(response) = connection.send_request(self.request(message)).await {
                return Ok(self.answer(response, connection));
            }
        }
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let (mut connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        let response = connection.send_request(self.request(message)).await?;
        Ok(self.answer(response, connection))
    }

    fn answer(
        self: &Arc<Self>,
        response: Response<Incoming>,
        connection: SendRequest<Full<Bytes>>,
    ) -> Answer {
        Answer {
            response,
            first: None,
            connection: Borrowed {
                connection,
                upstream: Arc::clone(self),
            },
        }
    }

    fn idle_connection(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = lock(&self.idle);
        // The one that was used last is the one that is open most likely.
        let last = idle.pop()?;
        if last.since.elapsed() < USABLE_FOR {
            return Some(last.connection);
        }
        idle.clear();
        None
    }

    fn request(&self, message: &Message) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(message.body.clone()));
        *request.method_mut() = message.method.clone();
        *request.uri_mut() = Uri::from(message.path.clone());
        *request.headers_mut() = message.headers.clone();
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.host.clone());
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        request
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What of a client's headers is none of the engine's business: its connection, its key, its address and its page.
pub(crate) fn for_the_engine(headers: &mut HeaderMap) {
    remove_hop_by_hop(headers);
    for name in [
        header::AUTHORIZATION,
        header::HOST,
        header::ORIGIN,
        header::REFERER,
        header::COOKIE,
        header::EXPECT,
        HeaderName::from_static("x-api-key"),
    ] {
        headers.remove(name);
    }
}

/// What of an engine's headers is not the client's: its connection, and who may read the answer, which is for us to
/// say.
pub(crate) fn for_the_client(headers: &mut HeaderMap) {
    remove_hop_by_hop(headers);
    for name in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        header::ACCESS_CONTROL_MAX_AGE,
    ] {
        headers.remove(name);
    }
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    if let Some(first) = headers.get(header::CONNECTION) {
        let is_plain = first.as_bytes().eq_ignore_ascii_case(b"keep-alive")
            || first.as_bytes().eq_ignore_ascii_case(b"close");
        if !is_plain {
            let named: Vec<HeaderName> = headers
                .get_all(header::CONNECTION)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .filter_map(|name| name.trim().parse().ok())
                .collect();
            for name in named {
                headers.remove(name);
            }
        }
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn names(headers: &HeaderMap) -> Vec<&str> {
        headers.keys().map(HeaderName::as_str).collect()
    }

    #[test]
    fn what_belongs_to_a_connection_is_not_passed_on() {
        let mut headers = headers(&[
            ("connection", "close, x-mine"),
            ("x-mine", "1"),
            ("te", "trailers"),
            ("keep-alive", "timeout=5"),
            ("x-other", "2"),
        ]);
        remove_hop_by_hop(&mut headers);
        assert_eq!(names(&headers), ["x-other"]);
    }

    #[test]
    fn a_clients_secrets_do_not_reach_the_engine() {
        let mut headers = headers(&[
            ("authorization", "Bearer secret"),
            ("x-api-key", "secret"),
            ("cookie", "secret"),
            ("connection", "keep-alive"),
            ("content-type", "application/json"),
            ("anthropic-version", "2023-06-01"),
        ]);
        for_the_engine(&mut headers);
        assert_eq!(names(&headers), ["content-type", "anthropic-version"]);
    }
}
