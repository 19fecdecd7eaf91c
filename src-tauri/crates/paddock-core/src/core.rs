//! The core itself: what a host opens once and all use cases work on.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use settings::{DataDir, Keeper, Notice, SettingsDocument, Store};
use supervisor::{Reaped, Registry, Surroundings};
use tokio::sync::watch;

use crate::announcements::Announcements;
use crate::chats::ChatHeads;
use crate::downloads::Downloads;
use crate::error::Error;
use crate::folder_moves::FolderMoves;
use crate::http::HttpClient;
use crate::hub_repo::RemoteHeaders;
use crate::hub_token::TokenStore;
use crate::instance::InstanceLock;
use crate::measured_memory::Estimates;
use crate::recent_models::RecentModels;
use crate::refusals::Refusals;
use crate::run::capabilities::CapabilityCache;
use crate::run::engine_store::EngineStore;
use crate::run::headers::HeaderCache;
use crate::run::plans::StartedPlans;
use crate::schedule::scheduler::Scheduler;
use crate::traffic::GatewayStats;

/// The stable endpoint, as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointState {
    /// What a client is given: `http://127.0.0.1:8421`.
    pub url: String,
    /// Whether something of ours answers there.
    pub listening: bool,
    /// Why not.
    pub error: Option<String>,
}

/// Paddock without a face. Clones are the same core.
#[derive(Clone)]
pub struct Core {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) data: DataDir,
    pub(crate) settings: Keeper,
    pub(crate) registry: Registry,
    pub(crate) http: HttpClient,
    pub(crate) hub_token: TokenStore,
    pub(crate) downloads: Downloads,
    pub(crate) remote_headers: RemoteHeaders,
    pub(crate) headers: HeaderCache,
    pub(crate) capabilities: CapabilityCache,
    pub(crate) plans: StartedPlans,
    pub(crate) estimates: Estimates,
    pub(crate) endpoint: watch::Sender<EndpointState>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) announcements: Announcements,
    pub(crate) engine_store: EngineStore,
    /// Two scans at once would give two keys to one file. When the last one that ended well began.
    pub(crate) library: std::sync::Mutex<Option<std::time::Instant>>,
    pub(crate) scanner: library::Scanner,
    pub(crate) library_revision: watch::Sender<u64>,
    pub(crate) folder_moves: FolderMoves,
    pub(crate) scheduler: Scheduler,
    pub(crate) refusals: Refusals,
    pub(crate) gateway_stats: watch::Sender<GatewayStats>,
    pub(crate) chat_heads: ChatHeads,
    pub(crate) recent: RecentModels,
}

/// What opening found and did.
pub struct Opened {
    /// The core.
    pub core: Core,
    /// Engines of an earlier host that were still running, and are no more.
    pub reaped: Vec<Reaped>,
}

impl Core {
    /// Opens the data folder that `lock` owns, with the settings kept in `store`. The document must have been through
    /// [`settings::repair`], whose `notices` are shown to the user.
    ///
    /// # Errors
    /// When settings or folder cannot be read.
    pub fn open(
        data: DataDir,
        _lock: &InstanceLock,
        store: Box<dyn Store>,
        mut notices: Vec<Notice>,
    ) -> Result<Opened, Error> {
        let reaped = supervisor::reap(&data.children()).map_err(|source| Error::Folder {
            path: data.children(),
            source,
        })?;
        let surroundings =
            Surroundings::new(data.children(), data.logs()).map_err(|source| Error::Folder {
                path: data.root().to_owned(),
                source,
            })?;
        // Left by a host that was killed while it saved, one file each time.
        for folder in [data.root(), &data.run(), &data.cache(), &data.chats()] {
            settings::remove_half_written(folder);
        }
        let (settings, problems) = Keeper::open(store)?;
        if !problems.is_empty() {
            notices.push(Self::unreadable_parts(&data, &problems));
        }
        let document = settings.get();
        let endpoint = EndpointState {
            url: endpoint_url(document.gateway.host, document.gateway.port),
            listening: false,
            error: None,
        };
        let inner = Inner {
            registry: Registry::new(surroundings),
            settings,
            http: HttpClient::default(),
            hub_token: TokenStore::of_system(&data),
            downloads: Downloads::default(),
            remote_headers: RemoteHeaders::default(),
            headers: HeaderCache::kept_in(data.cache().join("headers.json")),
            capabilities: CapabilityCache::default(),
            plans: StartedPlans::default(),
            estimates: Estimates::kept_in(&data.cache()),
            endpoint: watch::Sender::new(endpoint),
            notices,
            announcements: Announcements::default(),
            engine_store: EngineStore::open(&data),
            library: std::sync::Mutex::default(),
            scanner: library::Scanner::default(),
            library_revision: watch::Sender::new(0),
            folder_moves: FolderMoves::default(),
            scheduler: Scheduler::default(),
            refusals: Refusals::default(),
            gateway_stats: watch::Sender::new(GatewayStats::default()),
            chat_heads: ChatHeads::default(),
            recent: RecentModels::kept_in(data.cache().join("recent-models.json")),
            data,
        };
        let core = Self {
            inner: Arc::new(inner),
        };
        if let Err(error) = core.follow_unfinished_move() {
            tracing::warn!(%error, "a move of an earlier run is not finished");
        }
        Ok(Opened { core, reaped })
    }

