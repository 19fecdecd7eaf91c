//! What an engine says, searched and narrowed; and the report of a problem, which tells no stranger where things are.

use crate::machine::Machine;
use crate::window::Window;

/// The lines that are shown.
async fn lines(window: &Window) -> Vec<String> {
    let script = "return [...document.querySelectorAll('[aria-label^=\"Log of\"] > div')].map(e => e.innerText)";
    let found = window.script(script).await.unwrap();
    found
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|line| line.as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_models_log_grows_is_searched_and_narrowed() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    window.presses_main("Load").await;
    window.is("ready").await;
    window.presses("Log").await;
    window.sees("lines").await;
    let all = lines(&window).await;
    assert!(all.len() > 20, "{all:#?}");
    window.picture("log").await;

    window
        .types("input[aria-label='Search the log']", "LLAMA")
        .await;
    window.sees(&format!("of {} lines", all.len())).await;
    let found = lines(&window).await;
    assert!(!found.is_empty() && found.len() < all.len());
    assert!(
        found
            .iter()
            .all(|line| line.to_lowercase().contains("llama")),
        "{found:#?}"
    );
    window.finds("[aria-label^='Log of'] mark").await;
    window.picture("log-searched").await;

    // What comes while it is searched is looked at too.
    window
        .types("input[aria-label='Search the log']", "prompt eval time")
        .await;
    window.sees("No such line").await;
    let answer = machine.gateway().chat("Hello", 4).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    window.finds("[aria-label^='Log of'] mark").await;
    window.closes(&machine).await;
}

#[tokio::test]
async fn a_report_is_shown_first_and_has_no_paths_in_it() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.goes_to("Settings").await;
    // What comes later pushes the end of the page down.
    window.sees("Not installed").await;
    window.sees("Data folder").await;
    window.settles().await;
    window.presses("Report a problem…").await;
    window.sees("Paddock sends nothing").await;
    let report = window
        .until("the report", crate::window::LOADS_WITHIN, async || {
            let pre = window
                .script("return document.querySelector('[role=dialog] pre')?.textContent ?? null");
            Ok(pre.await?.as_str().map(str::to_owned))
        })
        .await;
    for wanted in ["Paddock 0.", "machine ", "engine ", "models "] {
        assert!(report.contains(wanted), "{wanted}: {report}");
    }
    let folder = machine.home.folder().display().to_string();
    for private in [folder.as_str(), "/root", "/tmp", "/home/"] {
        assert!(!report.contains(private), "{private}: {report}");
    }
    window.picture("report").await;
    window.presses("Copy Report").await;
    window.closes(&machine).await;
}
