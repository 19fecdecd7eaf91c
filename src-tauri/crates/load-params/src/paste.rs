//! A llama-server command line of any build, read into parameters.
//!
//! What the table knows, in whichever spelling a build had for it, becomes the parameter; another flag of the installed engine
//! becomes an extra one; the rest is told, with the reason: nothing is dropped in silence, and no text is an error but one whose
//! quotes are not closed.

use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    extra,
    flags::EngineFlags,
    kind::{Kind, is_variable},
    list_text,
    owned::{owned_by_any_name, owned_reason, owned_variable},
    params::LoadParams,
    shell,
    spec::ParamSpec,
    spelling::Template,
    suggest,
    values::ParamValue,
};

/// What a command line comes to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pasted {
    /// What was understood.
    pub params: LoadParams,
    /// What was understood and is not taken over, each with why.
    pub ignored: Vec<Ignored>,
    /// Flags that neither the table nor this engine knows.
    pub unknown: Vec<Unknown>,
}

/// Something that is not taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ignored {
    /// The flag, variable or word.
    pub flag: String,
    /// Its value, unless that is a secret.
    pub value: Option<String>,
    /// Why: a clause that starts in lower case.
    pub reason: String,
}

/// A flag that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unknown {
    /// As it was given.
    pub flag: String,
    /// The word behind it, where that is no flag.
    pub value: Option<String>,
    /// The nearest flag of the engine, where one is near.
    pub suggestion: Option<String>,
}

/// Reads a llama-server command line: with the program or without, with variables before it, over several lines.
///
/// # Errors
/// [`Error::CommandLine`] where a quote is not closed.
pub fn parse_command_line(text: &str, flags: &EngineFlags) -> Result<Pasted, Error> {
    let words = shell::words(text).ok_or(Error::CommandLine {
        problem: "a quote is not closed",
    })?;
    let mut reader = Reader {
        words: words.into_iter().peekable(),
        flags,
        pasted: Pasted::default(),
    };
    reader.head();
    while let Some(word) = reader.words.next() {
        reader.word(word);
    }
    reader.tidy();
    Ok(reader.pasted)
}

/// Words that may stand before the program.
const WRAPPERS: &[&str] = &[
    "$", ">", "#", "PS>", "sudo", "env", "nohup", "exec", "time", "export", "set", "&", "start",
];
/// Flags whose value nobody should see again.
const SECRET: &[&str] = &[
    "--api-key",
    "--hf-token",
    "-hft",
    "LLAMA_API_KEY",
    "HF_TOKEN",
    "HUGGING_FACE_HUB_TOKEN",
];

struct Reader<'a> {
    words: std::iter::Peekable<std::vec::IntoIter<String>>,
    flags: &'a EngineFlags,
    pasted: Pasted,
}

