//! From an exit status and the log's tail to a cause and a remedy.
//!
//! The engine exits 1 for nearly everything, so the cause is in its words; signals and Windows status codes say the
//! rest. Words are matched as the engine has written them from b4575 to b11434; what no rule knows stays
//! [`FailureCause::Unknown`] and shows the log instead of a guess.

use serde::Serialize;

/// Why an engine ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum FailureCause {
    /// It does not know a flag that it was given.
    UnknownFlag {
        /// The flag, as the engine repeats it.
        flag: String,
    },
    /// It does not take the value of a flag.
    RefusedValue {
        /// The flag, as the engine repeats it.
        flag: String,
        /// The engine's words.
        reason: String,
    },
    /// The model file vanished between our check and its open.
    ModelMissing,
    /// The file does not begin with `GGUF`.
    NotGguf,
    /// The file is empty.
    EmptyModel,
    /// The file ends before its tensors do.
    TruncatedModel,
    /// Somebody else has the port.
    PortInUse,
    /// Memory for the KV cache, the weights or the computation was refused.
    OutOfMemory,
    /// The model is newer than the engine.
    UnknownArchitecture {
        /// `general.architecture` of the model.
        architecture: String,
    },
    /// The dynamic linker did not find a library.
    LibraryMissing {
        /// The library's name, where the linker said it.
        library: Option<String>,
    },
    /// The build uses instructions that this processor does not allow.
    IllegalInstruction,
    /// The engine's own assertion, or an RPC peer that died.
    Aborted,
    /// SIGKILL from outside: on Linux most often the out-of-memory killer.
    Killed,
    /// A memory fault in the engine.
    Crashed,
    /// Ended by a signal that somebody sent.
    Terminated,
    /// The guard was killed, and the engine with it.
    GuardLost,
    /// None of the above.
    Unknown,
}

impl FailureCause {
    /// The stable name of this cause on the wire.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownFlag { .. } => "unknown_flag",
            Self::RefusedValue { .. } => "refused_value",
            Self::ModelMissing => "model_missing",
            Self::NotGguf => "model_not_gguf",
            Self::EmptyModel => "model_empty",
            Self::TruncatedModel => "model_truncated",
            Self::PortInUse => "port_in_use",
            Self::OutOfMemory => "out_of_memory",
            Self::UnknownArchitecture { .. } => "unknown_architecture",
            Self::LibraryMissing { .. } => "library_missing",
            Self::IllegalInstruction => "illegal_instruction",
            Self::Aborted => "engine_aborted",
            Self::Killed => "engine_killed",
            Self::Crashed => "engine_crashed",
            Self::Terminated => "engine_terminated",
            Self::GuardLost => "guard_lost",
            Self::Unknown => "engine_failed",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::UnknownFlag { flag } => format!("this engine does not know the flag {flag}"),
            Self::RefusedValue { flag, reason } => {
                format!("the engine does not take the value of {flag}: {reason}")
            }
            Self::ModelMissing => "the model file is not there any more".to_owned(),
            Self::NotGguf => "the model file is not a GGUF file".to_owned(),
            Self::EmptyModel => "the model file is empty".to_owned(),
            Self::TruncatedModel => "the model file is incomplete".to_owned(),
            Self::PortInUse => "another program took its port".to_owned(),
            Self::OutOfMemory => "not enough memory".to_owned(),
            Self::UnknownArchitecture { architecture } => {
                format!("this engine does not know the model architecture {architecture}")
            }
            Self::LibraryMissing {
                library: Some(library),
            } => format!("the engine lacks its library {library}"),
            Self::LibraryMissing { library: None } => {
                "the engine lacks a shared library".to_owned()
            }
            Self::IllegalInstruction => {
                "this build of the engine uses instructions that this processor does not allow"
                    .to_owned()
            }
            Self::Aborted => "the engine gave up (abort)".to_owned(),
            Self::Killed => {
                "the engine was killed, most often because the system ran out of memory".to_owned()
            }
            Self::Crashed => "the engine crashed (memory fault)".to_owned(),
            Self::Terminated => "the engine was told to end by another program".to_owned(),
            Self::GuardLost => {
                "the engine's guard process was killed, and the engine with it".to_owned()
            }
            Self::Unknown => "the engine gave no reason that Paddock knows".to_owned(),
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::UnknownFlag { .. } => {
                "Remove the option from the model's parameters, or use another engine build."
            }
            Self::RefusedValue { .. } => {
                "Change the value of that parameter, or leave it empty for the engine's own choice."
            }
            Self::ModelMissing => {
                "Reconnect the drive it was on, or import it from where it is now."
            }
            Self::NotGguf => {
                "llama-server loads GGUF files only; download the model in that format."
            }
            Self::EmptyModel | Self::TruncatedModel => {
                "The download was cut off: fetch the file again."
            }
            Self::PortInUse => "Try again; Paddock takes another port each time.",
            Self::OutOfMemory => {
                "Try a smaller context size, a quantized KV cache, fewer GPU layers, or a smaller quantization of the model."
            }
            Self::UnknownArchitecture { .. } => "Use a newer engine build.",
            Self::LibraryMissing {
                library: Some(library),
            } if library.starts_with("GLIBC") => {
                "This build is for a newer system: use an older one, or build llama.cpp on this machine."
            }
            Self::LibraryMissing { library: None } if cfg!(windows) => {
                "Install Microsoft's Visual C++ Redistributable (2015 or newer, x64), then try again; or install the engine again."
            }
            Self::LibraryMissing { .. } => {
                "Unpack the engine's whole archive, not only llama-server, or install it again."
            }
            Self::IllegalInstruction => {
                "Use an engine build made for this processor, or a portable one."
            }
            Self::Aborted => {
                "The log's last lines say why. If a remote (RPC) device was used, check that it is still up."
            }
            Self::Killed => {
                "Close other programs, try a smaller context size, or a smaller quantization of the model."
            }
            Self::Crashed => {
                "Try another engine build; if it happens again, report it with the log."
            }
            Self::Terminated | Self::GuardLost => "Load the model again.",
            Self::Unknown => "The log's last lines may say why.",
        }
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitKind {
    /// It returned this code.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
    /// The guard vanished, so nobody saw how.
    GuardLost,
}

