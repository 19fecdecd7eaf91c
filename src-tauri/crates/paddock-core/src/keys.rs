//! API keys: made here, shown once, kept as a hash, compared in constant time.
//!
//! A key is 256 random bits, so SHA-256 is enough to keep it by: there is nothing to guess, and a slow hash would only
//! slow requests down. Left out: where a key is asked for, and what each right opens. That is the gateway's.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use settings::ApiKey;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::core::Core;
use crate::error::Error;

/// What every key begins with, so that one that leaked can be recognised.
const PREFIX: &str = "pk-";
const LONGEST_NAME: usize = 64;

/// A key could not be added or removed. None of these holds a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name is taken.
    #[error("there is an API key named {name:?} already")]
    Exists {
        /// The name.
        name: String,
    },
    /// No key has the name.
    #[error("there is no API key named {name:?}")]
    NotFound {
        /// The name.
        name: String,
    },
    /// The name cannot be one.
    #[error("an API key needs a name of 1 to {LONGEST_NAME} printable characters")]
    Name,
    /// The system gave no random bytes.
    #[error("this system gave no random bytes to make a key of: {reason}")]
    NoRandom {
        /// What it said.
        reason: String,
    },
}

impl KeyError {
    /// The stable name of this error on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "key_exists",
            Self::NotFound { .. } => "key_not_found",
            Self::Name => "key_name",
            Self::NoRandom { .. } => "key_no_random",
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Exists { .. } => {
                "Take another name, or remove that key first: `paddock key rm NAME`."
            }
            Self::NotFound { .. } => "`paddock key ls` lists them.",
            Self::Name => "Name it after the program or person that uses it, such as \"laptop\".",
            Self::NoRandom { .. } => "",
        }
    }
}

/// A key that was just made. This is the only time that the key itself is seen.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewKey {
    /// What its user calls it.
    pub name: String,
    /// `pk-` and 43 characters of base64url.
    pub key: String,
    /// It may load, unload, download and change settings.
    pub manage: bool,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NewKey")
            .field("name", &self.name)
            .field("manage", &self.manage)
            .finish_non_exhaustive()
    }
}

/// A key, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyView {
    /// What its user calls it.
    pub name: String,
    /// Its last four characters.
    pub last_four: String,
    /// It may load, unload, download and change settings.
    pub manage: bool,
    /// Milliseconds since the epoch.
    pub created_at: u64,
}

/// What the bearer of a key may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// It may load, unload, download and change settings; else it may only use models.
    pub manage: bool,
    /// The key's name.
    pub name: String,
}

impl Core {
    /// Makes a key and keeps its hash.
    ///
    /// # Errors
    /// [`KeyError`], or the settings cannot be saved; then there is no such key.
    pub fn add_key(&self, name: &str, manage: bool) -> Result<NewKey, Error> {
        let name = name.trim().to_owned();
        if !is_name(&name) {
            return Err(KeyError::Name.into());
        }
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random).map_err(|error| KeyError::NoRandom {
            reason: error.to_string(),
        })?;
        let key = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(random));
        let kept = ApiKey::new(
            name.clone(),
            hash(&key),
            key[key.len() - 4..].to_owned(),
            manage,
            supervisor::milliseconds_since_epoch(),
        );
        self.update_settings(|settings| {
            if settings.keys.iter().any(|key| key.name == kept.name) {
                return Err(KeyError::Exists {
                    name: kept.name.clone(),
                });
            }
            settings.keys.push(kept);
            Ok(())
        })??;
        Ok(NewKey { name, key, manage })
    }

    /// The keys, oldest first.
    #[must_use]
    pub fn keys(&self) -> Vec<KeyView> {
        let settings = self.settings();
        settings.keys.iter().map(view).collect()
    }

    /// Removes a key; whoever has it is refused from the next request on.
    ///
    /// # Errors
    /// [`KeyError::NotFound`], or the settings cannot be saved; then the key still counts.
    pub fn remove_key(&self, name: &str) -> Result<KeyView, Error> {
        Ok(self.update_settings(|settings| {
            let place = settings.keys.iter().position(|key| key.name == name.trim());
            let place = place.ok_or_else(|| KeyError::NotFound {
                name: name.trim().to_owned(),
            })?;
            Ok::<_, KeyError>(view(&settings.keys.remove(place)))
        })??)
    }

    /// Whether there is any key. While there is none, nobody can present one.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        !self.settings().keys.is_empty()
    }

    /// Whose key this is; `None` for one that is none of ours. Takes as long whichever key it is, and whether it is one.
    #[must_use]
    pub fn check_key(&self, presented: &str) -> Option<Rights> {
        // The hash of what was presented: a comparison of hashes tells nothing of the key even where it takes longer.
        let presented = hash(presented);
        let settings = self.settings();
        let mut found = None;
        for key in &settings.keys {
            let same: Choice = key.sha256.as_bytes().ct_eq(presented.as_bytes());
            if bool::from(same) {
                found = Some(key);
            }
        }
        found.map(|key| Rights {
            manage: key.manage,
            name: key.name.clone(),
        })
    }
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

