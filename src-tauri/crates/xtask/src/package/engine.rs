//! The engine inside a package: the starter engine that runs on the most processors, without what a server does not need,
//! and each library under the one name that the others ask for. Links are left out because not every kind of package
//! keeps them: three names of a library would be three copies of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use engines::{Origin, write_record};

use crate::error::{At, Result};
use crate::say;
use crate::starter::{self, Home};

/// Of no use to Paddock.
const LEFT_OUT: [&str; 2] = ["ggml-rpc-server", "starter.json"];

/// Puts the engine into `folder`, which is made anew, and returns that.
pub(super) fn stage(home: &Home, folder: &Path) -> Result<PathBuf> {
    let packed = starter::ensure_engine_for_packages(home)?;
    say!("packing llama.cpp {}", packed.build);
    starter::remove_dir(folder)?;
    copy(&packed.folder, folder)?;
    let licences = packed.folder.join("licenses");
    copy(&licences, &folder.join("licenses"))?;
    let origin = Origin {
        tag: packed.build.to_owned(),
        variant: packed.variant.to_owned(),
        archives: vec![(packed.archive.to_owned(), packed.sha256.to_owned())],
        digests_checked: true,
        // Where it will run is not known here.
        proved_on: None,
        size_bytes: size_of(folder)?,
        installed_at: 0,
    };
    let record = folder.join(Origin::FILE_NAME);
    write_record(&record, &origin).at("write", &record)?;
    Ok(folder.to_owned())
}

/// Copies the files of a folder, each once.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).at("create", to)?;
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(from).at("read", from)? {
        let entry = entry.at("read", from)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.path().is_dir() && !LEFT_OUT.contains(&name.as_str()) {
            names.insert(name);
        }
    }
    for name in asked_for(&names) {
        let file = from.join(name);
        // Follows links.
        fs::copy(&file, to.join(name)).at("copy", &file)?;
    }
    Ok(())
}

/// Of `libx.so`, `libx.so.0` and `libx.so.0.1.2`, the one in the middle, which is what programs are linked to. What has
/// one name only keeps it.
fn asked_for(names: &BTreeSet<String>) -> Vec<&str> {
    let version = |name: &str| {
        let (stem, version) = name.split_once(".so")?;
        Some((stem.to_owned(), version.trim_start_matches('.').to_owned()))
    };
    let is_taken = |name: &&String| match version(name) {
        None => true,
        Some((stem, own)) => {
            let others = names.iter().filter_map(|other| version(other));
            let versions: Vec<String> = others
                .filter(|(other, _)| *other == stem)
                .map(|(_, version)| version)
                .collect();
            let major = |version: &String| !version.is_empty() && !version.contains('.');
            match versions.iter().find(|version| major(version)) {
                Some(major) => own == *major,
                None => versions.len() == 1 || !own.is_empty(),
            }
        }
    };
    names.iter().filter(is_taken).map(String::as_str).collect()
}

fn size_of(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).at("read", folder)? {
        bytes += entry
            .and_then(|entry| entry.metadata())
            .at("read", folder)?
            .len();
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_library_is_taken_once_by_the_name_that_is_asked_for() {
        let names = [
            "libggml.so",
            "libggml.so.0",
            "libggml.so.0.17.0",
            "libggml-base.so",
            "libggml-base.so.0",
            "libggml-base.so.0.17.0",
            "libllama-server-impl.so",
            "libvulkan.so.1",
            "libvulkan.so.1.4.313",
            "llama-server",
        ];
        let names: BTreeSet<String> = names.map(str::to_owned).into();
        assert_eq!(
            asked_for(&names),
            [
                "libggml-base.so.0",
                "libggml.so.0",
                "libllama-server-impl.so",
                "libvulkan.so.1",
                "llama-server",
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_become_files_and_what_is_not_needed_stays_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir(&from).unwrap();
        for name in ["llama-server", "libx.so.0.1.0", "starter.json"] {
            fs::write(from.join(name), name).unwrap();
        }
        for link in ["libx.so", "libx.so.0"] {
            std::os::unix::fs::symlink("libx.so.0.1.0", from.join(link)).unwrap();
        }
        copy(&from, &to).unwrap();
        let mut left: Vec<_> = fs::read_dir(&to)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["libx.so.0", "llama-server"]);
        assert!(!to.join("libx.so.0").is_symlink());
        assert_eq!(size_of(&to).unwrap(), 25);
    }
}
