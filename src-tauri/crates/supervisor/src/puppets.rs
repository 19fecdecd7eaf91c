//! Engines that are no processes: a test says what each does, the clock may be the test's own, and a thousand lives take
//! a second. Everything but the process and its HTTP is the real thing.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncWriteExt, DuplexStream, duplex, empty};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::exit_report::ExitKind;
use crate::port::PortSource;
use crate::process::{CommandLine, Engines, Later, ProcessIdentity, Questions, Running, Spawned};

/// More than any part's words, so that nobody waits for a reader.
const PIPE_BYTES: usize = 256 * 1024;

/// What an engine does, counted from its spawn.
#[derive(Debug, Clone)]
pub struct Part {
    /// The spawn itself takes so long.
    pub spawns_after: Duration,
    /// The operating system does not start it.
    pub cannot_start: bool,
    /// It answers from then on; never where there is none.
    pub ready_after: Option<Duration>,
    /// Until then it does not even say that it loads: questions wait in vain.
    pub is_mute: bool,
    /// It ends by itself then.
    pub ends_after: Option<(Duration, ExitKind)>,
    /// It ends so long after it was asked to; never where there is none.
    pub heeds_after: Option<Duration>,
    /// It is gone so long after it was killed.
    pub dies_after: Duration,
    /// What it says when it ends by itself.
    pub words: String,
    /// Something that it started keeps its pipes open.
    pub leaves_pipes_open: bool,
}

impl Default for Part {
    fn default() -> Self {
        Self {
            spawns_after: Duration::ZERO,
            cannot_start: false,
            ready_after: Some(Duration::from_millis(100)),
            is_mute: false,
            ends_after: None,
            heeds_after: Some(Duration::from_millis(20)),
            dies_after: Duration::from_millis(5),
            words: String::new(),
            leaves_pipes_open: false,
        }
    }
}

/// A stage: engines that are started here are puppets. Clones are the same stage.
#[derive(Clone, Default)]
pub struct Puppets {
    stage: Arc<Mutex<Stage>>,
}

#[derive(Default)]
struct Stage {
    cast: HashMap<String, VecDeque<Part>>,
    born: Vec<Puppet>,
    last_port: u16,
    births: Vec<Birth>,
}

/// That an engine was started.
#[derive(Debug, Clone)]
pub struct Birth {
    /// Its model.
    pub key: String,
    /// When.
    pub at: Instant,
    /// The models of the others that lived then.
    pub beside: Vec<String>,
}

/// One engine that was started. Clones are the same engine.
#[derive(Clone)]
pub struct Puppet {
    life: Arc<Life>,
}

struct Life {
    key: String,
    port: String,
    part: Part,
    born: Instant,
    end: watch::Sender<Option<ExitKind>>,
    stderr: Mutex<Option<DuplexStream>>,
}

impl Puppets {
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next engine of this model does so; those of which nothing is said do as [`Part::default`].
    pub fn cast(&self, key: &str, part: Part) {
        self.stage()
            .cast
            .entry(key.to_owned())
            .or_default()
            .push_back(part);
    }

    /// Engines of this model that live.
    #[must_use]
    pub fn alive(&self, key: &str) -> Vec<Puppet> {
        let stage = self.stage();
        let of_key = stage.born.iter().filter(|puppet| puppet.life.key == key);
        of_key.filter(|puppet| puppet.is_alive()).cloned().collect()
    }

    /// Whether an engine of this model was ever started while another one of it lived.
    #[must_use]
    pub fn had_a_double(&self, key: &str) -> bool {
        let stage = self.stage();
        let mut births = stage.births.iter();
        births.any(|birth| birth.key == key && birth.beside.iter().any(|other| other == key))
    }

    /// What was started after the first so many.
    #[must_use]
    pub fn births_after(&self, known: usize) -> Vec<Birth> {
        self.stage().births[known..].to_vec()
    }

    /// How many engines of this model were ever started.
    #[must_use]
    pub fn spawns(&self, key: &str) -> usize {
        let stage = self.stage();
        let of_key = stage.born.iter().filter(|puppet| puppet.life.key == key);
        of_key.count()
    }

    fn give_birth(&self, key: &str, port: &str, part: Part, stderr: DuplexStream) -> Puppet {
        let puppet = Puppet {
            life: Arc::new(Life {
                key: key.to_owned(),
                port: port.to_owned(),
                part,
                born: Instant::now(),
                end: watch::Sender::new(None),
                stderr: Mutex::new(Some(stderr)),
            }),
        };
        let mut stage = self.stage();
        let alive = stage.born.iter().filter(|other| other.is_alive());
        let birth = Birth {
            key: key.to_owned(),
            at: puppet.life.born,
            beside: alive.map(|other| other.life.key.clone()).collect(),
        };
        stage.births.push(birth);
        stage.born.push(puppet.clone());
        drop(stage);
        puppet
    }
}

