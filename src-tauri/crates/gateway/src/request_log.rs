//! `logs/requests.log`: a line of JSON for each request, off its way. What a request says, and its key, are never in it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use serde::Serialize;

/// Lines that may wait to be written; where the disk is slower than that, lines are left out.
const MOST_WAITING: usize = 4096;
/// A file that is longer than this is set aside.
const LONGEST: u64 = 8 << 20;
/// Files that were set aside and are kept.
const KEPT: u32 = 2;

/// One request, answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    /// When it came, in ISO 8601.
    pub(crate) time: String,
    pub(crate) method: String,
    /// Without its query, which may hold anything.
    pub(crate) path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) model: String,
    pub(crate) status: u16,
    /// To the last byte of the answer.
    pub(crate) milliseconds: u64,
    /// Of the answer's body.
    pub(crate) bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_token_milliseconds: Option<u64>,
    #[serde(skip_serializing_if = "is_none")]
    pub(crate) prompt_tokens: u64,
    #[serde(skip_serializing_if = "is_none")]
    pub(crate) completion_tokens: u64,
    /// The answer was not whole: `client_gone`, or the error's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature.
fn is_none(number: &u64) -> bool {
    *number == 0
}

/// Where lines are handed in. Clones write to the same file.
#[derive(Clone)]
pub(crate) struct RequestLog(SyncSender<Line>);

impl RequestLog {
    /// Writes to `requests.log` in this folder, from a thread of its own that ends with the last clone.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        let (sender, lines) = sync_channel(MOST_WAITING);
        let path = folder.join("requests.log");
        let spawned = std::thread::Builder::new()
            .name("request-log".to_owned())
            .spawn(move || write_all(&path, &lines));
        if let Err(error) = spawned {
            tracing::warn!(%error, "requests will not be logged");
        }
        Self(sender)
    }

    /// Hands a line in, or leaves it out where too many wait.
    pub(crate) fn write(&self, line: Line) {
        let _ = self.0.try_send(line);
    }
}

fn write_all(path: &Path, lines: &Receiver<Line>) {
    let mut file = None;
    while let Ok(line) = lines.recv() {
        let mut batch = Vec::new();
        for line in std::iter::once(line).chain(lines.try_iter()) {
            if serde_json::to_writer(&mut batch, &line).is_ok() {
                batch.push(b'\n');
            }
        }
        if let Err(error) = append(path, &mut file, &batch) {
            // Once: a full disk should not fill another log too.
            if file.take().is_some() {
                tracing::warn!(%error, path = %path.display(), "a request could not be logged");
            }
        }
    }
}

struct Open {
    file: BufWriter<File>,
    length: u64,
}

fn append(path: &Path, open: &mut Option<Open>, batch: &[u8]) -> io::Result<()> {
    if open.as_ref().is_some_and(|open| open.length > LONGEST) {
        *open = None;
        set_aside(path)?;
    }
    let open = match open {
        Some(open) => open,
        None => {
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            let length = file.metadata()?.len();
            open.insert(Open {
                file: BufWriter::new(file),
                length,
            })
        }
    };
    open.length += batch.len() as u64;
    open.file.write_all(batch)?;
    open.file.flush()
}

fn set_aside(path: &Path) -> io::Result<()> {
    let numbered = |number: u32| -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        name.into()
    };
    for number in (1..KEPT).rev() {
        match std::fs::rename(numbered(number), numbered(number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    std::fs::rename(path, numbered(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(path: &str) -> Line {
        Line {
            time: "2026-11-22T00:00:00.000Z".to_owned(),
            method: "POST".to_owned(),
            path: path.to_owned(),
            model: "local/a".to_owned(),
            status: 200,
            milliseconds: 12,
            bytes: 300,
            first_token_milliseconds: None,
            prompt_tokens: 3,
            completion_tokens: 0,
            ended: None,
        }
    }

    #[test]
    fn a_line_is_json_without_what_there_is_not() {
        let text = serde_json::to_string(&line("/v1/x")).unwrap();
        assert_eq!(
            text,
            r#"{"time":"2026-11-22T00:00:00.000Z","method":"POST","path":"/v1/x","model":"local/a","status":200,"milliseconds":12,"bytes":300,"promptTokens":3}"#
        );
    }

    #[test]
    fn the_log_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("requests.log");
        let mut open = None;
        let batch = vec![b'x'; 1 << 20];
        for _ in 0..40 {
            append(&path, &mut open, &batch).unwrap();
        }
        let sizes: Vec<u64> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().metadata().unwrap().len())
            .collect();
        assert_eq!(sizes.len(), 1 + KEPT as usize);
        assert!(
            sizes.iter().all(|size| *size <= LONGEST + (1 << 20)),
            "{sizes:?}"
        );
    }

    #[test]
    fn what_is_handed_in_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let log = RequestLog::in_folder(folder.path());
        log.write(line("/v1/x"));
        let path = folder.path().join("requests.log");
        for _ in 0..200 {
            if std::fs::read_to_string(&path).is_ok_and(|text| text.ends_with("}\n")) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("nothing was written");
    }
}
