//! Why a request cannot be served now. Cheap to clone: everyone who waited for the same thing gets it.

use std::sync::Arc;

use supervisor::Failure;

use crate::run::fit::words;
use crate::schedule::crash::MOST;

/// Why scheduling refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The request names no model, and none is loaded.
    #[error("no model is loaded")]
    NoModelLoaded,
    /// The request names no model, and several are loaded.
    #[error("the request names no model, and {} are loaded", loaded.join(" and "))]
    ModelRequired {
        /// The models that are loaded.
        loaded: Vec<String>,
    },
    /// The model is not loaded, and requests may not load any.
    #[error("{key} is not loaded")]
    NotLoaded {
        /// The model.
        key: String,
    },
    /// As many requests wait for the model as may.
    #[error("{length} requests wait for {key} already")]
    QueueFull {
        /// The model.
        key: String,
        /// How many wait.
        length: usize,
    },
    /// The model does not fit beside what must stay.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The model failed so often that it is left alone.
    #[error("{key} failed {}; the last time: {}", how_often(*count), cause.message)]
    CrashLoop {
        /// The model.
        key: String,
        /// How often it failed in the last two minutes: less than often where it was tried once more.
        count: usize,
        /// How it failed last.
        cause: Arc<Failure>,
    },
    /// An alias is a name of something else already.
    #[error("{alias} is the name of {of} already")]
    AliasTaken {
        /// The name.
        alias: String,
        /// Whose it is.
        of: String,
    },
    /// A name that none can have.
    #[error("{alias:?} cannot be a model's name")]
    BadAlias {
        /// The name.
        alias: String,
    },
    /// No model has this alias.
    #[error("no model has the alias {alias}")]
    NoSuchAlias {
        /// The name.
        alias: String,
    },
    /// The model's file is also that of other entries.
    #[error("{key} has further entries: {}", entries.join(", "))]
    HasAliases {
        /// The model.
        key: String,
        /// The entries with the same file.
        entries: Vec<String>,
    },
}

/// What is needed, what could be had, and what is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRoom {
    /// The model.
    pub key: String,
    /// Bytes that it needs by estimate.
    pub needed_bytes: u64,
    /// Bytes that it could have if all that may end ended.
    pub available_bytes: u64,
    /// As many models run as may, and none may end.
    pub by_count: Option<usize>,
    /// The bound is the user's `limits.memoryBytes`, and not the machine's memory.
    pub by_limit: bool,
    /// The models that stay, and their bytes.
    pub held_by: Vec<(String, u64)>,
}

impl std::error::Error for NoRoom {}

impl std::fmt::Display for NoRoom {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(most) = self.by_count {
            let models = if most == 1 { "model" } else { "models" };
            write!(
                out,
                "{} cannot be loaded: no more than {most} {models} may run at once",
                self.key
            )?;
        } else {
            write!(
                out,
                "{} needs about {} of memory, and {} {}",
                self.key,
                words(self.needed_bytes),
                words_or_none(self.available_bytes),
                if self.by_limit {
                    "are left of the memory that models may take"
                } else {
                    "can be had"
                }
            )?;
        }
        let held: Vec<String> = self
            .held_by
            .iter()
            .map(|(key, bytes)| format!("{key} ({})", words(*bytes)))
            .collect();
        match held.len() {
            0 => Ok(()),
            1 => write!(out, "; {} stays loaded", held[0]),
            _ => write!(out, "; {} stay loaded", held.join(" and ")),
        }
    }
}

/// With a window and without one. What is written into `settings.json` meanwhile would be lost.
fn set_by(name: &str) -> String {
    format!(": on Paddock's Server page, or with `{name}` by `POST /api/v1/gateway`")
}

fn how_often(count: usize) -> String {
    if count < MOST {
        "again when it was tried once more".to_owned()
    } else {
        format!("{count} times in two minutes")
    }
}

fn words_or_none(bytes: u64) -> String {
    if bytes == 0 {
        "none".to_owned()
    } else {
        format!("only {}", words(bytes))
    }
}

