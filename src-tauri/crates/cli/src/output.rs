//! Everything that is printed. Documents and tables go to stdout, words about how it went to stderr.
//!
//! Much of it is others' words: a model's card and header, an engine's log, what a server answered. None of them may
//! steer the user's terminal.
#![allow(clippy::print_stdout)]

use std::borrow::Cow;
use std::io::{IsTerminal, Write};

use clap::builder::styling::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table, presets};
use serde_json::Value;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();

/// One JSON document, on one line where a stream may follow and for programs to read either way.
pub(crate) fn document(value: &Value) {
    line(&json(&value.to_string()));
}

/// JSON as it is printed: the controls that it may hold as they are (U+0080 to U+009F, which some terminals obey) are
/// escaped, so that a program still reads what was meant.
pub(crate) fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => out.push(letter),
            _ if letter.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out
}

/// Text without what a terminal would obey instead of showing it.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    if text.contains(obeyed) {
        Cow::Owned(text.replace(obeyed, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// One line. A reader that is gone (`paddock ls | head -1`) is no error.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", harmless(text));
    let _ = out.flush();
}

/// Something the user should know, beside the answer.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", harmless(text));
}

/// A failure: what, why, what to try.
pub(crate) fn complain(message: &str, hint: &str, details: &[String]) {
    // Without colours where there is no terminal, and where NO_COLOR says so.
    let mut out = anstream::stderr().lock();
    let _ = writeln!(out, "{ERROR}error:{ERROR:#} {}", harmless(message));
    let shown = details.len().saturating_sub(8);
    for detail in &details[shown..] {
        let _ = writeln!(out, "  | {}", harmless(detail));
    }
    if !hint.is_empty() {
        let _ = writeln!(out, "{HINT}hint:{HINT:#} {}", harmless(hint));
    }
}

/// Whether what goes to stderr may be coloured.
pub(crate) fn colours_on_stderr() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}

/// A moment as its day: `2026-11-22`.
pub(crate) fn day(milliseconds_since_epoch: &Value) -> String {
    let Some(milliseconds) = milliseconds_since_epoch.as_u64().filter(|time| *time > 0) else {
        return "-".to_owned();
    };
    let moment = std::time::UNIX_EPOCH + std::time::Duration::from_millis(milliseconds);
    let text = humantime::format_rfc3339_seconds(moment).to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

/// A table without lines, as `ps` prints; numbers to the right.
pub(crate) fn table(heads: &[&str], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_header(heads.iter().map(|head| head.to_uppercase()));
    for row in rows {
        // Here already, because the width of a column is counted.
        table.add_row(row.iter().map(|cell| harmless(cell)));
    }
    for (index, head) in heads.iter().enumerate() {
        if let Some(column) = table.column_mut(index) {
            let padding = if index == 0 { (0, 1) } else { (1, 1) };
            column.set_padding(padding);
            if matches!(
                *head,
                "size" | "context" | "memory" | "pid" | "free" | "models" | "requests" | "restarts"
            ) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    if !std::io::stdout().is_terminal() {
        table.force_no_tty();
    }
    for text in table.lines() {
        line(text.trim_end());
    }
}

/// Bytes as the disk shows them: 253.1 MB, 5.9 GB.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn size(bytes: &Value) -> String {
    let Some(bytes) = bytes.as_u64() else {
        return "-".to_owned();
    };
    let (unit, name) = match bytes {
        0..1_000_000 => (1e3, "kB"),
        1_000_000..1_000_000_000 => (1e6, "MB"),
        _ => (1e9, "GB"),
    };
    format!("{:.1} {name}", bytes as f64 / unit)
}

/// Seconds in words: `2h`, `1m 5s`.
pub(crate) fn duration(seconds: i64) -> String {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    humantime::format_duration(std::time::Duration::from_secs(seconds)).to_string()
}

/// A JSON value as a cell: text without quotes, `-` for nothing.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An argument as a shell needs it.
pub(crate) fn quoted(argument: &str) -> String {
    let plain = !argument.is_empty()
        && argument
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-_./:=+,@%".contains(letter));
    if plain {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sizes_are_as_the_disk_shows_them() {
        assert_eq!(size(&json!(253_113_024_u64)), "253.1 MB");
        assert_eq!(size(&json!(5_900_000_000_u64)), "5.9 GB");
        assert_eq!(size(&json!(453_728)), "453.7 kB");
        assert_eq!(size(&json!(null)), "-");
    }

    /// A card or a log line must not clear the screen, set the title or fill the clipboard of who reads it.
    #[test]
    fn what_a_terminal_would_obey_is_not_printed() {
        assert_eq!(
            harmless("a\u{1b}]52;c;eA==\u{7}b\rc\u{9b}2Jd\u{7f}\u{8}"),
            "a\u{fffd}]52;c;eA==\u{fffd}b\u{fffd}c\u{fffd}2Jd\u{fffd}\u{fffd}"
        );
        let plain = "two\nlines,\ta tab, ü and 模型";
        assert!(matches!(harmless(plain), Cow::Borrowed(text) if text == plain));
        let value = json!({"card": "a\u{1b}[2J\u{9b}2J\u{7f}\nü"});
        let printed = super::json(&value.to_string());
        assert!(!printed.contains(char::is_control), "{printed:?}");
        assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), value);
    }

    #[test]
    fn a_moment_is_shown_as_its_day() {
        assert_eq!(day(&json!(1_795_318_100_000_u64)), "2026-11-22");
        assert_eq!(day(&json!(0)), "-");
        assert_eq!(day(&json!(null)), "-");
    }

    #[test]
    fn an_argument_can_be_pasted_into_a_shell() {
        assert_eq!(quoted("--ctx-size"), "--ctx-size");
        assert_eq!(quoted("/my models/it's.gguf"), r"'/my models/it'\''s.gguf'");
        assert_eq!(quoted(""), "''");
    }
}
