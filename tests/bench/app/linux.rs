//! The measuring.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use test_support::processes::{self, MARKER};
use test_support::{Home, environment};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, ImageFormat};
use x11rb::rust_connection::RustConnection;

use crate::desktop::{Desktop, Ended};

/// Pairs of runs.
const ROUNDS: usize = 5;
/// What the issue allows: this many times the empty window.
const GOAL: f64 = 1.25;
/// Left, top, width and height of where both windows have words: Paddock its navigation.
const WORDS: (i16, i16, u16, u16) = (0, 50, 170, 110);
/// A flat background has one colour, a border two or three; smoothed letters have many.
const COLOURS_OF_WORDS: usize = 8;
/// Nobody waits longer.
const LIMIT: Duration = Duration::from_secs(60);
/// After the first words, until memory is looked at.
const SETTLE: Duration = Duration::from_secs(4);

/// What Paddock sets for itself (`src-tauri/src/web_view.rs`): an empty window with it shows what the rest costs.
const DRAWN_BY_PROCESSOR: (&str, &str) = ("WEBKIT_DISABLE_COMPOSITING_MODE", "1");

/// One start.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Anything that is not the empty screen.
    painted: Duration,
    /// Letters.
    words: Duration,
    /// Proportional set size of all processes, in bytes.
    pss_bytes: u64,
    /// Of that, the app's own process.
    app_bytes: u64,
    /// Of that, the process that draws the page.
    page_bytes: u64,
}

pub(crate) fn main() {
    let folder = environment::paddock().parent().unwrap().to_owned();
    let ours = binary(&folder, "paddock-desktop");
    let empty = binary(&folder, "paddock-empty-window");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // As a user has it: an engine, a model, and a folder that was used before.
    let home = runtime.block_on(Home::with_gemma());
    for name in ["user", "runtime"] {
        std::fs::create_dir_all(home.file(name)).unwrap();
    }
    // Files come from the cache in all runs that count.
    measure(&home, &ours, &[]);
    measure(&home, &empty, &[]);
    let (mut paddock, mut alone, mut processor) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        paddock.push(measure(&home, &ours, &[]));
        alone.push(measure(&home, &empty, &[]));
        processor.push(measure(&home, &empty, &[DRAWN_BY_PROCESSOR]));
        eprintln!("round {round} of {ROUNDS}");
    }
    report(&folder, &paddock, &alone, &processor);
}

fn binary(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "{} is not there; build it the same way as the other: `cargo build [--release] -p paddock-desktop -p \
         paddock-empty-window --features paddock-desktop/custom-protocol,paddock-empty-window/custom-protocol`",
        path.display()
    );
    path
}

/// Starts the program on a display of its own, and ends it.
fn measure(home: &Home, program: &Path, variables: &[(&str, &str)]) -> Run {
    let desktop = Desktop::start(&home.file("runtime"));
    let (screen, number) = RustConnection::connect(Some(&desktop.display)).unwrap();
    let root = screen.setup().roots[number].root;
    let begin = Instant::now();
    let app = Command::new(program)
        .env("PADDOCK_HOME", home.data())
        .env(MARKER, home.marker())
        .env("HOME", home.file("user"))
        .env("XDG_RUNTIME_DIR", home.file("runtime"))
        .env("DISPLAY", &desktop.display)
        .env("DBUS_SESSION_BUS_ADDRESS", &desktop.bus)
        .env("NO_AT_BRIDGE", "1")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_DATA_HOME")
        .env_remove("XDG_CACHE_HOME")
        .env_remove(DRAWN_BY_PROCESSOR.0)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut app = Ended(app);
    let mut painted = None;
    let words = loop {
        let colours = colours(&screen, root);
        let now = begin.elapsed();
        if painted.is_none() && colours.iter().any(|colour| *colour != [0, 0, 0]) {
            painted = Some(now);
        }
        if colours.len() >= COLOURS_OF_WORDS {
            break now;
        }
        assert!(now < LIMIT, "{}: nothing on the screen", program.display());
        assert!(
            app.0.try_wait().unwrap().is_none(),
            "{} ended",
            program.display()
        );
        std::thread::sleep(Duration::from_millis(5));
    };
    std::thread::sleep(SETTLE);
    let tree = processes::marked(home.marker());
    let of = |name: &str| -> u64 {
        let named = tree.iter().filter(|process| process.name.starts_with(name));
        named.map(|process| pss_bytes(process.pid)).sum()
    };
    let (pss_bytes, page_bytes, app_bytes) = (of(""), of("WebKitWeb"), of("paddock-"));
    processes::send(app.0.id(), Signal::TERM);
    app.0.wait().unwrap();
    processes::wait_until_none(home.marker(), LIMIT).unwrap();
    Run {
        painted: painted.unwrap_or(words),
        words,
        pss_bytes,
        app_bytes,
        page_bytes,
    }
}

/// The colours where the words will be.
fn colours(screen: &RustConnection, root: u32) -> HashSet<[u8; 3]> {
    let (left, top, width, height) = WORDS;
    let image = screen
        .get_image(ImageFormat::Z_PIXMAP, root, left, top, width, height, !0)
        .unwrap()
        .reply()
        .unwrap();
    let pixels = image.data.chunks_exact(4);
    pixels.map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
}

/// Memory of a process, of which what it shares is counted in shares.
fn pss_bytes(pid: u32) -> u64 {
    std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .unwrap_or_default()
        .lines()
        .find_map(|line| {
            let size = line.strip_prefix("Pss:")?.trim().strip_suffix("kB")?;
            size.trim().parse::<u64>().ok()
        })
        .unwrap_or(0)
        * 1024
}

fn report(folder: &Path, paddock: &[Run], alone: &[Run], processor: &[Run]) {
    let figure = |runs: &[Run], of: fn(&Run) -> f64| {
        let mut all: Vec<f64> = runs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    println!(
        "Binaries in {}; medians of {ROUNDS} runs in turn. The goal is held against the empty window as Tauri makes it.\n",
        folder.display()
    );
    println!(
        "| | Paddock | empty Tauri window | ratio | goal | empty, drawn by the processor too | ratio |"
    );
    println!("|---|---|---|---|---|---|---|");
    let row = |what: &str, unit: &str, goal: bool, of: fn(&Run) -> f64| {
        let [ours, empty, bare] = [paddock, alone, processor].map(|runs| figure(runs, of));
        let (ratio, bare_ratio) = (ours / empty, ours / bare);
        let verdict = match goal {
            false => String::new(),
            true if ratio <= GOAL => format!("{GOAL} or less: met"),
            true => format!("{GOAL} or less: missed"),
        };
        println!(
            "| {what} | {ours:.0} {unit} | {empty:.0} {unit} | {ratio:.2} | {verdict} | {bare:.0} {unit} | {bare_ratio:.2} |"
        );
    };
    row("launch to first paint", "ms", true, |run| {
        millis(run.painted)
    });
    row("launch to first words", "ms", true, |run| millis(run.words));
    row("memory of all processes (PSS)", "MB", true, |run| {
        megabytes(run.pss_bytes)
    });
    row("of which the app", "MB", false, |run| {
        megabytes(run.app_bytes)
    });
    row("of which the page", "MB", false, |run| {
        megabytes(run.page_bytes)
    });
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
