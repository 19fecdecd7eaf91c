//! `cargo xtask bench gateway`: what the endpoint adds, beside nginx and llama.cpp's own router. Prints Markdown; with
//! `--save` also writes it to `tests/bench/results/gateway.md`, with `--quick` it measures little.
//!
//! The same requests go to the upstream direct and through each proxy, in turns in one run, so that the machine's moods
//! meet all alike. The upstream is a stub that answers at once, so that the proxies themselves are seen, and then the real
//! engine with a tiny model. nginx is where `PADDOCK_BENCH_NGINX` says, or on the `PATH`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[cfg(target_os = "linux")]
#[path = "gateway/client.rs"]
mod client;
#[cfg(target_os = "linux")]
#[path = "gateway/linux.rs"]
mod linux;
#[cfg(target_os = "linux")]
#[path = "gateway/ways.rs"]
mod ways;

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("bench-gateway reads /proc: it is for Linux");
}
