//! The access token: kept out of every message, and found where the hub's own tools keep it.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A secret that lets its owner read gated and private repositories.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token, or `None` for text that holds none or could not stand in a header.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let sound = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        sound.then(|| Self(text.to_owned()))
    }

    /// The secret itself, for the one header it belongs in.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

/// Where a token is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenSource {
    /// Set in Paddock.
    Settings,
    /// `HF_TOKEN`.
    Environment,
    /// The file that the hub's own tools keep after a login.
    File,
}

/// The token that this user's environment offers: `HF_TOKEN`, else the file `HF_TOKEN_PATH`, else `$HF_HOME/token`, else
/// `~/.cache/huggingface/token`, as the official client looks for it.
#[must_use]
pub fn from_environment(
    variable: impl Fn(&str) -> Option<String>,
    home: Option<PathBuf>,
) -> Option<(Token, TokenSource)> {
    let given = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    for name in ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"] {
        if let Some(token) = given(name).as_deref().and_then(Token::new) {
            return Some((token, TokenSource::Environment));
        }
    }
    let file = given("HF_TOKEN_PATH").map(PathBuf::from).or_else(|| {
        let folder = given("HF_HOME")
            .map(PathBuf::from)
            .or_else(|| {
                given("XDG_CACHE_HOME").map(|cache| PathBuf::from(cache).join("huggingface"))
            })
            .or_else(|| home.map(|home| home.join(".cache").join("huggingface")))?;
        Some(folder.join("token"))
    })?;
    let text = std::fs::read_to_string(file).ok()?;
    Token::new(&text).map(|token| (token, TokenSource::File))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_in_no_debug_text() {
        let token = Token::new(" hf_secret\n").unwrap();
        assert_eq!(token.secret(), "hf_secret");
        assert_eq!(format!("{token:?}"), "Token(…)");
    }

    #[test]
    fn what_could_not_stand_in_a_header_is_no_token() {
        for text in ["", " \n", "a b", "a\nb", "ä"] {
            assert_eq!(Token::new(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_variable_wins_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        std::fs::create_dir_all(home.join(".cache/huggingface")).unwrap();
        std::fs::write(home.join(".cache/huggingface/token"), "hf_file\n").unwrap();
        let found = |name: &'static str, value: &'static str| {
            from_environment(
                move |asked| (asked == name).then(|| value.to_owned()),
                Some(home.clone()),
            )
            .map(|(token, source)| (token.secret().to_owned(), source))
        };
        assert_eq!(
            found("HF_TOKEN", "hf_env"),
            Some(("hf_env".to_owned(), TokenSource::Environment))
        );
        assert_eq!(
            found("HF_TOKEN", " "),
            Some(("hf_file".to_owned(), TokenSource::File))
        );
        assert_eq!(found("HF_HOME", "/nowhere"), None);
    }
}
