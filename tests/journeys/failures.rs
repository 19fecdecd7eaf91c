//! Every way in which an engine fails has a typed cause, a sentence and a remedy; shown with the real engine.
//!
//! Most rows are at the supervisor, because the core's own checks catch some of these causes earlier. (Start failures
//! that say nothing: llama-swap #789, Jan's "upstream command exited prematurely".)

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use supervisor::{ExitReport, FailureCause, LaunchSpec, PortSource, ServerState, StartError};
use test_support::home::TINY;
use test_support::host::pid_in;
use test_support::lab::pid_of;
use test_support::redact::redact;
use test_support::{Home, Lab, engines, environment, models, processes};

/// A report is of use: it has the code that the UI's table knows, words, a remedy and what the engine said.
#[track_caller]
fn assert_report(report: &ExitReport, cause: &FailureCause, code: &str) {
    assert_eq!(report.cause, *cause, "{report:#?}");
    assert_eq!(report.cause.code(), code);
    assert!(
        !report.message.is_empty() && report.hint.ends_with('.'),
        "{report:#?}"
    );
    assert!(
        !report.log_tail.is_empty(),
        "the engine said something: {report:#?}"
    );
    let error = StartError::ExitedEarly(Arc::new(report.clone()));
    let expected = format!(
        "llama-server exited early ({}): {}",
        report.status, report.message
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!((error.code(), error.hint()), (code, report.hint.clone()));
}

fn on(binary: &Path, spec: LaunchSpec) -> LaunchSpec {
    LaunchSpec {
        binary: binary.to_owned(),
        ..spec
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_without_its_library_is_named_so() {
    let lab = Lab::new();
    let binary = engines::without_library(&lab.home.file("half"));
    let report = lab.report(on(&binary, lab.spec(&lab.tiny(), &[]))).await;
    let FailureCause::LibraryMissing {
        library: Some(library),
    } = &report.cause
    else {
        panic!("{report:#?}");
    };
    assert!(library.starts_with("libllama.so"), "{library}");
    assert_report(&report, &report.cause.clone(), "library_missing");
    assert_eq!(report.status, "exit code 127");
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_off_model_is_named_so_wherever_it_was_cut() {
    let lab = Lab::new();
    // In the tensors, in the header's key-value pairs, and behind the magic: what a check of four bytes lets pass.
    for size_bytes in [60_000_000, 50_000, 4] {
        let cut = lab.home.file("cut.gguf");
        models::truncated(&cut, size_bytes);
        let report = lab.report(lab.spec(&cut, &[])).await;
        assert_report(&report, &FailureCause::TruncatedModel, "model_truncated");
        assert_eq!(report.status, "exit code 1");
    }
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_model_or_no_engine_is_refused_before_anything_is_spawned() {
    let lab = Lab::new();
    let running = lab.ready(lab.spec(&lab.tiny(), &[])).await;
    let empty = lab.home.file("empty.gguf");
    models::write(&empty, b"");
    let page = lab.home.file("page.gguf");
    models::write(&page, b"<html>log in to download</html>");
    let missing = lab.home.file("missing.gguf");
    for (model, code) in [
        (&*empty, "model_not_gguf"),
        (&page, "model_not_gguf"),
        (&missing, "model_missing"),
        (lab.home.folder(), "model_not_a_file"),
    ] {
        let error = lab.error(lab.spec(model, &[])).await;
        assert_eq!(error.code(), code, "{error}");
        assert!(
            error.to_string().contains(&*model.to_string_lossy()),
            "{error}"
        );
        assert!(!error.hint().is_empty(), "{error}");
    }
    for (binary, code) in [
        (&*lab.home.file("none"), "engine_missing"),
        (lab.home.folder(), "engine_not_a_file"),
        (&lab.tiny(), "engine_not_executable"),
    ] {
        let error = lab.error(on(binary, lab.spec(&lab.tiny(), &[]))).await;
        assert_eq!(error.code(), code, "{error}");
    }
    assert_eq!(
        running.status().state,
        ServerState::Ready,
        "it ran all the while"
    );
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_vanishes_after_the_check_is_named_so() {
    let lab = Lab::new();
    let model = lab.tiny();
    // The engine as it is, after the drive was pulled.
    let script = format!(
        "#!/bin/sh\nrm '{}'\nexec '{}' \"$@\"\n",
        model.display(),
        environment::engine().display()
    );
    let binary = engines::that_hangs(&lab.home.file("puller"));
    std::fs::write(&binary, script).unwrap();
    let report = lab.report(on(&binary, lab.spec(&model, &[]))).await;
    assert_report(&report, &FailureCause::ModelMissing, "model_missing");
    lab.end().await;
}

/// Ports as given; the last one again and again.
struct Ports {
    ports: Vec<u16>,
    asked: AtomicUsize,
}

impl PortSource for Ports {
    fn free_port(&self) -> Option<u16> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        self.ports.get(asked).or(self.ports.last()).copied()
    }
}

fn ports(ports: Vec<u16>) -> Arc<Ports> {
    let asked = AtomicUsize::new(0);
    Arc::new(Ports { ports, asked })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_somebody_else_was_quicker_to_take_is_never_seen_by_the_user() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken_port = taken.local_addr().unwrap().port();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let free_port = free.local_addr().unwrap().port();
    drop(free);
    let source = ports(vec![taken_port, taken_port, free_port]);
    let lab = Lab::with_ports(source.clone());
    let server = lab.ready(lab.spec(&lab.tiny(), &[])).await;
    let url = format!("http://127.0.0.1:{free_port}");
    assert_eq!(server.status().server_url, Some(url));
    assert_eq!(source.asked.load(Ordering::Relaxed), 3);
    lab.end().await;
}

/// The words about a lost port are those of the try before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_after_a_lost_port_has_its_own_cause() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken_port = taken.local_addr().unwrap().port();
    let free_port = supervisor::EphemeralPorts.free_port().unwrap();
    let lab = Lab::with_ports(ports(vec![taken_port, free_port]));
    let cut = lab.home.file("cut.gguf");
    models::truncated(&cut, 60_000_000);
    let report = lab.report(lab.spec(&cut, &[])).await;
    assert_report(&report, &FailureCause::TruncatedModel, "model_truncated");
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_any_free_port_the_load_ends_and_says_so() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let lab = Lab::with_ports(ports(vec![taken.local_addr().unwrap().port()]));
    let error = lab.error(lab.spec(&lab.tiny(), &[])).await;
    assert_eq!(error.to_string(), "could not find a free port");
    assert_eq!(error.code(), "no_free_port");
    lab.end().await;
}

/// Another server that answers on the port, healthy and with models, is not taken for ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_on_the_port_is_not_taken_for_the_engine() {
    let other = Lab::new();
    let spec = LaunchSpec {
        key: "local/stranger".to_owned(),
        ..other.spec(&other.tiny(), &[])
    };
    let stranger = other.ready(spec).await;
    let url = stranger.status().server_url.unwrap();
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    let lab = Lab::with_ports(ports(vec![port]));
    let hanging = engines::that_hangs(&lab.home.file("hanging"));
    let spec = LaunchSpec {
        load_timeout: Duration::from_secs(1),
        ..on(&hanging, lab.spec(&lab.tiny(), &[]))
    };
    let error = lab.error(spec).await;
    assert_eq!(error.code(), "not_ready", "{error}");
    lab.end().await;
    other.end().await;
}

/// An address space of 4 GB stands for a small machine; the words are the engine's own. (Jan #8236.)
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_context_too_large_for_the_memory_is_named_so() {
    let lab = Lab::new();
    let small = engines::with_little_memory(&lab.home.file("small"), 4_000_000);
    let args = ["--ctx-size", "3000000", "--fit", "off"];
    let load = || lab.report(on(&small, lab.spec(&environment::model(), &args)));
    let mut report = load().await;
    // Where memory ends at an allocation that it does not check, the engine dies before it can say so.
    for _ in 0..3 {
        if report.cause == FailureCause::Crashed {
            report = load().await;
        }
    }
    assert_report(&report, &FailureCause::OutOfMemory, "out_of_memory");
    assert!(report.hint.contains("smaller context"), "{}", report.hint);
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flag_that_the_engine_does_not_know_is_named() {
    let lab = Lab::new();
    let report = lab.report(lab.spec(&lab.tiny(), &["--no-such-flag"])).await;
    let flag = "--no-such-flag".to_owned();
    assert_report(&report, &FailureCause::UnknownFlag { flag }, "unknown_flag");
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_newer_than_the_engine_is_named_so() {
    let lab = Lab::new();
    let model = lab.home.file("future.gguf");
    models::of_the_future(&model);
    let report = lab.report(lab.spec(&model, &[])).await;
    let architecture = "nexty".to_owned();
    let cause = FailureCause::UnknownArchitecture { architecture };
    assert_report(&report, &cause, "unknown_architecture");
    assert_eq!(report.hint, "Use a newer engine build.");
    lab.end().await;
}

/// Healthy on paper and dead on this processor: `--help` works, the first load dies.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_this_processor_cannot_run_is_named_so() {
    let lab = Lab::new();
    let binary = engines::with_illegal_instruction(&lab.home.file("illegal"));
    let model = environment::model();
    let error = lab.error(on(&binary, lab.spec(&model, &[]))).await;
    let StartError::ExitedEarly(report) = &error else {
        panic!("{error}");
    };
    assert_eq!(
        report.cause,
        FailureCause::IllegalInstruction,
        "{report:#?}"
    );
    assert_eq!(report.status, "signal 4, SIGILL");
    assert_eq!(error.code(), "illegal_instruction");
    assert!(report.hint.contains("processor"), "{}", report.hint);
    lab.end().await;
}

const SIGNALS: &[(Signal, FailureCause, &str)] = &[
    (Signal::KILL, FailureCause::Killed, "engine_killed"),
    (Signal::ABORT, FailureCause::Aborted, "engine_aborted"),
    (Signal::SEGV, FailureCause::Crashed, "engine_crashed"),
    (Signal::BUS, FailureCause::Crashed, "engine_crashed"),
    (
        Signal::ILL,
        FailureCause::IllegalInstruction,
        "illegal_instruction",
    ),
    (Signal::TERM, FailureCause::Terminated, "engine_terminated"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_dies_while_loading_says_of_what() {
    let lab = Lab::new();
    for (signal, cause, code) in SIGNALS {
        let server = lab
            .registry
            .start(lab.spec(&environment::model(), &[]))
            .unwrap();
        let pid = pid_of(&server).await;
        // Into the load, which takes a second or more.
        test_support::until("its first words", Duration::from_secs(10), async || {
            (!server.log().lines().is_empty()).then_some(())
        })
        .await;
        processes::send(pid, *signal);
        let error = server.ready().await.unwrap_err();
        let StartError::ExitedEarly(report) = &error else {
            panic!("{signal:?}: {error}");
        };
        assert_report(report, cause, code);
        assert_eq!(server.status().error.unwrap().code, *code);
    }
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_dies_when_ready_says_of_what_and_can_be_loaded_again() {
    let lab = Lab::new();
    for (signal, cause, code) in SIGNALS {
        let server = lab.ready(lab.spec(&lab.tiny(), &[])).await;
        let begin = Instant::now();
        let pid = server.status().pid.unwrap();
        processes::send(pid, *signal);
        // A ready engine takes SIGTERM as an order to end well: exit code 0, which nobody asked for either.
        let expected = (*signal != Signal::TERM).then_some(cause);
        let status =
            test_support::until("the crash to be seen", Duration::from_secs(2), async || {
                Some(server.status()).filter(|status| status.state == ServerState::Failed)
            })
            .await;
        assert!(
            begin.elapsed() < Duration::from_secs(1),
            "{:?}",
            begin.elapsed()
        );
        let failure = status.error.unwrap();
        if let Some(expected) = expected {
            assert_eq!(failure.code, *code, "{failure:#?}");
            assert_eq!(failure.code, expected.code());
        }
        assert!(
            !failure.hint.is_empty() && !failure.log_tail.is_empty(),
            "{failure:#?}"
        );
        assert_eq!((status.running, status.pid), (false, None));
        assert!(
            server.closing().is_cancelled(),
            "whoever streams from it lets go"
        );
    }
    lab.ready(lab.spec(&lab.tiny(), &[])).await;
    lab.end().await;
}

/// The ceiling is the user's to set, and what was last heard is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_hangs_is_ended_at_the_ceiling_in_the_settings() {
    let home = Home::new();
    let engine = engines::that_hangs(&home.file("hanging"));
    home.add_engine(&engine).await;
    home.add_tiny().await;
    home.edit_settings(|settings| settings["limits"]["loadTimeoutSeconds"] = json!(2));
    let host = home.serve().await;
    let begin = Instant::now();
    let refused = home.paddock(&["load", "tiny", "--json"]).await.failed();
    assert!(
        begin.elapsed() >= Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
    assert!(
        begin.elapsed() < Duration::from_secs(6),
        "{:?}",
        begin.elapsed()
    );
    let error = refused.json()["error"].clone();
    assert_eq!(error["code"], "not_ready");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("llama-server did not become ready at http://127.0.0.1:"),
        "{message}"
    );
    assert!(
        message.contains("onnection refused"),
        "the last answer is said: {message}"
    );
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains("loadTimeoutSeconds"),
        "{error}"
    );
    host.until_alone(&home).await;
    let shown = host.model(TINY).await.unwrap();
    assert_eq!(
        (&shown["state"], &shown["error"]["code"]),
        (&json!("failed"), &json!("not_ready"))
    );
    host.end(Signal::TERM).await;
}

/// A real engine that stops answering in mid-load is ended too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_freezes_while_it_loads_is_ended_at_the_ceiling() {
    let lab = Lab::new();
    let spec = LaunchSpec {
        load_timeout: Duration::from_secs(3),
        ..lab.spec(&environment::model(), &[])
    };
    let server = lab.registry.start(spec).unwrap();
    let pid = pid_of(&server).await;
    processes::send(pid, Signal::STOP);
    let error = server.ready().await.unwrap_err();
    assert_eq!(error.code(), "not_ready", "{error}");
    assert!(!processes::is_alive(pid));
    lab.end().await;
}

/// Slow loads are killed by a fixed timeout elsewhere: Jan #8489, llama-swap #92 #289.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_load_is_waited_for() {
    let lab = Lab::new();
    let server = lab
        .registry
        .start(lab.spec(&environment::model(), &[]))
        .unwrap();
    let pid = pid_of(&server).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Longer than any single question waits for its answer: a disk that spins up.
    processes::send(pid, Signal::STOP);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(server.status().state, ServerState::Starting);
    processes::send(pid, Signal::CONT);
    let ready = server.ready().await.unwrap();
    assert_eq!(ready.pid, Some(pid), "the same engine, and only one try");
    lab.end().await;
}

/// `ps` shows a crash within a second, with its cause; the next request loads the model again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ps_shows_a_crash_within_a_second_and_the_model_can_be_loaded_again() {
    let home = Home::with_tiny().await;
    let host = home.serve().await;
    // A request loaded it, so nobody wants it when it is gone.
    let ask = async || {
        let mut body = test_support::http::chat_body("Hi", 1, false);
        body["model"] = json!(TINY);
        host.gateway().post("/v1/chat/completions", &body).await
    };
    assert_eq!(ask().await.status, 200);
    let loaded = host.model(TINY).await.unwrap();
    let begin = Instant::now();
    processes::send(pid_in(&loaded).unwrap(), Signal::SEGV);
    let failed = test_support::until("ps to show it", Duration::from_secs(3), async || {
        let listed = home.paddock(&["ps", "--json"]).await.succeeded().json();
        Some(listed[0].clone()).filter(|model| model["state"] == "failed")
    })
    .await;
    assert!(
        begin.elapsed() < Duration::from_secs(1),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(failed["error"]["code"], "engine_crashed");
    assert_eq!(failed["running"], false);
    assert_eq!(
        (&failed["pid"], &failed["endpoint"]),
        (&Value::Null, &Value::Null)
    );
    let text = home.paddock(&["ps"]).await.succeeded().stdout;
    assert!(
        text.contains("crashed") && text.contains("hint: "),
        "{text}"
    );
    assert_eq!(ask().await.status, 200);

    // A failed model that nobody wants again is put away by `unload`.
    let again = host.model(TINY).await.unwrap();
    processes::send(pid_in(&again).unwrap(), Signal::KILL);
    host.wait_for(TINY, "failed", Duration::from_secs(1)).await;
    home.paddock(&["unload", "tiny"]).await.succeeded();
    assert_eq!(host.status().await["models"], json!([]));
    host.end(Signal::TERM).await;
}

/// What a user sees in the terminal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_load_says_what_failed_why_and_what_to_try() {
    let home = Home::new();
    let half = engines::without_library(&home.file("half"));
    let mut shown = Vec::new();
    let mut show = |ran: test_support::Ran| {
        assert_eq!(ran.stdout, "", "errors go to stderr");
        shown.push(redact(&ran.stderr, &[(home.folder(), "HOME")]));
    };
    show(home.paddock(&["load", "tiny"]).await.failed());
    show(
        home.paddock(&["engine", "add", &half.to_string_lossy()])
            .await
            .failed(),
    );
    home.add_tiny().await;
    let host = home.serve().await;
    show(home.paddock(&["load", "tiny"]).await.failed());

    let small = engines::with_little_memory(&home.file("small"), 4_000_000);
    home.add_engine(&small).await;
    home.add_gemma().await;
    let future = home.file("future.gguf");
    models::of_the_future(&future);
    home.import(&future).await;
    let cut = home.file("cut.gguf");
    models::truncated(&cut, 60_000_000);
    std::fs::write(home.file("text.gguf"), "no model").unwrap();
    for arguments in [
        &["load", "gemma", "--ctx-size", "3000000", "--set", "fit=off"][..],
        &["load", "future"],
        &["load", "nosuch"],
        &["load", "tiny", "--set", "ctx-sise=1"],
        &[
            "load",
            "tiny",
            "--flash-attn",
            "false",
            "--cache-type-v",
            "q8_0",
        ],
        &["import", &cut.to_string_lossy()],
        &["import", &home.file("text.gguf").to_string_lossy()],
        &["import", &home.file("none.gguf").to_string_lossy()],
    ] {
        show(home.paddock(arguments).await.failed());
    }
    std::fs::remove_file(home.file("gemma.gguf")).unwrap();
    show(home.paddock(&["load", "gemma"]).await.failed());
    host.end(Signal::TERM).await;
    insta::assert_snapshot!(shown.join("\n\n"), @r#"
    error: no Paddock is running on HOME/data
    hint: Start the app, or `paddock serve` in another terminal.

    error: llama-server exited early (STATUS): the engine lacks its library libllama.so.0
      | (the engine's last words)
    hint: Unpack the engine's whole archive, not only llama-server, or install it again.

    error: there is no engine to run models with, and none could be installed: could not reach 127.0.0.1:PORT: Connection refused (os error 111)
    hint: Check the network or the proxy. Engines that are installed work without it. Or add one with `paddock engine add PATH`, where PATH is a llama-server or its folder.

    error: could not load local/gemma: llama-server exited early (STATUS): not enough memory
      | (the engine's last words)
    hint: Try a smaller context size, a quantized KV cache, fewer GPU layers, or a smaller quantization of the model.

    error: could not load local/future: llama-server exited early (STATUS): this engine does not know the model architecture nexty
      | (the engine's last words)
    hint: Use a newer engine build.

    error: there is no model "nosuch" in the library
    hint: `paddock ls` lists the models there are; `paddock import PATH` adds one.

    error: could not load local/tiny: this engine has no flag `--ctx-sise`
    hint: Did you mean `--ctx-size`?

    error: a quantized `cacheTypeV` needs flash attention
    hint: Set `flashAttn` to true, or `cacheTypeV` to f16.

    error: HOME/cut.gguf is incomplete: 60.0 MB of 253.1 MB are there
    hint: The download was cut off: fetch the file again.

    error: HOME/text.gguf is not a GGUF file (it starts with "no m")
    hint: llama-server loads GGUF files only; check that the path is right.

    error: HOME/none.gguf does not exist
    hint: llama-server loads GGUF files only; check that the path is right.

    error: model file not found at HOME/gemma.gguf
    hint: Reconnect the drive it was on, or import it from where it is now with `paddock import PATH`.
    "#);
}

/// Loaded by the list, and silent, as after a sleep that took the GPU: Jan #8517.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_does_not_answer_any_more_is_ended_and_says_so() {
    let lab = Lab::new();
    let server = lab.ready(lab.spec(&lab.tiny(), &[])).await;
    assert!(server.healthy().await);
    let pid = server.status().pid.unwrap();
    processes::send(pid, Signal::STOP);
    assert!(!server.healthy().await);
    server.give_up_on();
    server.ended().await;
    assert!(!processes::is_alive(pid));
    let failure = server.status().error.unwrap();
    assert_eq!(failure.code, "engine_unresponsive");
    assert!(!failure.hint.is_empty());
    lab.end().await;
}
