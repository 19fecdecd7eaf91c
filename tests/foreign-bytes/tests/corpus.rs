//! The corpus of the fuzz targets, in which every finding has its file: each is checked as the target would.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        // The name is what is wanted where one fails.
        eprintln!("{}", path.display());
        check(&std::fs::read(&path).unwrap());
        count += 1;
    }
    assert!(count > 2, "{} is nearly empty", folder.display());
}

macro_rules! replays {
    ($($target:ident: $module:ident),* $(,)?) => {
        $(
            #[test]
            fn $target() {
                replay(stringify!($target), foreign_bytes::$module::check);
            }
        )*
    };
}

replays! {
    api_body: api_body,
    archive: archive,
    deep_link: deep_link,
    engine_help: engine_help,
    header: header,
    hub_json: hub_json,
    release_json: release_json,
    settings: settings_document,
}
