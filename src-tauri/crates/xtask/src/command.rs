//! Starting other programs.
//!
//! Three ways: [`run`] lets the program talk to the terminal, [`output`] captures what it prints, [`succeeds`] only asks.
//! All errors carry the command line, so that a person can repeat it.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::error::{Error, Result};

/// How much of a failed program's stderr goes into an error.
const STDERR_LINES: usize = 15;

/// `cargo` in the repository's root.
pub fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    forget_package(&mut command);
    command
}

/// `cargo` of the nightly compiler, in the repository's root.
pub fn nightly_cargo(root: &Path) -> Command {
    let mut command = Command::new("rustup");
    command.current_dir(root).args(["run", "nightly", "cargo"]);
    forget_package(&mut command);
    command
}

/// `cargo xtask` itself runs under cargo, which leaves variables about the *xtask* package in the environment. Build
/// scripts that watch those would run again each time somebody changes between `cargo build` and `cargo xtask`.
fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}

/// The command line, as a person would type it.
pub fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    // A full path to cargo says nothing; a full path to our own binaries does.
    let program = match program.file_stem() {
        Some(stem) if stem == "cargo" => stem,
        _ => program.as_os_str(),
    };
    std::iter::once(program)
        .chain(command.get_args())
        .map(quoted)
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.is_empty()
        || word.contains([' ', '"', '\'', '$', '*', ';', '&', '|', '<', '>', '(', ')'])
    {
        format!("'{}'", word.replace('\'', r"'\''"))
    } else {
        word.into_owned()
    }
}

/// An exit status in words.
pub fn describe(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    status
        .code()
        .map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}

/// The error for a program that could not be started.
pub fn start_error(command: &Command, source: io::Error) -> Error {
    let program = Path::new(command.get_program());
    let hint = match program.file_stem().and_then(OsStr::to_str) {
        Some("npm") => "install Node.js with npm",
        Some("python3" | "python") => "install Python 3 with pip",
        _ => "see that it is installed and on the PATH",
    };
    Error::Start {
        program: program.display().to_string(),
        source,
        hint,
    }
}

/// Runs a program to its end, with the terminal's output and without input.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|source| start_error(command, source))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Command {
        command: line(command),
        status: describe(status),
    })
}

/// Runs a program to its end and returns its stdout.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| start_error(command, source))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Error::CommandSaid {
        command: line(command),
        status: describe(output.status),
        stderr: last_lines(&String::from_utf8_lossy(&output.stderr), STDERR_LINES),
    })
}

/// Whether a program exists and exits 0.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a program that prints one JSON document and reads that.
pub fn json<T: serde::de::DeserializeOwned>(command: &mut Command) -> Result<T> {
    let text = output(command)?;
    serde_json::from_str(&text).map_err(|source| Error::Json {
        command: line(command),
        source,
    })
}

/// The last `count` lines of a text that are not blank.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_can_be_pasted() {
        let mut command = Command::new("/opt/rust/bin/cargo");
        command.args(["test", "-p", "paddock-tests", "it's here"]);
        assert_eq!(
            line(&command),
            r"cargo test -p paddock-tests 'it'\''s here'"
        );
    }

    #[test]
    fn last_lines_skips_blank_ones() {
        assert_eq!(last_lines("a\n\nb\n  \nc\n\n", 2), "b\nc");
        assert_eq!(last_lines("", 2), "");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut Command::new("no-such-program-here"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("no-such-program-here") && error.contains("try:"),
            "{error}"
        );
    }
}
