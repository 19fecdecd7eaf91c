//! What people type or paste to name a model: `owner/repo`, `owner/repo:Q4_K_M`, the address of a page or a file on the
//! hub, or a `paddock://` link.

use std::fmt;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::error::{Error, quotable};

/// The name of a repository, checked: `owner/name`, of letters, digits, `-`, `_` and `.`. It can stand in a URL and, as
/// two folders, in a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepoId {
    owner: String,
    name: String,
}

/// As on the hub.
const MAX_LENGTH: usize = 96;

impl RepoId {
    /// Checks a name.
    ///
    /// # Errors
    /// [`Error::InvalidReference`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |reason| Error::InvalidReference {
            text: quotable(text),
            reason,
        };
        let (owner, name) = text
            .split_once('/')
            .ok_or_else(|| refuse("it needs an owner and a name, with a slash between"))?;
        if text.len() > MAX_LENGTH {
            return Err(refuse("it is too long"));
        }
        for part in [owner, name] {
            if part.is_empty() {
                return Err(refuse("the owner or the name is empty"));
            }
            if part.contains("..") || part.starts_with('.') || part.ends_with('.') {
                return Err(refuse("dots may not lead, end or follow each other"));
            }
            let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
            if !part.chars().all(allowed) {
                return Err(refuse("only letters, digits, - _ and . may stand in it"));
            }
        }
        Ok(Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Its name, without the owner.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.owner, self.name)
    }
}

impl From<RepoId> for String {
    fn from(id: RepoId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for RepoId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

/// A repository, and which of its files is meant where that was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// The repository.
    pub repo: RepoId,
    /// A quantization, or another word that names a variant, as typed.
    pub quantization: Option<String>,
    /// A file's path in the repository.
    pub file: Option<String>,
    /// A branch, tag or commit.
    pub revision: Option<String>,
}

/// Hosts whose pages are pasted whatever mirror is set.
const HUB_HOSTS: &[&str] = &[
    "huggingface.co",
    "www.huggingface.co",
    "hf.co",
    "hf-mirror.com",
];

const SCHEME: &str = "paddock://";
/// A link is foreign text; no real one is as long.
const LONGEST_LINK: usize = 2048;

/// Whether this may be one of our links, `paddock://…`; then [`parse_link`] reads it.
#[must_use]
pub fn is_link(text: &str) -> bool {
    text.len() <= LONGEST_LINK
        && text
            .get(..SCHEME.len())
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
}

/// Reads `paddock://models/huggingface/{owner}/{repo}?file={path}&revision={revision}`, whichever case its scheme has.
///
/// # Errors
/// [`Error::InvalidReference`].
pub fn parse_link(link: &str) -> Result<Reference, Error> {
    if !is_link(link) {
        return Err(Error::InvalidReference {
            text: quotable(link),
            reason: "it is no paddock:// link, or too long",
        });
    }
    parse_reference(&format!("{SCHEME}{}", &link[SCHEME.len()..]), "")
}

/// Reads what was typed or pasted. `endpoint` is the hub in use, whose pages count beside the well-known ones.
///
/// # Errors
/// [`Error::InvalidReference`].
pub fn parse_reference(text: &str, endpoint: &str) -> Result<Reference, Error> {
    let text = text.trim();
    let refuse = |reason| Error::InvalidReference {
        text: quotable(text),
        reason,
    };
    if let Some(rest) = text.strip_prefix(SCHEME) {
        let rest = rest
            .strip_prefix("models/huggingface/")
            .ok_or_else(|| refuse("a paddock:// link begins with paddock://models/huggingface/"))?;
        return from_link(rest, text);
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        if !matches!(scheme, "http" | "https") {
            return Err(refuse("it is no web address"));
        }
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let own = endpoint.split_once("://").map_or("", |(_, rest)| rest);
        let own_host = own.split('/').next().unwrap_or_default();
        if !HUB_HOSTS.contains(&host) && host != own_host {
            return Err(refuse("it is not on the hub"));
        }
        return from_page(rest[host.len()..].trim_start_matches('/'), text);
    }
    // Written without the scheme, as browsers show it.
    for host in HUB_HOSTS {
        if let Some(path) = text
            .strip_prefix(host)
            .and_then(|rest| rest.strip_prefix('/'))
        {
            return from_page(path, text);
        }
    }
    let (id, quantization) = match text.split_once(':') {
        Some((id, word)) => (id, Some(word)),
        None => (text, None),
    };
    let sound = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
    };
    if quantization.is_some_and(|word| !sound(word)) {
        return Err(refuse(
            "after the colon stands a quantization, such as Q4_K_M",
        ));
    }
    Ok(Reference {
        repo: RepoId::parse(id)?,
        quantization: quantization.map(str::to_owned),
        file: None,
        revision: None,
    })
}

