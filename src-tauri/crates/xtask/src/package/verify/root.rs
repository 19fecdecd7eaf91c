//! A clean root of Debian's, and what is done in it. All mounts are in a namespace of each command's own: whatever ends
//! it, nothing stays mounted.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::command;
use crate::error::{At, Error, Result};
use crate::say;

use super::display::Display;
use super::remove;

const USER: &str = "tester";
/// A first start on a busy machine.
const SESSION_LIMIT: Duration = Duration::from_secs(180);
/// What is there for every command: devices, processes, and the display's socket.
const ENTER: &str = r#"
set -e
mount --rbind /dev "$ROOT/dev"
mount -t proc proc "$ROOT/proc"
mkdir -p "$ROOT/tmp/.X11-unix"
mount --bind /tmp/.X11-unix "$ROOT/tmp/.X11-unix"
ip link set lo up 2>/dev/null || true
exec chroot "$ROOT" "$@"
"#;
/// Beside the packages' dependencies: what desktops have, and a user needs.
const DESKTOP: [&str; 4] = [
    "desktop-file-utils",
    "fonts-dejavu-core",
    "hicolor-icon-theme",
    "shared-mime-info",
];

/// The root.
pub(super) struct Root {
    path: PathBuf,
}

impl Root {
    /// Makes one that holds these packages of Debian's and what they need.
    pub(super) fn make(path: &Path, packages: &BTreeSet<String>) -> Result<Self> {
        remove(path)?;
        let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
        let suite = codename(&release).unwrap_or("bookworm").to_owned();
        let names: Vec<&str> = packages.iter().map(String::as_str).chain(DESKTOP).collect();
        say!("making a clean root of {suite}; this takes some minutes");
        command::run(
            Command::new("mmdebstrap")
                .args(["--quiet", "--variant=minbase"])
                .arg(format!("--include={}", names.join(",")))
                .arg(suite)
                .arg(path),
        )?;
        let root = Self {
            path: path.to_owned(),
        };
        let session = path.join("verify/session");
        fs::create_dir_all(&session).at("create", &session)?;
        // The user in the root writes there too.
        command::run(Command::new("chmod").arg("1777").arg(&session))?;
        let script = path.join("verify/session.sh");
        fs::write(&script, include_str!("session.sh")).at("write", &script)?;
        root.run(&["useradd", "--create-home", USER])?;
        Ok(root)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a file into the root.
    pub(super) fn give(&self, from: &Path, to: &str) -> Result<()> {
        let to = self.path.join(to);
        fs::copy(from, &to).map(|_| ()).at("copy", from)
    }

    pub(super) fn read(&self, path: &str) -> Result<String> {
        let path = self.path.join(path);
        fs::read_to_string(&path).at("read", &path)
    }

    /// Runs a command in the root, as root.
    pub(super) fn run(&self, words: &[&str]) -> Result<()> {
        command::run(self.enter(&[]).args(words))
    }

    fn enter(&self, namespaces: &[&str]) -> Command {
        let mut enter = Command::new("unshare");
        enter
            .args(["--mount", "--pid", "--fork", "--kill-child"])
            .args(namespaces)
            .args(["sh", "-c", ENTER, "sh"])
            .env("ROOT", &self.path)
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        enter
    }

    /// Begins what a user does, without a network.
    pub(super) fn begin_session(&self, display: &Display, with_engine: bool) -> Result<Child> {
        for name in ["up", "seen"] {
            let _ = fs::remove_file(self.session_file(name));
        }
        let engine = if with_engine { "yes" } else { "no" };
        let mut session = self.enter(&["--net"]);
        session
            .args([
                "env",
                "-i",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "NO_AT_BRIDGE=1",
            ])
            .arg(format!("HOME=/home/{USER}"))
            .arg(format!("DISPLAY={}", display.name()))
            .arg(format!("WITH_ENGINE={engine}"))
            .args(["runuser", "-u", USER, "--", "bash", "/verify/session.sh"])
            .stdin(Stdio::null());
        session
            .spawn()
            .map_err(|source| command::start_error(&session, source))
    }

    /// Waits until the session says this.
    pub(super) fn wait_for_session(&self, name: &str, session: &mut Child) -> Result<()> {
        let deadline = Instant::now() + SESSION_LIMIT;
        while !self.session_file(name).exists() {
            let ended = session.try_wait().at("wait for", &self.path)?;
            if ended.is_some() || Instant::now() > deadline {
                let _ = session.kill();
                let _ = session.wait();
                return Err(Error::Message(
                    "the app did not come up in the clean root".to_owned(),
                ));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// Says this to the session.
    pub(super) fn tell_session(&self, name: &str) -> Result<()> {
        let path = self.session_file(name);
        fs::write(&path, "").at("write", &path)
    }

    fn session_file(&self, name: &str) -> PathBuf {
        self.path.join("verify/session").join(name)
    }

    /// Every file, folder and link, as paths in the root. Not what changes by itself.
    pub(super) fn files(&self) -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).at("read", &folder)? {
                let entry = entry.at("read", &folder)?;
                let path = entry.path();
                let inside = path.strip_prefix(&self.path).unwrap_or(&path);
                let inside = format!("/{}", inside.display());
                if is_fleeting(&inside) {
                    continue;
                }
                if entry.file_type().at("look at", &path)?.is_dir() {
                    folders.push(path);
                }
                found.insert(inside);
            }
        }
        Ok(found)
    }

    /// Gives the user an empty home again.
    pub(super) fn forget_the_user(&self) -> Result<()> {
        self.run(&["userdel", "--remove", "--force", USER])?;
        self.run(&["useradd", "--create-home", USER])
    }

    pub(super) fn remove(self) -> Result<()> {
        remove(&self.path)
    }
}

/// Logs, what is of this task and of root, who clicks through the first steps, what dpkg keeps of its own, and what lives
/// in memory elsewhere.
fn is_fleeting(path: &str) -> bool {
    [
        "/dev",
        "/proc",
        "/root",
        "/sys",
        "/tmp",
        "/run",
        "/verify",
        "/var/log",
        "/var/lib/dpkg",
        "/var/cache",
    ]
    .iter()
    .any(|folder| path.starts_with(&format!("{folder}/")))
}

/// Below the user's home.
pub(super) fn is_the_users(path: &str) -> bool {
    path.starts_with(&format!("/home/{USER}/"))
}

fn codename(release: &str) -> Option<&str> {
    let name = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))?;
    Some(name.trim_matches('"')).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suite_is_this_systems_own() {
        assert_eq!(
            codename("ID=debian\nVERSION_CODENAME=bookworm\n"),
            Some("bookworm")
        );
        assert_eq!(codename("VERSION_CODENAME=\"trixie\""), Some("trixie"));
        assert_eq!(codename("ID=arch\n"), None);
    }

    #[test]
    fn what_is_left_is_told_apart() {
        assert!(is_fleeting("/var/lib/dpkg/status-old"));
        assert!(!is_fleeting("/var/lib/paddock"));
        assert!(!is_fleeting("/usr/share/mime/application/x-gguf.xml"));
        assert!(is_the_users("/home/tester/.local"));
        assert!(!is_the_users("/home/testers/.local"));
    }
}
