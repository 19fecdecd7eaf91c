//! Processes, found by the marker in their environment.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// The variable that everything a test starts carries.
pub const MARKER: &str = "MARKER_OF_A_TEST";

/// A living process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// The kernel's short name for it.
    pub name: String,
    /// Its state, as `/proc` letters it: `R`, `S`, `D`, `T`.
    pub state: char,
    /// Its parent.
    pub parent: u32,
    /// Its arguments, program first.
    pub argv: Vec<String>,
}

impl Process {
    /// The process with this id; `None` for none, or for one that is dead and not yet collected.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (head, rest) = stat.rsplit_once(')')?;
        let mut fields = rest.split_whitespace();
        let state = fields.next()?.chars().next()?;
        if matches!(state, 'Z' | 'X') {
            return None;
        }
        Some(Self {
            pid,
            name: head.split_once('(')?.1.to_owned(),
            state,
            parent: fields.next()?.parse().ok()?,
            argv: strings(&format!("/proc/{pid}/cmdline")),
        })
    }
}

/// NUL-separated strings of a file in `/proc`.
fn strings(path: &str) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap_or_default();
    let mut parts: Vec<String> = bytes
        .split(|byte| *byte == 0)
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect();
    parts.pop();
    parts
}

/// The environment that a process was started with.
#[must_use]
pub fn environment(pid: u32) -> BTreeMap<String, String> {
    strings(&format!("/proc/{pid}/environ"))
        .into_iter()
        .filter_map(|entry| {
            let (name, value) = entry.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// Everything alive that carries this marker.
#[must_use]
pub fn marked(marker: &str) -> Vec<Process> {
    let wanted = format!("{MARKER}={marker}");
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| strings(&format!("/proc/{pid}/environ")).contains(&wanted))
        .filter_map(Process::of)
        .collect()
}

/// Waits until nothing carries the marker any more, and returns how long that took.
///
/// # Errors
/// What is left after `limit`.
pub fn wait_until_none(marker: &str, limit: Duration) -> Result<Duration, Vec<Process>> {
    let begin = Instant::now();
    loop {
        let left = marked(marker);
        if left.is_empty() {
            return Ok(begin.elapsed());
        }
        if begin.elapsed() >= limit {
            return Err(left);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether the process is there and not just a corpse.
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    Process::of(pid).is_some()
}

/// Sends a signal; whether the process was there to get it.
pub fn send(pid: u32, signal: Signal) -> bool {
    Pid::from_raw(pid.cast_signed())
        .is_some_and(|pid| rustix::process::kill_process(pid, signal).is_ok())
}

/// SIGKILL to everything that carries the marker.
pub fn kill_marked(marker: &str) {
    // Again, in case one was just being started.
    for _ in 0..3 {
        for process in marked(marker) {
            send(process.pid, Signal::KILL);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How many files, sockets and pipes a process has open.
#[must_use]
pub fn open_descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// How many threads a process has.
#[must_use]
pub fn threads(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count)
}

/// Resident memory of a process, in bytes.
#[must_use]
pub fn resident_bytes(pid: u32) -> u64 {
    status_kib(pid, "VmRSS:") * 1024
}

/// A size from `/proc/PID/status`, in KiB: `VmRSS:`, `VmLck:`.
#[must_use]
pub fn status_kib(pid: u32, field: &str) -> u64 {
    std::fs::read_to_string(format!("/proc/{pid}/status"))
        .unwrap_or_default()
        .lines()
        .find_map(|line| {
            line.strip_prefix(field)?
                .trim()
                .strip_suffix(" kB")?
                .trim()
                .parse()
                .ok()
        })
        .unwrap_or(0)
}

/// Whether the process has mapped this file.
#[must_use]
pub fn has_mapped(pid: u32, file: &std::path::Path) -> bool {
    let real: PathBuf = file.canonicalize().unwrap();
    std::fs::read_to_string(format!("/proc/{pid}/maps"))
        .unwrap_or_default()
        .lines()
        .any(|line| line.ends_with(&*real.to_string_lossy()))
}
