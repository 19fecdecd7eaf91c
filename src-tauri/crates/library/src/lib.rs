//! Finds model files in folders and in the stores of other apps, gives each a stable key, watches folders, and moves
//! and copies model files.
//!
//! Works on names alone: what is in a file is `gguf`'s, whose rules for shard names are used here; which keys are
//! already given is in the settings, which the core passes in. Only [`copy_cheaply`] and [`move_folder`] write, and
//! nothing here deletes a file but a move that is done and [`remove_half_copied`].

mod copy;
mod disk;
mod elsewhere;
mod files;
mod keys;
mod move_folder;
mod projector;
mod scan;
mod scanner;
mod watch;

pub use copy::{CopiedBy, copy_cheaply, is_same_file, remove_half_copied};
pub use disk::free_bytes;
pub use elsewhere::{App, FoundElsewhere, Places, UnknownApp, find_elsewhere};
pub use files::ModelFiles;
pub use keys::{NotFound, assign_key, resolve_key};
pub use move_folder::{
    CopiedFiles, MoveError, MoveProgress, Moved, delete_copies, delete_moved, delete_unfinished,
    move_folder,
};
pub use projector::FolderNames;
pub use scan::{FoundModel, model_at, scan_folder};
pub use scanner::Scanner;
pub use watch::LibraryWatcher;
