//! `cargo xtask check`: what can be said without running anything.
//!
//! Every step runs, also after one that failed: a person wants to see all of it.

use std::process::Command;

use crate::error::{Error, Result};
use crate::workspace::Workspace;
use crate::{command, packages, say, ui};

/// The release of cargo-deny whose configuration `deny.toml` is written for.
const DENY_VERSION: &str = "0.20.2";

/// Packages that may depend on tauri, or on something that does.
const ABOVE_THE_WALL: [&str; 3] = ["paddock-desktop", "paddock-tests", "paddock-empty-window"];

type Step = (&'static str, fn(&Workspace) -> Result<()>);

/// Runs all checks. `deny` asks for licences, bans and advisories too, and installs cargo-deny for that.
pub fn run(workspace: &Workspace, deny: bool) -> Result<()> {
    if workspace.window_exists() {
        packages::ensure(&[packages::WINDOW])?;
    }
    let mut steps: Vec<Step> = vec![
        ("format", format),
        ("lints", lints),
        ("the wall", wall),
        ("Windows", windows),
    ];
    if workspace.window_exists() {
        // It is compiled into the window: without it there is nothing to lint.
        steps.insert(0, ("the page's build", ui::ensure_built));
    }
    if deny {
        steps.push(("licences and bans", licences));
        steps.push(("advisories", advisories));
    }
    if workspace.ui_exists() {
        steps.push(("page", ui::check));
    }
    let mut failed = Vec::new();
    for (name, step) in &steps {
        say!("check: {name}");
        if let Err(error) = step(workspace) {
            say!("{error}");
            failed.push(*name);
        }
    }
    if failed.is_empty() {
        say!("all {} checks are good", steps.len());
        return Ok(());
    }
    Err(Error::Message(format!(
        "{} of {} checks failed: {}",
        failed.len(),
        steps.len(),
        failed.join(", ")
    )))
}

fn format(workspace: &Workspace) -> Result<()> {
    command::run(command::cargo(&workspace.root).args(["fmt", "--all", "--check"]))
}

fn lints(workspace: &Workspace) -> Result<()> {
    let words = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    command::run(command::cargo(&workspace.root).args(words))
}

/// Nothing below the shell imports tauri, on any platform, not even for its tests.
fn wall(workspace: &Workspace) -> Result<()> {
    let mut tree = command::cargo(&workspace.root);
    tree.args([
        "tree",
        "--workspace",
        "--target",
        "all",
        "--invert",
        "tauri",
    ]);
    for package in ABOVE_THE_WALL {
        tree.args(["--exclude", package]);
    }
    match command::output(&mut tree) {
        Ok(found) if found.trim().is_empty() => Ok(()),
        Ok(found) => Err(Error::Message(format!(
            "only the desktop shell may depend on tauri, and this does:\n{found}"
        ))),
        // cargo fails where the whole workspace does not know the package, which is as good.
        Err(Error::CommandSaid { stderr, .. }) if stderr.contains("did not match any packages") => {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Compiles for Windows where rustup has its standard library. The shell needs more than that, so it stays out.
fn windows(workspace: &Workspace) -> Result<()> {
    let installed = command::output(Command::new("rustup").args(["target", "list", "--installed"]))
        .unwrap_or_default();
    let Some(target) = installed
        .lines()
        .find(|target| target.contains("-pc-windows-"))
    else {
        say!(
            "skipped: no Windows target is installed (`rustup target add x86_64-pc-windows-gnu` adds one)"
        );
        return Ok(());
    };
    // One dependency has parts in C.
    let compiler = "x86_64-w64-mingw32-gcc";
    if target.ends_with("-gnu") && !command::succeeds(Command::new(compiler).arg("--version")) {
        say!("skipped: there is no {compiler} (Debian's package gcc-mingw-w64-x86-64 has it)");
        return Ok(());
    }
    let mut check = command::cargo(&workspace.root);
    check.args(["check", "--workspace", "--target", target]);
    for package in ABOVE_THE_WALL {
        check.args(["--exclude", package]);
    }
    command::run(&mut check)
}

fn licences(workspace: &Workspace) -> Result<()> {
    if !command::succeeds(command::cargo(&workspace.root).args(["deny", "--version"])) {
        say!("installing cargo-deny {DENY_VERSION}; this takes some minutes, once");
        let mut install = command::cargo(&workspace.root);
        // Not into our own target folder: nothing of it is of use afterwards.
        install
            .args([
                "install",
                "cargo-deny",
                "--locked",
                "--version",
                DENY_VERSION,
            ])
            .env_remove("CARGO_TARGET_DIR");
        command::run(&mut install)?;
    }
    command::run(command::cargo(&workspace.root).args([
        "deny",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ]))
}

/// Says which dependencies are known to be vulnerable. That changes without a change of ours, so that it fails nothing here:
/// `.github/workflows/advisories.yml` asks each week, and fails.
fn advisories(workspace: &Workspace) -> Result<()> {
    let deny = |words: &[&str]| {
        let mut deny = command::cargo(&workspace.root);
        deny.arg("deny").args(words);
        deny
    };
    if command::output(&mut deny(&["fetch", "db"])).is_err() {
        say!("skipped: no database of advisories can be reached");
        return Ok(());
    }
    let check = ["check", "--hide-inclusion-graph", "advisories"];
    if let Err(error) = command::run(&mut deny(&check)) {
        say!("{error}; this fails nothing here, and is to be looked at");
    }
    Ok(())
}
