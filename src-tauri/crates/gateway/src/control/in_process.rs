//! The management API without a listener, for a program that has the core in its own process.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::DefaultBodyLimit;
use axum::http::{Request, StatusCode, header};
use paddock_core::Core;
use serde_json::Value;
use tower::ServiceExt;

use super::{Context, routes};
use crate::host::Hooks;

/// The control listener's routes, on a core that no host has.
pub struct InProcess(Router);

impl InProcess {
    /// Opens nothing to anybody.
    #[must_use]
    pub fn new(core: Core) -> Self {
        let router = routes().with_state(Context::new(core, Hooks::default()));
        // The limit is for what others send.
        Self(router.layer(DefaultBodyLimit::disable()))
    }

    /// The answer to a `POST` where there is a body, else to a `GET`.
    ///
    /// # Errors
    /// The path is none.
    pub async fn ask(
        &self,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Vec<u8>), axum::Error> {
        let request = match body {
            Some(body) => Request::post(path)
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string())),
            None => Request::get(path).body(Body::empty()),
        };
        let request = request.map_err(axum::Error::new)?;
        let response = match self.0.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let answer = to_bytes(response.into_body(), usize::MAX).await?;
        Ok((status, answer.into()))
    }
}

#[cfg(test)]
mod tests {
    use paddock_core::InstanceLock;
    use serde_json::json;
    use settings::DataDir;

    use super::*;

    #[tokio::test]
    async fn the_core_answers_as_where_a_host_runs_and_says_that_none_does() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path());
        let lock = InstanceLock::acquire(&data).unwrap();
        let store = settings::FileStore::new(data.settings());
        let opened = Core::open(data, &lock, Box::new(store), Vec::new()).unwrap();
        let api = InProcess::new(opened.core);
        let ask = async |path, body: Option<Value>| {
            let (status, answer) = api.ask(path, body.as_ref()).await.unwrap();
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            (status, answer)
        };

        let (status, checkup) = ask("/api/v1/doctor", None).await;
        assert_eq!(
            (status, &checkup["hostRunning"]),
            (StatusCode::OK, &json!(false))
        );

        let (status, refused) = ask("/api/v1/presets/%72emove", None).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(refused["error"]["code"], "preset_not_found");

        // More than a listener takes.
        let long = "p".repeat(3_000_000);
        let body = json!({"document": {"paddock": long}});
        let (status, refused) = ask("/api/v1/params/import", Some(body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_ne!(refused["error"]["code"], "invalid_body", "{refused:.200}");
    }
}
