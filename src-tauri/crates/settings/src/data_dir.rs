//! Where Paddock keeps its things: one function for desktop, headless host and CLI alike.

use std::path::{Path, PathBuf};

/// No folder for application data is known on this system.
#[derive(Debug, thiserror::Error)]
#[error(
    "this system names no folder for application data; set PADDOCK_HOME to the folder that Paddock should use"
)]
pub struct NoDataDir;

/// `PADDOCK_HOME`, else the platform's folder for the data of `dev.paddock.desktop`. Not created here.
///
/// # Errors
/// [`NoDataDir`] where neither is known.
pub fn data_dir() -> Result<PathBuf, NoDataDir> {
    if let Some(home) = std::env::var_os("PADDOCK_HOME").filter(|home| !home.is_empty()) {
        // A relative folder means the same to a child that runs elsewhere.
        return std::path::absolute(home).map_err(|_| NoDataDir);
    }
    // Tauri's app_data_dir: the base folder and the identifier as it is, on every platform.
    let base = directories::BaseDirs::new().ok_or(NoDataDir)?;
    Ok(base.data_dir().join("dev.paddock.desktop"))
}

/// The folders inside, by name.
#[derive(Debug, Clone)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The data folder at `root`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }

    /// The data folder of this user.
    ///
    /// # Errors
    /// [`NoDataDir`], see [`data_dir`].
    pub fn of_user() -> Result<Self, NoDataDir> {
        data_dir().map(Self)
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// The settings document.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.0.join("settings.json")
    }

    /// Engines, one folder each: `<build>-<variant>/`.
    #[must_use]
    pub fn engines(&self) -> PathBuf {
        self.0.join("engines")
    }

    /// Models: `<publisher>/<repo>/<file>.gguf`.
    #[must_use]
    pub fn models(&self) -> PathBuf {
        self.0.join("models")
    }

    /// Downloads under way: parts and their state.
    #[must_use]
    pub fn downloads(&self) -> PathBuf {
        self.0.join("downloads")
    }

    /// The hub's access token, where it is set in Paddock. Readable by its owner alone.
    #[must_use]
    pub fn hub_token(&self) -> PathBuf {
        self.0.join("hub-token")
    }

    /// What can be made anew at any time, such as what model files said of themselves.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.0.join("cache")
    }

    /// Chats, one file each.
    #[must_use]
    pub fn chats(&self) -> PathBuf {
        self.0.join("chats")
    }

    /// Engine logs.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// What belongs to the running host: lock, children, `host.json`. Nobody else may read it.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    /// Children on record, for the reaper.
    #[must_use]
    pub fn children(&self) -> PathBuf {
        self.run().join("children")
    }

    /// How to reach the running host.
    #[must_use]
    pub fn host_file(&self) -> PathBuf {
        self.run().join("host.json")
    }

    /// Held by the host that owns the folder.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.run().join("instance.lock")
    }
}
