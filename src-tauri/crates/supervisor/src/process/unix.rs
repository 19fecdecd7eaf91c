//! An engine behind `paddock-guard`. The socket pair whose one end the guard has as its standard input carries orders
//! down and reports up, and by closing tells the guard that the host is gone.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::sync::CancellationToken;

use super::{CommandLine, Output, ProcessIdentity, kill_tree, prepare};
use crate::exit_report::ExitKind;

/// A running engine. Dropping it closes the lifeline, which kills the engine.
pub(crate) struct Process {
    orders: OwnedWriteHalf,
    reports: tokio::io::Lines<BufReader<OwnedReadHalf>>,
    identity: Option<ProcessIdentity>,
    pid: u32,
    /// How the engine ended, once that is known.
    ended: Option<ExitKind>,
    /// Fires when the guard itself is gone and collected.
    guard_gone: CancellationToken,
}

/// A guard ends right after its report. Whoever is told of the end shall find nothing of it left, not even that.
const GUARD_ENDS_WITHIN: Duration = Duration::from_millis(250);

impl Process {
    /// Spawns the guard and waits for it to say the engine's pid. Returns the engine with its stdout and stderr.
    pub(crate) async fn spawn(line: &CommandLine<'_>) -> io::Result<(Self, Output, Output)> {
        let (ours, guards) = StdUnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let mut command = std::process::Command::new(line.guard);
        command.arg(line.program).args(line.args);
        prepare(&mut command, line);
        let mut command = tokio::process::Command::from(command);
        command
            .stdin(Stdio::from(OwnedFd::from(guards)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A Ctrl-C in the host's terminal is the host's to handle.
            .process_group(0);
        let mut guard = command.spawn()?;
        // Our copy of the guard's end lives in `command`; while it is open the guard's death would go unseen.
        drop(command);
        let stdout = guard
            .stdout
            .take()
            .ok_or_else(|| io::Error::other("the guard has no output"))?;
        let stderr = guard
            .stderr
            .take()
            .ok_or_else(|| io::Error::other("the guard has no error output"))?;
        let guard_gone = CancellationToken::new();
        let gone = guard_gone.clone().drop_guard();
        tokio::spawn(async move {
            // Reaps the guard; how the engine ended comes over the socket.
            let _ = guard.wait().await;
            drop(gone);
        });

        let (read, orders) = UnixStream::from_std(ours)?.into_split();
        let mut reports = BufReader::new(read).lines();
        let first = reports.next_line().await?.unwrap_or_default();
        let Some(pid) = first.strip_prefix("pid ").and_then(|pid| pid.parse().ok()) else {
            let reason = first
                .strip_prefix("error ")
                .unwrap_or("the guard ended before it started the engine");
            return Err(io::Error::other(reason.to_owned()));
        };
        let process = Self {
            orders,
            reports,
            identity: ProcessIdentity::of(pid),
            pid,
            ended: None,
            guard_gone,
        };
        Ok((process, Box::new(stdout), Box::new(stderr)))
    }

    /// The engine's pid, not the guard's.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// What the reaper needs to know the engine again; `None` if it was gone before it could be looked at.
    pub(crate) fn identity(&self) -> Option<&ProcessIdentity> {
        self.identity.as_ref()
    }

    /// Waits for the end, the guard's with it. Safe to drop and call again.
    pub(crate) async fn wait(&mut self) -> ExitKind {
        let kind = match self.ended {
            Some(kind) => kind,
            None => {
                let kind = self.report().await;
                self.ended = Some(kind);
                kind
            }
        };
        let _ = tokio::time::timeout(GUARD_ENDS_WITHIN, self.guard_gone.cancelled()).await;
        kind
    }

    async fn report(&mut self) -> ExitKind {
        loop {
            match self.reports.next_line().await {
                Ok(Some(line)) => {
                    if let Some(code) = line
                        .strip_prefix("exit ")
                        .and_then(|code| code.parse().ok())
                    {
                        return ExitKind::Code(code);
                    }
                    if let Some(signal) = line
                        .strip_prefix("signal ")
                        .and_then(|signal| signal.parse().ok())
                    {
                        return ExitKind::Signal(signal);
                    }
                }
                // The guard is gone without a report. Linux kills the engine by its death signal; elsewhere we do.
                Ok(None) | Err(_) => {
                    self.make_sure_it_is_gone().await;
                    return ExitKind::GuardLost;
                }
            }
        }
    }

    /// Asks the engine to end: `SIGTERM`, and where it reads its standard input (`closes_on_eof`) the end of that.
    /// Together they end such an engine within 20 ms in every state; alone, SIGTERM hangs it and the end of input is
    /// only seen after the load.
    pub(crate) async fn ask_to_end(&mut self, closes_on_eof: bool) {
        let order: &[u8] = if closes_on_eof { b"ct" } else { b"t" };
        let _ = self.orders.write_all(order).await;
    }

    /// SIGKILL for the engine and all it started.
    pub(crate) async fn kill(&mut self) {
        if self.orders.write_all(b"k").await.is_err() {
            self.make_sure_it_is_gone().await;
        }
    }

    async fn make_sure_it_is_gone(&self) {
        let Some(identity) = &self.identity else {
            return;
        };
        for _ in 0..40 {
            if !kill_tree(identity) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}
