//! A running headless host, `paddock serve`.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout};

use crate::http::{Answer, Api};
use crate::processes::{self, Process};
use crate::{Home, until};

const STARTS_WITHIN: Duration = Duration::from_secs(15);
const LOADS_WITHIN: Duration = Duration::from_secs(60);

/// The host of a [`Home`]. Dropping it kills it with SIGKILL: its engines must end all the same.
pub struct Host {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: Arc<Mutex<String>>,
    pid: u32,
    control: Api,
    gateway: Api,
}

/// How a host ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// From the signal to the end.
    pub took: Duration,
    /// All that it said on stderr.
    pub stderr: String,
}

impl Home {
    /// Starts a host on a free port, and waits until it listens.
    pub async fn serve(&self) -> Host {
        self.serve_with(&["--port", "0"]).await
    }

    /// Starts a host with these arguments, and waits until it listens.
    pub async fn serve_with(&self, arguments: &[&str]) -> Host {
        let mut host = self.begin_serve(arguments).await;
        let line = host.announcement().await;
        host.gateway = Api::new(line["endpoint"].as_str().unwrap());
        host
    }

    /// Starts a host and waits until it can be controlled; it may not have its port.
    pub async fn begin_serve(&self, arguments: &[&str]) -> Host {
        let all: Vec<&str> = ["serve", "--json"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        let mut child = self
            .command(&all)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut errors = child.stderr.take().unwrap();
        let stderr = Arc::new(Mutex::new(String::new()));
        let sink = Arc::clone(&stderr);
        tokio::spawn(async move {
            let mut chunk = [0_u8; 4096];
            while let Ok(read @ 1..) = errors.read(&mut chunk).await {
                let text = String::from_utf8_lossy(&chunk[..read]).into_owned();
                sink.lock().unwrap().push_str(&text);
            }
        });
        let file = self.data().join("run/host.json");
        let info = until("the host to appear", STARTS_WITHIN, async || {
            if let Ok(Some(status)) = child.try_wait() {
                panic!("the host ended ({status}): {}", stderr.lock().unwrap());
            }
            let text = std::fs::read(&file).ok()?;
            let info: Value = serde_json::from_slice(&text).ok()?;
            (info["pid"] == pid).then_some(info)
        });
        let info = info.await;
        let control = Api::new(info["controlUrl"].as_str().unwrap())
            .with_key(info["token"].as_str().unwrap());
        Host {
            child,
            stdout,
            stderr,
            pid,
            control,
            gateway: Api::new("http://127.0.0.1:1"),
        }
    }
}

impl Host {
    /// The line that says where the endpoint is.
    pub async fn announcement(&mut self) -> Value {
        let mut line = String::new();
        let read = self.stdout.read_line(&mut line);
        tokio::time::timeout(STARTS_WITHIN, read)
            .await
            .expect("the host announces its endpoint")
            .unwrap();
        serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("{line:?}; stderr: {}", self.stderr()))
    }

    /// The host's pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What it said so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Waits until it said this on stderr.
    pub async fn says(&self, text: &str) {
        let what = format!("{text:?} on stderr");
        until(&what, Duration::from_secs(5), async || {
            self.stderr().contains(text).then_some(())
        })
        .await;
    }

    /// The control listener.
    #[must_use]
    pub fn control(&self) -> &Api {
        &self.control
    }

    /// The endpoint that clients use.
    #[must_use]
    pub fn gateway(&self) -> &Api {
        &self.gateway
    }

