//! What is on disk of an unfinished file: its bytes, and a record of which are there.

pub(crate) mod disk;
pub(crate) mod hasher;
pub(crate) mod record;
pub(crate) mod shared;
pub(crate) mod table;
pub(crate) mod writer;
