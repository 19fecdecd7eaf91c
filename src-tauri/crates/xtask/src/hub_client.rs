//! The hub's official Python client, in an environment of its own: a test shows that it works against our double of the
//! hub. Nothing is installed into anybody's Python.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::error::{At, Result};
use crate::say;

/// What is installed; the folder carries the version, so that another one is another environment.
const VERSION: &str = "2.4.0";

/// A Python that has the client: what is there of an earlier run, else made anew in `cache`.
pub fn ensure(cache: &Path) -> Result<PathBuf> {
    let folder = cache.join(format!("huggingface_hub-{VERSION}"));
    let python = if cfg!(windows) {
        folder.join("Scripts").join("python.exe")
    } else {
        folder.join("bin").join("python")
    };
    if has_client(&python) {
        return Ok(python);
    }
    say!("installing the hub's Python client {VERSION} for tests");
    std::fs::create_dir_all(cache).at("create", cache)?;
    // Without pip, which on Debian is a package of its own; the system's pip installs into it.
    command::output(
        system_python()
            .args(["-m", "venv", "--clear", "--without-pip"])
            .arg(&folder),
    )?;
    command::output(
        system_python()
            .args(["-m", "pip", "--python"])
            .arg(&python)
            .args([
                "install",
                "--only-binary",
                ":all:",
                "--quiet",
                "--disable-pip-version-check",
                "--no-input",
            ])
            .arg(format!("huggingface_hub=={VERSION}"))
            .env("PIP_REQUIRE_VIRTUALENV", "false"),
    )?;
    Ok(python)
}

fn has_client(python: &Path) -> bool {
    let check = format!("import huggingface_hub as h; assert h.__version__ == '{VERSION}'");
    python.is_file() && command::succeeds(Command::new(python).args(["-c", &check]))
}

fn system_python() -> Command {
    Command::new(if cfg!(windows) { "python" } else { "python3" })
}
