//! What the chaos is let loose on: a data folder, its host, the hub and the releases, and what was counted.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_support::home::TINY;
use test_support::releases::archives;
use test_support::{
    Answer, Clock, GRACE, Home, Host, HubDouble, ORPHAN_BOUND, ReleasesDouble, SmallDisk,
    environment, processes,
};

/// A second entry of the tiny model's file, with parameters of its own.
pub(crate) const TWIN: &str = "local/twin";
/// Holds the real model, some engines and what is on its way.
const DISK_BYTES: u64 = 600 << 20;
/// More is not looked for.
const MOST_FOUND: usize = 12;
/// What an API key is called that the chaos made.
pub(crate) const KEY: &str = "chaos";

/// All of it. The host ends before its disk goes, and the disk before the folder.
pub(crate) struct World {
    host: Option<Host>,
    pub(crate) disk: Option<SmallDisk>,
    pub(crate) home: Home,
    pub(crate) clock: Option<Clock>,
    pub(crate) hub: HubDouble,
    pub(crate) releases: ReleasesDouble,
    /// The newest build that was published.
    pub(crate) build: AtomicU32,
    /// The host was killed, or told to end, in this round.
    is_down: AtomicBool,
    /// It was told to end in peace.
    is_ended: AtomicBool,
    round: String,
    found: Mutex<Vec<String>>,
    counts: Mutex<BTreeMap<String, u32>>,
    begin: Instant,
    /// Of files that were found right: path, size and time.
    pub(crate) right: Mutex<BTreeMap<std::path::PathBuf, (u64, std::time::SystemTime)>>,
}

impl World {
    /// A home with the tiny model twice, the real one, the real engine, and one that was installed.
    pub(crate) async fn new() -> Self {
        let hub = HubDouble::start().await;
        let releases = ReleasesDouble::start().await;
        let home = Home::new()
            .with_variable("HF_ENDPOINT", &hub.url())
            .with_variable("PADDOCK_RELEASES_URL", &releases.url());
        let disk = SmallDisk::mount(&home.data(), DISK_BYTES);
        if disk.is_none() {
            eprintln!("left out: full disks, because this user may not mount one");
        }
        let (home, clock) = home.with_clock();
        if clock.is_none() {
            eprintln!("left out: clocks that jump, because there is no C compiler");
        }
        home.add_engine(&environment::engine()).await;
        home.add_tiny().await;
        home.add_gemma().await;
        home.edit_settings(|settings| {
            let file = settings["models"][TINY]["path"].clone();
            settings["models"][TWIN] =
                json!({"path": file, "aliasOf": TINY, "params": {"parallel": 2}});
            settings["models"][TINY]["params"] = json!({"ctxSize": 1024});
        });
        // And once by Paddock, so that its copy of the document has all of it.
        home.paddock(&["params", "tiny", "--save", "--threads", "1"])
            .await
            .succeeded();
        publish(&releases, 20_000);
        let host = home.serve().await;
        Self {
            host: Some(host),
            disk,
            home,
            clock,
            hub,
            releases,
            build: AtomicU32::new(20_000),
            is_down: AtomicBool::new(false),
            is_ended: AtomicBool::new(false),
            round: String::new(),
            found: Mutex::default(),
            counts: Mutex::default(),
            begin: Instant::now(),
            right: Mutex::default(),
        }
    }

    /// The host that runs.
    pub(crate) fn host(&self) -> &Host {
        self.host.as_ref().unwrap()
    }

    pub(crate) fn begin_round(&mut self, round: String) {
        eprintln!("{} {round}", self.elapsed());
        self.round = round;
    }

    /// Since the beginning.
    pub(crate) fn elapsed(&self) -> String {
        format!("[{:6.1} s]", self.begin.elapsed().as_secs_f64())
    }

    /// Counts something.
    pub(crate) fn count(&self, what: &str) {
        *self
            .counts
            .lock()
            .unwrap()
            .entry(what.to_owned())
            .or_default() += 1;
    }

    /// What was counted.
    pub(crate) fn summary(&self) -> String {
        format!("{} {:#?}", self.elapsed(), self.counts.lock().unwrap())
    }

    /// Notes that something is not as it must be, and goes on: what else is wrong is worth knowing too.
    pub(crate) fn fail(&self, what: &str) {
        let said = self.host.as_ref().map(Host::stderr).unwrap_or_default();
        let tail: Vec<&str> = said.lines().rev().take(8).collect();
        let found = format!(
            "{what}\nin {}\nthe host said last, the newest first: {tail:#?}",
            self.round
        );
        eprintln!("{} FOUND: {found}", self.elapsed());
        let mut all = self.found.lock().unwrap();
        all.push(found);
        assert!(all.len() < MOST_FOUND, "enough is found: {:#?}", *all);
    }

