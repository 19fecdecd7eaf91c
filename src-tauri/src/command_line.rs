//! The `paddock` command, which lies beside the app, as a command of the user's shells: a link in a folder of theirs on
//! Linux and macOS, an entry in their `PATH` on Windows. Nothing of anyone else's is overwritten or taken away.

use std::path::{Path, PathBuf};

use crate::app_image;

/// Where the command is, and how a shell finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    /// The command beside the app; none where it was not packed, or lies in an image that is mounted elsewhere at each
    /// start.
    pub(crate) program: Option<PathBuf>,
    /// The link, or the folder in `PATH`, that Paddock made or would make.
    pub(crate) place: PathBuf,
    /// A shell finds it.
    pub(crate) installed: bool,
    /// It was Paddock that put it there, so Paddock can take it away.
    pub(crate) ours: bool,
    /// The place's folder is on the `PATH`.
    pub(crate) on_path: bool,
    /// Something of another program's is in the place.
    pub(crate) blocked: bool,
}

/// Why it could not be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandLineError {
    /// The app came without it.
    #[error("the paddock command is not beside the app at {}", .0.display())]
    NotPacked(PathBuf),
    /// The place is taken, which an entry in Windows' `PATH` never is.
    #[cfg_attr(windows, allow(dead_code))]
    #[error("{} is there already and is not Paddock's", .0.display())]
    Foreign(PathBuf),
    /// The system refused.
    #[error("could not change {}: {source}", path.display())]
    System {
        /// What.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl CommandLineError {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NotPacked(_) => "command_line_missing",
            Self::Foreign(_) => "command_line_foreign",
            Self::System { .. } => "command_line_failed",
        }
    }

    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::NotPacked(_) => "Install Paddock again from its package.",
            Self::Foreign(_) => "Move it away first, if you do not need it.",
            Self::System { .. } => "Check the permissions of the folder.",
        }
    }
}

/// Where the command is and where it goes, of one user on one machine.
pub(crate) struct CommandLine {
    program: PathBuf,
    place: PathBuf,
    path: Vec<PathBuf>,
    /// The program is at its place only while the app runs: a link to it would soon lead nowhere.
    mounted: bool,
}

impl CommandLine {
    /// This user's, on this machine. `None` where there is no home folder.
    pub(crate) fn of_user() -> Option<Self> {
        let own = std::env::current_exe().ok()?;
        let program = own.with_file_name(format!("paddock{}", std::env::consts::EXE_SUFFIX));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let place = place(&std::env::home_dir()?, &program);
        Some(Self {
            program,
            place,
            path,
            mounted: app_image::of_this_program().is_some(),
        })
    }

    pub(crate) fn status(&self) -> Status {
        let folder = self.program.parent().unwrap_or(Path::new(""));
        // A package puts it where shells look anyway.
        let beside = self.is_packed() && self.path.iter().any(|entry| entry == folder);
        let ours = self.is_ours();
        let on_path = self.is_on_path();
        Status {
            program: self.is_packed().then(|| self.program.clone()),
            place: self.place.clone(),
            installed: beside || (ours && on_path),
            ours,
            on_path,
            blocked: !ours && self.is_taken(),
        }
    }

    fn is_packed(&self) -> bool {
        self.program.is_file() && !self.mounted
    }
}

#[cfg(unix)]
impl CommandLine {
    /// Puts it there. Once more is no error.
    pub(crate) fn install(&self) -> Result<(), CommandLineError> {
        if !self.is_packed() {
            return Err(CommandLineError::NotPacked(self.program.clone()));
        }
        if self.is_ours() {
            return Ok(());
        }
        if self.is_taken() {
            return Err(CommandLineError::Foreign(self.place.clone()));
        }
        let failed = |source| self.failed(source);
        if let Some(folder) = self.place.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        if self.place.is_symlink() {
            // It leads nowhere: to where the app was before.
            std::fs::remove_file(&self.place).map_err(failed)?;
        }
        std::os::unix::fs::symlink(&self.program, &self.place).map_err(failed)
    }