    /// The status of the whole host.
    pub async fn status(&self) -> Value {
        let answer = self.control.get("/api/v1/status").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// The status of one model; `None` if it is not there.
    pub async fn model(&self, key: &str) -> Option<Value> {
        let status = self.status().await;
        let models = status["models"].as_array().unwrap();
        models.iter().find(|model| model["key"] == key).cloned()
    }

    /// Waits until a model is in this state, and returns its status.
    pub async fn wait_for(&self, key: &str, state: &str, limit: Duration) -> Value {
        let what = format!("{key} to be {state}");
        until(&what, limit, async || {
            self.model(key)
                .await
                .filter(|model| model["state"] == state)
        })
        .await
    }

    /// Waits until a model's engine was seen to have crashed, and returns the report. What the user loaded is started
    /// again then.
    pub async fn wait_for_crash(&self, key: &str, limit: Duration) -> Value {
        until("the crash to be seen", limit, async || {
            let report = self.model(key).await?["lastCrash"].clone();
            report.is_object().then_some(report)
        })
        .await
    }

    /// Waits until a model's engine is spawned, and returns its pid. It may still be loading.
    pub async fn wait_for_pid(&self, key: &str) -> u32 {
        until("the engine to be spawned", STARTS_WITHIN, async || {
            pid_in(&self.model(key).await?)
        })
        .await
    }

    /// Loads a model with these parameters over the control listener, whatever comes of it.
    pub async fn try_load(&self, key: &str, params: Value) -> Answer {
        let body = json!({"model": key, "params": params});
        let load = self.control.post("/api/v1/models/load", &body);
        tokio::time::timeout(LOADS_WITHIN, load)
            .await
            .expect("a load ends")
    }

    /// Loads a model and returns its status.
    pub async fn load(&self, key: &str, params: Value) -> Value {
        let answer = self.try_load(key, params).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// Begins to load a model and does not wait for it; returns the engine's pid.
    pub async fn begin_load(&self, key: &str, params: Value) -> u32 {
        let (control, body) = (
            self.control.clone(),
            json!({"model": key, "params": params}),
        );
        tokio::spawn(async move { control.try_post("/api/v1/models/load", &body).await });
        self.wait_for_pid(key).await
    }

    /// The engine itself, past the gateway, with the key that only its environment holds.
    pub async fn engine(&self, key: &str) -> Api {
        let model = self.model(key).await.expect("the model runs");
        let secret = engine_key(pid_in(&model).unwrap());
        Api::new(model["serverUrl"].as_str().unwrap()).with_key(&secret)
    }

    /// Waits until nothing of the home's is left but the host. An engine's guard ends right after it.
    pub async fn until_alone(&self, home: &Home) {
        until(
            "only the host to be left",
            Duration::from_secs(1),
            async || {
                let left = processes::marked(home.marker());
                (left.len() == 1 && left[0].pid == self.pid).then_some(())
            },
        )
        .await;
    }

    /// Ends the host with a signal and waits for it.
    pub async fn end(mut self, signal: Signal) -> Ended {
        let begin = Instant::now();
        assert!(processes::send(self.pid, signal), "the host is there");
        let status = tokio::time::timeout(Duration::from_secs(20), self.child.wait())
            .await
            .expect("the host ends")
            .unwrap();
        Ended {
            status,
            took: begin.elapsed(),
            stderr: self.stderr(),
        }
    }

    /// SIGKILL.
    pub fn kill(&self) {
        processes::send(self.pid, Signal::KILL);
    }

    /// Waits for the end that something else brings about.
    pub async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(Duration::from_secs(20), self.child.wait())
            .await
            .expect("the host ends")
            .unwrap()
    }
}

/// The pid in a model's status.
#[must_use]
pub fn pid_in(model: &Value) -> Option<u32> {
    u32::try_from(model["pid"].as_u64()?).ok()
}

/// The key that an engine demands.
#[must_use]
pub fn engine_key(pid: u32) -> String {
    processes::environment(pid)["LLAMA_API_KEY"].clone()
}

/// The guard of an engine: its parent.
#[must_use]
pub fn guard_of(engine: u32) -> Process {
    let parent = Process::of(engine).expect("the engine is there").parent;
    let guard = Process::of(parent).expect("the guard is there");
    assert_eq!(guard.name, "paddock-guard");
    guard
}
