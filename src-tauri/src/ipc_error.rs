//! Errors as the page gets them; `ui/src/errors/table.ts` turns their codes into sentences and actions.

use paddock_core::{Error, WireError};
use serde::{Deserialize, Serialize};

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "camelCase")]
pub struct IpcError {
    /// Stable name.
    pub code: String,
    /// What failed, on what.
    pub message: String,
    /// Further lines, such as the tail of the engine's log.
    pub details: Vec<String>,
    /// What to try.
    pub hint: String,
}

impl IpcError {
    pub(crate) fn new(code: &str, message: impl Into<String>, hint: &str) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            details: Vec::new(),
            hint: hint.to_owned(),
        }
    }
}

impl From<WireError> for IpcError {
    fn from(error: WireError) -> Self {
        Self {
            code: error.code,
            message: error.message,
            details: error.details,
            hint: error.hint,
        }
    }
}

impl From<IpcError> for WireError {
    fn from(error: IpcError) -> Self {
        Self {
            code: error.code,
            message: error.message,
            details: error.details,
            hint: error.hint,
        }
    }
}

impl From<Error> for IpcError {
    fn from(error: Error) -> Self {
        WireError::from(&error).into()
    }
}

impl From<gateway::HostError> for IpcError {
    fn from(error: gateway::HostError) -> Self {
        match error {
            gateway::HostError::Core(error) => error.into(),
            other => Self::new("host_failed", other.to_string(), ""),
        }
    }
}
