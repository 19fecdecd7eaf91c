//! Engines that fail in ways of their own: the real one, tampered with, or behind a few lines of shell.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::environment;

/// Writes a program.
pub(crate) fn write_script(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn script(path: &Path, text: &str) -> PathBuf {
    write_script(path, &format!("#!/bin/sh\n{text}\n"));
    path.to_owned()
}

fn real() -> String {
    format!("'{}'", environment::engine().display())
}

/// The real engine's folder, copied to `folder` without the library that every command needs: what an archive looks
/// like of which only the program was unpacked.
pub fn without_library(folder: &Path) -> PathBuf {
    let engine = environment::engine().canonicalize().unwrap();
    std::fs::create_dir_all(folder).unwrap();
    for entry in std::fs::read_dir(engine.parent().unwrap())
        .unwrap()
        .flatten()
    {
        let name = entry.file_name();
        // All names of the one library: the file and the links to it.
        let is_the_library = name.to_string_lossy().starts_with("libllama.so");
        if is_the_library || entry.path().is_dir() {
            continue;
        }
        // Links would do, but the dynamic linker looks beside the program's real path.
        let target = folder.join(&name);
        if std::fs::hard_link(entry.path(), &target).is_err() {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
    folder.join(engine.file_name().unwrap())
}

/// The real engine, whose address space ends after this many KiB: a machine with little memory. One arena, because each
/// of a big machine's threads would take a share for itself.
#[must_use]
pub fn with_little_memory(path: &Path, kib: u64) -> PathBuf {
    script(
        path,
        &format!("ulimit -v {kib}\nMALLOC_ARENA_MAX=1 exec {} \"$@\"", real()),
    )
}

/// An engine that answers questions about itself as the real one does, and as a server hangs without a word.
#[must_use]
pub fn that_hangs(path: &Path) -> PathBuf {
    script(
        path,
        &format!(
            "case \" $* \" in *' --model '*) ;; *) exec {} \"$@\";; esac\necho 'hanging as told' >&2\nexec sleep 600",
            real()
        ),
    )
}

/// An engine that does not even say what it can. Its pid is in a file beside it, which ends in `.pid`.
#[must_use]
pub fn that_says_nothing(path: &Path) -> PathBuf {
    script(path, "echo $$ > \"$0.pid\"\nexec sleep 600")
}

/// The real engine, of whose `--help` the lines that hold `hidden` are missing: an engine without that flag.
#[must_use]
pub fn without_flag(path: &Path, hidden: &str) -> PathBuf {
    script(
        path,
        &format!(
            "case \" $* \" in *' --help '*) {real} \"$@\" | grep -v -e '{hidden}';; *) exec {real} \"$@\";; esac",
            real = real()
        ),
    )
}

/// The real engine in a wrapper in another folder, so that nothing tells that it speaks the child protocol: as the
/// engines of early 2025, which do not.
#[must_use]
pub fn without_child_protocol(path: &Path) -> PathBuf {
    script(path, &format!("exec {} \"$@\"", real()))
}

/// An engine that dies of an illegal instruction: a real one where the machine has one, else the signal alone.
#[must_use]
pub fn with_illegal_instruction(path: &Path) -> PathBuf {
    environment::dead_engine().unwrap_or_else(|| {
        script(
            path,
            &format!(
                "case \" $* \" in *' --model '*) ;; *) exec {} \"$@\";; esac\nkill -ILL $$",
                real()
            ),
        )
    })
}
