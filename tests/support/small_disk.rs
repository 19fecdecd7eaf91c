//! A disk of its own for a data folder, small enough to be filled: a tmpfs, which takes root to mount.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

/// What fills the disk.
const FILLER: &str = "filler";

/// A mounted disk. Dropping it unmounts it, also while it is used.
#[derive(Debug)]
pub struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts a disk of this size at `folder`, which is created; `None` where this user may not.
    #[must_use]
    pub fn mount(folder: &Path, size_bytes: u64) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let options = format!("size={size_bytes},mode=700");
        run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs"], folder).then(|| Self {
            folder: folder.to_owned(),
        })
    }

    /// Bytes that are left.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        let disk = statvfs(&self.folder).unwrap();
        disk.f_bavail * disk.f_frsize
    }

    /// Takes all but this many bytes, until [`SmallDisk::empty`].
    pub fn fill(&self, all_but_bytes: u64) {
        let filler = File::create(self.folder.join(FILLER)).unwrap();
        let wanted = self.free_bytes().saturating_sub(all_but_bytes);
        // Others write meanwhile: what is not to be had, they have.
        for share in [100, 99, 95, 90] {
            let size = wanted / 100 * share;
            if size == 0 || fallocate(&filler, FallocateFlags::empty(), 0, size).is_ok() {
                return;
            }
        }
    }

    /// Gives back what was taken.
    pub fn empty(&self) {
        let _ = std::fs::remove_file(self.folder.join(FILLER));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run("umount", &["--lazy"], &self.folder);
    }
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> bool {
    Command::new(program)
        .args(arguments)
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
