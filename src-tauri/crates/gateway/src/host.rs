//! A host: the core with its doors open. Headless and desktop start and end it the same way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use paddock_core::{Core, Error, InstanceLock};
use tokio_util::sync::CancellationToken;

use crate::control::Control;
use crate::gateway::{Gateway, NeedsKey};

/// How long requests that are being answered may go on once the host was asked to end by another.
const DRAIN: Duration = Duration::from_secs(10);

/// Brings up a window and shows what a link means, where there is one.
pub type ShowWindow = Arc<dyn Fn(Option<&str>) + Send + Sync>;

/// What others may ask of a host.
#[derive(Clone, Default)]
pub struct Hooks {
    /// Fired when another program asks the host to end; the host then calls [`Host::drain`] and [`Host::shut_down`].
    pub shutdown: CancellationToken,
    /// Absent in a host without a window.
    pub show_window: Option<ShowWindow>,
}

/// A host could not be started.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// There is no port for the control listener.
    #[error("no port for the control listener: {0}")]
    Control(#[from] std::io::Error),
    /// The address is beyond loopback.
    #[error(transparent)]
    NeedsKey(#[from] NeedsKey),
    /// The host could not be made known.
    #[error(transparent)]
    Core(#[from] Error),
}

/// A running host. Dropping it closes the doors; the models end with [`Host::shut_down`], or with the process.
pub struct Host {
    core: Core,
    gateway: Gateway,
    _control: Control,
    // Last: whoever waits for the folder may begin when all else is closed.
    _lock: InstanceLock,
}

impl Host {
    /// Opens the control listener and the endpoint at `address`, and lets others find the host. That the endpoint's
    /// port is taken is no error: the core's endpoint state says so.
    ///
    /// # Errors
    /// [`HostError`].
    pub async fn start(
        core: Core,
        lock: InstanceLock,
        address: SocketAddr,
        hooks: Hooks,
    ) -> Result<Self, HostError> {
        let control = Control::start(core.clone(), hooks).await?;
        let gateway = Gateway::start(core.clone(), address, control.door()).await?;
        core.watch_library();
        core.watch_sleep();
        core.begin_loads_at_start();
        lock.publish(control.url().to_owned(), control.token().to_owned())?;
        let updating = core.clone();
        tokio::spawn(async move { updating.keep_engines_updated().await });
        Ok(Self {
            core,
            gateway,
            _control: control,
            _lock: lock,
        })
    }

    /// Moves the endpoint to another address, at once; answers that are under way go on. Where that needs a key and there
    /// is none, the endpoint is opened to this machine alone, and the core's endpoint state says so.
    pub fn move_endpoint(&self, address: SocketAddr) {
        self.gateway.move_to(address);
    }

    /// Takes no new requests and waits for those that are being answered, 10 s at most.
    pub async fn drain(&self) {
        self.gateway.drain(DRAIN).await;
    }

    /// Ends all models, then closes the doors: streams that run get their error event while there is still a gateway
    /// to pass it on.
    pub async fn shut_down(self) {
        self.core.shut_down().await;
    }
}
