//! One server: a task that owns the child, and the handle that everyone else has.

use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::api_key::random_key;
use crate::chatter;
use crate::error::StartError;
use crate::exit_report::{ExitKind, ExitReport, FailureCause};
use crate::health::Probe;
use crate::launch::LaunchSpec;
use crate::logs::Log;
use crate::process::{CommandLine, ProcessIdentity, Questions, Running};
use crate::progress::{self, ProgressLine};
use crate::reaper;
use crate::state::{ServerState, ServerStatus};
use crate::surroundings::{Surroundings, log_path};

/// How often a starting engine is asked at first; after [`QUICK_POLLS`] of these, every [`SLOW_POLL`].
const QUICK_POLL: Duration = Duration::from_millis(25);
const SLOW_POLL: Duration = Duration::from_millis(75);
const QUICK_POLLS: u32 = 200;
/// One question to a starting engine. It answers 503 while it loads, so silence means that it is busy.
const POLL_TIMEOUT: Duration = Duration::from_secs(2);
/// A lost race for the port is run again this often before the machine is called full.
const PORT_ATTEMPTS: u32 = 8;
/// An engine that does not end when asked is asked again, then killed: together well within the 2 s that a stop may take.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(250);
const KILL_AFTER: Duration = Duration::from_millis(1_200);
const GIVE_UP_AFTER: Duration = Duration::from_millis(1_900);
/// An engine that ends this soon without a word of why is run again to hear it, so often: its log thread loses the last
/// words of a quick end, twice in a hundred times on a busy machine (b10068, b10434).
const QUICK_END: Duration = Duration::from_secs(5);
const MOST_SILENT_ENDS: u32 = 3;
/// How long an ended engine's last words are waited for.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How a request to stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopOutcome {
    /// It ran, and is down.
    Stopped,
    /// There was nothing to stop.
    NotRunning,
}

/// A handle on one server. Clones are the same server; dropping handles does not stop it.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

struct Shared {
    spec: LaunchSpec,
    api_key: String,
    status: watch::Sender<ServerStatus>,
    /// Why it failed, typed, beside the wire form in the status.
    error: Mutex<Option<StartError>>,
    log: Log,
    /// Fired when a stop begins: whoever streams from the engine lets go, so that it can end.
    closing: CancellationToken,
    /// Fired when somebody found that the engine does not answer any more.
    given_up: CancellationToken,
    on_change: Arc<dyn Fn() + Send + Sync>,
}

impl Server {
    /// Starts a server in a task of its own, after `predecessor` is down. Nothing is checked here.
    pub(crate) fn start(
        spec: LaunchSpec,
        surroundings: Surroundings,
        predecessor: Option<Self>,
        on_change: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        let status = ServerStatus {
            key: spec.key.clone(),
            state: ServerState::Starting,
            running: true,
            server_url: None,
            model_path: spec.model_path.clone(),
            pid: None,
            progress: None,
            error: None,
            started_at: None,
        };
        let log = Log::new(Some(&log_path(&surroundings.logs, &spec.key)));
        let shared = Arc::new(Shared {
            spec,
            api_key: random_key(),
            status: watch::Sender::new(status),
            error: Mutex::new(None),
            log,
            closing: CancellationToken::new(),
            given_up: CancellationToken::new(),
            on_change,
        });
        let server = Self {
            shared: Arc::clone(&shared),
        };
        tokio::spawn(async move {
            if let Some(predecessor) = predecessor {
                predecessor.stop().await;
            }
            let end = shared.live(&surroundings).await;
            shared.finish(end);
        });
        server
    }

    /// Whether both are handles on the same server.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// What this server was started with.
    #[must_use]
    pub fn spec(&self) -> &LaunchSpec {
        &self.shared.spec
    }

