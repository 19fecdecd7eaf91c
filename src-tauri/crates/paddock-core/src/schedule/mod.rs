//! Which models run: loading on demand, room for newcomers, idle models, crashes.

pub(crate) mod counters;
pub(crate) mod error;
pub(crate) mod lease;
pub(crate) mod route;
