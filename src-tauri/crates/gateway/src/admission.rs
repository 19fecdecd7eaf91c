//! Which key a request presents, and what it may do with it.
//!
//! On loopback, while no key exists, any key is accepted: many clients insist on one. As soon as there is a key, a
//! right one is needed everywhere. From another machine nothing goes without one. What was presented is never in an
//! answer or a log.

use http::{HeaderMap, StatusCode, header};
use paddock_core::{Core, RefusalKind};
use subtle::ConstantTimeEq;

use crate::api_error::ApiError;
use crate::connections::Connection;

/// What the bearer may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rights {
    /// Load, unload, download, change settings.
    pub(crate) manage: bool,
    /// Read the counters.
    pub(crate) observe: bool,
}

/// Checks keys.
#[derive(Clone)]
pub(crate) struct Admission {
    core: Core,
    control_token: String,
}

impl Admission {
    pub(crate) fn new(core: Core, control_token: String) -> Self {
        Self {
            core,
            control_token,
        }
    }

    /// Lets a request in, or says why not.
    pub(crate) fn admit(
        &self,
        headers: &HeaderMap,
        connection: &Connection,
    ) -> Result<Rights, ApiError> {
        let presented = presented(headers);
        let all = Rights {
            manage: true,
            observe: true,
        };
        // Only programs of this user can read it, on this machine.
        if connection.is_local() && presented.is_some_and(|key| same(key, &self.control_token)) {
            return Ok(all);
        }
        if !self.core.has_keys() {
            if connection.is_local() {
                return Ok(Rights {
                    manage: false,
                    observe: true,
                });
            }
            return Err(self.refuse(
                connection,
                "this endpoint is open to other machines only with an API key, and there is none; make one on Paddock's Server page or with `paddock key add NAME`",
            ));
        }
        let Some(key) = presented else {
            return Err(self.refuse(
                connection,
                "this endpoint needs an API key: send it as `Authorization: Bearer KEY` or as `x-api-key`",
            ));
        };
        match self.core.check_key(key) {
            Some(rights) => Ok(Rights {
                manage: rights.manage,
                observe: rights.manage,
            }),
            None => Err(self.refuse(
                connection,
                "the API key is not one of this endpoint's; Paddock's Server page or `paddock key add NAME` makes one",
            )),
        }
    }

    /// Why a right is lacking: no key that has it, or a key without it.
    pub(crate) fn lacking(&self, headers: &HeaderMap) -> ApiError {
        let message =
            "this needs an API key that may manage: `paddock key add NAME --manage` makes one";
        if self.core.has_keys() && presented(headers).is_some() {
            return ApiError::new(StatusCode::FORBIDDEN, "key_may_not_manage", message);
        }
        ApiError::new(StatusCode::UNAUTHORIZED, "invalid_api_key", message)
    }

    fn refuse(&self, connection: &Connection, message: &str) -> ApiError {
        let peer = connection.peer.ip().to_canonical().to_string();
        self.core.record_refusal(RefusalKind::Key, &peer);
        ApiError::new(StatusCode::UNAUTHORIZED, "invalid_api_key", message)
    }
}

/// The key in a request: a bearer's, or in Anthropic's header.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim());
    let key = bearer.or_else(|| headers.get("x-api-key")?.to_str().ok().map(str::trim));
    key.filter(|key| !key.is_empty())
}

/// Compares in a time that does not tell how much was right.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_where_clients_put_it() {
        let found = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            presented(&headers).map(str::to_owned)
        };
        assert_eq!(found("authorization", "Bearer abc").as_deref(), Some("abc"));
        assert_eq!(
            found("authorization", "bearer  abc ").as_deref(),
            Some("abc")
        );
        assert_eq!(found("x-api-key", "abc").as_deref(), Some("abc"));
        for (name, value) in [
            ("authorization", "Basic abc"),
            ("authorization", "Bearer "),
            ("authorization", "abc"),
            ("x-api-key", ""),
            ("cookie", "abc"),
        ] {
            assert_eq!(found(name, value), None, "{name}: {value}");
        }
    }

    #[test]
    fn secrets_are_the_same_or_not() {
        assert!(same("abc", "abc"));
        assert!(!same("abc", "abd") && !same("abc", "ab") && !same("", "a"));
    }
}