    /// Whether the host was killed, or told to end, in this round.
    pub(crate) fn is_down(&self) -> bool {
        self.is_down.load(Ordering::Relaxed)
    }

    /// SIGKILL to the host, or SIGTERM.
    pub(crate) fn end_host(&self, gently: bool) {
        self.is_ended.store(gently, Ordering::Relaxed);
        self.is_down.store(true, Ordering::Relaxed);
        let signal = if gently {
            rustix::process::Signal::TERM
        } else {
            rustix::process::Signal::KILL
        };
        processes::send(self.host().pid(), signal);
    }

    /// Asks the host for something. `None` where that went wrong in a way that is allowed: with a word on why, or
    /// because the host was killed.
    pub(crate) async fn call(&self, what: &str, path: &str, body: &Value) -> Option<Value> {
        match self.host().control().try_post(path, body).await {
            Ok(answer) if answer.status == 200 => {
                self.count(&format!("{what}: done"));
                Some(answer.json())
            }
            Ok(answer) => {
                self.judge_refusal(what, &answer);
                None
            }
            Err(_) if self.is_down() => {
                self.count(&format!("{what}: the host is gone"));
                None
            }
            Err(error) => {
                self.fail(&format!("{what}: {error:?}"));
                None
            }
        }
    }

    /// An error says what it is.
    fn judge_refusal(&self, what: &str, answer: &Answer) {
        match error_code(&answer.text) {
            Some(code) => self.count(&format!("{what}: {code}")),
            None => self.fail(&format!("{what}: {answer:?}")),
        }
    }

    /// The same with GET.
    pub(crate) async fn ask(&self, path: &str) -> Option<Value> {
        match self.host().control().try_get(path).await {
            Ok(answer) if answer.status == 200 => Some(answer.json()),
            Ok(answer) => {
                self.judge_refusal(path, &answer);
                None
            }
            Err(_) if self.is_down() => None,
            Err(error) => {
                self.fail(&format!("{path}: {error:?}"));
                None
            }
        }
    }

    /// The models that status names; none where the host is gone.
    pub(crate) async fn models(&self) -> Vec<Value> {
        let status = self.ask("/api/v1/status").await.unwrap_or_default();
        status["models"].as_array().cloned().unwrap_or_default()
    }

    /// Starts the host again where it was ended: everything that it had started is gone by then.
    pub(crate) async fn end_round(&mut self) {
        if !self.is_down.load(Ordering::Relaxed) {
            return;
        }
        let mut host = self.host.take().unwrap();
        let status = host.ended().await;
        let was_gentle = self.is_ended.load(Ordering::Relaxed);
        let stderr = host.stderr();
        self.host = Some(host);
        if was_gentle && status.code() != Some(0) {
            self.fail(&format!("SIGTERM ended the host with {status}: {stderr}"));
        }
        // Its children have as long as they ever have, and more where the machine is busy.
        let bound = ORPHAN_BOUND + 10 * GRACE;
        if let Err(left) = processes::wait_until_none(self.home.marker(), bound) {
            self.fail(&format!("left after the host's end: {left:#?}"));
        }
        self.host = Some(self.home.serve().await);
        self.is_down.store(false, Ordering::Relaxed);
        self.is_ended.store(false, Ordering::Relaxed);
    }

    /// Ends all of it in peace; what was found on the way is said here.
    pub(crate) async fn end(mut self) {
        let ended = self
            .host
            .take()
            .unwrap()
            .end(rustix::process::Signal::TERM)
            .await;
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        let gone = processes::wait_until_none(self.home.marker(), Duration::from_secs(5));
        assert!(gone.is_ok(), "{gone:#?}");
        let found = self.found.lock().unwrap();
        assert!(found.is_empty(), "found: {found:#?}");
    }
}

/// The code of an error in an answer: Paddock's is a word, the engine's a number.
pub(crate) fn error_code(text: &str) -> Option<String> {
    let document: Value = serde_json::from_str(text).ok()?;
    match &document["error"]["code"] {
        Value::String(code) => Some(code.clone()),
        Value::Number(code) => Some(format!("{code} of the engine")),
        _ => None,
    }
}

/// Publishes a build that works, as small as it may be.
fn publish(releases: &ReleasesDouble, build: u32) {
    let tag = format!("b{build}");
    releases.publish(&tag, vec![archives::cpu(&tag, archives::wrapper(&tag, 0))]);
}
