//! A load that finds no engine gets one first, where the user allows it. A load that finds one never asks the network
//! for anything (LM Studio #2428).

use crate::core::Core;
use crate::engine_error::EngineError;
use crate::engine_jobs::EngineJob;
use crate::engines::{EngineSource, EngineView};
use crate::error::{Error, WireError};
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
                    if self.engines_now().is_empty() && self.settings().engines.fetch_missing =>
                {
                    (InstallRequest::default(), Then::MakeCurrent)
                }
                Err(error) => return Err(error),
            };
            let (request, then) = missing;
            let cause = match self.install_then(request.clone(), then.clone()).await {
                Ok(_) => return Ok(()),
                // Somebody else is at it, perhaps with the same. How that ends goes for all who wait: what was
                // cancelled is not begun again for the next of them.
                Err(Error::Engine(EngineError::Busy { .. })) => {
                    let ended = self.install_ended().await;
                    match ended.and_then(|job| failure_of(job, &request, &then)) {
                        Some(cause) => cause,
                        None => continue,
                    }
                }
                Err(error) => WireError::from(&error),
            };
            return Err(EngineError::NoneInstalled { cause }.into());
        }
    }

    /// Waits for the installation that is under way; returns how it ended.
    async fn install_ended(&self) -> Option<EngineJob> {
        let mut jobs = self.engine_jobs();
        let id = jobs.borrow().as_ref().map(|job| job.id);
        let is_over = |job: &Option<EngineJob>| {
            job.as_ref()
                .is_none_or(|job| Some(job.id) != id || job.state.is_final())
        };
        let ended = jobs.wait_for(is_over).await.ok()?.clone();
        // It says how it ended before the next one may begin.
        self.no_install_under_way().await;
        ended.filter(|job| Some(job.id) == id)
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
        let allowed = may_fetch(
            entry.and_then(|entry| entry.fetch),
            engine.source,
            settings.engines.fetch_missing,
        );
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

/// What the user says of this engine counts first. One that lies elsewhere is the user's: its disk may only be away for
/// the moment, and nothing takes its place unasked.
fn may_fetch(of_this: Option<bool>, source: EngineSource, of_all: bool) -> bool {
    of_this.unwrap_or(of_all && source == EngineSource::Paddock)
}

/// Why an installation failed, where it was the one that is wanted.
fn failure_of(job: EngineJob, wanted: &InstallRequest, then: &Then) -> Option<WireError> {
    let is_the_same = match then {
        // Any would have done.
        Then::MakeCurrent => true,
        Then::Replace(_) => {
            job.build.eq_ignore_ascii_case(&wanted.build)
                && (wanted.variant.is_none() || job.variant == wanted.variant)
        }
    };
    job.error.filter(|_| is_the_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_users_is_fetched_only_where_the_user_says_so() {
        assert!(may_fetch(None, EngineSource::Paddock, true));
        assert!(!may_fetch(None, EngineSource::Paddock, false));
        assert!(!may_fetch(None, EngineSource::Added, true));
        assert!(may_fetch(Some(true), EngineSource::Added, false));
        assert!(!may_fetch(Some(false), EngineSource::Paddock, true));
    }

    #[test]
    fn a_failure_goes_for_all_who_waited_for_it() {
        let mut job = EngineJob::new(1, "b7");
        job.variant = Some("cpu".to_owned());
        job.error = Some(WireError::from(&Error::from(EngineError::Cancelled)));
        let wanted = |build: &str| InstallRequest {
            build: build.to_owned(),
            variant: Some("cpu".to_owned()),
            without_digest: false,
        };
        let code = |request, then| failure_of(job.clone(), &request, &then).map(|error| error.code);
        let replace = || Then::Replace("b7-cpu".to_owned());
        assert_eq!(code(wanted("b7"), replace()).as_deref(), Some("cancelled"));
        assert_eq!(code(wanted("b8"), replace()), None, "another one");
        assert!(code(InstallRequest::default(), Then::MakeCurrent).is_some());
        let mut done = job.clone();
        done.error = None;
        assert_eq!(failure_of(done, &wanted("b7"), &replace()), None);
    }
}