/// `owner/repo?file=path`, as "use this model" on a page writes it.
fn from_link(rest: &str, text: &str) -> Result<Reference, Error> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let value = |name: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, value)| *key == name && !value.is_empty())
            .map(|(_, value)| decode(value, text))
            .transpose()
    };
    Ok(Reference {
        repo: RepoId::parse(&decode(path.trim_end_matches('/'), text)?)?,
        quantization: None,
        file: value("file")?
            .map(|file| checked_path(file, text))
            .transpose()?,
        revision: value("revision")?
            .map(|revision| checked_revision(revision, text))
            .transpose()?,
    })
}

/// `owner/repo`, `owner/repo/tree/main`, `owner/repo/blob/main/file.gguf`, `owner/repo/resolve/main/file.gguf`.
fn from_page(path: &str, text: &str) -> Result<Reference, Error> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let (owner, name) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    // A colon is typed behind an address too.
    let (name, quantization) = match name.split_once(':') {
        Some((name, word)) => (name, Some(word.to_owned())),
        None => (name, None),
    };
    let repo = RepoId::parse(&format!("{}/{}", decode(owner, text)?, decode(name, text)?))?;
    let kind = parts.next();
    let revision = parts
        .next()
        .map(|part| checked_revision(decode(part, text)?, text))
        .transpose()?;
    let rest: Vec<&str> = parts.collect();
    let file = match kind {
        Some("blob" | "resolve" | "raw") if !rest.is_empty() => {
            Some(checked_path(decode(&rest.join("/"), text)?, text)?)
        }
        _ => None,
    };
    Ok(Reference {
        repo,
        quantization,
        file,
        // Pages of the newest revision are pasted with its name.
        revision: revision.filter(|revision| revision != "main"),
    })
}

fn decode(part: &str, text: &str) -> Result<String, Error> {
    percent_decode_str(part)
        .decode_utf8()
        .map(|part| part.into_owned())
        .map_err(|_| Error::InvalidReference {
            text: quotable(text),
            reason: "it is not written in UTF-8",
        })
}

/// A revision that is one part of an address: dots would take parts away.
fn checked_revision(revision: String, text: &str) -> Result<String, Error> {
    if matches!(revision.as_str(), "." | "..") {
        return Err(Error::InvalidReference {
            text: quotable(text),
            reason: "its revision is none",
        });
    }
    Ok(revision)
}

