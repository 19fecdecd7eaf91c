//! Keys: `<publisher>/<file name without .gguf and shard suffix>`, lower case, unique, and never given anew.

use gguf::shard;

use crate::scan::FoundModel;

/// A key for a model that has none yet. A second model of the same name gets `-2`.
#[must_use]
pub fn assign_key(model: &FoundModel, is_taken: impl Fn(&str) -> bool) -> String {
    let file_name = model.path.file_name().unwrap_or_default().to_string_lossy();
    let publisher = model.publisher.as_deref().unwrap_or("local");
    let name = model.name.as_deref();
    let name = name.unwrap_or_else(|| shard::stem(&file_name));
    let wanted = format!("{}/{}", clean(publisher), clean(name));
    if !is_taken(&wanted) {
        return wanted;
    }
    (2_u32..)
        .map(|number| format!("{wanted}-{number}"))
        .find(|key| !is_taken(key))
        .unwrap_or(wanted)
}

/// What may stand in a key, a URL and a log line alike. A name that is only dots would mean a folder.
fn clean(name: &str) -> String {
    let name: String = name
        .to_lowercase()
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() || "._-+".contains(letter) {
                letter
            } else {
                '-'
            }
        })
        .collect();
    if name.chars().all(|letter| letter == '.') {
        "unnamed".to_owned()
    } else {
        name
    }
}

/// A request that names no model, or more than one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// No key is or ends with it.
    #[error("there is no model {0:?} in the library")]
    Unknown(String),
    /// Several keys end with it.
    #[error("{name:?} could mean {}", candidates.join(" or "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// The keys that it could mean.
        candidates: Vec<String>,
    },
}

/// The key that a request means: the key itself, or its file name part where only one model has it. Case and a
/// `.gguf` at the end do not matter.
///
/// # Errors
/// [`NotFound`].
pub fn resolve_key<'key>(
    request: &str,
    keys: impl IntoIterator<Item = &'key str>,
) -> Result<&'key str, NotFound> {
    let wanted = request.to_lowercase();
    let wanted = wanted.strip_suffix(".gguf").unwrap_or(&wanted);
    let mut matches = Vec::new();
    for key in keys {
        if key == wanted {
            return Ok(key);
        }
        if key.split_once('/').is_some_and(|(_, name)| name == wanted) {
            matches.push(key);
        }
    }
    match matches[..] {
        [] => Err(NotFound::Unknown(request.to_owned())),
        [only] => Ok(only),
        _ => Err(NotFound::Ambiguous {
            name: request.to_owned(),
            candidates: matches.into_iter().map(str::to_owned).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(publisher: Option<&str>, path: &str) -> FoundModel {
        FoundModel {
            path: path.into(),
            publisher: publisher.map(str::to_owned),
            ..FoundModel::default()
        }
    }

    #[test]
    fn keys_are_lower_case_without_suffixes_and_unique() {
        let free = |_: &str| false;
        assert_eq!(
            assign_key(&model(Some("Google"), "/m/Gemma-3-Q4_K_M.gguf"), free),
            "google/gemma-3-q4_k_m"
        );
        assert_eq!(
            assign_key(&model(None, "/m/Big-00001-of-00003.gguf"), free),
            "local/big"
        );
        let taken = ["local/big", "local/big-2"];
        assert_eq!(
            assign_key(&model(None, "/m/big.gguf"), |key| taken.contains(&key)),
            "local/big-3"
        );
    }

    #[test]
    fn a_name_that_another_app_gave_counts_more_than_the_files() {
        let blob = FoundModel {
            path: "/b/sha256-00ff".into(),
            publisher: Some("ollama".to_owned()),
            name: Some("gemma3-4b:latest".to_owned()),
            projector: None,
        };
        assert_eq!(assign_key(&blob, |_| false), "ollama/gemma3-4b-latest");
    }

    proptest::proptest! {
        /// Whatever folders and files are called, a key is `publisher/name`, new, lower case, and no path.
        #[test]
        fn any_name_makes_a_sound_key(publisher in "\\PC{1,20}", name in "\\PC{1,30}", twins in 0_usize..4) {
            let found = FoundModel {
                publisher: Some(publisher),
                name: Some(name),
                ..FoundModel::default()
            };
            let mut taken: Vec<String> = Vec::new();
            for _ in 0..=twins {
                let key = assign_key(&found, |key| taken.iter().any(|one| one == key));
                proptest::prop_assert!(!taken.contains(&key));
                let (publisher, name) = key.split_once('/').unwrap();
                for part in [publisher, name] {
                    proptest::prop_assert!(!part.is_empty() && part != "." && part != "..", "{key}");
                    proptest::prop_assert!(!part.contains(['/', '\\', ' ', ':']), "{key}");
                    proptest::prop_assert_eq!(part.to_lowercase(), part);
                }
                proptest::prop_assert_eq!(resolve_key(&key, [key.as_str()]), Ok(key.as_str()));
                taken.push(key);
            }
        }
    }

    #[test]
    fn a_name_cannot_climb_out_of_a_folder() {
        let free = |_: &str| false;
        assert_eq!(
            assign_key(&model(Some(".."), "/m/...gguf"), free),
            "unnamed/unnamed"
        );
        assert_eq!(
            assign_key(&model(None, "/m/..\\..\\x y.gguf"), free),
            "local/x-y"
        );
    }

    #[test]
    fn a_request_finds_its_model_where_it_is_clear() {
        let keys = ["google/gemma", "local/gemma", "qwen/qwen3"];
        assert_eq!(resolve_key("Google/Gemma", keys), Ok("google/gemma"));
        assert_eq!(resolve_key("qwen3.gguf", keys), Ok("qwen/qwen3"));
        assert_eq!(
            resolve_key("gemma", keys).unwrap_err().to_string(),
            "\"gemma\" could mean google/gemma or local/gemma"
        );
        assert_eq!(
            resolve_key("../../x", keys),
            Err(NotFound::Unknown("../../x".to_owned()))
        );
    }
}
