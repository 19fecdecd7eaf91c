//! How what lies in files is said: draft model, projector, adapters, chat template.

use super::{Engine, Piece, Refusal, Spelled, nothing, plain};
use crate::{item::adapter, list_text, params::LoadParams, spec::ParamSpec};

/// What a chat template's text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template<'a> {
    /// The name of one that the engine has.
    Name(&'a str),
    /// A file.
    File(&'a str),
    /// The template itself.
    Text(&'a str),
}

/// The one built-in template that Jinja has too.
const CHATML: &str = "chatml";

impl<'a> Template<'a> {
    /// What holds Jinja's brackets is the template itself; what looks like a path is a file; the rest is a name.
    #[must_use]
    pub fn of(text: &'a str) -> Template<'a> {
        let is_file = || {
            let endings = [".jinja", ".jinja2", ".j2", ".txt", ".tmpl"];
            text.contains(['/', '\\']) || endings.iter().any(|ending| text.ends_with(ending))
        };
        if ["{{", "{%", "{#", "\n"]
            .iter()
            .any(|mark| text.contains(mark))
        {
            Template::Text(text)
        } else if is_file() {
            Template::File(text)
        } else {
            Template::Name(text)
        }
    }

    /// Whether it is one of the engine's own that Jinja does not run: with Jinja on, the engine would take the name for the
    /// template, and answer every prompt with it.
    #[must_use]
    pub fn needs_jinja_off(self) -> bool {
        matches!(self, Template::Name(name) if name != CHATML)
    }

    /// Whether only Jinja can run it.
    #[must_use]
    pub fn needs_jinja(self) -> bool {
        !matches!(self, Template::Name(_))
    }
}

/// Newer engines load a draft model and do not use it until they are told how.
pub(crate) fn draft_model(spec: &ParamSpec, params: &LoadParams, engine: &Engine<'_>) -> Spelled {
    const HOW: &str = "--spec-type";
    let mut pieces = plain(spec, params, engine)?;
    let has_draft = |hint: &str| hint.contains("draft-simple");
    let known = engine.flags.usable(HOW);
    let known = known.filter(|flag| flag.value_count() == 1);
    let takes_it = known.and_then(|flag| flag.value_hint.as_deref().map(has_draft));
    if !pieces.is_empty() && takes_it == Some(true) && !params.extra.contains_key(HOW) {
        pieces.push(Piece::valued(HOW, "draft-simple"));
    }
    Ok(pieces)
}

/// Only a file needs saying.
pub(crate) fn projector(spec: &ParamSpec, params: &LoadParams, engine: &Engine<'_>) -> Spelled {
    match params.projector() {
        Some(_) => plain(spec, params, engine),
        None => nothing(),
    }
}

/// One flag for a list now, one for each once; adapters with a scale have a flag of their own.
pub(crate) fn adapters(_: &ParamSpec, params: &LoadParams, engine: &Engine<'_>) -> Spelled {
    const PLAIN: &str = "--lora";
    const SCALED: &str = "--lora-scaled";
    let adapters: Vec<_> = params
        .lora
        .iter()
        .flatten()
        .map(|item| adapter(item))
        .collect();
    let (mut whole, mut scaled) = (Vec::new(), Vec::new());
    for (path, scale) in adapters {
        match scale {
            None => whole.push(path),
            Some(scale) => scaled.push((path, scale)),
        }
    }
    let mut pieces = Vec::new();
    let repeats = |flag: &str| {
        let known = engine.flags.usable(flag);
        known.is_some_and(|flag| flag.help.contains("can be repeated"))
    };
    if !whole.is_empty() {
        if repeats(PLAIN) {
            for path in whole {
                pieces.extend(engine.valued(PLAIN, path)?);
            }
        } else {
            pieces.extend(engine.valued(PLAIN, &list_text::join(&whole))?);
        }
    }
    if !scaled.is_empty() {
        let entry = engine.flags.usable(SCALED);
        if entry.is_some_and(|entry| entry.value_count() == 2) {
            for (path, scale) in scaled {
                pieces.push(Piece {
                    flag: SCALED.into(),
                    values: vec![path.into(), scale.into()],
                });
            }
        } else {
            if let Some((path, _)) = scaled.iter().find(|(path, _)| path.contains(':')) {
                return Err(Refusal {
                    flag: SCALED.into(),
                    reason: format!(
                        "this engine takes no scale for a path with a colon, such as {path}"
                    ),
                });
            }
            let items: Vec<String> = scaled
                .iter()
                .map(|(path, scale)| format!("{path}:{scale}"))
                .collect();
            pieces.extend(engine.valued(SCALED, &list_text::join(&items))?);
        }
    }
    Ok(pieces)
}

/// A name, a file or the template itself, with Jinja as that needs it.
pub(crate) fn chat_template(_: &ParamSpec, params: &LoadParams, engine: &Engine<'_>) -> Spelled {
    const FLAG: &str = "--chat-template";
    let Some(text) = params.chat_template.as_deref() else {
        return nothing();
    };
    let template = Template::of(text);
    let jinja = engine.dialect.jinja_by_default;
    let mut pieces = Vec::new();
    if template.needs_jinja() && !jinja && engine.flags.has("--jinja") {
        pieces.extend(engine.switch("--jinja")?);
    }
    if template.needs_jinja_off() && jinja {
        pieces.extend(engine.switch("--no-jinja")?);
    }
    pieces.extend(match template {
        Template::File(path) => engine.valued("--chat-template-file", path)?,
        Template::Text(text) => engine.valued(FLAG, text)?,
        Template::Name(name) => {
            let entry = engine.flags.usable(FLAG);
            let list = entry.and_then(|entry| entry.help.split_once("built-in templates:"));
            let is_known = list.is_none_or(|(_, names)| {
                let mut words = names.split([',', ' ', '\n']);
                words.any(|word| word.trim() == name)
            });
            if !is_known {
                return Err(Refusal {
                    flag: FLAG.into(),
                    reason: format!("this engine has no chat template named `{name}`"),
                });
            }
            engine.valued(FLAG, name)?
        }
    });
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{B4575, B10434, B11434, engine};
    use crate::{Unsupported, argv};
    use serde_json::{Value, json};

    fn said(wish: Value, help: &str) -> Result<String, String> {
        let params = serde_json::from_value(wish).unwrap();
        argv(&params, &engine(help), Unsupported::Refuse)
            .map(|argv| argv.args.join(" "))
            .map_err(|error| error.to_string())
    }

    fn fine(wish: Value, help: &str) -> String {
        said(wish, help).unwrap()
    }

    #[test]
    fn what_a_template_is() {
        for (text, expected) in [
            ("chatml", Template::Name("chatml")),
            ("/a/b", Template::File("/a/b")),
            ("mine.jinja", Template::File("mine.jinja")),
            ("{{ x }}", Template::Text("{{ x }}")),
            ("{% if a/b %}", Template::Text("{% if a/b %}")),
        ] {
            assert_eq!(Template::of(text), expected);
        }
    }

    /// With Jinja on, the engine takes the name of a built-in template for the template itself.
    #[test]
    fn a_template_has_the_jinja_that_it_needs() {
        let wish = |text: &str| json!({ "chatTemplate": text });
        assert_eq!(fine(wish("llama3"), B4575), "--chat-template llama3");
        assert_eq!(
            fine(wish("llama3"), B11434),
            "--no-jinja --chat-template llama3"
        );
        assert_eq!(fine(wish("chatml"), B11434), "--chat-template chatml");
        assert_eq!(
            fine(wish("{{ x }}"), B4575),
            "--jinja --chat-template {{ x }}"
        );
        assert_eq!(
            fine(wish("/t.jinja"), B11434),
            "--chat-template-file /t.jinja"
        );
        assert_eq!(
            said(wish("llama9"), B11434).unwrap_err(),
            "`chatTemplate` cannot be used here: this engine has no chat template named `llama9`"
        );
    }

    #[test]
    fn a_draft_model_is_used_not_only_loaded() {
        let wish = json!({ "draftModel": "/d.gguf" });
        assert_eq!(fine(wish.clone(), B4575), "--model-draft /d.gguf");
        assert_eq!(
            fine(wish, B11434),
            "--spec-draft-model /d.gguf --spec-type draft-simple"
        );
        let eagle =
            json!({ "draftModel": "/d.gguf", "extraArgs": { "--spec-type": "draft-eagle3" } });
        assert_eq!(
            fine(eagle, B11434),
            "--spec-draft-model /d.gguf --spec-type draft-eagle3"
        );
    }

    #[test]
    fn adapters_in_each_dialect() {
        let wish = json!({ "lora": ["/a.gguf", "/b, c.gguf", "/d.gguf:0.5"] });
        assert_eq!(
            fine(wish.clone(), B4575),
            "--lora /a.gguf --lora /b, c.gguf --lora-scaled /d.gguf 0.5"
        );
        assert_eq!(
            fine(wish, B10434),
            "--lora /a.gguf,\"/b, c.gguf\" --lora-scaled /d.gguf:0.5"
        );
        let colon = json!({ "lora": [r"C:\d.gguf:0.5"] });
        assert_eq!(fine(colon.clone(), B4575), r"--lora-scaled C:\d.gguf 0.5");
        assert!(said(colon, B11434).unwrap_err().contains("colon"));
    }

    #[test]
    fn a_projector_is_said_where_it_is_a_file() {
        for word in ["auto", "none"] {
            assert_eq!(fine(json!({ "mmproj": word }), B4575), "");
        }
        assert_eq!(
            fine(json!({ "mmproj": "/p.gguf" }), B11434),
            "--mmproj /p.gguf"
        );
        assert!(said(json!({ "mmproj": "/p.gguf" }), B4575).is_err());
    }
}
