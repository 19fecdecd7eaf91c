//! A user's machine: data folder, home folder, display, and a port for the endpoint. Windows are opened on it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::{Value, json};
use test_support::processes::{self, MARKER, Process};
use test_support::{Api, Home, environment};

use crate::desktop::{Desktop, Ended};
use crate::window::{SOON, Window};

/// Where the app, its tests and a bench find the window's binary.
pub(crate) fn app_binary() -> PathBuf {
    let path = environment::paddock().with_file_name("paddock-desktop");
    assert!(
        path.is_file(),
        "{} is not built: run `cargo xtask test`, which builds it",
        path.display()
    );
    path
}

/// An address at which nothing listens.
const NOBODY: &str = "http://127.0.0.1:9";

/// The machine. When it is dropped, nothing that was started on it may be left.
pub(crate) struct Machine {
    /// The data folder and the command line on it. First, so that it looks for what is left before the display goes.
    pub(crate) home: Home,
    desktop: Desktop,
    port: u16,
}

impl Machine {
    /// One where the real engine and the real model are, as `local/gemma`: what the starter set leaves behind.
    pub(crate) async fn with_gemma() -> Self {
        Self::new(Home::with_gemma().await)
    }

    /// One where the engine and the tiny model are, as `local/tiny`: loads at once.
    pub(crate) async fn with_tiny() -> Self {
        Self::new(Home::with_tiny().await)
    }

    /// One with this data folder, which must have settings already. The endpoint gets a port that is free.
    pub(crate) fn new(home: Home) -> Self {
        let port = free_port();
        home.edit_settings(|settings| settings["gateway"]["port"] = json!(port));
        // As if Paddock itself had saved it.
        let good = home.data().join("settings.last-good.json");
        std::fs::copy(home.settings_file(), good).unwrap();
        Self::bare(home, port)
    }

    /// One with this data folder as it is.
    pub(crate) fn bare(home: Home, port: u16) -> Self {
        for folder in ["user", "runtime"] {
            std::fs::create_dir_all(home.file(folder)).unwrap();
        }
        let desktop = Desktop::start(&home.file("runtime"));
        Self {
            home,
            desktop,
            port,
        }
    }

    /// The endpoint that clients use.
    pub(crate) fn gateway(&self) -> Api {
        Api::new(&format!("http://127.0.0.1:{}", self.port))
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Opens the window with a driver on it.
    pub(crate) async fn open(&self) -> Window {
        Window::open(self).await
    }

    /// What the command line answers.
    pub(crate) async fn paddock(&self, arguments: &[&str]) -> Value {
        let all: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        self.home.paddock(&all).await.succeeded().json()
    }

    /// A program with everything in its environment that the window needs.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env("PADDOCK_HOME", self.home.data())
            .env(MARKER, self.home.marker())
            .env("HOME", self.home.file("user"))
            .env("XDG_RUNTIME_DIR", self.home.file("runtime"))
            .env("DISPLAY", &self.desktop.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.desktop.bus)
            // No accessibility bus here; without this the log is full of it.
            .env("NO_AT_BRIDGE", "1")
            .env("PADDOCK_RELEASES_URL", self.releases())
            .env("HF_ENDPOINT", NOBODY)
            // The driver hands it to the app, which opens no session without it.
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CACHE_HOME")
            .env_remove("PADDOCK_LOG")
            .current_dir(self.home.folder())
            .stdin(Stdio::null());
        command
    }

    /// The release host of the settings, which the environment's would win over; nobody where they name none.
    fn releases(&self) -> String {
        let settings = self.home.settings_file();
        let text = std::fs::read_to_string(settings).unwrap_or_default();
        let settings: Value = serde_json::from_str(&text).unwrap_or_default();
        let named = settings["engines"]["releasesUrl"].as_str();
        named.unwrap_or(NOBODY).to_owned()
    }

    /// Starts the app as a double-click does, without a driver.
    pub(crate) fn start_app(&self) -> Ended {
        let mut command = self.command(&app_binary());
        let log = self.log();
        Ended(
            command
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .spawn()
                .unwrap(),
        )
    }

    /// What the app says on stderr.
    pub(crate) fn log(&self) -> std::fs::File {
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.home.file("app.log"))
            .unwrap()
    }

    /// All of it, for a failure's message.
    pub(crate) fn log_file(&self) -> PathBuf {
        self.home.file("app.log")
    }

    /// The address of the session bus.
    pub(crate) fn bus(&self) -> &str {
        &self.desktop.bus
    }

    /// Whether a window of the app can be seen.
    pub(crate) fn shows_a_window(&self) -> bool {
        self.desktop.shows_a_window()
    }

    /// The close button.
    pub(crate) fn close_window(&self) {
        self.desktop.close_window();
    }

    /// Drags the window: its upper left corner is there afterwards.
    pub(crate) fn moves_window(&self, x: i32, y: i32) {
        self.desktop.move_window(x, y);
    }

    /// Where the window's upper left corner is on the screen.
    pub(crate) fn place_of_window(&self) -> (i32, i32) {
        self.desktop.place_of_window()
    }

    /// Processes of this machine with this name; all for an empty one. The driver is none of the app's.
    pub(crate) fn processes(&self, name: &str) -> Vec<Process> {
        processes::marked(self.home.marker())
            .into_iter()
            .filter(|process| !process.name.starts_with("WebKitWebDriver"))
            .filter(|process| process.name.starts_with(name))
            .collect()
    }

    /// Engines that have a model: not those that are only asked what they know, which takes a moment.
    pub(crate) fn engines_with_a_model(&self) -> Vec<Process> {
        let mut engines = self.processes("llama-server");
        engines.retain(|engine| engine.argv.iter().any(|word| word == "--model"));
        engines
    }

    /// App, guards and engines: all but what the web view starts for itself.
    pub(crate) fn processes_of_ours(&self) -> Vec<Process> {
        let mut all = self.processes("");
        all.retain(|process| !process.name.starts_with("WebKit"));
        all
    }

    /// Kills the model's engine each time it comes back, until it is left alone: the window says that it failed.
    pub(crate) async fn kills_until_given_up(&self, window: &Window) {
        const TRIES: usize = 5;
        let mut killed = Vec::new();
        for _ in 0..TRIES {
            let next = || {
                let engines = self.processes("llama-server");
                let mut pids = engines.into_iter().map(|engine| engine.pid);
                pids.find(|pid| !killed.contains(pid))
            };
            let what = "the engine to be there again";
            let pid = window.until(what, SOON, async || Ok(next())).await;
            processes::send(pid, rustix::process::Signal::KILL);
            killed.push(pid);
        }
        window.is("failed").await;
    }

    /// The one engine that runs.
    #[track_caller]
    pub(crate) fn engine(&self) -> Process {
        let mut engines = self.processes("llama-server");
        assert_eq!(engines.len(), 1, "{engines:#?}");
        engines.remove(0)
    }
}

/// A port that nobody has and that the system gives to nobody: below those for outgoing connections and children.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 500).unwrap() * 20;
    loop {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