    /// The key that the engine demands; random, per server.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.shared.api_key
    }

    /// The state now. Never blocks, never touches the network.
    #[must_use]
    pub fn status(&self) -> ServerStatus {
        self.shared.status.borrow().clone()
    }

    /// The engine's log.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.shared.log
    }

    /// Fires when the server begins to stop, or has ended.
    #[must_use]
    pub fn closing(&self) -> &CancellationToken {
        &self.shared.closing
    }

    /// Waits until the server is ready. One that will not be is waited for until it is down: only then is it known
    /// why.
    ///
    /// # Errors
    /// Why it never got ready; [`StartError::Cancelled`] if it was stopped before.
    pub async fn ready(&self) -> Result<ServerStatus, StartError> {
        let mut watch = self.shared.status.subscribe();
        // The sender lives in `self.shared`, so waiting cannot fail.
        let _ = watch
            .wait_for(|status| status.state == ServerState::Ready || status.state.is_final())
            .await;
        let status = self.status();
        match status.state {
            ServerState::Ready => Ok(status),
            _ => Err(self
                .error()
                .unwrap_or(StartError::Cancelled { key: status.key })),
        }
    }

    /// The engine is gone and its end not yet published: who reloads at once after a crash must not get the dead one.
    #[must_use]
    pub fn has_just_died(&self) -> bool {
        let status = self.status();
        let is_gone = |pid| ProcessIdentity::of(pid).is_none();
        status.state == ServerState::Ready && status.pid.is_some_and(is_gone)
    }

    /// Why the server failed, if it did.
    #[must_use]
    pub fn error(&self) -> Option<StartError> {
        self.shared
            .error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until it is down, however that comes about.
    pub async fn ended(&self) {
        let mut watch = self.shared.status.subscribe();
        // The sender lives in `self.shared`, so waiting cannot fail.
        let _ = watch.wait_for(|status| status.state.is_final()).await;
    }

    /// Stops the server, in whatever state, and waits until it is down: 2 s at most.
    pub async fn stop(&self) -> StopOutcome {
        if self.status().state.is_final() {
            return StopOutcome::NotRunning;
        }
        self.shared.closing.cancel();
        let mut watch = self.shared.status.subscribe();
        let _ = watch.wait_for(|status| status.state.is_final()).await;
        StopOutcome::Stopped
    }

    /// Kills a ready engine that does not answer any more. It fails with [`StartError::Unresponsive`], and whoever
    /// sees to crashes sees to this.
    pub fn give_up_on(&self) {
        self.shared.given_up.cancel();
    }

    /// Whether nobody takes connections where a ready engine listens, asked now. It will not come back: an engine opens
    /// its door once.
    pub async fn refuses_connections(&self) -> bool {
        let status = self.status();
        let url = status
            .server_url
            .filter(|_| status.state == ServerState::Ready);
        let Some(address) = url.as_deref().and_then(|url| url.strip_prefix("http://")) else {
            return false;
        };
        let connected = TcpStream::connect(address.trim_end_matches('/')).await;
        connected.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    }

    /// Whether `/health` answers 200, asked now; 5 s at most.
    pub async fn healthy(&self) -> bool {
        let Some(url) = self.status().server_url else {
            return false;
        };
        let Ok(probe) = Probe::new(url, self.shared.api_key.clone()) else {
            return false;
        };
        probe.health(Duration::from_secs(5)).await.is_ok()
    }
}

/// How a server's life ended.
enum End {
    Stopped,
    Failed(StartError),
}

/// How one attempt to get it ready ended.
enum Attempt {
    Ready,
    Cancelled,
    Failed(StartError),
}

impl Shared {
    fn update(&self, change: impl FnOnce(&mut ServerStatus)) {
        self.status.send_modify(change);
        (self.on_change)();
    }

    fn finish(&self, end: End) {
        let failure = match &end {
            End::Stopped => None,
            End::Failed(error) => {
                *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
                Some(error.into())
            }
        };
        self.closing.cancel();
        self.update(|status| {
            status.state = if failure.is_some() {
                ServerState::Failed
            } else {
                ServerState::Stopped
            };
            status.running = false;
            status.pid = None;
            status.server_url = None;
            status.progress = None;
            status.error = failure;
        });
    }