impl Reader<'_> {
    /// Variables, the program and what else stands before the first flag.
    fn head(&mut self) {
        let is_program = |word: &String| {
            let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
            let name = name.strip_suffix(".exe").unwrap_or(name);
            name == "llama-server"
        };
        let all: Vec<String> = self.words.by_ref().collect();
        let at = all.iter().position(is_program);
        let is_begin = |word: &String| is_flag(word);
        let end = at
            .map(|at| at + 1)
            .or_else(|| all.iter().position(is_begin));
        let mut all = all;
        let rest = all.split_off(end.unwrap_or(all.len()));
        let mut program = None;
        for (place, word) in all.into_iter().enumerate() {
            let assignment = word.strip_prefix("$env:").unwrap_or(&word);
            let assignment = assignment.strip_suffix(';').unwrap_or(assignment);
            match assignment.split_once('=') {
                Some((name, value)) if is_variable(name) => self.variable(name, value),
                _ if WRAPPERS.contains(&word.as_str()) || shell::is_operator(&word) => {}
                // The last of them is the program; a lone word may be anything.
                _ if Some(place) == at => {}
                _ => program = Some(word),
            }
        }
        if at.is_none()
            && rest.is_empty()
            && let Some(word) = program
        {
            self.ignore(&word, None, "it is no flag of an engine");
        }
        self.words = rest.into_iter().peekable();
    }

    fn variable(&mut self, name: &str, value: &str) {
        let of_flag = self
            .flags
            .iter()
            .find(|flag| flag.is_usable() && flag.env.as_deref() == Some(name))
            .cloned();
        match (of_flag, owned_variable(name)) {
            (Some(flag), Some(_)) if flag.takes_value() => {
                self.flag(flag.long().to_owned(), Some(value.to_owned()));
            }
            (Some(flag), Some(_)) => match (switch_word(value), flag.opposite(flag.long())) {
                (Some("true"), _) => self.flag(flag.long().to_owned(), None),
                (Some("false"), Some(opposite)) => self.flag(opposite.to_owned(), None),
                _ => self.ignore(name, Some(value), "it says what the engine does anyway"),
            },
            (None, Some(reason)) => self.ignore(name, Some(value), reason),
            // As a variable of the engine it would be saved, shown and exported with the parameters.
            (_, None) if SECRET.contains(&name) => {
                self.ignore(name, None, "the token for the hub is in Paddock's settings");
            }
            (_, None) if value.is_empty() => {}
            (_, None) if value.contains('\0') => {
                self.ignore(name, None, "no variable can have a null character");
            }
            (_, None) => {
                let variables = self.pasted.params.env.get_or_insert_default();
                variables.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn word(&mut self, word: String) {
        if shell::is_operator(&word) {
            let rest: Vec<String> = std::iter::once(word).chain(self.words.by_ref()).collect();
            self.ignore(
                &rest.join(" "),
                None,
                "it is for the shell, not for the engine",
            );
        } else if !is_flag(&word) {
            self.ignore(&word, None, "it is no flag, and no flag before it takes it");
        } else {
            match word.split_once('=') {
                Some((flag, value)) if !self.knows(&word) => {
                    self.flag(extra::normalized(flag), Some(value.to_owned()));
                }
                _ => self.flag(extra::normalized(&word), None),
            }
        }
    }

    fn flag(&mut self, flag: String, inline: Option<String>) {
        let entry = self.flags.get(&flag);
        let owned = owned_reason(&flag).or_else(|| entry.and_then(owned_by_any_name));
        if let Some(reason) = owned {
            let takes_value = entry.is_none_or(|entry| entry.takes_value());
            let value = inline.or_else(|| takes_value.then(|| self.plain_word()).flatten());
            self.ignore(&flag, value.as_deref(), reason);
        } else if self.special(&flag, inline.as_ref()) {
        } else if let Some((spec, on)) = extra::typed(&flag) {
            self.typed(spec, on, &flag, inline);
        } else if entry.is_some_and(|entry| entry.is_usable()) {
            self.extra(flag, inline);
        } else {
            let value = inline.or_else(|| self.plain_word());
            let known = self.flags.iter().filter(|flag| flag.is_usable());
            let names = known.flat_map(|flag| &flag.names).map(String::as_str);
            self.pasted.unknown.push(Unknown {
                suggestion: suggest::nearest(&flag, names),
                flag,
                value,
            });
        }
    }

    /// Flags that say a parameter in other words than its own. Whether this was one.
    fn special(&mut self, flag: &str, inline: Option<&String>) -> bool {
        let next = inline.or(self.words.peek()).cloned().unwrap_or_default();
        let params = &mut self.pasted.params;
        match (flag, next.as_str()) {
            ("--load-mode" | "-lm", mode) => {
                let (mlock, mmap) = match mode {
                    "auto" => (None, None),
                    "none" => (None, Some(false)),
                    "mmap" => (None, Some(true)),
                    "mlock" => (Some(true), Some(false)),
                    "mmap+mlock" => (Some(true), None),
                    _ => return false,
                };
                (params.mlock, params.mmap) = (mlock, mmap);
            }
            ("--reasoning-budget", "0") | ("--reasoning" | "-rea", "off") => {
                params.enable_thinking = Some(false);
            }
            ("--chat-template-file", path) if Kind::Bool.parse(path).is_none() => {
                if path.is_empty() || is_flag(path) {
                    return false;
                }
                let is_file = matches!(Template::of(path), Template::File(_));
                let prefix = if is_file { "" } else { "./" };
                let Some((spec, _)) = extra::typed("--chat-template") else {
                    return false;
                };
                let Some(value) = spec.kind.parse(&format!("{prefix}{path}")) else {
                    return false;
                };
                (spec.put)(params, Some(value));
            }
            ("--no-mmproj" | "--no-mmproj-auto" | "--mmproj-auto", _) => {
                let word = if flag == "--mmproj-auto" {
                    "auto"
                } else {
                    "none"
                };
                params.mmproj = Some(word.to_owned());
                return true;
            }
            ("--lora-scaled", item) => {
                if item.is_empty() || is_flag(item) {
                    return false;
                }
                let mut items = match self.is_repeated(flag) {
                    true => vec![item.to_owned()],
                    false => list_text::split(item),
                };
                if inline.is_none() {
                    self.words.next();
                }
                // Older engines take the scale as a word of its own.
                if let ([path], Some(scale)) = (items.as_mut_slice(), self.words.peek())
                    && crate::item::adapter(path).1.is_none()
                    && scale.parse::<f64>().is_ok()
                {
                    *path = format!("{item}:{scale}");
                    self.words.next();
                }
                if let Some((spec, _)) = extra::typed("--lora") {
                    self.add_to_list(spec, flag, items);
                }
                return true;
            }
            _ => return false,
        }
        if inline.is_none() {
            self.words.next();
        }
        true
    }

    fn typed(&mut self, spec: &ParamSpec, on: bool, flag: &str, inline: Option<String>) {
        let text = if matches!(spec.kind, Kind::Bool | Kind::OnOffAuto) {
            let given = inline.or_else(|| {
                let next = self.words.peek()?;
                switch_word(next)?;
                self.words.next()
            });
            let word = given.as_deref().map_or(Some("true"), switch_word);
            match (word, on) {
                (Some("true"), false) => "false".to_owned(),
                (Some("false"), false) => "true".to_owned(),
                (Some(word), _) => word.to_owned(),
                (None, _) => given.unwrap_or_default(),
            }
        } else {
            let Some(text) = inline.or_else(|| self.value()) else {
                let needs = format!("it needs a value: {}", spec.kind.value_name());
                self.ignore(flag, None, &needs);
                return;
            };
            text
        };
        match spec.kind.parse(&text) {
            Some(ParamValue::List(_)) if self.is_repeated(flag) => {
                self.add_to_list(spec, flag, vec![text]);
            }
            Some(ParamValue::List(items)) => self.add_to_list(spec, flag, items),
            Some(value) => (spec.put)(&mut self.pasted.params, Some(value)),
            None => {
                let expected = spec.kind.expected();
                let reason = format!("`{}` takes {expected}", spec.name);
                self.ignore(flag, Some(&text), &reason);
            }
        }
    }

    /// Whether this engine takes a list's items one by one; then a comma is part of one.
    fn is_repeated(&self, flag: &str) -> bool {
        let entry = self.flags.get(flag);
        entry.is_some_and(|entry| entry.help.contains("can be repeated"))
    }

    /// Lists may be given in pieces.
    fn add_to_list(&mut self, spec: &ParamSpec, flag: &str, items: Vec<String>) {
        let mut all = match (spec.get)(&self.pasted.params) {
            Some(ParamValue::List(earlier)) => earlier,
            _ => Vec::new(),
        };
        all.extend(items);
        let value = ParamValue::List(all);
        if spec.kind.allows(&value) {
            (spec.put)(&mut self.pasted.params, Some(value));
        } else {
            let reason = format!("`{}` takes {}", spec.name, spec.kind.expected());
            self.ignore(flag, Some(&value.to_string()), &reason);
        }
    }

    fn extra(&mut self, flag: String, inline: Option<String>) {
        let count = self.flags.get(&flag).map_or(0, |entry| entry.value_count());
        let value = match inline {
            Some(value) => Some(value),
            None if count == 0 => None,
            None => {
                let words: Vec<String> = (0..count).map_while(|_| self.value()).collect();
                (!words.is_empty()).then(|| words.join(" "))
            }
        };
        match extra::piece(&flag, value.as_deref(), self.flags) {
            Ok(_) => {
                if let Some(earlier) = self.pasted.params.extra.insert(flag.clone(), value) {
                    let reason = "it is given again, and the engine takes the last";
                    self.ignore(&flag, earlier.as_deref(), reason);
                }
            }
            Err(error) => self.ignore(&flag, value.as_deref(), &error.to_string()),
        }
    }

    /// The next word as a flag's value: any but a flag that is known.
    fn value(&mut self) -> Option<String> {
        let next = self.words.peek()?.clone();
        if self.knows(&next) || shell::is_operator(&next) {
            return None;
        }
        self.words.next()
    }

    /// The next word, where it is none that begins like a flag.
    fn plain_word(&mut self) -> Option<String> {
        let next = self.words.peek()?;
        if is_flag(next) || shell::is_operator(next) {
            return None;
        }
        self.words.next()
    }

    fn knows(&self, word: &str) -> bool {
        is_flag(word)
            && (self.flags.get(word).is_some()
                || extra::typed(word).is_some()
                || owned_reason(word).is_some())
    }

    fn ignore(&mut self, flag: &str, value: Option<&str>, reason: &str) {
        let secret = SECRET.contains(&flag);
        self.pasted.ignored.push(Ignored {
            flag: flag.to_owned(),
            value: value.filter(|_| !secret).map(str::to_owned),
            reason: reason.to_owned(),
        });
    }

    /// What follows from another parameter need not be kept.
    fn tidy(&mut self) {
        let params = &mut self.pasted.params;
        let drafts = Some(&Some("draft-simple".to_owned()));
        if params.draft_model.is_some() && params.extra.get("--spec-type") == drafts {
            params.extra.shift_remove("--spec-type");
        }
    }
}

/// Whether a word begins like a flag and is no negative number.
fn is_flag(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-') && word.parse::<f64>().is_err()
}

/// The engine's words for yes and no.
fn switch_word(word: &str) -> Option<&'static str> {
    match word {
        "on" | "true" | "1" | "enabled" => Some("true"),
        "off" | "false" | "0" | "disabled" => Some("false"),
        "auto" => Some("auto"),
        _ => None,
    }
}

#[cfg(test)]
#[path = "paste_tests.rs"]
mod tests;
