//! Variables of the environment that change what Paddock or its engines do: their names, and the values of those that
//! can hold no secret.

use serde::{Deserialize, Serialize};

/// Values that say what was set up and can hold no secret but a login, which is left out.
const SHOWN: &[&str] = &[
    "PADDOCK_HOME",
    "PADDOCK_LOG",
    "PADDOCK_RELEASES_URL",
    "HF_ENDPOINT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "GGML_VK_VISIBLE_DEVICES",
    "HSA_OVERRIDE_GFX_VERSION",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "DYLD_LIBRARY_PATH",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
];
/// Of these only the names are told.
const NAMED: &[&str] = &[
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
    "HF_HOME",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "DBUS_SESSION_BUS_ADDRESS",
];
/// And all that begin so.
const NAMED_FAMILIES: &[&str] = &["LLAMA_", "GGML_", "CUDA_", "VK_", "PADDOCK_"];

/// A variable that is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, where that can hold no secret.
    pub value: Option<String>,
}

/// Those that are set here, by name.
pub(super) fn variables() -> Vec<Variable> {
    let set = std::env::vars_os().filter_map(|(name, value)| {
        Some((
            name.into_string().ok()?,
            value.to_string_lossy().into_owned(),
        ))
    });
    of(set)
}

fn of(set: impl Iterator<Item = (String, String)>) -> Vec<Variable> {
    let mut variables: Vec<Variable> = set
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, value)| {
            // Proxies are read in lower case too.
            let known = name.to_uppercase();
            let shown = SHOWN.contains(&known.as_str());
            let named = NAMED.contains(&known.as_str())
                || NAMED_FAMILIES
                    .iter()
                    .any(|family| known.starts_with(family));
            (shown || named).then(|| Variable {
                name,
                value: shown.then(|| without_login(&value)),
            })
        })
        .collect();
    variables.sort_by(|one, other| one.name.cmp(&other.name));
    variables
}

/// `http://ada:secret@proxy:3128` is `http://…@proxy:3128`.
fn without_login(value: &str) -> String {
    let (scheme, rest) = value.split_once("://").unwrap_or(("", value));
    let authority = rest.find('/').unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) if scheme.is_empty() => format!("…{}", &rest[at..]),
        Some(at) => format!("{scheme}://…{}", &rest[at..]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_named_and_never_shown() {
        let set = [
            ("HF_TOKEN", "hf_secret"),
            ("LLAMA_API_KEY", "secret"),
            ("https_proxy", "http://proxy:3128"),
            ("HTTP_PROXY", "http://ada:secret@proxy:3128/"),
            ("ALL_PROXY", "ada:secret@proxy:1080"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("PADDOCK_LOG", ""),
        ];
        let set = set.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let told: Vec<(String, Option<String>)> = of(set.into_iter())
            .into_iter()
            .map(|variable| (variable.name, variable.value))
            .collect();
        assert_eq!(
            told,
            [
                ("ALL_PROXY".to_owned(), Some("…@proxy:1080".to_owned())),
                ("HF_TOKEN".to_owned(), None),
                (
                    "HTTP_PROXY".to_owned(),
                    Some("http://…@proxy:3128/".to_owned())
                ),
                ("LLAMA_API_KEY".to_owned(), None),
                (
                    "https_proxy".to_owned(),
                    Some("http://proxy:3128".to_owned())
                ),
            ]
        );
    }
}