/// SHA-256 in lower-case hex, as the settings keep it.
fn hash(key: &str) -> String {
    Sha256::digest(key.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn view(key: &ApiKey) -> KeyView {
    KeyView {
        name: key.name.clone(),
        last_four: key.last_four.clone(),
        manage: key.manage,
        created_at: key.created_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::open_for_test;

    #[test]
    fn a_key_is_shown_once_and_kept_as_a_hash() {
        let folder = tempfile::tempdir().unwrap();
        let core = open_for_test(folder.path());
        assert!(!core.has_keys());
        let made = core.add_key(" laptop ", false).unwrap();
        assert_eq!(made.name, "laptop");
        assert_eq!(made.key.len(), 46);
        let (prefix, rest) = made.key.split_at(3);
        assert_eq!(prefix, "pk-");
        assert!(
            rest.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        );
        let listed = core.keys();
        assert_eq!(listed[0].last_four, made.key[42..]);
        let written = std::fs::read_to_string(core.data().settings()).unwrap();
        assert!(!written.contains(rest), "the key itself was written");
        assert!(written.contains(&hash(&made.key)));
        assert!(!format!("{made:?}").contains(rest));
    }

    #[test]
    fn a_key_opens_what_it_was_made_for_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let core = open_for_test(folder.path());
        let user = core.add_key("editor", false).unwrap();
        let manager = core.add_key("admin", true).unwrap();
        let rights = |key: &str| {
            core.check_key(key)
                .map(|rights| (rights.name, rights.manage))
        };
        assert_eq!(rights(&user.key), Some(("editor".to_owned(), false)));
        assert_eq!(rights(&manager.key), Some(("admin".to_owned(), true)));
        for wrong in ["", "pk-", "any", &user.key[..45], &hash(&user.key)] {
            assert_eq!(rights(wrong), None, "{wrong}");
        }
        core.remove_key("editor").unwrap();
        assert_eq!(rights(&user.key), None);
        assert!(rights(&manager.key).is_some());
        // And after a restart.
        drop(core);
        let core = open_for_test(folder.path());
        assert!(core.check_key(&manager.key).is_some());
        assert!(core.check_key(&user.key).is_none());
    }

    #[test]
    fn names_are_unique_and_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let core = open_for_test(folder.path());
        core.add_key("laptop", false).unwrap();
        let code = |result: Result<NewKey, Error>| result.unwrap_err().code();
        assert_eq!(code(core.add_key("laptop", true)), "key_exists");
        for name in ["", "  ", "a\nb", "\u{1b}[31m", &"x".repeat(65)] {
            assert_eq!(code(core.add_key(name, false)), "key_name", "{name:?}");
        }
        core.add_key(&"ü".repeat(64), false).unwrap();
        assert_eq!(
            core.remove_key("other").unwrap_err().code(),
            "key_not_found"
        );
        assert_eq!(core.keys().len(), 2);
    }

    #[test]
    fn a_hash_that_was_edited_by_hand_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let core = open_for_test(folder.path());
        core.update_settings(|settings| {
            let key = ApiKey::new("broken".to_owned(), String::new(), String::new(), true, 0);
            settings.keys.push(key);
        })
        .unwrap();
        assert_eq!(core.check_key(""), None);
        assert!(core.has_keys());
    }
}