impl ScheduleError {
    /// The stable name on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoModelLoaded => "no_model_loaded",
            Self::ModelRequired { .. } => "model_required",
            Self::NotLoaded { .. } => "model_not_loaded",
            Self::QueueFull { .. } => "queue_full",
            Self::NoRoom(_) => "no_room",
            Self::CrashLoop { .. } => "crash_loop",
            Self::AliasTaken { .. } => "alias_taken",
            Self::BadAlias { .. } => "bad_alias",
            Self::NoSuchAlias { .. } => "alias_not_found",
            Self::HasAliases { .. } => "has_aliases",
        }
    }

    /// What to try.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoModelLoaded => {
                "Name one in the request, or load one in Paddock's window or with `paddock load KEY`."
                    .to_owned()
            }
            Self::ModelRequired { .. } => "Name the model in the request.".to_owned(),
            Self::NotLoaded { key } => format!(
                "Load it with `paddock load {key}`, or let requests load models{}.", set_by("loadOnDemand")
            ),
            Self::QueueFull { .. } => {
                "Try again in a moment, or let more wait: `limits.queueLength`, by `POST /api/v1/gateway`."
                    .to_owned()
            }
            Self::NoRoom(room) if room.by_count.is_some() => format!(
                "Unload one of them, no longer keep it loaded, or let more models run{}.",
                set_by("limits.maxLoaded")
            ),
            Self::NoRoom(room) if room.by_limit => format!(
                "Take a smaller context, unload what is kept loaded, or give models more memory{}.",
                set_by("limits.memoryBytes")
            ),
            Self::NoRoom(room) => format!(
                "Take a smaller context or quantization, or close other programs. The estimate may be wrong: `paddock load {}` tries all the same.",
                room.key
            ),
            Self::CrashLoop { key, cause, .. } => {
                let again = format!(
                    "`paddock load {key}` tries again at once; a request does so after two minutes."
                );
                if cause.hint.is_empty() {
                    again
                } else {
                    format!("{} {again}", cause.hint)
                }
            }
            Self::AliasTaken { .. } => "Choose another name.".to_owned(),
            Self::BadAlias { .. } => {
                "Names are made of letters, digits and . _ - + : with at most one / between.".to_owned()
            }
            Self::NoSuchAlias { .. } => "`paddock ls` shows the aliases there are.".to_owned(),
            Self::HasAliases { .. } => "Remove those first.".to_owned(),
        }
    }

    /// The tail of the engine's log.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::CrashLoop { cause, .. } => cause.log_tail.clone(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_on_what_and_what_to_try() {
        let room = |by_count, by_limit, available_bytes, held: &[(&str, u64)]| {
            ScheduleError::from(NoRoom {
                key: "google/gemma".to_owned(),
                needed_bytes: 5_900_000_000,
                available_bytes,
                by_count,
                by_limit,
                held_by: held
                    .iter()
                    .map(|(key, bytes)| ((*key).to_owned(), *bytes))
                    .collect(),
            })
        };
        let cause = Failure {
            code: "engine_killed".to_owned(),
            message: "llama-server ended while it was serving (signal 9, SIGKILL): killed"
                .to_owned(),
            hint: "Memory may have run out.".to_owned(),
            log_tail: vec!["the last line".to_owned()],
        };
        let cause = Arc::new(cause);
        let key = || "google/gemma".to_owned();
        let all = [
            ScheduleError::NoModelLoaded,
            ScheduleError::ModelRequired {
                loaded: vec![key(), "local/tiny".to_owned()],
            },
            ScheduleError::NotLoaded { key: key() },
            ScheduleError::QueueFull {
                key: key(),
                length: 1000,
            },
            room(None, false, 2_100_000_000, &[]),
            room(None, false, 0, &[("local/a", 1_200_000_000)]),
            room(
                None,
                true,
                900_000_000,
                &[("local/a", 1_200_000_000), ("local/b", 7_000_000)],
            ),
            room(Some(1), false, 0, &[("local/a", 1_200_000_000)]),
            room(
                Some(2),
                false,
                0,
                &[("local/a", 1_200_000_000), ("local/b", 7_000_000)],
            ),
            ScheduleError::CrashLoop {
                key: key(),
                count: 5,
                cause: Arc::clone(&cause),
            },
            ScheduleError::CrashLoop {
                key: key(),
                count: 1,
                cause,
            },
            ScheduleError::AliasTaken {
                alias: "chat".to_owned(),
                of: key(),
            },
            ScheduleError::BadAlias {
                alias: "../x".to_owned(),
            },
            ScheduleError::NoSuchAlias {
                alias: "chat".to_owned(),
            },
            ScheduleError::HasAliases {
                key: key(),
                entries: vec!["local/embedder".to_owned()],
            },
        ];
        let shown: Vec<String> = all
            .iter()
            .map(|error| format!("{}: {error}. {}", error.code(), error.hint()))
            .collect();
        insta::assert_snapshot!(shown.join("\n"));
        assert_eq!(all[9].details(), ["the last line"]);
    }
}
