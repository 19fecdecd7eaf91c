//! What every server of one host shares: the guard, where records and logs go, where ports come from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::port::{EphemeralPorts, PortSource};
use crate::process::{Engines, OperatingSystem};

/// What every server of one host shares.
#[derive(Clone)]
pub struct Surroundings {
    /// The `paddock-guard` binary.
    pub guard: PathBuf,
    /// Where children are put on record, `run/children`.
    pub records: PathBuf,
    /// Where log files go.
    pub logs: PathBuf,
    /// Where ports come from.
    pub ports: Arc<dyn PortSource>,
    /// What engines run on.
    pub(crate) engines: Arc<dyn Engines>,
}

impl Surroundings {
    /// The guard beside the running program, records and logs in the given folders, ports from the system.
    ///
    /// # Errors
    /// When the running program's own path cannot be found.
    pub fn new(records: PathBuf, logs: PathBuf) -> std::io::Result<Self> {
        let program = std::env::current_exe()?;
        let guard =
            program.with_file_name(format!("paddock-guard{}", std::env::consts::EXE_SUFFIX));
        Ok(Self {
            guard,
            records,
            logs,
            ports: Arc::new(EphemeralPorts),
            engines: Arc::new(OperatingSystem),
        })
    }

    /// With puppets in the place of processes: no guard, no ports, no network.
    ///
    /// # Panics
    /// When the running program's own path cannot be found.
    #[cfg(any(test, feature = "puppets"))]
    #[must_use]
    pub fn with_puppets(folder: &Path, puppets: &crate::Puppets) -> Self {
        Self {
            // Any file will do.
            guard: std::env::current_exe().expect("a test knows its own program"),
            records: folder.join("children"),
            logs: folder.join("logs"),
            ports: Arc::new(puppets.clone()),
            engines: Arc::new(puppets.clone()),
        }
    }
}

/// Where the log of a model's engine is, under the folder of logs.
#[must_use]
pub fn log_path(logs: &Path, key: &str) -> PathBuf {
    logs.join(log_file_name(key))
}

/// `google/gemma` becomes `google-gemma.log`; nothing in a key can name another folder.
fn log_file_name(key: &str) -> String {
    let safe: String = key
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() || "._-".contains(letter) {
                letter
            } else {
                '-'
            }
        })
        .collect();
    format!("{}.log", safe.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_cannot_name_a_log_file_elsewhere() {
        assert_eq!(log_file_name("google/gemma-3"), "google-gemma-3.log");
        assert_eq!(log_file_name("../../x"), "-..-x.log");
        assert_eq!(log_file_name("a\\b:c"), "a-b-c.log");
    }
}
