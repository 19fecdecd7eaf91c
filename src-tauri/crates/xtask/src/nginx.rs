//! nginx for the bench of the endpoint: what is on the `PATH`, else Debian's package unpacked into the tests' cache. It is
//! not installed: that would start a web server on a developer's machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::error::{At, Error, Result};
use crate::say;

/// Where the bench finds it.
const VARIABLE: &str = "PADDOCK_BENCH_NGINX";

/// Gives its path to the bench. Without it the bench compares with the others alone.
pub fn apply(bench: &mut Command, cache: &Path) {
    if std::env::var_os(VARIABLE).is_some() {
        return;
    }
    match ensure(cache) {
        Ok(program) => {
            bench.env(VARIABLE, program);
        }
        Err(error) => say!("the bench runs without nginx, which could not be had: {error}"),
    }
}

fn ensure(cache: &Path) -> Result<PathBuf> {
    let folder = cache.join("nginx");
    let unpacked = folder.join("usr/sbin/nginx");
    for program in [
        PathBuf::from("nginx"),
        PathBuf::from("/usr/sbin/nginx"),
        unpacked.clone(),
    ] {
        if command::succeeds(Command::new(&program).arg("-v")) {
            return Ok(program);
        }
    }
    say!("fetching nginx for the bench");
    std::fs::create_dir_all(&folder).at("create", &folder)?;
    command::output(
        Command::new("apt-get")
            .args(["-qq", "download", "nginx"])
            .current_dir(&folder),
    )?;
    let package = std::fs::read_dir(&folder)
        .at("read", &folder)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|kind| kind == "deb"))
        .ok_or_else(|| Error::Message("apt-get fetched no package of nginx".to_owned()))?;
    command::output(
        Command::new("dpkg-deb")
            .arg("-x")
            .arg(&package)
            .arg(&folder),
    )?;
    std::fs::remove_file(&package).at("remove", &package)?;
    if command::succeeds(Command::new(&unpacked).arg("-v")) {
        return Ok(unpacked);
    }
    Err(Error::Message(format!(
        "{} does not run here\n  try: install nginx-light",
        unpacked.display()
    )))
}
