//! What an answer says about the file: which bytes these are, how many there are, and of which version.

use std::ops::Range;

use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, LAST_MODIFIED};
use reqwest::{Response, StatusCode};

use super::fault::Fault;

/// What the server calls this version of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Version {
    /// The hub's own name for it (`X-Linked-Etag`), said by the address that redirects; a SHA-256 for large files.
    pub(crate) linked: Option<String>,
    /// `ETag`, else `Last-Modified`, of whoever sends the bytes.
    pub(crate) sent: Option<String>,
}

impl Version {
    /// The name to remember.
    pub(crate) fn name(&self) -> Option<&str> {
        self.linked.as_deref().or(self.sent.as_deref())
    }

    /// Whether this is, as far as can be told, the same version. `same_sender`: whether one address sent both.
    pub(crate) fn agrees_with(&self, other: &Self, same_sender: bool) -> bool {
        match (&self.linked, &other.linked) {
            (Some(one), Some(two)) if one != two => return false,
            // The hub vouches for both; two stores may name the same bytes differently.
            (Some(_), Some(_)) if !same_sender => return true,
            _ => {}
        }
        match (&self.sent, &other.sent) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        }
    }
}

/// The beginning of an answer that brings bytes of the file.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response,
    /// Which bytes it brings; the end is `u64::MAX` where it does not say.
    pub(crate) bytes: Range<u64>,
    /// The length of the file.
    pub(crate) total: Option<u64>,
    /// Whether the server gave the range that it was asked for, not simply everything.
    pub(crate) ranged: bool,
    pub(crate) version: Version,
    /// Counts redirects followed: answers of the same number came from the same address.
    pub(crate) sender: u64,
}

/// What the hub says before it redirects.
#[derive(Debug, Clone, Default)]
pub(crate) struct Linked {
    pub(crate) etag: Option<String>,
    pub(crate) size: Option<u64>,
}

impl Linked {
    pub(crate) fn read(&mut self, headers: &HeaderMap) {
        if let Some(etag) = text(headers, "x-linked-etag") {
            self.etag = Some(strip(etag));
        }
        if let Some(size) = text(headers, "x-linked-size").and_then(|size| size.parse().ok()) {
            self.size = Some(size);
        }
    }
}

/// Makes sense of a successful response to a request for `asked`.
pub(crate) fn read(
    response: Response,
    asked: &Range<u64>,
    linked: &Linked,
    sender: u64,
) -> Result<Answer, Fault> {
    let headers = response.headers();
    let version = Version {
        linked: linked.etag.clone(),
        sent: text(headers, ETAG.as_str())
            .or_else(|| text(headers, LAST_MODIFIED.as_str()))
            .map(strip),
    };
    let ranged = response.status() == StatusCode::PARTIAL_CONTENT;
    let (bytes, total) = if ranged {
        let range = text(headers, CONTENT_RANGE.as_str());
        let Some((bytes, total)) = range.and_then(content_range) else {
            return Err(Fault::Broken(
                "the server did not say which part it sends".into(),
            ));
        };
        if bytes.start != asked.start || bytes.is_empty() {
            return Err(Fault::Broken("the server sends another part".into()));
        }
        (bytes, total)
    } else {
        // A body that is compressed on the way has no length here; it is refused below.
        let total = response.content_length();
        (0..total.unwrap_or(u64::MAX), total)
    };
    // A content encoding would make the lengths those of something else.
    if let Some(encoding) = text(headers, "content-encoding")
        && !encoding.eq_ignore_ascii_case("identity")
    {
        return Err(Fault::Broken(format!(
            "the server sends the file packed ({encoding})"
        )));
    }
    if ranged && total.or(linked.size).is_none() {
        return Err(Fault::Broken(
            "the server did not say how long the file is".into(),
        ));
    }
    Ok(Answer {
        response,
        bytes,
        total: total.or(linked.size),
        ranged,
        version,
        sender,
    })
}

/// `bytes 0-9/100`.
fn content_range(value: &str) -> Option<(Range<u64>, Option<u64>)> {
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let first: u64 = first.trim().parse().ok()?;
    let last: u64 = last.trim().parse().ok()?;
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    let end = last.checked_add(1)?;
    let sound = total.is_none_or(|total| end <= total);
    sound.then_some((first..end, total))
}

/// The length in `bytes */100`, which comes with status 416.
pub(crate) fn unsatisfied_length(headers: &HeaderMap) -> Option<u64> {
    text(headers, CONTENT_RANGE.as_str())?
        .trim()
        .strip_prefix("bytes */")?
        .parse()
        .ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Without quotes and the mark of a weak one: it is compared, not sent.
fn strip(etag: &str) -> String {
    etag.trim()
        .trim_start_matches("W/")
        .trim_matches('"')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read_or_refused() {
        assert_eq!(content_range("bytes 0-9/100"), Some((0..10, Some(100))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5..10, None)));
        for bad in [
            "",
            "bytes */100",
            "bytes 5-200/100",
            "items 0-1/2",
            "bytes a-b/c",
        ] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
    }

    #[test]
    fn versions_agree_by_the_hubs_name_and_else_by_the_senders() {
        let version = |linked: Option<&str>, sent: Option<&str>| Version {
            linked: linked.map(str::to_owned),
            sent: sent.map(str::to_owned),
        };
        let hub = version(Some("sha"), Some("one"));
        assert!(hub.agrees_with(&version(Some("sha"), Some("two")), false));
        assert!(!hub.agrees_with(&version(Some("sha"), Some("two")), true));
        assert!(!hub.agrees_with(&version(Some("other"), Some("one")), false));
        assert!(!version(None, Some("a")).agrees_with(&version(None, Some("b")), false));
        assert!(version(None, None).agrees_with(&version(None, Some("b")), false));
        assert_eq!(strip("W/\"abc\""), "abc");
    }
}
