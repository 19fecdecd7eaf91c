//! Lists and pairs as one line of text, as the command line and text fields write them.
//!
//! Lists are comma-separated; an item that holds a comma or a quote stands in double quotes, and a quote in it is doubled. That
//! is how llama.cpp itself reads its lists of paths. Pairs are `NAME=VALUE`, separated by spaces and quoted as for a shell.

use indexmap::IndexMap;

/// The items of a list, trimmed; empty ones are left out.
pub(crate) fn split(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut item = String::new();
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                item.push('"');
                letters.next();
            }
            '"' if quoted => quoted = false,
            '"' if item.trim().is_empty() => {
                item.clear();
                quoted = true;
            }
            ',' if !quoted => items.push(std::mem::take(&mut item)),
            letter => item.push(letter),
        }
    }
    items.push(item);
    items
        .iter()
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .collect()
}

/// The items as one text that [`split`] reads.
pub(crate) fn join<T: AsRef<str>>(items: &[T]) -> String {
    let quoted: Vec<String> = items
        .iter()
        .map(|item| {
            let item = item.as_ref();
            if item.contains([',', '"']) {
                format!("\"{}\"", item.replace('"', "\"\""))
            } else {
                item.to_owned()
            }
        })
        .collect();
    quoted.join(",")
}

/// The pairs in `A=1 B='two words'`; `None` where something in it is no pair.
pub(crate) fn split_pairs(text: &str) -> Option<IndexMap<String, String>> {
    shlex::split(text)?
        .iter()
        .map(|word| {
            let (name, value) = word.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// The pairs as one text that [`split_pairs`] reads.
pub(crate) fn join_pairs(pairs: &IndexMap<String, String>) -> String {
    let words: Vec<String> = pairs
        .iter()
        .map(|(name, value)| {
            let word = format!("{name}={value}");
            // Only a null character cannot be quoted, and no value has one.
            shlex::try_quote(&word).map_or_else(|_| word.clone(), |quoted| quoted.into_owned())
        })
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists() {
        for (text, items) in [
            ("a,b", &["a", "b"][..]),
            (" a , ,b,", &["a", "b"]),
            ("\"a,b\",c", &["a,b", "c"]),
            ("\"say \"\"x\"\"\"", &["say \"x\""]),
            ("a\"b", &["a\"b"]),
            ("", &[]),
        ] {
            assert_eq!(split(text), items, "{text}");
        }
    }

    #[test]
    fn pairs() {
        let pairs = split_pairs("A=1 B='two words' C=").unwrap();
        assert_eq!(pairs["B"], "two words");
        assert_eq!(pairs["C"], "");
        assert_eq!(split_pairs("A"), None);
        assert_eq!(split_pairs("A='"), None);
    }

    proptest! {
        #[test]
        fn lists_round_trip(items in proptest::collection::vec("[a-z ,\"/]{0,4}[a-z]|\"", 0..4)) {
            let items: Vec<String> = items.iter().map(|item| item.trim().to_owned()).collect();
            prop_assert_eq!(split(&join(&items)), items);
        }

        #[test]
        fn pairs_round_trip(pairs in proptest::collection::hash_map("[A-Z_]{1,4}", "[^\0]{0,6}", 0..4)) {
            let pairs: IndexMap<String, String> = pairs.into_iter().collect();
            prop_assert_eq!(split_pairs(&join_pairs(&pairs)), Some(pairs));
        }
    }
}
