//! New builds are offered; where the user wants them by themselves, they are installed here. Off unless the settings
//! say otherwise.

use std::time::Duration;

use engines::build_number;

use crate::core::Core;
use crate::engines::EngineSource;
use crate::install_engine::InstallRequest;

/// A host that has just started has better things to do.
const FIRST_LOOK: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_secs(6 * 60 * 60);

impl Core {
    /// Looks for new builds now and then, as long as the host runs. A host starts it once.
    pub async fn keep_engines_updated(&self) {
        let shutdown = self.inner.engine_store.shutdown.clone();
        let mut pause = FIRST_LOOK;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => return,
            }
            pause = BETWEEN_LOOKS;
            if self.settings().engines.auto_update {
                self.update_engine().await;
            }
        }
    }

    /// Whether the user has not met this build yet. One that is there and not current, or was gone back from, is not
    /// wanted.
    fn is_news(&self, tag: &str) -> bool {
        let is_there = self
            .engines_now()
            .iter()
            .any(|engine| engine.present && engine.build.as_deref() == Some(tag));
        !is_there
            && !self
                .inner
                .engine_store
                .look(|records| records.has_left_build(tag))
    }

    /// Installs the newest build where the current engine is an older one that Paddock fetched as the latest.
    async fn update_engine(&self) {
        let Ok(current) = self.current_engine() else {
            return;
        };
        let follows_latest = self
            .settings()
            .engines
            .installed
            .get(&current.name)
            .is_some_and(|entry| entry.tag.as_deref() == Some("latest"));
        if current.source != EngineSource::Paddock || !follows_latest {
            return;
        }
        let available = self.available_engines(true, None).await;
        let Some(tag) = available.update_available else {
            return;
        };
        // The same kind of build, if it is still there: `cuda` of `cuda-12.8`.
        let family = current
            .variant
            .as_deref()
            .and_then(|variant| variant.split('-').next())
            .map(str::to_owned);
        let variant = available
            .variants
            .iter()
            .find(|variant| variant.works && variant.id.split('-').next() == family.as_deref())
            .map(|variant| variant.id.clone());
        let name = self.name_in_list(&format!("{tag}-{}", variant.clone().unwrap_or_default()));
        let failed_before = self
            .inner
            .engine_store
            .look(|records| records.of(&name).fault.is_some());
        if failed_before || build_number(&tag).is_none() || !self.is_news(&tag) {
            return;
        }
        let request = InstallRequest {
            build: "latest".to_owned(),
            variant,
            without_digest: false,
        };
        match self.install_engine(request).await {
            Ok(engine) => self.announce(
                "engine_updated",
                format!(
                    "The engine {} was installed and proved, and is current now.",
                    engine.name
                ),
            ),
            Err(error) => self.announce(
                "engine_update_failed",
                format!("A new engine ({tag}) was not installed: {error}"),
            ),
        }
    }
}
