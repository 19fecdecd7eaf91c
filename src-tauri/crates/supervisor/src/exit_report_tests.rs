//! The words of engines that died, and what they mean.

use super::*;

fn cause(exit: ExitKind, line: &str) -> FailureCause {
    ExitReport::new(exit, vec!["an earlier line".to_owned(), line.to_owned()]).cause
}

/// The table in the engine facts, row by row, in the engine's own words. The journeys produce the same rows with
/// the real engine; this says which words they rest on. (Start failures that say nothing: llama-swap#789.)
#[test]
fn every_row_of_the_failure_table_has_its_cause() {
    let one = ExitKind::Code(1);
    for (exit, line, expected) in [
        (
            one,
            "error: invalid argument: --mlokc",
            FailureCause::UnknownFlag {
                flag: "--mlokc".to_owned(),
            },
        ),
        (
            one,
            "E gguf_init_from_file: failed to open GGUF file '/m.gguf' (No such file or directory)",
            FailureCause::ModelMissing,
        ),
        (
            one,
            "E gguf_init_from_reader: invalid magic characters: '<htm', expected 'GGUF'",
            FailureCause::NotGguf,
        ),
        (
            one,
            "E gguf_init_from_reader: failed to read magic",
            FailureCause::EmptyModel,
        ),
        (
            one,
            "E llama_model_load: error loading model: tensor 'blk.3.ffn_up.weight' data is not within the file bounds, model is corrupted or incomplete",
            FailureCause::TruncatedModel,
        ),
        (
            one,
            "E start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 8080",
            FailureCause::PortInUse,
        ),
        (
            one,
            "E init: failed to allocate buffer for kv cache",
            FailureCause::OutOfMemory,
        ),
        (
            one,
            "E llama_model_load: error loading model: unknown model architecture: 'llama9'",
            FailureCause::UnknownArchitecture {
                architecture: "llama9".to_owned(),
            },
        ),
        (
            ExitKind::Code(127),
            "llama-server: error while loading shared libraries: libllama.so.0: cannot open shared object file: No such file or directory",
            FailureCause::LibraryMissing {
                library: Some("libllama.so.0".to_owned()),
            },
        ),
        (
            ExitKind::Signal(6),
            "GGML_ASSERT failed",
            FailureCause::Aborted,
        ),
        (ExitKind::Signal(9), "", FailureCause::Killed),
        (
            ExitKind::Signal(4),
            "AMX is not ready to be used!",
            FailureCause::IllegalInstruction,
        ),
        (
            ExitKind::Code(0xC000_001D_u32.cast_signed()),
            "",
            FailureCause::IllegalInstruction,
        ),
        (ExitKind::Signal(11), "", FailureCause::Crashed),
        (
            ExitKind::Signal(11),
            "E llama_init_from_model: failed to initialize the context: failed to allocate buffer for kv cache",
            FailureCause::OutOfMemory,
        ),
        (
            one,
            "E gguf_init_from_reader: failed to read key-value pairs",
            FailureCause::TruncatedModel,
        ),
        (one, "something new", FailureCause::Unknown),
    ] {
        assert_eq!(cause(exit, line), expected, "{exit} with {line:?}");
    }
}

#[test]
fn silence_is_told_from_words_that_no_rule_knows() {
    let report = |line: &str| ExitReport::new(ExitKind::Code(1), vec![line.to_owned()]);
    assert!(report("0.00.1 I srv  load_model: loading model '/m.gguf'").is_silent());
    assert!(!report("0.00.1 E srv  something: new").is_silent());
    assert!(!report("error: invalid argument: --x").is_silent());
    assert!(!ExitReport::new(ExitKind::Signal(9), Vec::new()).is_silent());
}

#[test]
fn what_shells_and_old_systems_say_is_understood() {
    assert_eq!(
        cause(ExitKind::Code(132), "Illegal instruction"),
        FailureCause::IllegalInstruction
    );
    let line = "llama-server: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by ./libllama.so)";
    let report = ExitReport::new(ExitKind::Code(1), vec![line.to_owned()]);
    assert_eq!(
        report.cause,
        FailureCause::LibraryMissing {
            library: Some("GLIBC_2.38".to_owned())
        }
    );
    assert!(report.hint.contains("newer system"), "{}", report.hint);
}

#[test]
fn every_cause_says_what_to_try() {
    for exit in [
        ExitKind::Code(1),
        ExitKind::Code(127),
        ExitKind::Signal(4),
        ExitKind::Signal(9),
        ExitKind::GuardLost,
    ] {
        let report = ExitReport::new(exit, Vec::new());
        assert!(
            !report.hint.is_empty() && !report.message.is_empty(),
            "{exit}"
        );
    }
}

#[test]
fn a_status_reads_as_a_person_would_say_it() {
    assert_eq!(ExitKind::Code(1).to_string(), "exit code 1");
    assert_eq!(ExitKind::Signal(4).to_string(), "signal 4, SIGILL");
    assert_eq!(
        ExitKind::Code(STATUS_ILLEGAL_INSTRUCTION).to_string(),
        "exit code 0xC000001D"
    );
}

/// Parameters that the parser refuses, and complaints that no rule knows: b10068's own words.
#[test]
fn what_the_engine_says_of_a_value_is_told() {
    let said = |line: &str| {
        let tail = vec!["0.00.016.001 I load: fine".to_owned(), line.to_owned()];
        ExitReport::new(ExitKind::Code(1), tail).message
    };
    for (line, message) in [
        (
            "error while handling argument \"--device\": invalid device: Vulkan9",
            "the engine does not take the value of --device: invalid device: Vulkan9",
        ),
        (
            "error while handling argument \"--temp\": stof",
            "the engine does not take the value of --temp: it is no number, or too large",
        ),
        (
            "error: the supplied chat template is not supported: {{bad",
            "the engine does not take the value of --chat-template: it is no template that it can run",
        ),
        (
            "0.00.016.615 E llama_model_load: error loading model: Parenthesis is not closed.",
            "the engine says: error loading model: Parenthesis is not closed",
        ),
        (
            "0.00.016.615 W load: E is only a letter",
            "the engine gave no reason that Paddock knows",
        ),
    ] {
        assert_eq!(said(line), message);
    }
}
