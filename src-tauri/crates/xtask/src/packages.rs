//! System packages: which a task needs, which are missing, and how this user may install them.
//!
//! Only Debian's package manager is driven. Elsewhere the packages are named and the task goes on, or stops where it
//! surely cannot. What to do is decided by [`plan`], which touches nothing.

use std::collections::HashSet;
use std::io::IsTerminal;
use std::process::Command;

use crate::command;
use crate::error::{Error, Result};
use crate::python;
use crate::say;

/// Packages that one purpose needs together.
#[derive(Debug)]
pub struct Group {
    /// What they are for, in words.
    pub purpose: &'static str,
    /// Debian's names.
    pub packages: &'static [&'static str],
    /// Answers whether the purpose is served already, however it was installed; `None` where only the package manager
    /// knows.
    served: Option<fn() -> bool>,
}

/// Fetching the starter engine and model.
pub const FETCH: Group = Group {
    purpose: "Python with pip",
    packages: &["python3", "python3-pip"],
    served: Some(python::has_pip),
};

/// Building the window.
pub const WINDOW: Group = Group {
    purpose: "WebKitGTK and what the window is built with",
    packages: &[
        "libwebkit2gtk-4.1-dev",
        "libayatana-appindicator3-dev",
        "librsvg2-dev",
    ],
    served: None,
};

/// Driving the real window without a display.
pub const WINDOW_TESTS: Group = Group {
    purpose: "a display and a driver for window tests",
    packages: &["webkit2gtk-driver", "xvfb", "dbus"],
    served: None,
};

/// Driving the page in a browser, and taking pictures.
pub const UI_TESTS: Group = Group {
    purpose: "a browser and tools for page tests",
    packages: &[
        "chromium",
        "imagemagick",
        "x11-utils",
        "openbox",
        "fonts-dejavu-core",
    ],
    served: None,
};

/// Seeing what a program reaches, and cutting it off from the network.
pub const NETWORK_TESTS: Group = Group {
    purpose: "tools that watch and cut off the network for tests",
    packages: &["bubblewrap", "strace"],
    served: None,
};

/// Trying packages in a clean root, and reading what is in them.
pub const PACKAGE_TESTS: Group = Group {
    purpose: "tools that make a clean root and look into packages",
    packages: &[
        "desktop-file-utils",
        "imagemagick",
        "iproute2",
        "mmdebstrap",
        "rpm",
        "shared-mime-info",
        "x11-utils",
        "xvfb",
    ],
    served: None,
};

/// Sees to it that the packages of these groups are installed.
///
/// As root, or with sudo, they are installed. Otherwise the error holds the exact line to run.
pub fn ensure(groups: &[Group]) -> Result<()> {
    let needed: Vec<&Group> = groups
        .iter()
        .filter(|group| !group.served.is_some_and(|served| served()))
        .collect();
    if needed.is_empty() || cfg!(not(target_os = "linux")) {
        // Windows and macOS bring their own webview; a missing Python is reported by whoever starts it.
        return Ok(());
    }
    let Some(installed) = installed(&needed) else {
        return elsewhere(&needed);
    };
    match plan(&needed, &installed, permission()) {
        Plan::Nothing => {}
        Plan::Install { packages, commands } => {
            say!("installing system packages: {packages}");
            for words in commands {
                command::run(Command::new(&words[0]).args(&words[1..]))?;
            }
        }
        Plan::Ask { packages, line } => return Err(Error::PackagesMissing { packages, line }),
    }
    // A `python3` that comes first on the PATH and has no pip is not mended by Debian's packages.
    match needed
        .iter()
        .find(|group| group.served.is_some_and(|served| !served()))
    {
        Some(group) => Err(Error::StillMissing {
            what: group.purpose,
            packages: group.packages.join(" "),
        }),
        None => Ok(()),
    }
}

/// On a system without dpkg: an answer of "no" is final, "unknown" is not.
fn elsewhere(needed: &[&Group]) -> Result<()> {
    for group in needed {
        let packages = group.packages.join(" ");
        if group.served.is_some() {
            return Err(Error::UnknownSystem {
                what: group.purpose,
                packages,
            });
        }
        say!(
            "this needs {}: what Debian calls `{packages}`",
            group.purpose
        );
    }
    Ok(())
}

/// How this user may install packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Permission {
    Root,
    /// sudo works without asking.
    Sudo,
    /// sudo will ask for the password, and there is a terminal for it.
    SudoAsks,
    No,
}

