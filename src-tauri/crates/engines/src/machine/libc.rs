//! Which C library this Linux has: the released builds need glibc, and not too old a one.

use std::path::Path;

use super::{Libc, Version, graphics};

/// `None` where neither is found: then the proof decides.
pub(super) fn detect() -> Option<Libc> {
    if let Some(version) = glibc_version() {
        return Some(Libc::Glibc(version));
    }
    is_musl().then_some(Libc::Musl)
}

/// `getconf GNU_LIBC_VERSION` prints `glibc 2.35`; musl's getconf knows no such name.
fn glibc_version() -> Option<Version> {
    let text = graphics::output("getconf", &["GNU_LIBC_VERSION"])?;
    parse_glibc(&text)
}

fn parse_glibc(text: &str) -> Option<Version> {
    Version::parse(text.trim().strip_prefix("glibc ")?)
}

fn is_musl() -> bool {
    std::fs::read_dir(Path::new("/lib"))
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("ld-musl-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read() {
        assert_eq!(parse_glibc("glibc 2.35\n"), Some(Version(vec![2, 35])));
        assert_eq!(parse_glibc("undefined\n"), None);
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn this_machine_has_one() {
        assert!(matches!(detect(), Some(Libc::Glibc(_))));
    }
}
