//! The programs that go into packages, built with optimizations, and put where the bundler finds them: it wants a program
//! beside the app under a name that ends in the target's triple.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::error::{At, Error, Result};
use crate::workspace::{Profile, Workspace};

/// Programs beside the app.
pub(super) const BESIDE: [&str; 2] = ["paddock", "paddock-guard"];
const APP: &str = "paddock-desktop";
/// No target of the compiler's, but the bundler's name for both in one file.
const UNIVERSAL: &str = "universal-apple-darwin";
const UNIVERSAL_PARTS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];

/// What was built.
#[derive(Debug)]
pub(super) struct Built {
    /// Programs beside the app, without the triple in their names: as the bundler wants them named.
    pub(super) sidecars: Vec<PathBuf>,
    /// Where the bundler puts packages, a folder for each kind.
    pub(super) bundle_dir: PathBuf,
    /// The release of GNU's C library that the programs need at least, such as `2.34`; `None` elsewhere.
    pub(super) glibc: Option<String>,
    /// Shell completions by shell; none where the packages carry none.
    pub(super) completions: Vec<(&'static str, PathBuf)>,
}

/// Builds everything and stages it below `staging`.
pub(super) fn build(workspace: &Workspace, target: Option<&str>, staging: &Path) -> Result<Built> {
    let output = match target {
        None => {
            workspace.build(Profile::Release, true)?;
            workspace.binary_dir(Profile::Release)
        }
        Some(UNIVERSAL) => universal(workspace)?,
        Some(target) => {
            workspace.build_for(target)?;
            workspace.target_dir().join(target).join("release")
        }
    };
    let triple = match target {
        Some(target) => target.to_owned(),
        None => host_triple()?,
    };
    let sidecars = staging.join("sidecars");
    fs::create_dir_all(&sidecars).at("create", &sidecars)?;
    let mut staged = Vec::new();
    for name in BESIDE {
        let from = output.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        let to = sidecars.join(sidecar_name(name, &triple));
        fs::copy(&from, &to).at("copy", &from)?;
        staged.push(sidecars.join(name));
    }
    let completions = if cfg!(target_os = "linux") {
        completions(&output.join(BESIDE[0]), &staging.join("completions"))?
    } else {
        Vec::new()
    };
    let mut programs = Vec::new();
    for name in BESIDE.into_iter().chain([APP]) {
        let path = output.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        programs.push(fs::read(&path).at("read", &path)?);
    }
    Ok(Built {
        glibc: programs
            .iter()
            .filter_map(|program| newest_glibc(program))
            .max()
            .map(written),
        sidecars: staged,
        bundle_dir: output.join("bundle"),
        completions,
    })
}

/// The name under which the bundler looks for a program.
fn sidecar_name(name: &str, triple: &str) -> String {
    let suffix = if triple.contains("windows") {
        ".exe"
    } else {
        ""
    };
    format!("{name}-{triple}{suffix}")
}

fn host_triple() -> Result<String> {
    let text = command::output(Command::new("rustc").arg("-vV"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Error::Message("`rustc -vV` names no host".to_owned()))
}

type Release = (u32, u32);

fn written((major, minor): Release) -> String {
    format!("{major}.{minor}")
}

/// The newest release of GNU's C library whose functions a program calls: it names each as `GLIBC_2.34`.
fn newest_glibc(program: &[u8]) -> Option<Release> {
    const MARK: &[u8] = b"GLIBC_";
    let named = program.windows(MARK.len()).enumerate();
    named
        .filter(|(_, bytes)| *bytes == MARK)
        .filter_map(|(at, _)| {
            let rest = program[at + MARK.len()..].iter();
            let text: String = rest
                .map(|byte| char::from(*byte))
                .take_while(|letter| letter.is_ascii_digit() || *letter == '.')
                .take(12)
                .collect();
            let mut numbers = text.split('.').map(str::parse::<u32>);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        })
        .max()
}

/// Builds for both processors of Apple's, and joins the programs.
fn universal(workspace: &Workspace) -> Result<PathBuf> {
    for part in UNIVERSAL_PARTS {
        workspace.build_for(part)?;
    }
    let output = workspace.target_dir().join(UNIVERSAL).join("release");
    fs::create_dir_all(&output).at("create", &output)?;
    for name in BESIDE.into_iter().chain([APP]) {
        let mut lipo = Command::new("lipo");
        lipo.arg("-create").arg("-output").arg(output.join(name));
        for part in UNIVERSAL_PARTS {
            lipo.arg(workspace.target_dir().join(part).join("release").join(name));
        }
        command::run(&mut lipo)?;
    }
    Ok(output)
}

/// What the shells' own folders get, made by the program itself.
fn completions(program: &Path, folder: &Path) -> Result<Vec<(&'static str, PathBuf)>> {
    fs::create_dir_all(folder).at("create", folder)?;
    let mut written = Vec::new();
    for shell in ["bash", "zsh", "fish"] {
        let text = command::output(Command::new(program).args(["completions", shell]))?;
        let path = folder.join(shell);
        fs::write(&path, text).at("write", &path)?;
        written.push((shell, path));
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_named_as_the_bundler_looks_for_them() {
        let name = |triple| sidecar_name("paddock-guard", triple);
        assert_eq!(
            name("x86_64-unknown-linux-gnu"),
            "paddock-guard-x86_64-unknown-linux-gnu"
        );
        assert_eq!(
            name("x86_64-pc-windows-msvc"),
            "paddock-guard-x86_64-pc-windows-msvc.exe"
        );
        assert_eq!(name(UNIVERSAL), "paddock-guard-universal-apple-darwin");
    }

    #[test]
    fn the_newest_release_that_is_named_counts() {
        let program = b"\0GLIBC_2.4\0GLIBC_2.34\0GLIBC_PRIVATE\0GLIBC_2.9.1\0GLIBC_2";
        assert_eq!(newest_glibc(program).map(written).unwrap(), "2.34");
        assert_eq!(newest_glibc(b"GLIBC_PRIVATE"), None);
        assert_eq!(newest_glibc(b""), None);
    }

    #[test]
    fn this_machine_has_a_triple() {
        let triple = host_triple().unwrap();
        assert!(triple.starts_with(std::env::consts::ARCH), "{triple}");
    }
}
