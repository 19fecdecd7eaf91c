//! HTTP as a client speaks it.

use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::{Value, json};

/// No answer in a test takes longer than this.
const LIMIT: Duration = Duration::from_secs(90);

/// One server, and the key for it.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    base: String,
    key: Option<String>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("no JSON ({}): {}", self.status, self.text))
    }
}

impl Api {
    /// A client of the server at `base`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self {
            // No timeouts: streams last.
            client: http_client::loopback().build().unwrap(),
            base: base.to_owned(),
            key: None,
        }
    }

    /// With a bearer token.
    #[must_use]
    pub fn with_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// `http://127.0.0.1:N`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.base.rsplit(':').next().unwrap().parse().unwrap()
    }

    fn authorized(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    /// GET with headers.
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self
            .client
            .get(format!("{}{path}", self.base))
            .timeout(LIMIT);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        whole(self.authorized(request).send().await.unwrap()).await
    }

    /// GET from a server that may be gone.
    ///
    /// # Errors
    /// No connection, or one that broke before the answer was whole.
    pub async fn try_get(&self, path: &str) -> reqwest::Result<Answer> {
        let request = self.client.get(format!("{}{path}", self.base));
        let response = self.authorized(request).timeout(LIMIT).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer {
            status,
            headers,
            text: response.text().await?,
        })
    }

    /// POST.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_post(path, body).await.unwrap()
    }

    /// POST to a server that may be gone.
    ///
    /// # Errors
    /// No connection, or one that broke before the answer was whole.
    pub async fn try_post(&self, path: &str, body: &Value) -> reqwest::Result<Answer> {
        let request = self.client.post(format!("{}{path}", self.base)).json(body);
        let response = self.authorized(request).timeout(LIMIT).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer {
            status,
            headers,
            text: response.text().await?,
        })
    }

    /// How many of an engine's slots are at work. Not to be asked all the time: see the test about clients that go away
    /// before their answer.
    pub async fn busy_slots(&self) -> usize {
        let slots = self.get("/slots").await.json();
        slots
            .as_array()
            .unwrap_or_else(|| panic!("{slots}"))
            .iter()
            .filter(|slot| slot["is_processing"] == true)
            .count()
    }

    /// Waits until an engine has this many slots at work.
    pub async fn wait_for_busy(&self, count: usize) {
        let what = format!("{count} busy slots");
        crate::until(&what, Duration::from_secs(10), async || {
            (self.busy_slots().await == count).then_some(())
        })
        .await;
    }

    /// A chat without streaming.
    pub async fn chat(&self, prompt: &str, max_tokens: i64) -> Answer {
        self.post(
            "/v1/chat/completions",
            &chat_body(prompt, max_tokens, false),
        )
        .await
    }

    /// A chat whose answer comes piece by piece.
    pub async fn stream_chat(&self, prompt: &str, max_tokens: i64) -> EventStream {
        let body = chat_body(prompt, max_tokens, true);
        let request = self
            .client
            .post(format!("{}/v1/chat/completions", self.base))
            .json(&body);
        let response = self.authorized(request).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        EventStream {
            response,
            pending: Vec::new(),
        }
    }
}

/// The body of a chat request. `max_tokens` of -1 is without end, as far as the engine goes.
#[must_use]
pub fn chat_body(prompt: &str, max_tokens: i64, stream: bool) -> Value {
    json!({
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": max_tokens,
        "temperature": 0,
        "ignore_eos": true,
        "stream": stream,
    })
}

async fn whole(response: Response) -> Answer {
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

/// Server-sent events as they come.
#[derive(Debug)]
pub struct EventStream {
    response: Response,
    pending: Vec<u8>,
}

impl EventStream {
    /// The data of the next event; `None` at the end of the body. An end in the middle of an event, or a broken
    /// connection, panics: a client would choke on it.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = find(&self.pending, b"\n\n") {
                let event: Vec<u8> = self.pending.drain(..end + 2).collect();
                let event = String::from_utf8(event).unwrap();
                let data: Vec<&str> = event
                    .lines()
                    .filter_map(|line| line.strip_prefix("data:"))
                    .map(str::trim_start)
                    .collect();
                if data.is_empty() {
                    // A comment that keeps the connection alive.
                    continue;
                }
                return Some(data.join("\n"));
            }
            let chunk = tokio::time::timeout(LIMIT, self.response.chunk())
                .await
                .expect("the stream goes on");
            match chunk.expect("the stream does not break off") {
                Some(chunk) => self.pending.extend_from_slice(&chunk),
                None => {
                    let rest = String::from_utf8_lossy(&self.pending);
                    assert!(
                        rest.trim().is_empty(),
                        "the stream ended in mid-event: {rest:?}"
                    );
                    return None;
                }
            }
        }
    }

    /// Reads this many events.
    pub async fn take(&mut self, count: usize) -> Vec<String> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.next().await.expect("the stream goes on"));
        }
        events
    }

    /// Reads to the end.
    pub async fn rest(mut self) -> Vec<String> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }

    /// Reads to the end and returns the last event as JSON.
    pub async fn last(self) -> Value {
        let events = self.rest().await;
        let last = events.last().expect("the stream ends in an event");
        serde_json::from_str(last).unwrap_or_else(|_| panic!("no JSON at the end: {last:?}"))
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}
