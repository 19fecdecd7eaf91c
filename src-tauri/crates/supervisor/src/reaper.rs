//! Children on record, so that the next start can end what a power cut of the host left behind.
//!
//! Every running engine has a file in `run/children/` with its pid, start time and executable. A record whose process
//! is gone, or whose pid means another process by now, is only removed. Nothing is killed on a pid alone.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::process::{ProcessIdentity, kill_tree};

/// How long a killed engine is waited for.
const GONE_WITHIN: Duration = Duration::from_secs(2);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChildRecord {
    key: String,
    #[serde(flatten)]
    identity: ProcessIdentity,
}

/// An engine of an earlier host that was still running, and is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaped {
    /// The model it served.
    pub key: String,
    /// The process it was.
    pub identity: ProcessIdentity,
}

/// A record on disk; removed when dropped.
#[derive(Debug)]
pub(crate) struct Registered(PathBuf);

impl Drop for Registered {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Puts a child on record. The file appears whole or not at all.
pub(crate) fn register(
    folder: &Path,
    key: &str,
    identity: &ProcessIdentity,
) -> io::Result<Registered> {
    std::fs::create_dir_all(folder)?;
    let record = ChildRecord {
        key: key.to_owned(),
        identity: identity.clone(),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut file, &record)?;
    file.flush()?;
    let path = folder.join(format!("{}.json", identity.pid));
    file.persist(&path)?;
    Ok(Registered(path))
}

/// Ends every engine on record that is still the process that was recorded, and clears the records.
///
/// Called with the instance lock held: then no living host owns these.
///
/// # Errors
/// When the folder exists and cannot be listed. A record that cannot be read is removed: it names nobody.
pub fn reap(folder: &Path) -> io::Result<Vec<Reaped>> {
    let mut reaped = Vec::new();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(reaped),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        let record = std::fs::read(&path)
            .ok()
            .and_then(|text| serde_json::from_slice::<ChildRecord>(&text).ok());
        if let Some(ChildRecord { key, identity }) = record
            && kill_tree(&identity)
        {
            wait_until_gone(&identity);
            reaped.push(Reaped { key, identity });
        }
        let _ = std::fs::remove_file(&path);
    }
    Ok(reaped)
}

/// A killed process holds its memory until it is gone, and the next load may need that (llama-swap #97).
fn wait_until_gone(identity: &ProcessIdentity) {
    let deadline = Instant::now() + GONE_WITHIN;
    while identity.is_alive() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    fn sleeper() -> std::process::Child {
        Command::new("sleep")
            .arg("60")
            .process_group(0)
            .spawn()
            .unwrap()
    }

    /// The identity once `exec` has happened: until then the executable is still the test's own.
    fn identity_of(child: &std::process::Child) -> ProcessIdentity {
        for _ in 0..200 {
            if let Some(identity) = ProcessIdentity::of(child.id())
                && !identity
                    .executable
                    .ends_with(std::env::current_exe().unwrap().file_name().unwrap())
            {
                return identity;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("sleep did not start");
    }

    /// Orphaned servers that hold their memory: LM Studio #588, Ollama #5642, llama-swap #100.
    #[test]
    fn an_orphan_on_record_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = sleeper();
        let identity = identity_of(&child);
        std::mem::forget(register(folder.path(), "local/a", &identity).unwrap());

        let reaped = reap(folder.path()).unwrap();

        assert_eq!(
            reaped,
            [Reaped {
                key: "local/a".to_owned(),
                identity
            }]
        );
        assert!(!child.wait().unwrap().success());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_stranger_with_a_recorded_pid_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = sleeper();
        let real = identity_of(&child);
        let other_time = ProcessIdentity {
            start_time: real.start_time - 1,
            ..real.clone()
        };
        std::mem::forget(register(folder.path(), "local/a", &other_time).unwrap());
        assert_eq!(reap(folder.path()).unwrap(), []);
        let other_program = ProcessIdentity {
            executable: "/opt/llama-server".into(),
            ..real
        };
        std::mem::forget(register(folder.path(), "local/a", &other_program).unwrap());
        assert_eq!(reap(folder.path()).unwrap(), []);

        assert!(child.try_wait().unwrap().is_none(), "it must still run");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn rubbish_and_no_folder_are_no_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("1.json"), "not json").unwrap();
        assert_eq!(reap(folder.path()).unwrap(), []);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(reap(&folder.path().join("none")).unwrap(), []);
    }
}
