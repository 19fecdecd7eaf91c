//! From a client's request to an answer: who may ask, what there is at the path, which model is meant, and passing the
//! bytes on.

use std::sync::Arc;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use paddock_core::{Core, Lease};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::admission::Admission;
use crate::api_error::{ApiError, Dialect, full, json_response, text_response};
use crate::asking::{Asking, Target};
use crate::bodies::Bodies;
use crate::connections::Connection;
use crate::exchange::Exchange;
use crate::in_flight::InFlight;
use crate::management::Management;
use crate::meters::Meters;
use crate::paths::Place;
use crate::relay::{Body, Relay};
use crate::request_log::RequestLog;
use crate::upstream::{Answer, Message, for_the_client, for_the_engine};
use crate::wish::Wish;
use crate::{access, body, cors, metrics, model_list, openapi, waiting};

/// Answers requests. One for all connections.
pub(crate) struct Proxy {
    pub(crate) core: Core,
    pub(crate) in_flight: InFlight,
    pub(crate) meters: Meters,
    pub(crate) log: RequestLog,
    pub(crate) admission: Admission,
    pub(crate) management: Management,
    pub(crate) asking: Asking,
    pub(crate) bodies: Bodies,
    pub(crate) main: Handle,
}

impl Proxy {
    /// Answers one request; an error is an answer too.
    pub(crate) async fn serve(
        &self,
        request: Request<Incoming>,
        connection: &Arc<Connection>,
    ) -> Response<Body> {
        let settings = self.core.settings();
        let headers = request.headers();
        let checked = access::check(headers, request.uri(), &settings.gateway, connection.local);
        if let Err(refused) = checked {
            tracing::warn!(%refused, "request refused");
            self.meters.refuse();
            if let Some((kind, value)) = refused.subject() {
                self.core.record_refusal(kind, value);
            }
            let dialect = Dialect::of(request.uri().path());
            let message = refused.to_string();
            return ApiError::new(StatusCode::FORBIDDEN, refused.code(), message).response(dialect);
        }
        let origin = headers.get(header::ORIGIN).cloned();
        let mut response = if cors::is_preflight(request.method(), headers) {
            cors::preflight(headers)
        } else {
            let log = settings.gateway.request_log.then(|| self.log.clone());
            drop(settings);
            self.answer(request, connection, log).await
        };
        cors::allow(response.headers_mut(), origin);
        response
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        connection: &Arc<Connection>,
        log: Option<RequestLog>,
    ) -> Response<Body> {
        let path = request.uri().path();
        let place = Place::of(path);
        let Some(ticket) = self.in_flight.enter() else {
            let error = ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "shutting_down",
                "Paddock is ending; try again in a moment",
            );
            return error.response(Dialect::of(path));
        };
        let exchange = Exchange::new(
            self.meters.clone(),
            log,
            request.method().clone(),
            path,
            place.label(path),
            ticket,
            connection.busy(),
        );
        // It says nothing but that it is up.
        if place == Place::Health && place.takes(request.method()) {
            return exchange.finish(json_response(
                &serde_json::json!({"status": "ok", "service": "paddock"}),
            ));
        }
        let rights = match self.admission.admit(request.headers(), connection) {
            Ok(rights) => rights,
            Err(error) => {
                self.meters.refuse();
                return exchange.fail(&error);
            }
        };
        if !place.takes(request.method()) {
            return refuse_method(exchange, &place, request.method());
        }
        let lacking = |allowed: bool| (!allowed).then(|| self.admission.lacking(request.headers()));
        match place {
            Place::Nothing | Place::Health => {
                let error = ApiError::not_found(path);
                exchange.fail(&error)
            }
            Place::OpenApi => exchange.finish(text_response("application/json", openapi::DOCUMENT)),
            Place::Metrics => match lacking(rights.observe) {
                Some(error) => exchange.fail(&error),
                None => self.metrics(exchange).await,
            },
            Place::Management => match lacking(rights.manage) {
                Some(error) => exchange.fail(&error),
                None => {
                    let response = self.management.answer(request).await;
                    exchange.finish(response)
                }
            },
            Place::Models => self.models(exchange, None).await,
            Place::Model(name) => self.models(exchange, Some(name)).await,
            Place::Engine => self.pass(request, exchange, true).await,
            Place::EnginePerhaps => self.pass(request, exchange, false).await,
        }
    }

    /// Files and processes are looked at on the host's runtime.
    async fn on_main<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let task = AbortOnDropHandle::new(self.main.spawn(work));
        task.await.map_err(|_| {
            ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "shutting_down",
                "Paddock is ending",
            )
        })
    }

    async fn metrics(&self, exchange: Exchange) -> Response<Body> {
        let (core, meters) = (self.core.clone(), self.meters.clone());
        let rendered = self.on_main(async move { metrics::render(&core, &meters) });
        match rendered.await {
            Ok(text) => exchange.finish(text_response(metrics::CONTENT_TYPE, text)),
            Err(error) => exchange.fail(&error),
        }
    }

    async fn models(&self, exchange: Exchange, name: Option<String>) -> Response<Body> {
        let core = self.core.clone();
        let listed = self.on_main(async move {
            match name {
                None => model_list::list(&core).await.map(Ok),
                Some(name) => {
                    let one = model_list::one(&core, &name).await?;
                    Ok(one.ok_or(name))
                }
            }
        });
        match listed.await {
            Ok(Ok(Ok(value))) => exchange.finish(json_response(&value)),
            Ok(Ok(Err(name))) => exchange.fail(&ApiError::new(
                StatusCode::NOT_FOUND,
                "model_not_found",
                format!("the file of {name} is gone or broken; Paddock's Models page says how"),
            )),
            Ok(Err(error)) => exchange.fail(&ApiError::of(&error)),
            Err(error) => exchange.fail(&error),
        }
    }

    /// To the model that the request means.
    async fn pass(
        &self,
        request: Request<Incoming>,
        mut exchange: Exchange,
        may_load: bool,
    ) -> Response<Body> {
        let (parts, incoming) = request.into_parts();
        let body = match body::read(incoming, body::MOST_BYTES, &self.bodies).await {
            Ok(body) => body,
            Err(error) => return exchange.fail(&error),
        };
        let wish = Wish::of(&parts.uri, &parts.headers, &body);
        let key = match self.core.route(wish.model.as_deref()) {
            Ok(key) => key,
            Err(_) if !may_load => return exchange.fail(&ApiError::not_found(parts.uri.path())),
            Err(error) => return exchange.fail(&ApiError::of(&error)),
        };
        exchange.concerns(&key);
        let target = Target {
            key,
            ttl_seconds: wish.ttl_seconds,
        };
        let is_stream = wish.stream;
        let now = self.asking.lease_now(&target);
        // Nothing is loaded to find out whether there is anything at a path.
        if now.is_none() && !may_load {
            return exchange.fail(&ApiError::not_found(parts.uri.path()));
        }
        let message = message(parts, body);
        self.see_through(target, message, now, is_stream, exchange)
            .await
    }

    /// From a lease, or the wait for one, to an answer. A request that had no byte of one when its engine died is asked
    /// once more.
    async fn see_through(
        &self,
        target: Target,
        message: Message,
        mut now: Option<Lease>,
        is_stream: bool,
        mut exchange: Exchange,
    ) -> Response<Body> {
        let mut died: Option<ApiError> = None;
        loop {
            let lease = match now.take() {
                Some(lease) => lease,
                None => {
                    exchange.waits(true);
                    let mut waiting = Box::pin(self.asking.lease(&target, died.clone()));
                    let leased = if is_stream {
                        match timeout(waiting::PATIENCE, &mut waiting).await {
                            Ok(leased) => leased,
                            Err(_) => {
                                let (asking, again) = (self.asking.clone(), died.is_none());
                                return waiting::stream(
                                    asking, target, message, waiting, again, exchange,
                                );
                            }
                        }
                    } else {
                        waiting.await
                    };
                    exchange.waits(false);
                    match leased {
                        Ok(lease) => lease,
                        Err(error) => return exchange.fail(&error),
                    }
                }
            };
            match self.asking.ask(&target, &message, lease).await {
                Ok((lease, answer)) => return relay(lease, answer, exchange),
                Err(lack) if lack.may_ask_again && died.is_none() => died = Some(lack.error),
                Err(lack) => return exchange.fail(&lack.error),
            }
        }
    }
}

