//! Starting with the login: kept by the system alone, so that what its own settings say is what counts here.
//!
//! Nothing but the user's switch turns it on (LM Studio #2146 and #427: on by force, and on again). On Linux an entry
//! in the XDG autostart folder, elsewhere what `auto-launch` does: a value of the registry, a launch agent.

use std::io;

#[cfg(target_os = "linux")]
pub(crate) use by_entry::{is_on, set};
#[cfg(not(target_os = "linux"))]
pub(crate) use by_system::{is_on, set};

/// The program to start: this one, or the image that it is in.
fn program() -> io::Result<std::path::PathBuf> {
    match crate::app_image::of_this_program() {
        Some(image) => Ok(image),
        None => std::env::current_exe(),
    }
}

#[cfg(target_os = "linux")]
mod by_entry {
    use std::io;
    use std::path::{Path, PathBuf};

    /// The entry, by the app's identifier so that it meets no other app's.
    const ENTRY: &str = "autostart/dev.paddock.desktop.desktop";

    /// Whether the app starts with the login of this user, whose settings are in `config`.
    pub(crate) fn is_on(config: &Path) -> bool {
        std::fs::read_to_string(config.join(ENTRY)).is_ok_and(|entry| is_in_force(&entry))
    }

    /// Turns it on or off.
    ///
    /// # Errors
    /// The entry cannot be written.
    pub(crate) fn set(config: &Path, on: bool) -> io::Result<()> {
        let path = config.join(ENTRY);
        if on {
            return settings::write_atomically(&path, entry(&super::program()?)?.as_bytes());
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The desktop's own settings switch an entry off by a word in it.
    fn is_in_force(entry: &str) -> bool {
        let says = |word: &str| {
            let mut lines = entry.lines().map(|line| line.replace(' ', ""));
            lines.any(|line| line.eq_ignore_ascii_case(word))
        };
        !says("Hidden=true") && !says("X-GNOME-Autostart-enabled=false")
    }

    fn entry(program: &Path) -> io::Result<String> {
        Ok(format!(
            "[Desktop Entry]\nType=Application\nName=Paddock\nComment=Run GGUF models on this computer\nTryExec={}\nExec={}\nTerminal=false\nX-GNOME-Autostart-enabled=true\n",
            // A package that is removed leaves the users' entries: without the program they are passed over.
            text_of(program)?.replace('\\', "\\\\"),
            quoted(program)?
        ))
    }

    fn text_of(program: &Path) -> io::Result<&str> {
        let text = program.to_str().filter(|text| !text.contains(['\n', '\r']));
        text.ok_or_else(|| {
            let path: PathBuf = program.to_owned();
            io::Error::other(format!("{} cannot be written in an entry", path.display()))
        })
    }

    /// As the Desktop Entry Specification wants arguments quoted, in a value in which backslashes count twice.
    fn quoted(program: &Path) -> io::Result<String> {
        let mut quoted = String::from("\"");
        for character in text_of(program)?.chars() {
            match character {
                '"' | '`' | '$' => quoted.push_str("\\\\"),
                '\\' => quoted.push_str("\\\\\\"),
                '%' => quoted.push('%'),
                _ => {}
            }
            quoted.push(character);
        }
        quoted.push('"');
        Ok(quoted)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn it_is_on_and_off_again() {
            let config = tempfile::tempdir().unwrap();
            assert!(!is_on(config.path()));
            set(config.path(), false).unwrap();
            set(config.path(), true).unwrap();
            assert!(is_on(config.path()));
            let text = std::fs::read_to_string(config.path().join(ENTRY)).unwrap();
            let program = std::env::current_exe().unwrap();
            let program = program.display();
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.contains(&&*format!("Exec=\"{program}\"")), "{text}");
            // After the package was removed, an entry without it is a failure at every login.
            assert!(lines.contains(&&*format!("TryExec={program}")), "{text}");
            set(config.path(), false).unwrap();
            assert!(!is_on(config.path()));
            assert!(!config.path().join(ENTRY).exists());
        }

        /// What was turned off in the desktop's own settings is off: LM Studio #427.
        #[test]
        fn what_the_desktops_settings_say_counts() {
            let config = tempfile::tempdir().unwrap();
            for word in ["Hidden=true", "X-GNOME-Autostart-enabled = false"] {
                set(config.path(), true).unwrap();
                let path = config.path().join(ENTRY);
                let entry = std::fs::read_to_string(&path).unwrap();
                let entry = entry.replace("X-GNOME-Autostart-enabled=true", word);
                std::fs::write(&path, entry).unwrap();
                assert!(!is_on(config.path()), "{word}");
            }
        }

        #[test]
        fn paths_are_quoted_as_the_specification_says() {
            let quoted = |path: &str| quoted(Path::new(path)).unwrap();
            assert_eq!(quoted("/opt/My Apps/p"), "\"/opt/My Apps/p\"");
            assert_eq!(quoted("/a$b"), "\"/a\\\\$b\"");
            assert_eq!(quoted("/50%"), "\"/50%%\"");
            assert_eq!(quoted("/a\\b"), "\"/a\\\\\\\\b\"");
            assert!(super::quoted(Path::new("/a\nb")).is_err());
            let entry = entry(Path::new("/my a\\b")).unwrap();
            assert!(entry.contains("\nTryExec=/my a\\\\b\n"), "{entry}");
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod by_system {
    use std::io;
    use std::path::Path;

    use auto_launch::{AutoLaunch, AutoLaunchBuilder};

    /// Whether the app starts with the login of this user. What cannot be asked is off.
    pub(crate) fn is_on(_config: &Path) -> bool {
        launcher().is_ok_and(|launcher| launcher.is_enabled().unwrap_or(false))
    }

    /// Turns it on or off.
    ///
    /// # Errors
    /// The system refuses.
    pub(crate) fn set(_config: &Path, on: bool) -> io::Result<()> {
        let launcher = launcher()?;
        let done = match on {
            true => launcher.enable(),
            false if !launcher.is_enabled().unwrap_or(true) => Ok(()),
            false => launcher.disable(),
        };
        done.map_err(io::Error::other)
    }

    fn launcher() -> io::Result<AutoLaunch> {
        let program = super::program()?.display().to_string();
        // Windows takes the value for a command line and `auto-launch` writes it as it is: at a blank, another program
        // would be looked for first.
        #[cfg(windows)]
        let program = format!("\"{program}\"");
        let mut builder = AutoLaunchBuilder::new();
        builder.set_app_name("Paddock").set_app_path(&program);
        // This user's alone: for all users it takes an administrator.
        #[cfg(windows)]
        builder.set_windows_enable_mode(auto_launch::WindowsEnableMode::CurrentUser);
        #[cfg(target_os = "macos")]
        builder.set_macos_launch_mode(auto_launch::MacOSLaunchMode::LaunchAgent);
        builder.build().map_err(io::Error::other)
    }
}
