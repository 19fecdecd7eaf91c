//! `paddock://` links, and what people paste to name a model.
//!
//! Promises: what is understood names a repository that may be one, a file that stays in the repository and in the
//! folder that it is put into, and an address of the hub's; written as a link again it means the same.

use std::path::Path;

use hub::{Reference, is_link, parse_link, parse_reference};

use crate::hub_json::{any_hub, is_a_name, is_in_repository, stays_inside};
use crate::message::is_presentable;

/// Reads the bytes as a link, and as pasted text.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match parse_link(&text) {
        Ok(reference) => {
            assert!(is_link(&text));
            is_sound(&reference);
        }
        Err(error) => is_presentable(&error.to_string()),
    }
    match parse_reference(&text, "http://127.0.0.1:9000/base") {
        Ok(reference) => is_sound(&reference),
        Err(error) => is_presentable(&error.to_string()),
    }
}

fn is_sound(reference: &Reference) {
    let hub = any_hub();
    is_a_name(&reference.repo);
    let revision = reference.revision.as_deref().unwrap_or("main");
    is_in_repository(&hub, &reference.repo, revision, "m.gguf");
    if let Some(file) = &reference.file {
        is_in_repository(&hub, &reference.repo, revision, file);
        let folder = Path::new("/folder");
        if let Ok(path) = download::safe_join(folder, file) {
            stays_inside(folder, &path);
        }
    }
    let link = link_to(reference);
    if reference.quantization.is_none() && is_link(&link) {
        assert_eq!(&parse_link(&link).unwrap(), reference, "{link}");
    }
}

fn link_to(reference: &Reference) -> String {
    let mut link = format!("paddock://models/huggingface/{}?", reference.repo);
    for (name, value) in [("file", &reference.file), ("revision", &reference.revision)] {
        if let Some(value) = value {
            let value: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
            link.push_str(&format!("{name}={value}&"));
        }
    }
    link
}
