//! What a request wants of us: which model, whether its answer is a stream, how long the model stays. The engine reads
//! the same body again; nothing in it is changed.

use std::borrow::Cow;

use http::{HeaderMap, Uri, header};
use percent_encoding::percent_decode_str;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// The longest part header that is looked at in a form.
const LONGEST_PART_HEAD: usize = 4096;

/// What a request wants.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wish<'a> {
    /// The model, as the client names it.
    pub model: Option<Cow<'a, str>>,
    /// Its answer is to be a stream of events.
    pub stream: bool,
    /// Seconds without a request after which the model ends: 0 at once, -1 never.
    pub ttl_seconds: Option<i64>,
}

/// The members of a JSON body that concern us. Those of another type are the engine's to complain about.
#[derive(Deserialize)]
struct JsonWish<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    model: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "flag")]
    stream: bool,
    #[serde(default, deserialize_with = "whole")]
    ttl: Option<i64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Lenient<T> {
    Meant(T),
    Other(IgnoredAny),
}

impl<T> Lenient<T> {
    fn meant(self) -> Option<T> {
        match self {
            Self::Meant(value) => Some(value),
            Self::Other(_) => None,
        }
    }
}

struct Text;

impl<'de> serde::de::Visitor<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

fn text<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    value.deserialize_any(Text)
}

fn flag<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    Ok(Lenient::<bool>::deserialize(value)?
        .meant()
        .unwrap_or(false))
}

fn whole<'de, D: Deserializer<'de>>(value: D) -> Result<Option<i64>, D::Error> {
    Ok(Lenient::<i64>::deserialize(value)?.meant())
}

impl<'a> Wish<'a> {
    /// Reads a request. What it does not say, and what cannot be read, it does not want: that is the engine's to refuse.
    #[must_use]
    pub fn of(uri: &'a Uri, headers: &HeaderMap, body: &'a [u8]) -> Self {
        let mut wish = Self::of_body(headers, body);
        if wish.model.is_none() {
            wish.model = uri.query().and_then(model_in_query);
        }
        wish
    }

    fn of_body(headers: &HeaderMap, body: &'a [u8]) -> Self {
        if body.is_empty() {
            return Self::default();
        }
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        if let Some(boundary) = boundary_of(kind) {
            return Self {
                model: field(body, boundary, "model").map(Cow::Borrowed),
                stream: field(body, boundary, "stream") == Some("true"),
                ttl_seconds: None,
            };
        }
        // Whatever it calls itself: curl says that JSON is a form.
        match serde_json::from_slice::<JsonWish<'_>>(body) {
            Ok(JsonWish { model, stream, ttl }) => Self {
                model,
                stream,
                ttl_seconds: ttl,
            },
            Err(_) => Self::default(),
        }
    }
}

fn model_in_query(query: &str) -> Option<Cow<'_, str>> {
    let value = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("model="))?;
    percent_decode_str(value).decode_utf8().ok()
}

fn boundary_of(kind: &str) -> Option<&str> {
    let (kind, rest) = kind.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = rest.split(';').find_map(|parameter| {
        let (name, value) = parameter.trim().split_once('=')?;
        name.eq_ignore_ascii_case("boundary").then_some(value)
    })?;
    Some(boundary.trim_matches('"')).filter(|boundary| !boundary.is_empty())
}

/// A text field of a form.
fn field<'a>(body: &'a [u8], boundary: &str, wanted: &str) -> Option<&'a str> {
    let delimiter = format!("--{boundary}");
    let finder = memchr::memmem::Finder::new(delimiter.as_bytes());
    let mut rest = &body[finder.find(body)? + delimiter.len()..];
    loop {
        let part = rest.strip_prefix(b"\r\n")?;
        let next = finder.find(part)?;
        let (part, after) = (&part[..next], &part[next + delimiter.len()..]);
        rest = after;
        let Some(head_end) = memchr::memmem::find(part, b"\r\n\r\n") else {
            continue;
        };
        if head_end > LONGEST_PART_HEAD {
            continue;
        }
        let Ok(head) = std::str::from_utf8(&part[..head_end]) else {
            continue;
        };
        let is_it = head.lines().any(|line| {
            line.to_ascii_lowercase()
                .starts_with("content-disposition:")
                && line.split(';').any(|parameter| {
                    parameter
                        .trim()
                        .strip_prefix("name=")
                        .is_some_and(|name| name.trim_matches('"') == wanted)
                })
        });
        if is_it {
            let value = part[head_end + 4..].strip_suffix(b"\r\n")?;
            return std::str::from_utf8(value).ok().map(str::trim);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish<'a>(uri: &'a Uri, kind: &str, body: &'a str) -> (Option<String>, bool, Option<i64>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        let wish = Wish::of(uri, &headers, body.as_bytes());
        (
            wish.model.map(Cow::into_owned),
            wish.stream,
            wish.ttl_seconds,
        )
    }

    #[test]
    fn a_json_body_is_read_leniently() {
        let uri = Uri::from_static("/v1/chat/completions");
        let json = "application/json";
        let some = |model: &str| Some(model.to_owned());
        for (body, expected) in [
            (
                r#"{"model":"a/b","stream":true,"ttl":60}"#,
                (some("a/b"), true, Some(60)),
            ),
            (
                r#"{"messages":[{"model":"no"}],"model":"yes"}"#,
                (some("yes"), false, None),
            ),
            (r#"{"model":"caf\u00e9"}"#, (some("café"), false, None)),
            (r#"{"model":null,"stream":null}"#, (None, false, None)),
            (
                r#"{"model":"x","stream":"yes","ttl":"soon"}"#,
                (some("x"), false, None),
            ),
            (r#"{"model":"x","ttl":-1}"#, (some("x"), false, Some(-1))),
            (r#"{"model":5}"#, (None, false, None)),
            ("not json", (None, false, None)),
            ("", (None, false, None)),
        ] {
            assert_eq!(wish(&uri, json, body), expected, "{body}");
        }
        let form = "application/x-www-form-urlencoded";
        assert_eq!(wish(&uri, form, r#"{"model":"x"}"#).0, some("x"));
    }

    #[test]
    fn the_query_names_a_model_too() {
        let uri = Uri::from_static("/v1/x?a=b&model=local%2Ftiny");
        assert_eq!(
            wish(&uri, "text/plain", "").0.as_deref(),
            Some("local/tiny")
        );
        let body = r#"{"model":"other"}"#;
        assert_eq!(
            wish(&uri, "application/json", body).0.as_deref(),
            Some("other")
        );
    }

    #[test]
    fn a_form_names_a_model_too() {
        let uri = Uri::from_static("/v1/audio/transcriptions");
        let body = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model\"\r\n\r\n--not\r\n--XX\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n--XX\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n--XX--\r\n";
        let kind = "multipart/form-data; boundary=\"XX\"";
        assert_eq!(
            wish(&uri, kind, body),
            (Some("whisper".to_owned()), true, None)
        );
        for broken in [
            "--XX",
            "--XX\r\n",
            "--XX--",
            "",
            "--XX\r\nname=\"model\"\r\n\r\nx",
        ] {
            assert_eq!(wish(&uri, kind, broken).0, None, "{broken:?}");
        }
    }
}
