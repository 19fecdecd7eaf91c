//! `cargo xtask package --verify`: each `.deb` in a clean root of Debian's, as a user has it.
//!
//! The root holds what the packages depend on and nothing else of ours, so that installing with `dpkg` proves the
//! dependencies. There, without a network: the window shows, the command works, the packed engine answers with a real
//! model. With the hub's and the releases' doubles the first steps are clicked through. And after the removal nothing is left but the user's data. Of each `.rpm` it is read what is inside. Needs
//! root, and a network to make the clean root with.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command;
use crate::error::{At, Error, Result};
use crate::say;
use crate::workspace::Workspace;

use super::Package;

mod display;
mod first_run;
mod root;

use display::Display;
use root::Root;

/// What every package puts into place.
const INSTALLED: [&str; 10] = [
    "/usr/bin/paddock",
    "/usr/bin/paddock-desktop",
    "/usr/bin/paddock-guard",
    "/usr/share/applications/Paddock.desktop",
    "/usr/share/bash-completion/completions/paddock",
    "/usr/share/doc/paddock/copyright",
    "/usr/share/doc/paddock/paddock.service",
    "/usr/share/icons/hicolor/128x128/apps/paddock-desktop.png",
    "/usr/share/icons/hicolor/scalable/apps/paddock-desktop.svg",
    "/usr/share/mime/packages/dev.paddock.desktop.xml",
];
const ENGINE: &str = "/usr/lib/paddock/engine/llama-server";

/// Tries all packages that this task knows how to try.
pub(super) fn verify(
    workspace: &Workspace,
    made: &[Package],
    model: &Path,
    staging: &Path,
) -> Result<()> {
    let of_kind = |kind: &'static str| {
        made.iter()
            .filter(move |package| package.path.extension().is_some_and(|end| end == kind))
    };
    for package in of_kind("rpm") {
        look_into_rpm(package)?;
    }
    let debs: Vec<&Package> = of_kind("deb").collect();
    if debs.is_empty() {
        say!("there is no .deb to install");
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() {
        return Err(Error::Message(
            "a clean root can only be made and entered by root\n  try: the same command with sudo"
                .to_owned(),
        ));
    }
    let root = Root::make(&staging.join("clean-root"), &dependencies(&debs)?)?;
    root.give(model, "verify/model.gguf")?;
    let before = root.files()?;
    for package in debs {
        try_deb(workspace, &root, package, &before, staging)?;
    }
    root.remove()
}

/// What the packages depend on, by the names that Debian has for it.
fn dependencies(debs: &[&Package]) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for package in debs {
        let field = command::output(
            Command::new("dpkg-deb")
                .arg("--field")
                .arg(&package.path)
                .arg("Depends"),
        )?;
        names.extend(parse_depends(&field));
    }
    Ok(names)
}

