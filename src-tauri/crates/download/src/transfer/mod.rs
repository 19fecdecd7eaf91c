//! One file over the network: asking for ranges, and what to do when they do not come.

pub(crate) mod answer;
pub(crate) mod connection;
pub(crate) mod fault;
pub(crate) mod gate;
pub(crate) mod source;
