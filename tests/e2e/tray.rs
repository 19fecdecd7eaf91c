//! The tray over D-Bus, as a panel uses it; and what becomes of the window where there is none.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use test_support::hub::{QUANTS, VISION};
use test_support::{Home, HubDouble, engines, environment, processes, until};

use crate::desktop::Ended;
use crate::machine::Machine;
use crate::tray_host::TrayHost;

const SOON: Duration = Duration::from_secs(20);
/// Longer than the app waits for a tray that goes or does not come, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Settings of the desktop, before the app starts.
fn set(machine: &Machine, settings: Value) {
    machine.home.edit_settings(|all| all["desktop"] = settings);
}

async fn shows_a_window(machine: &Machine, wanted: bool) {
    let what = if wanted { "a window" } else { "no window" };
    until(what, PATIENCE, async || {
        (machine.shows_a_window() == wanted).then_some(())
    })
    .await;
}

/// The app without a driver, up to the point where it can be found.
async fn started(machine: &Machine) -> Ended {
    let app = machine.start_app();
    let info = machine.home.data().join("run/host.json");
    let begin = Instant::now();
    while !info.is_file() {
        let said = || std::fs::read_to_string(machine.log_file()).unwrap_or_default();
        assert!(
            begin.elapsed() < SOON,
            "the app is not there\nlog:\n{}",
            said()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app
}

async fn ends(app: &mut Ended) {
    let status = until("the app to end", SOON, async || app.0.try_wait().unwrap()).await;
    assert!(status.success(), "{status}");
}

async fn engine_is_gone(machine: &Machine) {
    until("the engine to be gone", SOON, async || {
        machine.engines_with_a_model().is_empty().then_some(())
    })
    .await;
}

/// The tray's load is the window's: saved parameters and all (LM Studio #1782: "tray loads with the wrong parameters").
#[tokio::test]
async fn a_real_model_is_started_and_stopped_from_the_tray() {
    let machine = Machine::with_gemma().await;
    machine
        .home
        .paddock(&["params", "gemma", "--save", "--ctx-size", "1536"])
        .await
        .succeeded();
    let tray = TrayHost::start(machine.bus()).await;
    let mut app = started(&machine).await;
    tray.says("no model loaded").await;
    let address = format!("http://127.0.0.1:{}/v1", machine.port());
    tray.says(&address).await;
    assert_eq!(
        tray.labels().await,
        [
            "Open Paddock",
            "",
            "Start gemma",
            "Stop all",
            "",
            &format!("Copy {address}"),
            "",
            "Quit Paddock"
        ]
    );
    let enabled = |entries: Vec<crate::tray_host::Entry>| {
        let mut all = entries.into_iter();
        all.find(|entry| entry.label == "Stop all").unwrap().enabled
    };
    assert!(!enabled(tray.entries().await));
    let stopped = tray.icon().await;

    tray.clicks("Start gemma").await;
    tray.says("gemma is ready").await;
    assert!(machine.engine().argv.join(" ").contains("--ctx-size 1536"));
    assert_eq!(machine.gateway().chat("Hello", 4).await.status, 200);
    let ready = tray.icon().await;
    assert!(stopped != ready, "the icon shows the state");
    assert!(enabled(tray.entries().await));

    tray.clicks("Stop gemma").await;
    engine_is_gone(&machine).await;
    tray.says("no model loaded").await;
    assert!(tray.icon().await == stopped);

    tray.clicks("Start gemma").await;
    tray.says("gemma is ready").await;
    tray.clicks("Stop all").await;
    engine_is_gone(&machine).await;

    tray.clicks("Quit Paddock").await;
    ends(&mut app).await;
}

#[tokio::test]
async fn loading_and_failing_show_in_the_icon_and_the_failure_is_told() {
    let home = Home::new();
    let engine = engines::that_hangs(&home.file("llama-server"));
    home.add_engine(&engine).await;
    home.add_tiny().await;
    let machine = Machine::new(home);
    set(&machine, json!({"startHidden": true}));
    let tray = TrayHost::start(machine.bus()).await;
    let mut app = started(&machine).await;
    tray.says("no model loaded").await;
    let stopped = tray.icon().await;

    tray.clicks("Start tiny").await;
    tray.says("tiny is loading").await;
    let busy = tray.icon().await;
    assert!(busy != stopped);
    assert!(
        tray.labels()
            .await
            .contains(&"Cancel loading tiny".to_owned())
    );

    let engine = until("the engine", SOON, async || {
        machine.processes("sleep").first().map(|engine| engine.pid)
    })
    .await;
    processes::send(engine, Signal::SEGV);
    tray.says("tiny failed").await;
    let failed = tray.icon().await;
    assert!(failed != busy && failed != stopped);
    let (title, body) = until("to be told", SOON, async || tray.told().first().cloned()).await;
    assert_eq!(title, "Model failed");
    assert!(body.starts_with("local/tiny: "), "{body}");

    tray.clicks("Start tiny again").await;
    tray.clicks("Cancel loading tiny").await;
    tray.says("no model loaded").await;
    assert_eq!(tray.told().len(), 1, "{:?}", tray.told());
    tray.clicks("Quit Paddock").await;
    ends(&mut app).await;
}

#[tokio::test]
async fn closed_to_the_tray_models_run_on_and_everything_brings_the_window_back() {
    let machine = Machine::with_tiny().await;
    set(&machine, json!({"closeToTray": true}));
    let tray = TrayHost::start(machine.bus()).await;
    let mut app = started(&machine).await;
    tray.clicks("Start tiny").await;
    tray.says("tiny is ready").await;
    shows_a_window(&machine, true).await;
    machine.close_window();
    shows_a_window(&machine, false).await;
    assert_eq!(machine.gateway().chat("Hello", 4).await.status, 200);

    tray.clicks("Open Paddock").await;
    shows_a_window(&machine, true).await;
    machine.close_window();
    shows_a_window(&machine, false).await;
    tray.clicks_the_icon().await;
    shows_a_window(&machine, true).await;
    machine.close_window();
    shows_a_window(&machine, false).await;
    let mut second = machine.start_app();
    ends(&mut second).await;
    shows_a_window(&machine, true).await;
    machine.close_window();
    shows_a_window(&machine, false).await;
    let mut link = Ended(
        machine
            .command(&crate::machine::app_binary())
            .arg("paddock://models/huggingface/ggml-org/tiny")
            .spawn()
            .unwrap(),
    );
    ends(&mut link).await;
    shows_a_window(&machine, true).await;
    machine.close_window();
    shows_a_window(&machine, false).await;

    tray.clicks("Quit Paddock").await;
    ends(&mut app).await;
    engine_is_gone(&machine).await;
}

/// "No tray on a bare window manager: the window must still be reachable and the app quittable."
#[tokio::test]
async fn without_a_tray_closing_ends_the_app_and_nothing_is_left_unreachable() {
    let machine = Machine::with_tiny().await;
    set(&machine, json!({"closeToTray": true}));
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    window.presses_main("Load").await;
    window.is("ready").await;
    window.goes_to("Settings").await;
    window.sees("This desktop shows no tray icons now").await;
    window.closes(&machine).await;
    assert_eq!(machine.processes_of_ours(), []);
}

#[tokio::test]
async fn without_a_tray_a_start_without_window_comes_up_all_the_same() {
    let machine = Machine::with_tiny().await;
    for tray in [true, false] {
        set(&machine, json!({"startHidden": true, "tray": tray}));
        let mut app = started(&machine).await;
        // Minimised, where a window manager knows how.
        shows_a_window(&machine, true).await;
        machine.close_window();
        ends(&mut app).await;
    }
}

#[tokio::test]
async fn a_tray_that_goes_gives_the_window_back_and_one_that_comes_gets_the_icon() {
    let machine = Machine::with_tiny().await;
    set(&machine, json!({"closeToTray": true, "startHidden": true}));
    let tray = TrayHost::start(machine.bus()).await;
    let mut app = started(&machine).await;
    tray.has_an_icon().await;
    assert!(!machine.shows_a_window());
    // A panel that is restarted is no reason to show anything.
    tray.goes().await;
    tray.comes().await;
    tray.has_an_icon().await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(!machine.shows_a_window());

    tray.goes().await;
    shows_a_window(&machine, true).await;
    tray.comes().await;
    tray.has_an_icon().await;
    machine.close_window();
    shows_a_window(&machine, false).await;
    tray.goes().await;
    shows_a_window(&machine, true).await;
    machine.close_window();
    ends(&mut app).await;
}

/// LM Studio #427: the tray bound to the start at login; #2146: the start at login forced on.
#[tokio::test]
async fn the_settings_do_not_depend_on_each_other_and_count_at_once() {
    let machine = Machine::with_tiny().await;
    let tray = TrayHost::start(machine.bus()).await;
    let window = machine.open().await;
    tray.has_an_icon().await;
    let entry = machine
        .home
        .file("user/.config/autostart/dev.paddock.desktop.desktop");
    assert!(!entry.exists(), "nobody turned it on");
    let desktop = || machine.home.settings()["desktop"].clone();
    let chooses = async |name: &str| {
        let script = format!("document.getElementById('desktop-{name}').click(); return null");
        window.finds(&format!("#desktop-{name}")).await;
        window.script(&script).await.unwrap();
    };
    window.goes_to("Settings").await;

    chooses("startAtLogin").await;
    until("the entry", SOON, async || entry.exists().then_some(())).await;
    let text = std::fs::read_to_string(&entry).unwrap();
    assert!(
        text.starts_with("[Desktop Entry]\nType=Application\n"),
        "{text}"
    );
    assert!(text.contains("paddock-desktop\"\n"), "{text}");
    assert_eq!(desktop()["tray"], Value::Null, "untouched");

    chooses("tray").await;
    until("the tray to be off", SOON, async || {
        (desktop()["tray"] == false).then_some(())
    })
    .await;
    assert!(
        entry.exists(),
        "the start at login is no matter of the tray"
    );
    chooses("closeToTray").await;
    chooses("startHidden").await;
    until("the others", SOON, async || {
        let now = desktop();
        (now["closeToTray"] == true && now["startHidden"] == true).then_some(())
    })
    .await;
    assert_eq!(desktop()["tray"], false);

    until("the icon to go", SOON, async || {
        (!tray.shows_an_icon().await).then_some(())
    })
    .await;
    chooses("tray").await;
    until("the icon to be back", SOON, async || {
        tray.shows_an_icon().await.then_some(())
    })
    .await;
    let address = format!("http://127.0.0.1:{}/v1", machine.port());
    tray.clicks(&format!("Copy {address}")).await;
    window.goes_to("Models").await;
    window.finds("#search-models").await;
    window.control('f').await;
    window.finds("#search-models:focus").await;
    window
        .until("the endpoint to be pasted", SOON, async || {
            window.control('a').await;
            window.control('v').await;
            let pasted = window.script("return document.activeElement.value").await?;
            Ok((pasted == address.as_str()).then_some(()))
        })
        .await;
    window.goes_to("Settings").await;

    chooses("startAtLogin").await;
    until("no entry", SOON, async || (!entry.exists()).then_some(())).await;
    assert_eq!(desktop()["startHidden"], true);
    processes::send(window.pid, Signal::TERM);
    window.ends().await;
}

#[tokio::test]
async fn a_load_is_told_while_nobody_looks_unless_notifications_are_off() {
    let machine = Machine::with_tiny().await;
    for (notifications, expected) in [(true, 1), (false, 0)] {
        set(
            &machine,
            json!({"startHidden": true, "notifications": notifications}),
        );
        let tray = TrayHost::start(machine.bus()).await;
        let mut app = started(&machine).await;
        tray.clicks("Start tiny").await;
        tray.says("tiny is ready").await;
        if expected > 0 {
            until("to be told", SOON, async || {
                (!tray.told().is_empty()).then_some(())
            })
            .await;
        }
        // What a program asks for is nobody's news.
        tray.clicks("Stop tiny").await;
        tray.says("no model loaded").await;
        let asked = json!({
            "model": "tiny",
            "max_tokens": 4,
            "messages": [{"role": "user", "content": "Hello"}],
        });
        let answer = machine
            .gateway()
            .try_post("/v1/chat/completions", &asked)
            .await;
        assert_eq!(answer.unwrap().status, 200);
        tokio::time::sleep(Duration::from_millis(500)).await;
        let told = tray.told();
        assert_eq!(told.len(), expected, "{told:?}");
        if let Some((title, body)) = told.first() {
            assert_eq!(
                (title.as_str(), body.as_str()),
                ("Model loaded", "local/tiny")
            );
        }
        tray.clicks("Quit Paddock").await;
        ends(&mut app).await;
    }
}

/// Somebody who started a download of gigabytes closes the window and does something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_download_is_told_while_nobody_looks() {
    let hub = HubDouble::start().await;
    let home = Home::with_hub(&hub);
    home.add_engine(&environment::engine()).await;
    home.edit_settings(|all| all["hub"]["endpoint"] = json!(hub.url()));
    let machine = Machine::new(home);
    set(&machine, json!({"startHidden": true}));
    let tray = TrayHost::start(machine.bus()).await;
    let mut app = started(&machine).await;
    tray.says("no model loaded").await;
    let told = async |count: usize| {
        until("to be told", SOON, async || {
            tray.told().get(count - 1).cloned()
        })
        .await
    };

    machine.home.paddock(&["get", QUANTS]).await.succeeded();
    let (title, body) = told(1).await;
    assert_eq!(title, "Download finished");
    assert!(body.contains("quants"), "{body}");

    // What comes is never what the hub promised.
    hub.faults(|faults| faults.corrupt_at = Some(300_000));
    let wanted = format!("{VISION}:Q8_0");
    let failed = machine.home.paddock(&["get", &wanted, "--json"]).await;
    assert_ne!(failed.code, Some(0));
    let (title, body) = told(2).await;
    assert_eq!(title, "Download failed");
    assert!(body.contains("vision"), "{body}");
    assert_eq!(tray.told().len(), 2, "{:?}", tray.told());
    tray.clicks("Quit Paddock").await;
    ends(&mut app).await;
}

#[tokio::test]
async fn the_window_keeps_its_size_and_place() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    window.resizes(1000, 640).await;
    machine.moves_window(120, 90);
    // The app hears of it from the display in its own time.
    tokio::time::sleep(Duration::from_millis(500)).await;
    window.closes(&machine).await;
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    let size = window.script("return [innerWidth, innerHeight]").await;
    assert_eq!(size.unwrap(), json!([1000, 640]));
    assert_eq!(machine.place_of_window(), (120, 90));
    window.closes(&machine).await;
}

