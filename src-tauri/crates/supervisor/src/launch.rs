//! What to start, and the checks that come before anything is spawned or anything running is stopped.

use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::error::StartError;
use crate::port::PortSource;

/// One model on one engine with fixed arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchSpec {
    /// The model's key; also its `--alias`, so that no answer carries a path.
    pub key: String,
    /// The `llama-server` binary, absolute.
    pub binary: PathBuf,
    /// The GGUF file, or the first of its shards, absolute.
    pub model_path: PathBuf,
    /// The parameters' flags, already spelled for this engine.
    pub args: Vec<String>,
    /// Further environment of the user's.
    pub env: Vec<(String, String)>,
    /// The binary speaks the router's child protocol: it reports load progress and ends when its stdin does.
    pub speaks_child_protocol: bool,
    /// Ceiling on a load that never becomes ready.
    pub load_timeout: Duration,
    /// Where it listens.
    pub listen: Listen,
}

/// Where a server listens: a free loopback port, unless its engine's user wants it elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Listen {
    /// The address; 127.0.0.1 where there is none.
    pub host: Option<IpAddr>,
    /// The first port to try, and then those after it; any free one where there is none.
    pub base_port: Option<u16>,
}

/// How many ports from the base on are tried before the range counts as full.
const PORT_RANGE: u16 = 256;

impl Listen {
    /// What `--host` is given.
    fn address(self) -> IpAddr {
        self.host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// Where the server is reached from here: an unspecified address is reached by loopback.
    #[must_use]
    pub(crate) fn url(self, port: u16) -> String {
        match self.address() {
            IpAddr::V4(host) if host.is_unspecified() => format!("http://127.0.0.1:{port}"),
            IpAddr::V4(host) => format!("http://{host}:{port}"),
            IpAddr::V6(host) if host.is_unspecified() => format!("http://[::1]:{port}"),
            IpAddr::V6(host) => format!("http://[{host}]:{port}"),
        }
    }

    /// A port that is free now, from `base_port` on and after `last`, which somebody else was quicker to take.
    pub(crate) fn free_port(self, ports: &dyn PortSource, last: Option<u16>) -> Option<u16> {
        let Some(base) = self.base_port else {
            return ports.free_port();
        };
        let first = last.map_or(Some(base), |last| last.checked_add(1))?;
        let end = base.saturating_add(PORT_RANGE);
        (first..=end).find(|port| TcpListener::bind((self.address(), *port)).is_ok())
    }
}

impl LaunchSpec {
    /// The engine's arguments, with `port` as text so that it can also be shown before one is chosen.
    #[must_use]
    pub fn argv(&self, port: &str) -> Vec<String> {
        let fixed = [
            "--model",
            &self.model_path.to_string_lossy(),
            "--host",
            &self.listen.address().to_string(),
            "--port",
            port,
            "--alias",
            &self.key,
        ]
        .map(str::to_owned);
        fixed.into_iter().chain(self.args.iter().cloned()).collect()
    }

    /// Refuses what cannot work, by path: engine and model must be there, be files, and be the right kind of file.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), StartError> {
        check_binary(&self.binary)?;
        check_model(&self.model_path)
    }
}

