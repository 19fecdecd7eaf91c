//! Going back to the engine before: when the user says so, and by itself when a new engine fails the first real load
//! of a model that worked before (LM Studio #2234 #1057, Jan #7995).

use engines::Fault;
use supervisor::{Server, StartError};

use crate::core::Core;
use crate::engine_error::{EngineError, blames_the_engine};
use crate::engines::EngineView;
use crate::error::Error;
use crate::load_model::LoadRequest;
use crate::params::LoadPlan;

impl Core {
    /// Goes back to the engine that was current before.
    ///
    /// # Errors
    /// There is none that could be used.
    pub fn roll_back_engine(&self) -> Result<EngineView, Error> {
        let engines = self.engines_now();
        let current = engines.iter().find(|engine| engine.current);
        let previous = engines.iter().find(|engine| engine.previous);
        let previous = previous.ok_or(EngineError::NoPrevious)?;
        supervisor::check_binary(&previous.path)?;
        self.update_settings(|settings| {
            settings.engines.current = Some(previous.name.clone());
        })?;
        self.inner.engine_store.change(|records| {
            if let Some(build) = current.and_then(|current| current.build.as_deref()) {
                records.left_build(build);
            }
            records.became_current(&previous.name);
        });
        self.engine(&previous.name)
    }

    /// Waits until the load has ended well or badly. One that ended well is remembered for its engine; one that ended
    /// badly on a new engine is begun again on the one before. Only when that answers is the new one known to be at
    /// fault, and not the model's options or this machine: then all models go back.
    pub(crate) async fn see_through(
        self,
        request: LoadRequest,
        server: Server,
        plan: LoadPlan,
    ) -> Result<Server, Error> {
        let Err(source) = self.ready(&server, &plan).await else {
            return Ok(server);
        };
        let Some(earlier) = self.engine_to_retry_on(&request, &plan, &source).await else {
            return Err(Error::Load {
                key: plan.spec.key,
                source,
            });
        };
        tracing::info!(engine = earlier.name, key = plan.spec.key, %source, "trying the engine before");
        let retried = self.plan_of(&request, Some(&earlier.name)).await?;
        let server = self.start_planned(&retried)?;
        match self.ready(&server, &retried).await {
            Ok(()) => {
                self.go_back_from(&plan, &earlier, &source);
                Ok(server)
            }
            // It is down on both, so both stay what they were.
            Err(source) => Err(Error::Load {
                key: retried.spec.key,
                source,
            }),
        }
    }

    async fn ready(&self, server: &Server, plan: &LoadPlan) -> Result<(), StartError> {
        server.ready().await?;
        self.remember_placement(server, plan).await;
        self.inner
            .engine_store
            .change(|records| records.loaded(&plan.engine, &plan.spec.key));
        Ok(())
    }

    /// The engine that has loaded this model, where the one that failed it now has not: the one before, or, where
    /// another load was quicker and all went back already, the current one.
    async fn engine_to_retry_on(
        &self,
        request: &LoadRequest,
        plan: &LoadPlan,
        source: &StartError,
    ) -> Option<EngineView> {
        if !blames_the_engine(source) {
            return None;
        }
        // What is pinned to an engine runs on that one.
        let (_, entry) = self.find_model(&request.model).await.ok()?;
        if entry.engine.is_some() {
            return None;
        }
        let engines = self.engines_now();
        let is_current = engines
            .iter()
            .any(|engine| engine.current && engine.name == plan.engine);
        let other = engines.into_iter().find(|engine| {
            if is_current {
                engine.previous
            } else {
                engine.current
            }
        })?;
        let key = &plan.spec.key;
        let (on_failed, on_other) = self
            .inner
            .engine_store
            .look(|records| (records.of(&plan.engine), records.of(&other.name)));
        (other.present && !on_failed.loaded.contains(key) && on_other.loaded.contains(key))
            .then_some(other)
    }

    /// Makes the earlier engine current, unless that happened already, and says why.
    fn go_back_from(&self, failed: &LoadPlan, earlier: &EngineView, source: &StartError) {
        let key = &failed.spec.key;
        let went_back = self.update_settings(|settings| {
            let current = &mut settings.engines.current;
            let was_current = current.as_deref().is_none_or(|name| name == failed.engine);
            if was_current {
                *current = Some(earlier.name.clone());
            }
            was_current
        });
        match went_back {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::warn!(%error, "the engine could not be rolled back");
                return;
            }
        }
        let fault = Fault {
            code: source.code().to_owned(),
            message: format!("could not load {key}: {source}"),
        };
        self.inner.engine_store.change(|records| {
            records.change(&failed.engine, |record| record.fault = Some(fault));
            records.became_current(&earlier.name);
        });
        self.announce(
            "engine_rolled_back",
            format!(
                "The engine {} could not load {key}, which ran on {} before ({source}). Paddock went back to {}.",
                failed.engine, earlier.name, earlier.name
            ),
        );
    }
}
