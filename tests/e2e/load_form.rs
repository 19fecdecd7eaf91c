//! The load form in the real window: by keyboard alone, named for who cannot see it, checked while typing; presets and
//! pasted command lines; and that what it loads is what everybody else loads.

use fantoccini::key::Key;
use serde_json::{Value, json};
use test_support::home::TINY;
use test_support::http::chat_body;
use test_support::processes::Process;
use test_support::{Api, until};

use crate::machine::Machine;
use crate::window::{SOON, Window};

/// Controls of the form that a screen reader has no name for.
const NAMELESS: &str = "
    const form = document.querySelector('form[aria-label=\"Load parameters\"]');
    const named = e => (e.getAttribute('aria-label') || '').trim()
        || (e.getAttribute('aria-labelledby') || '').split(/\\s+/).some(id => document.getElementById(id)?.innerText.trim())
        || [...(e.labels || [])].some(label => label.innerText.trim())
        || (e.tagName === 'BUTTON' && e.innerText.trim());
    return [...form.querySelectorAll('input, select, textarea, button, [role=slider]')]
        .filter(e => e.type !== 'hidden' && !named(e)).map(e => e.outerHTML.slice(0, 200))";

/// The folded groups.
const GROUPS: [&str; 5] = ["GPU", "Memory", "Speed", "Context", "Advanced"];

/// Presses Tab until the focus is where this CSS says.
async fn tabs_to(window: &Window, css: &str) {
    let script = format!("return document.activeElement.matches(`{css}`)");
    for _ in 0..150 {
        if window.script(&script).await.unwrap() == json!(true) {
            return;
        }
        window.tab().await;
    }
    panic!("Tab does not reach {css}");
}

async fn unfolds_all(window: &Window) {
    for group in GROUPS {
        let script = format!(
            "const head = [...document.querySelectorAll('section[aria-label=\"{group}\"] > button')][0];
             if (head.getAttribute('aria-expanded') === 'false') head.click(); return null"
        );
        window.script(&script).await.unwrap();
        window
            .finds(&format!("section[aria-label='{group}'] [data-field]"))
            .await;
    }
}

#[tokio::test]
async fn the_form_is_used_by_keyboard_alone_and_every_control_has_a_name() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.chooses(TINY).await;
    window.sees("--ctx-size").await;

    tabs_to(&window, "[data-field=ctxSize] input:not([type=range])").await;
    // In two: the driver holds a modifier until the keys it was sent with are through.
    window
        .keys(&format!("{}a{}", Key::Control, Key::Null))
        .await;
    window.keys("768").await;
    // Its help comes with the focus.
    window
        .sees("How much text the model can look back on")
        .await;
    tabs_to(&window, "section[aria-label=Speed] > button").await;
    window.keys(&Key::Enter.to_string()).await;
    tabs_to(&window, "[data-field=threads] input:not([type=range])").await;
    window.keys("1").await;
    window.tab().await;
    window.has_saved().await;
    window.sees("--ctx-size 768").await;
    window.sees("--threads 1").await;

    // A switch of three is one stop, and arrows go through it.
    tabs_to(&window, "[data-field=flashAttn] input[type=radio]").await;
    window.keys(&Key::Right.to_string()).await;
    window.sees("--flash-attn").await;

    unfolds_all(&window).await;
    let nameless = window.script(NAMELESS).await.unwrap();
    assert_eq!(nameless, json!([]));
    let fields = "return document.querySelectorAll('[data-field]').length";
    assert!(
        window.script(fields).await.unwrap().as_u64().unwrap() >= load_params::TABLE.len() as u64
    );

    window.control('l').await;
    window.is("ready").await;
    let argv = machine.engine().argv.join(" ");
    assert!(
        argv.contains("--ctx-size 768") && argv.contains("--threads 1"),
        "{argv}"
    );
    window.closes(&machine).await;
}

