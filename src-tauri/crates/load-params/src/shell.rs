//! A command line as people copy it, as words: quotes, line continuations, comments and prompts of the usual shells.

/// The words of a command, of however many lines; `None` where a quote is not closed.
///
/// Windows' shells write paths with backslashes and continue lines with `^` or a backtick. Where a text looks like theirs,
/// a backslash is only a backslash.
pub(crate) fn words(text: &str) -> Option<Vec<String>> {
    if looks_like_windows(text) {
        shlex::split(&with_plain_backslashes(text))
    } else {
        shlex::split(&with_lines_joined(text))
    }
}

/// Whether a word ends the command that it stands in.
pub(crate) fn is_operator(word: &str) -> bool {
    let signs = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
    matches!(word, "|" | "||" | "&" | "&&" | ";") || signs.starts_with(['>', '<'])
}

/// Lines that end in a backslash joined to the next, unless they stand in quotes. A blank behind the backslash is a slip that
/// a shell would not forgive, and nobody sees.
fn with_lines_joined(text: &str) -> String {
    let mut result = String::new();
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None) => {
                let rest = letters.as_str();
                let line = rest.split('\n').next().unwrap_or_default();
                if line.trim().is_empty() && line.len() < rest.len() {
                    letters = rest.get(line.len() + 1..).unwrap_or_default().chars();
                } else {
                    result.push(letter);
                    result.extend(letters.next());
                }
                continue;
            }
            ('\\', Some('"')) => {
                result.push(letter);
                result.extend(letters.next());
                continue;
            }
            ('\'' | '"', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            _ => {}
        }
        result.push(letter);
    }
    result
}

fn looks_like_windows(text: &str) -> bool {
    let continued = text
        .lines()
        .rev()
        .skip(1)
        .any(|line| line.trim_end().ends_with(['^', '`']));
    let drive = text
        .as_bytes()
        .windows(3)
        .any(|three| matches!(three, [letter, b':', b'\\'] if letter.is_ascii_alphabetic()));
    continued || drive || text.contains(".exe") || text.contains("$env:")
}

/// Continued lines joined, and every backslash outside single quotes made one for the Unix rules.
fn with_plain_backslashes(text: &str) -> String {
    let mut result = String::new();
    let (mut in_single, mut in_double) = (false, false);
    for line in text.lines() {
        let line = line.trim_end();
        let joined = line.strip_suffix(['^', '`']).unwrap_or(line);
        let mut letters = joined.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\'' if !in_double => in_single = !in_single,
                '"' if !in_single => in_double = !in_double,
                '\\' if !in_single => {
                    // `\"` is a quote in a quoted word there too.
                    if in_double && letters.peek() == Some(&'"') {
                        letters.next();
                        result.push_str("\\\"");
                    } else {
                        result.push_str("\\\\");
                    }
                    continue;
                }
                _ => {}
            }
            result.push(letter);
        }
        result.push('\n');
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_of_every_shell() {
        let expected = ["llama-server", "-m", "/a b.gguf", "-c", "8192"];
        for text in [
            "llama-server -m '/a b.gguf' -c 8192",
            "llama-server \\\n  -m \"/a b.gguf\" \\\n  -c 8192\n",
            "llama-server -m /a\\ b.gguf -c 8192 # as always",
            "llama-server   -m\n'/a b.gguf'\n-c 8192",
        ] {
            assert_eq!(words(text).unwrap(), expected, "{text}");
        }
        assert_eq!(words("llama-server \\ \n -c 1").unwrap().len(), 3);
        let windows = [
            "C:\\ll ama\\llama-server.exe",
            "-m",
            "D:\\m\\a.gguf",
            "-c",
            "1",
        ];
        for text in [
            "\"C:\\ll ama\\llama-server.exe\" ^\r\n -m D:\\m\\a.gguf ^\r\n -c 1",
            "'C:\\ll ama\\llama-server.exe' `\n -m D:\\m\\a.gguf -c 1",
        ] {
            assert_eq!(words(text).unwrap(), windows, "{text}");
        }
        assert_eq!(words("-c 'open"), None);
    }

    #[test]
    fn operators() {
        for word in ["|", "&&", ">", "2>&1", ">log.txt", ";", "<in"] {
            assert!(is_operator(word), "{word}");
        }
        for word in ["-c", "8192", "a|b", "a>b"] {
            assert!(!is_operator(word), "{word}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in ".{0,60}") {
            let _ = words(&text);
        }
    }
}
