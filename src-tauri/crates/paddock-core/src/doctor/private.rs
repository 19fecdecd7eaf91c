//! Takes out of a text what is nobody else's business: where the home folder is, keys, passwords in addresses.

use serde_json::Value;

/// What keys and tokens begin with: ours, the hub's, those of services that people use beside.
const SECRETS: &[&str] = &["pk-", "hf_", "sk-", "ghp_", "github_pat_"];
/// Shorter ones are words.
const SHORTEST_SECRET: usize = 12;

/// Knows the home folder.
pub(super) struct Private {
    homes: Vec<String>,
}

impl Private {
    pub(super) fn of_user() -> Self {
        let home = std::env::home_dir().filter(|home| home.components().count() > 1);
        let real = home.as_ref().and_then(|home| home.canonicalize().ok());
        let mut homes: Vec<String> = [home, real]
            .into_iter()
            .flatten()
            .map(|home| home.display().to_string())
            .collect();
        homes.dedup();
        Self { homes }
    }

    /// The same document, every string of it without what is private.
    pub(super) fn hide(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.hide(item)).collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(name, value)| (name, self.hide(value)))
                .collect(),
            other => other,
        }
    }

    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for home in &self.homes {
            text = without_home(&text, home);
        }
        without_secrets(&without_passwords(&text))
    }
}

/// `/home/ada/models` is `~/models`; `/home/adam` stays.
fn without_home(text: &str, home: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(home) {
        let after = &rest[start + home.len()..];
        let whole = !after.starts_with(|next: char| next.is_alphanumeric() || "_-.".contains(next));
        result.push_str(&rest[..start]);
        result.push_str(if whole { "~" } else { home });
        rest = after;
    }
    result + rest
}

/// `http://user:password@host` is `http://…@host`.
fn without_passwords(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + 3);
        result.push_str(before);
        let end = after
            .find(|next: char| next.is_whitespace() || "/?#\"'".contains(next))
            .unwrap_or(after.len());
        match after[..end].rfind('@') {
            Some(at) => {
                result.push('…');
                rest = &after[at..];
            }
            None => rest = after,
        }
    }
    result + rest
}

fn without_secrets(text: &str) -> String {
    let mut result = String::new();
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|letter| !is_part(letter)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match SECRETS.iter().find(|start| word.starts_with(**start)) {
            Some(start) if word.len() >= SHORTEST_SECRET => {
                result.push_str(start);
                result.push('…');
            }
            _ => result.push_str(word),
        }
        let next = after.find(is_part).unwrap_or(after.len());
        result.push_str(&after[..next]);
        rest = &after[next..];
    }
    result
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_private_is_told() {
        let private = Private {
            homes: vec!["/home/ada".to_owned()],
        };
        let hidden = private.hide(json!({
            "path": "/home/ada/models/x.gguf",
            "other": ["/home/adam/x", "/home/ada", "at /home/ada: gone"],
            "proxy": "http://ada:p@ss@proxy:3128/x",
            "plain": "see https://example.org/a@b and sk-small",
            "key": "refused pk-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE, and hf_abcdefghijklmnop.",
            "count": 3,
        }));
        assert_eq!(
            hidden,
            json!({
                "path": "~/models/x.gguf",
                "other": ["/home/adam/x", "~", "at ~: gone"],
                "proxy": "http://…@proxy:3128/x",
                "plain": "see https://example.org/a@b and sk-small",
                "key": "refused pk-…, and hf_….",
                "count": 3,
            })
        );
    }
}
