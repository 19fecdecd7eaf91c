//! What a child took: wall time, processor time with that of its own children, and its largest memory.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) processor: Duration,
    pub(crate) peak_bytes: u64,
}

/// Runs a command to its end; `None` if it failed.
pub(crate) fn run(command: &mut Command) -> Option<Cost> {
    let begin = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    let id = i32::try_from(child.id()).ok()?;
    let mut peak_bytes = 0;
    // Left a zombie, its processor time can still be read.
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    loop {
        peak_bytes = peak_bytes.max(peak_of(id));
        let over = waitid(WaitId::Pid(Pid::from_raw(id)?), options).ok()?;
        if over.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(3));
    }
    let wall = begin.elapsed();
    let processor = processor_of(id);
    end(&mut child).then_some(Cost {
        wall,
        processor,
        peak_bytes,
    })
}

fn end(child: &mut Child) -> bool {
    use std::io::Read;
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = stderr.read_to_string(&mut said);
    }
    let good = child.wait().is_ok_and(|status| status.success());
    if !good {
        eprintln!("{said}");
    }
    good
}

fn peak_of(id: i32) -> u64 {
    std::fs::read_to_string(format!("/proc/{id}/status"))
        .ok()
        .and_then(|status| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("VmHWM:"))?;
            line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
        })
        .unwrap_or(0)
        * 1024
}

/// utime, stime, cutime and cstime, in hundredths of a second.
fn processor_of(id: i32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let ticks: u64 = stat
        .rsplit_once(')')
        .map_or("", |(_, rest)| rest)
        .split_whitespace()
        .skip(11)
        .take(4)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}
