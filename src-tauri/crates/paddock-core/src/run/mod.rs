//! What several use cases share: what an engine can do, what a file's header says, how much memory there is.

pub(crate) mod capabilities;
pub(crate) mod default_context;
pub(crate) mod engine_store;
pub(crate) mod estimate_input;
pub(crate) mod fit;
pub(crate) mod gpus;
pub(crate) mod headers;
pub(crate) mod install_files;
pub(crate) mod measurements;
pub(crate) mod memory;
pub(crate) mod memory_view;
pub(crate) mod model_traits;
pub(crate) mod parameter_files;
pub(crate) mod plans;
pub(crate) mod shapes;
pub(crate) mod wake;
