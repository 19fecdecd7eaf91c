//! Asking an engine how it is, over its own HTTP.

use std::time::Duration;

use serde::Deserialize;

/// Asks one engine. Clones share the connection pool.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    client: reqwest::Client,
    base_url: String,
    api_key: String,
}

#[derive(Deserialize)]
struct Models {
    data: Vec<Model>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
}

impl Probe {
    pub(crate) fn new(base_url: String, api_key: String) -> Result<Self, reqwest::Error> {
        let client = http_client::loopback().pool_max_idle_per_host(1).build()?;
        Ok(Self {
            client,
            base_url,
            api_key,
        })
    }

    /// `/health` is 200. The error is what the engine or the operating system said instead.
    pub(crate) async fn health(&self, timeout: Duration) -> Result<(), String> {
        let response = self.get("/health", timeout).await?;
        let status = response.status();
        if status == reqwest::StatusCode::OK {
            return Ok(());
        }
        let body = response.text().await.unwrap_or_default();
        let message = serde_json::from_str::<serde_json::Value>(&body)
            .ok()
            .and_then(|body| body["error"]["message"].as_str().map(str::to_owned))
            .unwrap_or(body);
        Err(format!("HTTP {} {message}", status.as_u16()))
    }

    /// `/v1/models` answers as a client would see it, with the alias that we gave: so it is our child that has the
    /// port and not another that took it.
    pub(crate) async fn serves(&self, alias: &str, timeout: Duration) -> Result<(), String> {
        let response = self.get("/v1/models", timeout).await?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(format!(
                "/v1/models answered HTTP {}",
                response.status().as_u16()
            ));
        }
        let models: Models = response
            .json()
            .await
            .map_err(|error| format!("/v1/models: {error}"))?;
        if models.data.iter().any(|model| model.id == alias) {
            Ok(())
        } else {
            Err("another server answers on this port".to_owned())
        }
    }

    async fn get(&self, path: &str, timeout: Duration) -> Result<reqwest::Response, String> {
        self.client
            .get(format!("{}{path}", self.base_url))
            .bearer_auth(&self.api_key)
            .timeout(timeout)
            .send()
            .await
            .map_err(|error| root_cause(&error))
    }
}

/// The innermost error: "Connection refused", not "error sending request for url".
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
