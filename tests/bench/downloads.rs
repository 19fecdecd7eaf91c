//! `cargo xtask bench downloads`: our downloads beside `aria2c`, `curl` and the hub's own `hf download`, from one local
//! server. Prints Markdown; with `--save` also writes it to `tests/bench/results/downloads.md`.
//!
//! The server is this program in a process of its own, with a thread for each connection that hands files to the kernel;
//! what is fetched with is always a child, so that processor time and memory are the kernel's own figures.
//! `--runs N` sets how many runs a median is of.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[cfg(target_os = "linux")]
#[path = "downloads/linux.rs"]
mod linux;
#[cfg(target_os = "linux")]
#[path = "downloads/measured.rs"]
mod measured;
#[cfg(target_os = "linux")]
#[path = "downloads/server.rs"]
mod server;

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("bench-downloads reads /proc: it is for Linux");
}
