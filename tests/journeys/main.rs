//! What a user does, from the command line and over HTTP, with the real engine and a real model. Each test is named
//! after what the user sees.
#![cfg(target_os = "linux")]
// Tests fail by panicking.
#![allow(clippy::unwrap_used)]

mod attacks;
mod chaos;
mod cli;
mod cli_doctor;
mod cli_keys;
mod cli_manners;
mod cli_models;
mod clients;
mod endpoint;
mod engines;
mod engines_faults;
mod engines_killed;
mod engines_pinned;
mod estimate;
mod failures;
mod gateway_access;
mod gateway_api;
mod gateway_loading;
mod host_ends;
mod hub;
mod hub_downloads;
mod hub_killed;
mod library;
mod load;
mod parameters;
mod parameters_all;
mod parameters_any;
mod parameters_refused;
mod presets;
mod scheduling;
mod serve;
mod settings;
mod streams;
mod traffic;
mod unplugged;
