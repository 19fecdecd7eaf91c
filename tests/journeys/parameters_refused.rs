//! What is said of parameters that cannot be: by the command line, before a start, and by the engine.

use rustix::process::Signal;
use test_support::{Home, models};

/// Values that cannot be are usage errors, told in their own words alone; what a parameter names is checked before a start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_parameter_is_said_with_what_to_try() {
    let home = Home::with_tiny().await;
    models::adapter(&home.file("adapter.gguf"));
    let file = |name: &str| home.file(name).display().to_string();
    let usage = home
        .paddock(&["params", "tiny", "--threads", "0"])
        .await
        .checked(2);
    assert_eq!(
        usage.stderr,
        "error: `threads` cannot be `0`: it takes a whole number from 1 to 512\n\
         hint: Leave it empty for the engine's own choice.\n"
    );
    // A path is meant from where the command is given.
    let lora = home
        .paddock(&["params", "tiny", "--lora", "adapter.gguf:0.5", "--json"])
        .await;
    let lora = lora.succeeded().json()["params"]["lora"][0].clone();
    assert_eq!(lora, format!("{}:0.5", file("adapter.gguf")));
    for (flag, value, code, words) in [
        (
            "--lora",
            file("tiny.gguf"),
            "parameter_file_missing",
            "it is a model, not a LoRA adapter",
        ),
        (
            "--mmproj",
            file("adapter.gguf"),
            "parameter_file_missing",
            "it is a LoRA adapter, not a vision projector",
        ),
        (
            "--mmproj",
            file("nothing.gguf"),
            "parameter_file_missing",
            "there is no such file",
        ),
        (
            "--draft-model",
            "nothing".to_owned(),
            "draft_model_not_found",
            "neither a file nor a model",
        ),
        (
            "--set",
            "frobnicate=1".to_owned(),
            "unknown_flag",
            "no flag `--frobnicate`",
        ),
    ] {
        let refused = home
            .paddock(&["params", "tiny", flag, &value, "--json"])
            .await
            .failed();
        assert_eq!(refused.error_code(), code);
        let error = &refused.json()["error"];
        assert!(
            error["message"].as_str().unwrap().contains(words),
            "{error}"
        );
        assert!(!error["hint"].as_str().unwrap().is_empty(), "{error}");
    }
    // What only the engine can know is told in its words.
    let host = home.serve().await;
    for (flag, value, words) in [
        (
            "--device",
            "Vulkan9",
            "does not take the value of --device: invalid device: Vulkan9",
        ),
        (
            "--override-tensor",
            "(=CPU",
            "the engine says: error loading model: Parenthesis is not closed",
        ),
    ] {
        let refused = home
            .paddock(&["load", "tiny", flag, value, "--json"])
            .await
            .failed();
        let message = refused.json()["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(message.contains(words), "{message}");
    }
    host.end(Signal::TERM).await;
}
