//! An upstream that speaks as `llama-server` does and answers from a recording, piece by piece and with the pauses that
//! the recording says: for tool calls, which no small model makes, for streams that have to arrive byte for byte, and for
//! killing an engine in an exact phase of a request.
//!
//! What answers is the program `recorded-engine` ([`engine`]), added to a home as an engine by its path. What it was asked
//! is kept, so that a test can see what arrived. A recording is a JSON file, see [`Recording`]; it may be changed while
//! the engine runs.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Home;

pub mod engine;

/// What an engine answers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Recording {
    /// Where it is from.
    pub note: String,
    /// How long loading takes.
    pub load_ms: u64,
    /// The first that fits a request is its answer.
    pub answers: Vec<Recorded>,
}

/// One answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Recorded {
    /// The path that it answers; any where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether it answers requests for a stream, or others; both where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// Its status; 200 where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Its type; an event stream where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// The pause before its head.
    #[serde(skip_serializing_if = "is_zero")]
    pub after_ms: u64,
    /// Its body.
    pub pieces: Vec<Piece>,
    /// How the end of the body is told.
    pub framing: Framing,
    /// How it ends.
    pub end: End,
}

/// A part of a body that is sent in one go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Piece {
    /// The pause before it.
    #[serde(skip_serializing_if = "is_zero")]
    pub after_ms: u64,
    /// What is sent, where it is text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// What is sent, where it is no text of its own: a cut character, say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bytes: Vec<u8>,
    /// How many times, each with the pause; once where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Framing {
    /// By an empty chunk.
    #[default]
    Chunked,
    /// By its length.
    Length,
    /// By the end of the connection.
    Close,
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum End {
    /// Whole.
    #[default]
    Whole,
    /// The connection breaks.
    Break,
    /// Never: nothing comes any more.
    Hold,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Piece {
    /// Text, at once.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..Self::default()
        }
    }

    /// Bytes, at once.
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            ..Self::default()
        }
    }

    /// After a pause.
    #[must_use]
    pub fn after(mut self, milliseconds: u64) -> Self {
        self.after_ms = milliseconds;
        self
    }

    /// Again and again.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// What is sent each time.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        if self.bytes.is_empty() {
            self.text.as_bytes()
        } else {
            &self.bytes
        }
    }
}

impl Recorded {
    /// An event stream of these pieces.
    #[must_use]
    pub fn stream(pieces: Vec<Piece>) -> Self {
        Self {
            pieces,
            ..Self::default()
        }
    }

    /// A whole JSON document.
    #[must_use]
    pub fn json(document: &Value) -> Self {
        Self {
            content_type: Some("application/json; charset=utf-8".to_owned()),
            framing: Framing::Length,
            pieces: vec![Piece::text(&document.to_string())],
            ..Self::default()
        }
    }

    /// Only for requests that ask for a stream, or only for those that do not.
    #[must_use]
    pub fn for_stream(mut self, stream: bool) -> Self {
        self.stream = Some(stream);
        self
    }

    /// The whole body.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for piece in &self.pieces {
            for _ in 0..piece.times.unwrap_or(1) {
                body.extend_from_slice(piece.content());
            }
        }
        body
    }
}

impl Recording {
    /// One of `tests/support/recordings`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("support/recordings")
            .join(name);
        let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"))
    }

    /// With these answers.
    #[must_use]
    pub fn of(answers: Vec<Recorded>) -> Self {
        Self {
            answers,
            ..Self::default()
        }
    }
}

/// What an engine was asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Asked {
    /// The model that it is.
    pub model: String,
    /// Its process.
    pub pid: u32,
    /// The request's line and headers.
    pub head: String,
    /// The request's body.
    pub body: String,
}

/// A recorded engine's program and files. It is no process: the engine is started by Paddock.
#[derive(Debug, Clone)]
pub struct RecordedEngine {
    folder: PathBuf,
    script: PathBuf,
}

impl RecordedEngine {
    /// An engine in `home` that answers from `recording`. `program` is the `recorded-engine` binary, and words before the
    /// engine's own arguments.
    #[must_use]
    pub fn new(home: &Home, name: &str, program: &[&str], recording: &Recording) -> Self {
        let folder = home.file(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(engine::ASKED), "").unwrap();
        let words: Vec<String> = program.iter().map(|word| format!("'{word}'")).collect();
        let script = folder.join("recorded-engine");
        // A script, because searched for what engines can do is the file itself.
        let text = format!(
            "#!/bin/sh\n{}='{}' exec {} \"$@\"\n",
            engine::FOLDER,
            folder.display(),
            words.join(" ")
        );
        crate::engines::write_script(&script, &text);
        let new = Self { folder, script };
        new.record(recording);
        new
    }

    /// Keeps nothing of what it is asked, for measurements.
    #[must_use]
    pub fn keeping_nothing(self) -> Self {
        std::fs::remove_file(self.folder.join(engine::ASKED)).unwrap();
        self
    }

    /// Its program, to add it as an engine.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.script
    }

    /// Answers from another recording from now on.
    pub fn record(&self, recording: &Recording) {
        let text = serde_json::to_vec(recording).unwrap();
        // Never half of it: the engine may be reading. And the last one stays for a while, so that this is another file by
        // its number too.
        let (new, old) = (self.folder.join("new.json"), self.folder.join("old.json"));
        let current = self.folder.join(engine::RECORDING);
        std::fs::write(&new, text).unwrap();
        let _ = std::fs::remove_file(&old);
        let _ = std::fs::hard_link(&current, &old);
        std::fs::rename(new, current).unwrap();
    }

    /// When it saw clients go away before their answers were whole.
    #[must_use]
    pub fn left(&self) -> Vec<SystemTime> {
        let text = std::fs::read_to_string(self.folder.join(engine::LEFT)).unwrap_or_default();
        text.lines()
            .map(|line| SystemTime::UNIX_EPOCH + Duration::from_micros(line.parse().unwrap()))
            .collect()
    }

    /// What it was asked so far, by requests that it answered from the recording.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        std::fs::read_to_string(self.folder.join(engine::ASKED))
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}