fn permission() -> Permission {
    #[cfg(unix)]
    if rustix::process::geteuid().is_root() {
        return Permission::Root;
    }
    if command::succeeds(Command::new("sudo").args(["-n", "true"])) {
        Permission::Sudo
    } else if std::io::stdin().is_terminal() && command::succeeds(Command::new("sudo").arg("-V")) {
        Permission::SudoAsks
    } else {
        Permission::No
    }
}

/// What is to be done about missing packages.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Nothing,
    Install {
        packages: String,
        commands: Vec<Vec<String>>,
    },
    Ask {
        packages: String,
        line: String,
    },
}

fn plan(needed: &[&Group], installed: &HashSet<String>, permission: Permission) -> Plan {
    let missing: Vec<&str> = needed
        .iter()
        .flat_map(|group| group.packages.iter().copied())
        .filter(|package| !installed.contains(*package))
        .collect();
    if missing.is_empty() {
        return Plan::Nothing;
    }
    let packages = missing.join(" ");
    let prefix: &[&str] = match permission {
        Permission::Root => &[],
        Permission::Sudo => &["sudo", "-n"],
        Permission::SudoAsks => &["sudo"],
        Permission::No => {
            let line = format!(
                "sudo apt-get update && sudo apt-get install -y --no-install-recommends {packages}"
            );
            return Plan::Ask { packages, line };
        }
    };
    // Another package manager may be at work, as on a machine that has just started: wait for it rather than fail.
    let apt = [
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-qq",
        "-o",
        "DPkg::Lock::Timeout=300",
        "-o",
        "Dpkg::Use-Pty=0",
    ];
    let words = |rest: &[&str]| -> Vec<String> {
        prefix
            .iter()
            .chain(&apt)
            .chain(rest)
            .map(|&word| word.to_owned())
            .collect()
    };
    let install: Vec<&str> = ["install", "-y", "--no-install-recommends"]
        .into_iter()
        .chain(missing)
        .collect();
    Plan::Install {
        packages,
        commands: vec![words(&["update"]), words(&install)],
    }
}

/// Which of the groups' packages dpkg has installed; `None` where there is no dpkg.
fn installed(groups: &[&Group]) -> Option<HashSet<String>> {
    let output = Command::new("dpkg-query")
        .args([
            "--show",
            "--showformat",
            "${Package} ${db:Status-Status}\\n",
        ])
        .args(groups.iter().flat_map(|group| group.packages))
        .output()
        .ok()?;
    // It exits 1 as soon as one package is unknown, and still lists the others.
    Some(parse_installed(&String::from_utf8_lossy(&output.stdout)))
}

fn parse_installed(text: &str) -> HashSet<String> {
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(_, status)| *status == "installed")
        .map(|(package, _)| package.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> HashSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn nothing_is_done_where_all_is_there() {
        let installed = set(WINDOW_TESTS.packages);
        assert_eq!(
            plan(&[&WINDOW_TESTS], &installed, Permission::No),
            Plan::Nothing
        );
    }

    #[test]
    fn root_installs_only_what_is_missing() {
        let plan = plan(
            &[&WINDOW_TESTS, &FETCH],
            &set(&["xvfb", "python3"]),
            Permission::Root,
        );
        let Plan::Install { packages, commands } = plan else {
            panic!("{plan:?}")
        };
        assert_eq!(packages, "webkit2gtk-driver dbus python3-pip");
        assert_eq!(commands[0][0], "env");
        assert!(
            commands[0].ends_with(&["update".to_owned()]),
            "{commands:?}"
        );
        assert!(
            commands[1]
                .join(" ")
                .ends_with("install -y --no-install-recommends webkit2gtk-driver dbus python3-pip")
        );
    }

    #[test]
    fn a_user_goes_through_sudo() {
        let plan = plan(&[&FETCH], &set(&[]), Permission::Sudo);
        let Plan::Install { commands, .. } = plan else {
            panic!("{plan:?}")
        };
        assert!(
            commands
                .iter()
                .all(|words| words[..3] == ["sudo", "-n", "env"]),
            "{commands:?}"
        );
    }

    #[test]
    fn a_user_without_sudo_gets_the_exact_line() {
        let Plan::Ask { line, .. } = plan(&[&FETCH], &set(&["python3"]), Permission::No) else {
            panic!()
        };
        assert_eq!(
            line,
            "sudo apt-get update && sudo apt-get install -y --no-install-recommends python3-pip"
        );
    }

    #[test]
    fn a_removed_package_does_not_count() {
        let text = "xvfb installed\ndbus config-files\npython3 installed\n";
        assert_eq!(parse_installed(text), set(&["xvfb", "python3"]));
    }
}
