//! Before anyone opens the document: a broken one is set aside, the last good one put in its place, and the user told.
//!
//! tauri-plugin-store ignores a corrupt file in silence and overwrites it; a plain parser refuses to start. Neither is
//! what someone wants whose disk was full for a second.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::document::VERSION;
use crate::store::{Error, last_good, write_atomically};

/// What was done to the settings, for the user to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// What happened.
    pub message: String,
    /// Where what was there before is now.
    pub kept_at: Option<PathBuf>,
}

/// Makes sure that what is at `path` is a JSON object of a version that this Paddock knows, or that nothing is there.
///
/// # Errors
/// [`Error::Newer`]: nothing was touched. [`Error::Read`] or [`Error::Write`] from the disk.
pub fn repair(path: &Path) -> Result<Vec<Notice>, Error> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(Error::Read {
                path: path.to_owned(),
                source,
            });
        }
    };
    let newer = |found: String| Error::Newer {
        path: path.to_owned(),
        found,
        known: VERSION,
    };
    let broken = match check(&text) {
        Ok(Version::Newer(found)) => return Err(newer(found)),
        Ok(Version::Known) => return Ok(Vec::new()),
        Err(reason) => reason,
    };
    let good = match std::fs::read(last_good(path)) {
        Ok(copy) => match check(&copy) {
            // A newer Paddock's as the document would have been: an older one would take away what it does not know.
            Ok(Version::Newer(found)) => return Err(newer(found)),
            Ok(Version::Known) => Some(copy),
            Err(_) => None,
        },
        Err(_) => None,
    };
    let fail = |source: io::Error| Error::Write {
        path: path.to_owned(),
        source,
    };
    let kept_at = set_aside(path, &text).map_err(fail)?;
    let message = match good {
        Some(copy) => {
            write_atomically(path, &copy).map_err(fail)?;
            format!("The settings were unreadable ({broken}); the last good copy was put back.")
        }
        None => {
            std::fs::remove_file(path).map_err(fail)?;
            format!(
                "The settings were unreadable ({broken}) and there is no earlier copy; Paddock starts with fresh ones."
            )
        }
    };
    Ok(vec![Notice {
        message,
        kept_at: Some(kept_at),
    }])
}

/// Whose version a document is of.
enum Version {
    /// Ours or an older one, or it says none.
    Known,
    /// A newer one, as it stands there. What is no version of ours whatever it is may be one of theirs.
    Newer(String),
}

/// The document's version, or what is wrong with it.
fn check(text: &[u8]) -> Result<Version, String> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err("the file is empty".to_owned());
    }
    let document = match serde_json::from_slice::<Value>(text) {
        Ok(Value::Object(document)) => document,
        Ok(_) => return Err("it is not a JSON object".to_owned()),
        Err(error) => return Err(error.to_string()),
    };
    Ok(match document.get("version") {
        None => Version::Known,
        Some(version) => match version.as_u64() {
            Some(number) if number <= u64::from(VERSION) => Version::Known,
            _ => Version::Newer(version.to_string()),
        },
    })
}

/// Keeps a copy of the document as it is, for the user to look at.
///
/// # Errors
/// What the disk says.
pub fn keep_copy(path: &Path) -> io::Result<PathBuf> {
    set_aside(path, &std::fs::read(path)?)
}

/// Copies the text beside the document under a name that is still free.
fn set_aside(path: &Path, text: &[u8]) -> io::Result<PathBuf> {
    for number in 1_u32.. {
        let aside = path.with_extension(format!("broken-{number}.json"));
        match std::fs::read(&aside) {
            Ok(there) if there == text => return Ok(aside),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                write_atomically(&aside, text)?;
                return Ok(aside);
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("no free name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{FileStore, Store};

    fn document(port: u16) -> Value {
        serde_json::json!({"version": 1, "gateway": {"port": port}})
    }

    #[test]
    fn a_broken_document_is_set_aside_and_the_last_good_one_put_back() {
        for broken in [
            &b""[..],
            b"  \n",
            b"{\"version\": 1, \"gate",
            b"[1, 2]",
            b"\x00\xff\xfe",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("settings.json");
            FileStore::new(path.clone()).write(&document(9000)).unwrap();
            std::fs::write(&path, broken).unwrap();

            let notices = repair(&path).unwrap();

            assert_eq!(
                FileStore::new(path).read().unwrap(),
                Some(document(9000)),
                "{broken:?}"
            );
            let kept = notices[0].kept_at.clone().unwrap();
            assert_eq!(
                std::fs::read(kept).unwrap(),
                broken,
                "the user's bytes are not lost"
            );
        }
    }

    #[test]
    fn without_a_good_copy_paddock_starts_fresh_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        std::fs::write(&path, "{").unwrap();
        assert!(repair(&path).unwrap()[0].message.contains("fresh"));
        assert_eq!(FileStore::new(path).read().unwrap(), None);
    }

    #[test]
    fn a_newer_document_is_refused_and_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        std::fs::write(&path, "{\"version\": 99}").unwrap();
        assert!(matches!(repair(&path), Err(Error::Newer { found, .. }) if found == "99"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"version\": 99}");
    }

    /// Taken for ours, it would be written back without what the newer Paddock keeps in it.
    #[test]
    fn a_version_that_is_no_number_of_ours_is_a_newer_one() {
        for version in ["\"2\"", "2.0", "\"1\"", "[1]", "-1", "1e30"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("settings.json");
            let text = format!("{{\"version\": {version}}}");
            std::fs::write(&path, &text).unwrap();
            assert!(
                matches!(repair(&path), Err(Error::Newer { .. })),
                "{version}"
            );
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    /// A newer Paddock whose disk was full, and an older one after it: the copy is the newer one's.
    #[test]
    fn a_newer_copy_of_a_broken_document_is_not_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        std::fs::write(&path, "{\"version\": 2, \"ga").unwrap();
        std::fs::write(last_good(&path), "{\"version\": 2}").unwrap();
        assert!(matches!(repair(&path), Err(Error::Newer { found, .. }) if found == "2"));
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 2, "nothing was made and nothing taken away");
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "{\"version\": 2, \"ga"
        );
    }

    #[test]
    fn a_good_document_and_none_at_all_need_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        assert_eq!(repair(&path).unwrap(), []);
        FileStore::new(path.clone()).write(&document(1)).unwrap();
        assert_eq!(repair(&path).unwrap(), []);
    }
}
