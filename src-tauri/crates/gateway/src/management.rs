//! The management API on the gateway: the control listener's routes, for who has a key that may manage.
//!
//! They run on the host's runtime, where waiting for a disk holds no stream up. Left to the control listener, which
//! only this user can reach: ending the host, its window, and what makes this machine run a program of the caller's
//! choosing. Some of that is a path of its own ([`CONTROL_ONLY`]), some a member of a body (`control::reach`).

use axum::Router;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;
use tower::ServiceExt;

use crate::api_error::{ApiError, Dialect};
use crate::relay::Body;

/// Paths that are the control listener's alone.
pub(crate) const CONTROL_ONLY: [&str; 5] = [
    "/api/v1/shutdown",
    "/api/v1/window/show",
    "/api/v1/engines/add",
    "/api/v1/engines/set",
    "/api/v1/engines/prove",
];

/// Marks a request as one that came over the gateway: by whatever key, from whatever machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverGateway;

/// The way to the routes.
#[derive(Clone)]
pub(crate) struct Management {
    router: Router,
    main: Handle,
}

impl Management {
    pub(crate) fn new(router: Router, main: Handle) -> Self {
        Self { router, main }
    }

    /// Answers a request that may manage.
    pub(crate) async fn answer(&self, mut request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path();
        if CONTROL_ONLY.contains(&path) {
            let message = format!(
                "{path} is only on the control listener, which run/host.json in Paddock's data folder names"
            );
            return ApiError::new(http::StatusCode::FORBIDDEN, "control_only", message)
                .response(Dialect::OpenAi);
        }
        request.extensions_mut().insert(OverGateway);
        let router = self.router.clone();
        let task = self
            .main
            .spawn(async move { router.oneshot(request.map(axum::body::Body::new)).await });
        match AbortOnDropHandle::new(task).await {
            Ok(Ok(response)) => response.map(|body| body.map_err(Into::into).boxed_unsync()),
            Ok(Err(never)) => match never {},
            Err(_) => ApiError::new(
                http::StatusCode::SERVICE_UNAVAILABLE,
                "shutting_down",
                "Paddock is ending",
            )
            .response(Dialect::OpenAi),
        }
    }
}
