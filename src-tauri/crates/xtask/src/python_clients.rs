//! Official Python clients, each in an environment of its own: tests show that they work, unmodified, against our double
//! of the hub and against the endpoint. Nothing is installed into anybody's Python.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::error::{At, Result};
use crate::say;

/// One client.
#[derive(Debug)]
pub struct PythonClient {
    /// The package, which is also the name of its module.
    name: &'static str,
    /// What is installed; the folder carries the version, so that another one is another environment.
    version: &'static str,
}

/// The hub's.
pub const HUB: PythonClient = PythonClient {
    name: "huggingface_hub",
    version: "2.4.0",
};
/// OpenAI's.
pub const OPENAI: PythonClient = PythonClient {
    name: "openai",
    version: "3.54.0",
};
/// Anthropic's, for `/v1/messages`.
pub const ANTHROPIC: PythonClient = PythonClient {
    name: "anthropic",
    version: "2.12.0",
};

/// A Python that has the client: what is there of an earlier run, else made anew in `cache`.
pub fn ensure(cache: &Path, client: &PythonClient) -> Result<PathBuf> {
    let PythonClient { name, version } = client;
    let folder = cache.join(format!("{name}-{version}"));
    let python = if cfg!(windows) {
        folder.join("Scripts").join("python.exe")
    } else {
        folder.join("bin").join("python")
    };
    if has_client(&python, client) {
        return Ok(python);
    }
    say!("installing the Python client {name} {version} for tests");
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
            .arg(format!("{name}=={version}"))
            .env("PIP_REQUIRE_VIRTUALENV", "false"),
    )?;
    Ok(python)
}

fn has_client(python: &Path, client: &PythonClient) -> bool {
    let check = format!(
        "import {name} as client; assert client.__version__ == '{version}'",
        name = client.name,
        version = client.version
    );
    python.is_file() && command::succeeds(Command::new(python).args(["-c", &check]))
}

fn system_python() -> Command {
    Command::new(if cfg!(windows) { "python" } else { "python3" })
}
