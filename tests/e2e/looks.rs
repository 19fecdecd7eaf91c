//! Pictures of the real window in its states, light and dark, large and as small as it gets; and nothing sticks out.

use rustix::process::Signal;
use test_support::{Home, models, processes};

use crate::machine::Machine;
use crate::window::Window;

const SIZES: [(u32, u32); 2] = [(1280, 800), (800, 560)];

/// Elements that are wider than the window, or whose words are cut off without an ellipsis or a way to scroll.
const STICKS_OUT: &str = r#"
const wide = document.documentElement.scrollWidth;
const found = wide > innerWidth ? [`the page is ${wide} wide`] : [];
const name = e => `${e.tagName.toLowerCase()}.${e.className} "${(e.innerText ?? '').trim().slice(0, 40)}"`;
const scrolls = e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX);
const inScroller = e => { for (let p = e; p; p = p.parentElement) if (scrolls(p)) return true; return false; };
const hidden = e => { for (let p = e; p; p = p.parentElement) {
    const style = getComputedStyle(p);
    if (style.visibility === 'hidden' || style.display === 'none' || style.clip === 'rect(0px, 0px, 0px, 0px)'
        || style.clipPath !== 'none') return true;
  } return false; };
for (const e of document.body.querySelectorAll('*')) {
  if (e instanceof SVGElement || hidden(e)) continue;
  const box = e.getBoundingClientRect();
  if (box.width === 0 || box.height === 0) continue;
  if ((box.right > innerWidth + 1 || box.left < -1) && !inScroller(e.parentElement)) found.push(`outside: ${name(e)}`);
  const style = getComputedStyle(e);
  const cut = style.overflowX !== 'visible' && !scrolls(e) && e.scrollWidth > e.clientWidth + 1;
  const words = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  if (cut && words && style.textOverflow !== 'ellipsis') found.push(`cut off: ${name(e)}`);
}
return found;
"#;

/// Takes the pictures of one state.
async fn looks(window: &Window, state: &str, problems: &mut Vec<String>) {
    for theme in ["light", "dark"] {
        window.draws(theme).await;
        for (width, height) in SIZES {
            window.resizes(width, height).await;
            window.settles().await;
            let picture = format!("{state}-{theme}-{width}x{height}");
            window.picture(&picture).await;
            let found = window.script(STICKS_OUT).await.unwrap();
            for problem in found.as_array().into_iter().flatten() {
                problems.push(format!(
                    "{picture}: {}",
                    problem.as_str().unwrap_or_default()
                ));
            }
            // The shell fills the window exactly: neither it nor the page scrolls as a whole.
            let script = "return document.documentElement.scrollHeight - innerHeight";
            if window.script(script).await.unwrap() != 0 {
                problems.push(format!("{picture}: the page is too high"));
            }
        }
    }
    window.resizes(1280, 800).await;
}

#[tokio::test]
async fn every_state_fits_light_and_dark_large_and_small() {
    let home = Home::with_gemma().await;
    home.add_tiny().await;
    let folder = home
        .data()
        .join("models/unsloth/Qwen3-4B-Instruct-2507-GGUF");
    std::fs::create_dir_all(&folder).unwrap();
    models::truncated(
        &folder.join("Qwen3-4B-Instruct-2507-UD-Q4_K_XL.gguf"),
        9_000_000,
    );
    home.paddock(&["params", "gemma", "--save", "--ctx-size", "8192"])
        .await
        .succeeded();
    let machine = Machine::new(home);
    let window = machine.open().await;
    let mut problems = Vec::new();
    window.chooses("local/gemma").await;
    window.sees("--ctx-size 8192").await;
    looks(&window, "stopped", &mut problems).await;

    window.chooses("local/gemma").await;
    window.presses_main("Load").await;
    let engine = window
        .until("the engine to be there", crate::window::SOON, async || {
            Ok(machine.processes("llama-server").pop())
        })
        .await;
    // Held up while it loads, for as long as the pictures take.
    processes::send(engine.pid, Signal::STOP);
    window.is("starting").await;
    looks(&window, "starting", &mut problems).await;
    processes::send(engine.pid, Signal::CONT);

    window.chooses("local/gemma").await;
    window.is("ready").await;
    looks(&window, "ready", &mut problems).await;
    window.goes_to("Server").await;
    looks(&window, "server", &mut problems).await;
    window.goes_to("Settings").await;
    looks(&window, "settings", &mut problems).await;

    window.goes_to("Models").await;
    window.chooses("local/gemma").await;
    machine.kills_until_given_up(&window).await;
    looks(&window, "failed", &mut problems).await;
    assert!(problems.is_empty(), "{problems:#?}");
    window.closes(&machine).await;
}
