//! `cargo xtask package`: what people install.
//!
//! The programs are built once, with optimizations; Tauri's bundler packs them, with `paddock` and `paddock-guard` beside
//! the app. Where a starter engine is packaged for this platform, each package is made twice: without an engine, and with
//! one inside, so that the first start needs no network for it. All of them end up in `packages/` below cargo's target
//! folder, with their digests.
//!
//! What is the same on every machine is in `src-tauri/tauri.bundle.conf.json`; what is not, such as where the programs
//! were built, is given to the bundler on top of it (`config`). Signing is left to the bundler, which takes certificates
//! from its own environment variables; on Windows `PADDOCK_WINDOWS_SIGN_COMMAND` is the command to sign with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{At, Result};
use crate::starter::{self, Home};
use crate::workspace::Workspace;
use crate::{command, packages, say, test_environment, ui};

mod config;
mod engine;
mod names;
mod programs;
#[cfg(target_os = "linux")]
mod verify;

/// What is asked for.
#[derive(Debug)]
pub struct Options {
    /// The bundler's names of the kinds of packages; this platform's where there are none.
    pub bundles: Vec<String>,
    /// Another target than this machine's, such as `universal-apple-darwin`.
    pub target: Option<String>,
    /// Leave out the packages with an engine inside.
    pub slim: bool,
    /// Install what was made in a clean root and try it.
    pub verify: bool,
}

/// A package that was made.
#[derive(Debug)]
pub struct Package {
    /// The file.
    pub path: PathBuf,
    /// An engine is inside.
    pub with_engine: bool,
}

/// Makes packages, and tries them where that is asked for.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    packages::ensure(&[packages::WINDOW])?;
    ui::build(workspace)?;
    let home = test_environment::home()?;
    let staging = workspace.target_dir().join("package");
    let built = programs::build(workspace, options.target.as_deref(), &staging)?;
    let made = make(workspace, options, &home, &staging, &built)?;
    for package in &made {
        let size = fs::metadata(&package.path).at("read", &package.path)?.len();
        say!(
            "{} ({} MB)",
            package.path.display(),
            size.div_ceil(1_000_000)
        );
    }
    if options.verify {
        return verify(workspace, &home, &made, &staging);
    }
    Ok(())
}

/// Tries the packages that were made before.
pub fn verify_made(workspace: &Workspace) -> Result<()> {
    let made = names::made_before(&workspace.target_dir().join("packages"))?;
    let staging = workspace.target_dir().join("package");
    verify(workspace, &test_environment::home()?, &made, &staging)
}

fn make(
    workspace: &Workspace,
    options: &Options,
    home: &Home,
    staging: &Path,
    built: &programs::Built,
) -> Result<Vec<Package>> {
    let engine = if options.slim || !starter::is_packaged_for_this_platform() {
        None
    } else {
        Some(engine::stage(home, &staging.join("engine"))?)
    };
    let output = workspace.target_dir().join("packages");
    // What lies there may be of another version.
    starter::remove_dir(&output)?;
    fs::create_dir_all(&output).at("create", &output)?;
    let mut made = Vec::new();
    for engine in std::iter::once(None).chain(engine.as_deref().map(Some)) {
        let overlay = config::overlay(&workspace.root, built, engine);
        for bundle in bundles(&options.bundles) {
            let folder = built.bundle_dir.join(bundle);
            starter::remove_dir(&folder)?;
            bundle_one(workspace, options.target.as_deref(), bundle, &overlay)?;
            made.push(Package {
                path: names::collect(&folder, bundle, engine.is_some(), &output)?,
                with_engine: engine.is_some(),
            });
        }
    }
    names::write_digests(&output, &made)?;
    Ok(made)
}

/// The kinds that are made where none is named. An AppImage is left to the workflow: its bundler fetches a runtime.
fn bundles(asked: &[String]) -> Vec<&str> {
    if !asked.is_empty() {
        return asked.iter().map(String::as_str).collect();
    }
    match std::env::consts::OS {
        "windows" => vec!["nsis"],
        "macos" => vec!["dmg"],
        _ => vec!["deb", "rpm"],
    }
}

fn bundle_one(
    workspace: &Workspace,
    target: Option<&str>,
    bundle: &str,
    overlay: &serde_json::Value,
) -> Result<()> {
    say!("making the {bundle} package");
    let program = if cfg!(windows) { "tauri.cmd" } else { "tauri" };
    let mut bundler = Command::new(workspace.ui().join("node_modules/.bin").join(program));
    bundler
        .current_dir(&workspace.root)
        .args(["bundle", "--ci", "--bundles", bundle])
        // The patch is for an updater that Paddock does not have, and would change what was built.
        .arg("--no-binary-patching")
        .args(["--features", "custom-protocol"])
        .args(["--config", "src-tauri/tauri.bundle.conf.json"])
        .args(["--config", &overlay.to_string()]);
    if let Some(target) = target {
        bundler.args(["--target", target]);
    }
    // A workflow sets what it has no secret for to nothing, which the bundler would take for a certificate.
    for (name, value) in std::env::vars_os() {
        let is_signing = name
            .to_str()
            .is_some_and(|name| name.starts_with("APPLE_") || name.starts_with("TAURI_SIGNING_"));
        if is_signing && value.is_empty() {
            bundler.env_remove(name);
        }
    }
    command::run(&mut bundler)
}

#[cfg(target_os = "linux")]
fn verify(workspace: &Workspace, home: &Home, made: &[Package], staging: &Path) -> Result<()> {
    packages::ensure(&[packages::PACKAGE_TESTS])?;
    let model = starter::ensure_model(home)?;
    verify::verify(workspace, made, &model, staging)
}

#[cfg(not(target_os = "linux"))]
fn verify(_workspace: &Workspace, _home: &Home, _made: &[Package], _staging: &Path) -> Result<()> {
    Err(crate::error::Error::Message(
        "packages are tried on Linux only\n  try: without --verify".to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_made() {
        assert_eq!(bundles(&["appimage".to_owned()]), ["appimage"]);
        assert!(!bundles(&[]).is_empty());
    }
}
