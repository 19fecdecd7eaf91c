//! The table.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use download::{Downloader, FileSpec, Options};
use sha2::{Digest, Sha256};
use test_support::environment;
use test_support::measure::machine;

use crate::measured::{Cost, run};
use crate::server;

/// What one connection gets where the network is the limit.
const BYTES_PER_SECOND: u64 = 20_000_000;
const LARGE_BYTES: u64 = 2 << 30;
const LARGE_NAME: &str = "zeros.bin";

pub(crate) fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve", folder, speed] => server::serve(Path::new(folder), speed.parse().ok()),
        ["fetch", url, target, sha256] => fetch(url, target, sha256),
        _ => bench(&words),
    }
}

/// Ours, as the child that is measured.
fn fetch(url: &str, target: &str, sha256: &str) {
    let target = PathBuf::from(target);
    let state = target.parent().unwrap().join("downloads");
    let client = http_client::loopback()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let options = Options {
        keep_awake: false,
        ..Options::default()
    };
    let spec = FileSpec {
        url: url.into(),
        target,
        sha256: Some(sha256.into()),
        ..FileSpec::default()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cancel = Default::default();
    runtime
        .block_on(Downloader::new(client, state, options).fetch(&spec, &|_| {}, &cancel))
        .unwrap();
}

/// Ends with its owner.
struct Server {
    child: Child,
    base: String,
}

impl Server {
    fn start(folder: &Path, speed: Option<u64>) -> Self {
        let speed = speed.map_or("none".into(), |speed| speed.to_string());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["serve".as_ref(), folder.as_os_str(), speed.as_ref()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut port)
            .unwrap();
        Self {
            child,
            base: format!("http://127.0.0.1:{}", port.trim()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Subject {
    name: String,
    size: u64,
    sha256: String,
}

fn bench(words: &[&str]) {
    let runs = words
        .iter()
        .position(|word| *word == "--runs")
        .and_then(|at| words.get(at + 1)?.parse().ok())
        .unwrap_or(3);
    let lab = tempfile::tempdir().unwrap();
    let files = lab.path().join("files");
    fs::create_dir(&files).unwrap();
    let model = environment::model();
    let small = Subject::of(&files, &model);
    let large = files.join(LARGE_NAME);
    File::create(&large).unwrap().set_len(LARGE_BYTES).unwrap();
    let large = Subject::of(&files, &large);

    // The page cache has it now: what going on after a restart costs, once, for the whole file.
    let begin = Instant::now();
    Subject::of(&files, &files.join(LARGE_NAME));
    let hashing = begin.elapsed().as_secs_f64() / LARGE_BYTES as f64 * 1e9;
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut text = format!(
        "# Downloads: Paddock beside aria2c, curl and hf\n\n{}; load before: {}. Medians of {runs}. Ours with SHA-256 and a \
         sync to disk before the rename; the others sync nothing, and hash only where it says so. Processor time is user and system \
         of the client alone; the server's own counts for nobody, but shares the cores. Reading back what is on disk after a restart: {hashing:.2} s a \
         GB from the page cache.\n\n",
        machine(),
        load.split(' ').take(3).collect::<Vec<_>>().join(" "),
    );
    for (subject, speed, everyone) in [
        (&small, None, true),
        (&small, Some(BYTES_PER_SECOND), true),
        (&large, None, true),
        (&large, Some(BYTES_PER_SECOND), false),
    ] {
        text += &table(&files, subject, speed, everyone, runs, lab.path());
    }
    println!("{text}");
    if words.contains(&"--save") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/results/downloads.md");
        fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

impl Subject {
    /// A file as it is served; one from elsewhere is linked.
    fn of(folder: &Path, path: &Path) -> Self {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let here = folder.join(&name);
        if !here.exists() {
            std::os::unix::fs::symlink(path, &here).unwrap();
        }
        let mut hasher = Sha256::new();
        let mut file = File::open(&here).unwrap();
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = file.read(&mut buffer).unwrap();
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
        }
        Self {
            name,
            size: fs::metadata(&here).unwrap().len(),
            sha256: hasher
                .finalize()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        }
    }
}

fn table(
    files: &Path,
    subject: &Subject,
    speed: Option<u64>,
    everyone: bool,
    runs: usize,
    lab: &Path,
) -> String {
    let network = match speed {
        None => "as fast as it goes".to_owned(),
        Some(speed) => format!(
            "{} MB/s a connection, answers 50 ms late",
            speed / 1_000_000
        ),
    };
    let mut text = format!(
        "## {} MB, {network}\n\n| | wall | processor | peak memory |\n|---|---|---|---|\n",
        subject.size / 1_000_000
    );
    let server = Server::start(files, speed);
    let folder = lab.join("fetched");
    let clients = clients(&server.base, subject, &folder, everyone);
    // In turns, so that the machine's moods meet all alike.
    let mut costs: Vec<Vec<Cost>> = clients.iter().map(|_| Vec::new()).collect();
    for _ in 0..runs {
        for ((name, client), costs) in clients.iter().zip(&mut costs) {
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).unwrap();
            let Some(mut command) = client() else {
                continue;
            };
            eprintln!("{name}");
            costs.extend(run(&mut command));
        }
    }
    for ((name, _), costs) in clients.iter().zip(costs) {
        writeln!(text, "| {name} | {} |", row(costs)).unwrap();
    }
    text.push('\n');
    text
}

fn row(costs: Vec<Cost>) -> String {
    let median = |of: &dyn Fn(&Cost) -> f64| {
        let mut all: Vec<f64> = costs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    };
    let wall = median(&|cost| cost.wall.as_secs_f64());
    let processor = median(&|cost| cost.processor.as_secs_f64());
    let peak = median(&|cost| cost.peak_bytes as f64 / 1e6);
    match (wall, processor, peak) {
        (Some(wall), Some(processor), Some(peak)) => {
            format!("{wall:.2} s | {processor:.2} s | {peak:.0} MB")
        }
        _ => "not here | | ".into(),
    }
}

type Client = Box<dyn Fn() -> Option<Command>>;

fn clients(
    base: &str,
    subject: &Subject,
    folder: &Path,
    everyone: bool,
) -> Vec<(&'static str, Client)> {
    let url = format!("{base}/bench/model/resolve/main/{}", subject.name);
    let (name, digest, folder) = (
        subject.name.clone(),
        subject.sha256.clone(),
        folder.to_path_buf(),
    );
    let ours = {
        let (url, target, digest) = (url.clone(), folder.join(&name), digest.clone());
        move || {
            let mut command = Command::new(std::env::current_exe().ok()?);
            command.args(["fetch", &url]).arg(&target).arg(&digest);
            Some(command)
        }
    };
    let aria2c = |checksum: bool| {
        let (url, folder, digest) = (url.clone(), folder.clone(), digest.clone());
        move || {
            let mut command = Command::new(which("aria2c")?);
            command.args([
                "-x8",
                "-s8",
                "--quiet",
                "--file-allocation=falloc",
                "--no-conf",
            ]);
            if checksum {
                command.arg(format!("--checksum=sha-256={digest}"));
            }
            command.arg("--dir").arg(&folder).arg(&url);
            Some(command)
        }
    };
    let mut clients: Vec<(&'static str, Client)> = vec![
        ("Paddock, 8 connections, SHA-256", Box::new(ours)),
        ("aria2c -x8 -s8", Box::new(aria2c(false))),
        ("aria2c -x8 -s8, SHA-256", Box::new(aria2c(true))),
    ];
    if everyone {
        let (curl_url, target) = (url.clone(), folder.join(&name));
        clients.push((
            "curl",
            Box::new(move || {
                let mut command = Command::new(which("curl")?);
                command.args(["-sf", "-o"]).arg(&target).arg(&curl_url);
                Some(command)
            }),
        ));
        let base = base.to_owned();
        clients.push((
            "hf download",
            Box::new(move || {
                let mut command = Command::new(which("hf")?);
                command
                    .args(["download", "bench/model", &name, "--quiet", "--local-dir"])
                    .arg(&folder)
                    .env("HF_ENDPOINT", &base)
                    .env("HF_HOME", folder.join("home"))
                    .env("HF_HUB_DISABLE_TELEMETRY", "1");
                Some(command)
            }),
        ));
    }
    clients
}

/// Where a program is; the hub's client also beside the Python that tests use it from.
fn which(program: &str) -> Option<PathBuf> {
    if program == "hf"
        && let Some(python) = std::env::var_os("PADDOCK_TEST_HF_PYTHON")
    {
        let path = PathBuf::from(python).with_file_name(program);
        return path.is_file().then_some(path);
    }
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}
