//! A display that nobody else has, and what is to be seen on it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::command;
use crate::error::{Error, Result};

/// From the app's first sign of life to its first picture, on a busy machine.
const SHOWS_WITHIN: Duration = Duration::from_secs(60);
/// Fewer colours than that are an empty window.
const COLOURS: u32 = 50;

/// Xvfb, which ends with this.
pub(super) struct Display {
    server: Child,
    name: String,
}

impl Display {
    /// The server finds a free number itself.
    pub(super) fn start() -> Result<Self> {
        let mut start = Command::new("Xvfb");
        start
            .args(["-displayfd", "1", "-screen", "0", "1400x900x24"])
            // The user in the clean root has no cookie.
            .args(["-nolisten", "tcp", "-ac"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut server = start
            .spawn()
            .map_err(|source| command::start_error(&start, source))?;
        let mut number = String::new();
        if let Some(said) = server.stdout.take() {
            let _ = BufReader::new(said).read_line(&mut number);
        }
        let display = Self {
            server,
            name: format!(":{}", number.trim()),
        };
        if number.trim().is_empty() {
            return Err(Error::Message("Xvfb did not start".to_owned()));
        }
        Ok(display)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Waits until there is a window of this title with something in it, and keeps a picture of it.
    pub(super) fn wait_for_window(&self, title: &str, picture: &Path) -> Result<()> {
        let deadline = Instant::now() + SHOWS_WITHIN;
        let mut seen = String::new();
        while Instant::now() < deadline {
            let tree = command::output(
                Command::new("xwininfo").args(["-display", &self.name, "-root", "-tree"]),
            )?;
            if tree.contains(&format!("\"{title}\"")) {
                let colours = self.picture(picture)?;
                if colours >= COLOURS {
                    return Ok(());
                }
                seen = format!("its window has {colours} colours");
            } else {
                seen = "there is no window".to_owned();
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        Err(Error::Message(format!(
            "{title} does not show itself: {seen}"
        )))
    }

    /// Takes a picture and counts its colours.
    fn picture(&self, path: &Path) -> Result<u32> {
        command::output(
            Command::new("import")
                .args(["-display", &self.name, "-window", "root"])
                .arg(path),
        )?;
        let count = command::output(Command::new("identify").args(["-format", "%k"]).arg(path))?;
        Ok(count.trim().parse().unwrap_or(0))
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