    /// Takes it away again. That it is not there is no error.
    pub(crate) fn remove(&self) -> Result<(), CommandLineError> {
        if self.is_ours() {
            return std::fs::remove_file(&self.place).map_err(|source| self.failed(source));
        }
        if self.is_taken() {
            return Err(CommandLineError::Foreign(self.place.clone()));
        }
        Ok(())
    }

    fn is_ours(&self) -> bool {
        std::fs::read_link(&self.place).is_ok_and(|target| target == self.program)
    }

    /// A dead link to a `paddock` is what an earlier place of the app left.
    fn is_taken(&self) -> bool {
        match std::fs::read_link(&self.place) {
            Ok(target) => target.exists() || target.file_name() != self.program.file_name(),
            Err(_) => self.place.exists(),
        }
    }

    fn is_on_path(&self) -> bool {
        let folder = self.place.parent().unwrap_or(Path::new(""));
        self.path.iter().any(|entry| entry == folder)
    }

    fn failed(&self, source: std::io::Error) -> CommandLineError {
        CommandLineError::System {
            path: self.place.clone(),
            source,
        }
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn place(home: &Path, program: &Path) -> PathBuf {
    let name = program.file_name().unwrap_or_default();
    home.join(".local/bin").join(name)
}

/// macOS has a folder for it that shells know, where the user may write into it.
#[cfg(target_os = "macos")]
fn place(home: &Path, program: &Path) -> PathBuf {
    let name = program.file_name().unwrap_or_default();
    let shared = Path::new("/usr/local/bin");
    if tempfile::tempfile_in(shared).is_ok() {
        shared.join(name)
    } else {
        home.join(".local/bin").join(name)
    }
}

#[cfg(windows)]
impl CommandLine {
    /// Puts the app's folder into the user's own `PATH`. Once more is no error.
    pub(crate) fn install(&self) -> Result<(), CommandLineError> {
        if !self.is_packed() {
            return Err(CommandLineError::NotPacked(self.program.clone()));
        }
        if self.is_ours() {
            return Ok(());
        }
        self.change(|entries| entries.push(self.place.clone()))
    }

    /// Takes it out again. That it is not there is no error.
    pub(crate) fn remove(&self) -> Result<(), CommandLineError> {
        self.change(|entries| entries.retain(|entry| *entry != self.place))
    }

    fn is_ours(&self) -> bool {
        user_path::read().is_ok_and(|entries| entries.contains(&self.place))
    }

    fn is_taken(&self) -> bool {
        false
    }

    fn is_on_path(&self) -> bool {
        self.is_ours() || self.path.contains(&self.place)
    }

    fn change(&self, change: impl FnOnce(&mut Vec<PathBuf>)) -> Result<(), CommandLineError> {
        let failed = |source| CommandLineError::System {
            path: self.place.clone(),
            source,
        };
        let mut entries = user_path::read().map_err(failed)?;
        change(&mut entries);
        user_path::write(&entries).map_err(failed)
    }
}

#[cfg(windows)]
fn place(_home: &Path, program: &Path) -> PathBuf {
    program.parent().unwrap_or(Path::new("")).to_owned()
}

/// The user's part of `PATH`, as the registry has it. Programs that run see it when they start anew.
#[cfg(windows)]
mod user_path {
    use std::io;
    use std::path::PathBuf;

    use winreg::RegKey;
    use winreg::enums::{HKEY_CURRENT_USER, KEY_READ, KEY_WRITE, RegType};
    use winreg::types::{FromRegValue, ToRegValue};

    const NAME: &str = "Path";

    fn environment() -> io::Result<RegKey> {
        RegKey::predef(HKEY_CURRENT_USER)
            .open_subkey_with_flags("Environment", KEY_READ | KEY_WRITE)
    }

    pub(super) fn read() -> io::Result<Vec<PathBuf>> {
        match environment()?.get_raw_value(NAME) {
            Ok(value) => {
                let text = String::from_reg_value(&value)?;
                let entries = text.split(';').filter(|entry| !entry.is_empty());
                Ok(entries.map(PathBuf::from).collect())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn write(entries: &[PathBuf]) -> io::Result<()> {
        let entries: Vec<String> = entries
            .iter()
            .map(|entry| entry.to_string_lossy().into_owned())
            .collect();
        let joined = entries.join(";");
        let mut value = joined.to_reg_value();
        // Entries such as %USERPROFILE%\bin go on being read as they were.
        value.vtype = RegType::REG_EXPAND_SZ;
        environment()?.set_raw_value(NAME, &value)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    /// An app in a folder, and a user.
    fn user(folder: &Path) -> CommandLine {
        let program = folder.join("app/paddock");
        std::fs::create_dir_all(folder.join("app")).unwrap();
        std::fs::write(&program, "").unwrap();
        let bin = folder.join("home/.local/bin");
        CommandLine {
            place: place(&folder.join("home"), &program),
            path: vec![PathBuf::from("/usr/bin"), bin],
            program,
            mounted: false,
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn it_is_put_on_the_path_and_taken_away_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut user = user(folder.path());
        let before = user.status();
        assert!(!before.installed && !before.ours && !before.blocked);
        assert_eq!(before.place, folder.path().join("home/.local/bin/paddock"));
        for _ in 0..2 {
            user.install().unwrap();
        }
        let status = user.status();
        assert!(status.installed && status.ours && status.on_path);
        assert_eq!(std::fs::read_link(&status.place).unwrap(), user.program);

        // A folder that shells do not look into is said.
        user.path.pop();
        let status = user.status();
        assert!(status.ours && !status.installed && !status.on_path);
        for _ in 0..2 {
            user.remove().unwrap();
        }
        assert!(!user.place.is_symlink());
        assert!(user.program.is_file());
    }

    #[test]
    fn what_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let user = user(folder.path());
        std::fs::create_dir_all(user.place.parent().unwrap()).unwrap();
        let other = folder.path().join("other/paddock");
        std::fs::create_dir_all(other.parent().unwrap()).unwrap();
        std::fs::write(&other, "another's").unwrap();
        let put: [&dyn Fn(); 2] = [&|| std::fs::write(&user.place, "mine").unwrap(), &|| {
            std::os::unix::fs::symlink(&other, &user.place).unwrap()
        }];
        for put in put {
            put();
            assert!(user.status().blocked);
            assert_eq!(user.install().unwrap_err().code(), "command_line_foreign");
            assert_eq!(user.remove().unwrap_err().code(), "command_line_foreign");
            assert!(user.place.exists());
            std::fs::remove_file(&user.place).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "another's");
    }

    #[test]
    fn a_link_to_where_the_app_was_before_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let user = user(folder.path());
        std::fs::create_dir_all(user.place.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("/gone/paddock", &user.place).unwrap();
        assert!(!user.status().blocked);
        user.install().unwrap();
        assert!(user.status().ours);
    }

    #[test]
    fn without_the_command_beside_the_app_it_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let user = user(folder.path());
        std::fs::remove_file(&user.program).unwrap();
        assert_eq!(user.status().program, None);
        assert_eq!(user.install().unwrap_err().code(), "command_line_missing");
    }

    /// An AppImage is mounted elsewhere at each start; a link into it is dead when the app ends.
    #[test]
    fn what_is_only_mounted_is_not_linked_to() {
        let folder = tempfile::tempdir().unwrap();
        let mut user = user(folder.path());
        user.mounted = true;
        user.path.push(folder.path().join("app"));
        let status = user.status();
        assert!(status.program.is_none() && !status.installed);
        assert_eq!(user.install().unwrap_err().code(), "command_line_missing");
        assert!(!user.place.is_symlink());
    }

    #[test]
    fn a_package_that_puts_it_on_the_path_is_enough() {
        let folder = tempfile::tempdir().unwrap();
        let mut user = user(folder.path());
        user.path.push(folder.path().join("app"));
        let status = user.status();
        assert!(status.installed && !status.ours);
    }
}
