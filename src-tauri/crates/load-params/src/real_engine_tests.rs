//! Whatever a form can express is accepted by the engine that it was made for: its own argument parser is asked, where an
//! engine is at hand (`PADDOCK_TEST_ENGINE`). The model does not exist, so nothing is loaded, and a run takes milliseconds.

use std::io::{Read, Seek};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::testing::any_params;
use crate::{EngineFlags, LoadParams, TABLE, Template, Unsupported, argv};

const MODEL: &str = "/nowhere/paddock-test-model.gguf";
const CASES: usize = 40;
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// What the engine says; a run that does not end by itself is ended.
fn output(engine: &str, args: &[String]) -> String {
    let said = tempfile::tempfile().unwrap();
    let mut child = Command::new(engine)
        .args(args)
        .stdin(Stdio::null())
        .stdout(said.try_clone().unwrap())
        .stderr(said.try_clone().unwrap())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > ENDS_WITHIN {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("the engine did not end with {args:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut text = Vec::new();
    let mut said = said;
    said.rewind().unwrap();
    said.read_to_end(&mut text).unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

/// What names things of another machine names things of this one.
fn at_home(mut params: LoadParams, template: &Path) -> LoadParams {
    params.device = params.device.map(|_| vec!["none".to_owned()]);
    params.rpc = params.rpc.map(|_| vec!["127.0.0.1:1".to_owned()]);
    if matches!(
        params.chat_template.as_deref().map(Template::of),
        Some(Template::File(_))
    ) {
        params.chat_template = Some(template.display().to_string());
    }
    // The flags of a user's own are checked against the list, but their values are the user's.
    params.extra.clear();
    params
}

fn check(engine: &str, flags: &EngineFlags, params: &LoadParams) -> bool {
    let Ok(line) = argv(params, flags, Unsupported::Skip) else {
        return false;
    };
    let mut args = line.args.clone();
    args.extend(["--model", MODEL, "--host", "127.0.0.1", "--port", "0"].map(str::to_owned));
    let said = output(engine, &args);
    for complaint in [
        "error: invalid argument",
        "error while handling",
        "expected value for argument",
        "\nusage:\n",
    ] {
        assert!(!said.contains(complaint), "{:?}\n{said}", line.args);
    }
    // The server has begun, so the parser is behind it. Its last words may be lost with its log's thread.
    let began = ["common_params_print_info", "llama_server:", MODEL]
        .iter()
        .any(|words| said.contains(words));
    assert!(began, "{:?}\n{said}", line.args);
    true
}

#[test]
fn the_engines_own_parser_accepts_what_the_form_can_express() {
    let Ok(engine) = std::env::var("PADDOCK_TEST_ENGINE") else {
        eprintln!("skipped: PADDOCK_TEST_ENGINE is not set");
        return;
    };
    let flags = EngineFlags::parse(&output(&engine, &["--help".to_owned()]));
    assert!(flags.len() > 100);
    let template = std::env::temp_dir().join(format!("paddock-{}.jinja", std::process::id()));
    std::fs::write(&template, "{{ messages[0].content }}").unwrap();
    // Each parameter at each of its sample values.
    for spec in TABLE {
        for value in spec.kind.samples() {
            let mut params = LoadParams::default();
            (spec.put)(&mut params, Some(value));
            assert!(
                check(&engine, &flags, &at_home(params, &template)),
                "{}",
                spec.name
            );
        }
    }
    // And several together; the runner is seeded.
    let mut runner = TestRunner::deterministic();
    let mut checked = 0;
    for _ in 0..CASES {
        let params = any_params().new_tree(&mut runner).unwrap().current();
        checked += usize::from(check(&engine, &flags, &at_home(params, &template)));
    }
    std::fs::remove_file(&template).unwrap();
    assert!(
        checked > CASES / 2,
        "{checked} of {CASES} were no conflicts"
    );
}
