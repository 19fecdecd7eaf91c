//! What an engine can do, asked of the binary itself and remembered until the file changes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use load_params::EngineFlags;

use crate::error::Error;

/// `--help` takes milliseconds; a binary on a sleeping disk takes seconds.
const HELP_TIMEOUT: Duration = Duration::from_secs(30);
/// Every llama-server has had these since 2023; what lacks them is another program.
const SIGNS: &[&str] = &["--model", "--host", "--port", "--ctx-size"];

/// What one binary can do.
#[derive(Debug)]
pub(crate) struct Capabilities {
    pub(crate) flags: EngineFlags,
    pub(crate) speaks_child_protocol: bool,
}

type Stamp = (SystemTime, u64);

/// By path and the file's stamp, so that a rebuilt engine is asked again.
#[derive(Default)]
pub(crate) struct CapabilityCache {
    known: Mutex<HashMap<PathBuf, (Stamp, Arc<Capabilities>)>>,
}

impl CapabilityCache {
    /// Asks the binary, unless it was asked since it last changed.
    pub(crate) async fn of(&self, binary: &Path) -> Result<Arc<Capabilities>, Error> {
        let stamp = stamp(binary);
        if let Some(stamp) = stamp
            && let Some((seen, capabilities)) = self.lock().get(binary)
            && *seen == stamp
        {
            return Ok(Arc::clone(capabilities));
        }
        let help = supervisor::run_to_end(binary, &["--help"], HELP_TIMEOUT).await?;
        let flags = EngineFlags::parse(&help);
        if let Some(sign) = SIGNS.iter().find(|sign| !flags.has(sign)) {
            return Err(Error::NotAnEngine {
                path: binary.to_owned(),
                reason: format!("its --help does not mention {sign}"),
            });
        }
        let path = binary.to_owned();
        let speaks =
            tokio::task::spawn_blocking(move || engines::speaks_child_protocol(&path)).await;
        let speaks_child_protocol = matches!(speaks, Ok(Ok(true)));
        let capabilities = Arc::new(Capabilities {
            flags,
            speaks_child_protocol,
        });
        if let Some(stamp) = stamp {
            self.lock()
                .insert(binary.to_owned(), (stamp, Arc::clone(&capabilities)));
        }
        Ok(capabilities)
    }

    /// What is known of a binary that was asked already and has not changed since.
    pub(crate) fn known(&self, binary: &Path) -> Option<Arc<Capabilities>> {
        let stamp = stamp(binary)?;
        let known = self.lock();
        let (_, capabilities) = known.get(binary).filter(|(seen, _)| *seen == stamp)?;
        Some(Arc::clone(capabilities))
    }

    /// What a binary says of itself without being asked, for tests.
    #[cfg(test)]
    pub(crate) fn know(&self, binary: &Path, help: &str) {
        let capabilities = Capabilities {
            flags: EngineFlags::parse(help),
            speaks_child_protocol: false,
        };
        let stamp = stamp(binary).expect("the binary is there");
        self.lock()
            .insert(binary.to_owned(), (stamp, Arc::new(capabilities)));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, (Stamp, Arc<Capabilities>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamp(binary: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(binary).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