impl Puppet {
    /// It has not ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.life.end.borrow().is_none()
    }

    /// It answers.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let ready_after = self.life.part.ready_after;
        self.is_alive() && ready_after.is_some_and(|after| self.life.born.elapsed() >= after)
    }

    /// It ends now, by itself, and says its words.
    pub fn crash(&self, exit: ExitKind) {
        let words = self.life.part.words.clone();
        self.end(exit, words);
    }

    fn end(&self, exit: ExitKind, words: String) {
        let is_first = self.life.end.send_if_modified(|end| {
            let is_first = end.is_none();
            *end = end.or(Some(exit));
            is_first
        });
        if !is_first {
            return;
        }
        let stderr = self.life.stderr.lock();
        let stderr = stderr.unwrap_or_else(PoisonError::into_inner).take();
        let stays_open = self.life.part.leaves_pipes_open;
        if let (Some(mut stderr), Ok(runtime)) = (stderr, tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                let _ = stderr.write_all(words.as_bytes()).await;
                if stays_open {
                    sleep(Duration::from_secs(10)).await;
                }
            });
        }
    }

    fn ends_in(&self, after: Duration, exit: ExitKind, words: String) {
        let puppet = self.clone();
        let due = Instant::now() + after;
        tokio::spawn(async move {
            sleep_until(due).await;
            puppet.end(exit, words);
        });
    }
}

impl PortSource for Puppets {
    fn free_port(&self) -> Option<u16> {
        let mut stage = self.stage();
        stage.last_port = stage.last_port.checked_add(1)?;
        Some(stage.last_port)
    }
}

impl Engines for Puppets {
    fn spawn<'a>(&'a self, line: &'a CommandLine<'a>) -> Later<'a, io::Result<Spawned>> {
        let value_of = |flag: &str| {
            let mut args = line
                .args
                .iter()
                .skip_while(move |argument| *argument != flag);
            args.nth(1).cloned().unwrap_or_default()
        };
        let (key, port) = (value_of("--alias"), value_of("--port"));
        Box::pin(async move {
            let part = {
                let mut stage = self.stage();
                let cast = stage.cast.get_mut(&key);
                cast.and_then(VecDeque::pop_front).unwrap_or_default()
            };
            sleep(part.spawns_after).await;
            if part.cannot_start {
                return Err(io::Error::other("it is no program"));
            }
            let (stderr, theirs) = duplex(PIPE_BYTES);
            let puppet = self.give_birth(&key, &port, part, theirs);
            if let Some((after, exit)) = puppet.life.part.ends_after {
                puppet.ends_in(after, exit, puppet.life.part.words.clone());
            }
            let running: Box<dyn Running> = Box::new(Strings { puppet });
            Ok((running, Box::new(empty()) as _, Box::new(stderr) as _))
        })
    }

    fn questions(&self, url: &str, _api_key: &str) -> Option<Box<dyn Questions>> {
        let stage = self.stage();
        let mut born = stage.born.iter().rev();
        let at = born.find(|puppet| url.ends_with(&format!(":{}", puppet.life.port)))?;
        Some(Box::new(at.clone()))
    }
}

impl Questions for Puppet {
    fn is_ready<'a>(&'a self, _alias: &'a str, within: Duration) -> Later<'a, Result<(), String>> {
        Box::pin(async move {
            if Self::is_ready(self) {
                return Ok(());
            }
            if self.is_alive() && self.life.part.is_mute {
                let _ = timeout(within, std::future::pending::<()>()).await;
                return Err("operation timed out".to_owned());
            }
            Err("HTTP 503 Loading model".to_owned())
        })
    }
}

/// What holds a puppet up: as with a process, it falls when they are let go.
struct Strings {
    puppet: Puppet,
}

impl Running for Strings {
    fn pid(&self) -> Option<u32> {
        None
    }

    fn identity(&self) -> Option<&ProcessIdentity> {
        None
    }

    fn wait(&mut self) -> Later<'_, ExitKind> {
        let mut end = self.puppet.life.end.subscribe();
        Box::pin(async move {
            let told = end.wait_for(Option::is_some).await;
            told.ok()
                .and_then(|end| *end)
                .unwrap_or(ExitKind::GuardLost)
        })
    }

    fn ask_to_end(&mut self, _closes_on_eof: bool) -> Later<'_, ()> {
        if let Some(after) = self.puppet.life.part.heeds_after {
            self.puppet.ends_in(after, ExitKind::Code(0), String::new());
        }
        Box::pin(std::future::ready(()))
    }

    fn kill(&mut self) -> Later<'_, ()> {
        let after = self.puppet.life.part.dies_after;
        self.puppet
            .ends_in(after, ExitKind::Signal(9), String::new());
        Box::pin(std::future::ready(()))
    }
}

impl Drop for Strings {
    fn drop(&mut self) {
        self.puppet.end(ExitKind::Signal(9), String::new());
    }
}
