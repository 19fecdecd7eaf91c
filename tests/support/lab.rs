//! The supervisor by itself: no settings, no library, no preflight of the core's, so that the engine gets to say what is
//! wrong.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use supervisor::{ExitReport, LaunchSpec, PortSource, Registry, Server, StartError, Surroundings};

use crate::processes::MARKER;
use crate::{Home, environment, models};

/// A supervisor in the test's own process. End it with [`Lab::end`], or its engines end with the runtime.
pub struct Lab {
    /// The folder and the marker; no host runs on it.
    pub home: Home,
    /// What the test plays with.
    pub registry: Registry,
}

impl Lab {
    /// One that keeps one model.
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self::with_ports(Arc::new(supervisor::EphemeralPorts))
    }

    /// One whose ports come from `ports`.
    #[must_use]
    pub fn with_ports(ports: Arc<dyn PortSource>) -> Self {
        let home = Home::new();
        let (records, logs) = (home.data().join("children"), home.data().join("logs"));
        let mut surroundings =
            Surroundings::new(records, logs).expect("the test's own program is somewhere");
        surroundings.guard = environment::guard();
        surroundings.ports = ports;
        Self {
            home,
            registry: Registry::new(surroundings),
        }
    }

    /// The tiny model's file.
    #[must_use]
    pub fn tiny(&self) -> PathBuf {
        let path = self.home.file("tiny.gguf");
        if !path.exists() {
            models::tiny(&path);
        }
        path
    }

    /// The real engine with this model and these arguments, without the child protocol.
    #[must_use]
    pub fn spec(&self, model: &Path, args: &[&str]) -> LaunchSpec {
        LaunchSpec {
            key: "local/test".to_owned(),
            binary: environment::engine(),
            model_path: model.to_owned(),
            args: args.iter().map(|&argument| argument.to_owned()).collect(),
            env: vec![(MARKER.to_owned(), self.home.marker().to_owned())],
            speaks_child_protocol: false,
            load_timeout: Duration::from_secs(60),
            listen: supervisor::Listen::default(),
        }
    }

    /// Starts a server and demands that it gets ready.
    pub async fn ready(&self, spec: LaunchSpec) -> Server {
        let server = self.registry.start(spec).unwrap();
        server.ready().await.unwrap();
        server
    }

    /// Starts a server and demands that it fails by ending early.
    pub async fn report(&self, spec: LaunchSpec) -> Arc<ExitReport> {
        match self.error(spec).await {
            StartError::ExitedEarly(report) | StartError::Crashed(report) => report,
            other => panic!("not an early exit but {other:?}"),
        }
    }

    /// Starts a server and demands that it fails.
    pub async fn error(&self, spec: LaunchSpec) -> StartError {
        let server = match self.registry.start(spec) {
            Ok(server) => server,
            Err(refused) => return refused,
        };
        server.ready().await.expect_err("it must not get ready")
    }

    /// Ends all there is.
    pub async fn end(self) {
        self.registry.stop_all().await;
    }
}

/// Waits until the server has a process.
pub async fn pid_of(server: &Server) -> u32 {
    crate::until(
        "the engine to be spawned",
        Duration::from_secs(10),
        async || server.status().pid,
    )
    .await
}
