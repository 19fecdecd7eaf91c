//! What packages are called, and the list of their digests.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{At, Error, Result};
use crate::starter;

use super::Package;

/// The list of digests, as `sha256sum --check` reads it.
const DIGESTS: &str = "SHA256SUMS";

/// What is in the name of a package with an engine inside.
const WITH_ENGINE: &str = "-with-engine";

/// Moves the one package in the bundler's folder to `output`, under the name that people see.
pub(super) fn collect(
    folder: &Path,
    bundle: &str,
    with_engine: bool,
    output: &Path,
) -> Result<PathBuf> {
    let extension = extension_of(bundle);
    let is_package = |path: &PathBuf| path.to_string_lossy().ends_with(extension);
    let found = fs::read_dir(folder)
        .at("read", folder)?
        .flatten()
        .map(|entry| entry.path())
        .find(is_package);
    let Some(from) = found else {
        return Err(Error::Message(format!(
            "the bundler left no *{extension} in {}",
            folder.display()
        )));
    };
    let name = from.file_name().unwrap_or_default().to_string_lossy();
    let to = output.join(public_name(&name, with_engine));
    fs::rename(&from, &to).at("move", &from)?;
    Ok(to)
}

/// The packages in a folder.
pub(super) fn made_before(output: &Path) -> Result<Vec<Package>> {
    let mut made: Vec<Package> = fs::read_dir(output)
        .at("read", output)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name != DIGESTS))
        .map(|path| Package {
            with_engine: path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().contains(WITH_ENGINE)),
            path,
        })
        .collect();
    made.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(made)
}

/// How the file names of this kind of package end.
fn extension_of(bundle: &str) -> &str {
    match bundle {
        "deb" => ".deb",
        "rpm" => ".rpm",
        "appimage" => ".AppImage",
        "nsis" => ".exe",
        "dmg" => ".dmg",
        other => other,
    }
}

/// The bundler's name begins with the product's; an engine inside is said behind that.
fn public_name(name: &str, with_engine: bool) -> String {
    let rest = name.strip_prefix("Paddock").unwrap_or(name);
    let inside = if with_engine { WITH_ENGINE } else { "" };
    format!("paddock{inside}{rest}")
}

/// Writes the digests of all packages beside them.
pub(super) fn write_digests(output: &Path, packages: &[Package]) -> Result<()> {
    let mut lines = String::new();
    for package in packages {
        let digest = starter::digest_of(&package.path)?;
        let name = package.path.file_name().unwrap_or_default();
        let _ = writeln!(lines, "{digest}  {}", name.to_string_lossy());
    }
    let path = output.join(DIGESTS);
    fs::write(&path, lines).at("write", &path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_inside_is_said_in_the_name() {
        let name = "Paddock_0.1.0_amd64.deb";
        assert_eq!(public_name(name, false), "paddock_0.1.0_amd64.deb");
        assert_eq!(
            public_name(name, true),
            "paddock-with-engine_0.1.0_amd64.deb"
        );
        assert_eq!(
            public_name("Paddock-0.1.0-1.x86_64.rpm", true),
            "paddock-with-engine-0.1.0-1.x86_64.rpm"
        );
    }

    #[test]
    fn a_package_is_found_renamed_and_digested() {
        let folder = tempfile::tempdir().unwrap();
        let bundles = folder.path().join("deb");
        let output = folder.path().join("packages");
        fs::create_dir_all(bundles.join("Paddock_0.1.0_amd64")).unwrap();
        fs::create_dir_all(&output).unwrap();
        assert!(collect(&bundles, "deb", false, &output).is_err());
        fs::write(bundles.join("Paddock_0.1.0_amd64.deb"), "abc").unwrap();
        let path = collect(&bundles, "deb", false, &output).unwrap();
        assert_eq!(path, output.join("paddock_0.1.0_amd64.deb"));
        let package = Package {
            path,
            with_engine: false,
        };
        write_digests(&output, &[package]).unwrap();
        assert_eq!(
            fs::read_to_string(output.join(DIGESTS)).unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  paddock_0.1.0_amd64.deb\n"
        );
        fs::write(output.join("paddock-with-engine_0.1.0_amd64.deb"), "").unwrap();
        let before = made_before(&output).unwrap();
        let inside: Vec<bool> = before.iter().map(|package| package.with_engine).collect();
        assert_eq!(inside, [true, false]);
    }
}
