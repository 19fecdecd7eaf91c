//! The window as its user has it: sees words, presses buttons by their names, types into fields.
//!
//! Everything waits, because everything in a window takes a moment; and what does not come is told with what was there
//! instead. The places on the page are named here and nowhere else.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use test_support::processes;

use crate::desktop::Ended;
use crate::machine::{Machine, app_binary, free_port};

/// What a user waits for without wondering. Debug builds on a busy machine take their time.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// A load of a real model on two busy cores.
pub(crate) const LOADS_WITHIN: Duration = Duration::from_secs(60);

const SCHEME: &str = "return document.documentElement.dataset.mantineColorScheme";

/// The window and its driver.
pub(crate) struct Window {
    client: Client,
    driver: Option<Ended>,
    /// The app's pid.
    pub(crate) pid: u32,
    log: PathBuf,
    marker: String,
}

impl Window {
    /// Starts driver and app.
    pub(crate) async fn open(machine: &Machine) -> Self {
        Self::open_by(machine, &app_binary()).await
    }

    /// Starts driver and app, which this program becomes in the end.
    pub(crate) async fn open_by(machine: &Machine, program: &Path) -> Self {
        let port = free_port();
        let log = machine.log();
        let driver = machine
            .command(Path::new("WebKitWebDriver"))
            .args([&format!("--port={port}"), "--host=127.0.0.1"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| {
                panic!("WebKitWebDriver: {error}; `cargo xtask test` installs it")
            });
        let driver = Ended(driver);
        let deadline = Instant::now() + SOON;
        while tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_err()
        {
            assert!(Instant::now() < deadline, "the driver does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let wanted = json!({"webkitgtk:browserOptions": {"binary": program, "args": []}});
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(wanted.as_object().unwrap().clone());
        let address = format!("http://127.0.0.1:{port}");
        let client = tokio::time::timeout(SOON * 2, builder.connect(&address))
            .await
            .expect("a session")
            .unwrap_or_else(|error| {
                panic!("no session: {error}\n{}", log_text(&machine.log_file()))
            });
        let apps = machine.processes("paddock-desktop");
        assert_eq!(apps.len(), 1, "{apps:#?}");
        Self {
            client,
            driver: Some(driver),
            pid: apps[0].pid,
            log: machine.log_file(),
            marker: machine.home.marker().to_owned(),
        }
    }

    /// Waits until `attempt` gives a value. What fails on the way is tried again: a page that changes takes elements
    /// away between looking and touching.
    #[track_caller]
    pub(crate) fn until<'a, T>(
        &'a self,
        what: impl Into<String>,
        limit: Duration,
        mut attempt: impl AsyncFnMut() -> Result<Option<T>, CmdError> + 'a,
    ) -> impl Future<Output = T> {
        let caller = std::panic::Location::caller();
        let what = what.into();
        async move {
            let begin = Instant::now();
            loop {
                let error = match attempt().await {
                    Ok(Some(value)) => {
                        // Shown where the test fails: how it came there.
                        eprintln!("{:5} ms {what}", begin.elapsed().as_millis());
                        return value;
                    }
                    Ok(None) => None,
                    Err(error) => Some(error),
                };
                if begin.elapsed() > limit {
                    let page = self.text().await;
                    let picture = self
                        .picture(&format!("failed-line-{}", caller.line()))
                        .await;
                    let log = log_text(&self.log);
                    panic!(
                        "{what}: not within {limit:?} ({caller})\nlast error: {error:?}\npicture: {picture}\non the page:\n{page}\nlog:\n{log}",
                    );
                }
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        }
    }

    /// Runs a script on the page.
    pub(crate) async fn script(&self, script: &str) -> Result<Value, CmdError> {
        self.client.execute(script, Vec::new()).await
    }

    /// All words that can be seen, one blank between them.
    pub(crate) async fn text(&self) -> String {
        let text = self.script("return document.body.innerText").await;
        let text = text.ok().and_then(|text| text.as_str().map(str::to_owned));
        text.unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Waits until these words can be seen.
    #[track_caller]
    pub(crate) fn sees(&self, words: &str) -> impl Future<Output = ()> {
        self.sees_within(words, SOON)
    }

    /// Waits until these words can be seen.
    #[track_caller]
    pub(crate) fn sees_within(&self, words: &str, limit: Duration) -> impl Future<Output = ()> {
        let words = words.to_owned();
        self.until(format!("to see {words:?}"), limit, async move || {
            Ok(self.text().await.contains(&words).then_some(()))
        })
    }

    /// Waits until these words are gone.
    #[track_caller]
    pub(crate) fn sees_no_more(&self, words: &str) -> impl Future<Output = ()> {
        let words = words.to_owned();
        self.until(format!("{words:?} to go"), SOON, async move || {
            Ok((!self.text().await.contains(&words)).then_some(()))
        })
    }

    /// Waits for an element.
    #[track_caller]
    pub(crate) fn finds(&self, css: &str) -> impl Future<Output = Element> {
        let css = css.to_owned();
        self.until(format!("to find {css}"), SOON, async move || {
            self.client.find(Locator::Css(&css)).await.map(Some)
        })
    }

    /// Whether there is such an element now.
    pub(crate) async fn has(&self, css: &str) -> bool {
        self.client.find(Locator::Css(css)).await.is_ok()
    }

    /// Presses the button with this name, once there is one that can be pressed.
    #[track_caller]
    pub(crate) fn presses(&self, name: &str) -> impl Future<Output = ()> {
        self.presses_in("", name)
    }

    /// Presses the first button whose name begins with this.
    #[track_caller]
    pub(crate) fn presses_starting(&self, name: &str) -> impl Future<Output = ()> {
        let role = "self::button or @role='tab' or @role='menuitem'";
        let path = format!(
            "//*[{role}][not(@disabled)][starts-with(normalize-space(.), '{name}') or starts-with(@aria-label, '{name}')]"
        );
        let what = format!("to press {name:?}…");
        self.until(what, SOON, async move || {
            let button = self.client.find(Locator::XPath(&path)).await?;
            button.click().await.map(Some)
        })
    }

    /// Presses a button inside of what `place` (XPath) finds.
    #[track_caller]
    pub(crate) fn presses_in(&self, place: &str, name: &str) -> impl Future<Output = ()> {
        let role = "self::button or @role='tab' or @role='menuitem'";
        let path = format!(
            "{place}//*[{role}][not(@disabled)][normalize-space(.)='{name}' or @aria-label='{name}']"
        );
        let what = format!("to press {name:?}");
        self.until(what, SOON, async move || {
            let button = self.client.find(Locator::XPath(&path)).await?;
            button.click().await.map(Some)
        })
    }

    /// Goes to one of the pages: `Models`, `Server`, `Settings`.
    #[track_caller]
    pub(crate) fn goes_to(&self, page: &str) -> impl Future<Output = ()> {
        self.presses_in("//nav", page)
    }

    /// Chooses a model in the list.
    #[track_caller]
    pub(crate) fn chooses(&self, key: &str) -> impl Future<Output = ()> {
        let css = format!("[id='row:{key}']");
        self.until(format!("to choose {key}"), SOON, async move || {
            let row = self.client.find(Locator::Css(&css)).await?;
            row.click().await.map(Some)
        })
    }

    /// Presses the large button of the chosen model: `Load`, `Stop`, `Cancel`.
    #[track_caller]
    pub(crate) fn presses_main(&self, name: &str) -> impl Future<Output = ()> {
        self.presses_in("//main//header", name)
    }

    /// Waits until the chosen model's card and the status bar say this state.
    #[track_caller]
    pub(crate) fn is(&self, state: &str) -> impl Future<Output = ()> {
        let limit = if state == "ready" { LOADS_WITHIN } else { SOON };
        let css = format!("[aria-label='Status of this model'][data-state='{state}']");
        self.until(format!("the model to be {state}"), limit, async move || {
            self.client.find(Locator::Css(&css)).await.map(|_| Some(()))
        })
    }

    /// Types into a field of the load form, over what is there.
    #[track_caller]
    pub(crate) fn sets(&self, parameter: &str, value: &str) -> impl Future<Output = ()> {
        self.types(&format!("[data-field='{parameter}'] input"), value)
    }

    /// Types into a field, over what is there.
    #[track_caller]
    pub(crate) fn types(&self, css: &str, text: &str) -> impl Future<Output = ()> + use<'_> {
        let (css, text) = (css.to_owned(), text.to_owned());
        self.until(format!("to type into {css}"), SOON, async move || {
            let field = self.client.find(Locator::Css(&css)).await?;
            field.click().await?;
            let all = format!("{}a{}", Key::Control, Key::Null);
            field.send_keys(&all).await?;
            field.send_keys(&text).await.map(Some)
        })
    }

    /// What a field of the load form shows.
    pub(crate) async fn value_of(&self, parameter: &str) -> String {
        let css = format!("[data-field='{parameter}'] input");
        let field = self.finds(&css).await;
        field.prop("value").await.unwrap().unwrap_or_default()
    }

    /// Waits until a field of the load form shows this.
    #[track_caller]
    pub(crate) fn shows(&self, parameter: &str, value: &str) -> impl Future<Output = ()> {
        let (parameter, value) = (parameter.to_owned(), value.to_owned());
        let what = format!("{parameter} to show {value:?}");
        self.until(what, SOON, async move || {
            Ok((self.value_of(&parameter).await == value).then_some(()))
        })
    }

    /// Waits until the form says that what it shows is saved.
    #[track_caller]
    pub(crate) fn has_saved(&self) -> impl Future<Output = ()> {
        self.sees("Saved")
    }

    /// Presses a key together with Control, wherever the focus is.
    pub(crate) async fn control(&self, key: char) {
        let keys = format!("{}{key}{}", Key::Control, Key::Null);
        let body = self.finds("body").await;
        let focused = self.client.active_element().await.unwrap_or(body);
        focused.send_keys(&keys).await.unwrap();
    }

    /// Types where the focus is.
    pub(crate) async fn keys(&self, keys: &str) {
        let focused = self.client.active_element().await.unwrap();
        focused.send_keys(keys).await.unwrap();
    }

    /// Presses Tab.
    pub(crate) async fn tab(&self) {
        self.keys(&Key::Tab.to_string()).await;
    }

    /// Chooses a theme on the settings page.
    #[track_caller]
    pub(crate) fn presses_theme(&self, theme: &str) -> impl Future<Output = ()> + use<'_> {
        let path =
            format!("//*[@aria-labelledby='settings-theme']//label[normalize-space(.)='{theme}']");
        self.until(format!("to choose {theme}"), SOON, async move || {
            let label = self.client.find(Locator::XPath(&path)).await?;
            label.click().await.map(Some)
        })
    }

    /// Waits until the page is drawn in this theme.
    #[track_caller]
    pub(crate) fn is_drawn(&self, theme: &str) -> impl Future<Output = ()> + use<'_> {
        self.until(format!("to be {theme}"), SOON, {
            let theme = theme.to_owned();
            async move || {
                let drawn = self.script(SCHEME).await?;
                Ok((drawn == theme.as_str()).then_some(()))
            }
        })
    }

    /// Draws the page in this theme for a picture, whatever is chosen.
    pub(crate) async fn draws(&self, theme: &str) {
        let script =
            format!("document.documentElement.dataset.mantineColorScheme = '{theme}'; return null");
        self.script(&script).await.unwrap();
    }

    /// Waits until nothing moves any more: two frames, and the end of every transition.
    pub(crate) async fn settles(&self) {
        let script = "return document.getAnimations()
            .filter(a => a.playState === 'running' && a.effect.getTiming().iterations !== Infinity).length";
        self.until("to be still", SOON, async || {
            Ok((self.script(script).await? == 0).then_some(()))
        })
        .await;
        tokio::time::sleep(Duration::from_millis(150)).await;
    }

    /// Makes the window this large.
    pub(crate) async fn resizes(&self, width: u32, height: u32) {
        self.client.set_window_size(width, height).await.unwrap();
        let wanted = json!([width, height]);
        self.until(format!("to be {wanted}"), SOON, async || {
            let size = self.script("return [innerWidth, innerHeight]").await?;
            Ok((size == wanted).then_some(()))
        })
        .await;
    }

    /// Takes a picture of the page into the folder for screenshots, and returns its path.
    pub(crate) async fn picture(&self, name: &str) -> String {
        // The driver waits for the next frame, which a page that rests never draws.
        let draws = "const dot = document.createElement('div');
            dot.style.cssText = 'position:fixed;left:0;top:0;width:1px;height:1px;pointer-events:none';
            document.body.append(dot);
            let frames = 0;
            const timer = setInterval(() => {
                dot.style.background = frames % 2 ? 'transparent' : 'rgba(128, 128, 128, 0.02)';
                frames += 1;
                if (frames > 100) { clearInterval(timer); dot.remove(); }
            }, 30)";
        let _ = self.script(draws).await;
        let taken = tokio::time::timeout(SOON, self.client.screenshot()).await;
        let Ok(Ok(png)) = taken else {
            return "none could be taken".to_owned();
        };
        let folder = screenshots();
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, png).unwrap();
        path.display().to_string()
    }

