//! OpenAI's official client for Node, in a folder of its own in the tests' cache. What is installed is what the lock file
//! in `tests/clients/node` says.

use std::path::{Path, PathBuf};

use crate::command;
use crate::error::{At, Result};
use crate::say;
use crate::ui;
use crate::workspace::Workspace;

/// Written last: what was installed, as the lock file said it.
const STAMP: &str = "installed-by-lock.json";

/// A folder in which Node finds the client: what is there of an earlier run, else made anew in `cache`.
pub fn ensure(workspace: &Workspace, cache: &Path) -> Result<PathBuf> {
    let wanted = workspace.root.join("tests/clients/node");
    let folder = cache.join("node-clients");
    let lock_file = wanted.join("package-lock.json");
    let lock = std::fs::read(&lock_file).at("read", &lock_file)?;
    let stamp = folder.join(STAMP);
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(folder);
    }
    say!("installing OpenAI's client for Node for tests");
    std::fs::create_dir_all(&folder).at("create", &folder)?;
    for name in ["package.json", "package-lock.json", ".npmrc"] {
        let target = folder.join(name);
        std::fs::copy(wanted.join(name), &target).at("write", &target)?;
    }
    // As for the page: not `npm ci`, see `ui`.
    command::output(ui::npm(workspace).current_dir(&folder).args([
        "install",
        "--no-audit",
        "--no-fund",
    ]))?;
    std::fs::write(&stamp, lock).at("write", &stamp)?;
    Ok(folder)
}