/// Whether `path` can be run as an engine.
///
/// # Errors
/// [`StartError::BinaryMissing`], [`StartError::BinaryNotAFile`], [`StartError::BinaryNotExecutable`].
pub fn check_binary(path: &Path) -> Result<(), StartError> {
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            StartError::BinaryMissing(path.to_owned())
        }
        _ => unreadable(path, error),
    })?;
    if !metadata.is_file() {
        return Err(StartError::BinaryNotAFile(path.to_owned()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if metadata.permissions().mode() & 0o111 == 0 {
            return Err(StartError::BinaryNotExecutable(path.to_owned()));
        }
    }
    Ok(())
}

/// Whether `path` is a file that begins as a GGUF does.
///
/// # Errors
/// [`StartError::ModelMissing`], [`StartError::ModelNotAFile`], [`StartError::ModelNotGguf`], [`StartError::Unreadable`].
pub fn check_model(path: &Path) -> Result<(), StartError> {
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            StartError::ModelMissing(path.to_owned())
        }
        _ => unreadable(path, error),
    })?;
    if !metadata.is_file() {
        return Err(StartError::ModelNotAFile(path.to_owned()));
    }
    let mut magic = [0_u8; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    match read {
        Ok(()) if &magic == b"GGUF" => Ok(()),
        Ok(()) => Err(StartError::ModelNotGguf(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(StartError::ModelNotGguf(path.to_owned()))
        }
        Err(error) => Err(unreadable(path, error)),
    }
}

fn unreadable(path: &Path, source: io::Error) -> StartError {
    StartError::Unreadable {
        path: path.to_owned(),
        source: Arc::new(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(binary: &Path, model_path: &Path) -> LaunchSpec {
        LaunchSpec {
            key: "local/m".to_owned(),
            binary: binary.to_owned(),
            model_path: model_path.to_owned(),
            args: vec!["--ctx-size".to_owned(), "4096".to_owned()],
            env: Vec::new(),
            speaks_child_protocol: false,
            load_timeout: Duration::from_secs(600),
            listen: Listen::default(),
        }
    }

    #[test]
    fn what_is_wrong_is_said_by_path() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let show = |error: StartError| {
            error
                .to_string()
                .replace(&*folder.path().to_string_lossy(), "DIR")
        };
        std::fs::write(at("plain"), "x").unwrap();
        std::fs::write(at("model.gguf"), b"GGUF....").unwrap();
        std::fs::write(at("page.gguf"), b"<html>").unwrap();
        std::fs::write(at("empty.gguf"), b"").unwrap();

        let refuse = |binary: &Path, model: &Path| show(spec(binary, model).check().unwrap_err());
        assert_eq!(
            refuse(&at("none"), &at("model.gguf")),
            "llama-server binary not found at DIR/none"
        );
        assert_eq!(
            refuse(folder.path(), &at("model.gguf")),
            "llama-server binary at DIR is not a file"
        );
        #[cfg(unix)]
        assert_eq!(
            refuse(&at("plain"), &at("model.gguf")),
            "llama-server binary at DIR/plain is not executable"
        );
        let engine = std::env::current_exe().unwrap();
        assert_eq!(
            refuse(&engine, &at("none.gguf")),
            "model file not found at DIR/none.gguf"
        );
        assert_eq!(refuse(&engine, folder.path()), "model at DIR is not a file");
        assert_eq!(
            refuse(&engine, &at("page.gguf")),
            "model file at DIR/page.gguf is not a GGUF file"
        );
        assert_eq!(
            refuse(&engine, &at("empty.gguf")),
            "model file at DIR/empty.gguf is not a GGUF file"
        );
        assert!(spec(&engine, &at("model.gguf")).check().is_ok());
    }

    #[test]
    fn the_key_is_the_alias_and_no_secret_is_in_the_arguments() {
        let argv = spec(Path::new("/e/llama-server"), Path::new("/m.gguf")).argv("8080");
        assert_eq!(
            argv.join(" "),
            "--model /m.gguf --host 127.0.0.1 --port 8080 --alias local/m --ctx-size 4096"
        );
    }

    #[test]
    fn an_engine_may_have_an_address_and_ports_of_its_own() {
        let mut spec = spec(Path::new("/e/llama-server"), Path::new("/m.gguf"));
        spec.listen.host = Some("0.0.0.0".parse().unwrap());
        assert!(
            spec.argv("9000")
                .join(" ")
                .contains("--host 0.0.0.0 --port 9000")
        );
        assert_eq!(spec.listen.url(9000), "http://127.0.0.1:9000");
        spec.listen.host = Some("::1".parse().unwrap());
        assert_eq!(spec.listen.url(9000), "http://[::1]:9000");

        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let base = taken.local_addr().unwrap().port();
        let listen = Listen {
            host: None,
            base_port: Some(base),
        };
        let ports = crate::EphemeralPorts;
        let next = listen.free_port(&ports, None).unwrap();
        assert!(next > base, "the base is taken, so the next one is it");
        assert!(listen.free_port(&ports, Some(next)).unwrap() > next);
        assert!(Listen::default().free_port(&ports, None).is_some());
    }
}
