//! What several use cases share: what an engine can do, what a file's header says, how much memory there is.

pub(crate) mod capabilities;
pub(crate) mod default_context;
pub(crate) mod engine_store;
pub(crate) mod fit;
pub(crate) mod headers;
pub(crate) mod install_files;
pub(crate) mod memory;
pub(crate) mod plans;
