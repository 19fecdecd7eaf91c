//! The gist of a model card: its first paragraph of prose.

/// Longer ones end in "…".
const MAX_LETTERS: usize = 320;
/// What is shorter is a slogan or a label.
const LEAST_LETTERS: usize = 40;

/// The first paragraph of prose in a README: without front matter, headings, badges, tables, code and HTML.
#[must_use]
pub fn summary(readme: &str) -> Option<String> {
    let body = without_front_matter(readme);
    let mut in_code = false;
    let mut paragraph = String::new();
    let mut short: Option<String> = None;
    for line in body.lines().chain([""]) {
        let line = line.trim();
        if line.starts_with("```") {
            in_code = !in_code;
            continue;
        }
        if !in_code && is_prose(line) {
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line);
            continue;
        }
        let text = plain(&std::mem::take(&mut paragraph));
        if text.chars().count() >= LEAST_LETTERS {
            return Some(cut(&text));
        }
        if short.is_none() && !text.is_empty() {
            short = Some(text);
        }
    }
    short
}

fn without_front_matter(readme: &str) -> &str {
    let Some(rest) = readme.trim_start().strip_prefix("---") else {
        return readme;
    };
    rest.find("\n---")
        .map_or("", |end| rest[end + 4..].trim_start_matches('-'))
}

fn is_prose(line: &str) -> bool {
    let list = line.starts_with("- ") || line.starts_with("* ") || line.starts_with("+ ");
    !line.is_empty()
        && !list
        && !line.starts_with(['#', '<', '|', '>', '!', '='])
        && !line.starts_with("[!")
        && !line.starts_with("---")
}

/// Without the marks of Markdown and HTML: `[text](address)` is `text`.
fn plain(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['[', '<', '*', '`', '!']) {
        result.push_str(&rest[..at]);
        let mark = &rest[at..];
        rest = if let Some((label, after)) = link(mark) {
            if !mark.starts_with('!') {
                result.push_str(label);
            }
            after
        } else if let (true, Some(end)) = (mark.starts_with('<'), mark.find('>')) {
            &mark[end + 1..]
        } else if mark.starts_with(['*', '`']) {
            &mark[1..]
        } else {
            result.push_str(&mark[..1]);
            &mark[1..]
        };
    }
    result.push_str(rest);
    result.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `[label](address)`, or an image, and what follows it.
fn link(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('!').unwrap_or(text).strip_prefix('[')?;
    let end = inner.find("](")?;
    let close = inner[end..].find(')')? + end;
    Some((&inner[..end], &inner[close + 1..]))
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_LETTERS {
        return text.to_owned();
    }
    let head: String = text.chars().take(MAX_LETTERS).collect();
    let end = head.rfind(' ').unwrap_or(head.len());
    format!("{}…", head[..end].trim_end_matches([',', ';', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_paragraph_of_prose_is_the_summary() {
        let readme = "---\nlicense: gemma\ntags:\n- gguf\n---\n\n# Gemma\n\n![logo](x.png)\n<p align=center>\n\n\
            [Gemma](https://x) is a family of **lightweight** models\nfrom `Google`, <b>open</b> to all.\n\nMore.\n";
        assert_eq!(
            summary(readme).as_deref(),
            Some("Gemma is a family of lightweight models from Google, open to all.")
        );
    }

    #[test]
    fn odd_cards_do_no_harm() {
        assert_eq!(summary(""), None);
        assert_eq!(summary("---\nlicense: x"), None);
        assert_eq!(summary("# Only\n## headings"), None);
        assert_eq!(summary("Short."), Some("Short.".to_owned()));
        assert_eq!(
            summary("[a](b [c] <d *e* ![f](g"),
            Some("[a](b [c] <d e ![f](g".to_owned())
        );
        let long = summary(&"word ".repeat(200)).unwrap();
        assert!(
            long.ends_with("word…") && long.chars().count() <= 321,
            "{long}"
        );
        let _ = summary(&"ä[".repeat(1000));
    }
}
