//! Further names for a model: plain ones, which mean the same running model, and second entries, which are models of
//! their own with the same file and parameters of their own.

use settings::{ModelEntry, SettingsDocument};

use crate::core::Core;
use crate::error::Error;
use crate::list_models::ModelView;
use crate::schedule::error::ScheduleError;

impl Core {
    /// Gives a model a further name. With `second_entry` it becomes a model of its own with the same file, engine and
    /// saved parameters, to be changed and run beside the first; its key is `alias`, or `local/ALIAS` where that names
    /// no publisher. Returns the model that has the name now.
    ///
    /// # Errors
    /// No such model; the name is taken or none can have it; the settings cannot be saved.
    pub async fn add_alias(
        &self,
        of: &str,
        alias: &str,
        second_entry: bool,
    ) -> Result<ModelView, Error> {
        let (key, _) = self.find_model(of).await?;
        let name = clean(alias)?;
        let name = match name.contains('/') || !second_entry {
            true => name,
            false => format!("local/{name}"),
        };
        let named = self.update_settings(|settings| {
            if let Some(owner) = owner(&name, settings) {
                return Err(ScheduleError::AliasTaken {
                    alias: name.clone(),
                    of: owner,
                });
            }
            if second_entry {
                let entry = settings.models.get(&key).map(|first| second(&key, first));
                if let Some(entry) = entry {
                    settings.models.insert(name.clone(), entry);
                }
                return Ok(name);
            }
            if let Some(entry) = settings.models.get_mut(&key) {
                entry.aliases.push(name);
            }
            Ok(key)
        })??;
        self.model_view(named).await
    }

    /// Takes a name away; a second entry goes with what is saved for it, and is ended first. The file stays.
    ///
    /// # Errors
    /// There is no such alias; the settings cannot be saved.
    pub async fn remove_alias(&self, alias: &str) -> Result<(), Error> {
        let name = clean(alias)?;
        let unknown = || ScheduleError::NoSuchAlias {
            alias: alias.to_owned(),
        };
        let settings = self.settings();
        let is_entry = |key: &str| {
            let entry = settings.models.get(key);
            entry.is_some_and(|entry| entry.alias_of.is_some())
        };
        let key = [name.clone(), format!("local/{name}")]
            .into_iter()
            .find(|key| is_entry(key));
        if let Some(key) = key {
            self.unload_model(&key).await?;
            self.update_settings(|settings| settings.models.shift_remove(&key))?;
        } else {
            let found = self.update_settings(|settings| {
                let mut found = false;
                for entry in settings.models.values_mut() {
                    entry.aliases.retain(|other| {
                        let is_it = other.eq_ignore_ascii_case(&name);
                        found |= is_it;
                        !is_it
                    });
                }
                found
            })?;
            if !found {
                return Err(unknown().into());
            }
        }
        Ok(())
    }

    pub(crate) async fn model_view(&self, key: String) -> Result<ModelView, Error> {
        let (key, entry) = self.find_model(&key).await?;
        self.blocking(move |core| core.describe(&key, &entry)).await
    }
}

/// The entries with the same file as `key`, made from it.
pub(crate) fn entries_of(key: &str, settings: &SettingsDocument) -> Vec<String> {
    let entries = settings.models.iter();
    entries
        .filter(|(_, entry)| entry.alias_of.as_deref() == Some(key))
        .map(|(key, _)| key.clone())
        .collect()
}

/// A second entry of a model, or of the model that it is itself a second entry of.
fn second(key: &str, first: &ModelEntry) -> ModelEntry {
    let mut entry = first.clone();
    entry.alias_of = Some(first.alias_of.clone().unwrap_or_else(|| key.to_owned()));
    entry.aliases = Vec::new();
    entry.ttl_seconds = None;
    entry.keep_loaded = false;
    entry.load_at_start = false;
    entry
}

/// Whose name this is already.
fn owner(name: &str, settings: &SettingsDocument) -> Option<String> {
    let has = |(key, entry): (&String, &ModelEntry)| {
        let mut names = std::iter::once(key).chain(&entry.aliases);
        let is_taken = names.any(|taken| taken.eq_ignore_ascii_case(name));
        is_taken.then(|| key.clone())
    };
    settings.models.iter().find_map(has)
}

/// Lower case, and nothing that a URL, a log line or a file system would take for something else.
fn clean(alias: &str) -> Result<String, ScheduleError> {
    let name = alias.trim().to_lowercase();
    let is_sound = |part: &str| {
        let mut letters = part.chars();
        !part.chars().all(|letter| letter == '.')
            && letters.all(|letter| letter.is_alphanumeric() || "._-+:".contains(letter))
    };
    let parts: Vec<&str> = name.split('/').collect();
    if parts.len() > 2 || !parts.iter().all(|part| is_sound(part)) {
        return Err(ScheduleError::BadAlias {
            alias: alias.to_owned(),
        });
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::open_for_test;

    #[test]
    fn only_what_can_stand_in_a_url_is_a_name() {
        for (alias, expected) in [
            ("Chat", Some("chat")),
            ("my/Chat:8b", Some("my/chat:8b")),
            ("", None),
            ("a/b/c", None),
            ("../x", None),
            ("a b", None),
            ("/a", None),
        ] {
            assert_eq!(clean(alias).ok().as_deref(), expected, "{alias:?}");
        }
    }

    #[tokio::test]
    async fn aliases_are_found_and_second_entries_are_models_of_their_own() {
        let home = tempfile::tempdir().unwrap();
        let core = open_for_test(home.path());
        let file = home.path().join("m.gguf");
        gguf::tiny::write(&file).unwrap();
        core.import_models(std::slice::from_ref(&file))
            .await
            .unwrap();
        let named = core.add_alias("m", "Chat", false).await.unwrap();
        assert_eq!(named.key, "local/m");
        assert_eq!(named.aliases, ["chat"]);
        assert_eq!(core.route(Some("CHAT")).unwrap(), "local/m");

        let second = core.add_alias("chat", "embedder", true).await.unwrap();
        assert_eq!(second.key, "local/embedder");
        assert_eq!(second.alias_of.as_deref(), Some("local/m"));
        assert_eq!(second.path, file);
        assert_eq!(core.route(Some("embedder")).unwrap(), "local/embedder");
        // Listing and importing find the file's first entry, and give no third one.
        assert_eq!(core.list_models().await.unwrap().len(), 2);
        let again = core.import_models(std::slice::from_ref(&file)).await;
        assert_eq!(again.unwrap()[0].key, "local/m");

        for taken in ["chat", "local/m", "local/embedder"] {
            let error = core.add_alias("m", taken, false).await.unwrap_err();
            assert_eq!(error.code(), "alias_taken", "{taken}");
        }
        core.remove_alias("embedder").await.unwrap();
        core.remove_alias("Chat").await.unwrap();
        assert_eq!(core.list_models().await.unwrap().len(), 1);
        assert_eq!(
            core.route(Some("chat")).unwrap_err().code(),
            "model_not_found"
        );
        let error = core.remove_alias("chat").await.unwrap_err();
        assert_eq!(error.code(), "alias_not_found");
        assert_eq!(core.route(None).unwrap_err().code(), "no_model_loaded");
    }
}