/// Started into the tray there is no web view, which takes most of the memory; closed into it, there is one that nobody
/// looks at. Processor time of all there is, over ten seconds each; `PADDOCK_IDLE_SECONDS` for more.
#[tokio::test]
async fn nothing_runs_at_idle_in_the_tray() {
    let machine = Machine::with_tiny().await;
    set(&machine, json!({"startHidden": true, "closeToTray": true}));
    let tray = TrayHost::start(machine.bus()).await;
    let mut app = started(&machine).await;
    tray.has_an_icon().await;
    is_idle(&machine, "started into the tray").await;
    assert!(machine.processes("WebKit").is_empty());

    tray.clicks("Open Paddock").await;
    shows_a_window(&machine, true).await;
    machine.close_window();
    shows_a_window(&machine, false).await;
    is_idle(&machine, "closed into the tray").await;
    tray.clicks("Quit Paddock").await;
    ends(&mut app).await;
}

async fn is_idle(machine: &Machine, how: &str) {
    let wanted = std::env::var("PADDOCK_IDLE_SECONDS").ok();
    let seconds: u64 = wanted.and_then(|text| text.parse().ok()).unwrap_or(10);
    // Starting is no idling.
    tokio::time::sleep(Duration::from_secs(15)).await;
    let before = ticks(machine);
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let after = ticks(machine);
    let mut total = 0;
    for (pid, (name, now)) in &after {
        let used = now - before.get(pid).map_or(0, |(_, then)| *then);
        eprintln!("{name} ({pid}): {} ms in {seconds} s", used * 10);
        total += used;
    }
    let share = total as f64 / seconds as f64;
    eprintln!("{how}: {share:.3} % of one core");
    assert!(share < 2.0, "{how}: {share} % of one core at idle");
}

/// Hundredths of a second of each process of this machine.
fn ticks(machine: &Machine) -> std::collections::HashMap<u32, (String, u64)> {
    let all = machine.processes("").into_iter();
    all.filter_map(|process| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.pid)).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let used = fields[11].parse::<u64>().ok()? + fields[12].parse::<u64>().ok()?;
        Some((process.pid, (process.name, used)))
    })
    .collect()
}
