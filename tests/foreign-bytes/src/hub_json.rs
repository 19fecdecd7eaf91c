//! What a hub answers: lists of repositories and files, one repository, refusals, `Link` headers, model cards.
//!
//! Promises: every name that is taken over can stand in an address and in a path; sizes can be added up; what the files
//! are folded into has each of them and a name of its own; every address that is made is one of the hub's; and no
//! refusal repeats foreign words without end.

use std::collections::HashSet;
use std::path::{Component, Path};

use http::header;
use hub::{About, Hub, HubSettings, Repo, RepoFile, RepoId, RepoSummary, Variant, variants};
use reqwest::Url;

use crate::message::{Message, is_presentable};

/// Longer summaries are no summaries.
const LONGEST_SUMMARY: usize = 330;

/// Reads the bytes as an answer of the hub.
pub fn check(bytes: &[u8]) {
    let message = Message::read(bytes);
    let hub = any_hub();
    let asked = RepoId::parse("owner/name").unwrap();
    refusal(&hub, &asked, &message);
    if let Some(link) = message.headers.get(header::LINK) {
        let _ = link.to_str().map(hub::next_cursor);
    }
    match RepoSummary::parse_list(message.body) {
        Ok(rows) => rows.iter().for_each(|row| is_a_name(&row.id)),
        Err(error) => is_presentable(&hub.malformed(&error).to_string()),
    }
    match Repo::parse(message.body, &asked) {
        Ok(repo) => {
            is_a_name(&repo.id);
            assert!(!repo.sha.is_empty() && repo.sha.chars().all(char::is_alphanumeric));
        }
        Err(error) => is_presentable(&hub.malformed(&error).to_string()),
    }
    if let Ok(files) = RepoFile::parse_list(message.body) {
        are_files(&hub, &asked, &files);
    }
    if let Some(summary) = hub::card_summary(&String::from_utf8_lossy(message.body)) {
        assert!(!summary.is_empty() && summary.chars().count() < LONGEST_SUMMARY);
        assert!(!summary.contains('\n'));
    }
}

pub(crate) fn any_hub() -> Hub {
    thread_local!(static HUB: Hub = {
        let client = http_client::loopback().build().unwrap();
        Hub::new(client, HubSettings::default()).unwrap()
    });
    HUB.with(Hub::clone)
}

pub(crate) fn is_a_name(id: &RepoId) {
    assert_eq!(RepoId::parse(&id.to_string()).as_ref().ok(), Some(id));
    for part in [id.owner(), id.name()] {
        let mut components = Path::new(part).components();
        assert!(matches!(components.next(), Some(Component::Normal(_))));
        assert_eq!(components.next(), None);
    }
}

fn refusal(hub: &Hub, asked: &RepoId, message: &Message<'_>) {
    let (revision, path) = ("main", "m.gguf");
    for about in [
        About::Search,
        About::Revision(asked, revision),
        About::File(asked, revision, path),
    ] {
        let error = hub.refusal(message.status, &message.headers, message.body, &about);
        assert!(!error.code().is_empty() && !error.hint().is_empty());
        is_presentable(&error.to_string());
    }
}

fn are_files(hub: &Hub, repo: &RepoId, files: &[RepoFile]) {
    for file in files {
        if let Some(sha256) = &file.sha256 {
            let is_hex = |byte: u8| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase();
            assert!(sha256.len() == 64 && sha256.bytes().all(is_hex));
        }
        let folder = Path::new("/folder");
        if let Ok(path) = download::safe_join(folder, &file.path) {
            stays_inside(folder, &path);
            is_in_repository(hub, repo, "main", &file.path);
        }
    }
    let found = variants(files);
    if are_distinct(files.iter().map(|file| file.path.as_str())) {
        let names = || found.iter().map(|variant| variant.name.as_str());
        assert!(are_distinct(names()), "{:?}", names().collect::<Vec<_>>());
    }
    for variant in &found {
        is_a_variant(variant, files);
    }
}

fn are_distinct<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    let mut seen = HashSet::new();
    names.all(|name| seen.insert(name))
}

fn is_a_variant(variant: &Variant, files: &[RepoFile]) {
    assert!(!variant.files.is_empty() && variant.missing.len() < 10);
    assert!(variant.files.iter().all(|file| files.contains(file)));
    let all: u64 = variant.files.iter().map(|file| file.size_bytes).sum();
    assert_eq!(variant.size_bytes, all);
    assert!(variant.model_size_bytes() <= all);
    assert!(variant.is_named(&variant.name), "{variant:?}");
    if let Some(projector) = &variant.projector {
        assert!(variant.files.iter().any(|file| &file.path == projector));
    }
}

/// The path has no parts but plain ones below the folder.
pub(crate) fn stays_inside(folder: &Path, path: &Path) {
    let below = path.strip_prefix(folder).unwrap();
    assert!(below.components().count() > 0);
    let is_plain = |part| matches!(part, Component::Normal(_));
    assert!(below.components().all(is_plain), "{}", path.display());
}

/// The address of the file is one of the hub's, below the repository's own.
pub(crate) fn is_in_repository(hub: &Hub, repo: &RepoId, revision: &str, path: &str) {
    let url = Url::parse(&hub.resolve_url(repo, revision, path)).unwrap();
    let home = Url::parse(hub.endpoint()).unwrap();
    assert_eq!(url.origin(), home.origin());
    let start = format!("/{repo}/resolve/");
    assert!(url.path().starts_with(&start), "{url}");
    assert_eq!((url.query(), url.fragment()), (None, None));
}