#[tokio::test]
async fn what_cannot_be_is_said_at_its_field_stops_the_load_and_is_reset() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.chooses(TINY).await;
    window.sees("--ctx-size").await;
    unfolds_all(&window).await;

    window.sets("threads", "0").await;
    window.sees("Enter 1 to 512").await;
    window
        .finds("[data-field=threads] [aria-invalid=true]")
        .await;
    let blocked = "return [...document.querySelectorAll('main header button')]
        .some(e => e.innerText.trim() === 'Load' && (e.disabled || e.dataset.disabled))";
    window
        .until("Load to be out of reach", SOON, async || {
            Ok((window.script(blocked).await? == json!(true)).then_some(()))
        })
        .await;
    // Nothing of it is saved, and nobody else is kept from loading.
    assert_eq!(
        machine.home.settings()["models"][TINY]["params"]["threads"],
        Value::Null
    );
    window.presses("Reset CPU threads").await;
    window.sees_no_more("Enter 1 to 512").await;

    // What only the whole can know is said in the words of the form.
    window.sets("batchSize", "8").await;
    window.sets("parallel", "9").await;
    window
        .sees("Batch size is smaller than parallel requests")
        .await;
    window.closes(&machine).await;
}

#[tokio::test]
async fn a_preset_is_saved_from_the_form_used_and_seen_where_values_come_from() {
    let machine = Machine::with_tiny().await;
    machine
        .paddock(&["preset", "defaults", "--seed", "7"])
        .await;
    let window = machine.open().await;
    window.chooses(TINY).await;
    window.sees("--seed 7").await;
    unfolds_all(&window).await;
    chip(&window, "seed", "default").await;

    window.sets("ctxSize", "640").await;
    window.sees("--ctx-size 640").await;
    window.presses("More about these parameters").await;
    window.presses("Save as preset…").await;
    window.types("[role=dialog] input", "short").await;
    window.keys(&Key::Enter.to_string()).await;
    window
        .finds("input[aria-label='Preset of this model'][value='short']")
        .await;
    let presets = machine.paddock(&["preset", "ls"]).await;
    assert_eq!(
        presets,
        json!([{"name": "short", "params": {"ctxSize": 640}, "usedBy": [TINY]}])
    );

    // Its own value still wins; without it, the preset's counts and says so.
    chip(&window, "ctxSize", "saved").await;
    window.presses("Reset Context size").await;
    chip(&window, "ctxSize", "preset").await;
    window.sees("--ctx-size 640").await;
    // The form shows what it will be; a moment later it is saved.
    let wanted = json!({"ctxSize": "preset", "seed": "default"});
    until("it to be saved", SOON, async || {
        let shown = machine.paddock(&["params", "tiny"]).await;
        (shown["sources"] == wanted).then_some(())
    })
    .await;
    window.closes(&machine).await;
}

/// Waits until a field says where its value is from.
async fn chip(window: &Window, parameter: &str, source: &str) {
    let script = format!(
        "return [...document.querySelectorAll('[data-field=\"{parameter}\"] span')].some(e => e.innerText === '{source}')"
    );
    window
        .until(
            format!("{parameter} to be from {source}"),
            SOON,
            async || Ok((window.script(&script).await? == json!(true)).then_some(())),
        )
        .await;
}

#[tokio::test]
async fn a_pasted_command_line_is_shown_taken_over_and_loaded() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.chooses(TINY).await;
    window.sees("--ctx-size").await;
    window.presses("More about these parameters").await;
    window.presses_starting("Paste").await;
    let line = "llama-server -m other.gguf -c 896 -t 1 -ctk q8_0 -fa on --port 8080 --api-key x --frobnicate";
    window.types("[role=dialog] textarea", line).await;
    for words in ["Taken over", "Left out", "Not known", "--frobnicate"] {
        window.sees(words).await;
    }
    window.presses("Apply 4 parameters").await;
    window.sees("--ctx-size 896").await;
    window.has_saved().await;
    window.presses_main("Load").await;
    window.is("ready").await;
    let argv = machine.engine().argv.join(" ");
    for flag in [
        "--ctx-size 896",
        "--threads 1",
        "--cache-type-k q8_0",
        "--flash-attn on",
    ] {
        assert!(argv.contains(flag), "{flag}: {argv}");
    }
    assert!(
        !argv.contains("8080") && !argv.contains("other.gguf"),
        "{argv}"
    );
    window.closes(&machine).await;
}

