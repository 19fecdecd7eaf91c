//! What can go wrong with presets, files that parameters name, and parameters from elsewhere.

use std::path::PathBuf;

/// Why parameters are as they were, or a load was not begun.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// A parameter names a file that cannot be read.
    #[error("`{param}` names {}, which cannot be used: {reason}", path.display())]
    FileMissing {
        /// The parameter.
        param: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// What is named as draft model is neither a file nor a model.
    #[error("`draftModel` names {draft:?}, which is neither a file nor a model: {reason}")]
    DraftUnknown {
        /// As it was given.
        draft: String,
        /// Why it is no model.
        reason: String,
    },
    /// No preset has this name.
    #[error("there is no preset named {name:?}")]
    UnknownPreset {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A preset cannot be called that.
    #[error("a preset cannot be named {name:?}: {reason}")]
    PresetName {
        /// The name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// A preset's parameters cannot be read.
    #[error("the preset {name:?} cannot be read: {reason}")]
    UnreadablePreset {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// What is to be imported is no export of parameters.
    #[error("these are no parameters of Paddock: {reason}")]
    NotAnExport {
        /// Why.
        reason: String,
    },
}

impl ParamsError {
    /// The stable name on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::FileMissing { .. } => "parameter_file_missing",
            Self::DraftUnknown { .. } => "draft_model_not_found",
            Self::UnknownPreset { .. } => "preset_not_found",
            Self::PresetName { .. } => "invalid_preset_name",
            Self::UnreadablePreset { .. } => "preset_unreadable",
            Self::NotAnExport { .. } => "invalid_parameters_file",
        }
    }

    /// The parameter that it is about, where it is about one.
    #[must_use]
    pub fn param(&self) -> Option<&'static str> {
        match self {
            Self::FileMissing { param, .. } => Some(param),
            Self::DraftUnknown { .. } => Some("draftModel"),
            _ => None,
        }
    }

    /// What to try, in a sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::FileMissing { param, .. } => {
                format!("Name another file, or leave `{param}` empty.")
            }
            Self::DraftUnknown { .. } => {
                "Give the path of a GGUF file, or the key of a model; `paddock ls` lists them."
                    .to_owned()
            }
            Self::UnknownPreset { known, .. } if known.is_empty() => {
                "There is no preset yet: save one first.".to_owned()
            }
            Self::UnknownPreset { known, .. } => {
                format!("Take one of these: {}.", known.join(", "))
            }
            Self::PresetName { .. } => {
                "Give it a name of up to 64 letters that no other preset has.".to_owned()
            }
            Self::UnreadablePreset { .. } => "Save the preset anew.".to_owned(),
            Self::NotAnExport { .. } => {
                "Take a file that Paddock exported, whole and unchanged.".to_owned()
            }
        }
    }
}
