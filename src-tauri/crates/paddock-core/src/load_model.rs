//! The one way in: window, tray, command line and API all load a model through here.

use load_params::{LoadParams, Unsupported};
use supervisor::{Server, StartError};
use tokio::task::JoinHandle;

use crate::core::Core;
use crate::error::Error;
use crate::params::{LoadPlan, saved_params};
use crate::status::ModelStatus;

/// Which model, and what is different this time from what is saved for it.
#[derive(Debug, Clone)]
pub struct LoadRequest {
    /// A key, or the file name part of one.
    pub model: String,
    /// Parameters for this load; they win over saved ones.
    pub overrides: LoadParams,
    /// What to do about a parameter that this engine cannot honour.
    pub unsupported: Unsupported,
    /// Seconds without a request after which it ends: 0 at once, -1 never; as is saved for it where there is none.
    pub ttl_seconds: Option<i64>,
}

impl Core {
    /// Loads a model and waits until it answers. One that runs with the same arguments already is returned; one with
    /// other arguments is loaded anew. What is in the way ends only after everything was checked. Where there is no
    /// engine, one is fetched first if the settings allow it.
    ///
    /// # Errors
    /// What [`Core::plan_load`] refuses, or why the engine did not get ready.
    pub async fn load_model(&self, request: &LoadRequest) -> Result<ModelStatus, Error> {
        let (server, plan, outcome) = self.watched_start(request).await?;
        match outcome.await {
            Ok(Ok(server)) => Ok(self.status_of(&server)),
            Ok(Err(error)) => Err(error),
            Err(_) => match server.ready().await {
                Ok(_) => Ok(self.status_of(&server)),
                Err(source) => Err(Error::Load {
                    key: plan.spec.key,
                    source,
                }),
            },
        }
    }

    /// As [`Core::load_model`], without waiting: the server may still be starting.
    ///
    /// # Errors
    /// What [`Core::plan_load`] refuses.
    pub async fn begin_load(&self, request: &LoadRequest) -> Result<(Server, LoadPlan), Error> {
        let (server, plan, _) = self.watched_start(request).await?;
        Ok((server, plan))
    }

    /// Begins a load that is seen through by a task of its own, whoever waits for it.
    async fn watched_start(
        &self,
        request: &LoadRequest,
    ) -> Result<(Server, LoadPlan, JoinHandle<Result<Server, Error>>), Error> {
        self.fetch_missing_engine(&request.model).await?;
        let (server, plan) = self.start(request).await?;
        let seen = self
            .clone()
            .see_through(request.clone(), server.clone(), plan.clone());
        Ok((server, plan, tokio::spawn(seen)))
    }

    pub(crate) async fn start(&self, request: &LoadRequest) -> Result<(Server, LoadPlan), Error> {
        self.start_on(request, None).await
    }

    /// Begins a load on this engine; on the one that is meant for the model where none is named.
    pub(crate) async fn start_on(
        &self,
        request: &LoadRequest,
        engine: Option<&str>,
    ) -> Result<(Server, LoadPlan), Error> {
        let (key, mut entry) = self.find_model(&request.model).await?;
        if let Some(engine) = engine {
            entry.engine = Some(engine.to_owned());
        }
        let saved = saved_params(&key, &entry)?;
        let plan = self
            .plan(key, entry, &saved, &request.overrides, request.unsupported)
            .await?;
        for skipped in &plan.skipped {
            tracing::warn!(
                key = plan.spec.key,
                param = skipped.name,
                reason = skipped.reason,
                "loading without it"
            );
        }
        let server = self
            .registry()
            .start(plan.spec.clone())
            .map_err(|source: StartError| Error::Load {
                key: plan.spec.key.clone(),
                source,
            })?;
        self.inner.plans.remember(&plan);
        Ok((server, plan))
    }
}
