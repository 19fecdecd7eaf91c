//! Without a mouse.

use crate::machine::Machine;

#[tokio::test]
async fn control_and_a_number_goes_to_the_page() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.finds("main[aria-label='Models']").await;
    for (key, page) in [
        ('2', "Discover"),
        ('3', "Server"),
        ('4', "Engines"),
        ('5', "Chat"),
        ('6', "Settings"),
        ('1', "Models"),
    ] {
        window.control(key).await;
        window.finds(&format!("main[aria-label='{page}']")).await;
        window.finds("nav [aria-current='page']").await;
    }
    window.closes(&machine).await;
}

#[tokio::test]
async fn control_f_searches_the_models_from_anywhere() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.finds("[id='row:local/tiny']").await;
    window.control('3').await;
    window.finds("main[aria-label='Server']").await;
    window.control('f').await;
    window.finds("#search-models:focus").await;
    window.keys("no such model").await;
    window.sees("No model matches").await;
    window.closes(&machine).await;
}

#[tokio::test]
async fn control_l_loads_the_chosen_model_and_stops_it() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    window.sees("--ctx-size").await;
    window.control('l').await;
    window.is("ready").await;
    window.control('l').await;
    window.is("stopped").await;
    window.closes(&machine).await;
}

#[tokio::test]
async fn tab_reaches_everything_and_enter_presses_it() {
    let machine = Machine::with_tiny().await;
    let window = machine.open().await;
    window.chooses("local/tiny").await;
    window.sees("--ctx-size").await;
    let mut reached = Vec::new();
    for _ in 0..100 {
        window.tab().await;
        let script = "const e = document.activeElement;
            return e.id || e.getAttribute('aria-label') || e.innerText || e.tagName";
        let name = window.script(script).await.unwrap();
        reached.push(name.as_str().unwrap_or_default().trim().to_owned());
    }
    for wanted in [
        "Models",
        "Discover",
        "Server",
        "Engines",
        "Settings",
        "search-models",
        "row:local/tiny",
        "Load",
    ] {
        assert!(
            reached.iter().any(|name| name == wanted),
            "{wanted}: {reached:?}"
        );
    }
    window.closes(&machine).await;
}