impl std::fmt::Display for ExitKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // Windows reports faults as NTSTATUS values, which nobody recognises in decimal.
            Self::Code(code) if *code < 0 => write!(formatter, "exit code 0x{code:08X}"),
            Self::Code(code) => write!(formatter, "exit code {code}"),
            Self::Signal(signal) => match signal_name(*signal) {
                Some(name) => write!(formatter, "signal {signal}, {name}"),
                None => write!(formatter, "signal {signal}"),
            },
            Self::GuardLost => formatter.write_str("guard lost"),
        }
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        _ => return None,
    })
}

/// The end of an engine that nobody asked for: cause, sentence, remedy, log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExitReport {
    /// What happened, typed.
    pub cause: FailureCause,
    /// `exit code 1`, `signal 4, SIGILL`.
    pub status: String,
    /// What failed, in words.
    pub message: String,
    /// What to try.
    pub hint: String,
    /// The last lines of the log, oldest first.
    pub log_tail: Vec<String>,
}

impl ExitReport {
    /// Reads the cause from how the process ended and what it last said.
    #[must_use]
    pub fn new(exit: ExitKind, log_tail: Vec<String>) -> Self {
        let cause = classify(exit, &log_tail);
        let complaint = || log_tail.iter().find_map(|line| complaint_in(line));
        // What no rule knows is best said in the engine's own words.
        let said = match cause {
            FailureCause::Unknown => complaint().map(|words| format!("the engine says: {words}")),
            _ => None,
        };
        Self {
            message: said.unwrap_or_else(|| cause.message()),
            hint: cause.hint().to_owned(),
            status: exit.to_string(),
            cause,
            log_tail,
        }
    }

    /// Neither the exit nor the words say anything, as when the engine's log was lost.
    pub(crate) fn is_silent(&self) -> bool {
        let complains = |line: &String| {
            line.contains(" E ") || line.contains("error") || line.contains("failed")
        };
        self.cause == FailureCause::Unknown && !self.log_tail.iter().any(complains)
    }
}

/// A phrase of the engine's and what it means. The first that matches wins, so specific ones come first.
const PHRASES: &[(&str, FailureCause)] = &[
    ("couldn't bind HTTP server socket", FailureCause::PortInUse),
    ("couldn't bind to server socket", FailureCause::PortInUse),
    ("not within the file bounds", FailureCause::TruncatedModel),
    (
        "model is corrupted or incomplete",
        FailureCause::TruncatedModel,
    ),
    ("invalid magic characters", FailureCause::NotGguf),
    ("failed to read magic", FailureCause::EmptyModel),
    // The file ends within its header.
    ("failed to read header", FailureCause::TruncatedModel),
    (
        "failed to read key-value pairs",
        FailureCause::TruncatedModel,
    ),
    ("failed to read tensor info", FailureCause::TruncatedModel),
    (
        "failed to allocate buffer for kv cache",
        FailureCause::OutOfMemory,
    ),
    ("failed to allocate compute", FailureCause::OutOfMemory),
    ("unable to allocate", FailureCause::OutOfMemory),
    ("failed to allocate", FailureCause::OutOfMemory),
    ("out of memory", FailureCause::OutOfMemory),
    ("std::bad_alloc", FailureCause::OutOfMemory),
];

