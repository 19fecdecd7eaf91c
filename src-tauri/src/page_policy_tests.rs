//! What the page may do is written in configuration, where a word more is quickly added and nothing looks different. Who
//! widens it changes this test too, and says why.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A model's answer, a card and a chat are foreign text in the page: no script of theirs may run, and nothing they name
/// may be fetched.
#[test]
fn the_pages_policy_lets_in_no_foreign_script_and_no_connection() {
    let security = &read("tauri.conf.json")["app"]["security"];
    let policy: BTreeMap<String, String> = serde_json::from_value(security["csp"].clone()).unwrap();
    let expected = [
        ("base-uri", "'none'"),
        ("connect-src", "ipc: http://ipc.localhost"),
        ("default-src", "'self'"),
        ("form-action", "'none'"),
        ("frame-ancestors", "'none'"),
        ("img-src", "'self' data:"),
        ("object-src", "'none'"),
        ("script-src", "'self'"),
        ("style-src", "'self' 'unsafe-inline'"),
    ];
    let expected: BTreeMap<String, String> = expected
        .map(|(name, sources)| (name.to_owned(), sources.to_owned()))
        .into();
    assert_eq!(policy, expected);
    // Tauri adds hashes to the rest; for scripts that must stay so.
    assert_eq!(
        security["dangerousDisableAssetCspModification"],
        json!(["style-src"])
    );
    let members: Vec<&String> = security.as_object().unwrap().keys().collect();
    assert_eq!(members.len(), 3, "{members:?}");
}

/// Whatever runs in the page can call what its capabilities allow.
#[test]
fn the_page_may_hear_events_and_nothing_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("capabilities");
    let files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(files, ["main.json"]);
    let mut main = read("capabilities/main.json");
    let main = main.as_object_mut().unwrap();
    main.remove("$schema");
    main.remove("description");
    let expected = json!({
        "identifier": "main",
        "windows": ["main"],
        "permissions": ["core:event:allow-listen", "core:event:allow-unlisten"],
    });
    assert_eq!(
        Value::Object(main.clone()),
        expected,
        "no `remote` above all"
    );
}

/// What is laid over the configuration changes none of it, and no global of Tauri's is there for scripts to find.
#[test]
fn nothing_that_is_laid_over_widens_it() {
    let configuration = read("tauri.conf.json");
    assert_eq!(configuration["app"]["withGlobalTauri"], json!(false));
    assert_eq!(
        configuration["app"]["security"]["capabilities"],
        json!(["main"])
    );
    assert!(read("tauri.bundle.conf.json").get("app").is_none());
}
