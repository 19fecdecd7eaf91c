//! One host owns a data folder at a time, and others find it.
//!
//! The lock is the operating system's, so it goes with the process however that ends. `host.json` says how to reach
//! the owner; it is believed only while the process that wrote it is alive.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use settings::{DataDir, write_atomically};
use supervisor::ProcessIdentity;

use crate::error::Error;

/// How to reach the host of a data folder. On disk as `run/host.json`, readable by its user alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostInfo {
    /// The host's pid.
    pub pid: u32,
    /// Its start time, as [`ProcessIdentity::start_time`].
    pub start_time: u64,
    /// The control listener: `http://127.0.0.1:N`.
    pub control_url: String,
    /// The bearer token that the control listener demands.
    pub token: String,
    /// The host's version.
    pub version: String,
}

/// The host of this data folder, if one is running.
#[must_use]
pub fn find_host(data: &DataDir) -> Option<HostInfo> {
    let text = std::fs::read(data.host_file()).ok()?;
    let host: HostInfo = serde_json::from_slice(&text).ok()?;
    let now = ProcessIdentity::of(host.pid)?;
    (now.start_time == host.start_time).then_some(host)
}

/// Ownership of a data folder; given up when dropped.
#[derive(Debug)]
pub struct InstanceLock {
    data: DataDir,
    // Held for its lock.
    _file: File,
}

impl InstanceLock {
    /// Takes the folder, creating it where needed.
    ///
    /// # Errors
    /// [`Error::Occupied`] if another host has it, [`Error::Folder`] if it cannot be used.
    pub fn acquire(data: &DataDir) -> Result<Self, Error> {
        let folder_error = |path: &Path| {
            let path = path.to_owned();
            move |source: io::Error| Error::Folder { path, source }
        };
        let root = data.root();
        create_root(root).map_err(folder_error(root))?;
        let run = data.run();
        create_private(&run).map_err(folder_error(&run))?;
        let path = data.lock_file();
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(folder_error(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                data: data.clone(),
                _file: file,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::Occupied {
                folder: data.root().to_owned(),
                pid: find_host(data).map(|host| host.pid),
            }),
            Err(TryLockError::Error(source)) => Err(folder_error(&path)(source)),
        }
    }

    /// Tells others how to reach this host.
    ///
    /// # Errors
    /// [`Error::Folder`].
    pub fn publish(&self, control_url: String, token: String) -> Result<HostInfo, Error> {
        let path = self.data.host_file();
        let pid = std::process::id();
        let host = HostInfo {
            pid,
            start_time: ProcessIdentity::of(pid).map_or(0, |identity| identity.start_time),
            control_url,
            token,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let text = serde_json::to_vec(&host).unwrap_or_default();
        write_atomically(&path, &text).map_err(|source| Error::Folder { path, source })?;
        Ok(host)
    }
}

impl Drop for InstanceLock {
    fn drop(&mut self) {
        // Only our own: after a take-over the file may be the next host's already.
        let own = find_host(&self.data).is_some_and(|host| host.pid == std::process::id());
        if own {
            let _ = std::fs::remove_file(self.data.host_file());
        }
    }
}

/// Makes the data folder, where there is none, so that only its user can look inside: logs and downloads tell what somebody
/// does. One that is there was made by the user, who may share models with others by it.
fn create_root(root: &Path) -> io::Result<()> {
    if root.is_dir() {
        return Ok(());
    }
    if let Some(parent) = root.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    match builder.create(root) {
        // Somebody else was first, or a link leads there.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

/// Creates the folder so that only its user can look inside; it names tokens and processes.
fn create_private(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_and_a_stale_host_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path());
        let lock = InstanceLock::acquire(&data).unwrap();
        assert_eq!(find_host(&data), None);
        let host = lock
            .publish("http://127.0.0.1:1".to_owned(), "t".to_owned())
            .unwrap();
        assert_eq!(find_host(&data), Some(host.clone()));

        let second = InstanceLock::acquire(&data).unwrap_err();
        assert!(matches!(second, Error::Occupied { pid: Some(pid), .. } if pid == host.pid));
        assert_eq!(
            find_host(&data),
            Some(host.clone()),
            "a refused host must not take the owner's file away"
        );

        let stale = HostInfo {
            start_time: host.start_time + 1,
            ..host
        };
        std::fs::write(data.host_file(), serde_json::to_vec(&stale).unwrap()).unwrap();
        assert_eq!(find_host(&data), None);
        drop(lock);
        assert!(InstanceLock::acquire(&data).is_ok());
    }

    #[test]
    #[cfg(unix)]
    fn what_names_tokens_is_the_users_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path());
        let lock = InstanceLock::acquire(&data).unwrap();
        lock.publish("u".to_owned(), "t".to_owned()).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data.run()), 0o700);
        assert_eq!(mode(&data.host_file()), 0o600);
    }

    /// Other users of the machine are not to read what was downloaded, which model failed why, and who asked when.
    #[test]
    #[cfg(unix)]
    fn a_data_folder_that_paddock_makes_is_its_users_alone() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::at(folder.path().join("share/paddock"));
        drop(InstanceLock::acquire(&data).unwrap());
        assert_eq!(mode(data.root()), 0o700);
        // What the user made stays as it is.
        std::fs::set_permissions(data.root(), std::fs::Permissions::from_mode(0o755)).unwrap();
        drop(InstanceLock::acquire(&data).unwrap());
        assert_eq!(mode(data.root()), 0o755);
    }
}