fn message(parts: http::request::Parts, body: Bytes) -> Message {
    let mut headers: HeaderMap = parts.headers;
    for_the_engine(&mut headers);
    Message {
        method: parts.method,
        path: parts
            .uri
            .into_parts()
            .path_and_query
            .unwrap_or_else(|| PathAndQuery::from_static("/")),
        headers,
        body,
    }
}

fn relay(lease: Lease, answer: Answer, mut exchange: Exchange) -> Response<Body> {
    let is_event_stream = waiting::is_event_stream(answer.response.headers());
    exchange.answers(answer.response.status().as_u16(), is_event_stream);
    let (mut parts, relay) = Relay::new(answer, lease, is_event_stream, exchange);
    for_the_client(&mut parts.headers);
    Response::from_parts(parts, relay.boxed_unsync())
}

/// 405, or, for `OPTIONS`, which methods there are.
fn refuse_method(exchange: Exchange, place: &Place, method: &Method) -> Response<Body> {
    let allowed = HeaderValue::from_static(place.methods().unwrap_or("GET, POST, OPTIONS"));
    let mut response = if method == Method::OPTIONS {
        let mut response = Response::new(full(Bytes::new()));
        *response.status_mut() = StatusCode::NO_CONTENT;
        exchange.finish(response)
    } else {
        let message = format!("{method} is not for this path");
        let error = ApiError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            message,
        );
        exchange.fail(&error)
    };
    response.headers_mut().insert(header::ALLOW, allowed);
    response
}