fn classify(exit: ExitKind, log_tail: &[String]) -> FailureCause {
    match exit {
        ExitKind::GuardLost => return FailureCause::GuardLost,
        // 132 is what a shell makes of signal 4.
        ExitKind::Signal(4) | ExitKind::Code(132 | STATUS_ILLEGAL_INSTRUCTION) => {
            return FailureCause::IllegalInstruction;
        }
        ExitKind::Signal(9) => return FailureCause::Killed,
        ExitKind::Signal(1 | 2 | 15) => return FailureCause::Terminated,
        ExitKind::Code(127 | STATUS_DLL_NOT_FOUND) => {
            return FailureCause::LibraryMissing {
                library: missing_library(log_tail),
            };
        }
        _ => {}
    }
    if let Some(library) = missing_library(log_tail) {
        return FailureCause::LibraryMissing {
            library: Some(library),
        };
    }
    for line in log_tail {
        if let Some(flag) = after(line, "error: invalid argument: ") {
            return FailureCause::UnknownFlag {
                flag: flag.to_owned(),
            };
        }
        if let Some(refused) = refused_value(line) {
            return refused;
        }
        if let Some(architecture) = after(line, "unknown model architecture: '") {
            let architecture = architecture.trim_end_matches('\'').to_owned();
            return FailureCause::UnknownArchitecture { architecture };
        }
        if line.contains("failed to open GGUF file") && line.contains("No such file") {
            return FailureCause::ModelMissing;
        }
    }
    for (phrase, cause) in PHRASES {
        if log_tail.iter().any(|line| line.contains(phrase)) {
            return cause.clone();
        }
    }
    match exit {
        // After the words: an end for lack of memory is better called by that name. Some builds say that they failed to
        // allocate the KV cache and then run into a memory fault (b10068).
        ExitKind::Signal(6) => FailureCause::Aborted,
        ExitKind::Signal(7 | 11) | ExitKind::Code(STATUS_ACCESS_VIOLATION) => FailureCause::Crashed,
        _ => FailureCause::Unknown,
    }
}

/// `error while handling argument "--device": invalid device: Vulkan9`.
fn refused_value(line: &str) -> Option<FailureCause> {
    const TEMPLATE: &str = "the supplied chat template is not supported";
    let (flag, reason) = match after(line, "error while handling argument \"") {
        Some(rest) => rest.split_once("\": ")?,
        None if line.contains(TEMPLATE) => ("--chat-template", "it is no template that it can run"),
        None => return None,
    };
    // The names of C++'s own functions.
    let reason = match reason.trim() {
        "stoi" | "stof" | "stod" | "stol" | "stoll" | "stoul" => "it is no number, or too large",
        words => words,
    };
    Some(FailureCause::RefusedValue {
        flag: flag.to_owned(),
        reason: reason.to_owned(),
    })
}

/// The words of a line that the engine marks as an error, without its time and the function's name:
/// `0.00.016.615 E llama_model_load: error loading model: Parenthesis is not closed.`
fn complaint_in(line: &str) -> Option<&str> {
    let (time, rest) = line.split_once(" E ")?;
    if !time
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return None;
    }
    let words = rest.split_once(": ").map_or(rest, |(_, words)| words);
    Some(words.trim().trim_end_matches('.')).filter(|words| !words.is_empty())
}

const STATUS_ILLEGAL_INSTRUCTION: i32 = 0xC000_001D_u32.cast_signed();
const STATUS_ACCESS_VIOLATION: i32 = 0xC000_0005_u32.cast_signed();
const STATUS_DLL_NOT_FOUND: i32 = 0xC000_0135_u32.cast_signed();

/// `… error while loading shared libraries: libllama.so: cannot open …` (glibc), `Library not loaded: @rpath/…` (dyld).
/// A system that is too old lacks a version of its C library: ``version `GLIBC_2.38' not found (required by …)``.
fn missing_library(log_tail: &[String]) -> Option<String> {
    log_tail.iter().find_map(|line| {
        if line.contains("not found (required by")
            && let Some(version) = after(line, "version `")
        {
            return version.split('\'').next().map(str::to_owned);
        }
        let rest = after(line, "error while loading shared libraries: ")
            .or_else(|| after(line, "Library not loaded: "))?;
        Some(rest.split(':').next().unwrap_or(rest).trim().to_owned())
    })
}

fn after<'line>(line: &'line str, marker: &str) -> Option<&'line str> {
    line.split_once(marker).map(|(_, rest)| rest.trim())
}

#[cfg(test)]
#[path = "exit_report_tests.rs"]
mod tests;
