//! Which model a request means. No disk, no waiting.

use settings::SettingsDocument;

use crate::core::Core;
use crate::error::Error;
use crate::schedule::error::ScheduleError;

impl Core {
    /// The key of the model that a request means: a key, an alias, the file name part of a key where only one model
    /// has it; or, where it names none, the only model that is loaded.
    ///
    /// # Errors
    /// `model_not_found`, `model_ambiguous`, `no_model_loaded`, `model_required`.
    pub fn route(&self, name: Option<&str>) -> Result<String, Error> {
        match name.filter(|name| !name.is_empty()) {
            Some(name) => Ok(resolve(name, &self.settings())?.to_owned()),
            None => self.only_one_loaded(),
        }
    }

    fn only_one_loaded(&self) -> Result<String, Error> {
        let mut loaded: Vec<String> = self.loaded_keys();
        match loaded.len() {
            0 => Err(ScheduleError::NoModelLoaded.into()),
            1 => Ok(loaded.remove(0)),
            _ => Err(ScheduleError::ModelRequired { loaded }.into()),
        }
    }
}

/// Whole keys and aliases come first, so that an alias can never be made unusable by a file of the same name.
pub(crate) fn resolve<'settings>(
    name: &str,
    settings: &'settings SettingsDocument,
) -> Result<&'settings str, library::NotFound> {
    if let Some((key, _)) = settings.models.get_key_value(name) {
        return Ok(key);
    }
    let alias = settings.models.iter().find(|(_, entry)| {
        let mut aliases = entry.aliases.iter();
        aliases.any(|alias| alias.eq_ignore_ascii_case(name))
    });
    if let Some((key, _)) = alias {
        return Ok(key);
    }
    library::resolve_key(name, settings.models.keys().map(String::as_str))
}
