//! The window reaches nobody that its user did not ask for, from its start to its end.

use std::fs::Permissions;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use test_support::connections::{self, OUTSIDE};
use test_support::until;

use crate::machine::{Machine, app_binary};
use crate::tray_host::TrayHost;
use crate::window::{SOON, Window};

/// Every page is looked at but those whose visitor asks for what there is outside, the hub's and the engines'; and the
/// tray, where the app is left alone the longest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_window_reaches_nobody_by_itself() {
    let machine = Machine::with_tiny().await;
    machine
        .home
        .edit_settings(|all| all["desktop"] = json!({"closeToTray": true}));
    let trace = machine.home.file("trace");
    let tray = TrayHost::start(machine.bus()).await;
    let window = Window::open_by(&machine, &traced(&machine, &trace)).await;
    window.chooses("local/tiny").await;
    window.presses_main("Load").await;
    window.is("ready").await;
    assert_eq!(machine.gateway().chat("Hello", 4).await.status, 200);
    for page in ["Chat", "Server", "Settings", "Models"] {
        window.goes_to(page).await;
        window
            .until(format!("to be at {page}"), SOON, async || {
                let script =
                    "return document.querySelector(\"nav [aria-current='page']\").innerText";
                let current = window.script(script).await?;
                let current = current.as_str().unwrap_or_default();
                Ok((current.trim() == page).then_some(()))
            })
            .await;
        // What a page asks for when it is there, it has asked for by then.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    machine.close_window();
    until("the window to be gone", SOON, async || {
        (!machine.shows_a_window()).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    tray.clicks("Quit Paddock").await;
    window.ends().await;
    let seen = connections::read(&trace);
    assert!(seen.to_loopback > 0, "the trace is of the app: {seen:?}");
    assert_eq!(seen.elsewhere, [""; 0]);
}

/// A program that becomes the app, watched, with hub and releases where an attempt to reach them is seen.
fn traced(machine: &Machine, trace: &Path) -> PathBuf {
    let mut words = connections::tracer(trace);
    words.push(app_binary().display().to_string());
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "#!/bin/sh\nexport HF_ENDPOINT={OUTSIDE} PADDOCK_RELEASES_URL={OUTSIDE}\nexec {} \"$@\"\n",
        words.join(" ")
    );
    let program = machine.home.file("traced");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    program
}

/// A link in an answer can be opened with the web view's own menu, past the page: what is there must not come into the
/// window and look like the app, and must not be fetched.
#[tokio::test]
async fn no_foreign_page_comes_into_the_window() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let address = format!("http://{}/page", server.local_addr().unwrap());
    let ways = [
        format!("location.href = '{address}'; return null"),
        format!("window.open('{address}'); return null"),
        format!(
            "const link = document.createElement('a'); link.href = '{address}'; link.target = '_blank';
             document.body.append(link); link.click(); link.remove(); return null"
        ),
    ];
    for way in ways {
        window.script(&way).await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        let asked = server.accept().map(|(_, who)| who);
        assert!(asked.is_err(), "{way}: {asked:?}");
        let page = window.script("return location.origin").await.unwrap();
        assert_eq!(page, "tauri://localhost", "{way}");
    }
    // What is asked for as a download is asked for, and its answer goes nowhere.
    let download = format!(
        "const link = document.createElement('a'); link.href = '{address}'; link.download = 'stranger.bin';
         document.body.append(link); link.click(); link.remove(); return null"
    );
    window.script(&download).await.unwrap();
    let (mut asked, _) = until("the download to begin", SOON, async || server.accept().ok()).await;
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 5\r\n\r\nhello";
    asked.write_all(answer.as_bytes()).unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(named(machine.home.folder(), "stranger"), [""; 0]);

    // The page goes on as it was.
    window.presses_main("Load").await;
    window.is("ready").await;
    window.closes(&machine).await;
}

/// Files and folders below this one whose names begin like that.
fn named(folder: &Path, beginning: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(beginning) {
            found.push(path.display().to_string());
        }
        if path.is_dir() && !path.is_symlink() {
            found.extend(named(&path, beginning));
        }
    }
    found
}