    /// From the first spawn to the last exit.
    async fn live(&self, surroundings: &Surroundings) -> End {
        let mut silent_ends = 0;
        let mut last_port = None;
        for _ in 0..PORT_ATTEMPTS {
            let begin = Instant::now();
            if self.closing.is_cancelled() {
                return End::Stopped;
            }
            let listen = self.spec.listen;
            let Some(port) = listen.free_port(&*surroundings.ports, last_port) else {
                return End::Failed(StartError::NoFreePort);
            };
            let spawned = tokio::select! {
                // A binary on a disk that does not answer must not hold up a stop; letting go of the lifeline ends
                // what may still come of it.
                () = self.closing.cancelled() => return End::Stopped,
                spawned = self.spawn(surroundings, port) => spawned,
            };
            let mut child = match spawned {
                Ok(child) => child,
                Err(error) => return End::Failed(error),
            };
            let url = listen.url(port);
            let questions = surroundings.engines.questions(&url, &self.api_key);
            match self.until_ready(&mut child, questions, &url).await {
                Attempt::Ready => return self.until_end(&mut child).await,
                Attempt::Cancelled => {
                    self.shut_down(&mut child, true).await;
                    return End::Stopped;
                }
                // Somebody was quicker: another port, and nobody need know.
                Attempt::Failed(StartError::ExitedEarly(report))
                    if report.cause == FailureCause::PortInUse =>
                {
                    tracing::info!(key = self.spec.key, port, "port was taken, trying another");
                    last_port = Some(port);
                }
                Attempt::Failed(StartError::ExitedEarly(report))
                    if report.is_silent()
                        && silent_ends < MOST_SILENT_ENDS
                        && begin.elapsed() < QUICK_END =>
                {
                    tracing::info!(
                        key = self.spec.key,
                        status = report.status,
                        "no word of why"
                    );
                    silent_ends += 1;
                }
                Attempt::Failed(error) => {
                    // One that ended by itself has nothing left to end.
                    if matches!(error, StartError::NotReady { .. }) {
                        self.shut_down(&mut child, true).await;
                    }
                    return End::Failed(error);
                }
            }
        }
        End::Failed(StartError::NoFreePort)
    }

    async fn spawn(&self, surroundings: &Surroundings, port: u16) -> Result<Child, StartError> {
        let log_begin = self.log.mark();
        let args = self.spec.argv(&port.to_string());
        let mut env = vec![("LLAMA_API_KEY".to_owned(), self.api_key.clone())];
        if self.spec.speaks_child_protocol {
            env.push((progress::ROUTER_VARIABLE.to_owned(), "1".to_owned()));
        }
        env.extend(self.spec.env.iter().cloned());
        if cfg!(unix) && !surroundings.guard.is_file() {
            return Err(StartError::GuardMissing(surroundings.guard.clone()));
        }
        let line = CommandLine {
            program: &self.spec.binary,
            guard: &surroundings.guard,
            args: &args,
            env: &env,
        };
        let spawned = surroundings.engines.spawn(&line).await;
        let (process, stdout, stderr) = spawned.map_err(|error| StartError::SpawnFailed {
            program: self.spec.binary.clone(),
            reason: error.to_string(),
        })?;
        let record = process.identity().and_then(|identity| {
            reaper::register(&surroundings.records, &self.spec.key, identity)
                .inspect_err(|error| tracing::warn!(%error, "could not put the engine on record"))
                .ok()
        });
        let pid = process.pid();
        self.update(|status| {
            status.pid = pid;
            status.started_at = Some(milliseconds_since_epoch());
        });
        let (progress, progress_seen) = watch::channel(None);
        let log = self.log.clone();
        let out = tokio::spawn(async move {
            log.drain(stdout, |line| match progress::parse(line) {
                Some(ProgressLine::Loading(share)) => {
                    let _ = progress.send(Some(share));
                    false
                }
                Some(ProgressLine::Other) => false,
                None => true,
            })
            .await;
        });
        let log = self.log.clone();
        let leaves_out = chatter::is_asked_for(&self.spec.args);
        let err = tokio::spawn(async move {
            log.drain(stderr, |line| !(leaves_out && chatter::is_chatter(line)))
                .await;
        });
        Ok(Child {
            process,
            log_begin,
            outputs: [out, err],
            progress: progress_seen,
            _record: record,
        })
    }

