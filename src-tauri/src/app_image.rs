//! Whether the app runs from an AppImage: one file, mounted elsewhere at each start. What is to last must name that file.
//!
//! The variables that say so are inherited: a terminal or an editor that is an AppImage hands its own to whatever is
//! started from it. They count only for a program that lies in what is mounted.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The image that this program lies in.
pub(crate) fn of_this_program() -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let program = std::env::current_exe().ok()?;
    around(
        &program,
        std::env::var_os("APPDIR"),
        std::env::var_os("APPIMAGE"),
    )
}

fn around(program: &Path, mounted: Option<OsString>, image: Option<OsString>) -> Option<PathBuf> {
    let mounted = PathBuf::from(mounted?);
    let image = PathBuf::from(image?);
    // The program's own path has no links in it.
    let mounted = mounted.canonicalize().unwrap_or(mounted);
    (mounted.is_absolute() && image.is_absolute() && program.starts_with(mounted)).then_some(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Started from a terminal that is an AppImage, the login would start the terminal.
    #[test]
    fn anothers_image_is_not_ours() {
        let around = |program: &str, mounted: Option<&str>, image: Option<&str>| {
            let found = around(
                Path::new(program),
                mounted.map(OsString::from),
                image.map(OsString::from),
            );
            found.map(|image| image.display().to_string())
        };
        let ours = "/tmp/.mount_PaddocXY/usr/bin/paddock-desktop";
        let image = Some("/home/ada/Paddock.AppImage");
        assert_eq!(
            around(ours, Some("/tmp/.mount_PaddocXY"), image).as_deref(),
            image
        );
        assert_eq!(around(ours, Some("/tmp/.mount_Termin"), image), None);
        assert_eq!(around(ours, None, image), None);
        assert_eq!(around(ours, Some("/tmp/.mount_PaddocXY"), None), None);
        assert_eq!(around(ours, Some(""), image), None);
        assert_eq!(
            around("/usr/bin/paddock-desktop", Some("/tmp/.mount_x"), image),
            None
        );
    }
}