    /// Closes the window as its user does.
    pub(crate) async fn closes(self, machine: &Machine) {
        machine.close_window();
        self.ends().await;
    }

    /// Closes the window as its user does, and returns how long the app took to end.
    pub(crate) async fn is_closed(&self, machine: &Machine) -> Duration {
        machine.close_window();
        self.is_gone().await
    }

    /// Presses a button that ends the app. It may be gone before the driver has its answer.
    pub(crate) async fn leaves_by(self, button: &str) {
        let path = format!("//button[normalize-space(.)='{button}']");
        let button = self
            .until(format!("to find {button:?}"), SOON, async || {
                self.client.find(Locator::XPath(&path)).await.map(Some)
            })
            .await;
        let _ = button.click().await;
        self.ends().await;
    }

    /// Waits for the app's end, whatever brings it about, and returns how long it took.
    pub(crate) async fn is_gone(&self) -> Duration {
        let begin = Instant::now();
        while processes::is_alive(self.pid) {
            let log = || log_text(&self.log);
            assert!(
                begin.elapsed() < SOON,
                "the app did not end\nlog:\n{}",
                log()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        begin.elapsed()
    }

    /// Waits for the app's end and for that of its web view, which needs a moment more on a busy machine.
    pub(crate) async fn ends(mut self) {
        self.is_gone().await;
        drop(self.driver.take());
        let begin = Instant::now();
        let left = || processes::marked(&self.marker);
        while left()
            .iter()
            .any(|process| process.name.starts_with("WebKit"))
        {
            assert!(begin.elapsed() < SOON, "left: {:#?}", left());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // A test that failed, or that kills. The driver would leave the app alone.
        processes::send(self.pid, rustix::process::Signal::KILL);
    }
}

/// Where pictures go: `screenshots/` in cargo's target folder.
pub(crate) fn screenshots() -> PathBuf {
    // target/debug/deps/e2e-…
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).unwrap().join("screenshots")
}

fn log_text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
