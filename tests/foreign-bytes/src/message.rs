//! An HTTP answer written down: a status line and headers where the bytes begin so, then the body.

use http::{HeaderMap, HeaderName, HeaderValue};

/// An answer of a server.
pub(crate) struct Message<'a> {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: &'a [u8],
}

impl<'a> Message<'a> {
    /// `HTTP/1.1 429`, header lines, an empty line, the body; or only a body, of an answer that went well.
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        let mut message = Self {
            status: 200,
            headers: HeaderMap::new(),
            body: bytes,
        };
        let Some(rest) = bytes.strip_prefix(b"HTTP/1.1 ") else {
            return message;
        };
        let end = rest.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = rest.split_at(end.unwrap_or(rest.len()));
        message.body = body.get(2..).unwrap_or_default();
        let mut lines = head.split(|byte| *byte == b'\n');
        let status = lines.next().map(String::from_utf8_lossy);
        message.status = status
            .and_then(|status| status.trim().parse().ok())
            .filter(|status| (100..1000).contains(status))
            .unwrap_or(200);
        for line in lines {
            let mut parts = line.splitn(2, |byte| *byte == b':');
            let name = parts.next().map(HeaderName::from_bytes);
            let value = parts
                .next()
                .map(|value| HeaderValue::from_bytes(value.trim_ascii()));
            if let (Some(Ok(name)), Some(Ok(value))) = (name, value) {
                message.headers.append(name, value);
            }
        }
        message
    }
}

/// No error that repeats foreign words does so without end, or speaks to the terminal.
pub(crate) fn is_presentable(text: &str) {
    assert!(!text.is_empty());
    assert!(text.len() < 4_000, "{} bytes", text.len());
    assert!(!text.contains(char::is_control), "{text:?}");
}