/// The command line of the one engine, without the port, which is another each time.
fn argv(engine: &Process) -> Vec<String> {
    let mut argv = engine.argv.clone();
    let port = argv
        .iter()
        .position(|argument| argument == "--port")
        .unwrap();
    argv.remove(port + 1);
    argv
}

/// Just-in-time, tray, CLI and API loads ignore what the form saved: LM Studio #1463 #1714 #1483 #1782.
#[tokio::test]
async fn window_command_line_api_and_a_request_run_the_same() {
    let machine = Machine::with_tiny().await;
    machine
        .paddock(&["preset", "defaults", "--seed", "7"])
        .await;
    machine
        .paddock(&["preset", "save", "p", "--cache-type-k", "q8_0"])
        .await;
    machine.paddock(&["preset", "use", "tiny", "p"]).await;
    machine
        .paddock(&["params", "tiny", "--save", "--set", "cache-reuse=64"])
        .await;
    let window = machine.open().await;
    window.chooses(TINY).await;
    window.sets("ctxSize", "768").await;
    window.has_saved().await;
    window.sees("--ctx-size 768").await;

    window.presses_main("Load").await;
    window.is("ready").await;
    let by_window = argv(&machine.engine());
    window.presses_main("Stop").await;
    window.is("stopped").await;

    machine.paddock(&["load", "tiny"]).await;
    let by_cli = argv(&machine.engine());
    machine.paddock(&["unload", "tiny"]).await;

    let host = std::fs::read(machine.home.data().join("run/host.json")).unwrap();
    let host: Value = serde_json::from_slice(&host).unwrap();
    let api =
        Api::new(host["controlUrl"].as_str().unwrap()).with_key(host["token"].as_str().unwrap());
    let loaded = api
        .post("/api/v1/models/load", &json!({"model": TINY}))
        .await;
    assert_eq!(loaded.status, 200, "{}", loaded.text);
    let by_api = argv(&machine.engine());
    let unloaded = api
        .post("/api/v1/models/unload", &json!({"model": TINY}))
        .await;
    assert_eq!(unloaded.status, 200, "{}", unloaded.text);

    let mut body = chat_body("Hi", 1, false);
    body["model"] = json!(TINY);
    let answer = machine.gateway().post("/v1/chat/completions", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let by_request = argv(&machine.engine());

    assert_eq!(by_window, by_cli);
    assert_eq!(by_window, by_api);
    assert_eq!(by_window, by_request);
    for flag in ["--seed", "--cache-type-k", "--cache-reuse", "--ctx-size"] {
        assert!(
            by_window.iter().any(|argument| argument == flag),
            "{flag}: {by_window:?}"
        );
    }
    window.closes(&machine).await;
}

/// Pictures for people: `target/screenshots/load-form-*.png`.
#[tokio::test]
async fn the_form_is_drawn_light_and_dark() {
    let machine = Machine::with_tiny().await;
    machine
        .paddock(&["preset", "save", "long documents", "--cache-type-k", "q8_0"])
        .await;
    machine
        .paddock(&["preset", "use", "tiny", "long documents"])
        .await;
    let window = machine.open().await;
    window.chooses(TINY).await;
    window.sets("ctxSize", "4096").await;
    window.sees("trained for 2048").await;
    for theme in ["light", "dark"] {
        window.draws(theme).await;
        window.settles().await;
        window.picture(&format!("load-form-{theme}")).await;
    }
    unfolds_all(&window).await;
    window.sets("threads", "0").await;
    window.sees("Enter 1 to 512").await;
    for theme in ["light", "dark"] {
        window.draws(theme).await;
        window.settles().await;
        window.picture(&format!("load-form-open-{theme}")).await;
    }
    // No field is wider than the form.
    let wide = "const form = document.querySelector('form[aria-label=\"Load parameters\"]');
        return [...form.querySelectorAll('*')].filter(e => e.scrollWidth > form.clientWidth + 1).map(e => e.outerHTML.slice(0, 120))";
    assert_eq!(window.script(wide).await.unwrap(), json!([]));
    window.closes(&machine).await;
}