/// Of alternatives the first.
fn parse_depends(field: &str) -> Vec<String> {
    field
        .split(',')
        .filter_map(|one| one.split(['|', '(']).next())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

fn try_deb(
    workspace: &Workspace,
    root: &Root,
    package: &Package,
    before: &BTreeSet<String>,
    staging: &Path,
) -> Result<()> {
    let name = package
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    say!("installing {name} in a clean root");
    root.give(&package.path, "verify/paddock.deb")?;
    root.run(&["dpkg", "--install", "/verify/paddock.deb"])?;
    let installed = root.files()?;
    expect_files(&name, package, |path| installed.contains(path))?;
    root.run(&[
        "desktop-file-validate",
        "/usr/share/applications/Paddock.desktop",
    ])?;
    // What file managers and browsers read was brought up to date by dpkg's triggers.
    for (file, words) in [
        ("usr/share/mime/globs2", "application/x-gguf:*.gguf"),
        (
            "usr/share/applications/mimeinfo.cache",
            "application/x-gguf=Paddock.desktop",
        ),
        (
            "usr/share/applications/mimeinfo.cache",
            "x-scheme-handler/paddock=Paddock.desktop",
        ),
    ] {
        let text = root.read(file)?;
        if !text.contains(words) {
            return Err(Error::Message(format!("{name}: {file} lacks {words}")));
        }
    }

    let display = Display::start()?;
    let mut session = root.begin_session(&display, package.with_engine)?;
    root.wait_for_session("up", &mut session)?;
    let picture = staging.join(format!("{name}.png"));
    display.wait_for_window("Paddock", &picture)?;
    say!("the window is there: {}", picture.display());
    root.tell_session("seen")?;
    let status = session.wait().at("wait for", root.path())?;
    if !status.success() {
        let status = command::describe(status);
        return Err(Error::Message(format!(
            "{name}: the session ended with {status}"
        )));
    }

    if !package.with_engine {
        first_run::click_through(workspace, root, staging)?;
    }

    root.run(&["dpkg", "--purge", "paddock"])?;
    let left: Vec<String> = root.files()?.difference(before).cloned().collect();
    let (users, others): (Vec<String>, Vec<String>) =
        left.into_iter().partition(|path| root::is_the_users(path));
    if !others.is_empty() {
        return Err(Error::Message(format!(
            "{name} leaves behind:\n  {}",
            others.join("\n  ")
        )));
    }
    if !users
        .iter()
        .any(|path| path.ends_with("dev.paddock.desktop/settings.json"))
    {
        return Err(Error::Message(format!(
            "{name}: the user's settings are gone"
        )));
    }
    say!(
        "{name} is removed; left are {} files of the user's",
        users.len()
    );
    root.forget_the_user()
}

fn expect_files(name: &str, package: &Package, is_there: impl Fn(&str) -> bool) -> Result<()> {
    for path in INSTALLED {
        if !is_there(path) {
            return Err(Error::Message(format!("{name} lacks {path}")));
        }
    }
    if is_there(ENGINE) != package.with_engine {
        return Err(Error::Message(format!(
            "{name}: an engine inside was{} expected",
            if package.with_engine { "" } else { " not" }
        )));
    }
    Ok(())
}

/// An `.rpm` is not installed, for want of a system that takes one; its list of files and its needs are read.
fn look_into_rpm(package: &Package) -> Result<()> {
    let name = package
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let ask = |what: &str| {
        let text = command::output(
            Command::new("rpm")
                .args(["--query", "--package", what])
                .arg(&package.path),
        )?;
        Ok::<BTreeSet<String>, Error>(text.lines().map(str::to_owned).collect())
    };
    let files = ask("--list")?;
    expect_files(&name, package, |path| files.contains(path))?;
    let needs = ask("--requires")?;
    if !needs.iter().any(|need| need.contains("webkit2gtk")) {
        return Err(Error::Message(format!(
            "{name} does not require a web view: {needs:?}"
        )));
    }
    say!("{name} holds {} files", files.len());
    Ok(())
}

/// Removes a folder with all in it, whoever it belongs to.
fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).at("remove", folder)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_without_versions_and_alternatives() {
        assert_eq!(
            parse_depends("libgtk-3-0, libx (>= 1.2) | liby, libwebkit2gtk-4.1-0\n"),
            ["libgtk-3-0", "libx", "libwebkit2gtk-4.1-0"]
        );
        assert_eq!(parse_depends("\n"), Vec::<String>::new());
    }

    #[test]
    fn an_engine_is_there_exactly_where_it_should_be() {
        let package = |with_engine| Package {
            path: "p.deb".into(),
            with_engine,
        };
        let slim = |path: &str| INSTALLED.contains(&path);
        assert!(expect_files("p", &package(false), slim).is_ok());
        assert!(expect_files("p", &package(true), slim).is_err());
        assert!(expect_files("p", &package(true), |_| true).is_ok());
        assert!(expect_files("p", &package(false), |_| true).is_err());
        assert!(expect_files("p", &package(false), |_| false).is_err());
    }
}
