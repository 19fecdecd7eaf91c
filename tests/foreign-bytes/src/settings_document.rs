//! `settings.json`, whatever is in it: written by a newer or an older Paddock, by hand, or by a disk that failed.
//!
//! Promises: what cannot be read is kept beside it to the byte; a newer document is not touched; what opens can be saved
//! and opened again as the same, after a damage too; and no member that this version does not know is lost, and no key.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use serde_json::Value;
use settings::{
    DesktopSettings, Error, FileStore, Keeper, Problem, SettingsDocument, read_document, repair,
};

/// Opens the bytes as the settings.
pub fn check(bytes: &[u8]) {
    let folder = crate::archive::world();
    let path = folder.path().join("settings.json");
    fs::write(&path, bytes).unwrap();
    let peeked = DesktopSettings::peek(&path);
    let notices = match repair(&path) {
        Ok(notices) => notices,
        Err(Error::Newer { .. }) => return assert_eq!(fs::read(&path).unwrap(), bytes),
        Err(error) => panic!("{error}"),
    };
    let (keeper, problems) = open(&path);
    let settings = keeper.get();
    if let Some(notice) = notices.first() {
        let kept = notice.kept_at.as_ref().unwrap();
        assert_eq!(fs::read(kept).unwrap(), bytes);
        assert!(!path.exists(), "there was no good copy to put back");
    } else {
        assert_eq!(fs::read(&path).unwrap(), bytes);
        let document = serde_json::from_slice(bytes).unwrap();
        nothing_is_lost(document, &settings, &problems);
        assert!(!problems.is_empty() || DesktopSettings::of(&settings.desktop) == peeked);
    }
    survives_saving(&path, &keeper);
}

fn open(path: &Path) -> (Keeper, Vec<Problem>) {
    Keeper::open(Box::new(FileStore::new(path.to_owned()))).unwrap()
}

fn survives_saving(path: &Path, keeper: &Keeper) {
    let mut desktop = DesktopSettings::of(&keeper.get().desktop);
    desktop.start_hidden = !desktop.start_hidden;
    keeper
        .update(|settings| desktop.put(&mut settings.desktop))
        .unwrap();
    let saved = keeper.get();
    assert_eq!(DesktopSettings::of(&saved.desktop), desktop);
    assert_eq!(repair(path).unwrap(), []);
    let (again, problems) = open(path);
    let problems = but_of_keys(problems);
    assert_eq!((again.get(), problems), (saved.clone(), Vec::new()));
    // The next save is cut off.
    fs::write(path, b"{\"version\": 1, \"eng").unwrap();
    assert_eq!(repair(path).unwrap().len(), 1);
    assert_eq!(open(path).0.get(), saved);
}

/// Every member of the document is in the settings, but for those parts that were reported as unreadable.
fn nothing_is_lost(mut document: Value, settings: &SettingsDocument, problems: &[Problem]) {
    let written = serde_json::to_value(settings).unwrap();
    let (again, more) = read_document(written.clone());
    assert_eq!((&again, but_of_keys(more)), (settings, Vec::new()));
    let members = document.as_object_mut().unwrap();
    members.remove("version");
    for problem in problems {
        assert!(!problem.reason.is_empty());
        take_out(members, &problem.place);
    }
    is_kept(&document, &written, "");
}

/// A key that cannot be read stays as it is, and is told each time.
fn but_of_keys(problems: Vec<Problem>) -> Vec<Problem> {
    let all = problems.into_iter();
    all.filter(|problem| !problem.place.starts_with("keys"))
        .collect()
}

/// `gateway`, `models.local/x`, `installed.b1`, which is below `engines`.
fn take_out(members: &mut serde_json::Map<String, Value>, place: &str) {
    let (list, key) = match place.split_once('.') {
        Some((list, key)) => (list, Some(key)),
        None => (place, None),
    };
    let list = match list {
        "installed" => members.get_mut("engines").map(|it| &mut it["installed"]),
        list => members.get_mut(list),
    };
    match (list, key) {
        (Some(Value::Object(list)), Some(key)) => drop(list.remove(key)),
        (Some(list), None) => *list = Value::Null,
        _ => {}
    }
}

fn is_kept(read: &Value, written: &Value, place: &str) {
    match (read, written) {
        // Absent and null are the same.
        (Value::Null, _) => {}
        (Value::Object(read), Value::Object(written)) => {
            for (name, value) in read {
                let place = format!("{place}.{name}");
                match written.get(name) {
                    Some(written) => is_kept(value, written, &place),
                    None => assert!(is_default(value), "{place} is lost"),
                }
            }
        }
        (Value::Array(read), Value::Array(written)) => {
            assert_eq!(read.len(), written.len(), "{place}");
            for (read, written) in read.iter().zip(written) {
                is_kept(read, written, place);
            }
        }
        _ => assert!(read == written || is_same_address(read, written), "{place}"),
    }
}

/// What is as by default need not be written.
fn is_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

/// One address may be written in several ways.
fn is_same_address(one: &Value, other: &Value) -> bool {
    let address = |value: &Value| value.as_str()?.parse::<IpAddr>().ok();
    address(one).is_some() && address(one) == address(other)
}
