//! Which models run: loading on demand, room for newcomers, idle models, crashes.
//!
//! Requests ask for a [`lease::Lease`], which keeps the model from being ended while they are answered. What each model
//! is at is in [`state`], under one lock that is held for no longer than it takes to look. One task of its own,
//! `dispatch`, sleeps until something changes or a time is due, asks [`look`] what follows, and sees to it. Who has to
//! make room for whom is [`decide`]'s, a function of numbers.
//!
//! Left out: how a model is planned and started (`load_model`), and what a child is (the supervisor).

pub(crate) mod counters;
pub(crate) mod crash;
pub(crate) mod decide;
pub(crate) mod dispatch;
pub(crate) mod ends;
pub(crate) mod error;
pub(crate) mod lease;
pub(crate) mod load;
pub(crate) mod look;
pub(crate) mod route;
pub(crate) mod scheduler;
pub(crate) mod state;

#[cfg(test)]
pub(crate) mod model_tests;
