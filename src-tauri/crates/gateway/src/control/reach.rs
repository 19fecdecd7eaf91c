//! Parameters that could make this machine run a program are for who has the machine: the control listener takes them,
//! the gateway does not, whatever the key may do. See `load_params::reach` for which and why all of them.
//!
//! Left alone: parameters that are saved already. Their user chose them here, and a load over the network may use them.

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use paddock_core::ParamsExport;
use serde::de::DeserializeOwned;

use super::estimate::EstimateModel;
use super::models::{LoadModel, ShowParams};
use super::presets::{ImportParams, SavePreset, SetDefaults};
use super::{Body, Failure, wire};
use crate::management::OverGateway;

/// A body with parameters in it.
pub(super) trait WithParams: DeserializeOwned {
    /// What in them reaches further than the model.
    fn reach(&self) -> Vec<String>;
}

impl WithParams for LoadModel {
    fn reach(&self) -> Vec<String> {
        self.params.reach()
    }
}

impl WithParams for ShowParams {
    fn reach(&self) -> Vec<String> {
        self.load.params.reach()
    }
}

impl WithParams for EstimateModel {
    fn reach(&self) -> Vec<String> {
        self.params.reach()
    }
}

impl WithParams for SavePreset {
    fn reach(&self) -> Vec<String> {
        self.params.reach()
    }
}

impl WithParams for SetDefaults {
    fn reach(&self) -> Vec<String> {
        self.params.reach()
    }
}

impl WithParams for ImportParams {
    fn reach(&self) -> Vec<String> {
        // What cannot be read is not imported either, and its own answer says why.
        ParamsExport::parse(&self.document.to_string())
            .map_or_else(|_| Vec::new(), |all| all.reach())
    }
}

/// A body whose parameters may be had from where the request came from. Every route that takes parameters reads its body
/// by this.
pub(super) struct Near<T>(pub(super) T);

impl<T: WithParams, S: Send + Sync> FromRequest<S> for Near<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let over_gateway = request.extensions().get::<OverGateway>().is_some();
        let Body(body) = Body::<T>::from_request(request, state).await?;
        let reach = if over_gateway {
            body.reach()
        } else {
            Vec::new()
        };
        if reach.is_empty() {
            return Ok(Self(body));
        }
        let mut error = wire(
            "control_only",
            &format!(
                "this would set {}: what could run a program is only taken on the control listener",
                reach.join(", ")
            ),
        );
        error.hint = "Leave out `env`, `extraArgs` and `rpc`, or set them on the machine itself, with `paddock params KEY \
                      --save` or in its window."
            .to_owned();
        Err(Failure(StatusCode::FORBIDDEN, error))
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body as AxumBody;
    use http::Request;
    use paddock_core::{Core, InstanceLock};
    use serde_json::{Value, json};
    use settings::DataDir;
    use tower::ServiceExt;

    use super::*;
    use crate::openapi;

    async fn asked(router: &Router, path: &str, body: &Value, over_gateway: bool) -> Value {
        let mut request = Request::post(path)
            .header("content-type", "application/json")
            .body(AxumBody::from(body.to_string()))
            .unwrap();
        if over_gateway {
            request.extensions_mut().insert(OverGateway);
        }
        let answer = router.clone().oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await;
        serde_json::from_slice(&bytes.unwrap()).unwrap()
    }

    /// A key may manage models, not run programs. Whoever adds a route with parameters must not forget it: the document of
    /// the API says which there are.
    #[tokio::test]
    async fn no_route_takes_what_could_run_a_program_over_the_gateway() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path());
        let lock = InstanceLock::acquire(&data).unwrap();
        let store = settings::FileStore::new(data.settings());
        let core = Core::open(data, &lock, Box::new(store), Vec::new());
        let router = super::super::routes().with_state(super::super::Context {
            core: core.unwrap().core,
            stop: tokio_util::sync::CancellationToken::new(),
            hooks: crate::Hooks::default(),
            target: super::super::Target::default(),
        });
        let document: Value = serde_json::from_str(openapi::DOCUMENT).unwrap();
        let mut taking = Vec::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            let body = methods["post"]["requestBody"].to_string();
            let takes = ["\"params\"", "schemas/LoadModel", "schemas/ParamsDocument"];
            if path.starts_with("/api/") && takes.iter().any(|word| body.contains(word)) {
                taking.push(path.as_str());
            }
        }
        assert!(taking.len() >= 7, "{taking:?}");
        for reach in [
            json!({"env": {"VK_ICD_FILENAMES": "/x.json"}}),
            json!({"extraArgs": {"--mcp-servers-json": "{}"}}),
            json!({"rpc": ["far:50052"]}),
        ] {
            for path in &taking {
                let body = json!({
                    "model": "m", "name": "n", "params": reach,
                    "document": {
                        "format": "paddock-parameters", "version": 1, "presets": {"p": reach},
                    },
                });
                let refused = asked(&router, path, &body, true).await;
                assert_eq!(
                    refused["error"]["code"], "control_only",
                    "{path}: {refused}"
                );
                let taken = asked(&router, path, &body, false).await;
                assert_ne!(taken["error"]["code"], "control_only", "{path}: {taken}");
            }
        }
    }
}
