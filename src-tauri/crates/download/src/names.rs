//! File names from elsewhere, made into paths that stay in their folder on every system.

use std::path::{Path, PathBuf};

use crate::error::Error;

const RESERVED: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// `folder` with the slash-separated `relative` below it, as a hub's file list has it.
///
/// # Errors
/// [`Error::BadName`] for what would leave the folder, on any system (`..`, an absolute path, a backslash), or would be
/// something else than a file of that name on Windows (devices, streams, trailing dots and spaces).
pub fn safe_join(folder: &Path, relative: &str) -> Result<PathBuf, Error> {
    let refuse = |problem| Error::BadName {
        name: relative.to_owned(),
        problem,
    };
    if relative.is_empty() {
        return Err(refuse("it is empty"));
    }
    if relative.len() > 1024 {
        return Err(refuse("it is too long"));
    }
    let mut path = folder.to_path_buf();
    for part in relative.split('/') {
        if let Some(problem) = problem_of(part) {
            return Err(refuse(problem));
        }
        path.push(part);
    }
    Ok(path)
}

fn problem_of(part: &str) -> Option<&'static str> {
    match part {
        "" => return Some("it has an empty part, or is an absolute path"),
        "." | ".." => return Some("it leaves its folder"),
        _ => {}
    }
    if part.len() > 255 {
        return Some("a part of it is too long");
    }
    if part.contains('\\') {
        return Some("it has a backslash, which separates folders on Windows");
    }
    if part
        .chars()
        .any(|c| c.is_control() || matches!(c, ':' | '<' | '>' | '"' | '|' | '?' | '*'))
    {
        return Some("it has a character that Windows gives another meaning");
    }
    if part.ends_with(['.', ' ']) {
        return Some("it ends in a dot or a space, which Windows drops");
    }
    let stem = part.split('.').next().unwrap_or(part).trim_end();
    let device = RESERVED.iter().any(|name| stem.eq_ignore_ascii_case(name)) || is_port(stem);
    device.then_some("it is the name of a device on Windows")
}

/// `COM1` to `LPT9`, also with the superscript digits that Windows takes for digits.
fn is_port(stem: &str) -> bool {
    let mut chars = stem.chars();
    let Some(last) = chars.next_back() else {
        return false;
    };
    let rest = chars.as_str();
    (rest.eq_ignore_ascii_case("COM") || rest.eq_ignore_ascii_case("LPT"))
        && matches!(last, '0'..='9' | '¹' | '²' | '³')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_stay_below_the_folder() {
        let folder = Path::new("models");
        for name in [
            "a.gguf",
            "Q4_K_M/a-00001-of-00002.gguf",
            "..hidden",
            "com.gguf",
        ] {
            let path = safe_join(folder, name).unwrap();
            assert_eq!(path, folder.join(name));
        }
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        let long = "a".repeat(300);
        for name in [
            "",
            "..",
            "../a",
            "a/../../b",
            "a/..",
            "/etc/passwd",
            "a//b",
            "./a",
            "a\\..\\b",
            "C:\\a",
            "C:a",
            "a.gguf:stream",
            "NUL",
            "nul.gguf",
            "con .txt",
            "COM1",
            "lpt9.gguf",
            "COM²",
            "a.",
            "a ",
            "a\0b",
            "a\nb",
            "x/PRN/y",
            "a?b",
            &long,
        ] {
            let error = safe_join(Path::new("models"), name).unwrap_err();
            assert_eq!(error.code(), "bad_file_name", "{name:?}");
        }
    }
}
