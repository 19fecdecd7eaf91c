//! Starting, ordering about and outliving one engine process, per platform.
//!
//! Unix goes through `paddock-guard`, Windows through a job object; both give the same [`Process`], and the server task
//! sees it as [`Running`], so that its life can be tried without processes (`puppets`). Left out: what the process means.
//! States, readiness and reasons are the server task's.

mod identity;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::AsyncRead;

use crate::exit_report::ExitKind;
use crate::health::Probe;

pub use identity::ProcessIdentity;
pub(crate) use identity::kill_tree;
#[cfg(unix)]
use unix::Process;
#[cfg(windows)]
use windows::Process;

/// One end of the engine's output.
pub(crate) type Output = Box<dyn AsyncRead + Send + Unpin>;

/// What somebody waits for.
pub(crate) type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An engine that was spawned, with its stdout and stderr.
pub(crate) type Spawned = (Box<dyn Running>, Output, Output);

/// What engines run on: the operating system, or a stage for puppets.
pub(crate) trait Engines: Send + Sync {
    fn spawn<'a>(&'a self, line: &'a CommandLine<'a>) -> Later<'a, io::Result<Spawned>>;

    /// Who asks the engine at `url` how it is; none where that cannot be made.
    fn questions(&self, url: &str, api_key: &str) -> Option<Box<dyn Questions>>;
}

/// A running engine. Dropping it kills it.
pub(crate) trait Running: Send {
    /// The engine's pid; a puppet has none.
    fn pid(&self) -> Option<u32>;

    /// What the reaper needs to know the engine again.
    fn identity(&self) -> Option<&ProcessIdentity>;

    /// Waits for the end. Safe to drop and call again.
    fn wait(&mut self) -> Later<'_, ExitKind>;

    /// Asks the engine to end.
    fn ask_to_end(&mut self, closes_on_eof: bool) -> Later<'_, ()>;

    /// Ends it, and all it started.
    fn kill(&mut self) -> Later<'_, ()>;
}

/// Asks one engine how it is.
pub(crate) trait Questions: Send + Sync {
    /// Both `/health` and `/v1/models` answer as a client needs it; each may take so long.
    fn is_ready<'a>(&'a self, alias: &'a str, timeout: Duration) -> Later<'a, Result<(), String>>;
}

/// Engines as processes, asked over HTTP.
pub(crate) struct OperatingSystem;

impl Engines for OperatingSystem {
    fn spawn<'a>(&'a self, line: &'a CommandLine<'a>) -> Later<'a, io::Result<Spawned>> {
        Box::pin(async move {
            let (process, stdout, stderr) = Process::spawn(line).await?;
            Ok((Box::new(process) as Box<dyn Running>, stdout, stderr))
        })
    }

    fn questions(&self, url: &str, api_key: &str) -> Option<Box<dyn Questions>> {
        let probe = Probe::new(url.to_owned(), api_key.to_owned()).ok()?;
        Some(Box::new(probe))
    }
}

impl Running for Process {
    fn pid(&self) -> Option<u32> {
        Some(Self::pid(self))
    }

    fn identity(&self) -> Option<&ProcessIdentity> {
        Self::identity(self)
    }

    fn wait(&mut self) -> Later<'_, ExitKind> {
        Box::pin(Self::wait(self))
    }

    fn ask_to_end(&mut self, closes_on_eof: bool) -> Later<'_, ()> {
        Box::pin(Self::ask_to_end(self, closes_on_eof))
    }

    fn kill(&mut self) -> Later<'_, ()> {
        Box::pin(Self::kill(self))
    }
}

impl Questions for Probe {
    fn is_ready<'a>(&'a self, alias: &'a str, timeout: Duration) -> Later<'a, Result<(), String>> {
        Box::pin(async move {
            self.health(timeout).await?;
            self.serves(alias, timeout).await
        })
    }
}

/// What to run, fully resolved.
#[derive(Debug)]
pub(crate) struct CommandLine<'spec> {
    pub(crate) program: &'spec std::path::Path,
    /// Windows needs none.
    #[cfg_attr(windows, allow(dead_code))]
    pub(crate) guard: &'spec std::path::Path,
    pub(crate) args: &'spec [String],
    pub(crate) env: &'spec [(String, String)],
}

/// Variables of the parent that would change what the engine does, or are no business of its.
///
/// Any `LLAMA_ARG_*` stands for a flag, a key in the environment would be handed on, and the router's variable changes
/// how the engine stops. The token for the hub is the user's, and an engine that reads hostile files must not have it.
/// What steers Paddock is for Paddock.
pub(crate) fn leaks_into_the_engine(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.starts_with("LLAMA_ARG_")
        || name.starts_with("LLAMA_LOG_")
        || name.starts_with("PADDOCK_")
        || ["LLAMA_API_KEY", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"].contains(&name.as_str())
        || name == crate::progress::ROUTER_VARIABLE
}

/// Sets the working folder and environment that every engine gets: it runs from its own folder so that it finds its
/// libraries, and what [`leaks_into_the_engine`] names does not reach it.
pub(crate) fn prepare(command: &mut std::process::Command, line: &CommandLine<'_>) {
    #[cfg(windows)]
    {
        use std::os::windows::process::CommandExt;
        // No console window beside ours.
        command.creation_flags(::windows::Win32::System::Threading::CREATE_NO_WINDOW.0);
    }
    // The real folder: `llama-server` on PATH is often a link into an unpacked archive. Not on Windows, where the answer
    // begins with `\\\\?\\`, which many a program cannot have as its working folder.
    let real = match std::fs::canonicalize(line.program) {
        Ok(real) if cfg!(not(windows)) => real,
        _ => line.program.to_owned(),
    };
    if let Some(folder) = real.parent() {
        command.current_dir(folder);
        if let Some(variable) = library_path_variable() {
            let mut paths = vec![folder.to_owned()];
            paths.extend(
                std::env::var_os(variable)
                    .iter()
                    .flat_map(std::env::split_paths),
            );
            if let Ok(joined) = std::env::join_paths(paths) {
                command.env(variable, joined);
            }
        }
    }
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(leaks_into_the_engine) {
            command.env_remove(&name);
        }
    }
    command.envs(line.env.iter().map(|(name, value)| (name, value)));
}

fn library_path_variable() -> Option<&'static str> {
    if cfg!(target_os = "linux") {
        Some("LD_LIBRARY_PATH")
    } else if cfg!(target_os = "macos") {
        Some("DYLD_LIBRARY_PATH")
    } else {
        // Windows looks in the program's own folder first.
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_change_the_engine_is_scrubbed() {
        for name in [
            "LLAMA_ARG_CTX_SIZE",
            "llama_arg_port",
            "LLAMA_API_KEY",
            "LLAMA_SERVER_ROUTER_PORT",
            "LLAMA_LOG_FILE",
            // SECURITY.md says so: a hostile model that gets at the engine gets no token.
            "HF_TOKEN",
            "HUGGING_FACE_HUB_TOKEN",
            "PADDOCK_HOME",
        ] {
            assert!(leaks_into_the_engine(name), "{name}");
        }
        for name in [
            "PATH",
            "HOME",
            "CUDA_VISIBLE_DEVICES",
            "GGML_VK_VISIBLE_DEVICES",
            "LLAMA_CACHE",
            "HF_HOME",
        ] {
            assert!(!leaks_into_the_engine(name), "{name}");
        }
    }
}
