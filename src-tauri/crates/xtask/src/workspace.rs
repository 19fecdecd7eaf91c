//! Where things are in this repository, and what has been written of it so far.
//!
//! The window and its page come and go with `src-tauri/Cargo.toml` and `ui/package.json`: every verb asks here rather than
//! knowing.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::command;
use crate::error::{Error, Result};

/// The repository, as the tasks see it.
#[derive(Debug)]
pub struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Where cargo builds, whatever set it: the environment, a configuration file or the default.
    target: PathBuf,
    /// Every binary of the workspace: package name, binary name.
    binaries: Vec<(String, String)>,
}

/// What is read of `cargo metadata`.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Workspace {
    /// Asks cargo. Works from any folder below the root.
    pub fn find() -> Result<Self> {
        // `cargo run` tells where we are. What was compiled in may be another clone that shares the build folder.
        let here = std::env::var_os("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let here = Path::new(&here);
        let root = here.ancestors().nth(3).unwrap_or(here).to_owned();
        let metadata: Metadata = command::json(command::cargo(&root).args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
        ]))?;
        let binaries = metadata
            .packages
            .iter()
            .flat_map(|package| package.targets.iter().map(move |target| (package, target)))
            .filter(|(_, target)| target.kind.iter().any(|kind| kind == "bin"))
            .map(|(package, target)| (package.name.clone(), target.name.clone()))
            .collect();
        Ok(Self {
            root,
            target: metadata.target_directory,
            binaries,
        })
    }

    /// Where cargo builds.
    pub fn target_dir(&self) -> &Path {
        &self.target
    }

    /// The folder that `cargo build` puts binaries into.
    pub fn binary_dir(&self, profile: Profile) -> PathBuf {
        self.target.join(profile.folder())
    }

    /// The path of a binary that `cargo build` makes.
    pub fn binary(&self, profile: Profile, name: &str) -> PathBuf {
        self.binary_dir(profile)
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// The names of a package's binaries.
    pub fn binaries_of(&self, package: &str) -> Vec<&str> {
        self.binaries
            .iter()
            .filter(|(owner, _)| owner == package)
            .map(|(_, name)| name.as_str())
            .collect()
    }

    /// Whether the desktop shell has been written.
    pub fn window_exists(&self) -> bool {
        self.root.join("src-tauri/Cargo.toml").is_file()
    }

    /// Whether the page has been written.
    pub fn ui_exists(&self) -> bool {
        self.ui().join("package.json").is_file()
    }

    /// The page's folder.
    pub fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// Builds the command line, the guard, and the window too where `window` is set.
    pub fn build(&self, profile: Profile, window: bool) -> Result<()> {
        command::run(&mut self.build_command(profile, window))
    }

    /// Builds all of it with optimizations, for another target than this machine's.
    pub fn build_for(&self, target: &str) -> Result<()> {
        command::run(
            self.build_command(Profile::Release, true)
                .args(["--target", target]),
        )
    }

    /// Builds the empty window that Paddock's is measured beside, with optimizations.
    pub fn build_empty_window(&self) -> Result<()> {
        command::run(command::cargo(&self.root).args([
            "build",
            "--release",
            "--package",
            "paddock-empty-window",
            "--features",
            "paddock-empty-window/custom-protocol",
        ]))
    }

    fn build_command(&self, profile: Profile, window: bool) -> Command {
        let mut build = command::cargo(&self.root);
        build.args([
            "build",
            "--package",
            "paddock-cli",
            "--package",
            "paddock-supervisor",
        ]);
        if window {
            // Without this feature the binary looks for a development server instead of the built page.
            build.args([
                "--package",
                "paddock-desktop",
                "--features",
                "paddock-desktop/custom-protocol",
            ]);
        }
        if profile == Profile::Release {
            build.arg("--release");
        }
        build
    }
}

/// Which of cargo's profiles is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build.
    Debug,
    /// What is shipped and measured.
    Release,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }
}

/// The folder that Paddock keeps its data in, on this machine and for this user.
pub fn data_dir() -> Result<PathBuf> {
    settings::data_dir().map_err(|error| Error::Message(error.to_string()))
}

/// The environment variable that moves [`data_dir`].
pub const DATA_DIR_VARIABLE: &str = "PADDOCK_HOME";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_this_repository() {
        let workspace = Workspace::find().unwrap();
        assert!(workspace.root.join("Cargo.toml").is_file());
        assert!(workspace.binaries_of("paddock-cli").contains(&"paddock"));
        let guard = workspace.binary(Profile::Release, "paddock-guard");
        assert!(
            guard.parent().unwrap().ends_with("release"),
            "{}",
            guard.display()
        );
    }
}
