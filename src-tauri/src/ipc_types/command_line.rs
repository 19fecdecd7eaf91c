//! The `paddock` command on the user's `PATH`, for the page.

use serde::Serialize;
use specta::Type;

use crate::command_line::Status;

/// Where the `paddock` command is, and how a shell finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub struct CommandLineStatus {
    /// The command beside the app; null where it was not packed.
    pub program: Option<String>,
    /// The link, or on Windows the folder in `PATH`, that Paddock made or would make.
    pub place: String,
    /// A shell finds it.
    pub installed: bool,
    /// Paddock put it there, and can take it away.
    pub ours: bool,
    /// The place's folder is on the `PATH`.
    pub on_path: bool,
    /// Something of another program's is in the place.
    pub blocked: bool,
}

impl From<Status> for CommandLineStatus {
    fn from(status: Status) -> Self {
        Self {
            program: status.program.map(|path| path.display().to_string()),
            place: status.place.display().to_string(),
            installed: status.installed,
            ours: status.ours,
            on_path: status.on_path,
            blocked: status.blocked,
        }
    }
}
