//! The one way in: window, tray, command line and API all load a model through here.

use std::sync::Arc;

use load_params::{LoadParams, Unsupported};
use supervisor::{Server, StartError};
use tokio::time::Instant;

use crate::core::Core;
use crate::error::Error;
use crate::params::{Asked, LoadPlan};
use crate::saved_params::saved_params;
use crate::schedule::load::{Load, Origin};
use crate::status::ModelStatus;

/// Which model, and what is different this time from what is saved for it.
#[derive(Debug, Clone)]
pub struct LoadRequest {
    /// A key, or the file name part of one.
    pub model: String,
    /// Parameters for this load; they win over saved ones.
    pub overrides: LoadParams,
    /// A preset for this load, in the place of the one that the model uses; it wins over what is saved.
    pub preset: Option<String>,
    /// What to do about a parameter that this engine cannot honour.
    pub unsupported: Unsupported,
    /// Seconds without a request after which it ends: 0 at once, -1 never; as is saved for it where there is none.
    pub ttl_seconds: Option<i64>,
}

impl LoadRequest {
    /// With what is saved, and nothing else.
    #[must_use]
    pub fn of(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            overrides: LoadParams::default(),
            preset: None,
            unsupported: Unsupported::Refuse,
            ttl_seconds: None,
        }
    }
}

impl Core {
    /// Loads a model and waits until it answers. One that runs with the same arguments already is returned; one with
    /// other arguments is loaded anew. What is in the way ends only after everything was checked, and only if nobody
    /// uses it: see `schedule`. Where there is no engine, one is fetched first if the settings allow it.
    ///
    /// # Errors
    /// What [`Core::plan_load`] refuses, that there is no room, or why the engine did not get ready.
    pub async fn load_model(&self, request: &LoadRequest) -> Result<ModelStatus, Error> {
        let load = self.begin(request).await?;
        let server = load.ready().await?;
        Ok(self.status_of(&server))
    }

    /// As [`Core::load_model`], and returns when the engine was started: it may be loading still.
    ///
    /// # Errors
    /// What [`Core::plan_load`] refuses, or that there is no room.
    pub async fn begin_load(&self, request: &LoadRequest) -> Result<(Server, LoadPlan), Error> {
        let load = self.begin(request).await?;
        Ok((load.started().await?, load.plan.clone()))
    }

    async fn begin(&self, request: &LoadRequest) -> Result<Arc<Load>, Error> {
        self.queue_load(request, Origin::User, Instant::now()).await
    }

    /// The plan for a load on this engine; on the one that is meant for the model where none is named.
    pub(crate) async fn plan_of(
        &self,
        request: &LoadRequest,
        engine: Option<&str>,
    ) -> Result<LoadPlan, Error> {
        let (key, mut entry) = self.find_model(&request.model).await?;
        if let Some(engine) = engine {
            entry.engine = Some(engine.to_owned());
        }
        let saved = saved_params(&key, &entry)?;
        let asked = Asked {
            overrides: &request.overrides,
            preset: request.preset.as_deref(),
        };
        let mut plan = self
            .plan(key, entry, &saved, asked, request.unsupported)
            .await?;
        plan.predicted_bytes = self.predicted_ram(&plan).await;
        for skipped in &plan.skipped {
            tracing::warn!(
                key = plan.spec.key,
                param = skipped.name,
                reason = skipped.reason,
                "loading without it"
            );
        }
        Ok(plan)
    }

    /// Starts what was planned, and has room.
    pub(crate) fn start_planned(&self, plan: &LoadPlan) -> Result<Server, Error> {
        let started = self.registry().start(plan.spec.clone());
        let server = started.map_err(|source: StartError| Error::Load {
            key: plan.spec.key.clone(),
            source,
        })?;
        self.inner.plans.remember(plan);
        self.inner.recent.note(&plan.spec.key);
        self.inner.estimates.forget_placement(&plan.spec.key);
        Ok(server)
    }
}