/// A path that stays inside the repository.
fn checked_path(path: String, text: &str) -> Result<String, Error> {
    let climbs = path
        .split(['/', '\\'])
        .any(|part| part.is_empty() || part == "." || part == "..");
    if climbs {
        return Err(Error::InvalidReference {
            text: quotable(text),
            reason: "its file is no path inside a repository",
        });
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (String, Option<String>, Option<String>, Option<String>) {
        let reference = parse_reference(text, "http://127.0.0.1:9000").unwrap();
        (
            reference.repo.to_string(),
            reference.quantization,
            reference.file,
            reference.revision,
        )
    }

    #[test]
    fn what_people_type_and_paste_is_understood() {
        let some = |text: &str| Some(text.to_owned());
        let repo = || "ggml-org/gemma-3-270m-GGUF".to_owned();
        for text in [
            "ggml-org/gemma-3-270m-GGUF",
            "  ggml-org/gemma-3-270m-GGUF\n",
            "https://huggingface.co/ggml-org/gemma-3-270m-GGUF",
            "https://huggingface.co/ggml-org/gemma-3-270m-GGUF/",
            "https://huggingface.co/ggml-org/gemma-3-270m-GGUF/tree/main",
            "https://huggingface.co/ggml-org/gemma-3-270m-GGUF?library=x#y",
            "huggingface.co/ggml-org/gemma-3-270m-GGUF",
            "hf.co/ggml-org/gemma-3-270m-GGUF",
            "http://127.0.0.1:9000/ggml-org/gemma-3-270m-GGUF",
            "paddock://models/huggingface/ggml-org/gemma-3-270m-GGUF",
            "paddock://models/huggingface/ggml-org%2Fgemma-3-270m-GGUF?file=",
        ] {
            assert_eq!(parsed(text), (repo(), None, None, None), "{text}");
        }
        assert_eq!(
            parsed("ggml-org/gemma-3-270m-GGUF:q4_k_m"),
            (repo(), some("q4_k_m"), None, None)
        );
        assert_eq!(
            parsed("hf.co/ggml-org/gemma-3-270m-GGUF:Q8_0"),
            (repo(), some("Q8_0"), None, None)
        );
        for text in [
            "https://huggingface.co/ggml-org/gemma-3-270m-GGUF/blob/main/a%20b/m-Q8_0.gguf",
            "https://huggingface.co/ggml-org/gemma-3-270m-GGUF/resolve/main/a b/m-Q8_0.gguf?download=true",
            "paddock://models/huggingface/ggml-org/gemma-3-270m-GGUF?file=a%20b/m-Q8_0.gguf",
        ] {
            assert_eq!(
                parsed(text),
                (repo(), None, some("a b/m-Q8_0.gguf"), None),
                "{text}"
            );
        }
        assert_eq!(
            parsed("https://huggingface.co/a/b/blob/v1.0/m.gguf"),
            ("a/b".to_owned(), None, some("m.gguf"), some("v1.0"))
        );
    }

    #[test]
    fn only_our_own_links_are_taken() {
        assert!(is_link("paddock://models/huggingface/a/b"));
        assert!(!is_link("https://example.com"));
        assert!(!is_link("--headless"));
        assert!(!is_link("päddock://x"));
        let long = format!("paddock://models/huggingface/a/b?file={}", "a".repeat(2048));
        assert!(!is_link(&long));
        for link in ["", "a/b", "https://huggingface.co/a/b", &long] {
            assert_eq!(
                parse_link(link).unwrap_err().code(),
                "hub_invalid_reference"
            );
        }
        let link = parse_link("PADDOCK://models/huggingface/a/b?file=x.gguf").unwrap();
        assert_eq!(link.repo.to_string(), "a/b");
        assert_eq!(link.file.as_deref(), Some("x.gguf"));
    }

    #[test]
    fn what_names_nothing_is_refused_before_anything_is_asked() {
        for text in [
            "",
            "gemma",
            "../../x",
            "a/..",
            "a/b/c",
            "/etc/passwd",
            "a/.hidden",
            "a/b:",
            "a/b:../x",
            "a/b:Q4 K",
            "a b/c",
            "a/b?c",
            "https://example.com/a/b",
            "https://huggingface.co.evil.example/a/b",
            "https://huggingface.co/models",
            "file:///etc/passwd",
            "paddock://other/a/b",
            "paddock://models/huggingface/a/b?file=../../x.gguf",
            "paddock://models/huggingface/..%2F..",
            "paddock://models/huggingface/a/b?file=m.gguf&revision=..",
            "https://huggingface.co/a/b/resolve/%2e%2e/m.gguf",
            "https://huggingface.co/a/b/resolve/main/%2e%2e/x.gguf",
            "a/%2e%2e",
        ] {
            let error = parse_reference(text, "https://huggingface.co").unwrap_err();
            assert_eq!(error.code(), "hub_invalid_reference", "{text}");
            assert!(!error.hint().is_empty());
        }
    }
}
