//! The real window, with the real engine, as a user has it before them.
//!
//! Each test has a machine of its own: display, session bus, home and data folder, port. What it starts carries a marker,
//! and what is left of that two seconds after the test fails it.
#![cfg(target_os = "linux")]
// Tests fail by panicking.
#![allow(clippy::unwrap_used)]

mod chat;
mod command_line;
mod desktop;
mod ends;
mod engines;
mod failures;
mod first_run;
mod hosts;
mod hub;
mod journey;
mod keyboard;
mod load_form;
mod logs;
mod looks;
mod machine;
mod opened_files;
mod server;
mod settings;
mod tray;
mod tray_host;
mod unplugged;
mod window;