    /// Polls until the engine answers as a client needs it, it ends, it is cancelled, or the ceiling is reached.
    async fn until_ready(
        &self,
        child: &mut Child,
        questions: Option<Box<dyn Questions>>,
        url: &str,
    ) -> Attempt {
        let Some(questions) = questions else {
            return Attempt::Failed(StartError::NotReady {
                url: url.to_owned(),
                last_error: "no HTTP client could be made".to_owned(),
            });
        };
        let ceiling = Instant::now() + self.spec.load_timeout;
        let mut last_error = "nothing answered yet".to_owned();
        let mut polls = 0_u32;
        loop {
            let pause = if polls < QUICK_POLLS {
                QUICK_POLL
            } else {
                SLOW_POLL
            };
            polls = polls.saturating_add(1);
            let ask = async {
                sleep(pause).await;
                questions.is_ready(&self.spec.key, POLL_TIMEOUT).await
            };
            tokio::select! {
                () = self.closing.cancelled() => return Attempt::Cancelled,
                exit = child.process.wait() => {
                    return Attempt::Failed(StartError::ExitedEarly(self.report(child, exit).await));
                }
                () = sleep_until(ceiling) => {
                    return Attempt::Failed(StartError::NotReady { url: url.to_owned(), last_error });
                }
                answer = ask => match answer {
                    Ok(()) => {
                        self.update(|status| {
                            status.state = ServerState::Ready;
                            status.server_url = Some(url.to_owned());
                            status.progress = None;
                        });
                        return Attempt::Ready;
                    }
                    Err(error) => last_error = error,
                },
            }
            if child.progress.has_changed().unwrap_or(false) {
                let progress = *child.progress.borrow_and_update();
                self.update(|status| status.progress = progress);
            }
        }
    }

    /// A ready engine: until it is told to stop or ends by itself.
    async fn until_end(&self, child: &mut Child) -> End {
        tokio::select! {
            () = self.closing.cancelled() => {
                self.shut_down(child, false).await;
                End::Stopped
            }
            exit = child.process.wait() => {
                End::Failed(StartError::Crashed(self.report(child, exit).await))
            }
            () = self.given_up.cancelled() => {
                // It does not read what it is asked: there is no use in asking.
                child.process.kill().await;
                let _ = timeout(GIVE_UP_AFTER, child.process.wait()).await;
                End::Failed(StartError::Unresponsive)
            }
        }
    }

    async fn report(&self, child: &mut Child, exit: ExitKind) -> Arc<ExitReport> {
        child.last_words().await;
        // Only its own words: those of a try before this one had another cause.
        let tail = self.log.tail_since(child.log_begin);
        Arc::new(ExitReport::new(exit, tail))
    }

    /// Ends the engine: asks, asks again, kills. Clients have let go by now, because `closing` fired.
    async fn shut_down(&self, child: &mut Child, loading: bool) {
        self.update(|status| status.state = ServerState::Stopping);
        let begin = Instant::now();
        let protocol = self.spec.speaks_child_protocol;
        child.process.ask_to_end(protocol).await;
        let again = timeout(ASK_AGAIN_AFTER, child.process.wait()).await;
        if again.is_ok() {
            return;
        }
        // A second SIGTERM makes a serving engine leave at once; one that loads has left at the first.
        if !loading {
            child.process.ask_to_end(protocol).await;
        }
        for deadline in [KILL_AFTER, GIVE_UP_AFTER] {
            let left = (begin + deadline).saturating_duration_since(Instant::now());
            if timeout(left, child.process.wait()).await.is_ok() {
                return;
            }
            child.process.kill().await;
        }
        tracing::error!(
            key = self.spec.key,
            pid = child.process.pid(),
            "the engine survived SIGKILL"
        );
    }
}

/// The process and what hangs on it. Dropping it closes the lifeline.
struct Child {
    process: Box<dyn Running>,
    /// Where its words begin in the log.
    log_begin: u64,
    outputs: [tokio::task::JoinHandle<()>; 2],
    progress: watch::Receiver<Option<f32>>,
    _record: Option<reaper::Registered>,
}

impl Child {
    /// Waits until the pipes are drained, so that the log's tail holds what the engine said last.
    async fn last_words(&mut self) {
        for output in &mut self.outputs {
            let _ = timeout(LAST_WORDS, output).await;
        }
    }
}

/// Now, as all of Paddock's documents write it.
#[must_use]
pub fn milliseconds_since_epoch() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "server_model_tests.rs"]
mod model_tests;
