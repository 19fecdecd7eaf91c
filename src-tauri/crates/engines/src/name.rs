//! What an engine is called: the folder it was unpacked into, where that says something, else what it says of itself.

use std::path::Path;

/// Folder names that say where a binary lies and not what it is.
const MEANINGLESS: &[&str] = &[
    "bin", "build", "sbin", "local", "usr", "release", "debug", "engine", "engines",
];

/// A binary may print anything as its version.
const LONGEST_NAME: usize = 64;

/// A name for the engine at `binary`: `b10434-vulkan` from its folder, else `b10434` from its version, else `engine`.
/// Lower case, letters, digits, `.`, `_` and `-` only. Not yet unique.
#[must_use]
pub fn suggest_name(binary: &Path, version_output: &str) -> String {
    let folder = binary
        .ancestors()
        .skip(1)
        .filter_map(|folder| folder.file_name()?.to_str())
        .map(clean)
        .take(3)
        .find(|name| {
            !MEANINGLESS.contains(&name.as_str())
                && name.chars().any(|letter| letter.is_ascii_digit())
        });
    folder
        .or_else(|| version_word(version_output).map(|version| clean(&version)))
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "engine".to_owned())
}

/// `0.1.0-dev (build 1, commit 7e4c0a9)` is called `0.1.0-dev`.
fn version_word(output: &str) -> Option<String> {
    Some(parse_version(output)?.split_whitespace().next()?.to_owned())
}

fn clean(name: &str) -> String {
    let name: String = name
        .to_lowercase()
        .chars()
        .take(LONGEST_NAME)
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || "._-".contains(letter) {
                letter
            } else {
                '-'
            }
        })
        .collect();
    name.trim_matches(['-', '.']).to_owned()
}

/// The build in `--version`'s words: `b4575` from `version: 4575 (cafe)`, the whole text after `version:` where it is
/// not a number. For people to read: packaged builds write what they like there, so nothing may depend on it.
#[must_use]
pub fn parse_version(output: &str) -> Option<String> {
    let version = output
        .lines()
        .find_map(|line| line.trim().strip_prefix("version:"))?
        .trim();
    let number = version.split_whitespace().next()?;
    match number.parse::<u32>() {
        // A package's own counter, not llama.cpp's build number.
        Ok(build) if build < 100 => Some(version.to_owned()),
        Ok(build) => Some(format!("b{build}")),
        Err(_) => Some(version.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_names_the_engine_where_it_says_something() {
        let name = |path: &str, version: &str| suggest_name(Path::new(path), version);
        assert_eq!(
            name("/data/engines/b10434-vulkan/llama-server", ""),
            "b10434-vulkan"
        );
        assert_eq!(
            name("/opt/llama-b4575/build/bin/llama-server", ""),
            "llama-b4575"
        );
        assert_eq!(
            name(
                "/usr/local/bin/llama-server",
                "version: 4575 (cafe)\nbuilt with"
            ),
            "b4575"
        );
        assert_eq!(name("/usr/bin/llama-server", "nothing"), "engine");
        let long = format!("version: {} (cafe)", "v1-0".repeat(1000));
        assert_eq!(name("/usr/bin/llama-server", &long).len(), LONGEST_NAME);
        assert_eq!(name("/home/me/My Build 2/llama-server", ""), "my-build-2");
    }

    #[test]
    fn versions_are_for_reading() {
        assert_eq!(
            parse_version("version: 4575 (cafe)").as_deref(),
            Some("b4575")
        );
        assert_eq!(
            parse_version("version: 1 (571d0d5)").as_deref(),
            Some("1 (571d0d5)")
        );
        assert_eq!(
            parse_version("version: 0.1.0-dev (build 1, commit 7e4c0a9)").as_deref(),
            Some("0.1.0-dev (build 1, commit 7e4c0a9)")
        );
        assert_eq!(parse_version("hello"), None);
    }
}
