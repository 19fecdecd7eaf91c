//! A load that finds no engine gets one first, where the user allows it. A load that finds one never asks the network
//! for anything (LM Studio #2428).

use crate::core::Core;
use crate::engine_error::EngineError;
use crate::engines::EngineView;
use crate::error::Error;
use crate::install_engine::{InstallRequest, Then};

impl Core {
    /// Sees to it that the engine of this model is there.
    ///
    /// # Errors
    /// It is not and may not be fetched; or it could not be.
    pub(crate) async fn fetch_missing_engine(&self, model: &str) -> Result<(), Error> {
        let (_, entry) = self.find_model(model).await?;
        loop {
            let missing = match self.engine_of(&entry) {
                Ok(engine) if engine.present => return Ok(()),
                Ok(engine) => self.missing(&engine)?,
                Err(Error::NoEngine)
                    if self.engines().is_empty() && self.settings().engines.fetch_missing =>
                {
                    (InstallRequest::default(), Then::MakeCurrent)
                }
                Err(error) => return Err(error),
            };
            let (request, then) = missing;
            match self.install_then(request, then).await {
                Ok(_) => return Ok(()),
                // Somebody else is at it, perhaps with the same.
                Err(Error::Engine(EngineError::Busy { .. })) => self.no_install_under_way().await,
                Err(error) => {
                    return Err(EngineError::NoneInstalled {
                        source: Box::new(error),
                    }
                    .into());
                }
            }
        }
    }

    /// How an engine whose binary is gone is fetched again.
    ///
    /// # Errors
    /// It may not be, or nobody knows what it was.
    fn missing(&self, engine: &EngineView) -> Result<(InstallRequest, Then), Error> {
        let settings = self.settings();
        let entry = settings.engines.installed.get(&engine.name);
        let build = entry.and_then(|entry| entry.build.clone());
        let variant = entry.and_then(|entry| entry.variant.clone());
        let allowed = entry
            .and_then(|entry| entry.fetch)
            .unwrap_or(settings.engines.fetch_missing);
        match build {
            Some(build) if allowed => Ok((
                InstallRequest {
                    build,
                    variant,
                    without_digest: false,
                },
                Then::Replace(engine.name.clone()),
            )),
            build => Err(EngineError::Missing {
                path: engine.path.clone(),
                command: build.map(|build| match variant {
                    Some(variant) => format!("paddock engine install {build} --variant {variant}"),
                    None => format!("paddock engine install {build}"),
                }),
            }
            .into()),
        }
    }
}
