//! What a verb fails with, and how a person and a program are told.

use paddock_core::{Error, WireError};
use serde_json::json;

use crate::output;

/// A failed verb.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) WireError);

impl Failure {
    pub(crate) fn new(code: &str, message: impl Into<String>, hint: &str) -> Self {
        Self(WireError {
            code: code.to_owned(),
            message: message.into(),
            details: Vec::new(),
            hint: hint.to_owned(),
        })
    }

    /// It was said already; only the exit code is left.
    pub(crate) fn said() -> Self {
        Self::new("", "", "")
    }

    /// Nobody to talk to.
    pub(crate) fn no_host(data_dir: &std::path::Path) -> Self {
        Self::new(
            "no_host",
            format!("no Paddock is running on {}", data_dir.display()),
            "Start the app, or `paddock serve` in another terminal.",
        )
    }

    pub(crate) fn print(&self, json: bool) {
        if self.0.code.is_empty() {
            return;
        }
        if json {
            output::document(&json!({"error": self.0}));
        } else {
            output::complain(&self.0.message, &self.0.hint, &self.0.details);
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(WireError::from(&error))
    }
}

impl From<settings::NoDataDir> for Failure {
    fn from(error: settings::NoDataDir) -> Self {
        Self::new("no_data_dir", error.to_string(), "")
    }
}

impl From<settings::Error> for Failure {
    fn from(error: settings::Error) -> Self {
        Error::from(error).into()
    }
}
