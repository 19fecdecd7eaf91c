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
        let previous = self.engines().into_iter().find(|engine| engine.previous);
        let previous = previous.ok_or(EngineError::NoPrevious)?;
        supervisor::check_binary(&previous.path)?;
        self.update_settings(|settings| {
            settings.engines.current = Some(previous.name.clone());
        })?;
        self.inner
            .engine_store
            .change(|records| records.became_current(&previous.name));
        self.engine(&previous.name)
    }

    /// Waits until the load has ended well or badly. One that ended well is remembered for its engine; one that ended
    /// badly on a new engine is begun again on the one before.
    pub(crate) async fn see_through(
        self,
        request: LoadRequest,
        server: Server,
        plan: LoadPlan,
    ) -> Result<Server, Error> {
        let source = match server.ready().await {
            Ok(_) => {
                self.inner
                    .engine_store
                    .change(|records| records.loaded(&plan.engine, &plan.spec.key));
                return Ok(server);
            }
            Err(source) => source,
        };
        if self.roll_back_after(&plan, &source) {
            let (server, plan) = self.start(&request).await?;
            // It goes no further back than this: the older engine has loaded this model before.
            return Box::pin(self.see_through(request, server, plan)).await;
        }
        Err(Error::Load {
            key: plan.spec.key,
            source,
        })
    }

    /// Rolls back where this failure says that the engine is at fault. Whether it did.
    fn roll_back_after(&self, plan: &LoadPlan, source: &StartError) -> bool {
        if !blames_the_engine(source) {
            return false;
        }
        let engines = self.engines();
        let failed = engines
            .iter()
            .find(|engine| engine.current && engine.name == plan.engine);
        let previous = engines.iter().find(|engine| engine.previous);
        let (Some(failed), Some(previous)) = (failed, previous) else {
            return false;
        };
        let key = &plan.spec.key;
        let (on_failed, on_previous) = self
            .inner
            .engine_store
            .look(|records| (records.of(&failed.name), records.of(&previous.name)));
        if on_failed.loaded.contains(key) || !on_previous.loaded.contains(key) {
            return false;
        }
        let fault = Fault {
            code: source.code().to_owned(),
            message: format!("could not load {key}: {source}"),
        };
        self.inner
            .engine_store
            .change(|records| records.change(&failed.name, |record| record.fault = Some(fault)));
        if let Err(error) = self.roll_back_engine() {
            tracing::warn!(%error, "the engine could not be rolled back");
            return false;
        }
        self.announce(
            "engine_rolled_back",
            format!(
                "The engine {} could not load {key}, which ran on {} before ({source}). Paddock went back to {}.",
                failed.name, previous.name, previous.name
            ),
        );
        true
    }
}
