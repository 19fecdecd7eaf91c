//! Paddock's settings: one typed document, `settings.json`, and where Paddock's data is on disk.
//!
//! A [`Keeper`] holds the settings in memory and writes each change through a [`Store`] before anyone sees it. The
//! headless host keeps the document in a plain file ([`FileStore`]), the desktop app through tauri-plugin-store; both
//! run [`repair`] first, so that a broken document is set aside and reported, never silently replaced.
//!
//! Left out: what the values mean. Load parameters are kept as JSON; `load-params` types them.

mod data_dir;
mod desktop;
mod document;
mod keeper;
mod repair;
mod served;
mod store;

pub use data_dir::{DataDir, NoDataDir, data_dir};
pub use desktop::DesktopSettings;
pub use document::{
    EngineEntry, Engines, HubSettings, ModelEntry, ModelSource, Problem, SettingsDocument, VERSION,
    read_document,
};
pub use keeper::Keeper;
pub use repair::{Notice, keep_copy, repair};
pub use served::{ApiKey, GatewaySettings, Limits};
pub use store::{Error, FileStore, Store, remove_half_written, write_atomically, write_last_good};
