//! A wall clock that can be set for what a test starts, and for nobody else: a few lines of C in front of the system's
//! library, compiled by the `cc` that Rust links with.
//!
//! Only the wall clock jumps, as it does when somebody sets a machine's clock: monotonic clocks and the times of files
//! are the machine's own. Nobody is told of the jump: the kernel tells of one only when its own clock is set.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Home;

/// The clock of a [`Home`].
#[derive(Debug)]
pub struct Clock {
    file: PathBuf,
}

impl Home {
    /// One whose programs have a clock that can be set; one without where there is no C compiler.
    #[must_use]
    pub fn with_clock(self) -> (Self, Option<Clock>) {
        let library = self.file("clock.so");
        if !compile(&library) {
            return (self, None);
        }
        let clock = Clock {
            file: self.file("clock"),
        };
        clock.set(0);
        let home = self
            .with_variable("LD_PRELOAD", &library.to_string_lossy())
            .with_variable("CLOCK_OF_A_TEST", &clock.file.to_string_lossy());
        (home, Some(clock))
    }
}

impl Clock {
    /// Sets the clock so many seconds off the machine's.
    pub fn set(&self, offset_seconds: i64) {
        // In place: programs that run have it mapped.
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&self.file)
            .unwrap();
        file.write_all(&offset_seconds.to_ne_bytes()).unwrap();
    }
}

fn compile(library: &Path) -> bool {
    let source = library.with_extension("c");
    std::fs::write(&source, include_str!("clock.c")).unwrap();
    let mut compiler = Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o"])
        .arg(library)
        .arg(&source)
        .arg("-ldl");
    compiler.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `date` says with this clock, in seconds since the epoch.
    fn said(home: &Home) -> i64 {
        let command = home.command(&[]);
        let variables = command
            .as_std()
            .get_envs()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        let output = Command::new("date").arg("+%s").envs(variables).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        text.trim().parse().unwrap()
    }

    #[test]
    fn a_programs_clock_is_set_and_nobody_elses() {
        let program = PathBuf::from("true");
        let (home, clock) = Home::new().with_program(program).with_clock();
        let Some(clock) = clock else {
            eprintln!("left out: there is no C compiler");
            return;
        };
        let now = || {
            let since = std::time::UNIX_EPOCH.elapsed().unwrap();
            i64::try_from(since.as_secs()).unwrap()
        };
        for offset in [0, 86_400, -315_360_000] {
            clock.set(offset);
            let off = said(&home) - now();
            assert!((off - offset).abs() <= 5, "{off} instead of {offset}");
        }
    }
}
