//! The description of the API that the server itself gives: kept by hand in `openapi.json`, and held to the routes and
//! to real answers by tests.

/// OpenAPI 3.1.
pub(crate) const DOCUMENT: &str = include_str!("openapi.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::paths::OF_THE_ENGINE;

    fn document() -> Value {
        serde_json::from_str(DOCUMENT).unwrap()
    }

    fn documented() -> BTreeSet<String> {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        paths.keys().cloned().collect()
    }

    #[test]
    fn the_gateways_own_paths_are_described() {
        let own = [
            "/health",
            "/metrics",
            "/openapi.json",
            "/v1/models",
            "/v1/models/{model}",
        ];
        let expected: BTreeSet<String> = OF_THE_ENGINE
            .into_iter()
            .chain(own)
            .map(str::to_owned)
            .collect();
        let described: BTreeSet<String> = documented()
            .into_iter()
            .filter(|path| !path.starts_with("/api/"))
            .collect();
        assert_eq!(described, expected);
    }

    /// Every reference leads somewhere, and every schema is one.
    #[test]
    fn the_document_is_whole() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(members) => {
                    for (name, value) in members {
                        match value {
                            Value::String(to) if name == "$ref" => found.push(to.clone()),
                            value => references(value, found),
                        }
                    }
                }
                Value::Array(values) => values.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50);
        for reference in found {
            let place = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(place).is_some(), "{reference}");
        }
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            assert!(jsonschema::meta::is_valid(schema), "{name}");
        }
    }
}
