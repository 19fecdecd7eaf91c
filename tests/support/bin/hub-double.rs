//! The double of the hub as a program: `hub-double [PORT [CDN_PORT]]`, then `HF_ENDPOINT=http://127.0.0.1:PORT paddock …`.
//! The starter model is there where `PADDOCK_TEST_MODEL` names it; the knobs are in `support/hub/control.rs`.
#![allow(clippy::print_stdout)]

#[cfg(target_os = "linux")]
#[tokio::main]
async fn main() {
    let mut ports = std::env::args()
        .skip(1)
        .map(|port| port.parse().unwrap_or(0));
    let (hub, cdn) = (ports.next().unwrap_or(8430), ports.next().unwrap_or(0));
    let starter = std::env::var_os("PADDOCK_TEST_MODEL").map(std::path::PathBuf::from);
    let double = test_support::hub::HubDouble::start_on(hub, cdn, starter).await;
    println!(
        "{{\"hub\":\"{}\",\"cdn\":\"{}\"}}",
        double.url(),
        double.cdn_url()
    );
    let _ = tokio::signal::ctrl_c().await;
}

#[cfg(not(target_os = "linux"))]
fn main() {}
