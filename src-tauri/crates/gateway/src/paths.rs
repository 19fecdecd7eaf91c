//! What there is at which path, and by which methods.

use http::Method;
use percent_encoding::percent_decode_str;

/// Where the engine answers, and a request may load a model: all by POST.
pub(crate) const OF_THE_ENGINE: [&str; 11] = [
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/embeddings",
    "/v1/rerank",
    "/v1/reranking",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/audio/transcriptions",
    "/v1/chat/completions/input_tokens",
    "/v1/responses/input_tokens",
];

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Says that this is a Paddock and that it is up.
    Health,
    Metrics,
    OpenApi,
    /// The list of models.
    Models,
    /// One model of the list.
    Model(String),
    /// The management API.
    Management,
    /// The engine; the path is one that is known to load a model.
    Engine,
    /// The engine, where it may have something or not: nothing is loaded to find out.
    EnginePerhaps,
    Nothing,
}

impl Place {
    pub(crate) fn of(path: &str) -> Self {
        if OF_THE_ENGINE.contains(&path) {
            return Self::Engine;
        }
        match path {
            "/health" => return Self::Health,
            "/metrics" => return Self::Metrics,
            "/openapi.json" => return Self::OpenApi,
            "/v1/models" => return Self::Models,
            _ => {}
        }
        if let Some(model) = path.strip_prefix("/v1/models/") {
            return percent_decode_str(model)
                .decode_utf8()
                .map_or(Self::Nothing, |model| Self::Model(model.into_owned()));
        }
        // What another program would read as another path leads nowhere.
        if is_ambiguous(path) {
            return Self::Nothing;
        }
        if path.starts_with("/api/v1/") {
            return Self::Management;
        }
        match path.strip_prefix("/v1/") {
            Some(rest) if !rest.is_empty() => Self::EnginePerhaps,
            _ => Self::Nothing,
        }
    }

    /// The methods that the path has; `None` where only the engine, or the management API, knows.
    pub(crate) fn methods(&self) -> Option<&'static str> {
        match self {
            Self::Health | Self::Metrics | Self::OpenApi | Self::Models | Self::Model(_) => {
                Some("GET, HEAD, OPTIONS")
            }
            Self::Engine => Some("POST, OPTIONS"),
            Self::Management | Self::EnginePerhaps | Self::Nothing => None,
        }
    }

    pub(crate) fn takes(&self, method: &Method) -> bool {
        match self.methods() {
            Some("POST, OPTIONS") => method == Method::POST,
            Some(_) => method == Method::GET || method == Method::HEAD,
            None => method != Method::CONNECT && method != Method::TRACE,
        }
    }

    /// The path's name in metrics: a bounded set.
    pub(crate) fn label(&self, path: &str) -> &'static str {
        match self {
            Self::Health => "/health",
            Self::Metrics => "/metrics",
            Self::OpenApi => "/openapi.json",
            Self::Models | Self::Model(_) => "/v1/models",
            Self::Management => "/api/v1",
            Self::Engine => OF_THE_ENGINE
                .into_iter()
                .find(|known| *known == path)
                .unwrap_or("other"),
            Self::EnginePerhaps | Self::Nothing => "other",
        }
    }
}

/// Dot segments, and separators in disguise.
fn is_ambiguous(path: &str) -> bool {
    if path.bytes().any(|byte| byte == b'\\' || byte < b' ') {
        return true;
    }
    if !path.contains(['%', '.']) {
        return false;
    }
    let lower = path.to_ascii_lowercase();
    ["%2f", "%5c", "%00", "%25"]
        .iter()
        .any(|trick| lower.contains(trick))
        || lower
            .split('/')
            .any(|segment| matches!(segment.replace("%2e", ".").as_str(), "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_where_they_say() {
        for (path, place) in [
            ("/v1/chat/completions", Place::Engine),
            ("/v1/messages", Place::Engine),
            ("/v1/models", Place::Models),
            (
                "/v1/models/local/tiny",
                Place::Model("local/tiny".to_owned()),
            ),
            (
                "/v1/models/local%2Ftiny",
                Place::Model("local/tiny".to_owned()),
            ),
            ("/health", Place::Health),
            ("/api/v1/status", Place::Management),
            ("/v1/nothing", Place::EnginePerhaps),
            ("/v1/gemma-3.1", Place::EnginePerhaps),
            ("/", Place::Nothing),
            ("/v1", Place::Nothing),
            ("/v1/", Place::Nothing),
            ("/healthy", Place::Nothing),
            ("/slots", Place::Nothing),
            ("/api/v2/status", Place::Nothing),
        ] {
            assert_eq!(Place::of(path), place, "{path}");
        }
    }

    #[test]
    fn tricks_lead_nowhere() {
        for path in [
            "/v1/../slots",
            "/v1/../api/v1/status",
            "/v1/%2e%2e/slots",
            "/v1/.%2E/slots",
            "/v1/%2E./slots",
            "/v1/./slots",
            "/v1/..%2fslots",
            "/v1/..%5cslots",
            "/v1/%252e%252e/slots",
            "/v1/x\\..\\slots",
            "/api/v1/../../slots",
            "/v1/chat%2fcompletions",
            "/V1/chat/completions",
            "//v1/chat/completions",
        ] {
            assert_eq!(Place::of(path), Place::Nothing, "{path}");
        }
    }

    #[test]
    fn each_place_has_its_methods() {
        assert!(Place::Models.takes(&Method::HEAD));
        assert!(!Place::Models.takes(&Method::POST));
        assert!(!Place::Engine.takes(&Method::GET));
        assert!(!Place::EnginePerhaps.takes(&Method::CONNECT));
        assert_eq!(Place::Engine.label("/v1/embeddings"), "/v1/embeddings");
        assert_eq!(Place::EnginePerhaps.label("/v1/xyz"), "other");
    }
}