    /// Keeps a copy of a document of which parts could not be read: the next save is without them.
    fn unreadable_parts(data: &DataDir, problems: &[settings::Problem]) -> Notice {
        let places: Vec<String> = problems
            .iter()
            .map(|problem| format!("{} ({})", problem.place, problem.reason))
            .collect();
        let kept_at = settings::keep_copy(&data.settings()).ok();
        Notice {
            message: format!(
                "Parts of the settings could not be read and have their defaults now: {}.",
                places.join("; ")
            ),
            kept_at,
        }
    }

    /// Where this core's data is.
    #[must_use]
    pub fn data(&self) -> &DataDir {
        &self.inner.data
    }

    /// The settings now.
    #[must_use]
    pub fn settings(&self) -> Arc<SettingsDocument> {
        self.inner.settings.get()
    }

    /// Changes the settings, saving them first.
    ///
    /// # Errors
    /// When they cannot be saved; then nothing changed.
    pub fn update_settings<T>(
        &self,
        change: impl FnOnce(&mut SettingsDocument) -> T,
    ) -> Result<T, Error> {
        let before = self.settings();
        let changed = self.inner.settings.update(change)?;
        // Limits and policies count at once.
        self.inner.scheduler.shared.look_again();
        let after = self.settings();
        if before.hub != after.hub {
            self.apply_download_limits();
        }
        if before.models != after.models
            || before.model_folders != after.model_folders
            || before.own_models_folder != after.own_models_folder
        {
            self.library_has_changed();
        }
        Ok(changed)
    }

    /// The settings now, and whenever somebody changes them.
    #[must_use]
    pub fn settings_changes(&self) -> watch::Receiver<Arc<SettingsDocument>> {
        self.inner.settings.changes()
    }

    /// What was done to the settings when they were opened.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.inner.notices
    }

    /// The running models.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// The endpoint's state; its owner, the gateway, changes it.
    #[must_use]
    pub fn endpoint(&self) -> &watch::Sender<EndpointState> {
        &self.inner.endpoint
    }

    /// Runs file work off the async threads.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let core = self.clone();
        tokio::task::spawn_blocking(move || work(&core))
            .await
            .map_err(|_| Error::ShuttingDown)
    }

    /// Ends all models, and tells all requests that wait. The host calls it last.
    pub async fn shut_down(&self) {
        self.inner.engine_store.shutdown.cancel();
        self.end_scheduling().await;
    }
}

/// How a client writes the address: an unspecified one is reached by loopback.
#[must_use]
pub(crate) fn endpoint_url(host: IpAddr, port: u16) -> String {
    match host {
        host if host.is_unspecified() => format!("http://127.0.0.1:{port}"),
        IpAddr::V4(host) => format!("http://{host}:{port}"),
        IpAddr::V6(host) => format!("http://[{host}]:{port}"),
    }
}

/// Whether two paths are the same file, however they are written.
pub(crate) fn same_path(one: &Path, other: &Path) -> bool {
    one == other
        || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// A core on a folder of a test.
#[cfg(test)]
pub(crate) fn open_for_test(root: &Path) -> Core {
    let data = DataDir::at(root);
    let lock = InstanceLock::acquire(&data).unwrap();
    let store = settings::FileStore::new(data.settings());
    let opened = Core::open(data, &lock, Box::new(store), Vec::new());
    opened.unwrap().core
}
